"""What a strategy or a caller gives wrongly is refused where it is first seen, with words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError


@dataclass(frozen=True, kw_only=True)
class Gives(iq.strategies.Strategy):
    """Returns what it is given as its orders."""

    orders: Any
    warmup = 0

    def signals(self, bars):
        return self.orders


@dataclass(frozen=True, kw_only=True)
class Endless(iq.strategies.PanelStrategy):
    """Wants all there is of the second symbol, at the fourth close."""

    warmup = 0

    def target_weights(self, panel):
        weights = np.full(panel.close.shape, np.nan)
        weights[1, 3] = np.inf
        return weights


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("SYN001", start="2018")


@pytest.mark.parametrize("bar", [503, 508])
def test_a_signal_of_a_bar_that_is_not_there_names_it_and_the_bars(bars, bar):
    with pytest.raises(DataError, match=f"Gives gave a signal for bar {bar}, and there are 503 bars, 0 to 502"):
        iq.backtest(Gives(orders=[iq.Signal(bar=bar, side="buy")]), bars)


def test_a_signal_of_the_last_bar_is_taken(bars):
    assert len(iq.backtest(Gives(orders=[iq.Signal(bar=502, side="buy")]), bars).trades) == 0


def test_an_order_that_is_no_signal_is_refused(bars):
    with pytest.raises(DataError, match=r"signals\(\) of Gives returned a tuple, \(3, 'buy'\)"):
        iq.backtest(Gives(orders=[(3, "buy")]), bars)


def test_an_infinite_weight_names_its_symbol_and_bar():
    with pytest.raises(DataError, match="the target weight of SYN002 is inf in bar 3"):
        iq.backtest(Endless(), ["SYN001", "SYN002"])


def test_a_purge_below_zero_is_refused(bars):
    with pytest.raises(ConfigError, match="purge must be a whole number of at least 0, was -1"):
        iq.cross_validate(iq.strategies.Crossover, bars, fast=[5, 10], slow=20, purge=-1)


def test_monte_carlo_of_no_backtest_is_refused():
    with pytest.raises(ConfigError, match="result must be a backtest, was str 'x'"):
        iq.monte_carlo("x")
