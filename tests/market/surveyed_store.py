"""A store by hand whose faults are known: a gap, a repeated and a broken row, a bad print, a late series."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from investiq.core import calendar
from investiq.market.contract import Request
from investiq.market.ingesting import keep
from investiq.market.store import Store
from investiq.runtime import clock
from tests.servers.scripted import ScriptedVendor

# A Friday, after the close: the bar of this session was due at 21:00 UTC.
NOW = datetime(2018, 6, 29, 22, 30, tzinfo=UTC)
# New York had 125 sessions from 2 January to 29 June 2018: 21 + 19 + 21 + 21 + 22 + 21 by month.
FIRST, LAST = "2018-01-02", "2018-06-29"


def session_table(first: str = FIRST, last: str = LAST) -> pd.DataFrame:
    """Daily bars of every session: the close goes 100, 101, 100, 101, ..., high and low one beyond."""
    days = calendar.session_dates("XNYS", np.datetime64(first), np.datetime64(last))
    close = 100.0 + np.arange(days.size) % 2
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(days, tz="UTC"),
            "open": close, "high": close + 1, "low": close - 1, "close": close,
            "volume": 1_000.0 + np.arange(days.size) % 7,
        }
    )  # fmt: skip


def without(table: pd.DataFrame, *days: str) -> pd.DataFrame:
    """The table without these sessions."""
    return table[~table["ts"].dt.strftime("%Y-%m-%d").isin(days)].reset_index(drop=True)


def fill(store: Store) -> None:
    """Keep five series as a vendor would have answered them on `NOW`."""
    whole = session_table()
    repeated = pd.concat([whole, whole.iloc[[40]].assign(close=100.5)], ignore_index=True)
    broken = whole.copy()
    broken.loc[60, "high"] = 50.0  # below its own low
    printed = whole.copy()
    # Row 90 of 125 is 150 where 100 was due, and the next takes it back.
    printed.loc[90, ["open", "high", "low", "close"]] = [100.0, 151.0, 99.0, 150.0]
    tables = {
        "GAP": without(whole, "2018-03-06", "2018-03-07", "2018-05-15"),
        "TWICE": repeated,
        "BROKEN": broken,
        "PRINT": printed,
        "LATE": session_table(last="2018-06-22"),
    }
    for symbol, table in tables.items():
        request = Request.of("bars", symbol)
        with clock.fixed(NOW):
            answer = ScriptedVendor({("bars", symbol): table}, source="by hand").fetch(request)
            keep(answer, store)
