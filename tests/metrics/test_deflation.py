import math

import numpy as np
import pytest
from scipy import stats

from investiq.core.errors import ConfigError
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import (
    deflated_sharpe_ratio,
    deflated_sharpe_ratio_from_moments,
    expected_maximum_sharpe,
    minimum_backtest_length,
)
from investiq.metrics.track_record import probabilistic_sharpe_ratio

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
