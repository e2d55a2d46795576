"""The compiled rules on columns written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.engines.probabilistic.regimes import REGIMES
from investiq.strategies import rules
from investiq.strategies.regimes import regime_bits

NAN = np.nan
UP, SIDEWAYS, DOWN = (float(REGIMES.index(name)) for name in ("trend_up", "sideways", "trend_down"))


def decided(rule, parameters, *columns):
    """Return the decisions of a rule as a list."""
    out = np.full(len(columns[0]), 7, dtype=np.int8)
    rule(np.array(columns, dtype=float), np.array(parameters, dtype=float), out)
    return out.tolist()


# change, close, average, rank, velocity and regime of a bar on which a momentum entry stands, at every edge.
STANDS = (0.0, 10.1, 10.0, 0.8, 0.0, UP)
MOMENTUM = (0.8, 0.0, regime_bits(["trend_up", "sideways"]))


def momentum(*bars):
    return decided(rules.momentum, MOMENTUM, *np.array(bars).T)


def changed(place, value):
    return (*STANDS[:place], value, *STANDS[place + 1 :])


@pytest.mark.parametrize(
    ("missing", "alone"),
    [
        (changed(0, -0.001), -1),  # the change is below 0: also an exit
        (changed(1, 10.0), 0),  # a close at the average
        (changed(1, 9.9), -1),  # a close below it: also an exit
        (changed(3, 0.79), 0),
        (changed(4, -1e-6), 0),
        (changed(5, DOWN), 0),
    ],
)
def test_momentum_buys_when_the_last_condition_is_met_and_needs_each_of_them(missing, alone):
    assert momentum(missing, STANDS) == [alone, 1]


def test_momentum_buys_once_per_state_and_not_out_of_the_unknown():
    rest = changed(3, 0.5)
    assert momentum(rest, STANDS, STANDS, rest, STANDS) == [0, 1, 0, 0, 1]
    assert momentum(changed(3, NAN), STANDS, rest, STANDS) == [0, 0, 0, 1]


def test_momentum_takes_every_regime_that_is_allowed():
    assert momentum(changed(5, DOWN), changed(5, SIDEWAYS)) == [0, 1]


REVERSION = (-2.0, -0.5, regime_bits(["sideways"]), 1.0)


def test_mean_reversion_buys_at_the_entry_and_sells_at_the_exit():
    z = [-1.0, -2.0, -3.0, -1.0, -0.5, -2.5]
    assert decided(rules.mean_reversion, REVERSION, z, [SIDEWAYS] * 6) == [0, 1, 0, 0, -1, 1]


def test_mean_reversion_needs_an_allowed_regime_for_the_entry_alone():
    assert decided(rules.mean_reversion, REVERSION, [-1, -2, -2, 0], [SIDEWAYS, DOWN, SIDEWAYS, DOWN]) == [0, 0, 1, -1]


def test_mean_reversion_sells_where_the_score_is_undefined_but_not_in_the_warm_up():
    # From bar 1 on a score is missing because the closes do not vary.
    assert decided(rules.mean_reversion, REVERSION, [NAN, NAN, -3], [NAN, SIDEWAYS, SIDEWAYS]) == [0, -1, 0]


BUY = (10.0, 9.9, 9.9, 50.0)
SELL = (9.0, 9.1, 9.1, 29.0)


def crossing(before, now, close, fast, slow, rsi):
    """Return the decision of a bar whose histogram goes from `before` to `now`."""
    rows = [[close] * 2, [fast] * 2, [slow] * 2, [rsi] * 2, [before, now]]
    return decided(rules.trend_crossover, (30.0, 70.0), *rows)[1]


def test_trend_crossover_buys_a_crossing_with_the_trend_and_a_moderate_rsi():
    assert crossing(0.0, 0.1, *BUY) == 1
    assert crossing(0.1, 0.2, *BUY) == 0
    assert crossing(-0.1, 0.0, *BUY) == 0
    for close, fast, slow, rsi in [(9.9, 9.9, 9.8, 50), (9.9, 9.8, 9.9, 50), (10, 9.9, 9.9, 30), (10, 9.9, 9.9, 70)]:
        assert crossing(-0.1, 0.1, close, fast, slow, rsi) == 0


def test_trend_crossover_sells_a_crossing_against_the_trend_and_an_extreme_rsi():
    assert crossing(0.0, -0.1, *SELL) == -1
    assert crossing(0.1, -0.1, 9.0, 9.1, 9.1, 71) == -1
    assert crossing(-0.1, -0.2, *SELL) == 0
    for close, fast, slow, rsi in [(9.1, 9.1, 9.2, 29), (9.1, 9.2, 9.1, 29), (9, 9.1, 9.1, 30), (9, 9.1, 9.1, 70)]:
        assert crossing(0.1, -0.1, close, fast, slow, rsi) == 0


def test_a_score_buys_and_sells_at_its_thresholds():
    assert decided(rules.score_threshold, (5.0, -5.0), [NAN, 4.9, 5.0, -4.9, -5.0]) == [0, 0, 1, 0, -1]
