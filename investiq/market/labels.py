"""Are labels where they should be: on sessions, in UTC, on the right side of a change of clocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar as calendars
from investiq.core.types import INTERVAL_MINUTES, Interval, Session

__all__ = ["LabelFault", "Labels", "check_labels"]

InstantArray = NDArray[np.datetime64]
BoolArray = NDArray[np.bool_]

# A shift of all labels by a day leaves four of five on a session; a few strays leave nearly all.
_SUSPECT_SHARE: Final = 0.90
_EXPLAINED_SHARE: Final = 0.98
# Fewer labels than a week's fit several shifts.
_FEWEST: Final = 5
_DAY: Final = np.timedelta64(1, "D")
_HOUR: Final = np.timedelta64(1, "h")


class LabelFault(NamedTuple):
    """One mistake: its check, the labels concerned and what is wrong."""

    check: str
    ts: InstantArray
    text: str


class Labels(NamedTuple):
    """Mistakes, and the labels as they should be where one mistake explains them all (else as given)."""

    faults: tuple[LabelFault, ...]
    corrected: InstantArray


def check_labels(ts: InstantArray, interval: Interval, calendar: str, session: Session = "regular") -> Labels:
    """Return the mistakes in the labels of bars.

    Parameters
    ----------
    ts : ndarray of datetime64[us], shape (n_bars,)
        Ascending, without duplicates, meant as UTC.
    interval, calendar : str
    session : {"regular", "extended"}
        Bars before and after the regular session cannot be judged.

    Notes
    -----
    Daily: labels on no session, or all of them a day beside one. Intraday:
    exchange time labelled as UTC, one side of a change of clocks an hour off,
    bars outside a session or off the interval's grid. Labels of weeks and months,
    and markets that never close, have nothing to be compared with.
    """
    if not ts.size or interval in ("1w", "1mo") or calendar == "24/7":
        return Labels((), ts)
    if interval == "1d":
        return _daily(ts, calendar)
    return Labels((), ts) if session == "extended" else _intraday(ts, interval, calendar)


def _daily(ts: InstantArray, calendar: str) -> Labels:
    days = ts.astype("datetime64[D]").astype("datetime64[us]")
    faults = []
    if (timed := days != ts).any():
        text = f"{timed.sum()} daily label(s) carry a time of day; a daily bar is labelled by its session date at 00:00 UTC"
        faults.append(LabelFault("daily_label_time", ts[timed], text))
    sessions = calendars.session_dates(calendar, days[0] - 7 * _DAY, days[-1] + 7 * _DAY)
    on_session = np.isin(days, sessions)
    if on_session.mean() < _SUSPECT_SHARE and days.size >= _FEWEST:
        for step, words in ((_DAY, "before"), (-_DAY, "after")):
            share = np.isin(days + step, sessions).mean()
            if share >= _EXPLAINED_SHARE:
                text = (
                    f"only {on_session.mean():.0%} of the labels are sessions of {calendar}, but {share:.0%} lie one day {words} "
                    "one: the dates were read in the wrong zone"
                )
                moved = (days + step).astype("datetime64[us]")
                return Labels((*faults, LabelFault("shifted_labels", ts, text)), moved)
    if not on_session.all():
        text = f"{(~on_session).sum()} label(s) are no session of {calendar}"
        faults.append(LabelFault("off_session", ts[~on_session], text))
    return Labels(tuple(faults), days)


def _intraday(ts: InstantArray, interval: Interval, calendar: str) -> Labels:
    fits = _fits(ts, interval, calendar)
    if fits.mean() < _SUSPECT_SHARE and ts.size >= _FEWEST:
        moved = _read_as_local(ts, calendar)
        known = ~np.isnat(moved)
        share = _fits(moved[known], interval, calendar).sum() / ts.size
        if share >= _EXPLAINED_SHARE:
            text = (
                f"only {fits.mean():.0%} of the labels lie in a session of {calendar}, but {share:.0%} do when they are read as "
                f"{calendars.time_zone(calendar)}: exchange time was labelled UTC"
            )
            return Labels((LabelFault("exchange_time_as_utc", ts, text),), np.where(known, moved, ts))
    faults, corrected = [], ts.copy()
    for rows, step, share in _missed_clock_changes(ts, fits, interval, calendar):
        text = (
            f"{rows.sum()} label(s) of one side of the change of clocks lie an hour {'late' if step < 0 * _HOUR else 'early'}: "
            f"{share:.0%} of them lie in a session when moved, {fits[rows].mean():.0%} as they are"
        )
        faults.append(LabelFault("clock_change_missed", ts[rows], text))
        corrected[rows] += step
    stray = ~_fits(corrected, interval, calendar)
    if stray.any():
        text = f"{stray.sum()} label(s) lie outside the sessions of {calendar} or off the grid of {interval} bars"
        faults.append(LabelFault("off_session", ts[stray], text))
    return Labels(tuple(faults), corrected)


def _fits(ts: InstantArray, interval: Interval, calendar: str) -> BoolArray:
    """Return whether each instant is traded, a multiple of the interval after the open, or after the end of the pause."""
    _, opens = calendars.holding_sessions(calendar, ts)
    known = calendars.schedule(calendar)
    rows = np.minimum(np.searchsorted(known.closes, ts, side="right"), known.closes.size - 1)
    # A comparison with NaT, no pause, is False.
    begins: InstantArray = np.where(ts >= known.pause_ends[rows], known.pause_ends[rows], opens)
    is_paused = (ts >= known.pause_starts[rows]) & (ts < known.pause_ends[rows])
    step = np.timedelta64(INTERVAL_MINUTES[interval], "m")
    since: NDArray[np.timedelta64] = ts - begins
    fits: BoolArray = ~np.isnat(opens) & ~is_paused & (since % step == np.timedelta64(0, "us"))
    return fits


def _read_as_local(ts: InstantArray, calendar: str) -> InstantArray:
    import pandas as pd

    local = pd.DatetimeIndex(ts).tz_localize(calendars.time_zone(calendar), ambiguous="NaT", nonexistent="NaT")
    utc: InstantArray = local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    return utc


def _missed_clock_changes(
    ts: InstantArray, fits: BoolArray, interval: Interval, calendar: str
) -> Iterator[tuple[BoolArray, np.timedelta64, float]]:
    """Yield the labels of one offset from UTC that an hour puts right, the hour, and the share it puts right."""
    if fits.all():
        return
    import pandas as pd

    local = pd.DatetimeIndex(ts, tz="UTC").tz_convert(calendars.time_zone(calendar)).tz_localize(None)
    offsets = local.to_numpy().astype("datetime64[us]") - ts
    for offset in np.unique(offsets):
        rows = offsets == offset
        if fits[rows].mean() >= _EXPLAINED_SHARE or rows.sum() < _FEWEST:
            continue
        for step in (-_HOUR, _HOUR):
            share = float(_fits(ts[rows] + step, interval, calendar).mean())
            if share >= _EXPLAINED_SHARE:
                yield rows, step, share
                break
