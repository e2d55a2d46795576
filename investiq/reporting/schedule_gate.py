"""The gate before a scheduled run: no report from bars that are older than its schedule allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from investiq.core.calendar import session_dates
from investiq.history.instants import label_text
from investiq.market.freshness import expected_last
from investiq.reporting.schedule_file import Schedule
from investiq.runtime.settings import load_settings

__all__ = ["newest_label", "stale_reason"]


def newest_label(symbol: str) -> np.datetime64:
    """Return the label of the newest daily bar that a report on `symbol` would load now."""
    from investiq.market.loading import load_bars

    return np.datetime64(load_bars(symbol).frame.index[-1].tz_convert(None), "us")


def stale_reason(schedule: Schedule, now: datetime, newest: Callable[[str], np.datetime64] = newest_label) -> str:
    """Return why the data are too old for this schedule, with what was expected and found; empty where they are not.

    Parameters
    ----------
    schedule : Schedule
    now : datetime
        Aware.
    newest : callable
        Label of the newest bar of a symbol.

    Raises
    ------
    VendorError, DataError
        If the bars of a symbol cannot be loaded.
    """
    if schedule.max_age_sessions is None:
        return ""
    grace = timedelta(minutes=load_settings().freshness_minutes)
    expected = expected_last(schedule.calendar, "1d", now, grace=grace)
    found = []
    for symbol in schedule.fresh_symbols:
        last = newest(symbol)
        # The session of the newest bar itself is not behind.
        behind = max(session_dates(schedule.calendar, last, expected).size - 1, 0)
        if behind > schedule.max_age_sessions:
            found.append(
                f"{symbol}: newest bar is {label_text(last, '1d')}, expected {label_text(expected, '1d')}, "
                f"{behind} sessions behind, {schedule.max_age_sessions} allowed"
            )
    return "; ".join(found)
