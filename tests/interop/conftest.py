"""Small markets made by hand, shared by the tests of other libraries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from investiq.core.passport import Passport
from investiq.history.bars import Bars

_MINUTES = {"60min": 60, "1d": 1440}


def make_bars(
    closes: list[float],
    *,
    symbol: str = "ONE",
    interval: str = "1d",
    first: str = "2024-01-01",
    split_factor: list[float] | None = None,
    total_factor: list[float] | None = None,
) -> Bars:
    """Return bars on a market that never closes; each opens at the close before and goes no further than both."""
    close = np.array(closes, dtype=float)
    split = np.ones(close.size) if split_factor is None else np.array(split_factor, dtype=float)
    # The open of a bar is the close before it, in its own shares.
    opening = np.concatenate((close[:1], close[:-1] * split[:-1] / split[1:]))
    minutes = np.timedelta64(_MINUTES[interval], "m")
    ts = np.datetime64(first, "us") + np.arange(close.size) * minutes
    start = ts[0].item().replace(tzinfo=UTC)
    passport = Passport(
        symbol=symbol,
        provider="by hand",
        provenance="file",
        interval=interval,
        calendar="24/7",
        price_basis="as_traded",
        known_at_rule="the end of the bar",
        rows=close.size,
        first=start,
        last=datetime(2024, 12, 31, tzinfo=UTC),
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
    return Bars(
        symbol=symbol,
        interval=interval,
        ts=ts,
        open=opening,
        high=np.maximum(opening, close),
        low=np.minimum(opening, close),
        close=close,
        volume=np.full(close.size, 1e7),
        known_at=ts + minutes,
        split_factor=split,
        total_factor=split if total_factor is None else np.array(total_factor, dtype=float),
        passport=passport,
    )


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., Bars]:
    """The builder `make_bars`."""
    return make_bars
