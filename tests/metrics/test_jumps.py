"""Jumps planted in simulated prices are found, and none where there are none."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.jumps import bipower_variation, jump_days, jump_test


def sessions(count, seed):
    """Days of 78 five-minute returns of constant volatility, 0.1 % each."""
    return np.random.default_rng(seed).normal(0, 0.001, (count, 78))


def test_bipower_variation_by_hand():
    # |r| 1, 2, 3 in %: (1 x 2 + 2 x 3) x 1e-4 x pi / 2 x 3 / 2.
    assert bipower_variation(np.array([0.01, -0.02, 0.03])) == pytest.approx(8e-4 * math.pi / 2 * 1.5, rel=1e-12)


def test_bipower_variation_is_the_variance_without_jumps_and_blind_to_them():
    calm = np.random.default_rng(1).normal(0, 0.001, 20_000)
    variance = 20_000 * 1e-6
    assert bipower_variation(calm) == pytest.approx(variance, rel=0.03)
    jumping = calm.copy()
    jumping[10_000] += 0.1
    # The sum of squares grows by 0.01, half of the variance again; bipower variation by a hundredth of that.
    assert jumping @ jumping == pytest.approx(variance + 0.01, rel=0.03)
    assert bipower_variation(jumping) == pytest.approx(variance, rel=0.04)


def test_the_statistic_by_hand():
    # r 1 1 1 2 in %: RV 7e-4; BV (1 + 1 + 2) e-4 x pi/2 x 4/3 = 8.37758e-4; TQ with |r|^(4/3) 1 1 1 2.519842,
    # mu = E|z|^(4/3) = 0.8308609: 4 x mu^-3 x 4/2 x (1 + 2.519842) e-8 = 4.90946e-7 x 1e0.
    returns = np.array([0.01, 0.01, -0.01, 0.02])
    mean = stats.norm.expect(lambda z: np.abs(z) ** (4 / 3))
    assert mean == pytest.approx(0.8308609, abs=1e-6)
    bipower, quarticity = 4e-4 * math.pi / 2 * 4 / 3, 8 * mean**-3 * 3.519842e-8
    error = math.sqrt(((math.pi / 2) ** 2 + math.pi - 5) * max(1, quarticity / bipower**2) / 4)
    found = jump_test(returns)
    assert found.realised_variance == pytest.approx(7e-4, rel=1e-12)
    assert found.statistic == pytest.approx((1 - bipower / 7e-4) / error, rel=1e-6)
    assert found.p_value == pytest.approx(stats.norm.sf(found.statistic), rel=1e-9)
    assert found.jump_share == 0.0


def test_a_volatility_that_changes_within_the_session_widens_the_error():
    # Calm, then ten times as wild: quarticity over squared variance is 5000.5 / 50.5^2 = 1.96 in expectation.
    returns = np.concatenate((sessions(1, 8)[0], 10 * sessions(1, 9)[0]))
    size, n = np.abs(returns), returns.size
    bipower = sum(size[i] * size[i - 1] for i in range(1, n)) * math.pi / 2 * n / (n - 1)
    products = sum((size[i] * size[i - 1] * size[i - 2]) ** (4 / 3) for i in range(2, n))
    ratio = n * 0.8308609**-3 * n / (n - 2) * products / bipower**2
    assert ratio > 1.2
    error = math.sqrt(((math.pi / 2) ** 2 + math.pi - 5) * ratio / n)
    expected = (1 - bipower / (returns @ returns)) / error
    assert jump_test(returns).statistic == pytest.approx(expected, rel=1e-5)


def test_sessions_without_jumps_are_rejected_about_as_often_as_said():
    p_values = [jump_test(each).p_value for each in sessions(600, 2)]
    # 99.9 % interval of a binomial with p 0.05 and 600 draws: 0.022 to 0.082.
    assert 0.022 < np.mean(np.array(p_values) < 0.05) < 0.082


def test_planted_jumps_of_ten_standard_deviations_are_found_and_sized():
    planted = sessions(200, 3)
    planted[:, 40] += 0.01
    found = [jump_test(each) for each in planted]
    assert np.mean([each.p_value < 0.01 for each in found]) > 0.9
    # RV 78e-6 + 1e-4; BV 78e-6 + pi/2 x 2 x 0.01 x 0.000798 = 1.03e-4 through its two neighbours: 1 - BV/RV = 0.42.
    assert np.mean([each.jump_share for each in found]) == pytest.approx(0.42, abs=0.03)


def test_jump_days_finds_what_was_planted_and_nothing_else():
    rng = np.random.default_rng(4)
    returns = rng.normal(0, 0.01, 1000)
    rows = [150, 400, 401, 700, 999]
    returns[rows] = [0.08, -0.09, 0.08, -0.08, 0.1]
    index = pd.bdate_range("2018-01-01", periods=1000, tz="UTC")
    found = jump_days(pd.Series(returns, index=index), threshold=5.0)
    assert found.table.index[found.table["is_jump"]].tolist() == index[rows].tolist()
    assert (found.count, found.judged, found.share) == (5, 940, 5 / 940)
    # (0.08 + 0.09 + 0.08 + 0.08 + 0.10) / 940.
    assert found.intensity == pytest.approx(0.43 / 940, rel=1e-12)


def test_a_score_is_the_distance_from_the_window_before_in_scaled_median_deviations():
    returns = np.random.default_rng(5).normal(0, 0.01, 100)
    scores = jump_days(returns, window=40).table["score"]
    window = returns[50:90]
    expected = (returns[90] - np.median(window)) / stats.median_abs_deviation(window, scale="normal")
    assert scores[90] == pytest.approx(expected, rel=1e-9)
    assert scores[:40].isna().all()


def test_a_jump_hides_no_other_as_it_would_through_the_standard_deviation():
    returns = np.random.default_rng(6).normal(0, 0.01, 200)
    returns[100:160:6] = -0.12
    returns[165] = -0.06
    by_deviation = (returns[165] - returns[105:165].mean()) / returns[105:165].std()
    assert abs(by_deviation) < 3
    assert jump_days(returns).table["is_jump"][165]


def test_a_score_does_not_know_later_returns():
    returns = np.random.default_rng(7).normal(0, 0.01, 150)
    whole = jump_days(returns).table["score"]
    assert np.array_equal(jump_days(returns[:120]).table["score"], whole[:120], equal_nan=True)


def test_a_window_of_mostly_still_days_cannot_judge():
    returns = np.zeros(100)
    returns[80] = 0.05
    found = jump_days(returns)
    assert (found.count, found.judged) == (0, 0)
    assert jump_days(returns.tolist()).judged == 0
    assert math.isnan(found.share)


def test_bad_input_is_refused():
    with pytest.raises(InsufficientDataError, match="needs 61 returns, received 60"):
        jump_days(np.zeros(60))
    with pytest.raises(InsufficientDataError, match="no two neighbouring returns move"):
        jump_test(np.array([0.01, 0.0, 0.01]))
    with pytest.raises(ConfigError, match="window must be a whole number of at least 20, was 5"):
        jump_days(np.zeros(100), window=5)
    with pytest.raises(ConfigError, match="threshold must be positive"):
        jump_days(np.zeros(100), threshold=0)
    with pytest.raises(DataError, match="1 NaN"):
        bipower_variation(np.array([0.01, np.nan, 0.02]))


@pytest.mark.parametrize("size", [1e-100, 1e-160, 1e-200])
def test_returns_whose_squares_underflow_have_no_test_for_jumps(size):
    # Bipower variation is near the square of the size, and the test divides by the square of that.
    with pytest.raises(InsufficientDataError, match="no two neighbouring returns move"):
        jump_test(size * np.tile([1.0, -1.0, 2.0], 20))
    session = np.random.default_rng(0).standard_normal(78)
    assert jump_test(1e-70 * session).statistic == pytest.approx(jump_test(1e-3 * session).statistic, rel=1e-12)
