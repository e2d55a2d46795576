"""Sizes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import (
    ConfidenceSize,
    DonchianTrend,
    FixedMoney,
    FixedShares,
    KellySize,
    OpeningRange,
    RegimeSize,
    RiskSize,
    Sized,
    VolatilityTarget,
    kelly_fraction,
)

# On these bars, each 1 high at a close of 10, the average true range is 1 and a stop of two ranges 20 % away.
FLAT = [10.0] * 30


@pytest.fixture
def buy_last(scripted):
    """Buys on bar 29, with confidence 0.35."""
    return scripted(codes=(0,) * 29 + (1,), sure=(0.35,) * 30)


def size_of(strategy, bars):
    (order,) = strategy.signals(bars)
    assert order.bar == 29
    return order


@pytest.mark.parametrize("factor", [1, 2])
def test_a_risk_of_three_percent_over_a_stop_twenty_percent_away_is_a_weight_of_fifteen(bars_of, buy_last, factor):
    bars = bars_of(FLAT, total_factor=[factor] * 30)
    assert size_of(Sized(strategy=buy_last, sizer=RiskSize()), bars).weight == pytest.approx(0.03 / 0.2)


def test_a_size_by_risk_has_a_limit(bars_of, buy_last):
    # 0.25 of the equity over a stop 2 / 100 away would be 12.5 times the equity.
    bars = bars_of([100.0] * 30)
    assert size_of(Sized(strategy=buy_last, sizer=RiskSize(risk=0.25)), bars).weight == 1.0
    assert size_of(Sized(strategy=buy_last, sizer=RiskSize(risk=0.25, max_weight=0.4)), bars).weight == 0.4


def test_before_there_is_a_range_nothing_is_bought(bars_of, scripted):
    # The range of 14 bars begins with bar 14, since bar 0 has no close before it.
    every = Sized(strategy=scripted(codes=(1,) * 30), sizer=RiskSize())
    assert [each.bar for each in every.signals(bars_of(FLAT))] == list(range(14, 30))


def test_the_stop_that_the_size_rests_on_is_asked_of_the_run(buy_last):
    assert Sized(strategy=buy_last, sizer=RiskSize(atr_multiple=3.0)).run_options == {"atr_stop": 3.0, "atr_window": 14}
    with pytest.raises(ConfigError, match=r"DonchianTrend asks for atr_stop=2.0 and the sizer for 3.0"):
        Sized(strategy=DonchianTrend(), sizer=RiskSize(atr_multiple=3.0))
    both = Sized(strategy=DonchianTrend(), sizer=RiskSize())
    assert both.run_options == DonchianTrend().run_options


def test_kelly_by_hand():
    # 0.5 (0.55 x 3 - 1) / 2 = 0.1625, clipped to 0.05.
    assert kelly_fraction(0.55, 2.0, bounds=(0, 1)) == pytest.approx(0.1625)
    assert kelly_fraction(0.55, 2.0) == 0.05
    # 0.5 (0.335 x 3 - 1) / 2 = 0.00125 is an edge, if a small one: the least bet. 0.35: 0.0125.
    assert kelly_fraction(0.335, 2.0) == 0.0025
    assert kelly_fraction(0.35, 2.0) == pytest.approx(0.0125)
    # No edge at 1/3, a negative one below: nothing. An even bet at 0.6: 0.4 (0.6 x 2 - 1) = 0.08.
    assert kelly_fraction(np.array([1 / 3 - 1e-9, 0.0, np.nan]), 2.0)[:2].tolist() == [0.0, 0.0]
    assert np.isnan(kelly_fraction(np.nan, 2.0))
    assert kelly_fraction(0.6, 1.0, 0.4, bounds=(0, 1)) == pytest.approx(0.08)
    # A certainty is taken for 0.99: 0.5 (0.99 x 2 - 1) = 0.49.
    assert kelly_fraction(1.0, 1.0, bounds=(0, 1)) == pytest.approx(0.49)


def test_kelly_sizes_the_loss_at_the_stop(bars_of, buy_last):
    bars = bars_of(FLAT)
    # Confidence 0.35: 0.0125 over a stop 20 % away.
    assert size_of(Sized(strategy=buy_last, sizer=KellySize(payoff=2.0)), bars).weight == pytest.approx(0.0625)
    # A probability of its own: 0.05, of which the risk allows 0.03.
    sure = Sized(strategy=buy_last, sizer=KellySize(payoff=2.0, probability=0.55))
    assert size_of(sure, bars).weight == pytest.approx(0.15)
    assert Sized(strategy=buy_last, sizer=KellySize(payoff=1.0)).signals(bars) == []


def test_kelly_needs_a_probability(bars_of, scripted):
    with pytest.raises(ConfigError, match="Scripted has no confidences to take as probabilities"):
        Sized(strategy=scripted(codes=(1,)), sizer=KellySize(payoff=2.0)).signals(bars_of([10]))


def test_a_volatility_target_over_the_volatility(bars_of, scripted):
    # Returns of ln 2 and -ln 2: sample deviation sqrt(2) ln 2 a bar, over two bars a year 2 ln 2.
    sizer = VolatilityTarget(volatility=0.10, window=2, periods_per_year=2)
    (order,) = Sized(strategy=scripted(codes=(1, 0, 1)), sizer=sizer).signals(bars_of([1.0, 2.0, 1.0]))
    assert (order.bar, order.weight) == (2, pytest.approx(0.10 / (2 * np.log(2))))


def test_a_volatility_of_zero_has_no_size(bars_of, buy_last):
    assert Sized(strategy=buy_last, sizer=VolatilityTarget(window=5)).signals(bars_of(FLAT)) == []


def test_a_weight_times_the_confidence(bars_of, buy_last, scripted):
    assert size_of(Sized(strategy=buy_last, sizer=ConfidenceSize(weight=0.2)), bars_of(FLAT)).weight == pytest.approx(
        0.07
    )
    (order,) = Sized(strategy=scripted(codes=(1,)), sizer=ConfidenceSize(weight=0.2)).signals(bars_of([10]))
    assert order.weight == 0.2


def test_a_regime_scales_the_size_that_there_is(bars_of, buy_last):
    # Closes that do not vary are calm: 0.85.
    bars = bars_of(FLAT)
    assert size_of(Sized(strategy=buy_last, sizer=RegimeSize(weight=0.2)), bars).weight == pytest.approx(0.17)
    by_risk = Sized(strategy=buy_last, sizer=RiskSize())
    assert size_of(Sized(strategy=by_risk, sizer=RegimeSize()), bars).weight == pytest.approx(0.85 * 0.15)


def test_fixed_shares_and_money_are_said_in_the_order(bars_of, buy_last):
    bars = bars_of(FLAT)
    shares = size_of(Sized(strategy=buy_last, sizer=FixedShares(shares=7)), bars)
    assert (shares.quantity, shares.notional, shares.weight) == (7, None, None)
    money = size_of(Sized(strategy=buy_last, sizer=FixedMoney(amount_usd=500)), bars)
    assert (money.quantity, money.notional, money.weight) == (None, 500, None)
    assert Sized(strategy=buy_last, sizer=FixedShares(shares=7)).sizes(bars) is None


def test_fixed_shares_replace_the_weight_of_a_strategy_and_of_its_orders(bars_of, scripted):
    (order,) = Sized(strategy=scripted(codes=(1,), large=(0.5,)), sizer=FixedShares(shares=7)).signals(bars_of([10]))
    assert (order.quantity, order.weight) == (7, None)
    assert Sized(strategy=OpeningRange(), sizer=RiskSize()).has_own_orders
    assert not Sized(strategy=scripted(codes=(1,)), sizer=RiskSize()).has_own_orders


def test_a_size_of_shares_cannot_be_scaled(buy_last):
    fixed = Sized(strategy=buy_last, sizer=FixedShares(shares=7))
    with pytest.raises(ConfigError, match="cannot be combined with another size"):
        Sized(strategy=fixed, sizer=RegimeSize())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RiskSize(risk=0.26), r"risk must lie in \(0, 0.25\]"),
        (lambda: RiskSize(risk=0.0), r"risk must lie in \(0, 0.25\]"),
        (lambda: FixedShares(shares=0), "shares must be a number above 0"),
        (lambda: KellySize(payoff=0), "payoff must be a number above 0"),
        (lambda: KellySize(payoff=2, fraction=1.5), "expected fraction <= 1"),
        (lambda: KellySize(payoff=2, probability=55), r"probability must lie in \[0, 1\]"),
        (lambda: Sized(strategy=DonchianTrend(), sizer=0.03), "sizer must be a Sizer such as"),
        (lambda: Sized(strategy=DonchianTrend, sizer=RiskSize()), "strategy must be one for a single symbol"),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
