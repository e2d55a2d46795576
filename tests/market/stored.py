"""Tables for the store, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from investiq.core import calendar

FACTS = {
    "calendar": "XNYS",
    "currency": "USD",
    "price_basis": "as_traded",
    "known_at_rule": "the close of the session",
    "source": "by hand",
}


def moment(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


def sessions(count: int, first: str = "2024-01-02") -> np.ndarray:
    start = np.datetime64(first)
    return calendar.session_dates("XNYS", start, start + np.timedelta64(2 * count + 10, "D"))[:count]


def bars_table(close, first: str = "2024-01-02", **columns) -> pd.DataFrame:
    """Daily bars of consecutive sessions: high and low one away from the close, volume 1,000."""
    close = np.asarray(close, dtype=float)
    ts = sessions(close.size, first)
    values = {
        "ts": pd.DatetimeIndex(ts, tz="UTC"),
        "open": close,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": np.full(close.size, 1_000.0),
        "known_at": pd.DatetimeIndex(calendar.known_at(ts, "1d", "XNYS"), tz="UTC"),
    }
    return pd.DataFrame(values | columns)


def minute_table(stamps, close=1.0) -> pd.DataFrame:
    ts = np.array(stamps, dtype="datetime64[us]")
    prices = {
        name: np.broadcast_to(np.asarray(close, dtype=float), ts.shape).copy()
        for name in ("open", "high", "low", "close")
    }
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(ts, tz="UTC"),
            **prices,
            "volume": 10.0,
            "known_at": pd.DatetimeIndex(ts + np.timedelta64(60, "s"), tz="UTC"),
        }
    )


def actions_table(*rows: dict) -> pd.DataFrame:
    """Actions known since 2023; a row gives kind, ex_date and what else it has."""
    frame = pd.DataFrame([{"kind": "split", "known_at": "2023-12-01", **row} for row in rows])
    for name in ("ex_date", "known_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame
