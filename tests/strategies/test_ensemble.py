"""Joint decisions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import Breakout, Crossover, Ensemble, EqualWeightMonthly


@pytest.fixture
def joint(bars_of, scripted):
    """Return decisions of an ensemble of scripted members, each ``codes`` or ``(codes, confidences)``."""

    def decide(*members, **options):
        parts = [each if isinstance(each[0], tuple) else (each, None) for each in members]
        strategies = tuple(scripted(codes=codes, sure=sure) for codes, sure in parts)
        return Ensemble(strategies=strategies, **options).decide(bars_of([10] * len(parts[0][0]))).tolist()

    return decide


UP, DOWN, LATE = (1, 0, 0, 0, -1), (-1, 0, 0, 0, 0), (0, 0, 1, 0, 0)


def test_an_average_decides_once_two_members_have_a_view_and_when_it_turns(joint):
    # One view at first; from bar 2 on 1 and 1; in bar 4 -1 and 1 are 0: no view. 2 to 1 at bar 4 would be -1/3.
    assert joint(UP, LATE) == [0, 0, 1, 0, 0]
    assert joint(UP, LATE, weights=(2, 1)) == [0, 0, 1, 0, -1]
    assert joint(UP, LATE, weights=(2, 1), threshold=0.34) == [0, 0, 1, 0, 0]


def test_the_same_view_after_none_is_no_new_decision(joint):
    # 1 1 - the second leaves at bar 1 and comes back at bar 2.
    assert joint((1, 0, 0), (1, -1, 1)) == [1, 0, 0]


def test_a_majority_is_more_than_half(joint):
    assert joint(UP, DOWN, method="majority") == [0, 0, 0, 0, -1]
    assert joint(UP, DOWN, LATE, method="majority") == [0, 0, 1, 0, -1]


def test_unanimity_takes_all_that_count(joint):
    assert joint(UP, DOWN, LATE, method="unanimous") == [0, 0, 0, 0, 0]
    assert joint(UP, UP, LATE, method="unanimous") == [1, 0, 0, 0, 0]


def test_members_below_the_least_confidence_do_not_count(joint):
    unsure = (DOWN, (0.59,) * 5)
    assert joint(UP, unsure, LATE, method="unanimous") == [0, 0, 1, 0, 0]
    assert joint(UP, (DOWN, (0.6,) * 5), LATE, method="unanimous") == [0, 0, 0, 0, 0]


def test_confidence_weighs(joint):
    # (0.9 - 0.6) / 1.5 = 0.2 is below the threshold of 0.3, (1.0 - 0.5) / 1.5 = 1/3 above.
    assert joint((UP, (0.9,) * 5), (DOWN, (0.6,) * 5), method="confidence_weighted")[0] == 0
    assert joint((UP, (1.0,) * 5), (DOWN, (0.5,) * 5), method="confidence_weighted", min_confidence=0.5)[0] == 1


def test_the_surest_member_decides_and_the_first_of_equals(joint):
    assert joint((UP, (0.7,) * 5), (DOWN, (0.9,) * 5), method="maximum_confidence") == [-1, 0, 0, 0, 0]
    assert joint((UP, (0.8,) * 5), (DOWN, (0.8,) * 5), method="maximum_confidence")[0] == 1


def test_one_view_is_enough_where_that_is_asked_for(joint):
    assert joint(UP, LATE, min_strategies=1) == [1, 0, 0, 0, 0]
    assert joint(DOWN, (0, 1, 0, 0, 0), min_strategies=1) == [-1, 0, 0, 0, 0]


def test_a_bar_with_both_changes_no_view(joint):
    assert joint((1, 2, 0), (1, 0, 0)) == [1, 0, 0]


def test_its_confidence_is_the_mean_of_those_that_agree(bars_of, scripted):
    members = tuple(scripted(codes=(code,), sure=(sure,)) for code, sure in [(1, 0.7), (1, 0.9), (-1, 0.6), (1, 0.5)])
    # 0.5 does not count, the sell does not agree.
    ensemble = Ensemble(strategies=members, method="majority")
    assert ensemble.confidences(bars_of([10])) == pytest.approx([0.8])
    divided = Ensemble(strategies=members[1:3], method="majority")
    assert np.isnan(divided.confidences(bars_of([10]))).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"strategies": (Breakout(),)}, "strategies must be two or more"),
        ({"strategies": (Breakout(), EqualWeightMonthly())}, "strategies must be two or more for a single symbol"),
        ({"method": "vote"}, "method must be one of weighted_average"),
        ({"weights": (1.0,)}, "weights must be 2 numbers above 0"),
        ({"threshold": 0.0}, "expected 0 < threshold <= 1"),
        ({"min_strategies": 0}, "min_strategies must be a whole number"),
    ],
)
def test_a_parameter_out_of_range_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Ensemble(**({"strategies": (Breakout(), Crossover())} | wrong))
