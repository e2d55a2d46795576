"""Bars from closes, for the tests of the strategies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from investiq.core.passport import Passport
from investiq.history.bars import Bars
from investiq.strategies import Strategy


def bars_of_closes(closes: Sequence[float], total_factor: Sequence[float] | None = None) -> Bars:
    """Return bars whose high and low lie 0.5 around the close, on consecutive days."""
    close = np.array(closes, dtype=float)
    ts = np.datetime64("2024-01-01", "us") + np.arange(close.size) * np.timedelta64(1, "D")
    ones = np.ones(close.size)
    day = datetime(2024, 1, 1, tzinfo=UTC)
    passport = Passport(
        symbol="TEST", provider="test", provenance="file", interval="1d", calendar="24/7", price_basis="as_traded",
        known_at_rule="21:00 UTC", rows=close.size, first=day, last=day, missing_sessions=0, repairs=0, sha256="",
    )  # fmt: skip
    return Bars(
        symbol="TEST", interval="1d", ts=ts, open=close, high=close + 0.5, low=close - 0.5, close=close,
        volume=1e6 * ones, known_at=ts + np.timedelta64(21, "h"), split_factor=ones,
        total_factor=ones if total_factor is None else np.array(total_factor, dtype=float), passport=passport,
    )  # fmt: skip


@pytest.fixture
def bars_of() -> Callable[..., Bars]:
    """The builder `bars_of_closes`."""
    return bars_of_closes


@pytest.fixture(scope="session")
def gspc() -> Bars:
    """The sample's S&P 500, 5,031 daily bars."""
    import investiq as iq

    return iq.load_bars("^GSPC")


@pytest.fixture(scope="session")
def syn() -> Bars:
    """An invented share with splits and dividends, 2,516 daily bars."""
    import investiq as iq

    return iq.load_bars("SYN001")


@dataclass(frozen=True, kw_only=True)
class Scripted(Strategy):
    """Decides what it was told to."""

    codes: tuple[int, ...]
    sure: tuple[float, ...] | None = None
    large: tuple[float, ...] | None = None

    warmup = 0

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        return np.array(self.codes[: len(bars)], dtype=np.int8)

    def confidences(self, bars: Bars) -> NDArray[np.float64] | None:
        return None if self.sure is None else np.array(self.sure[: len(bars)])

    def sizes(self, bars: Bars) -> NDArray[np.float64] | None:
        return None if self.large is None else np.array(self.large[: len(bars)])


@pytest.fixture
def scripted() -> type[Scripted]:
    """A strategy that decides what it was told to."""
    return Scripted
