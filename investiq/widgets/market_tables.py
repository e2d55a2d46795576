"""Tables of the market page as HTML, and the movers that are sorted by a click on a head."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as W

from investiq.core.facts import format_value

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.survey_result import GroupSurvey, MarketOverview

__all__ = ["Movers", "freshness", "sectors"]

_SHOWN: Final = 40
_COLUMNS: Final = (
    ("symbol", "Symbol"),
    ("rank", "Rank"),
    ("1d", "1 session"),
    ("1w", "5"),
    ("1m", "21"),
    ("3m", "63"),
    ("1y", "252"),
    ("drawdown", "From high"),
    ("volatility", "Volatility"),
    ("sector", "Sector"),
)
_SIGNED: Final = ("1d", "1w", "1m", "3m", "1y", "drawdown")
_ARROWS: Final = {1: "▲", -1: "▼", 0: ""}


class Movers(W.VBox):
    """The members of a group, sorted by the column whose head was pressed last.

    Attributes
    ----------
    heads : dict of str to Button
    column : str
    is_falling : bool
        Whether the largest stands first.
    """

    def __init__(self) -> None:
        self.column, self.is_falling = "1d", True
        self._members: pd.DataFrame | None = None
        self.heads = {name: W.Button(tooltip=f"Sort by {words}") for name, words in _COLUMNS}
        for name, button in self.heads.items():
            button.add_class("iq-sorter")
            button.on_click(lambda _, name=name: self.sort(name))
        self._table = W.HTML()
        bar = W.HBox([W.HTML('<span class="iq-quiet">Sort by</span>'), *self.heads.values()])
        bar.add_class("iq-sorters")
        super().__init__([bar, self._table])

    def fill(self, members: pd.DataFrame, window: str) -> None:
        """Show the members that are not behind, the strongest over `window` first."""
        self._members, self.is_falling = members, window != "momentum"
        self.column = window if self.is_falling else "rank"
        self._draw()

    def sort(self, column: str) -> None:
        """Sort by `column`; a second press turns the order round."""
        self.is_falling = not self.is_falling if column == self.column else column not in ("symbol", "rank", "sector")
        self.column = column
        self._draw()

    def _draw(self) -> None:
        for name, words in _COLUMNS:
            sign = (" ▼" if self.is_falling else " ▲") if name == self.column else ""
            self.heads[name].description = f"{words}{sign}"
        if self._members is None:
            return
        ordered = self._members.reset_index().sort_values(
            self.column, ascending=not self.is_falling, kind="stable", na_position="last"
        )
        rows = "".join(_row(each) for _, each in ordered.head(_SHOWN).iterrows())
        heads = "".join(f'<th scope="col"{_number(name)}>{escape(words)}</th>' for name, words in _COLUMNS)
        more = f"the first {_SHOWN} of {len(ordered):,}; " if len(ordered) > _SHOWN else ""
        caption = f"<caption>{more}returns over so many sessions, close to close, total-return adjusted; volatility of 20 returns a year</caption>"
        self._table.value = f'<div class="iq-scroll" tabindex="0"><table class="iq-table">{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(each: pd.Series[Any]) -> str:
    return "<tr>" + "".join(_cell(name, each[name]) for name, _ in _COLUMNS) + "</tr>"


def _cell(name: str, value: object) -> str:
    if name in _SIGNED:
        return _moved(float(value))  # type: ignore[arg-type]
    if name in ("symbol", "sector"):
        return f"<td>{escape(str(value)) or 'n/a'}</td>"
    return f'<td class="iq-n">{format_value(value, "count" if name == "rank" else "fraction")}</td>'


def _moved(value: float) -> str:
    if math.isnan(value):
        return '<td class="iq-n">n/a</td>'
    side = (value > 0) - (value < 0)
    look = {1: " iq-up", -1: " iq-down", 0: ""}[side]
    return f'<td class="iq-n{look}">{"+" if side > 0 else ""}{format_value(value, "fraction")} <span aria-hidden="true">{_ARROWS[side]}</span></td>'


def _number(name: str) -> str:
    return "" if name in ("symbol", "sector") else ' class="iq-n"'


def sectors(group: GroupSurvey) -> str:
    """Return the sectors of a group with the mean returns of their members."""
    windows = [name for name, _ in _COLUMNS if name in group.sectors.columns]
    heads = ["Sector", "Members", *(f"{name}" for name in windows), "Above 200"]
    head = "".join(
        f'<th scope="col"{"" if place == 0 else " class=iq-n"}>{text}</th>' for place, text in enumerate(heads)
    )
    rows = "".join(
        f'<tr><td>{escape(str(name))}</td><td class="iq-n">{row["members"]:,.0f}</td>'
        + "".join(_moved(float(row[each])) for each in windows)
        + f'<td class="iq-n">{format_value(row["above_200"], "fraction")}</td></tr>'
        for name, row in group.sectors.iterrows()
    )
    return f'<div class="iq-scroll" tabindex="0"><table class="iq-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def freshness(overview: MarketOverview) -> str:
    """Return the last session of each group, every symbol that is behind, and what could not be loaded."""
    rows = []
    for group in overview.groups:
        behind = group.members[group.members["sessions_behind"] > 0].sort_values("sessions_behind")
        rows.append(
            (group.name, f"{len(group.fresh):,} of {len(group.members):,} at the last session", f"{group.members['last_session'].max():%Y-%m-%d}", "fresh" if behind.empty else f"{len(behind):,} behind")
        )  # fmt: skip
        rows += [
            (
                str(symbol),
                group.name,
                f"{row['last_session']:%Y-%m-%d}",
                f"{row['sessions_behind']:,.0f} sessions behind",
            )
            for symbol, row in behind.iterrows()
        ]
    rows += [(symbol, "not loaded", "n/a", why.split(";")[0]) for symbol, why in overview.failures.items()]
    heads = "".join(f'<th scope="col">{text}</th>' for text in ("Series", "Of", "Last session", "State"))
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="iq-scroll" tabindex="0"><table class="iq-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
