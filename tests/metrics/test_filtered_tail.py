"""Filtered historical simulation: arch's own volatility, and no row that knows its return."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch import arch_model

import investiq as iq
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention
from investiq.metrics.filtered_tail import (
    filtered_expected_shortfall,
    filtered_value_at_risk,
    rolling_filtered_value_at_risk,
)
from investiq.metrics.tail import rolling_value_at_risk, value_at_risk
from investiq.metrics.tail_tests import var_backtest

DAILY = Convention(periods_per_year=252)


@pytest.fixture(scope="module")
def market():
    close = iq.load_bars("^GSPC", start="2004", end="2008").adjusted().frame["close"]
    return close.pct_change().iloc[1:]


@pytest.fixture(scope="module")
def fit(market):
    return garch(market, DAILY)


def test_the_forecast_is_archs_next_volatility_times_the_quantile_of_its_residuals(market, fit):
    theirs = arch_model(100 * market.to_numpy(), mean="Constant", vol="GARCH", p=1, q=1).fit(disp="off", tol=1e-10)
    mean, spread = theirs.params["mu"], float(theirs.forecast(horizon=1).variance.iloc[-1, 0]) ** 0.5
    expected = -(mean + spread * np.quantile(theirs.std_resid, 0.05)) / 100
    assert filtered_value_at_risk(fit, 0.95) == pytest.approx(expected, rel=2e-3)
    # The worst 5 % of 1,258 residuals: 62 whole ones and 0.9 of the next.
    worst = np.sort(-theirs.std_resid)[::-1]
    beyond = (worst[:62].sum() + 0.9 * worst[62]) / 62.9
    assert len(worst) == 1258
    assert filtered_expected_shortfall(fit, 0.95) == pytest.approx((spread * beyond - mean) / 100, rel=2e-3)


def test_after_a_crash_it_is_larger_than_the_unfiltered_one(market, fit):
    # The end of 2008: volatility far above that of the five years.
    assert filtered_value_at_risk(fit) > 1.5 * value_at_risk(market)


@pytest.fixture(scope="module")
def rolling(market):
    return rolling_filtered_value_at_risk(market, DAILY, window=500, refit_every=400).value_at_risk


def test_each_row_is_the_forecast_of_the_fit_before_it(market, rolling):
    assert rolling[:500].isna().all()
    assert rolling[500:].notna().all()
    # Row 500 is the first after a fit to the first 500 returns, whose residuals are its pool.
    assert rolling.iloc[500] == pytest.approx(filtered_value_at_risk(garch(market.iloc[:500], DAILY)), rel=1e-10)


def test_no_row_knows_its_own_return_or_later_ones(market, rolling):
    cut = rolling_filtered_value_at_risk(market.iloc[:960], DAILY, window=500, refit_every=400).value_at_risk
    assert np.allclose(cut, rolling[:960], rtol=1e-10, atol=0, equal_nan=True)
    changed = market.to_numpy().copy()
    changed[950:] = -0.4
    disturbed = rolling_filtered_value_at_risk(changed[:960], DAILY, window=500, refit_every=400).value_at_risk
    assert np.array_equal(disturbed[:951], cut.to_numpy()[:951], equal_nan=True)
    assert disturbed[951] > 2 * cut.iloc[951]


def test_in_2008_it_is_exceeded_less_often_than_historical_simulation(market, rolling):
    plain = var_backtest(market.iloc[500:], rolling_value_at_risk(market, 500).iloc[500:])
    filtered = var_backtest(market, rolling)
    assert plain.count == filtered.count == 758
    assert filtered.exceedances < plain.exceedances
    assert filtered.proportion.statistic < plain.proportion.statistic


def test_bad_options_are_refused(market, fit):
    with pytest.raises(ConfigError, match=r"95 % is 0\.95"):
        filtered_value_at_risk(fit, 95)
    with pytest.raises(InsufficientDataError, match="needs 10000 returns, received 1258"):
        filtered_expected_shortfall(fit, 0.9999)
    with pytest.raises(ConfigError, match="refit_every must be a whole number of at least 1, was 0"):
        rolling_filtered_value_at_risk(market, DAILY, refit_every=0)
    with pytest.raises(InsufficientDataError, match=r"in its window, at 0\.999"):
        rolling_filtered_value_at_risk(market, DAILY, 0.999, window=500)


def test_fewer_returns_than_the_window_give_no_forecast(market):
    found = rolling_filtered_value_at_risk(market.iloc[:200], DAILY, window=500)
    assert isinstance(found.value_at_risk, pd.Series)
    assert found.value_at_risk.isna().all()
    assert found.notes == ()


def test_a_fit_that_did_not_converge_is_told_with_the_rows_that_it_forecasts():
    # 120 wild returns are too few for the seven parameters; arch finds no maximum for this seed.
    wild = np.random.default_rng(21).standard_t(3, 120) * 0.01
    returns = np.concatenate((wild, wild[:30]))
    settings = {"model": "egarch", "distribution": "skewed_t"}
    # Fits before rows 120 and 140 serve 20 and 10 rows.
    fits = [(garch(returns[:row], DAILY, **settings), rows) for row, rows in ((120, 20), (140, 10))]
    failed = sum(rows for fit, rows in fits if not fit.converged)
    found = rolling_filtered_value_at_risk(returns, DAILY, 0.9, window=120, refit_every=20, **settings)
    told = {note.code: note for note in found.notes}
    assert not fits[0][0].converged
    assert told["garch_not_converged"].rows == failed
    assert " of 2 fits, the first: The search" in told["garch_not_converged"].text
    assert told["garch_few_returns"].rows == 30
    assert told["garch_few_returns"].text.startswith("2 of 2 fits")
    # Such estimates may have no volatility either: what is missing is counted, and nothing is infinite.
    missing = int(np.isnan(found.value_at_risk[120:]).sum())
    assert not np.isinf(found.value_at_risk).any()
    assert (told["volatility_undefined"].rows if missing else 0) == missing
    assert ("volatility_undefined" in told) == bool(missing)
