import numpy as np
import pandas as pd
import pytest

from investiq.engines.quant.conditional_volatility import conditional_volatility, estimate_garch
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention
from investiq.metrics.realised_volatility import ewma_volatility

YEAR = Convention(periods_per_year=252)


def simulated(alpha, beta, count, seed=0, level=0.01):
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(8, count) / np.sqrt(8 / 6)
    variance, values = level**2, np.empty(count)
    for t in range(count):
        values[t] = np.sqrt(variance) * shocks[t]
        variance = level**2 * (1 - alpha - beta) + alpha * values[t] ** 2 + beta * variance
    return values


@pytest.fixture(scope="module")
def returns(sample):
    close = sample.adjusted("total").close
    return close[1:] / close[:-1] - 1


@pytest.fixture(scope="module")
def months(sample):
    return sample.ts.astype("datetime64[M]").astype(np.int64)


@pytest.mark.parametrize("first", [0, 1400, 4000])
def test_the_fit_is_that_of_arch(returns, first):
    # The same likelihood by another optimiser; at 700 arch's own search ends lower.
    window = returns[first : first + 1000]
    found = estimate_garch(window)
    theirs = garch(window, YEAR, distribution="student_t")
    assert found.is_usable
    assert found.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-3)
    wanted = theirs.parameters["estimate"]
    assert (found.alpha, found.beta) == pytest.approx((wanted["alpha"], wanted["beta"]), abs=1e-4)
    assert found.omega == pytest.approx(wanted["omega"], rel=1e-3)
    assert found.presample == pytest.approx(theirs.presample)


def test_known_parameters_are_recovered():
    # Over ten series of 1,000 the mean estimate is within two of its errors (0.03 each) of the truth.
    found = [estimate_garch(simulated(0.08, 0.88, 1000, seed)) for seed in range(10)]
    assert np.mean([each.alpha for each in found]) == pytest.approx(0.08, abs=0.02)
    assert np.mean([each.persistence for each in found]) == pytest.approx(0.96, abs=0.03)


def test_two_assets_have_long_run_volatilities_of_their_own():
    # T-17: fixed parameters forced 22.4 % a year on every asset.
    calm, wild = (simulated(0.08, 0.85, 1600, level=level) for level in (0.004, 0.03))
    months = np.arange(1601) // 21
    forecasts = [
        np.median(conditional_volatility(each, months, 252)["garch_forecast_vol"][900:]) for each in (calm, wild)
    ]
    assert forecasts == pytest.approx([0.004 * np.sqrt(252), 0.03 * np.sqrt(252)], rel=0.25)


def test_a_quarter_is_filtered_forward_with_the_fit_of_the_returns_before_it(returns, months, sample):
    found = conditional_volatility(returns[:1500], months[:1501], 252)
    start = int(np.flatnonzero(sample.ts == np.datetime64("2004-07-01"))[0])
    assert start > 1300
    fit = estimate_garch(returns[start - 1 - 1000 : start - 1])
    # By hand, through the session that opens the quarter and the one after.
    variance = fit.omega + fit.persistence * fit.presample
    for value in returns[start - 1001 : start + 1]:
        variance = fit.omega + fit.alpha * (value - fit.mean) ** 2 + fit.beta * variance
    assert found["garch_forecast_vol"][start + 1] == pytest.approx(np.sqrt(252 * variance), rel=1e-10)
    assert found["garch_persistence"][start] == fit.persistence
    assert found["garch_persistence"][start - 1] != fit.persistence


def test_fewer_than_five_hundred_returns_give_the_weighted_forecast(returns, months):
    found = conditional_volatility(returns[:480], months[:481], 252)
    assert np.isnan(found["garch_persistence"]).all()
    assert (found["garch_is_ewma"][29:] == 1).all()
    # pandas' own mean with weights of 0.94.
    squares = pd.Series(returns[:480] ** 2).ewm(alpha=0.06).mean()
    assert found["garch_forecast_vol"][480] == pytest.approx(np.sqrt(252 * squares.iloc[-1]))


def test_the_weighted_forecast_is_the_metric(returns, months):
    found = conditional_volatility(returns[:480], months[:481], 252)["garch_forecast_vol"]
    assert np.isnan(found[:29]).all()
    np.testing.assert_allclose(found[29:], ewma_volatility(returns[:480], YEAR)[28:], rtol=1e-12)


def test_moves_that_look_like_percents_are_followed_as_they_are(returns, months):
    # From the 300th on one of four returns doubles the price, more than any series of fractions should hold.
    wild = np.where((np.arange(480) >= 300) & (np.arange(480) % 4 == 0), 1.5, returns[:480])
    found, calm = (
        conditional_volatility(each, months[:481], 252)["garch_forecast_vol"] for each in (wild, returns[:480])
    )
    np.testing.assert_array_equal(found[:301], calm[:301])
    assert found[480] == pytest.approx(np.sqrt(252 * pd.Series(wild**2).ewm(alpha=0.06).mean().iloc[-1]))


def test_shocks_that_never_fade_are_no_fit(returns, months):
    # The maximum for these 1,000 returns lies at a persistence of 1, as arch finds it too.
    assert not estimate_garch(returns[2300:3300]).is_usable


def test_the_same_returns_are_fitted_once(returns):
    assert estimate_garch(returns[10:1010]) is estimate_garch(returns[10:1010].copy())


def test_a_series_that_stands_still_for_half_of_the_time_is_not_fitted(returns, months):
    still = np.where(np.arange(1200) % 5 < 3, 0.0, returns[:1200])
    found = conditional_volatility(still, months[:1201], 252)
    assert np.isnan(found["garch_persistence"]).all()
    assert found["garch_is_ewma"][-1] == 1
