"""What a trade is worth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import quantstats

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.trade_expectancy import (
    expectancy,
    largest_loss,
    largest_win,
    payoff_ratio,
    r_multiples,
    system_quality_number,
    trade_kelly,
)

GA05 = np.array([100.0, -50.0, 150.0, -75.0, 200.0])


def test_the_worked_trades():
    # GA-05: mean 65, average win 150 over average loss 62.5, Kelly 0.6 - 0.4 / 2.4.
    assert expectancy(GA05) == 65.0
    assert payoff_ratio(GA05) == 2.4
    assert trade_kelly(GA05).full == pytest.approx(0.6 - 0.4 / 2.4)
    assert trade_kelly(GA05).half == pytest.approx(0.2166667)
    assert (largest_win(GA05), largest_loss(GA05)) == (200.0, -75.0)


def test_expectancy_over_the_mean_notional_is_a_fraction():
    # 65 over the mean of 1000 .. 5000, 3000.
    assert expectancy(GA05, np.arange(1000.0, 6000.0, 1000.0)) == pytest.approx(65 / 3000)


def test_a_flat_trade_is_neither_win_nor_loss():
    # Average win 100 and loss 50; winners 1/3, losers 1/3: 1/3 - (1/3) / 2.
    assert trade_kelly(np.array([100.0, 0.0, -50.0])).full == pytest.approx(1 / 6)


def test_a_losing_system_has_a_negative_kelly_fraction():
    # 0.25 - 0.75 / 1.
    assert trade_kelly(np.array([10.0, -10.0, -10.0, -10.0])).full == pytest.approx(-0.5)


def test_kelly_agrees_with_quantstats():
    returns = np.random.default_rng(2).normal(0.002, 0.03, 300)
    series = pd.Series(returns, index=pd.date_range("2020-01-01", periods=300))
    assert trade_kelly(returns).full == pytest.approx(quantstats.stats.kelly_criterion(series), rel=1e-12)


def test_the_interval_of_kelly_covers_nine_in_ten():
    # Wins of 2 and losses of 1 at even odds: the true fraction is 0.5 - 0.5 / 2 = 0.25.
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        found = trade_kelly(np.where(rng.random(120) < 0.5, 2.0, -1.0))
        covered += found.low <= 0.25 <= found.high
    assert 0.85 <= covered / 400 <= 0.95


def test_the_interval_of_kelly_by_hand():
    # Profits +1 and -1, half and half, n = 4: share 1/2, mean 0, mean gain 1/2, fraction 0. Only the mean has
    # influence, by share / gain = 1: (1, 1, -1, -1), whose deviation is sqrt(4 / 3), over sqrt(4).
    found = trade_kelly(np.array([1.0, 1.0, -1.0, -1.0]))
    assert (found.full, found.low, found.high) == pytest.approx((0.0, -1.644854 / 3**0.5, 1.644854 / 3**0.5), abs=1e-6)


def test_r_multiples_and_the_quality_number_of_tharp():
    # R of 2, -1, 2, -1: mean 0.5, sd sqrt(3); sqrt(4) x 0.5 / sqrt(3).
    multiples = r_multiples(np.array([200.0, -100.0, 400.0, -50.0]), np.array([100.0, 100.0, 200.0, 50.0]))
    np.testing.assert_array_equal(multiples, [2, -1, 2, -1])
    assert system_quality_number(multiples) == pytest.approx(1 / math.sqrt(3))


def test_the_quality_number_counts_a_hundred_trades_at_most():
    few, many = np.tile([2.0, -1.0], 50), np.tile([2.0, -1.0], 5_000)
    # Mean 0.5, sd 1.5 sqrt(n / (n - 1)).
    assert system_quality_number(few) == pytest.approx(10 * 0.5 / (1.5 * math.sqrt(100 / 99)))
    assert system_quality_number(many) == pytest.approx(10 * 0.5 / (1.5 * math.sqrt(10_000 / 9_999)))


def test_what_is_undefined_is_refused():
    with pytest.raises(InsufficientDataError, match="expectancy needs 5 closed trades, received 4"):
        expectancy(GA05[:4])
    with pytest.raises(InsufficientDataError, match="no losing trade"):
        trade_kelly(np.array([1.0, 2.0]))
    with pytest.raises(InsufficientDataError, match="no winning trade"):
        payoff_ratio(np.array([-1.0]))
    with pytest.raises(InsufficientDataError, match="no winning trade"):
        largest_win(np.array([-1.0]))
    with pytest.raises(InsufficientDataError, match="no losing trade"):
        largest_loss(np.array([1.0]))
    with pytest.raises(InsufficientDataError, match="needs 2 closed trades, received 1"):
        system_quality_number(np.array([1.0]))
    with pytest.raises(InsufficientDataError, match="all 3 trades are equal"):
        system_quality_number(np.full(3, 0.1))


def test_wrong_inputs_are_refused():
    with pytest.raises(DataError, match="risk must be above zero for every trade, the lowest is 0"):
        r_multiples(GA05, np.array([1.0, 1, 0, 1, 1]))
    with pytest.raises(DataError, match="entry_notional has 2 values, expected 5"):
        expectancy(GA05, np.array([1.0, 2.0]))
