from datetime import UTC, datetime

import numpy as np
import pytest

from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.history.bars import Bars


@pytest.fixture(scope="session")
def make_bars():
    """Return a maker of small Bars on the sessions from 2024-03-01 (a Friday) on, close at 21:00 UTC."""

    def make(close=(10.0, 11.0, 12.0, 11.5, 11.0), *, symbol="TEST", first="2024-03-01", **changes):
        close = np.asarray(close, dtype=float)
        days = np.busday_offset(first, np.arange(close.size), roll="forward")
        ts = days.astype("datetime64[us]")
        columns = {
            "ts": ts,
            "open": close,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": np.full(close.size, 100.0),
            "known_at": ts + np.timedelta64(21, "h"),
            "split_factor": np.ones(close.size),
            "total_factor": np.ones(close.size),
        }
        passport = Passport(
            symbol=symbol,
            provider="test",
            provenance="file",
            interval="1d",
            calendar="XNYS",
            price_basis="as_traded",
            known_at_rule="21:00 UTC",
            rows=close.size,
            first=datetime(2024, 3, 1, tzinfo=UTC),
            last=datetime(2024, 3, 7, tzinfo=UTC),
            missing_sessions=0,
            repairs=0,
            sha256="",
            notes=(Note(code="a_caution", text="a caution"),),
        )
        return Bars(symbol=symbol, interval="1d", passport=passport, **(columns | changes))

    return make
