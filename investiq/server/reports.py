"""Serves a folder of reports on this machine: loopback only, a token always set, nothing but the files of reports."""

from __future__ import annotations

import hmac
import mimetypes
import secrets
import shutil
import sys
import webbrowser
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from investiq.core.errors import ConfigError

__all__ = ["HOST", "SUFFIXES", "ReportServer", "serve_reports"]

HOST: Final = "127.0.0.1"
COOKIE: Final = "investiq_reports"
SUFFIXES: Final = frozenset({".html", ".pdf", ".png", ".xlsx", ".csv", ".json", ".ipynb"})
# Pages of reports are whole in themselves: they may run what is written in them, and fetch nothing.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES: Final = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ipynb": "application/x-ipynb+json",
}


class ReportServer(ThreadingHTTPServer):
    """A server of one folder, with its token.

    Parameters
    ----------
    folder : Path
    port : int
        0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.token = secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """The address with the token, for the first visit."""
        return f"http://{HOST}:{self.server_port}/?token={self.token}"


def serve_reports(folder: Path, *, port: int, open_browser: bool = True) -> None:
    """Serve the reports of `folder` until interrupted, and print the address with the token once.

    Raises
    ------
    ConfigError
        If there is no such folder, or the port is taken.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder of reports at {folder}; make one with `investiq report run`")
    try:
        server = ReportServer(folder, port)
    except OSError as error:
        raise ConfigError(
            f"port {port} on {HOST} cannot be used ({error.strerror}); stop the program that holds it, "
            "or choose another with --port"
        ) from error
    with server:
        sys.stdout.write(
            f"InvestIQ reports: {server.url}\nCtrl-C stops it. Whoever has this address can read the reports.\n"
        )
        sys.stdout.flush()
        if open_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


class _Handler(BaseHTTPRequestHandler):
    server: ReportServer
    server_version = "InvestIQ"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep quiet: a line of the log would hold the token."""

    def _answer(self, *, with_body: bool) -> None:
        parts = urlsplit(self.path)
        # A page elsewhere that has its own name lead to this machine is not asked for by that name.
        if self.headers.get("Host", "") not in (
            f"{HOST}:{self.server.server_port}",
            f"localhost:{self.server.server_port}",
        ):
            self._refuse(403, "this server answers to 127.0.0.1 and localhost only")
        elif "token" in (asked := parse_qs(parts.query)):
            self._admit(asked["token"][0], parts.path)
        elif not self._is_known():
            self._refuse(401, "open the address with ?token=... that `investiq report serve` has printed")
        elif (file := self._file(parts.path)) is None:
            self._refuse(404, "there is no such report")
        else:
            self._send(file, with_body=with_body)

    def _admit(self, token: str, path: str) -> None:
        """Put the token into a cookie, and lead to the address without it."""
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(401, "this token is not that of the server that runs now")
            return
        self.send_response(303)
        # One slash: two would lead to another host.
        self.send_header("Location", "/" + path.lstrip("/\\"))
        self.send_header("Set-Cookie", f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict")
        self._end(0)

    def _is_known(self) -> bool:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self.server.token.encode())

    def _file(self, path: str) -> Path | None:
        """Return the report's file that an address names; None for anything outside, hidden or of another kind."""
        names = [name for name in unquote(path).split("/") if name] or ["index.html"]
        if any(name.startswith(".") or "\\" in name or "\0" in name for name in names):
            return None
        try:
            file = self.server.folder.joinpath(*names).resolve()
        except (OSError, ValueError):
            return None
        is_ours = file.is_relative_to(self.server.folder) and file.suffix.lower() in SUFFIXES
        return file if is_ours and ".partial" not in file.name and file.is_file() else None

    def _send(self, file: Path, *, with_body: bool) -> None:
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        with file.open("rb") as source:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}{charset}")
            if file.suffix in (".xlsx", ".csv", ".ipynb"):
                self.send_header("Content-Disposition", "attachment")
            self._end(file.stat().st_size)
            if with_body:
                shutil.copyfileobj(source, self.wfile)

    def _refuse(self, status: int, words: str) -> None:
        body = f"{words}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self._end(len(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _end(self, length: int) -> None:
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
