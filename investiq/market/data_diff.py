"""`DataDiff`: what differs between two readings of a series, in numbers and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ActionChange", "ColumnChange", "DataDiff"]

# Where rows come from: shown, but the same rows from elsewhere make the same backtest.
_ORIGIN: Final = ("provider", "feed", "source")
_PRICES: Final = ("open", "high", "low", "close")
# Below it a difference of two returns is the rounding of their arithmetic.
_EXACT: Final = 1e-12
_SHOWN: Final = 20


class ColumnChange(NamedTuple):
    """Rows of both readings whose value of one column differs."""

    name: str
    ts: NDArray[np.datetime64]
    before: NDArray[Any]
    after: NDArray[Any]

    @property
    def relative(self) -> NDArray[np.float64]:
        """Size of each change as a fraction of the value before; NaN where that has no meaning."""
        if self.before.dtype.kind != "f":
            return np.full(self.ts.size, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.abs(self.after / self.before - 1)
        return np.where(np.isfinite(change), change, np.nan)

    @property
    def largest(self) -> float:
        """The largest of `relative`, NaN where there is none."""
        known = self.relative[~np.isnan(self.relative)]
        return float(known.max()) if known.size else float("nan")


class ActionChange(NamedTuple):
    """An action that came (`before` None), went (`after` None) or changed."""

    before: Action | None
    after: Action | None

    @property
    def ex_date(self) -> date:
        """The ex-date of either."""
        action = self.after or self.before
        assert action is not None  # one of the two is there
        return action.ex_date

    @property
    def text(self) -> str:
        """What happened, in words."""
        if self.before is None and self.after is not None:
            return f"a {_words(self.after)} was added"
        if self.after is None and self.before is not None:
            return f"a {_words(self.before)} was withdrawn"
        assert self.before is not None
        assert self.after is not None
        return f"the {_words(self.before)} became one of {_size(self.after)}"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DataDiff(Result):
    """Differences between two readings of one series.

    Attributes
    ----------
    before, after : Bars
    added, removed : ndarray of datetime64[us]
        Labels that only one of them has.
    columns : tuple of ColumnChange
        Rows of both that differ, by column.
    actions : tuple of ActionChange
    passport : tuple of (name, before, after)
        Facts that differ, as text.
    factor_rows : ColumnChange, optional
        Where the total factors differ, both 1.0 at the first common bar.
    return_labels, return_change : ndarray, shape (n_common - 1,)
        Total return from one common bar to the next, after minus before.
    """

    kind: ClassVar[str] = "data_diff"

    before: Bars
    after: Bars
    added: NDArray[np.datetime64]
    removed: NDArray[np.datetime64]
    columns: tuple[ColumnChange, ...]
    actions: tuple[ActionChange, ...]
    passport: tuple[tuple[str, str, str], ...]
    factor_rows: ColumnChange | None
    return_labels: NDArray[np.datetime64]
    return_change: NDArray[np.float64]

    @property
    def title(self) -> str:
        """Symbol, interval and what is compared."""
        return (
            f"Data of {self.before.symbol}, {self.before.interval}: {_reading(self.before)} and {_reading(self.after)}"
        )

    @property
    def watermark(self) -> str | None:
        """That of either reading."""
        return self.before.passport.watermark or self.after.passport.watermark

    @property
    def is_same(self) -> bool:
        """Whether a backtest on either gives the same numbers: rows, actions and facts agree."""
        return not (self.added.size or self.removed.size or self.columns or self.actions or self._stated())

    @property
    def changed_rows(self) -> int:
        """Number of bars in both with at least one other value."""
        return int(np.unique(np.concatenate([change.ts for change in self.columns])).size) if self.columns else 0

    @property
    def why(self) -> str:
        """One sentence: why a backtest on `after` differs from one on `before`."""
        if self.is_same:
            return "The two readings are the same: a backtest that differs has another cause than these data."
        past = [
            *map(self._corrected, self._told),
            *(change.text for change in self.actions),
            *self._gaps(),
            *self._stated(),
        ]
        around = self._around()
        if not past:
            return f"Nothing that was there has changed: {' and '.join(around)}."
        return f"A backtest changes because {_listed([*past, *around])}."

    @property
    def _told(self) -> list[ColumnChange]:
        """The changes that a sentence names: the close, else what else there is."""
        close = [change for change in self.columns if change.name == "close"]
        others = [change for change in self.columns if change.name in ("known_at", "flags")]
        return (close or [change for change in self.columns if change not in others]) + others

    def _corrected(self, change: ColumnChange) -> str:
        count, span = change.ts.size, _span(change.ts, self.before.interval)
        if change.name == "known_at":
            return f"{count} decision time{'s' if count > 1 else ''} of {span} moved"
        if change.name == "flags":
            return f"the flags of {count} bar{'s' if count > 1 else ''} of {span} changed"
        verb = "was" if count == 1 else "were"
        size = (
            ""
            if np.isnan(change.largest)
            else f" by {'' if count == 1 else 'up to '}{format_value(change.largest, 'fraction')}"
        )
        name = change.name if count == 1 or change.name == "trades" else f"{change.name}s"
        return f"{count} {name} of {span} {verb} corrected{size}"

    def _gaps(self) -> list[str]:
        said = []
        first, last = self.before.ts[[0, -1]]
        inside = self.added[(self.added >= first) & (self.added <= last)]
        if inside.size:
            said.append(f"{_bars(inside.size)} added within the series ({_span(inside, self.before.interval)})")
        if self.removed.size:
            said.append(f"{_bars(self.removed.size)} removed ({_span(self.removed, self.before.interval)})")
        return said

    def _around(self) -> list[str]:
        """Return which bars were added before the first and after the last."""
        first, last = self.before.ts[[0, -1]]
        interval = self.before.interval
        outside = (
            (f"before {label_text(first, interval)}", int((self.added < first).sum())),
            (f"after {label_text(last, interval)}", int((self.added > last).sum())),
        )
        return [f"{_bars(count)} added {where}" for where, count in outside if count]

    def _stated(self) -> list[str]:
        return [
            f"{name.replace('_', ' ')} is {after or 'empty'} instead of {before or 'empty'}"
            for name, before, after in self.passport
            if name not in _ORIGIN
        ]

    @property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # computed, and as frozen as the field of the base
        """The sentence."""
        return (Note(code="why_a_backtest_changes", text=self.why, severity="info" if self.is_same else "caution"),)

    def facts(self) -> list[Fact]:
        """Return the counts, and the largest change of a price, a factor and a return."""
        prices = [change.largest for change in self.columns if change.name in _PRICES]
        moved = np.abs(self.return_change) > _EXACT
        factor = self.factor_rows
        first = label_text(factor.ts[0], self.before.interval) if factor else ""
        return [
            Fact("Bars before", len(self.before), "count"),
            Fact("Bars after", len(self.after), "count"),
            Fact("Bars added", int(self.added.size), "count"),
            Fact("Bars removed", int(self.removed.size), "count"),
            Fact("Bars changed", self.changed_rows, "count", "in both, with at least one other value"),
            Fact("Largest change of a price", max(prices, default=0.0), "fraction", "of the value before; open, high, low, close"),
            Fact("Actions changed", len(self.actions), "count", "added, withdrawn or with other terms"),
            Fact("Bars with another total factor", factor.ts.size if factor else 0, "count", f"from {first} on" if first else ""),
            Fact("Largest change of the total factor", factor.largest if factor else 0.0, "fraction", "both 1.0 at the first common bar"),
            Fact("Returns changed", int(moved.sum()), "count", "total return between common bars"),
            Fact("Largest change of a return", float(np.abs(self.return_change).max(initial=0.0)), "fraction", "after minus before, as a size"),
        ]  # fmt: skip

    def tables(self) -> list[Table]:
        """Return the changes by column, the actions and the facts that differ."""
        interval = self.before.interval
        columns = tuple(
            (
                change.name,
                format_value(change.ts.size, "count"),
                format_value(change.largest, "fraction"),
                _span(change.ts, interval),
            )
            for change in self.columns
        )
        actions = tuple((str(change.ex_date), change.text) for change in self.actions[:_SHOWN])
        more = len(self.actions) - _SHOWN
        tables = [
            Table("Changed values", ("Column", "Bars", "Largest change", "Span"), columns, ("Bars", "Largest change")),
            Table(
                f"Corporate actions{f' (first {_SHOWN}, {more} more)' if more > 0 else ''}",
                ("Ex-date", "What happened"),
                actions,
            ),
            Table("Facts that differ", ("Fact", "Before", "After"), self.passport),
        ]
        return [table for table in tables if table.rows]

    def provenance(self) -> list[Fact]:
        """Return which readings they are."""
        return [
            Fact(f"{side}: {label}", value)
            for side, bars in (("Before", self.before), ("After", self.after))
            for label, value in bars.describe()
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one line a difference: ts, what (added, removed, changed), column, before, after, relative."""
        import pandas as pd

        parts = [
            *(
                pd.DataFrame(
                    {"ts": labels, "what": what, "column": "", "before": np.nan, "after": np.nan, "relative": np.nan}
                )
                for what, labels in (("added", self.added), ("removed", self.removed))
            ),
            *(
                pd.DataFrame(
                    {
                        "ts": change.ts,
                        "what": "changed",
                        "column": change.name,
                        "before": _as_numbers(change.before),
                        "after": _as_numbers(change.after),
                        "relative": change.relative,
                    }
                )
                for change in self.columns
            ),
        ]
        lines = pd.concat(parts, ignore_index=True)
        lines["ts"] = lines["ts"].astype("datetime64[us]").dt.tz_localize("UTC")
        return lines.sort_values(["ts", "what", "column"], kind="stable", ignore_index=True)


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values as numbers; an instant in seconds since 1970."""
    return values.astype(np.int64) / 1e6 if values.dtype.kind == "M" else values.astype(np.float64)


def _words(action: Action) -> str:
    return f"{action.kind.replace('_', ' ')} of {action.ex_date} ({_size(action)})"


def _size(action: Action) -> str:
    parts = [f"ratio {action.ratio:g}" if action.ratio is not None else ""]
    parts.append(f"{action.cash:g} {action.currency}" if action.cash is not None else "")
    return ", ".join(part for part in parts if part) or "no terms"


def _span(ts: NDArray[np.datetime64], interval: str) -> str:
    """Return when it was: one label, the month that holds all, or from first to last."""
    first, last = ts.min(), ts.max()
    if first == last:
        return label_text(first, interval)
    if first.astype("datetime64[M]") == last.astype("datetime64[M]"):
        return str(first.astype("datetime64[M]"))
    return f"{label_text(first, interval)} to {label_text(last, interval)}"


def _bars(count: int) -> str:
    return f"{count} bar was" if count == 1 else f"{count} bars were"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _reading(bars: Bars) -> str:
    moment = bars.passport.recorded_by
    return f"as recorded by {moment:%Y-%m-%d %H:%M} UTC" if moment else f"{bars.passport.provider}, {len(bars):,} bars"
