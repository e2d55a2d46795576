"""Serve a Voila app on this machine: loopback only, a token always set, nothing loaded from outside."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ConfigError, MissingDependencyError, near_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DEFAULT_APP", "apps", "is_news", "serve", "server_arguments"]

DEFAULT_APP: Final = "symbol_analysis"
HOST: Final = "127.0.0.1"
TEMPLATE: Final = "investiq"
_SHARE: Final = Path(__file__).parent / "share"
_TOKEN_LENGTH: Final = 16

# A kernel whose page is gone is ended by the page itself; culling is for pages that could not say so.
CULL_AFTER_S: Final = 600
CULL_EVERY_S: Final = 60
# One kernel waits with the page already computed. Its successor starts a moment later, so that the visitor's page is
# drawn first; a second visitor meanwhile waits for this delay too, so it is short.
_REFILL_DELAY_S: Final = 2
_PING_MS: Final = 30_000
# Voila loads every JupyterLab extension of the environment; these three draw widgets and plotly figures.
_NEEDED_EXTENSIONS: Final = frozenset(
    {"@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "jupyterlab-plotly"}
)
# The browser itself refuses to load or send anything elsewhere. Voila and plotly.js need inline scripts and blobs.
_CONTENT_POLICY: Final = (
    f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws://{HOST}:* data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
)


def apps() -> dict[str, Path]:
    """Return the Voila apps by name: those of the checkout that one works in, else the package's own."""
    from investiq.runtime.paths import project_root

    here, root = Path(__file__), project_root()
    # An installed package carries the apps beside this module; a checkout keeps them in voila_apps.
    for folder in (root / "voila_apps" if root else None, here.parent / "apps", here.parents[2] / "voila_apps"):
        found = {path.stem: path for path in sorted(folder.glob("*.ipynb"))} if folder else {}
        if found:
            return found
    return {}


def serve(app: str | None = None, port: int = 8866, token: str | None = None, open_browser: bool = True) -> None:
    """Serve one Voila app until interrupted, and print its address with the token once.

    Parameters
    ----------
    app : str, optional
        Name of an app in ``voila_apps``; ``"symbol_analysis"`` by default.
    port : int, default 8866
        Port on 127.0.0.1.
    token : str, optional
        At least 16 characters; a fresh one by default. There is no way to serve without.
    open_browser : bool, default True

    Raises
    ------
    ConfigError
        If the app is unknown, the token too short or the port taken.
    MissingDependencyError
        If Voila is not installed.
    """
    notebook = _notebook(app or DEFAULT_APP)
    token = _token(token)
    _require_free(port)
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(_SHARE), os.environ.get("JUPYTER_PATH"))))
    url = f"http://{HOST}:{port}/?token={token}"

    def announce() -> None:
        sys.stdout.write(
            f"InvestIQ {notebook.stem}: {url}\nCtrl-C stops it. Whoever has this address can use the page.\n"
        )
        sys.stdout.flush()
        if open_browser:
            _open_in_browser(url)

    server = _server_class(announce)()
    server.initialize(server_arguments(notebook, port, token))
    server.start()


def server_arguments(notebook: Path, port: int, token: str) -> list[str]:
    """Return Voila's settings in the form of its command line; they win over a user's configuration files."""
    settings: dict[str, object] = {
        "Voila.ip": HOST,
        "Voila.port": port,
        "Voila.port_retries": 0,
        "Voila.token": token,
        "Voila.open_browser": True,  # `Server.launch_browser` announces the address, and opens it where asked to
        "Voila.log_level": "WARN",
        "VoilaConfiguration.template": TEMPLATE,
        "VoilaConfiguration.allow_template_override": "NO",
        "VoilaConfiguration.allow_theme_override": "NO",
        "VoilaConfiguration.show_tracebacks": False,
        "VoilaConfiguration.preheat_kernel": True,
        "VoilaConfiguration.default_pool_size": 1,
        "VoilaKernelManager.fill_delay": _REFILL_DELAY_S,
        "MappingKernelManager.cull_idle_timeout": CULL_AFTER_S,
        "MappingKernelManager.cull_interval": CULL_EVERY_S,
    }
    if sys.platform != "win32":
        # Sockets in a private folder instead of TCP ports that every user of the machine can reach.
        settings["KernelManager.transport"] = "ipc"
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    arguments += [f"--VoilaConfiguration.extension_denylist={name}" for name in _unneeded_extensions()]
    return [str(notebook), *arguments]


