"""The search of the symbol page: a field that completes what is typed, and the symbols of before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import ipywidgets as W

from investiq.core.errors import InvestIQError
from investiq.widgets.app import classed
from investiq.widgets.symbol_request import SEPARATOR, symbol_of

__all__ = ["SymbolSearch"]

_DEBOUNCE_S: Final = 0.3
_MOST_FOUND: Final = 20
_MOST_RECENT: Final = 6


class SymbolSearch(W.VBox):
    """A field with typeahead, and buttons of the symbols seen in this session.

    Typing searches 0.3 s after the last key, in the offline table at once and
    with a vendor's key at the vendor. Picking a line of the list, pressing a
    button of before, or Enter asks for the analysis.

    Attributes
    ----------
    field : Combobox
    recent : tuple of str
        Symbols seen, the newest first.

    Parameters
    ----------
    symbol : str
        Shown first.
    ask : callable
        Called when a symbol was chosen; may come from any thread.
    """

    def __init__(self, symbol: str, ask: Callable[[], None]) -> None:
        self.field = W.Combobox(value=symbol, description="Symbol", placeholder="Ticker or name")
        self._ask = ask
        self._table: dict[str, str] = {}
        self._timer: threading.Timer | None = None
        self.hint = W.HTML()
        self._buttons = classed(W.HBox(), "iq-recent")
        self.recent: tuple[str, ...] = ()
        super().__init__([self.field])
        self.field.observe(self._on_typing, names="value")

    @property
    def symbol(self) -> str:
        """The symbol in the field."""
        return symbol_of(self.field.value)

    @property
    def extras(self) -> W.HBox:
        """What stands below the toolbar: the symbols of before, and what a search had to say."""
        return classed(W.HBox([self._buttons, self.hint]), "iq-recent-line")

    def offer(self, table: dict[str, str]) -> None:
        """List the symbols that need no search, by name."""
        self._table = dict(table)
        self.field.options = self._lines(table)

    def remember(self, symbol: str) -> None:
        """Put a symbol that was shown in front of the others."""
        self.recent = tuple(dict.fromkeys((symbol, *self.recent)))[:_MOST_RECENT]
        known = {each.description: each for each in self._buttons.children}
        self._buttons.children = tuple(known.get(each) or self._button(each) for each in self.recent)

    def search(self, text: str) -> None:
        """Search for `text` and list what was found; a failure is told below the toolbar."""
        import investiq as iq

        try:
            found = iq.search_symbols(text, _MOST_FOUND)
        except InvestIQError as error:
            self.hint.value = f'<span class="iq-quiet">search: {type(error).__name__}; the local list stays</span>'
            return
        self.hint.value = "" if len(found) else '<span class="iq-quiet">no symbol matches</span>'
        lines = dict(zip(found["symbol"], found["name"], strict=True))
        self.field.options = self._lines(lines | self._table)

    def _button(self, symbol: str) -> W.Button:
        button = classed(W.Button(description=symbol, tooltip=f"Show {symbol} again"), "iq-chip")
        button.on_click(lambda _: self._pick(symbol))
        return button

    def _pick(self, symbol: str) -> None:
        self.field.value = symbol
        self._ask()

    def _on_typing(self, change: dict[str, object]) -> None:
        text = str(change["new"])
        if self._timer is not None:
            self._timer.cancel()
        if text in self.field.options:
            self._pick(symbol_of(text))
        elif text.strip() and symbol_of(text) not in self._table:
            self._timer = threading.Timer(_DEBOUNCE_S, self.search, [text])
            self._timer.daemon = True
            self._timer.start()

    def _lines(self, table: dict[str, str]) -> list[str]:
        return [f"{symbol}{SEPARATOR}{name}" for symbol, name in table.items()]
