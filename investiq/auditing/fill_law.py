"""The fourth check: no fill before its decision is known, and none at the close that decided it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.auditing.outputs import Scale, Table, is_fills, tables_of
from investiq.auditing.replaying import RAISED, called
from investiq.core.orders import FillReason
from investiq.core.types import INTERVAL_MINUTES
from investiq.history.bars import Bars

__all__ = ["BrokenFill", "check_fills", "with_close"]

# Fills that are looked at: the first ones, and others anywhere.
_FIRST: Final = 6
_OTHERS: Final = 6
_REASONS: Final[tuple[str, ...]] = get_args(FillReason)
_AT_THE_OPEN: Final = ("signal", "reversal", "rebalance")


@dataclass(frozen=True, kw_only=True)
class BrokenFill:
    """A fill that breaks the law: the bar that it is booked in, what moved, before and after, and why that is wrong."""

    bar: int
    column: str
    full: Any
    other: Any
    reason: str


def with_close(bars: Bars, row: int, to: str) -> Bars:
    """Return `bars` with one close moved to the bar's own high or low; nothing else changes."""
    close = bars.close.copy()
    close[row] = getattr(bars, to)[row]
    return dataclasses.replace(bars, close=close)


def check_fills(
    account: Callable[[Bars], Any], bars: Bars, scale: Scale, random: np.random.Generator, *, at_open: bool
) -> tuple[int, BrokenFill | None, str]:
    """Return the number of fills looked at, the first that breaks the law, and what could not be told.

    Parameters
    ----------
    account : callable
        Bars in; a `Run`, a backtest or a table of fills out.
    bars : Bars
    scale : Scale
    random : Generator
        Which fills are looked at.
    at_open : bool
        Whether it is known that a signal fills at the open after its close; a user's
        own table may say so in a column ``decided``, the deciding bar.
    """
    full = _fills(account, bars, scale)
    if full is None or not full.rows.size:
        return 0, None, ""
    if (early := _too_early(full, bars)) is not None:
        return int(full.rows.size), early, ""
    booked = np.unique(full.rows)
    rest = booked[_FIRST:]
    rows = np.concatenate([booked[:_FIRST], np.sort(random.choice(rest, min(_OTHERS, rest.size), replace=False))])
    changes: list[BrokenFill] = []
    for row in rows.tolist():
        for to in ("low", "high"):
            if bars.close[row] == getattr(bars, to)[row]:
                continue
            moved = _fills(account, with_close(bars, row, to), scale)
            if moved is None:
                continue
            if (change := _change(full, moved, row)) is not None:
                changes.append(change)
    # The first bar; of its changes the price, which says more.
    changes.sort(key=lambda change: (change.bar, change.column != "price"))
    if any(change.column == "fill" for change in changes):
        return rows.size, changes[0], ""
    if (moved_price := _follows_decision(account, bars, scale, full, rows, at_open)) is not None:
        return rows.size, moved_price, ""
    if changes and at_open:
        return rows.size, changes[0], ""
    if changes and not _says_when(full):
        return (
            rows.size,
            None,
            (
                "fills are priced at the close of their own bar, and no column `decided` says at which bar each was decided"
            ),
        )
    return rows.size, None, ""


def _fills(account: Callable[[Bars], Any], bars: Bars, scale: Scale) -> Table | None:
    try:
        tables = tables_of(called(account, bars), len(bars), scale)
    except RAISED:
        return None
    return next((table for table in tables if is_fills(table)), None)


def _says_when(fills: Table) -> bool:
    return "decided" in fills.columns


def _too_early(fills: Table, bars: Bars) -> BrokenFill | None:
    """Return the first fill whose bar opened before its decision was known."""
    if not _says_when(fills):
        return None
    decided = fills.columns["decided"].astype(np.int64)
    # A bar of a day or longer is labelled by its date; it opens after the close of the one before.
    is_daily = INTERVAL_MINUTES.get(bars.interval, 0) >= 24 * 60
    early = fills.rows <= decided if is_daily else bars.ts[fills.rows] < bars.known_at[decided]
    if not early.any():
        return None
    place = int(np.argmax(early))
    return BrokenFill(
        bar=int(fills.rows[place]),
        column="decided",
        full=int(fills.rows[place]),
        other=int(decided[place]),
        reason="it fills before its decision is known",
    )


def _at(fills: Table, row: int, reasons: tuple[str, ...] = ()) -> list[tuple[Any, Any]]:
    """Return what each fill in bar `row` is, and its price; only those for `reasons` where some are given."""
    names = [name for name in ("side", "quantity") if name in fills.columns]
    found = []
    for place in np.flatnonzero(fills.rows == row).tolist():
        reason = str(fills.columns["reason"][place]) if "reason" in fills.columns else ""
        if reasons and reason not in reasons:
            continue
        # A stop in place of a signal is another fill; a user's own words may hold the price, and tell nothing.
        what = (reason if reason in _REASONS else "", *(_rounded(fills.columns[name][place]) for name in names))
        found.append((what, fills.columns["price"][place]))
    return found


def _rounded(value: Any) -> Any:
    return round(float(value), 9) if isinstance(value, float) else value


def _change(full: Table, moved: Table, row: int, reasons: tuple[str, ...] = ()) -> BrokenFill | None:
    """Return what of the fills in bar `row`, or of those for `reasons`, changed with the close of that bar."""
    ours, theirs = _at(full, row, reasons), _at(moved, row, reasons)
    if [what for what, _ in ours] != [what for what, _ in theirs]:
        return BrokenFill(
            bar=row,
            column="fill",
            full=ours[0][1] if ours else None,
            other=theirs[0][1] if theirs else None,
            reason="whether and how much it fills depends on the close of its own bar, which is known only when the bar is over",
        )
    for (_, price), (_, other) in zip(ours, theirs, strict=True):
        if abs(float(price) - float(other)) > 1e-10 * abs(float(price)):
            return BrokenFill(
                bar=row,
                column="price",
                full=price,
                other=other,
                reason="its price moves with the close that decided it",
            )
    return None


def _follows_decision(
    account: Callable[[Bars], Any], bars: Bars, scale: Scale, full: Table, rows: NDArray[np.int64], at_open: bool
) -> BrokenFill | None:
    """Return a fill whose price moves when only the close that decided it does."""
    if not at_open and not _says_when(full):
        return None
    # Levels, such as a stop, may be set by the deciding close.
    reasons = _AT_THE_OPEN if at_open else ()
    for row in rows.tolist():
        if not _at(full, row, reasons):
            continue
        decided = row - 1 if at_open else int(full.columns["decided"][np.searchsorted(full.rows, row)])
        if decided < 0:
            continue
        for to in ("low", "high"):
            moved = _fills(account, with_close(bars, decided, to), scale)
            change = None if moved is None else _change(full, moved, row, reasons)
            # Whether it fills, and how much, may follow the deciding close; its price may not.
            if change is not None and change.column == "price":
                return change
    return None
