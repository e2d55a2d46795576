"""What a GARCH fit says, from parameters written down by hand."""

import hashlib
import math
import struct

import numpy as np
import pandas as pd
import pytest
from arch import arch_model

from investiq.core.errors import ConfigError, DataError
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention
from investiq.metrics.garch_fit import GarchFit

DAILY = Convention(periods_per_year=252)
NORMAL_MEAN_ABSOLUTE = math.sqrt(2 / math.pi)


def written(model="garch", returns=(0.01, -0.02), **parameters):
    """A fit with chosen parameters; the variance before the first return is 1e-4."""
    table = pd.DataFrame({"estimate": parameters})
    for column in ("standard_error", "t_statistic", "p_value"):
        table[column] = 0.1
    return GarchFit(
        model=model,
        distribution="normal",
        mean="zero",
        start="sample_variance",
        standard_errors="robust",
        convention=DAILY,
        parameters=table,
        log_likelihood=1.0,
        presample=1e-4,
        negative_share=0.5,
        mean_absolute=NORMAL_MEAN_ABSOLUTE,
        converged=True,
        returns=np.array(returns),
        index=None,
    )


def test_a_garch_worked_by_hand():
    # omega 2e-6, alpha 0.1, beta 0.88 from a variance of 1e-4:
    #   v0 = 2e-6 + 0.98 * 1e-4             = 1.0e-4
    #   v1 = 2e-6 + 0.1 * 1e-4 + 0.88 * 1e-4 = 1.0e-4     after +1 %
    #   v2 = 2e-6 + 0.1 * 4e-4 + 0.88 * 1e-4 = 1.3e-4     after -2 %
    fit = written(omega=2e-6, alpha=0.1, beta=0.88)
    np.testing.assert_allclose(fit.conditional_volatility, [0.01, 0.01])
    np.testing.assert_allclose(fit.standardized_residuals, [1, -2])
    assert fit.next_volatility == pytest.approx(math.sqrt(1.3e-4))
    assert fit.persistence == pytest.approx(0.98)
    # Half of a deviation after ln 2 / -ln 0.98 = 34.31 periods; long run sqrt(2e-6 / 0.02) = 1 % a day.
    assert fit.half_life == pytest.approx(34.3096, abs=1e-4)
    assert fit.long_run_volatility == pytest.approx(0.01 * math.sqrt(252))
    # v3 = 2e-6 + 0.98 * 1.3e-4 = 1.294e-4, and the mean of the two 1.297e-4.
    forecast = fit.forecast(2)
    np.testing.assert_allclose(forecast["volatility"] ** 2, [1.3e-4, 1.294e-4])
    np.testing.assert_allclose(forecast["annualised"], np.sqrt(252 * np.array([1.3e-4, 1.294e-4])))
    np.testing.assert_allclose(forecast["average_annualised"] ** 2 / 252, [1.3e-4, 1.297e-4])
    assert list(forecast.index) == [1, 2]
    assert fit.forecast(5000)["annualised"].iloc[-1] == pytest.approx(fit.long_run_volatility, rel=1e-9)


def test_a_gjr_worked_by_hand():
    # gamma 0.04 counts half in the persistence, 0.08 + 0.02 + 0.88, and wholly after the fall:
    #   v1 = 2e-6 + 0.08 * 1e-4 + 0.88 * 1e-4          = 0.98e-4      after +1 %
    #   v2 = 2e-6 + 0.12 * 4e-4 + 0.88 * 0.98e-4       = 1.3624e-4    after -2 %
    fit = written("gjr", omega=2e-6, alpha=0.08, gamma=0.04, beta=0.88)
    assert fit.persistence == pytest.approx(0.98)
    np.testing.assert_allclose(fit.conditional_volatility**2, [1e-4, 0.98e-4])
    assert fit.next_volatility**2 == pytest.approx(1.3624e-4)
    assert fit.forecast(2)["volatility"].iloc[1] ** 2 == pytest.approx(2e-6 + 0.98 * 1.3624e-4)


