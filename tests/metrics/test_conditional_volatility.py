"""GARCH fits against plain recursions, arch on percents, and known truth."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from arch.univariate import SkewStudent
from scipy import stats

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention

DAILY = Convention(periods_per_year=252)
MODELS = {"garch": ("GARCH", 0), "gjr": ("GARCH", 1), "egarch": ("EGARCH", 1)}
DISTRIBUTIONS = {"normal": "normal", "student_t": "t", "skewed_t": "skewt"}
ARCH_NAMES = {"mu": "mean", "alpha[1]": "alpha", "gamma[1]": "gamma", "beta[1]": "beta"}
ARCH_SHAPES = {"nu": "degrees_of_freedom", "eta": "degrees_of_freedom", "lambda": "skew"}


@pytest.fixture(scope="module")
def returns():
    """Daily returns of the S&P 500 of 2010 to 2016."""
    closes = iq.load_bars("^GSPC", start="2010", end="2016-12-31").adjusted().frame["close"]
    return closes.pct_change().iloc[1:]


def simulated(size, seed, omega=2e-6, alpha=0.08, gamma=0.0, beta=0.9):
    """Returns of a GJR-GARCH(1,1) with normal shocks, from its long-run variance on."""
    shocks = np.random.default_rng(seed).normal(size=size)
    variance = omega / (1 - alpha - gamma / 2 - beta)
    returns = np.empty(size)
    for t, shock in enumerate(shocks):
        returns[t] = math.sqrt(variance) * shock
        variance = omega + (alpha + gamma * (shock < 0)) * returns[t] ** 2 + beta * variance
    return returns


def plain_log_likelihood(fit):
    """The log-likelihood at the estimates, written out as in a textbook; normal and Student t only."""
    p = fit.parameters["estimate"]
    residuals = fit.returns - p["mean"]
    before = 0.94 ** np.arange(75)
    start = np.sum(before * residuals_of_mean(fit)[:75] ** 2) / before.sum()
    total, last = 0.0, None
    for e in residuals:
        if fit.model == "egarch":
            if last is None:
                log_variance = p["omega"] + p["beta"] * math.log(start)
            else:
                z = last[0] / math.sqrt(last[1])
                news = p["alpha"] * (abs(z) - math.sqrt(2 / math.pi)) + p["gamma"] * z
                log_variance = p["omega"] + news + p["beta"] * math.log(last[1])
            variance = math.exp(log_variance)
        elif last is None:
            variance = p["omega"] + (p["alpha"] + 0.5 * p.get("gamma", 0.0) + p["beta"]) * start
        else:
            share = p["alpha"] + (p.get("gamma", 0.0) if last[0] < 0 else 0.0)
            variance = p["omega"] + share * last[0] ** 2 + p["beta"] * last[1]
        if fit.distribution == "normal":
            total += stats.norm.logpdf(e, scale=math.sqrt(variance))
        else:
            degrees = p["degrees_of_freedom"]
            total += stats.t.logpdf(e, degrees, scale=math.sqrt(variance * (degrees - 2) / degrees))
        last = (e, variance)
    return total


def residuals_of_mean(fit):
    return fit.returns - fit.returns.mean()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("distribution", ["normal", "student_t"])
def test_the_likelihood_is_that_of_a_plain_recursion(returns, model, distribution):
    fit = garch(returns.iloc[:600], DAILY, model=model, distribution=distribution)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(plain_log_likelihood(fit), abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("errors", ["robust", "classic"])
def test_estimates_and_errors_are_those_of_arch_on_percents(returns, model, distribution, errors):
    fit = garch(returns, DAILY, model=model, distribution=distribution, standard_errors=errors)
    volatility, asymmetric = MODELS[model]
    process = arch_model(
        100 * returns, vol=volatility, p=1, o=asymmetric, q=1, dist=DISTRIBUTIONS[distribution], rescale=False
    )
    theirs = process.fit(disp="off", cov_type=errors, options={"ftol": 1e-11})
    assert fit.log_likelihood == pytest.approx(theirs.loglikelihood + returns.size * math.log(100), abs=1e-5)
    np.testing.assert_allclose(fit.conditional_volatility, theirs.conditional_volatility / 100, rtol=2e-4)
    np.testing.assert_allclose(fit.standardized_residuals, theirs.std_resid, rtol=5e-4, atol=5e-4)
    for name, value in theirs.params.items():
        if name == "omega":
            continue
        mine = fit.parameters.loc[(ARCH_NAMES | ARCH_SHAPES)[name]]
        unit = 0.01 if name == "mu" else 1.0
        assert mine["estimate"] == pytest.approx(unit * value, rel=5e-3, abs=2e-4 * unit), name
        if name != "alpha[1]" or model != "gjr":  # there alpha lies on its bound and has no error
            assert mine["standard_error"] == pytest.approx(unit * theirs.std_err[name], rel=0.02), name
            assert mine["p_value"] == pytest.approx(theirs.pvalues[name], abs=0.01), name
    omega = theirs.params["omega"]
    # ln(v / 100^2) of percents is ln(v) - ln(100^2), of which the recursion takes back beta.
    expected = omega - (1 - theirs.params["beta[1]"]) * math.log(1e4) if model == "egarch" else omega / 1e4
    assert fit.parameters.loc["omega", "estimate"] == pytest.approx(expected, rel=5e-3)


def test_the_error_of_omega_in_an_egarch_does_not_depend_on_the_unit(returns):
    # In arch, returns as fractions are in range for EGARCH: its omega and the error of it need no conversion.
    fit = garch(returns, DAILY, model="egarch", standard_errors="classic")
    process = arch_model(returns, vol="EGARCH", p=1, o=1, q=1, rescale=False)
    theirs = process.fit(disp="off", cov_type="classic", options={"ftol": 1e-11})
    assert fit.parameters.loc["omega", "estimate"] == pytest.approx(theirs.params["omega"], rel=1e-3)
    assert fit.parameters.loc["omega", "standard_error"] == pytest.approx(theirs.std_err["omega"], rel=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_a_fit_does_not_depend_on_the_scale_of_returns(returns, model):
    fit = garch(returns, DAILY, model=model, distribution="student_t")
    small = garch(returns / 1000, DAILY, model=model, distribution="student_t")
    for name in ("alpha", "beta", "degrees_of_freedom"):
        pd.testing.assert_series_equal(small.parameters.loc[name], fit.parameters.loc[name], rtol=1e-4, atol=1e-6)
    assert small.long_run_volatility == pytest.approx(fit.long_run_volatility / 1000, rel=1e-5)
    assert small.log_likelihood == pytest.approx(fit.log_likelihood + returns.size * math.log(1000), abs=1e-5)
    np.testing.assert_allclose(small.standardized_residuals, fit.standardized_residuals, rtol=1e-5, atol=1e-6)


def test_arch_misses_the_maximum_on_fractions_where_this_fit_does_not(returns):
    fit = garch(returns, DAILY)
    process = arch_model(returns, p=1, q=1, rescale=False)
    theirs = process.fit(disp="off", show_warning=False)
    assert theirs.convergence_flag == 0
    assert theirs.loglikelihood < fit.log_likelihood - 1


@pytest.mark.parametrize(("model", "gamma", "alpha"), [("garch", 0.0, 0.08), ("gjr", 0.1, 0.03)])
def test_known_parameters_are_found_within_their_errors(model, gamma, alpha):
    fit = garch(simulated(8000, 4, alpha=alpha, gamma=gamma), DAILY, model=model)
    truth = {"mean": 0.0, "omega": 2e-6, "alpha": alpha, "beta": 0.9} | ({"gamma": gamma} if gamma else {})
    for name, value in truth.items():
        estimate, error = fit.parameters.loc[name, ["estimate", "standard_error"]]
        assert abs(estimate - value) < 2.6 * error, name
        assert error < max(0.02, abs(value)), name
    assert fit.persistence == pytest.approx(0.98, abs=0.015)
    # sqrt(2e-6 / 0.02) is 1 % a day.
    assert fit.long_run_volatility == pytest.approx(0.01 * math.sqrt(252), rel=0.1)


def test_shocks_of_a_student_t_show_in_the_degrees_of_freedom():
    shocks = np.random.default_rng(5).standard_t(5, 6000) * 0.01 * math.sqrt(3 / 5)
    estimate, error = garch(shocks, DAILY, distribution="student_t").parameters.loc["degrees_of_freedom"].iloc[:2]
    assert abs(estimate - 5) < 3 * error < 2


@pytest.mark.parametrize(("mean", "centred"), [("constant", True), ("zero", False)])
def test_what_stands_before_the_first_return_is_the_choice_of_start(returns, mean, centred):
    residuals = returns.to_numpy() - (returns.mean() if centred else 0.0)
    weights = 0.94 ** np.arange(75)
    expected = {
        "sample_variance": np.mean(residuals**2),
        "backcast": np.average(residuals[:75] ** 2, weights=weights),
    }
    for start, presample in expected.items():
        fit = garch(returns, DAILY, mean=mean, start=start)
        assert fit.presample == pytest.approx(presample, rel=1e-12)
        omega, alpha, beta = fit.parameters.loc[["omega", "alpha", "beta"], "estimate"]
        first = omega + (alpha + beta) * presample
        assert fit.conditional_volatility.iloc[0] == pytest.approx(math.sqrt(first), rel=1e-9)
    assert ("mean" in fit.parameters.index) == centred


def test_no_warning_and_no_filter_of_arch_leaks(returns):
    before = list(warnings.filters)
    garch(returns.iloc[:200] / 1e4, DAILY)
    assert warnings.filters == before


def test_few_returns_are_flagged_and_fewer_refused(returns):
    fit = garch(returns.iloc[:499], DAILY)
    assert "garch_few_returns" in [note.code for note in fit.notes]
    assert "garch_few_returns" not in [note.code for note in garch(returns.iloc[:500], DAILY).notes]
    with pytest.raises(InsufficientDataError, match="a GARCH fit needs 100 returns, received 99"):
        garch(returns.iloc[:99], DAILY)


def test_a_search_that_fails_is_reported_and_never_taken_for_a_maximum():
    # 120 wild returns for a model of seven parameters. arch reports convergence for seed 16, at estimates of a million.
    failed = 0
    for seed in (16, 21, 39):
        wild = np.random.default_rng(seed).standard_t(3, 120) * 0.01
        fit = garch(wild, DAILY, model="egarch", distribution="skewed_t")
        constant = stats.norm.logpdf(wild, wild.mean(), wild.std()).sum()
        assert not fit.converged or fit.log_likelihood > constant - 1
        assert fit.converged != ("garch_not_converged" in [note.code for note in fit.notes])
        failed += not fit.converged
        assert "Converged" in str(fit)
    assert failed


def test_estimates_on_a_bound_and_shocks_that_do_not_fade_are_noted(returns):
    # Falls raise the volatility of the index, rises do not: alpha of the GJR model is 0.
    gjr = garch(returns, DAILY, model="gjr")
    assert [note.code for note in gjr.notes] == ["garch_at_bound"]
    assert "On its bound: alpha." in gjr.notes[0].text
    # A variance that doubles every 100 periods has no level to return to.
    growing = np.random.default_rng(3).normal(size=800) * 1e-3 * 2 ** (np.arange(800) / 200)
    fit = garch(growing, DAILY)
    assert not fit.is_stationary
    assert math.isnan(fit.long_run_volatility) and math.isnan(fit.half_life)
    assert "garch_not_stationary" in [note.code for note in fit.notes]
    assert "shocks do not fade" in str(fit)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "GARCH"}, "model must be 'garch' or 'gjr' or 'egarch', was 'GARCH'; did you mean 'garch'"),
        ({"distribution": "t"}, "distribution must be 'normal'"),
        ({"mean": "ar"}, "mean must be 'constant' or 'zero'"),
        ({"start": "zero"}, "start must be 'backcast' or 'sample_variance'"),
        ({"standard_errors": "hac"}, "standard_errors must be 'robust' or 'classic'"),
    ],
)
def test_unknown_options_are_refused(returns, arguments, message):
    with pytest.raises(ConfigError, match=message):
        garch(returns, DAILY, **arguments)


def test_returns_without_volatility_and_what_are_no_returns_are_refused(returns):
    with pytest.raises(DataError, match=r"all 300 returns are 0.001, so there is no volatility"):
        garch(np.full(300, 0.001), DAILY)
    with pytest.raises(DataError, match="NaN"):
        garch(returns.where(returns.index != returns.index[7]), DAILY)
    with pytest.raises(DataError, match="prices"):
        garch(np.linspace(100, 120, 300), DAILY)


def test_the_persistence_of_a_skewed_fit_takes_its_own_share_of_falls():
    rng = np.random.default_rng(8)
    drawn = 0.01 * (SkewStudent().ppf(rng.random(1_500), np.array([6.0, -0.4])))
    fit = garch(drawn, Convention(periods_per_year=252), model="gjr", distribution="skewed_t")
    own = fit.parameters["estimate"][["degrees_of_freedom", "skew"]].to_numpy()
    # The variance below zero, by the quantiles of the fitted distribution.
    z = SkewStudent().ppf((np.arange(200_000) + 0.5) / 200_000, own)
    share = np.mean(z**2 * (z < 0))
    assert share > 0.55
    estimate = fit.parameters["estimate"]
    expected = estimate["alpha"] + share * estimate["gamma"] + estimate["beta"]
    assert fit.negative_share == pytest.approx(share, abs=2e-3)
    assert fit.persistence == pytest.approx(expected, abs=2e-3 * abs(estimate["gamma"]) + 1e-12)
    assert abs(estimate["gamma"]) > 0


def test_a_spell_of_volatility_that_fills_the_sample_is_noted_as_nearly_integrated():
    # 2 % within 200 of 600 rows and 0.5 % around them: a deviation that lasts as long as the sample can tell.
    rows = np.arange(600)
    noise = np.random.default_rng(2).standard_normal(600)
    fit = garch(noise * np.where((rows > 200) & (rows < 400), 0.02, 0.005), DAILY)
    assert 60 < fit.half_life < math.inf
    assert [note.code for note in fit.notes] == ["garch_nearly_integrated"]


def test_times_that_contradict_the_declared_periods_are_told():
    months = pd.date_range("2000-01-31", periods=200, freq="ME")
    monthly = pd.Series(np.random.default_rng(4).normal(0.0, 0.04, 200), index=months)
    assert "other_frequency" in [note.code for note in garch(monthly, DAILY).notes]
    assert "other_frequency" not in [note.code for note in garch(monthly, Convention(periods_per_year=12)).notes]


def test_a_list_of_returns_has_no_index():
    drawn = np.random.default_rng(5).normal(0.0, 0.01, 150)
    assert garch(drawn.tolist(), DAILY).index is None  # type: ignore[arg-type]
