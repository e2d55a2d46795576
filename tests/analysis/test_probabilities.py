"""Odds against outcomes: against scikit-learn, and by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.probabilities import assess_probabilities, brier_score, log_loss, reliability
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.engines.probabilistic.layer import ProbabilisticLayer

PLAIN = iq.load_bars("^GSPC", start="2004", end="2009")


@pytest.fixture(scope="module")
def assessed():
    return assess_probabilities(iq.History.of(PLAIN))


def test_scores_equal_those_of_scikit_learn():
    from sklearn import calibration, metrics

    generator = np.random.default_rng(0)
    forecast = generator.uniform(0.02, 0.98, 500)
    outcome = (generator.uniform(size=500) < forecast).astype(float)
    assert brier_score(forecast, outcome) == pytest.approx(metrics.brier_score_loss(outcome, forecast))
    assert log_loss(forecast, outcome) == pytest.approx(metrics.log_loss(outcome, forecast))
    shares, means = calibration.calibration_curve(outcome, forecast, n_bins=10)
    curve = reliability(forecast, outcome)
    assert curve["outcome"].to_numpy() == pytest.approx(shares)
    assert curve["forecast"].to_numpy() == pytest.approx(means)


def test_scores_by_hand():
    # Errors 0.2 and 0.4: (0.04 + 0.16) / 2; -(ln 0.8 + ln 0.6) / 2.
    forecast, outcome = np.array([0.8, 0.4]), np.array([1.0, 0.0])
    assert brier_score(forecast, outcome) == pytest.approx(0.10)
    assert log_loss(forecast, outcome) == pytest.approx(0.3669845875401002)
    assert log_loss(np.array([1.0]), np.array([0.0])) == np.inf


def test_an_outcome_is_the_close_some_bars_later(assessed):
    # Counted bar by bar from the layer's table, as the assessment must have done.
    table = ProbabilisticLayer().features(iq.History.of(PLAIN))
    close = PLAIN.adjusted().close
    pairs = [
        (p, close[t + 5] > close[t])
        for t, p in enumerate(table["prob_success_probability"])
        if not np.isnan(p) and t + 5 < close.size
    ]
    assert assessed.count == len(pairs)
    assert assessed.base_rate == pytest.approx(np.mean([rose for _, rose in pairs]))
    assert assessed.brier == pytest.approx(np.mean([(p - rose) ** 2 for p, rose in pairs]))


def test_the_base_rate_scores_its_own_variance(assessed):
    assert assessed.base_brier == pytest.approx(assessed.base_rate * (1 - assessed.base_rate))
    assert assessed.skill == pytest.approx(1 - assessed.brier / assessed.base_brier)


def test_counts_of_bins_and_regimes_add_up(assessed):
    assert assessed.reliability["count"].sum() == assessed.by_regime["count"].sum() == assessed.count
    hits = (assessed.by_regime["hit_rate"] * assessed.by_regime["count"]).sum()
    assert hits == pytest.approx(round(hits))


def test_the_band_holds_95_percent_of_a_normal_walk():
    # Some 700 closes: a standard error of 0.8 percent. The scaled error is estimated from 20 bars and so too narrow at
    # times: a t-distribution of some 20 degrees of freedom leaves 93.6 % within 1.96.
    generator = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(0.01 * generator.standard_normal(1_000)))
    sample = iq.load_bars("^GSPC")[:1_000]
    walk = dataclasses.replace(sample, open=close, high=close, low=close, close=close)
    found = assess_probabilities(iq.History.of(walk))
    assert found.fixed_coverage == pytest.approx(0.95, abs=0.025)
    assert found.coverage == pytest.approx(0.936, abs=0.025)


def test_overlapping_outcomes_are_noted(assessed):
    assert [note.code for note in assessed.notes] == ["overlapping_outcomes"]
    assert not assess_probabilities(iq.History.of(PLAIN), horizon=1).notes


def test_what_cannot_be_assessed_is_refused():
    with pytest.raises(ConfigError, match="horizon must be a whole number of bars from 1, was 0"):
        assess_probabilities(iq.History.of(PLAIN), horizon=0)
    with pytest.raises(InsufficientDataError, match="needs 100 forecasts with an outcome, found 0"):
        assess_probabilities(iq.History.of(PLAIN[:3]))


def test_the_figure_shows_the_curve_and_every_regime(assessed):
    figure = assessed.figure()
    assert list(figure.data[1].y) == pytest.approx(assessed.reliability["outcome"].tolist())
    assert len(figure.data[2].y) == len(assessed.by_regime)
