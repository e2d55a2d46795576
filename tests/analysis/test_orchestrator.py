"""The joint view by hand arithmetic: score, confidence, conflict, conviction, horizons, adjustment."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.analysis.orchestrator import combine, supplementary_adjustment
from investiq.analysis.weights import ENGINES
from investiq.core.types import signal_label

NAN = np.nan


def together(scores, confidences, regime="unknown", **options):
    """Return the one row that the engines make, each given as a number."""
    return combine(
        {name: np.array([value], dtype=float) for name, value in scores.items()},
        {name: np.array([value], dtype=float) for name, value in confidences.items()},
        np.array([regime], dtype=object),
        **{name: np.array([value]) for name, value in options.items()},
    ).iloc[0]


ALL = {"technical": 40.0, "fundamental": 10.0, "quant": -20.0, "sentiment": 60.0}
SURE = {"technical": 0.8, "fundamental": 0.6, "quant": 0.4, "sentiment": 0.7}


def test_the_score_is_the_weighted_mean_of_continuous_scores():
    # Defaults 20, 40, 15, 25: (800 + 400 - 300 + 1500) / 100 = 24.
    assert together(ALL, SURE)["score"] == pytest.approx(24)
    # A normal bull market weighs 25, 35, 15, 25: (1000 + 350 - 300 + 1500) / 100 = 25.5.
    assert together(ALL, SURE, "normal_bull")["score"] == pytest.approx(25.5)
    # Equal weights beside it: (40 + 10 - 20 + 60) / 4 = 22.5 in either.
    assert together(ALL, SURE, "normal_bull")["equal_weight_score"] == pytest.approx(22.5)
    # An engine at 31 and one at 29 count as 31 and 29.
    near = together({"technical": 31.0, "fundamental": 29.0}, {"technical": 0.5, "fundamental": 0.5})
    assert near["score"] == pytest.approx((20 * 31 + 40 * 29) / 60)


def test_the_weights_of_silent_engines_go_to_those_that_speak():
    row = together(ALL | {"fundamental": NAN}, SURE)
    # (20 x 40 + 15 x -20 + 25 x 60) / 60 = 2000 / 60.
    assert row["score"] == pytest.approx(2000 / 60)
    assert row["technical_weight"] == pytest.approx(20 / 60)
    assert np.isnan(row["fundamental_weight"])
    assert row[[f"{name}_weight" for name in ENGINES]].astype(float).sum() == pytest.approx(1)


def test_missing_engines_cost_confidence_by_the_root_of_the_coverage():
    # All speak: (20 x 0.8 + 40 x 0.6 + 15 x 0.4 + 25 x 0.7) / 100 = 0.635.
    assert together(ALL, SURE)["confidence"] == pytest.approx(0.635)
    # Technical and quant alone: (20 x 0.8 + 15 x 0.4) / 35 = 0.62857, times the root of 0.35.
    row = together({"technical": 40.0, "quant": -20.0}, {"technical": 0.8, "quant": 0.4})
    assert row["coverage"] == pytest.approx(0.35)
    assert row["confidence"] == pytest.approx(22 / 35 * 0.35**0.5)


def test_contradicting_engines_cost_three_tenths_of_their_distance():
    # +40 and -35: 0.30 x 75 / 200 = 0.1125.
    row = together({"technical": 40.0, "quant": -35.0}, {"technical": 0.8, "quant": 0.8})
    assert row["conflict_penalty"] == pytest.approx(0.1125)
    assert row["confidence"] == pytest.approx(0.8 * 0.35**0.5 - 0.1125)
    # The least, 30 against -30: 0.09; the most, 100 against -100: 0.30. The others do not matter.
    for high, low, cost in [(30, -30, 0.09), (100, -100, 0.30), (29.9, -100, 0), (100, -29.9, 0)]:
        row = together({"technical": high, "quant": low, "sentiment": 0}, dict.fromkeys(ENGINES, 0.9))
        assert row["conflict_penalty"] == pytest.approx(cost)


def test_the_confidence_keeps_a_floor_and_a_ceiling():
    # 0.15 x root of 0.35 less 0.30 would be below 0.
    torn = together({"technical": 100, "quant": -100}, {"technical": 0.15, "quant": 0.15})
    assert torn["confidence"] == 0.05
    # The floor holds before the adjustment: 0.05 + 0.04, not 0.05 - something + 0.04.
    helped = together({"technical": 100, "quant": -100}, {"technical": 0.15, "quant": 0.15}, undirected=0.04)
    assert helped["confidence"] == pytest.approx(0.09)
    sure = together(ALL, dict.fromkeys(ENGINES, 0.95), undirected=0.10)
    assert sure["confidence"] == 0.98


def test_adjustments_follow_the_side_of_the_call():
    score = np.array([50.0, -50.0, 0.0, NAN])
    bullish, caution = np.full(4, 0.04), np.full(4, -0.01)
    # For a purchase 0.04 - 0.01, for a sale -0.04 - 0.01, without a side the caution alone.
    found = supplementary_adjustment(score, bullish, caution)
    np.testing.assert_allclose(found, [0.03, -0.05, -0.01, NAN])
    np.testing.assert_allclose(supplementary_adjustment(score, np.full(4, 0.3), None), [0.1, -0.1, 0, NAN])
    assert together(ALL, SURE, directional=0.03, undirected=0.02)["confidence"] == pytest.approx(0.635 + 0.05)


@pytest.mark.parametrize(
    ("scores", "sure", "tier"),
    [
        ((20, 20, 20, 0), 0.66, "HIGH"),
        ((20, 20, 20, 0), 0.65, "MODERATE"),
        ((20, 20, 19.9, 0), 0.90, "MODERATE"),
        ((20, 20, 0, 0), 0.50, "LOW"),
        ((-20, -20, -20, 0), 0.66, "HIGH"),
        ((90, 0, 0, 0), 0.90, "LOW"),
        # Two against two, and the heavier two decide the score.
        ((60, 60, -20, -20), 0.90, "LOW"),
        # Two bulls, one bear, but the bear outweighs: 20 x 20 + 15 x 20 - 40 x 90 is a sale.
        ((20, -90, 20, 0), 0.90, "LOW"),
        # Three against one, and a neutral score: 500 + 300 + 500 - 1200 is 1.
        ((25, -30, 20, 20), 0.90, "LOW"),
    ],
)
def test_conviction_counts_engines_on_the_side_of_the_score(scores, sure, tier):
    values = dict(zip(ENGINES, map(float, scores), strict=True))
    assert together(values, dict.fromkeys(ENGINES, sure))["conviction"] == tier


def test_the_mean_confidence_of_a_conviction_is_of_those_that_speak():
    row = together({"technical": 50, "sentiment": 50}, {"technical": 0.4, "sentiment": 0.7})
    assert row["conviction"] == "MODERATE"  # (0.4 + 0.7) / 2 = 0.55; over four it would be 0.275


def test_horizons_are_made_of_their_engines_and_renormalised():
    row = together(ALL, SURE)
    # 0.6 x 40 + 0.4 x 60 = 48.
    assert row["short_term_score"] == pytest.approx(48)
    assert (row["medium_term_score"], row["long_term_score"]) == (-20, 10)
    alone = together({"sentiment": 60.0}, {"sentiment": 0.7})
    assert alone["short_term_score"] == pytest.approx(60)
    assert np.isnan(alone["medium_term_score"])
    assert np.isnan(alone["long_term_score"])


def test_a_row_without_any_engine_has_no_view_and_no_zero():
    row = together({}, {})
    numbers = ["score", "confidence", "adjustment", "equal_weight_score", "conflict_penalty", "short_term_score"]
    assert row[numbers].isna().all()
    assert row["coverage"] == 0
    assert pd.isna(row["label"])
    assert pd.isna(row["conviction"])


def test_a_score_without_a_confidence_does_not_count():
    row = together({"technical": 80.0, "quant": 10.0}, {"technical": NAN, "quant": 0.5})
    assert row["score"] == pytest.approx(10)
    assert np.isnan(row["short_term_score"])


def test_labels_are_those_of_the_signal():
    cuts = np.array([-100, -70, -69.9, -30, -29.9, -5, -4.9, 0, 4.9, 5, 29.9, 30, 69.9, 70, 100], dtype=float)
    sure = np.full(cuts.size, 0.5)
    found = combine({"quant": cuts}, {"quant": sure}, np.full(cuts.size, "unknown", dtype=object))
    assert found["label"].tolist() == [signal_label(score) for score in cuts]


finite = st.floats(-100, 100)


@given(st.lists(finite | st.just(NAN), min_size=4, max_size=4), st.floats(0.05, 0.95), st.floats(0, 20))
def test_a_better_engine_never_lowers_the_score(scores, sure, more):
    first = dict(zip(ENGINES, scores, strict=True))
    second = {name: min(value + more, 100.0) if name == "quant" else value for name, value in first.items()}
    low, high = (together(each, dict.fromkeys(ENGINES, sure)) for each in (first, second))
    if not np.isnan(low["score"]):
        assert high["score"] >= low["score"] - 1e-9
        assert -100 - 1e-9 <= low["score"] <= 100 + 1e-9
        assert 0.05 <= low["confidence"] <= 0.98


@given(st.lists(finite, min_size=4, max_size=4), st.floats(-0.2, 0.2))
def test_mirrored_scores_and_extras_give_the_mirrored_view(scores, extra):
    first = dict(zip(ENGINES, scores, strict=True))
    mirrored = {name: -value for name, value in first.items()}
    up = together(first, SURE, directional=extra)
    down = together(mirrored, SURE, directional=-extra)
    assert up["score"] == pytest.approx(-down["score"], abs=1e-9)
    assert up["confidence"] == pytest.approx(down["confidence"], abs=1e-9)
    assert up["conviction"] == down["conviction"]
