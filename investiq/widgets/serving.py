"""Serve the Voila apps on this machine: loopback only, a token always set, nothing loaded from outside."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import ConfigError, near_matches
from investiq.widgets.pages import HOST, server_class
from investiq.widgets.visiting import SERVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DEFAULT_APP", "apps", "serve", "server_arguments"]

# Opened first, where it is among the apps.
DEFAULT_APP: Final = "home"
TEMPLATE: Final = "investiq"
_SHARE: Final = Path(__file__).parent / "share"
_TOKEN_LENGTH: Final = 16

# A kernel whose page is gone is ended by the page itself; culling is for pages that could not say so.
CULL_AFTER_S: Final = 600
CULL_EVERY_S: Final = 60
# For these pages one kernel waits with the page already computed; each holds some 300 MB while it waits.
_PREHEATED: Final = ("home", "symbol_analysis")
# Its successor starts a moment later, so that the visitor's page is drawn first; a second visitor meanwhile waits for
# this delay too, so it is short.
_REFILL_DELAY_S: Final = 2
# Voila's own minute is short on a machine that is busy with something else.
_START_WITHIN_S: Final = 180
# Voila loads every JupyterLab extension of the environment; these three draw widgets and plotly figures.
_NEEDED_EXTENSIONS: Final = frozenset(
    {"@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "jupyterlab-plotly"}
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
    """Serve all Voila apps until interrupted, and print the address of one, with the token, once.

    Parameters
    ----------
    app : str, optional
        Name of the app in ``voila_apps`` that opens first; ``"home"`` by default.
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
    found = apps()
    first = _first(app, found)
    token = _token(token)
    _require_free(port)
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(_SHARE), os.environ.get("JUPYTER_PATH"))))
    os.environ[SERVED] = ",".join(found)
    url = f"http://{HOST}:{port}/{'' if first == DEFAULT_APP else first}?token={token}"

    def announce() -> None:
        sys.stdout.write(f"InvestIQ {first}: {url}\nCtrl-C stops it. Whoever has this address can use the pages.\n")
        sys.stdout.flush()
        if open_browser:
            _open_in_browser(url)

    server = server_class(announce, tuple(found))()
    server.initialize(server_arguments(found[first].parent, port, token))
    server.start()


def server_arguments(folder: Path, port: int, token: str) -> list[str]:
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
        "VoilaExecutor.startup_timeout": _START_WITHIN_S,
        # A kernel that died and came back would hold none of its page.
        "KernelManager.autorestart": False,
        "MappingKernelManager.cull_idle_timeout": CULL_AFTER_S,
        "MappingKernelManager.cull_interval": CULL_EVERY_S,
    }
    if sys.platform != "win32":
        # Sockets in a private folder instead of TCP ports that every user of the machine can reach.
        settings["KernelManager.transport"] = "ipc"
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    arguments += [f"--VoilaConfiguration.extension_denylist={name}" for name in _unneeded_extensions()]
    started_on_request = sorted(path.stem for path in folder.glob("*.ipynb") if path.stem not in _PREHEATED)
    # A pattern is matched from the beginning of the whole path, and says where the name begins and ends.
    arguments += [rf"--VoilaKernelManager.preheat_denylist=.*[/\\]{name}[.]ipynb$" for name in started_on_request]
    return [str(folder), *arguments]


def _unneeded_extensions() -> Sequence[str]:
    from jupyterlab_server.config import get_federated_extensions
    from voila.utils import get_voila_labextensions_path

    return sorted(set(get_federated_extensions(get_voila_labextensions_path([]))) - _NEEDED_EXTENSIONS)


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


def _first(app: str | None, found: Mapping[str, Path]) -> str:
    if app is None:
        app = DEFAULT_APP if DEFAULT_APP in found else next(iter(found), DEFAULT_APP)
    if app not in found:
        raise ConfigError(
            f"there is no app {app!r}{near_matches(app, found)}; found: {', '.join(found) or 'none'}. "
            "an app is a notebook in voila_apps/"
        )
    return app


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
