import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import (
    deflated_sharpe_ratio,
    deflated_sharpe_ratio_from_moments,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_length,
    trial_sharpe_variance,
)
from investiq.metrics.sharpe_inference import probabilistic_sharpe_ratio

DAILY = Convention(periods_per_year=252)
# Bailey and Lopez de Prado (2014): annual Sharpe ratio 2.5 on 250-day years, five years, variance 1/2 a year.
PAPER = {"sharpe": 2.5 / math.sqrt(250), "count": 1250, "sharpe_variance": 0.5 / 250}


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(8).standard_normal((400, 40)) / 100


@pytest.mark.parametrize(("trials", "bracket"), [(10, 1.5746), (45, 2.2356), (100, 2.5306), (1000, 3.2551)])
def test_expected_maximum_of_standard_normals(trials, bracket):
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(bracket, abs=5e-5)
    assert expected_maximum_sharpe(trials, 4.0) == pytest.approx(2 * bracket, abs=1e-4)


def test_one_trial_is_expected_to_show_nothing():
    assert expected_maximum_sharpe(1, 1.0) == 0.0
    assert expected_maximum_sharpe(1.1, 1.0) == 0.0  # the approximation is -0.3 there
    assert 0 < expected_maximum_sharpe(1.5, 1.0) < expected_maximum_sharpe(2, 1.0)


def test_a_search_without_end_keeps_its_digits():
    # 1 - 1e-17 is 1 in binary; the upper tail of scipy keeps it.
    e = np.euler_gamma
    exact = (1 - e) * stats.norm.isf(1e-17) + e * stats.norm.isf(1e-17 / math.e)
    assert expected_maximum_sharpe(1e17, 1.0) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("trials", [0, 0.5, -3, math.nan, math.inf])
def test_fewer_trials_than_one_are_refused(trials):
    with pytest.raises(ConfigError, match="at least 1"):
        deflated_sharpe_ratio_from_moments(**PAPER, trials=trials)


@pytest.mark.parametrize(
    ("trials", "moments", "probability"),
    [
        (100, {"skewness": -3, "kurtosis": 10}, 0.9004),
        (46, {"skewness": -3, "kurtosis": 10}, 0.9505),
        (88, {}, 0.9505),
    ],
)
def test_deflated_sharpe_ratios_of_the_paper(trials, moments, probability):
    found = deflated_sharpe_ratio_from_moments(**PAPER, trials=trials, **moments)
    assert found.probability == pytest.approx(probability, abs=5e-5)
    assert found.is_accepted is (probability > 0.95)
    assert found.caution == ""


def test_the_threshold_of_the_paper_is_a_daily_ratio():
    found = deflated_sharpe_ratio_from_moments(**PAPER, trials=100, skewness=-3, kurtosis=10)
    assert found.expected_maximum == pytest.approx(0.1132, abs=5e-5)


def test_one_trial_is_not_deflated_and_says_so(noise):
    found = deflated_sharpe_ratio(noise[:, 0] + 1e-3, DAILY, trials=1, sharpe_variance=0.002)
    assert found.probability == probabilistic_sharpe_ratio(noise[:, 0] + 1e-3, DAILY)
    assert "nothing is deflated" in found.caution


def test_trials_that_do_not_differ_are_not_deflated_and_say_so():
    found = deflated_sharpe_ratio_from_moments(0.1, 500, trials=20, sharpe_variance=0.0)
    assert found.expected_maximum == 0.0
    assert "do not differ" in found.caution


def test_more_trials_leave_less_of_the_same_returns(noise):
    returns = noise[:, 0] + 1e-3
    few, many = (
        deflated_sharpe_ratio(returns, DAILY, trials=trials, sharpe_variance=0.002).probability for trials in (5, 500)
    )
    assert many < few < probabilistic_sharpe_ratio(returns, DAILY)


def test_five_years_allow_forty_five_trials():
    assert minimum_backtest_length(45) == pytest.approx(4.998, abs=5e-4)
    assert minimum_backtest_length(45, annual_sharpe=2.0) == pytest.approx(4.998 / 4, abs=5e-4)
    with pytest.raises(ConfigError, match="above 0"):
        minimum_backtest_length(45, annual_sharpe=0.0)


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
