"""Bars whose first leak can be told by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.records import Records
from tests.backtesting.conftest import make_bars


def bars_of(closes, symbol="TEST", seed=1) -> Bars:
    """Daily bars from Monday 2024-01-01 on, known at 21:00 UTC: each opens at the close before, with a wick of 1 %."""
    close = np.asarray(closes, dtype=float)
    opened = np.concatenate([close[:1], close[:-1]])
    volume = np.random.default_rng(seed).uniform(1e6, 2e6, close.size)
    rows = np.column_stack([opened, np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99, close, volume])
    return make_bars(rows.tolist(), symbol=symbol)


def walk(size=300, seed=0) -> np.ndarray:
    """A random walk."""
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.02, size)))


def filings(bars: Bars, ends, late: int, values) -> Records:
    """Earnings per share of periods that end at the bars `ends`, known `late` bars later."""
    ends = np.asarray(ends)
    frame = pd.DataFrame(
        {
            "eps": np.asarray(values, dtype=float),
            "known_at": pd.DatetimeIndex(bars.known_at[ends + late], tz="UTC"),
        },
        index=pd.DatetimeIndex(bars.ts[ends], tz="UTC", name="ts"),
    )
    return Records(
        kind="statements", name="eps", frame=frame, provider="test", source="", known_at_rule="filed", unit="USD"
    )


@pytest.fixture(scope="session")
def bars() -> Bars:
    """300 random daily bars."""
    return bars_of(walk())


@pytest.fixture(scope="session")
def close(bars):
    """Their closes."""
    return bars.frame["close"]


@pytest.fixture(scope="session")
def rising() -> pd.Series:
    """100, 101, 102 and so on, 60 rows, but for a single low of 50 in row 20."""
    closes = np.arange(100.0, 160.0)
    closes[20] = 50.0
    return bars_of(closes).frame["close"]


@pytest.fixture(scope="session")
def history(bars) -> History:
    """The bars, a benchmark, and statements of periods that end at bars 40, 130 and 220, filed 15 bars later."""
    return History.of(
        bars,
        benchmark=bars_of(walk(seed=7), symbol="BENCH"),
        records=[filings(bars, [40, 130, 220], 15, [1.0, 2.0, 1.5])],
    )
