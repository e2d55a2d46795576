"""Estimated variances against statsmodels' likelihood, closed forms and known truth."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.indicators.kalman_filters import local_level, local_linear_trend
from investiq.indicators.kalman_fitting import fit_local_level, fit_local_linear_trend
from investiq.indicators.state_space import kalman_log_likelihood

NAMES = {fit_local_level: "llevel", fit_local_linear_trend: "lltrend"}
both = pytest.mark.parametrize("fit", [fit_local_level, fit_local_linear_trend], ids=["level", "trend"])


def parameters_of(found):
    variances = found.variances
    both = [variances.observation, variances.level]
    return both if found.model == "local_level" else [*both, variances.slope]


@pytest.fixture(scope="module")
def index_closes(sample):
    """Adjusted closes of the S&P 500 of 2014 to 2018, in which a slope of its own adds nothing."""
    return sample.frame.loc["2014":, "close"]


@pytest.fixture(scope="module")
def trending():
    """2,000 prices with noise of 1 %, steps of 1 % and a slope that moves by 0.08 % a bar."""
    rng = np.random.default_rng(3)
    slope = np.cumsum(rng.normal(0, 0.0008, 2000))
    logs = 4 + np.cumsum(slope + rng.normal(0, 0.01, 2000)) + rng.normal(0, 0.01, 2000)
    return np.exp(logs)


@both
@pytest.mark.parametrize("which", ["index", "trending"])
def test_the_maximum_is_at_least_that_of_statsmodels(index_closes, trending, fit, which):
    prices = index_closes if which == "index" else trending
    found = fit(prices)
    model = UnobservedComponents(np.log(np.asarray(prices)), NAMES[fit], use_exact_diffuse=True)
    model.ssm.tolerance = 0
    # statsmodels agrees on the likelihood at these variances, and its own search from their vicinity ends no higher.
    here = model.loglike(parameters_of(found))
    assert found.log_likelihood == pytest.approx(here, abs=1e-6)
    close_by = 1.3 * np.array(parameters_of(found)) + 1e-9
    theirs = model.fit(start_params=close_by, disp=False, maxiter=100, warn_convergence=False, cov_type="none").llf
    assert found.log_likelihood >= theirs - 1e-6
    assert found.log_likelihood == pytest.approx(theirs, abs=0.05)
    assert found.converged


@both
def test_no_neighbour_is_likelier(index_closes, trending, fit):
    prices = index_closes if fit is fit_local_level else trending
    found = fit(prices)
    for name in ("observation", "level", "slope")[: len(parameters_of(found))]:
        for factor in (0.98, 1.02):
            moved = type(found.variances)(
                **{
                    each: getattr(found.variances, each) * (factor if each == name else 1)
                    for each in ("observation", "level", "slope")
                }
            )
            assert kalman_log_likelihood(prices, moved, model=found.model) < found.log_likelihood


def test_the_variances_of_a_simulated_trend_are_found(trending):
    found = fit_local_linear_trend(trending).variances
    assert found.observation == pytest.approx(1e-4, rel=0.15)
    assert found.level == pytest.approx(1e-4, rel=0.25)
    assert found.slope == pytest.approx(0.0008**2, rel=0.5)


def test_a_pure_random_walk_has_its_mean_square_step_as_variance_and_no_noise():
    # Steps of +1, +1, -1, -1 in turn: without noise the estimate is the mean square, 1, and successive steps are
    # uncorrelated or alike, so noise (which makes them differ in sign) adds nothing.
    steps = np.tile([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0], 60)
    found = fit_local_level(np.r_[0.0, np.cumsum(steps)], scale="linear")
    assert found.variances.observation == 0
    assert found.variances.level == pytest.approx(1, abs=1e-12)
    assert [note.code for note in found.notes] == ["kalman_variance_zero"]
    assert "no variance of the observation" in found.notes[0].text


def test_pure_noise_has_the_sample_variance_and_a_level_that_stands():
    # A constant mean: the exact diffuse likelihood is that of n - 1 contrasts, whose variance has ddof 1.
    noise = np.tile([1.0, -1.0, 2.0, -2.0], 100)
    found = fit_local_level(noise, scale="linear")
    assert found.variances.level == 0
    assert found.variances.observation == pytest.approx(np.var(noise, ddof=1), rel=1e-9)


@both
def test_units_change_the_variances_by_their_square_only(trending, fit):
    logs = np.log(trending)
    small, large = fit(logs, scale="linear"), fit(100 * logs, scale="linear")
    np.testing.assert_allclose(parameters_of(large), 1e4 * np.array(parameters_of(small)), rtol=1e-3)
    per_innovation = np.log(100) * (trending.size - (1 if fit is fit_local_level else 2))
    assert large.log_likelihood == pytest.approx(small.log_likelihood - per_innovation, abs=1e-6)


@both
def test_the_logarithms_fitted_by_hand_are_the_log_scale(trending, fit):
    assert parameters_of(fit(trending)) == parameters_of(fit(np.log(trending), scale="linear"))


@both
def test_a_gap_is_read_as_the_filter_reads_it(trending, fit):
    gapped = trending.copy()
    gapped[[4, 5, 900, 901, 902]] = np.nan
    skipped, predicted = fit(gapped), fit(gapped, gaps="predict")
    assert parameters_of(skipped) == parameters_of(fit(gapped[np.isfinite(gapped)]))
    model = UnobservedComponents(np.log(gapped), NAMES[fit], use_exact_diffuse=True)
    model.ssm.tolerance = 0
    assert predicted.log_likelihood == pytest.approx(model.loglike(parameters_of(predicted)), abs=1e-6)
    assert predicted.observations == skipped.observations == 1995


def test_variances_of_a_training_window_filter_what_comes_after(index_closes):
    fit = fit_local_linear_trend(index_closes.loc[:"2016"])
    filtered = local_linear_trend(index_closes, fit.variances).loc["2017":]
    assert filtered.notna().all(axis=None)
    assert str(fit.last)[:4] == "2016"
    # One step ahead the innovations are about as large as the variances promise, out of their sample.
    assert (filtered["innovation_z"] ** 2).mean() == pytest.approx(1, abs=0.5)
    assert len(local_level(index_closes, fit_local_level(index_closes.loc[:"2016"]).variances)) == len(index_closes)


def test_a_fit_states_its_window_scale_and_notes(index_closes):
    found = fit_local_linear_trend(index_closes.loc["2018-10":])
    text = str(found)
    assert "Kalman filter: local linear trend, fitted to 63 observations" in text
    assert "2018-10-01 to 2018-12-31" in text
    assert "below 250 the variances are rough" in text
    frame = found.to_frame()
    assert list(frame.index) == ["observation", "level", "slope"]
    np.testing.assert_allclose(frame["standard_deviation"] ** 2, frame["variance"])
    assert list(fit_local_level(index_closes).to_frame().index) == ["observation", "level"]


@both
def test_what_does_not_move_or_is_too_short_is_refused(fit):
    least = 3 if fit is fit_local_level else 5
    with pytest.raises(InsufficientDataError, match=f"needs {least} observations, received {least - 1}"):
        fit(np.arange(1.0, least))
    with pytest.raises(DataError, match="there are no variances to estimate"):
        fit(np.full(50, 7.0))
    with pytest.raises(ConfigError, match="scale must be"):
        fit(np.arange(1.0, 50.0), scale="returns")


def test_a_straight_line_has_no_trend_variances():
    # Neither where the logarithm leaves some rounding of it.
    for line, scale in ((np.arange(50.0), "linear"), (np.exp(0.01 * np.arange(50)), "log")):
        with pytest.raises(DataError, match="follows a straight line"):
            fit_local_linear_trend(line, scale=scale)


def test_the_labels_of_a_series_with_unlabelled_rows_are_kept(trending):
    found = fit_local_level(pd.Series(trending[:300]))
    assert (found.first, found.last) == (0, 299)


def test_a_level_that_moves_by_its_slope_alone_has_no_variance_of_its_own():
    rng = np.random.default_rng(4)
    smooth = np.cumsum(np.cumsum(rng.normal(0, 0.1, 400)))
    fit = fit_local_linear_trend(smooth + rng.normal(0, 1.0, 400), scale="linear")
    assert fit.variances.level == 0
    assert fit.variances.observation == pytest.approx(1.0, rel=0.3)
    assert fit.variances.slope == pytest.approx(0.01, rel=0.6)
