import math

import empyrical
import numpy as np
import pytest

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_ratios import (
    burke_ratio,
    calmar_ratio,
    mar_ratio,
    martin_ratio,
    pain_ratio,
    recovery_factor,
    sterling_ratio,
    yearly_sterling_ratio,
)
from investiq.metrics.growth import cagr, wealth

DAILY = Convention(periods_per_year=252)
GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])


def times(*dates):
    return np.array(dates, dtype="datetime64[us]")


@pytest.fixture(scope="module")
def long_returns():
    return np.random.default_rng(5).normal(4e-4, 0.012, 2_500)


def test_mar_ratio_is_what_empyrical_calls_calmar(long_returns):
    # With 252-"day" years and one point a day the two count the same years.
    equity = np.concatenate(([1.0], np.cumprod(1 + long_returns)))
    ts = np.datetime64("2001-01-01", "us") + np.arange(equity.size) * np.timedelta64(1, "D")
    assert mar_ratio(equity, Convention(periods_per_year=1, days_per_year=252), ts) == pytest.approx(
        empyrical.calmar_ratio(long_returns)
    )


def test_the_calmar_ratio_looks_at_36_months_and_the_mar_ratio_at_all():
    # Since 2018: 100, crash to 50, 100; then 100 on 2019-12-31, 90 in between, 133.1 on 2022-12-31 (1096 days).
    ts = times("2018-01-01", "2018-06-30", "2019-12-31", "2021-06-30", "2022-12-31")
    equity = np.array([100.0, 50.0, 100.0, 90.0, 133.1])
    growth = 1.331 ** (365.25 / 1096) - 1
    assert calmar_ratio(equity, DAILY, ts) == pytest.approx(growth / 0.10)
    # 2018-01-01 to 2022-12-31 are 1825 days; the deepest fall is the half.
    assert mar_ratio(equity, DAILY, ts) == pytest.approx((1.331 ** (365.25 / 1825) - 1) / 0.50)


def test_the_calmar_window_may_open_on_a_leap_day():
    # 36 months before 2024-02-29 there is no 29 February: the window opens on 2021-02-28.
    ts = times("2021-02-28", "2022-01-03", "2024-02-29")
    growth = 1.2 ** (365.25 / 1096) - 1
    assert calmar_ratio(np.array([100.0, 80.0, 120.0]), DAILY, ts) == pytest.approx(growth / 0.2)


def test_the_calmar_ratio_needs_36_months():
    with pytest.raises(InsufficientDataError, match="2021-01-01 to 2023-01-01 is shorter than 36 months"):
        calmar_ratio(np.array([100.0, 121.0]), DAILY, times("2021-01-01", "2023-01-01"))


@pytest.mark.parametrize("metric", [mar_ratio, calmar_ratio])
def test_there_is_no_ratio_to_a_drawdown_that_never_was(metric):
    with pytest.raises(InsufficientDataError, match="no drawdown to divide by"):
        metric(np.array([100.0, 121.0]), DAILY, times("2020-01-01", "2024-01-01"))


def test_recovery_factor_is_total_return_over_the_deepest_fall():
    assert recovery_factor(GA01) == pytest.approx(0.1495 / 0.10)  # GA-01


def test_an_account_that_lost_everything_still_has_its_ratios_to_drawdown():
    ts = times("2020-01-01", "2022-01-01", "2024-01-01")
    assert mar_ratio(np.array([100.0, 50.0, 0.0]), DAILY, ts) == -1.0
    assert recovery_factor(np.array([100.0, 50.0, 0.0])) == -1.0


def test_pain_and_martin_ratio_of_bacons_portfolio(bacon_returns):
    # Bacon (2008), table 4.1, in PerformanceAnalytics: pain ratio 2.5926, Martin ratio 1.6945.
    equity, convention = wealth(bacon_returns), Convention.named("bacon", periods_per_year=12)
    assert pain_ratio(equity, convention) == pytest.approx(2.5926, abs=5e-5)
    assert martin_ratio(equity, convention) == pytest.approx(1.6945, abs=5e-5)


