import empyrical
import numpy as np
import pytest

from investiq.core.errors import InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_ratios import calmar_ratio, mar_ratio, recovery_factor

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
