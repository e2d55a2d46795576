"""Routes by regime and the policy on odds, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.engines.probabilistic.layer import ProbabilisticLayer
from investiq.engines.probabilistic.regimes import REGIMES
from investiq.history.history import History
from investiq.strategies import EqualWeightMonthly, MeanReversion, Momentum, OddsPolicy, Routed
from investiq.strategies.base import Column
from investiq.strategies.columns import table

# 40 quiet days, 30 that rise by 1 %, 30 of 4 % both ways, 30 of 1 % both ways, 30 that fall by 1 %, 20 of 4 % both ways.
MOVES = np.concatenate(
    [
        np.tile([0.003, -0.003], 20),
        np.tile([0.012, 0.008], 15),
        np.tile([0.04, -0.04], 15),
        np.tile([0.01, -0.01], 15),
        np.tile([-0.012, -0.008], 15),
        np.tile([0.04, -0.04], 10),
    ]
)


@pytest.fixture
def bars(bars_of):
    return bars_of(100 * np.exp(np.concatenate([[0.0], np.cumsum(MOVES)])))


@pytest.fixture
def regimes(bars):
    (codes,) = table((Column("regime", (20,)),), bars)
    return [None if np.isnan(code) else REGIMES[int(code)] for code in codes]


def test_the_regime_of_each_close_says_who_decides(bars, regimes, scripted):
    # One buys and sells at every bar, the other buys at every bar.
    both, buys = (scripted(codes=(code,) * len(bars)) for code in (2, 1))
    decisions = Routed(trending=both, ranging=buys).decide(bars).tolist()
    assert {"trend_up", "trend_down", "calm", "sideways", "high_volatility"} <= set(regimes)
    ran = None
    for bar, regime in enumerate(regimes):
        if regime in ("trend_up", "trend_down"):
            ran, expected = "trending", 2
        elif regime in ("calm", "sideways"):
            ran, expected = "ranging", 1
        else:
            # Nothing is bought; who ran last may sell.
            expected = -1 if ran == "trending" else 0
        assert decisions[bar] == expected, (bar, regime)


def test_before_there_is_a_regime_nothing_is_decided(bars, regimes, scripted):
    sells = scripted(codes=(-1,) * len(bars))
    decisions = Routed(trending=sells, ranging=sells).decide(bars)
    first = next(bar for bar, regime in enumerate(regimes) if regime is not None)
    assert decisions.argmin() == first
    assert Routed(trending=sells, ranging=sells).warmup == first


def test_the_two_enter_in_their_own_regimes(gspc):
    routed = Routed()
    decisions = routed.decide(gspc)
    (codes,) = table((Column("regime", (20,)),), gspc)
    bought = {REGIMES[int(code)] for code in codes[decisions == 1]}
    assert bought == {"trend_up", "calm", "sideways"}
    momentum, reversion = routed.trending.decide(gspc), routed.ranging.decide(gspc)
    in_trend = np.isin(codes, [REGIMES.index("trend_up"), REGIMES.index("trend_down")])
    np.testing.assert_array_equal(decisions[in_trend], momentum[in_trend])
    in_range = np.isin(codes, [REGIMES.index("calm"), REGIMES.index("sideways")])
    np.testing.assert_array_equal(decisions[in_range], reversion[in_range])
    assert routed.run_options == {"atr_stop": 2.0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trending": EqualWeightMonthly()}, "trending must be a strategy for a single symbol"),
        ({"ranging": "MeanReversion"}, "ranging must be a strategy for a single symbol"),
        ({"regime_window": 1}, "regime_window must be a whole number of bars >= 2"),
        ({"atr_multiple": 0.0}, "atr_multiple must be a number above 0"),
    ],
)
def test_a_route_out_of_range_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Routed(**wrong)


def test_a_route_can_lead_to_other_strategies(bars):
    routed = Routed(trending=Momentum(window=5, trend_window=5, rank_window=5), ranging=MeanReversion(window=5))
    assert routed.warmup == 22


def test_odds_of_55_percent_buy_and_those_below_45_sell(gspc):
    bars = gspc[:700]
    odds = ProbabilisticLayer().features(History.of(bars))["prob_success_probability"].to_numpy()
    policy = OddsPolicy()
    decisions = policy.decide(bars)
    np.testing.assert_array_equal(decisions == 1, odds >= 0.55)
    np.testing.assert_array_equal(decisions == -1, odds < 0.45)
    assert {-1, 0, 1} == set(decisions[policy.warmup :].tolist())


def test_odds_at_a_limit_enter_and_do_not_leave():
    # The rule sells at or below its second number, and the policy below it.
    decided = np.zeros(4, dtype=np.int8)
    policy = OddsPolicy()
    policy.rule(np.array([[0.55, 0.45, 0.45 - 1e-12, 0.5]]), np.array(policy.rule_parameters()), decided)
    assert decided.tolist() == [1, 0, -1, 0]


@pytest.mark.parametrize("wrong", [{"exit": 0.6}, {"enter": 1.0}, {"exit": 0.0}])
def test_odds_out_of_order_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected probabilities 0 < exit <= enter < 1"):
        OddsPolicy(**wrong)
