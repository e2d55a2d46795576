"""A button that hands the browser a file: no request leaves the page, in Voila as in a notebook."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from typing import TYPE_CHECKING, Final

import ipywidgets as W

from investiq.core.errors import DataError
from investiq.widgets.panel import ErrorBorder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Download", "download_button"]

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML: Final = "text/html"
JSON: Final = "application/json"

# The file travels over the page's own socket as base64; more than this would hold the page up.
_LIMIT_BYTES: Final = 20_000_000
_SCRIPT: Final = """(function () {{
  const bytes = Uint8Array.from(atob({content}), each => each.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], {{type: {mime}}}));
  link.download = {name};
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}})();"""


class Download(W.HBox):
    """A button and, beside it, how the last click ended; made by `download_button`.

    Attributes
    ----------
    button : Button
    state : {"", "ok", "error"}
    problem : str
        What the error says.

    Parameters
    ----------
    name : str or callable
    make_bytes : callable
    mime : str
    words : str
    """

    def __init__(self, name: str | Callable[[], str], make_bytes: Callable[[], bytes], mime: str, words: str) -> None:
        self._name, self._make, self._mime = name, make_bytes, mime
        self.state, self.problem = "", ""
        self.button = W.Button(description=words, tooltip=f"Save as a file: {words}")
        self.button.add_class("iq-download")
        self._said = W.HTML()
        self._carrier = W.Output()
        self._carrier.add_class("iq-carrier")
        super().__init__([self.button, self._said, self._carrier])
        self.add_class("iq-downloads")
        self.button.on_click(lambda _: self.hand_over())

    def hand_over(self) -> None:
        """Make the file and give it to the browser; what fails is told beside the button."""
        self.button.disabled = True
        self._say("", "Preparing …")
        try:
            # The border calls `error` of this widget as it would a panel's.
            with ErrorBorder(self):
                content = self._make()
                if len(content) > _LIMIT_BYTES:
                    raise DataError(
                        f"the file has {len(content) / 1e6:.0f} MB, at most {_LIMIT_BYTES / 1e6:.0f} MB go through the page; "
                        "use .export() in a notebook"
                    )
                self._give(file_name(self._name if isinstance(self._name, str) else self._name()), content)
        finally:
            self.button.disabled = False

    def error(self, code: str, message: str, run_id: str) -> None:
        """Tell what failed beside the button."""
        self.state, self.problem = "error", message
        self._said.value = f'<span class="iq-status iq-failed" role="alert">{escape(f"✕ {code}: {message}")}</span>'

    def _give(self, name: str, content: bytes) -> None:
        code = _SCRIPT.format(
            content=_literal(base64.b64encode(content).decode()), mime=_literal(self._mime), name=_literal(name)
        )
        data = {"application/javascript": code, "text/plain": ""}
        self._carrier.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        # The browser has run it by then: messages of one page arrive in order, and a saved notebook keeps no copy.
        self._carrier.outputs = ()
        self._say("ok", f"{name}, {_size(len(content))}")

    def _say(self, state: str, words: str) -> None:
        self.state, self.problem = state, ""
        self._said.value = f'<span class="iq-status" role="status">{escape(words)}</span>'


def download_button(
    name: str | Callable[[], str], make_bytes: Callable[[], bytes], mime: str = CSV, words: str = "Download"
) -> Download:
    r"""Return a button that saves a file, in Voila and in a notebook, without leaving the page.

    Parameters
    ----------
    name : str or callable
        Of the file, with its extension; a callable is asked at the click.
    make_bytes : callable
        Returns the content; called at the click, never before. What it raises
        is told beside the button.
    mime : str
        ``downloads.CSV``, ``XLSX``, ``HTML``, ``JSON`` or another type.
    words : str
        On the button.

    Returns
    -------
    Download

    Examples
    --------
    >>> button = download_button("trades.csv", lambda: b"entry,exit\n", words="Trades (CSV)")
    >>> button.button.description
    'Trades (CSV)'
    """
    return Download(name, make_bytes, mime, words)


def file_name(text: str) -> str:
    """Return `text` as a name that every system can write.

    Examples
    --------
    >>> file_name("^GSPC 2014/18.csv"), file_name("../..")
    ('GSPC_2014_18.csv', 'download')
    """
    return re.sub(r"[^\w.-]+", "_", text).strip("._-") or "download"


def _literal(text: str) -> str:
    """Return a JavaScript string that cannot end a script element."""
    return json.dumps(text).replace("<", "\\u003c")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"