def test_an_egarch_worked_by_hand():
    # The logarithm reverts to -9.2 by 0.9 a period; after z = 1 it gains 0.2 (1 - sqrt(2/pi)) - 0.1.
    fit = written("egarch", returns=(math.exp(-4.6),), omega=-0.92, alpha=0.2, gamma=-0.1, beta=0.9)
    first = -0.92 + 0.9 * math.log(1e-4)
    z = math.exp(-4.6) / math.exp(first / 2)
    second = -0.92 + 0.2 * (z - NORMAL_MEAN_ABSOLUTE) - 0.1 * z + 0.9 * first
    assert fit.conditional_volatility.iloc[0] == pytest.approx(math.exp(first / 2))
    assert fit.next_volatility == pytest.approx(math.exp(second / 2))
    assert fit.persistence == 0.9
    assert fit.long_run_volatility == pytest.approx(math.exp(-4.6) * math.sqrt(252))
    forecast = np.log(fit.forecast(3)["volatility"] ** 2)
    np.testing.assert_allclose(forecast, [second, -0.92 + 0.9 * second, -0.92 * 1.9 + 0.81 * second])


def test_the_forecast_is_that_of_arch():
    returns = 0.01 * np.random.default_rng(8).standard_t(6, 700) * np.repeat([1.0, 1.6, 0.8, 1.3, 1.0], 140)
    for model, asymmetric in (("garch", 0), ("gjr", 1)):
        fit = garch(returns, DAILY, model=model)
        theirs = arch_model(100 * returns, p=1, o=asymmetric, q=1, rescale=False)
        fixed = theirs.fit(disp="off", options={"ftol": 1e-11})
        variances = fixed.forecast(horizon=30).variance.to_numpy()[-1] / 1e4
        np.testing.assert_allclose(fit.forecast(30)["volatility"] ** 2, variances, rtol=1e-3)


def test_the_forecast_of_an_egarch_is_the_mean_of_the_simulated_log_variance():
    # Student t shocks with 5 degrees of freedom, scaled to variance 1: mean absolute 0.7351 (not the normal 0.7979).
    shocks = np.random.default_rng(9).standard_t(5, (200_000, 3)) * math.sqrt(3 / 5)
    fit = written("egarch", omega=-0.4, alpha=0.2, gamma=-0.1, beta=0.95)
    fit = type(fit)(**{**fit.__dict__, "mean_absolute": 0.735105})
    logs = np.full(200_000, math.log(fit.next_volatility**2))
    for step in range(3):
        assert math.log(fit.forecast(4)["volatility"].iloc[step] ** 2) == pytest.approx(logs.mean(), abs=2e-3)
        z = shocks[:, step]
        logs = -0.4 + 0.2 * (np.abs(z) - NORMAL_MEAN_ABSOLUTE) - 0.1 * z + 0.95 * logs


def test_the_moments_of_the_distribution_are_those_of_its_shocks():
    # scipy: mean |t| with 5 degrees of freedom is 0.949, times sqrt(3/5).
    from scipy import stats

    returns = 0.01 * np.random.default_rng(10).standard_t(4, 900)
    fit = garch(returns, DAILY, distribution="student_t")
    degrees = fit.parameters.loc["degrees_of_freedom", "estimate"]
    expected = stats.t.expect(abs, (degrees,)) * math.sqrt((degrees - 2) / degrees)
    assert fit.mean_absolute == pytest.approx(expected, rel=1e-6)
    assert fit.negative_share == pytest.approx(0.5, abs=1e-9)
    assert garch(returns, DAILY).mean_absolute == pytest.approx(NORMAL_MEAN_ABSOLUTE)


