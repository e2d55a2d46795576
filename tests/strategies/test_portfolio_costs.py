"""Turnover, costs and capacity, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.strategies import capacity, holding_period, turnover, turnover_costs

NAN = np.nan
MARKET = {"volatility": np.array([[0.02]]), "dollar_volume": np.array([[1e8]])}


def test_turnover_is_half_of_what_changes_and_holds_what_is_not_decided():
    weights = np.array([[0.6, NAN, 0.1], [-0.4, NAN, NAN]])
    assert turnover(weights).tolist() == pytest.approx([0.5, 0, 0.25])


def test_a_portfolio_that_is_replaced_every_fourth_bar_is_held_four_bars():
    # All of the money moves from one symbol to the other in bars 4 and 8: one-sided 2 in 8 bars.
    a = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1.0])
    assert holding_period(np.stack([a, 1 - a])) == 4
    assert holding_period(np.array([[1.0, 1.0, 1.0]])) == math.inf


def test_costs_are_basis_points_and_the_root_of_the_size():
    # 0.25 x (0.0005 + 0.1 x 0.02 x sqrt(0.25 x 4e6 / 1e8)) = 0.25 x (0.0005 + 0.0002).
    assert turnover_costs(np.array([[0.25]]), money_usd=4e6, cost_bps=5, **MARKET) == pytest.approx([0.000175])


def test_quiet_and_illiquid_symbols_count_at_their_floors():
    # 1 x 0.1 x 0.01 x sqrt(1 x 100,000 / 100,000).
    market = {"volatility": np.array([[0.001]]), "dollar_volume": np.array([[5.0]])}
    assert turnover_costs(np.array([[1.0]]), money_usd=1e5, cost_bps=0, **market) == pytest.approx([0.001])


def test_capacity_is_the_least_of_three_limits():
    # Impact of a dollar: 0.1 x 0.02 x sqrt(0.25 N / 1e8) = 1e-7 sqrt(N); 5 bps at N = 5000 ** 2.
    # Participation: 5 % of 1e8 over a quarter. Breakeven: 0.001 - 0.25 x 0.0005 = 0.25 x 1e-7 sqrt(N).
    found = capacity(np.array([[0.25]]), gross_return=0.001, cost_bps=5, **MARKET)
    assert found.by_impact == pytest.approx(25e6)
    assert found.by_participation == pytest.approx(20e6)
    assert found.by_breakeven == pytest.approx(35_000.0**2)
    assert found.usd == found.by_participation


def test_costs_that_eat_the_return_leave_no_capacity():
    assert capacity(np.array([[1.0]]), gross_return=0.0004, cost_bps=5, **MARKET).usd == 0
    assert capacity(np.array([[0.0]]), gross_return=0.01, cost_bps=5, **MARKET).usd == math.inf


def test_a_change_without_a_known_market_is_refused():
    market = {"volatility": np.array([[NAN, 0.02]]), "dollar_volume": np.array([[1e8, 1e8]])}
    assert turnover_costs(np.array([[NAN, 0.5]]), money_usd=1e6, cost_bps=5, **market)[0] == 0
    with pytest.raises(DataError, match=r"1 change.* have no volatility or dollar volume, first symbol 0 at bar 0"):
        turnover_costs(np.array([[0.5, 0.5]]), money_usd=1e6, cost_bps=5, **market)
    with pytest.raises(DataError, match="dollar_volume must have the shape of weights"):
        turnover_costs(np.array([[0.5]]), money_usd=1e6, cost_bps=5, **(MARKET | {"dollar_volume": np.array([1e8])}))
