"""Kalman filters against statsmodels and arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from investiq.core.errors import ConfigError, DataError
from investiq.indicators.kalman_filters import local_level, local_linear_trend
from investiq.indicators.state_space import Variances
from investiq.indicators.trend import ema

LEVEL = Variances(observation=1.5, level=0.4)
TREND = Variances(observation=1.5, level=0.4, slope=0.02)
STATSMODELS = {
    local_level: ("llevel", [1.5, 0.4]),
    local_linear_trend: ("lltrend", [1.5, 0.4, 0.02]),
}
VARIANCES = {local_level: LEVEL, local_linear_trend: TREND}
STARTS = ["exact_diffuse", "approximate_diffuse"]
both = pytest.mark.parametrize("kalman", [local_level, local_linear_trend], ids=["level", "trend"])


@pytest.fixture(scope="module")
def walk():
    """300 steps of a level whose slope wanders, with noise."""
    rng = np.random.default_rng(5)
    slope = np.cumsum(rng.normal(0, 0.14, 300))
    return np.cumsum(slope + rng.normal(0, 0.63, 300)) + rng.normal(0, 1.22, 300)


def statsmodels_columns(series, kalman, start):
    """What statsmodels filters, by the names used here; it goes on updating the variance to the end."""
    name, parameters = STATSMODELS[kalman]
    model = UnobservedComponents(series, name, use_exact_diffuse=start == "exact_diffuse")
    model.ssm.tolerance = 0
    found = model.filter(parameters)
    columns = {
        "level": found.filtered_state[0],
        "level_error": np.sqrt(found.filtered_state_cov[0, 0]),
        "innovation": found.forecasts_error[0],
        "innovation_z": found.forecasts_error[0] / np.sqrt(found.forecasts_error_cov[0, 0]),
    }
    if name == "lltrend":
        columns |= {"slope": found.filtered_state[1], "slope_error": np.sqrt(found.filtered_state_cov[1, 1])}
    return columns, len(parameters) - 1


@both
@pytest.mark.parametrize("start", STARTS)
def test_every_column_is_that_of_statsmodels(walk, kalman, start):
    expected, diffuse = statsmodels_columns(walk, kalman, start)
    found = kalman(walk, VARIANCES[kalman], scale="linear", start=start)
    for name, values in expected.items():
        assert np.isnan(getattr(found, name)[:diffuse]).all(), name
        # statsmodels subtracts from a prior variance of 1e6 and keeps ten digits fewer than it has.
        tolerance = 1e-10 if start == "exact_diffuse" else 1e-7
        np.testing.assert_allclose(getattr(found, name)[diffuse:], values[diffuse:], rtol=tolerance, atol=tolerance)


@both
@pytest.mark.parametrize("start", STARTS)
def test_a_predicted_gap_is_a_step_of_time_as_in_statsmodels(walk, kalman, start):
    series = walk.copy()
    series[[7, 8, 100, 101, 102, 250]] = np.nan
    expected, diffuse = statsmodels_columns(series, kalman, start)
    found = kalman(series, VARIANCES[kalman], scale="linear", start=start, gaps="predict")
    seen = np.isfinite(series) & (np.arange(series.size) >= diffuse)
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name)[seen], values[seen], rtol=1e-7, atol=1e-7, err_msg=name)
    assert all(np.isnan(column[~seen]).all() for column in found)


def test_a_gap_inside_the_diffuse_start_of_a_trend_is_a_step_of_time(walk):
    series = walk.copy()
    series[[1, 2, 3]] = np.nan
    expected, _ = statsmodels_columns(series, local_linear_trend, "exact_diffuse")
    found = local_linear_trend(series, TREND, scale="linear", gaps="predict")
    assert np.isnan(found.level[:5]).all()
    seen = np.arange(5, series.size)
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name)[seen], values[seen], rtol=1e-9, atol=1e-9, err_msg=name)


@both
def test_what_is_missing_before_the_first_observation_does_not_exist(walk, kalman):
    late = np.r_[np.nan, np.nan, np.nan, walk]
    for gaps in ("skip", "predict"):
        found = kalman(late, VARIANCES[kalman], scale="linear", gaps=gaps)
        alone = kalman(walk, VARIANCES[kalman], scale="linear")
        for column, values in zip(found, alone, strict=True):
            assert np.isnan(column[:3]).all()
            np.testing.assert_array_equal(column[3:], values)


@both
def test_predicted_gaps_do_not_reach_from_row_to_row_of_a_panel(walk, kalman):
    rows = np.vstack([walk, np.where(np.arange(walk.size) % 9 == 4, np.nan, walk), np.full(walk.size, np.nan)])
    found = kalman(rows, VARIANCES[kalman], scale="linear", gaps="predict")
    for row, series in enumerate(rows):
        alone = kalman(series, VARIANCES[kalman], scale="linear", gaps="predict")
        np.testing.assert_array_equal(np.array([column[row] for column in found]), np.array(alone))
    assert all(column.shape == (0, 4) for column in kalman(np.empty((0, 4)), VARIANCES[kalman], gaps="predict"))


def test_a_local_level_worked_by_hand():
    # Both variances 1, so the first observation leaves a variance of 1.
    #   row 1: forecast 0, variance 1 + 1 + 1 = 3, gain 2/3, level 0 + 2/3 * 3 = 2, its variance 2/3
    #   row 2: forecast 2, variance 2/3 + 1 + 1 = 8/3, gain 5/8, level 2 + 5/8 * -4 = -1/2, its variance 5/8
    found = local_level(np.array([0.0, 3.0, -2.0]), Variances(observation=1, level=1), window=1, scale="linear")
    np.testing.assert_allclose(found.level, [np.nan, 2, -0.5])
    np.testing.assert_allclose(found.level_error, [np.nan, (2 / 3) ** 0.5, (5 / 8) ** 0.5])
    np.testing.assert_allclose(found.innovation, [np.nan, 3, -4])
    np.testing.assert_allclose(found.innovation_z, [np.nan, 3 / 3**0.5, -4 / (8 / 3) ** 0.5])
    # A mean over one innovation: sqrt(2/3 * 3) and sqrt(5/8 * 6).
    np.testing.assert_allclose(found.uncertainty, [np.nan, 2**0.5, 3.75**0.5])


def test_a_steady_level_is_an_exponential_average(walk):
    # Signal to noise q = 1/2: gain (-q + sqrt(q * q + 4 q)) / 2 = (-0.5 + 1.5) / 2 = 0.5, so window 2 / 0.5 - 1 = 3.
    found = local_level(walk, Variances(observation=2, level=1), scale="linear")
    np.testing.assert_allclose(found.level[80:], ema(walk, 3)[80:], rtol=0, atol=1e-12)


def test_the_log_scale_filters_logarithms_and_returns_prices(walk):
    prices = np.exp(walk / 100)
    logs = local_linear_trend(np.log(prices), TREND, scale="linear")
    found = local_linear_trend(prices, TREND)
    np.testing.assert_array_equal(found.level, np.exp(logs.level))
    for name in ("level_error", "slope", "slope_error", "innovation", "innovation_z", "uncertainty"):
        np.testing.assert_array_equal(getattr(found, name), getattr(logs, name))
    # A price in another currency has the same returns.
    dear = local_linear_trend(1000 * prices, TREND)
    np.testing.assert_allclose(dear.level, 1000 * found.level, rtol=1e-9)
    np.testing.assert_allclose(dear.innovation_z, found.innovation_z, atol=1e-9)


def test_uncertainty_scales_the_error_by_the_recent_innovations(walk):
    found = local_linear_trend(pd.Series(walk), TREND, window=20, scale="linear")
    squares = (found["innovation_z"] ** 2).ewm(span=20, min_periods=20).mean()
    pd.testing.assert_series_equal(found["uncertainty"], found["level_error"] * squares**0.5, check_names=False)
    assert found["uncertainty"].first_valid_index() == 21


def test_the_error_of_constant_variances_says_nothing_of_a_series_but_uncertainty_does(walk):
    # The same filter on calm and on tenfold moves: the error settles at one number, the uncertainty at ten.
    calm, wild = (local_level(factor * walk, LEVEL, scale="linear") for factor in (1.0, 10.0))
    np.testing.assert_array_equal(calm.level_error, wild.level_error)
    assert np.ptp(calm.level_error[30:]) < 1e-12
    np.testing.assert_allclose(wild.uncertainty[30:], 10 * calm.uncertainty[30:], rtol=1e-9)


def test_innovations_of_the_true_model_are_standard_normal():
    # 20,000 squares of a standard normal have mean 1 with a standard error of sqrt(2 / 20000) = 0.01.
    rng = np.random.default_rng(11)
    series = np.cumsum(rng.normal(0, 0.4**0.5, 20_000)) + rng.normal(0, 1.5**0.5, 20_000)
    z = local_level(series, LEVEL, scale="linear").innovation_z[1:]
    assert np.mean(z**2) == pytest.approx(1, abs=0.03)
    assert np.corrcoef(z[1:], z[:-1])[0, 1] == pytest.approx(0, abs=0.021)


def test_without_noise_the_level_is_the_price(walk):
    found = local_level(walk, Variances(observation=0, level=1), scale="linear")
    np.testing.assert_allclose(found.level[1:], walk[1:], rtol=1e-12)
    assert (found.level_error[1:] == 0).all()


@both
def test_prices_without_a_logarithm_are_refused(kalman):
    with pytest.raises(DataError, match=r"close holds 2 values <= 0, .*scale='linear'"):
        kalman(np.array([1.0, 0.0, -1.0, 2.0]), VARIANCES[kalman])


@both
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": "logs"}, r"scale must be 'log' or 'linear', was 'logs'; did you mean 'log'"),
        ({"start": "diffuse"}, r"start must be 'exact_diffuse' or"),
        ({"gaps": "fill"}, r"gaps must be 'skip' or 'predict', was 'fill'"),
        ({"variances": (1.0, 2.0)}, r"variances must be Variances, was tuple; take fit_local_"),
    ],
)
def test_unknown_options_are_refused(kalman, arguments, message):
    with pytest.raises(ConfigError, match=message):
        kalman(np.arange(1.0, 9.0), **{"variances": VARIANCES[kalman], **arguments})


def test_a_local_level_has_no_slope():
    with pytest.raises(ConfigError, match=r"a local level has no slope, its variance was 0.02"):
        local_level(np.arange(1.0, 9.0), TREND)
