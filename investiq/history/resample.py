"""Bars of a longer interval from those of a shorter one, each known when it is complete and not before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.types import INTERVAL_MINUTES, Interval, parse_interval
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import label_text

__all__ = ["resample"]

FloatArray = NDArray[np.float64]
InstantArray = NDArray[np.datetime64]
Rows = NDArray[np.intp]

_ROUNDING: Final = 1e-12


def resample(bars: Bars, interval: Interval, *, partial: bool = False) -> Bars:
    """Return the bars of a longer interval that the exchange calendar makes of `bars`.

    First open, highest high, lowest low, last close, sum of volume and trades,
    vwap weighted by volume, flags joined. Intraday bars are counted from the
    open of the session (of each half of one that pauses) and closed on the
    left; weeks are ISO weeks, months calendar months.

    Parameters
    ----------
    bars : Bars
        Intraday or daily; raw or adjusted.
    interval : str
        ``"5min"`` to ``"1mo"``, not shorter than that of `bars`; the same one
        returns `bars`.
    partial : bool, default False
        Whether to keep a last bar that is not complete. It bears
        `Flag.PARTIAL`, is known when its newest part is, and changes with every
        part that follows: to be looked at, not to be computed with.

    Returns
    -------
    Bars
        Labelled by the opening instant, or the first session of the day, week
        or month by the calendar. A bar is known when the part that ends it by
        the calendar is (holidays and early closes counted); where that part has
        no bar, when the next bar shows that none will come. The passport is
        kept, with notes on what was done.

    Raises
    ------
    ConfigError
        If `interval` is unknown.
    DataError
        If `interval` is shorter than that of `bars` or their bars straddle its
        ends, or a label is no session of the calendar.

    Notes
    -----
    ``resample(bars.until(t), i).until(t)`` and ``resample(bars, i).until(t)``
    hold the same bars at every t. Two bars shown complete by one and the same
    part are known one microsecond apart.

    The first bar of a series that begins inside it is kept, as it never changes,
    with `Flag.PARTIAL` and a note.

    Raw prices of a bar with a split inside are in shares after the split, as
    the factor of the bar is that of its last part; so is the volume. A dividend
    inside a bar leaves raw highs and lows as traded, whose product with
    the one total factor of the bar is too high before the ex-date: for total
    returns adjust first, ``resample(bars.adjusted(), "1w")``.

    Examples
    --------
    >>> import investiq as iq
    >>> weekly = resample(iq.load_bars("^GSPC", start="2018-11-12", end="2018-11-28"), "1w")
    >>> weekly.ts.astype("datetime64[D]").tolist()[-1]  # the week of the 26th has not ended
    datetime.date(2018, 11, 19)
    >>> weekly.known_at.tolist()[-1]  # the Friday after Thanksgiving closes at 13:00 New York
    datetime.datetime(2018, 11, 23, 18, 0)
    """
    target = parse_interval(interval)
    if target == bars.interval:
        return bars
    _refuse_unnested(bars, target)
    inside, stray = _inside_sessions(bars)
    if not inside.size:
        return _joined(bars, target, inside, None, [])
    bins = _bins(bars, target, inside)
    notes = [*_stray_note(bars, stray), *_factor_notes(bars, bins)]
    late = np.flatnonzero(~bins.is_ended[:-1])
    if late.size:
        text = (
            f"{bars.symbol}: {late.size} {target} bar(s) lack the part that ends them, so each counts as known "
            "only when the next bar shows that none will come"
        )
        notes.append(Note(code="resampled_late", text=text, rows=int(late.size), severity="info"))
    if bins.is_short_first:
        text = (
            f"{bars.symbol}: the series begins inside its first {target} bar, {label_text(bins.labels[0], target)}; "
            "that bar tells of its later part only and is flagged PARTIAL"
        )
        notes.append(Note(code="resampled_first_partial", text=text, rows=1))
    if not bins.is_ended[-1]:
        what = "kept, flagged PARTIAL, and will change" if partial else "left out; partial=True keeps it"
        text = f"{bars.symbol}: the last {target} bar, {label_text(bins.labels[-1], target)}, is not complete: {what}"
        notes.append(Note(code="resampled_last_partial", text=text, rows=1, severity="caution" if partial else "info"))
    return _joined(bars, target, inside, bins, notes, partial=partial)


class _Bins(NamedTuple):
    """The parts of each new bar, as positions among the bars inside sessions."""

    firsts: Rows
    lasts: Rows
    labels: InstantArray
    known_at: InstantArray
    is_ended: NDArray[np.bool_]
    is_short_first: bool
    rows: Rows


def _refuse_unnested(bars: Bars, target: Interval) -> None:
    if INTERVAL_MINUTES[target] < INTERVAL_MINUTES[bars.interval]:
        raise DataError(
            f"{bars.symbol}: {target} bars cannot be made from longer ones, {bars.interval}; load bars of {target} or shorter"
        )
    if bars.interval == "1w":
        raise DataError(f"{bars.symbol}: weeks reach across the ends of months; make {target} bars from daily ones")


def _day_ends(bars: Bars) -> InstantArray:
    """Return when the last bar of each session of the calendar ends: at its close, or after the hours that follow it."""
    ends = calendars.schedule(bars.passport.calendar).closes
    if not _is_extended(bars):
        return ends
    begins, closes = hours.EXTENDED_HOURS[bars.passport.calendar][1].from_midnight
    later: InstantArray = ends + (closes - begins)
    return later


def _is_extended(bars: Bars) -> bool:
    calendar = bars.passport.calendar
    return bars.interval != "1d" and bars.passport.session == "extended" and hours.has_extended_hours(calendar)


def _inside_sessions(bars: Bars) -> tuple[Rows, Rows]:
    """Return the rows of the bars inside the hours of the market, and of the others."""
    calendar = bars.passport.calendar
    if bars.interval == "1d":
        calendars.closes(calendar, bars.ts)  # refuses a date that is no session
        return np.arange(len(bars)), np.arange(0)
    is_inside = hours.phases(calendar, bars.ts) != "closed" if _is_extended(bars) else hours.is_open(calendar, bars.ts)
    return np.flatnonzero(is_inside), np.flatnonzero(~is_inside)


def _bins(bars: Bars, target: Interval, rows: Rows) -> _Bins:
    """Return the parts of each new bar and when it is known."""
    ts, known = bars.ts[rows], bars.known_at[rows]
    day_ends = _day_ends(bars)
    table = calendars.schedule(bars.passport.calendar)
    if bars.interval == "1d":
        day = np.searchsorted(table.dates, ts)
        part_ends = day_ends[day]
    else:
        day = np.searchsorted(day_ends, ts, side="right")
        part_ends = _stretch_cut(bars, ts, bars.interval)
    if INTERVAL_MINUTES[target] < INTERVAL_MINUTES["1d"]:
        grid = hours.expected_labels(bars.passport.calendar, table.dates[np.unique(day)], target, bars.passport.session)
        labels = grid[np.searchsorted(grid, ts, side="right") - 1]
        ends, begins = _stretch_cut(bars, labels, target), labels
        _refuse_straddling(bars, target, ts, part_ends > ends)
    else:
        periods = _periods(table.dates, target)
        opening = np.searchsorted(periods, periods[day], side="left")
        labels = table.dates[opening]
        ends = day_ends[np.searchsorted(periods, periods[day], side="right") - 1]
        begins = labels if bars.interval == "1d" else table.opens[opening]
    firsts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    lasts = np.r_[firsts[1:], ts.size] - 1
    is_ended = part_ends[lasts] >= ends[lasts]
    # Of a bar without its last part the next bar, the first of another, tells that it is over.
    shown = np.where(is_ended, known[lasts], known[np.minimum(lasts + 1, ts.size - 1)])
    order = np.arange(shown.size)
    known_at = (np.maximum.accumulate(shown.astype(np.int64) - order) + order).astype("datetime64[us]")
    return _Bins(
        firsts=firsts,
        lasts=lasts,
        labels=labels[firsts],
        known_at=known_at,
        is_ended=is_ended,
        is_short_first=bool(ts[0] > begins[0]),
        rows=rows,
    )


def _stretch_cut(bars: Bars, starts: InstantArray, interval: Interval) -> InstantArray:
    """Return the end of intraday bars: start + interval, but not past the next opening, pause or close."""
    table = calendars.schedule(bars.passport.calendar)
    low, high = np.searchsorted(_day_ends(bars), starts[[0, -1]], side="right")
    days = slice(low, high + 1)
    pauses = table.pause_starts[days]
    turns = (table.opens[days], table.closes[days], _day_ends(bars)[days], pauses[~np.isnat(pauses)])
    edges = np.unique(np.concatenate(turns))
    nominal = starts + np.timedelta64(INTERVAL_MINUTES[interval], "m")
    cut: InstantArray = np.minimum(nominal, edges[np.searchsorted(edges, starts, side="right")])
    return cut


def _periods(dates: InstantArray, interval: Interval) -> NDArray[np.int64]:
    """Return the number of the day, ISO week or month of each session."""
    days = dates.astype("datetime64[D]")
    if interval == "1mo":
        return days.astype("datetime64[M]").astype(np.int64)
    # 1970-01-01 was a Thursday: day 0 lies three days after its Monday.
    return (days.astype(np.int64) + 3) // 7 if interval == "1w" else days.astype(np.int64)


def _refuse_straddling(bars: Bars, target: Interval, ts: InstantArray, straddles: NDArray[np.bool_]) -> None:
    if straddles.any():
        first = label_text(ts[np.argmax(straddles)], bars.interval)
        raise DataError(
            f"{bars.symbol}: {straddles.sum()} {bars.interval} bar(s) reach past the end of a {target} bar counted from the open, "
            f"first {first}; load bars that are counted from the open too, or shorter ones"
        )


def _joined(
    bars: Bars, target: Interval, rows: Rows, bins: _Bins | None, notes: list[Note], *, partial: bool = False
) -> Bars:
    """Return the bars that `bins` describe, none where there is none."""
    said = Note(
        code="resampled",
        text=(
            f"{bars.symbol}: {target} bars made from {bars.interval} bars by the calendar {bars.passport.calendar}; "
            "each is known when its last part is"
        ),
        severity="info",
    )
    passport = dataclasses.replace(bars.passport, notes=(*bars.passport.notes, said, *notes))
    if bins is None:
        return dataclasses.replace(bars[:0], interval=target, passport=passport)
    count = bins.firsts.size if partial or bins.is_ended[-1] else bins.firsts.size - 1
    flags = np.bitwise_or.reduceat(bars.flags[rows], bins.firsts)
    if bins.is_short_first:
        flags[0] |= Flag.PARTIAL
    if not bins.is_ended[-1]:
        flags[-1] |= Flag.PARTIAL
    columns: dict[str, Any] = _columns(bars, bins) | {"flags": flags, "ts": bins.labels, "known_at": bins.known_at}
    made = Bars(
        symbol=bars.symbol,
        interval=target,
        basis=bars.basis,
        passport=passport,
        **{name: values[:count] for name, values in columns.items()},
    )
    return made._derived(actions=_actions_until(bars, bins, count))


def _columns(bars: Bars, bins: _Bins) -> dict[str, FloatArray]:
    """Return prices, volume and factors of each bar, in the shares of its last part."""
    rows, firsts, lasts = bins.rows, bins.firsts, bins.lasts
    factor = bars.split_factor[rows]
    shares = factor / np.repeat(factor[lasts], np.diff(np.r_[firsts, rows.size]))
    scale = shares if bars.basis == "raw" else np.ones(rows.size)
    opened, high, low, close = ((getattr(bars, name)[rows] * scale) for name in ("open", "high", "low", "close"))
    volume = bars.volume[rows] / scale
    columns: dict[str, Any] = {
        "open": opened[firsts],
        "high": np.maximum.reduceat(high, firsts),
        "low": np.minimum.reduceat(low, firsts),
        "close": close[lasts],
        "volume": np.add.reduceat(volume, firsts),
        "split_factor": factor[lasts],
        "total_factor": bars.total_factor[rows][lasts],
    }
    if bars.vwap is not None:
        # A part in which nothing traded has no average and no weight.
        paid = np.where(volume == 0, 0.0, bars.vwap[rows] * scale * volume)
        total, traded = np.add.reduceat(paid, firsts), columns["volume"]
        columns["vwap"] = np.divide(total, traded, out=np.full(traded.size, np.nan), where=traded > 0)
    if bars.trades is not None:
        columns["trades"] = np.add.reduceat(bars.trades[rows], firsts)
    return columns


def _actions_until(bars: Bars, bins: _Bins, count: int) -> tuple[Any, ...]:
    """Return the actions behind the factors of the first `count` bars, which a label alone does not tell."""
    if not count:
        return ()
    last = bars.ts[bins.rows[bins.lasts[count - 1]]].astype("datetime64[D]").item()
    return tuple(action for action in bars.actions if action.ex_date <= last)


def _stray_note(bars: Bars, stray: Rows) -> Iterator[Note]:
    if stray.size:
        text = (
            f"{bars.symbol}: {stray.size} bar(s) outside the {bars.passport.session} hours of {bars.passport.calendar} were left "
            f"out, first {label_text(bars.ts[stray[0]], bars.interval)}"
        )
        yield Note(code="resampled_outside_hours", text=text, rows=int(stray.size))


def _factor_notes(bars: Bars, bins: _Bins) -> Iterator[Note]:
    """Tell of splits and dividends inside a bar of raw prices."""
    if bars.basis != "raw":
        return
    split, total = bars.split_factor[bins.rows], bars.total_factor[bins.rows]
    splits = int((split[bins.firsts] != split[bins.lasts]).sum())
    if splits:
        text = f"{bars.symbol}: {splits} bar(s) have a split inside; their prices and volume are in shares after it"
        yield Note(code="resampled_split", text=text, rows=splits, severity="info")
    cash = total / split
    # The quotient of two products is rounded; no dividend is that small.
    dividends = int((np.abs(cash[bins.lasts] / cash[bins.firsts] - 1) > _ROUNDING).sum())
    if dividends:
        text = (
            f"{bars.symbol}: {dividends} bar(s) have a dividend inside; raw opens, highs and lows before it are as traded, so for "
            "total returns resample bars.adjusted()"
        )
        yield Note(code="resampled_dividend", text=text, rows=dividends, severity="info")