def test_the_risk_free_rate_leaves_the_growth_above_it(bacon_returns):
    equity = wealth(bacon_returns)
    plain, above = (Convention.named("bacon", periods_per_year=12, risk_free=rate) for rate in (0.0, 0.05))
    growth = cagr(equity, plain)
    for ratio in (pain_ratio, martin_ratio, burke_ratio):
        assert ratio(equity, above) == pytest.approx(ratio(equity, plain) * (growth - 0.05) / growth)


PERIODS = Convention(periods_per_year=1, growth="periods")
# Falls of 10, 50, 20 and 30 %, each recovered; ends at 200 after eight years.
FOUR_FALLS = np.array([100.0, 90.0, 110.0, 55.0, 120.0, 96.0, 140.0, 98.0, 200.0])


def test_burke_squares_the_worst_three():
    growth = 2 ** (1 / 8) - 1
    assert burke_ratio(FOUR_FALLS, PERIODS) == pytest.approx(growth / math.sqrt(0.25 + 0.09 + 0.04))
    assert burke_ratio(FOUR_FALLS, PERIODS, worst=1) == pytest.approx(growth / 0.5)
    assert burke_ratio(FOUR_FALLS, PERIODS, worst=9) == pytest.approx(growth / math.sqrt(0.25 + 0.09 + 0.04 + 0.01))


def test_sterling_averages_the_worst_three_and_adds_ten_points():
    growth = 2 ** (1 / 8) - 1
    assert sterling_ratio(FOUR_FALLS, PERIODS) == pytest.approx(growth / (1 / 3 + 0.10))
    assert sterling_ratio(FOUR_FALLS, PERIODS, worst=2) == pytest.approx(growth / 0.50)


def test_the_yearly_sterling_ratio_takes_the_worst_fall_of_each_of_three_years():
    # Before the window a fall of 90 %, which does not count. Then years with falls of 10, 0 and 20 %: mean 0.10.
    ts = times(
        "2019-01-01", "2019-06-01", "2020-12-31", "2021-06-30", "2021-12-31", "2022-12-31", "2023-06-30", "2023-12-31"
    )
    equity = np.array([1000.0, 100.0, 100.0, 90.0, 100.0, 120.0, 96.0, 133.1])
    growth = 1.331 ** (365.25 / 1095) - 1
    assert yearly_sterling_ratio(equity, DAILY, ts) == pytest.approx(growth / (0.30 / 3 + 0.10))


def test_the_last_point_of_a_year_belongs_to_its_fall_and_opens_the_next():
    # A fall of 10 % to the last day of the first year, none from there on.
    ts = times("2020-12-31", "2021-06-30", "2021-12-31", "2022-12-31", "2023-12-31")
    equity = np.array([100.0, 120.0, 108.0, 120.0, 133.1])
    growth = 1.331 ** (365.25 / 1095) - 1
    assert yearly_sterling_ratio(equity, DAILY, ts) == pytest.approx(growth / (0.10 / 3 + 0.10))


def test_a_worst_of_none_is_refused():
    for ratio in (burke_ratio, sterling_ratio):
        with pytest.raises(ConfigError, match="at least one drawdown, was 0"):
            ratio(FOUR_FALLS, PERIODS, worst=0)


def test_the_calmar_window_of_periods_counts_returns():
    # 36 months of yearly returns are the last three: from 96 to 200, with a fall of 30 %.
    assert calmar_ratio(FOUR_FALLS, PERIODS) == pytest.approx(((200 / 96) ** (1 / 3) - 1) / 0.30)
    with pytest.raises(InsufficientDataError, match="36 months are 3 returns, received 2"):
        calmar_ratio(FOUR_FALLS[:3], PERIODS)


def test_without_months_the_calmar_ratio_is_empyricals_and_quantstats(long_returns):
    equity = wealth(long_returns)
    theirs = empyrical.calmar_ratio(long_returns)
    for name in ("empyrical", "quantstats"):
        assert calmar_ratio(equity, Convention.named(name)) == pytest.approx(theirs, rel=1e-12)  # type: ignore[arg-type]
