"""How many trials a search was: published formulas, copies and opposites, trials that never traded."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.trial_counting import effective_trials, trial_sharpe_variance

DAILY = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(8).standard_normal((400, 40)) / 100


def test_variance_of_the_trials_leaves_out_those_that_never_traded(noise):
    trials = np.column_stack([noise[:, :3], np.zeros(len(noise))])
    ratios = [each.mean() / each.std(ddof=1) for each in noise[:, :3].T]
    assert trial_sharpe_variance(trials, DAILY) == pytest.approx(np.var(ratios, ddof=1), rel=1e-12)
    with pytest.raises(InsufficientDataError, match="needs 2 trials whose returns vary, received 1"):
        trial_sharpe_variance(trials[:, 2:], DAILY)


def test_variance_of_the_trials_follows_the_convention(noise):
    convention = Convention(periods_per_year=252, risk_free=0.05, ddof=0)
    trials = noise[:, :4] * [1, 2, 3, 4]  # of unlike spread, so that the risk-free return does not cancel
    ratios = [(each.mean() - (1.05 ** (1 / 252) - 1)) / each.std() for each in trials.T]
    assert trial_sharpe_variance(trials, convention) == pytest.approx(np.var(ratios, ddof=1), rel=1e-12)


def test_groups_are_joined_by_the_average_correlation_of_their_members():
    # Unit vectors at 37 degrees from one to the next: cos 37 = 0.8, cos 74 = 0.28. The outer two join the middle
    # one and not each other: (0.8 + 0.28) / 2 = 0.54 is below sqrt(1/2). So are two trials that correlate by 0.5.
    noise = np.random.default_rng(5).standard_normal((300, 3))
    basis, _ = np.linalg.qr(noise - noise.mean(axis=0))
    chain = np.column_stack([[0.8, -0.6, 0.0], [1.0, 0.0, 0.0], [0.8, 0.6, 0.0]])
    assert effective_trials(basis @ chain, method="clusters").number == 2
    assert effective_trials(basis @ [[1.0, 0.5], [0.0, 0.75**0.5], [0.0, 0.0]], method="clusters").number == 2
    assert effective_trials(basis @ [[1.0, 0.72], [0.0, 0.694], [0.0, 0.0]], method="clusters").number == 1


def test_effective_number_follows_the_average_correlation():
    # Columns b, b, c: correlations 1, r, r, mean (1 + 2 r) / 3; number = mean + (1 - mean) * 3.
    b, c = np.random.default_rng(2).standard_normal((2, 300)) / 100
    shared = b + c
    r = np.corrcoef(b, shared)[0, 1]
    mean = (1 + 2 * r) / 3
    found = effective_trials(np.column_stack([b, b, shared]))
    assert found.average_correlation == pytest.approx(mean, rel=1e-12)
    assert found.number == pytest.approx(mean + (1 - mean) * 3, rel=1e-12)
    assert found.trials == 3


@pytest.mark.parametrize("method", ["average_correlation", "clusters"])
def test_copies_of_one_idea_are_one_trial_and_independent_ideas_are_many(noise, method):
    assert effective_trials(np.repeat(noise[:, :1], 12, axis=1), method=method).number == pytest.approx(1)
    assert effective_trials(noise, method=method).number == pytest.approx(40, abs=1)


def test_groups_of_like_ideas_count_once_each(noise):
    # Five ideas in eight variants; within an idea the correlation is 1 / (1 + 0.04) = 0.96.
    ideas = np.random.default_rng(4).standard_normal((400, 5)) / 100
    trials = pd.DataFrame(np.repeat(ideas, 8, axis=1) + 0.2 * noise)
    assert effective_trials(trials, method="clusters").number == 5
    # Of 780 pairs 5 * 28 = 140 correlate by 0.96: mean 0.173, number 0.173 + 0.827 * 40 = 33.2.
    assert effective_trials(trials).number == pytest.approx(33.2, abs=1.0)


def test_ideas_that_oppose_each_other_are_not_more_than_they_are(noise):
    opposed = np.column_stack([noise[:, 0], -noise[:, 0]])
    assert effective_trials(opposed).number == 2
    assert effective_trials(noise[:, :1]).number == 1
    assert math.isnan(effective_trials(noise[:, :1]).average_correlation)


def test_a_trial_that_never_traded_counts_as_a_trial(noise):
    assert effective_trials(np.column_stack([noise[:, 0], np.zeros(400)])).number == 2


def test_trials_that_cannot_be_compared_are_refused(noise):
    holed = noise.copy()
    holed[3, 1] = np.nan
    with pytest.raises(DataError, match="1 NaN or infinite"):
        effective_trials(holed)
    with pytest.raises(DataError, match="expected 2: one column a trial"):
        effective_trials(noise[:, 0])
    with pytest.raises(InsufficientDataError, match="need 3 periods, received 2"):
        effective_trials(noise[:2])
    with pytest.raises(ConfigError, match="'average_correlation' or 'clusters', was 'onc'"):
        effective_trials(noise, method="onc")
