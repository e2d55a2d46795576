"""Tables of the data page: the series, of which one is chosen, and what is known of it as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as W

from investiq.core.facts import Fact, Unit, format_fact, format_value
from investiq.widgets.visiting import link

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.data_series import DataSeries

__all__ = ["SeriesTable", "findings", "freshness", "passport", "quarantine"]

_PAGE: Final = 18
_SIGNS: Final = {
    "pass": "✓",
    "caution": "!",
    "fail": "✕",
    "error": "✕",
    "info": "i",
    "fresh": "✓",
    "behind": "✕",
    "ended": "■",
}
_COLUMNS: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("name", "Series", ""),
    ("provider", "Provider", ""),
    ("kind", "Kind", ""),
    ("first", "First", "date"),
    ("last", "Last", "date"),
    ("rows", "Rows", "count"),
    ("missing", "Missing", "count"),
    ("coverage", "Coverage", "fraction"),
    ("verdict", "Verdict", ""),
    ("freshness", "Freshness", ""),
)
# The clicked element says what is meant; the hidden field carries it to the kernel.
_ON_CLICK: Final = (
    "const hit=event.target.closest('[data-do]');if(hit){"
    "const field=this.closest('.iq-picker').querySelector('.iq-carried input');field.value=hit.dataset.do+' '+Date.now();"
    "field.dispatchEvent(new Event('input',{bubbles:true}));field.dispatchEvent(new Event('change',{bubbles:true}));}"
)  # fmt: skip


class SeriesTable(W.VBox):
    """Series, sorted by the head that was pressed, of which one is chosen.

    Attributes
    ----------
    order : list of str
        Names of the series, in the order shown.
    sort : (str, bool)
        Column, and whether the largest stands first.

    Parameters
    ----------
    choose : callable
        Called with the name of the series that was clicked.
    """

    def __init__(self, choose: Callable[[str], None]) -> None:
        self._choose = choose
        self.order: list[str] = []
        self.sort = ("", False)
        self._series: pd.DataFrame | None = None
        self._page, self._chosen = 0, ""
        self._table = W.HTML()
        self._carried = W.Text()
        self._carried.add_class("iq-carried")
        self._carried.observe(self._on_carried, names="value")
        super().__init__([self._table, self._carried])
        self.add_class("iq-picker")

    def fill(self, series: pd.DataFrame, chosen: str) -> None:
        """Show the rows of `DataOverview.to_frame` with one chosen, and turn to its page."""
        self._series, self._chosen = series.reset_index(), chosen
        self._arrange()

    def mark(self, chosen: str) -> None:
        """Mark a series as chosen, and turn to its page."""
        self._chosen = chosen
        self._turn_to_chosen()
        self._draw()

    def _arrange(self) -> None:
        assert self._series is not None
        column, is_falling = self.sort
        ordered = self._series
        if column:
            ordered = ordered.sort_values(column, ascending=not is_falling, kind="stable", na_position="last")
        self.order = [str(name) for name in ordered["name"]]
        self._series = ordered.loc[:, ordered.columns]
        self._turn_to_chosen()
        self._draw()

    def _turn_to_chosen(self) -> None:
        self._page = self.order.index(self._chosen) // _PAGE if self._chosen in self.order else 0

    def _draw(self) -> None:
        assert self._series is not None
        first = self._page * _PAGE
        rows = "".join(
            self._row(first + place, each)
            for place, each in enumerate(self._series.iloc[first : first + _PAGE].to_dict("records"))
        )
        heads = "".join(self._head(*column) for column in _COLUMNS)
        self._table.value = (
            f'<div class="iq-trades" onclick="{escape(_ON_CLICK)}"><div class="iq-wide iq-scroll" tabindex="0">'
            f'<table class="iq-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{self._pager()}</div>'
        )

    def _head(self, column: str, title: str, unit: Unit) -> str:
        is_sorted = self.sort[0] == column
        sign = (" ▼" if self.sort[1] else " ▲") if is_sorted else ""
        state = f' aria-sort="{"descending" if self.sort[1] else "ascending"}"' if is_sorted else ""
        return (
            f'<th scope="col"{_side(unit)}{state}><button type="button" class="iq-sort" data-do="sort {column}">'
            f'{title}<span aria-hidden="true">{sign}</span></button></th>'
        )

    def _row(self, number: int, row: dict[Any, Any]) -> str:
        cells = [f"<td>{_button(number, str(row['name']))}</td>"]
        for column, _, unit in _COLUMNS[1:]:
            value = row[column]
            if column == "kind" and row["interval"]:
                value = f"{row['interval']} {value}"
            cells.append(
                f"<td{_side(unit)}>{_marked(str(value)) if column in ('verdict', 'freshness') else _cell(value, unit)}</td>"
            )
        chosen = ' class="iq-picked" aria-current="true"' if row["name"] == self._chosen else ""
        return f'<tr data-do="series {number}"{chosen}>{"".join(cells)}</tr>'

    def _pager(self) -> str:
        pages = -(-len(self.order) // _PAGE)
        first = self._page * _PAGE
        words = f"{first + 1} to {min(first + _PAGE, len(self.order))} of {len(self.order):,}"
        if pages <= 1:
            return f'<div class="iq-pager"><span class="iq-quiet">{words}</span></div>'
        back, on = self._page == 0, self._page == pages - 1
        return (
            f'<div class="iq-pager"><button type="button" data-do="page -1"{" disabled" if back else ""}>‹ Previous page</button>'
            f'<span class="iq-quiet">{words}</span>'
            f'<button type="button" data-do="page 1"{" disabled" if on else ""}>Next page ›</button></div>'
        )

    def _on_carried(self, change: dict[str, Any]) -> None:
        """Do what a click asked for; anything else in the field is none of ours."""
        words = str(change["new"]).split()
        if len(words) != 3 or not self.order:
            return
        what, value = words[0], words[1]
        if what == "series" and value.isdigit() and int(value) < len(self.order):
            self._choose(self.order[int(value)])
        elif what == "page" and value in ("1", "-1"):
            self._page = min(max(self._page + int(value), 0), (len(self.order) - 1) // _PAGE)
            self._draw()
        elif what == "sort" and any(value == name for name, _, _ in _COLUMNS):
            self.sort = (value, not self.sort[1] if self.sort[0] == value else value in ("rows", "missing"))
            self._arrange()


def passport(series: DataSeries) -> str:
    """Return everything that is known of a series, and the way to its symbol page."""
    rows = "".join(_fact(each) for each in series.passport())
    way = ""
    if series.interval == "1d":
        way = f"<p>{link('symbol_analysis', f'Analysis of {series.symbol} ›', symbol=series.symbol)}</p>"
    return f'{way}<div class="iq-scroll iq-passport" tabindex="0"><table class="iq-table"><tbody>{rows}</tbody></table></div>'


def findings(series: DataSeries) -> str:
    """Return what the checks found in a series, and the rows that they found."""
    from investiq.market.quality_checks import CHECKS

    lines = [
        (
            _marked(each.severity),
            escape(each.check.replace("_", " ")),
            format_value(each.count, "count"),
            escape(each.text),
        )
        for each in series.findings
    ]
    table = _table(("Severity", "Check", "Rows", "Meaning"), lines, numbers=(2,))
    rows = []
    for each in series.findings:
        check = CHECKS.get(each.check)
        for example in each.examples:
            shown = ""
            if check is not None and check.value and example.value == example.value:
                shown = f"{check.value} {format_value(example.value, check.unit)}"
            rows.append(
                (escape(_stamp(example.ts, series.interval)), escape(each.check.replace("_", " ")), escape(shown), escape(example.text))
            )  # fmt: skip
    if not rows:
        return f"{table}<p class='iq-quiet'>These checks speak of the whole series and name no rows.</p>"
    hidden = sum(max(0, each.count - len(each.examples)) for each in series.findings if each.examples)
    more = f"; {hidden:,} more are counted and not listed" if hidden else ""
    return f"{table}<h4>Rows{more}</h4>{_table(('Session', 'Check', 'Value', 'Detail'), rows)}"


def quarantine(held: pd.DataFrame) -> str:
    """Return the bars that are held for bad prints, with their prices and why."""
    lines = [
        (
            escape(str(row["name"])),
            format_value(row["session"], "date"),
            format_value(row["close"], "price"),
            f"{row['return'] * 100:+,.2f} %",
            escape(str(row["reason"])),
        )
        for row in held.to_dict("records")
    ]
    return _table(("Series", "Session", "Close", "Return", "Why"), lines, numbers=(2, 3))


def freshness(series: Sequence[DataSeries]) -> str:
    """Return last bar, state and reason of series of bars, those that are behind first."""
    rank = {"behind": 0, "ended": 1, "fresh": 2}
    ordered = sorted(
        (each for each in series if each.quality is not None), key=lambda each: rank.get(each.freshness, 3)
    )
    lines = [
        (
            escape(each.name),
            _marked(each.freshness),
            format_value(each.sessions_behind, "count"),
            escape(each.freshness_reason),
        )
        for each in ordered
    ]
    return _table(("Series", "State", "Sessions behind", "Why"), lines, numbers=(2,))


def _fact(fact: Fact) -> str:
    aside = "; ".join(part for part in (fact.convention, fact.note) if part)
    small = f'<br><span class="iq-quiet">{escape(aside)}</span>' if aside else ""
    return f'<tr><th scope="row">{escape(fact.label)}</th><td>{escape(format_fact(fact))}{small}</td></tr>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    sides = [' class="iq-n"' if place in numbers else "" for place in range(len(heads))]
    head = "".join(f'<th scope="col"{side}>{title}</th>' for title, side in zip(heads, sides, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{side}>{cell}</td>' for cell, side in zip(row, sides, strict=True))}</tr>" for row in rows
    )
    return f'<div class="iq-scroll" tabindex="0"><table class="iq-table iq-data"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _marked(word: str) -> str:
    sign = _SIGNS.get(word, "")
    return f'<span class="iq-state iq-state-{escape(word.replace(" ", "-"))}"><span aria-hidden="true">{sign}</span> {escape(word)}</span>'


def _cell(value: Any, unit: Unit) -> str:
    return "n/a" if value != value else escape(format_value(value, unit))


def _side(unit: Unit) -> str:
    return ' class="iq-n"' if unit in ("count", "fraction") else ""


def _button(number: int, name: str) -> str:
    return f'<button type="button" class="iq-pick" data-do="series {number}">{escape(name)}</button>'


def _stamp(ts: Any, interval: str) -> str:
    from investiq.history.instants import label_text

    return "n/a" if ts != ts else str(label_text(ts, interval or "1d"))
