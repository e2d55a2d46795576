"""The confirmed MACD crossing, against TA-Lib."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from investiq.core.errors import ConfigError
from investiq.strategies import TrendCrossover

# The two ways in which a MACD can begin have come together by then.
SETTLED = 300


@pytest.fixture(scope="module")
def by_talib(gspc):
    """Decisions and RSI from TA-Lib's columns."""
    close = gspc.close
    rsi = talib.RSI(close, 14)
    histogram = talib.MACD(close, 12, 26, 9)[2]
    before = np.r_[np.nan, histogram[:-1]]
    above = (close > talib.SMA(close, 20)) & (close > talib.SMA(close, 50))
    below = (close < talib.SMA(close, 20)) & (close < talib.SMA(close, 50))
    buys = above & (rsi > 30) & (rsi < 70) & (histogram > 0) & (before <= 0)
    sells = below & ((rsi < 30) | (rsi > 70)) & (histogram < 0) & (before >= 0)
    return buys.astype(int) - sells.astype(int), rsi


def test_decides_as_the_same_rule_on_the_columns_of_talib(gspc, by_talib):
    expected, _ = by_talib
    decisions = TrendCrossover().decide(gspc)
    assert (expected[SETTLED:] == 1).sum() > 20
    np.testing.assert_array_equal(decisions[SETTLED:], expected[SETTLED:])


def test_a_buy_is_as_large_as_its_rsi_is_far_above_the_lower_bound(gspc, by_talib):
    _, rsi = by_talib
    strategy = TrendCrossover(weight=0.2)
    buys = [each for each in strategy.signals(gspc) if each.side == "buy" and each.bar > SETTLED]
    for each in buys:
        strength = min(1, (rsi[each.bar] - 30) / 40)
        assert each.confidence == pytest.approx(strength, abs=1e-6)
        assert each.weight == pytest.approx(0.2 * strength, abs=1e-6)


def test_a_sell_is_as_large_as_its_rsi_is_far_from_fifty(bars_of):
    # A steady fall that steepens: the RSI is 0, so the strength abs(0 - 50) / 50 is 1.
    fall = 300 - np.r_[np.arange(100) * 1.0, 100 + 2.0 * np.arange(1, 20)]
    sells = [each for each in TrendCrossover(allow_short=True).signals(bars_of(fall)) if each.side == "sell"]
    assert sells[-1].bar == 100
    assert (sells[-1].confidence, sells[-1].weight) == (1.0, 0.1)


def test_stop_and_target_and_no_gate_are_asked_of_the_run():
    assert TrendCrossover().run_options == {"stop_loss": 0.02, "take_profit": 0.04, "confidence_threshold": 0.0}
    assert TrendCrossover(allow_short=True).run_options["allow_short"] is True


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fast": 50, "slow": 20}, "fast must be below slow"),
        ({"rsi_low": 70.0}, "expected 0 <= rsi_low < rsi_high <= 100"),
        ({"weight": 0.0}, "weight must be a number above 0"),
    ],
)
def test_a_parameter_out_of_range_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        TrendCrossover(**wrong)
