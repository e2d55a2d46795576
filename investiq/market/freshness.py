"""Whether a series goes as far as it should: the newest bar against the one that its calendar expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.core.sessions import expected_labels
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.history.instants import instant, label_text
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "GRACE",
    "Freshness",
    "FreshnessMode",
    "SymbolFreshness",
    "check_freshness",
    "expected_last",
    "is_behind",
    "next_due",
]

FreshnessMode = Literal["per_symbol", "latest", "oldest", "median"]
# Of `INVESTIQ_FRESHNESS_MINUTES`, for those who pass none.
GRACE: Final = timedelta(minutes=30)
# Share of symbols that must be fresh, of the source of this gate.
REQUIRED_SHARE: Final = 0.9
_NOTHING: Final = timedelta(0)
# Longer than any exchange's holidays, by two weeks or months where a bar is so long.
_LOOK_BACK: Final = {"1w": np.timedelta64(35, "D"), "1mo": np.timedelta64(100, "D")}
_USUAL_LOOK_BACK: Final = np.timedelta64(21, "D")


def expected_last(
    calendar: str,
    interval: Interval,
    now: datetime,
    *,
    delay: timedelta = _NOTHING,
    settle: timedelta = _NOTHING,
    grace: timedelta = GRACE,
    end: np.datetime64 | None = None,
) -> np.datetime64:
    """Return the label of the newest bar that a complete series has at `now`.

    It is the last label of the calendar's grid whose ``known_at + grace`` has
    passed: neither a night, a weekend nor a holiday makes a series stale.

    Parameters
    ----------
    calendar : str
        Such as ``"XNYS"``.
    interval : str
    now : datetime
        Aware.
    delay, settle : timedelta
        Of the provider, as in `core.calendar.known_at`.
    grace : timedelta, default 30 minutes
    end : datetime64[us], optional
        Last label asked for: later bars are not expected.

    Raises
    ------
    DataError
        If the calendar does not reach so far.

    Examples
    --------
    >>> from datetime import UTC
    >>> sunday = datetime(2018, 12, 30, 12, tzinfo=UTC)
    >>> str(expected_last("XNYS", "1d", sunday))[:10]
    '2018-12-28'
    """
    moment = instant(now)
    latest = moment if end is None else min(moment, end)
    labels = _grid(calendar, interval, latest - _LOOK_BACK.get(interval, _USUAL_LOOK_BACK), latest)
    due = calendars.known_at(labels, interval, calendar, delay, settle) + np.timedelta64(grace)
    known = labels[due <= moment]
    if not known.size:
        raise DataError(f"{calendar} has no {interval} bar in the weeks before {label_text(latest, '1d')}")
    last: np.datetime64 = known[-1]
    return last


def next_due(
    calendar: str, interval: Interval, now: datetime, *, delay: timedelta = _NOTHING, settle: timedelta = _NOTHING
) -> datetime:
    """Return when the next bar becomes known after `now`: until then a complete series has nothing to add."""
    moment = instant(now)
    labels = _grid(calendar, interval, moment - _LOOK_BACK.get(interval, _USUAL_LOOK_BACK), moment + _USUAL_LOOK_BACK)
    known_at = calendars.known_at(labels, interval, calendar, delay, settle)
    due: datetime = known_at[known_at > moment][0].item()
    return due.replace(tzinfo=UTC)


def is_behind(last: np.datetime64, expected: np.datetime64, interval: Interval) -> bool:
    """Return whether a series that ends with the label `last` lacks the bar `expected`.

    Some vendors begin hours on the clock's hour, not at the exchange's open:
    an intraday bar is there if one that reaches past its beginning is there.
    """
    if interval in ("1d", "1w", "1mo"):
        return bool(last < expected)
    return bool(last + np.timedelta64(INTERVAL_MINUTES[interval], "m") <= expected)


@dataclass(frozen=True, kw_only=True)
class SymbolFreshness:
    """One symbol's newest label against the expected one; `reason` is empty where it is fresh."""

    symbol: str
    last: np.datetime64 | None
    is_fresh: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """The verdict on a set of series.

    Attributes
    ----------
    is_fresh : bool
    reason : str
        Why not, in one sentence.
    mode : str
    expected : datetime64[us]
        Label of the newest bar that a complete series has.
    share : float
        Of the symbols that are fresh, a fraction.
    symbols : tuple of SymbolFreshness
    """

    is_fresh: bool
    reason: str
    mode: FreshnessMode
    expected: np.datetime64
    share: float
    symbols: tuple[SymbolFreshness, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per symbol: last, is_fresh, reason."""
        import pandas as pd

        rows = [(each.symbol, each.last, each.is_fresh, each.reason) for each in self.symbols]
        table = pd.DataFrame(rows, columns=["symbol", "last", "is_fresh", "reason"])
        return table.astype({"last": "datetime64[us]"}).set_index("symbol")


def check_freshness(
    newest: Mapping[str, datetime | np.datetime64 | None],
    *,
    calendar: str = "XNYS",
    interval: Interval = "1d",
    now: datetime | None = None,
    delay: timedelta = _NOTHING,
    settle: timedelta = _NOTHING,
    grace: timedelta = GRACE,
    mode: FreshnessMode = "per_symbol",
    required_share: float = REQUIRED_SHARE,
) -> Freshness:
    """Judge whether the newest bars of a set of symbols are those that the calendar expects.

    Parameters
    ----------
    newest : mapping of str to datetime or datetime64, or None
        Label of each symbol's newest bar; None where it has none. A datetime
        must be aware; a datetime64 is UTC.
    calendar, interval, delay, settle, grace
        As in `expected_last`.
    now : datetime, optional
        Aware; by default the present moment.
    mode : {"per_symbol", "latest", "oldest", "median"}
        ``"per_symbol"`` asks that `required_share` of the symbols be fresh;
        the others judge one label of all: the newest, the oldest, the (lower) median.
    required_share : float, default 0.9

    Raises
    ------
    DataError
        If there is no symbol, a datetime is naive, or a parameter is out of range.

    Notes
    -----
    A label in the future is never fresh: it is a wrong stamp, and it would hide
    a stale series under ``"latest"``. It counts for no mode.

    Examples
    --------
    >>> from datetime import UTC
    >>> report = check_freshness(
    ...     {"A": np.datetime64("2018-12-28"), "B": np.datetime64("2018-12-27")},
    ...     now=datetime(2018, 12, 30, tzinfo=UTC),
    ... )
    >>> report.is_fresh, report.share
    (False, 0.5)
    """
    if not newest:
        raise DataError("no symbol to judge: pass at least one")
    if not 0 < required_share <= 1:
        raise DataError(f"required_share must lie in (0, 1], was {required_share}")
    moment = clock.now() if now is None else now
    if moment.tzinfo is None:
        raise DataError(f"now must be aware, was {moment!r}; add tzinfo=UTC")
    expected = expected_last(calendar, interval, moment, delay=delay, settle=settle, grace=grace)
    judged = tuple(_judged(symbol, last, expected, moment, interval) for symbol, last in newest.items())
    share = sum(each.is_fresh for each in judged) / len(judged)
    reason = _verdict(mode, judged, expected, interval, share, required_share, instant(moment))
    return Freshness(is_fresh=not reason, reason=reason, mode=mode, expected=expected, share=share, symbols=judged)


def _judged(
    symbol: str, last: datetime | np.datetime64 | None, expected: np.datetime64, now: datetime, interval: Interval
) -> SymbolFreshness:
    if last is None:
        return SymbolFreshness(symbol=symbol, last=None, is_fresh=False, reason="has no bar at all")
    if isinstance(last, datetime) and last.tzinfo is None:
        raise DataError(f"{symbol}: newest stamp {last} has no zone; pass an aware datetime or a datetime64 in UTC")
    label = instant(last, day_ends=False)
    reason = ""
    if label > instant(now):
        reason = f"newest stamp {label_text(label, interval)} lies in the future"
    elif is_behind(label, expected, interval):
        reason = f"newest bar is {label_text(label, interval)}, expected {label_text(expected, interval)}"
    return SymbolFreshness(symbol=symbol, last=label, is_fresh=not reason, reason=reason)


def _verdict(
    mode: FreshnessMode,
    judged: Iterable[SymbolFreshness],
    expected: np.datetime64,
    interval: Interval,
    share: float,
    required_share: float,
    now: np.datetime64,
) -> str:
    if mode == "per_symbol":
        stale = [each for each in judged if not each.is_fresh]
        if share >= required_share:
            return ""
        return (
            f"{share:.0%} of the symbols are fresh, {required_share:.0%} expected; {stale[0].symbol}: {stale[0].reason}"
        )
    if mode not in ("latest", "oldest", "median"):
        raise DataError(f"mode must be 'per_symbol', 'latest', 'oldest' or 'median', was {mode!r}")
    labels = sorted(each.last for each in judged if each.last is not None and each.last <= now)
    if not labels:
        return "no symbol has a bar with a stamp in the past"
    at = {"latest": len(labels) - 1, "oldest": 0, "median": (len(labels) - 1) // 2}[mode]
    if not is_behind(labels[at], expected, interval):
        return ""
    return f"the {mode} newest bar is {label_text(labels[at], interval)}, expected {label_text(expected, interval)}"


def _grid(calendar: str, interval: Interval, first: np.datetime64, last: np.datetime64) -> NDArray[np.datetime64]:
    """Return the labels of the calendar's regular grid in [first, last], ascending."""
    sessions = calendars.session_dates(calendar, first, last)
    labels = expected_labels(calendar, sessions, interval)
    return labels[(labels >= first) & (labels <= last)]
