import numpy as np
import pandas as pd
import pytest

from investiq.figures.garch import garch_chart
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention


@pytest.fixture(scope="module")
def fit():
    days = pd.bdate_range("2024-01-02", periods=300, tz="UTC", name="ts")
    returns = pd.Series(0.01 * np.random.default_rng(3).standard_t(5, 300), index=days)
    return garch(returns, Convention(periods_per_year=252))


def traces(figure):
    """By name; of a band, the upper edge, which is drawn last."""
    return {trace.name: trace for trace in figure.data}


def test_the_forecast_stands_on_the_business_days_after_the_last_return(fit):
    found = traces(fit.figure(horizon=3))["Forecast"]
    last = fit.index[-1].tz_localize(None)
    assert [pd.Timestamp(day) for day in found.x] == list(pd.bdate_range(last, periods=4)[1:])
    np.testing.assert_allclose(found.y, fit.forecast(3)["annualised"])


def test_the_forecast_of_weekly_returns_goes_on_by_weeks(fit):
    weeks = pd.date_range("2024-01-05", periods=300, freq="W-FRI", name="ts")
    weekly = garch(pd.Series(fit.returns, index=weeks), Convention(periods_per_year=52))
    found = traces(weekly.figure(horizon=2))["Forecast"]
    assert [pd.Timestamp(day) for day in found.x] == list(pd.date_range(weeks[-1], periods=3, freq="W-FRI")[1:])


def test_the_band_is_two_conditional_deviations_about_the_mean(fit):
    found = traces(garch_chart(fit))["Mean +/- 2 deviations"]
    mean = fit.parameters.loc["mean", "estimate"]
    np.testing.assert_allclose(found.y, mean + 2 * fit.conditional_volatility)


def test_returns_without_times_are_numbered(fit):
    bare = garch(fit.returns, Convention(periods_per_year=252))
    figure = bare.figure(horizon=2, theme="dark")
    assert figure.layout.xaxis.title.text == "Period"
    assert list(traces(figure)["Forecast"].x) == [301, 302]
    assert "Long-run volatility" in traces(figure)


def test_a_model_without_a_long_run_level_has_no_line_for_it(fit):
    growing = fit.returns * 2 ** (np.arange(300) / 60)
    integrated = garch(np.clip(growing, -0.9, 0.9), Convention(periods_per_year=252))
    assert not integrated.is_stationary
    figure = integrated.figure()
    assert "Long-run volatility" not in traces(figure)
    assert "long-run volatility none" in figure.layout.title.subtitle.text
