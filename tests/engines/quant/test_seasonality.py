import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import investiq as iq
from investiq.engines.quant.returns import sample_of
from investiq.engines.quant.seasonality import months_of, seasonality


def test_months_run_from_end_to_end(sample):
    close = pd.Series(sample.close, index=sample.index)
    expected = close.resample("ME").last().pct_change().iloc[1:-1]
    # The first month is cut short, and the last is not known to have ended.
    found = months_of(sample.close, sample.ts.astype("datetime64[M]").astype(np.int64))
    np.testing.assert_allclose(found.returns, expected.to_numpy(), rtol=1e-12)


def test_the_average_is_of_this_month_in_the_years_before(sample):
    # December 2018: the nineteen Decembers of 1999 to 2017.
    close = pd.Series(sample.close, index=sample.index)
    monthly = close.resample("ME").last().pct_change()
    past = monthly[(monthly.index.month == 12) & (monthly.index.year < 2018)].dropna()
    assert len(past) == 19
    found = seasonality(sample_of(iq.History.of(sample)))
    assert found["seasonality_avg_return"][-1] == pytest.approx(past.mean(), rel=1e-10)
    # lags floor(4 (19 / 100)^(2/9)) = 2
    fit = sm.OLS(past.to_numpy(), np.ones(19)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 2, "use_correction": True}, use_t=True
    )
    assert found["seasonality_t"][-1] == pytest.approx(fit.tvalues[0], rel=1e-10)
    assert found["seasonality_p"][-1] == pytest.approx(fit.pvalues[0], rel=1e-8)


def test_ten_years_are_needed_for_a_test_and_five_for_an_average(sample):
    # February 1999 is the first whole month: its fifth return is known in February 2004, its tenth in 2009.
    found = {
        name: pd.Series(each, index=sample.index)
        for name, each in seasonality(sample_of(iq.History.of(sample))).items()
    }
    average, p = found["seasonality_avg_return"], found["seasonality_p"]
    assert np.isnan(average.loc["2003-02-03"])
    assert np.isfinite(average.loc["2004-02-02"])
    assert np.isnan(p.loc["2008-02-01"])
    assert np.isfinite(p.loc["2009-02-02"])


def test_a_month_that_is_always_good_is_found(sample):
    # 6 % more in each April over noise of 4 % a month and 20 years: t near 6.
    months = sample.index.month
    first = np.concatenate(([False], np.diff(months) != 0))
    close = sample.close * np.exp(np.cumsum(np.where(first & (months == 4), 0.06, 0.0)))
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close}
    found = seasonality(sample_of(iq.History.of(dataclasses.replace(sample, **prices))))
    april = (months == 4) & (sample.index.year == 2018)
    assert (found["seasonality_p"][april] < 0.05 / 12).all()
