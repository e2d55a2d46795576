"""The server's side of the pages: one address per app, and nothing else of Jupyter."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from investiq.core.errors import MissingDependencyError
from investiq.widgets.visiting import read_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["HOST", "THEME_COOKIE", "is_news", "server_class"]

HOST: Final = "127.0.0.1"
# Set by the page's own script; it holds "light" or "dark" and nothing else is read from it.
THEME_COOKIE: Final = "iq_theme"
_HOME: Final = "home"
_PING_MS: Final = 30_000
# The browser itself refuses to load or send anything elsewhere. Voila and plotly.js need inline scripts and blobs.
_CONTENT_POLICY: Final = (
    f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws://{HOST}:* data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
)
# Of Voila's addresses those that list or hand out files beside the apps.
_LEFT_OUT: Final = ("/voila/files/", "/voila/tree", "/voila/render/", "/voila/api/contents")


def is_news(record: logging.LogRecord) -> bool:
    """Say whether a line of the server's log belongs on the user's terminal.

    Trust is about stored outputs, and an app has none. A page that was lost
    without a word, as when its browser was killed, is ended by the culling.
    """
    message = record.getMessage()
    return "is not trusted" not in message and "WebSocket ping timeout" not in message


async def _drop_broken(manager: Any) -> None:
    """Take kernels that ended while they waited for a visitor out of Voila's pools, and fill these again.

    Voila hands the oldest one out as it is: the visitor's page would never be drawn.
    """
    waiting = [(name, each) for name, pool in manager._pools.items() for each in pool if each.done()]
    for name, each in waiting:
        failed = each.cancelled() or each.exception() is not None
        kernel = "" if failed else each.result()["kernel_id"]
        if not failed and kernel in manager and await manager.is_alive(kernel):
            continue
        # Meanwhile another visitor may have been given it.
        if each in (pool := manager._pools[name]):
            pool.remove(each)
            if kernel in manager:
                await manager.shutdown_kernel(kernel, now=True)
            manager.fill_if_needed(notebook_name=name)


def server_class(announce: Callable[[], None], names: Sequence[str]) -> Any:
    """Return Voila as a server of the apps `names`; it calls `announce` once it listens.

    Raises
    ------
    MissingDependencyError
        If Voila is not installed.
    """
    try:
        import tornado.web
        from voila.app import Voila
        from voila.tornado.handler import TornadoVoilaHandler
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "voila", "notebook", "the dashboard") from error

    class PageHandler(TornadoVoilaHandler):
        """One app per address; whatever else is asked for is not found.

        The page also sets the XSRF cookie. Voila sends that cookie back when the
        page is left, so that its kernel ends, but never sets it: the server then
        refuses the request and the kernel stays (voila issue 1458). The check
        itself stays on.
        """

        @tornado.web.authenticated
        async def get(self, path: str = "") -> None:
            name = path or (_HOME if _HOME in names else names[0])
            if name not in names:
                self.set_status(404)
                self.finish(self.render_template("missing.html", base_url=self.base_url))
                return
            _ = self.xsrf_token  # reading it sets the cookie
            # What the kernel learns of the address: no token, and the theme of the last visit.
            query = read_query(self.request.query)
            theme = self.get_cookie(THEME_COOKIE)
            self.request.query = urlencode(query | ({THEME_COOKIE: "dark"} if theme == "dark" else {}))
            await _drop_broken(self.kernel_manager)
            await super().get(f"{name}.ipynb")

    class Server(Voila):
        """Voila with our pages, a content policy, and an announcement once it listens."""

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
            rules = super().init_handlers()
            page = next(rule[2] for rule in rules if rule[1] is TornadoVoilaHandler)
            kept = [rule for rule in rules if rule[0] != self.server_url and not rule[0].startswith(_LEFT_OUT)]
            return [*kept, (rf"{self.server_url}(.*)", PageHandler, page)]

        def launch_browser(self) -> None:
            from tornado.ioloop import IOLoop

            # From inside the loop: Voila cannot be stopped before.
            IOLoop.current().add_callback(announce)

    return Server
