"""The likelihood of the Kalman models against statsmodels and arithmetic by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.indicators.state_space import Variances, kalman_log_likelihood

CASES = [
    ("local_level", "llevel", Variances(observation=1.5, level=0.4)),
    ("local_level", "llevel", Variances(observation=0.0, level=0.4)),
    ("local_level", "llevel", Variances(observation=1.5, level=0.0)),
    ("local_linear_trend", "lltrend", Variances(observation=1.5, level=0.4, slope=0.02)),
    ("local_linear_trend", "lltrend", Variances(observation=1.5, level=0.0, slope=0.02)),
    ("local_linear_trend", "lltrend", Variances(observation=0.0, level=0.4, slope=0.0)),
]


@pytest.fixture(scope="module")
def walk():
    rng = np.random.default_rng(6)
    return np.cumsum(0.3 + rng.normal(0, 0.63, 400)) + rng.normal(0, 1.22, 400)


def statsmodels_value(series, name, variances, exact):
    parameters = [variances.observation, variances.level, variances.slope][: 2 if name == "llevel" else 3]
    model = UnobservedComponents(series, name, use_exact_diffuse=exact)
    model.ssm.tolerance = 0
    return model.loglike(parameters)


@pytest.mark.parametrize(("model", "name", "variances"), CASES)
@pytest.mark.parametrize("gapped", [False, True])
def test_the_likelihood_is_that_of_statsmodels(walk, model, name, variances, gapped):
    series = walk.copy()
    if gapped:
        series[[5, 6, 200, 301, 302]] = np.nan
    exact = kalman_log_likelihood(series, variances, model=model, scale="linear", gaps="predict")
    assert exact == pytest.approx(statsmodels_value(series, name, variances, exact=True), abs=1e-8)
    approximate = kalman_log_likelihood(
        series, variances, model=model, scale="linear", gaps="predict", start="approximate_diffuse"
    )
    # The rounding of statsmodels' subtraction from 1e6, over all innovations.
    assert approximate == pytest.approx(statsmodels_value(series, name, variances, exact=False), abs=1e-5)


def test_a_gap_inside_the_diffuse_start_counts_as_in_statsmodels(walk):
    series = walk.copy()
    series[[1, 2]] = np.nan
    variances = Variances(observation=1.5, level=0.4, slope=0.02)
    found = kalman_log_likelihood(series, variances, model="local_linear_trend", scale="linear", gaps="predict")
    assert found == pytest.approx(statsmodels_value(series, "lltrend", variances, exact=True), abs=1e-8)


def test_a_gap_that_takes_no_time_is_no_observation(walk):
    series = walk.copy()
    series[[5, 6, 200]] = np.nan
    variances = Variances(observation=1.5, level=0.4)
    found = kalman_log_likelihood(series, variances, model="local_level", scale="linear")
    assert found == kalman_log_likelihood(
        series[np.isfinite(series)], variances, model="local_level", scale="linear", gaps="predict"
    )


def test_the_likelihood_of_log_prices_keeps_its_digits_on_returns_of_one_percent():
    rng = np.random.default_rng(7)
    prices = pd.Series(np.exp(7 + np.cumsum(rng.normal(0, 0.01, 2520))))
    variances = Variances(observation=2e-5, level=8e-5)
    found = kalman_log_likelihood(prices, variances, model="local_level")
    assert found == pytest.approx(statsmodels_value(np.log(prices), "llevel", variances, exact=True), abs=1e-7)


def test_a_random_walk_worked_by_hand():
    # Three steps of 2, -1 and 4 with variance 4, and a first value of which nothing is known:
    # -1/2 (4 log 2 pi + 3 log 4 + (4 + 1 + 16) / 4).
    found = kalman_log_likelihood(
        np.array([1.0, 3.0, 2.0, 6.0]), Variances(observation=0, level=4), model="local_level", scale="linear"
    )
    assert found == pytest.approx(-0.5 * (4 * math.log(2 * math.pi) + 3 * math.log(4) + 21 / 4), abs=1e-12)


def test_extreme_variances_neither_overflow_nor_vanish():
    # 500 steps of 0 with variance 1e-60 or 1e60: only the logarithm counts.
    for variance in (1e-60, 1e60):
        found = kalman_log_likelihood(
            np.ones(501), Variances(observation=0, level=variance), model="local_level", scale="linear"
        )
        assert found == pytest.approx(-0.5 * (501 * math.log(2 * math.pi) + 500 * math.log(variance)), rel=1e-12)


@pytest.mark.parametrize(("model", "least"), [("local_level", 2), ("local_linear_trend", 3)])
def test_the_start_alone_has_no_likelihood(model, least):
    variances = Variances(observation=1, level=1)
    series = np.r_[np.arange(1.0, least), np.nan, np.nan]
    with pytest.raises(InsufficientDataError, match=f"needs {least} observations, received {least - 1}"):
        kalman_log_likelihood(series, variances, model=model)


@pytest.mark.parametrize("name", ["observation", "level", "slope"])
@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf])
def test_a_variance_is_finite_and_not_negative(name, value):
    with pytest.raises(ConfigError, match=f"the variance {name} must be 0 or positive and finite"):
        Variances(**{"observation": 1.0, "level": 1.0, name: value})


def test_nothing_that_moves_is_refused():
    with pytest.raises(ConfigError, match="all variances are 0"):
        Variances(observation=0, level=0)


def test_an_unknown_model_and_prices_without_a_logarithm_are_refused(walk):
    variances = Variances(observation=1, level=1)
    with pytest.raises(ConfigError, match=r"model must be 'local_level' or 'local_linear_trend', was 'llevel'"):
        kalman_log_likelihood(walk, variances, model="llevel")
    with pytest.raises(DataError, match=r"values <= 0, which have no logarithm"):
        kalman_log_likelihood(walk - 5, variances, model="local_level")


def test_the_ratio_of_signal_to_noise_is_infinite_without_noise():
    assert Variances(observation=4e-5, level=1e-5).signal_to_noise == 0.25
    assert Variances(observation=0, level=1e-5).signal_to_noise == math.inf
