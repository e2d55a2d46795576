"""Drawdowns averaged over time, and in their tail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import quantstats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdown_risk import conditional_drawdown, pain_index, ulcer_index
from investiq.metrics.growth import wealth

DAILY = Convention(periods_per_year=252)
GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])


def test_ulcer_and_pain_of_the_worked_case():
    # GA-01: falls of 0, 0, 10, 5, 0, 5 %: sqrt(150 / 6) = 5 points, 20 / 6 = 3.3333 points.
    assert ulcer_index(GA01, DAILY) == pytest.approx(0.05)
    assert pain_index(GA01, DAILY) == pytest.approx(0.2 / 6)


def test_other_libraries_divide_by_the_periods():
    # Five periods: sqrt(0.015 / 5) and 0.2 / 5; quantstats divides by four: 6.12 %.
    empyrical, theirs = Convention.named("empyrical"), Convention.named("quantstats")
    assert ulcer_index(GA01, empyrical) == pytest.approx(np.sqrt(0.003))
    assert pain_index(GA01, empyrical) == pytest.approx(0.04)
    returns = pd.Series(GA01[1:] / GA01[:-1] - 1, index=pd.date_range("2024-01-01", periods=5))
    assert ulcer_index(GA01, theirs) == pytest.approx(quantstats.stats.ulcer_index(returns), rel=1e-12)
    assert ulcer_index(GA01, theirs) == pytest.approx(0.0612, abs=5e-5)


def test_the_pain_index_of_bacons_portfolio(bacon_returns):
    # PerformanceAnalytics shows 0.0399, cut after the fourth decimal.
    convention = Convention.named("bacon", periods_per_year=12)
    assert 0.0399 <= pain_index(wealth(bacon_returns), convention) < 0.0400


def test_conditional_drawdown_of_the_worked_case():
    # GA-03: the worst 3 of 6 points are 10, 5 and 5 %.
    assert conditional_drawdown(GA01, 0.5, least=2) == pytest.approx(0.2 / 3)


def test_the_tail_of_140_points_holds_seven():
    # 0.05 x 140 is 7.000000000000001 in binary. Points fall by 1 % each from the first: the worst 7 of 140.
    equity = 1000.0 - np.arange(140)
    assert conditional_drawdown(equity) == pytest.approx(np.mean(np.arange(133, 140)) / 1000)


def test_a_part_of_a_point_counts_as_a_whole_one():
    # 5 % of 21 points are 1.05: two of them, 20 and 19 of 100.
    assert conditional_drawdown(100.0 - np.arange(21)) == pytest.approx(0.195)


def test_equity_that_never_falls_has_no_pain():
    rising = np.arange(1.0, 20.0)
    assert (ulcer_index(rising, DAILY), pain_index(rising, DAILY), conditional_drawdown(rising)) == (0.0, 0.0, 0.0)


def test_too_few_points_and_wrong_levels_are_refused():
    with pytest.raises(InsufficientDataError, match="needs 10 points of equity, received 6"):
        conditional_drawdown(GA01)
    with pytest.raises(ConfigError, match=r"confidence must lie in \(0, 1\), was 95"):
        conditional_drawdown(GA01, 95)
    with pytest.raises(InsufficientDataError, match="periods less one need 3 points, received 2"):
        ulcer_index(GA01[:2], Convention.named("quantstats"))
    with pytest.raises(DataError, match="1 NaN or infinite of 2"):
        pain_index(np.array([1.0, np.nan]), DAILY)
