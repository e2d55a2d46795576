"""Fixtures of the tests of execution."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from investiq.core.passport import Passport
from investiq.history.bars import Bars


@pytest.fixture
def two_bars() -> Bars:
    """Two days of one symbol; the second has no volume on record."""
    passport = Passport(
        symbol="TWO",
        provider="by hand",
        provenance="file",
        interval="1d",
        calendar="XNYS",
        price_basis="as_traded",
        known_at_rule="21:00 UTC",
        rows=2,
        first=datetime(2024, 1, 2, tzinfo=UTC),
        last=datetime(2024, 1, 3, tzinfo=UTC),
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
    ts = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[us]")
    return Bars(
        symbol="TWO",
        interval="1d",
        ts=ts,
        open=np.array([100.0, 2500.0]),
        high=np.array([101.0, 2510.0]),
        low=np.array([99.0, 2490.0]),
        close=np.array([100.5, 2506.850098]),
        volume=np.array([1000.0, np.nan]),
        known_at=ts + np.timedelta64(21, "h"),
        split_factor=np.ones(2),
        total_factor=np.ones(2),
        passport=passport,
    )
