"""The table of trades: a real table whose rows are buttons, sorted by its heads, a page at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as W

from investiq.core.facts import ACCOUNT_CURRENCY, format_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TradeTable", "chips"]

_PAGE: Final = 15
_ARROWS: Final = {1: "▲", -1: "▼", 0: ""}
# (column of the trades, head, is a number)
_COLUMNS: Final = (
    ("number", "#", True),
    ("symbol", "Symbol", False),
    ("side", "Side", False),
    ("entry_ts", "Entry", False),
    ("exit_ts", "Exit", False),
    ("bars_held", "Bars", True),
    ("return", "Return, net", True),
    ("pnl", f"P&L, net ({ACCOUNT_CURRENCY})", True),
    ("r_multiple", "R", True),
    ("mae", "MAE", True),
    ("mfe", "MFE", True),
    ("exit_reason", "Ended by", False),
    ("tags", "Tags", False),
)
# The clicked element says what is meant; the hidden field carries it to the kernel.
_SEND: Final = (
    "const field=this.closest('.iq-picker').querySelector('.iq-carried input');"
    "const send=what=>{field.value=what+' '+Date.now();field.dispatchEvent(new Event('input',{bubbles:true}));"
    "field.dispatchEvent(new Event('change',{bubbles:true}));};"
)
_ON_CLICK: Final = f"{_SEND}const hit=event.target.closest('[data-do]');if(hit)send(hit.dataset.do);"
_ON_KEY: Final = (
    f"{_SEND}const step={{j:'step 1',k:'step -1'}}[event.key];if(step){{event.preventDefault();send(step);}}"
)


class TradeTable(W.VBox):
    """Trades, of which one is chosen.

    Attributes
    ----------
    order : list of int
        The trades shown, in the order shown.
    sort : (str, bool)
        Column, and whether the largest stands first.

    Parameters
    ----------
    choose : callable
        Called with the trade that was clicked.
    step : callable
        Called with 1 or -1 when J or K was pressed inside the table.
    """

    def __init__(self, choose: Callable[[int], None], step: Callable[[int], None]) -> None:
        self._choose, self._step = choose, step
        self.order: list[int] = []
        self.sort = ("number", False)
        self._trades: pd.DataFrame | None = None
        self._tags: Mapping[int, Sequence[str]] = {}
        self._page = 0
        self._marked = -1
        self._table = W.HTML()
        self._mark = W.HTML()
        self._carried = W.Text()
        self._carried.add_class("iq-carried")
        self._carried.observe(self._on_carried, names="value")
        super().__init__([self._table, self._mark, self._carried])
        self.add_class("iq-picker")

    def fill(self, trades: pd.DataFrame, numbers: Sequence[int], tags: Mapping[int, Sequence[str]]) -> None:
        """Show the rows `numbers` of `trades` with their tags."""
        self._trades, self._tags = trades, tags
        self._arrange(numbers)
        self._draw()

    def mark(self, number: int) -> None:
        """Mark a trade as chosen, and turn to its page."""
        self._marked = number
        page = self.order.index(number) // _PAGE if number in self.order else self._page
        if page != self._page:
            self._page = page
            self._draw()
        # A rule beside the table and not another table, which would take the focus from its button.
        self._mark.value = f"<style>.iq-trades tr[data-do='trade {number:d}']>td{{background:var(--iq-chosen);font-weight:600}}</style>"

    def _arrange(self, numbers: Sequence[int]) -> None:
        column, is_descending = self.sort
        self.order = sorted(numbers, key=lambda number: (self._key(number, column), number), reverse=is_descending)
        self._page = self.order.index(self._marked) // _PAGE if self._marked in self.order else 0

    def _key(self, number: int, column: str) -> Any:
        assert self._trades is not None
        if column == "number":
            return number
        if column == "tags":
            return ", ".join(self._tags.get(number, ()))
        value = self._trades[column].iloc[number]
        if column in ("symbol", "side", "exit_reason"):
            return str(value)
        # What is missing stands last either way.
        missing = value is None or value != value
        worst = -math.inf if self.sort[1] else math.inf
        return worst if missing else float(value.value if hasattr(value, "value") else value)

    def _draw(self) -> None:
        shown = self.order[self._page * _PAGE : (self._page + 1) * _PAGE]
        heads = "".join(self._head(*column) for column in _COLUMNS)
        rows = "".join(self._row(number) for number in shown)
        self._table.value = (
            f'<div class="iq-trades" onclick="{escape(_ON_CLICK)}" onkeydown="{escape(_ON_KEY)}"><div class="iq-wide iq-scroll" tabindex="0">'
            f'<table class="iq-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{self._pager()}</div>'
        )

    def _head(self, column: str, title: str, is_number: bool) -> str:
        is_sorted = self.sort[0] == column
        sign = (" ▼" if self.sort[1] else " ▲") if is_sorted else ""
        state = f' aria-sort="{"descending" if self.sort[1] else "ascending"}"' if is_sorted else ""
        style = ' class="iq-n"' if is_number else ""
        return (
            f'<th scope="col"{style}{state}><button type="button" class="iq-sort" data-do="sort {column}">'
            f'{escape(title)}<span aria-hidden="true">{sign}</span></button></th>'
        )

    def _row(self, number: int) -> str:
        assert self._trades is not None
        trade: dict[str, Any] = {str(name): value for name, value in self._trades.loc[number].items()}
        is_open = bool(trade["is_open"])
        cells = [
            f'<td class="iq-n">{_button(number)}</td>',
            f"<td>{escape(str(trade['symbol']))}</td>",
            f"<td>{escape(str(trade['side']))}</td>",
            f"<td>{format_value(trade['entry_ts'], 'date')}</td>",
            f"<td>{'open' if is_open else format_value(trade['exit_ts'], 'date')}</td>",
            f'<td class="iq-n">{int(trade["bars_held"])}</td>',
            _signed(float(trade["return"]), f"{trade['return'] * 100:+,.2f} %"),
            f'<td class="iq-n">{format_value(float(trade["pnl"]), "money")}</td>',
            f'<td class="iq-n">{format_value(float(trade["r_multiple"]), "ratio")}</td>',
            f'<td class="iq-n">{format_value(float(trade["mae"]), "fraction")}</td>',
            f'<td class="iq-n">{format_value(float(trade["mfe"]), "fraction")}</td>',
            f"<td>{'still open' if is_open else escape(str(trade['exit_reason']).replace('_', ' '))}</td>",
            f"<td>{chips(self._tags.get(number, ()))}</td>",
        ]
        return f'<tr data-do="trade {number}">{"".join(cells)}</tr>'

    def _pager(self) -> str:
        pages = max(1, -(-len(self.order) // _PAGE))
        first = self._page * _PAGE
        words = f"{first + 1} to {min(first + _PAGE, len(self.order))} of {len(self.order):,}" if self.order else "none"
        if pages == 1:
            return f'<div class="iq-pager"><span class="iq-quiet">{words}</span></div>'
        buttons = (("page -1", "‹ Previous page", self._page == 0), ("page 1", "Next page ›", self._page == pages - 1))
        parts = [
            f'<button type="button" data-do="{do}"{" disabled" if off else ""}>{title}</button>'
            for do, title, off in buttons
        ]
        return f'<div class="iq-pager">{parts[0]}<span class="iq-quiet">{words}</span>{parts[1]}</div>'

    def _on_carried(self, change: dict[str, Any]) -> None:
        """Do what a click or a key asked for; anything else in the field is none of ours."""
        words = str(change["new"]).split()
        if len(words) != 3:
            return
        what, value = words[0], words[1]
        if what == "trade" and value.isdigit() and int(value) in self.order:
            self._choose(int(value))
        elif what == "step" and value in ("1", "-1"):
            self._step(int(value))
        elif what == "page" and value in ("1", "-1"):
            self._page = min(max(self._page + int(value), 0), (len(self.order) - 1) // _PAGE)
            self._draw()
        elif what == "sort" and any(value == name for name, _, _ in _COLUMNS):
            self.sort = (value, not self.sort[1] if self.sort[0] == value else value in ("return", "pnl", "r_multiple"))
            self._arrange(self.order)
            self._draw()


def chips(tags: Sequence[str]) -> str:
    """Return tags as HTML, escaped.

    Examples
    --------
    >>> chips(["<late>"])
    '<span class="iq-chip">&lt;late&gt;</span>'
    """
    return " ".join(f'<span class="iq-chip">{escape(tag)}</span>' for tag in tags)


def _button(number: int) -> str:
    return f'<button type="button" class="iq-pick" data-do="trade {number}" aria-label="Show trade {number + 1}">{number + 1}</button>'


def _signed(value: float, text: str) -> str:
    side = 0 if math.isnan(value) or value == 0 else 1 if value > 0 else -1
    style = {1: " iq-up", -1: " iq-down", 0: ""}[side]
    return f'<td class="iq-n{style}">{escape(text)} <span aria-hidden="true">{_ARROWS[side]}</span></td>'
