"""What the visitor of a page brought: the query of the address and the theme chosen before."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, urlencode

__all__ = ["SERVED", "address", "link", "read_query", "when_visited"]

# Names of the apps that the server of this kernel offers; empty in a notebook.
SERVED: Final = "INVESTIQ_SERVED_APPS"
_LONGEST: Final = 200
_MOST: Final = 20


def read_query(text: str) -> dict[str, str]:
    """Return the parameters of an address: printable, short, few, and none of them a secret.

    Examples
    --------
    >>> read_query("symbol=%5EGSPC&token=abc&symbol=SYN001")
    {'symbol': 'SYN001'}
    """
    pairs = parse_qsl(text, max_num_fields=_MOST) if text.count("&") < _MOST else []
    return {
        name: value
        for name, value in pairs
        if name.isidentifier()
        and not name.startswith("_")
        and name != "token"
        and len(value) <= _LONGEST
        and value.isprintable()
    }


def when_visited(call: Callable[[dict[str, str]], None]) -> dict[str, str]:
    """Return the query that is known now; in a kernel that waits for its visitor, also call `call` with it later.

    A kernel started for a request finds the query in its environment. One that
    was started ahead asks the server, in a thread, and `call` runs there.
    """
    if os.environ.get("VOILA_PREHEAT") != "True":
        return read_query(os.environ.get("QUERY_STRING", "")) if served() else {}
    threading.Thread(target=lambda: call(_wait()), name="investiq-visit", daemon=True).start()
    return {}


def served() -> tuple[str, ...]:
    """Return the names of the apps beside this one; none outside of `investiq dashboard`."""
    return tuple(filter(None, os.environ.get(SERVED, "").split(",")))


def address(app: str, **query: str) -> str:
    """Return the address of `app` on this server with `query`, or "" where it is not served.

    Parameters
    ----------
    app : str
        Name of a notebook in ``voila_apps``.
    **query : str
        Reaches that app as `App.query`.
    """
    if app not in served():
        return ""
    base = os.environ.get("VOILA_BASE_URL", "/")
    return f"{base}{'' if app == 'home' else app}" + (f"?{urlencode(query)}" if query else "")


def link(app: str, words: str, **query: str) -> str:
    """Return `words` as HTML, linked to `app` with `query` where it is served, and escaped.

    Examples
    --------
    >>> link("symbol_analysis", "<SYN001>", symbol="SYN001")
    '&lt;SYN001&gt;'
    """
    from html import escape

    where = address(app, **query)
    return f'<a href="{escape(where)}">{escape(words)}</a>' if where else escape(words)


def _wait() -> dict[str, str]:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    environ = os.environ
    place = f"{environ.get('VOILA_SERVER_URL', '/')}voila/query/{environ.get('VOILA_KERNEL_ID', '')}"
    try:
        with connect(f"ws://127.0.0.1:{environ.get('VOILA_APP_PORT', '8866')}{place}", open_timeout=10) as socket:
            return read_query(str(json.loads(socket.recv()).get("QUERY_STRING", "")))
    except (OSError, WebSocketException):
        return {}  # the server has ended, and this kernel is about to