def is_news(record: logging.LogRecord) -> bool:
    """Say whether a line of the server's log belongs on the user's terminal.

    Trust is about stored outputs, and an app has none. A page that was lost
    without a word, as when its browser was killed, is ended by the culling.
    """
    message = record.getMessage()
    return "is not trusted" not in message and "WebSocket ping timeout" not in message


def _unneeded_extensions() -> Sequence[str]:
    from jupyterlab_server.config import get_federated_extensions
    from voila.utils import get_voila_labextensions_path

    return sorted(set(get_federated_extensions(get_voila_labextensions_path([]))) - _NEEDED_EXTENSIONS)


def _server_class(announce: Callable[[], None]) -> Any:
    try:
        from voila.app import Voila
        from voila.tornado.handler import TornadoVoilaHandler
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "voila", "notebook", "the dashboard") from error

    class PageHandler(TornadoVoilaHandler):
        """The page also sets the XSRF cookie.

        Voila sends that cookie back when the page is left, so that its kernel
        ends, but never sets it: the server then refuses the request and the
        kernel stays (voila issue 1458). The check itself stays on.
        """

        async def get(self, path: str | None = None) -> None:
            _ = self.xsrf_token  # reading it sets the cookie
            await super().get(path)

    class Server(Voila):
        """Voila with our page handler, a content policy, and an announcement once it listens."""

        def initialize(self, argv: list[str] | None = None) -> None:
            super().initialize(argv)
            self.log.addFilter(is_news)
            # Where the sockets of the pages write: Voila is not the process's one application.
            logging.getLogger("tornado.application").addFilter(is_news)

        def init_settings(self) -> dict[str, Any]:
            settings: dict[str, Any] = super().init_settings()
            # jupyter-server's default is longer than its own interval, which tornado complains about.
            settings["ws_ping_timeout"] = settings["ws_ping_interval"] = _PING_MS
            settings["headers"] = {"Content-Security-Policy": _CONTENT_POLICY, "Referrer-Policy": "no-referrer"}
            settings["xsrf_cookie_kwargs"] = {"samesite": "Strict"}
            return settings

        def init_handlers(self) -> list[Any]:
            return [
                (rule[0], PageHandler, *rule[2:]) if rule[1] is TornadoVoilaHandler else rule
                for rule in super().init_handlers()
            ]

        def launch_browser(self) -> None:
            from tornado.ioloop import IOLoop

            # From inside the loop: Voila cannot be stopped before.
            IOLoop.current().add_callback(announce)

    return Server


def _open_in_browser(url: str) -> None:
    """Open `url` through a private file, so that the token is not in the browser's command line."""
    import atexit
    import webbrowser

    descriptor, name = tempfile.mkstemp(prefix="investiq-", suffix=".html")
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html><meta http-equiv="refresh" content="0;url={url}"><a href="{url}">InvestIQ</a>')
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    webbrowser.open(path.as_uri())


def _notebook(app: str) -> Path:
    known = apps()
    if app not in known:
        raise ConfigError(
            f"there is no app {app!r}{near_matches(app, known)}; found: {', '.join(known) or 'none'}. "
            "an app is a notebook in voila_apps/"
        )
    return known[app]


def _token(token: str | None) -> str:
    if token is None:
        return secrets.token_urlsafe(24)
    if len(token) < _TOKEN_LENGTH or not token.isascii() or not token.replace("-", "").replace("_", "").isalnum():
        raise ConfigError(
            f"token must be {_TOKEN_LENGTH} or more letters, digits, '-' and '_', was {len(token)} characters; "
            "leave it out for a fresh one"
        )
    return token


def _require_free(port: int) -> None:
    if not 1 <= port <= 65535:
        raise ConfigError(f"port must lie in 1 to 65535, was {port}")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # As the server itself does: a port in TIME_WAIT counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} on {HOST} cannot be used ({error.strerror}); stop the program that holds it, "
                "or choose another with --port or INVESTIQ_DASHBOARD_PORT"
            ) from error