def test_parameters_of_a_training_window_go_on_out_of_sample():
    returns = 0.01 * np.random.default_rng(11).standard_normal(400)
    fit = garch(returns[:300], DAILY)
    volatility = fit.volatility_of(returns)
    assert volatility.shape == (401,)
    np.testing.assert_allclose(volatility[:300], fit.conditional_volatility, rtol=1e-12)
    assert volatility[300] == pytest.approx(fit.next_volatility, rel=1e-12)
    # Row t does not see return t.
    moved = returns.copy()
    moved[350] = 0.05
    later = fit.volatility_of(moved)
    np.testing.assert_array_equal(later[:351], volatility[:351])
    assert later[351] > volatility[351]
    with pytest.raises(DataError, match="NaN"):
        fit.volatility_of(np.array([0.01, np.nan]))


@pytest.mark.parametrize("horizon", [0, -1, 2.5, True, "10"])
def test_a_horizon_that_is_no_number_of_periods_is_refused(horizon):
    with pytest.raises(ConfigError, match="horizon must be a whole number of periods"):
        written(omega=2e-6, alpha=0.1, beta=0.88).forecast(horizon)


def test_an_integrated_model_forecasts_without_a_long_run_level():
    fit = written(omega=2e-6, alpha=0.1, beta=0.9)
    assert not fit.is_stationary
    assert math.isnan(fit.half_life) and math.isnan(fit.long_run_volatility)
    # Every period adds omega.
    np.testing.assert_allclose(np.diff(fit.forecast(4)["volatility"] ** 2), 2e-6)


def test_a_fit_prints_and_tabulates_what_it_holds():
    days = pd.date_range("2024-01-02", periods=2, tz="UTC", name="ts")
    fit = written(omega=2e-6, alpha=0.1, beta=0.88)
    fit = type(fit)(**{**fit.__dict__, "index": days})
    text = str(fit)
    for part in (
        "GARCH(1,1) of 2 returns, normal",
        "Persistence",
        "15.87 %",
        "robust (Bollerslev",
        "variance of the whole",
    ):
        assert part in text
    frame = fit.to_frame()
    assert frame.index.equals(days)
    assert list(frame) == ["return", "conditional_volatility", "annualised_volatility", "standardized_residual"]
    np.testing.assert_allclose(frame["annualised_volatility"], 0.01 * math.sqrt(252))
    assert [row[0] for row in fit.tables()[0].rows] == ["omega", "alpha", "beta"]


@pytest.mark.parametrize(
    ("beta", "count", "expected"),
    [
        # Persistence 0.98 halves a deviation in 34.3 periods: more than a tenth of 300, less than a tenth of 400.
        (0.88, 300, True),
        (0.88, 400, False),
        # 0.9989 in 629.8 and 0.9991 in 769.8, both less than a tenth of 10,000; the second is above 0.999.
        (0.7989 + 0.1, 10_000, False),
        (0.7991 + 0.1, 10_000, True),
        # Without a long-run level there is none to doubt.
        (0.9, 300, False),
    ],
)
def test_shocks_that_hardly_fade_within_the_sample_leave_the_long_run_in_doubt(beta, count, expected):
    fit = written(returns=np.full(count, 0.01), omega=2e-6, alpha=0.1, beta=beta)
    assert fit.is_nearly_integrated is expected
    fact = next(each for each in fit.facts() if each.label == "Long-run volatility")
    assert ("badly determined" in fact.note) is expected


def test_the_figure_doubts_the_long_run_level_of_a_nearly_integrated_fit():
    doubted, trusted = (written(returns=np.full(count, 0.01), omega=2e-6, alpha=0.1, beta=0.88) for count in (300, 400))
    assert "Long-run volatility (badly determined)" in [trace.name for trace in doubted.figure(horizon=2).data]
    assert "Long-run volatility" in [trace.name for trace in trusted.figure(horizon=2).data]


def test_the_provenance_names_the_period_and_the_fingerprint():
    lines = {fact.label: fact.value for fact in written(omega=2e-6, alpha=0.1, beta=0.88).provenance()}
    digest = hashlib.sha256(struct.pack("=2d", 0.01, -0.02)).hexdigest()[:16]
    assert (lines["Period"], lines["SHA-256"]) == ("2 returns without times", f"{digest} of the returns")
