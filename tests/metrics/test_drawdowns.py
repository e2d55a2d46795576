import empyrical
import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.drawdowns import drawdown, longest_drawdown, max_drawdown

GA01 = np.array([100, 110, 99, 104.5, 121, 114.95])


def test_drawdowns_are_measured_from_the_highest_equity_so_far():
    # GA-01: 0, 0, 99/110, 104.5/110, 0, 114.95/121.
    assert drawdown(GA01) == pytest.approx([0, 0, -0.10, -0.05, 0, -0.05])
    assert max_drawdown(GA01) == pytest.approx(-0.10)


def test_the_opening_capital_is_the_first_peak():
    # 90/100 - 1, although no close was ever at 100.
    assert max_drawdown(np.array([100.0, 90.0, 95.0])) == pytest.approx(-0.10)


def test_drawdown_of_a_series_keeps_its_index():
    series = pd.Series(GA01, index=pd.bdate_range("2024-01-02", periods=6, tz="UTC", name="ts"))
    assert drawdown(series).index.equals(series.index)


def test_max_drawdown_is_the_deepest_point_of_the_drawdown_series():
    equity = 100 * np.cumprod(1 + np.random.default_rng(3).normal(0, 0.02, 2_000))
    assert max_drawdown(equity) == drawdown(equity).min()


def test_max_drawdown_agrees_with_empyrical():
    # empyrical starts from 1 before the first return, as the opening point here.
    returns = np.random.default_rng(4).normal(0, 0.02, 1_000)
    equity = np.concatenate(([1.0], np.cumprod(1 + returns)))
    assert max_drawdown(equity) == pytest.approx(empyrical.max_drawdown(returns), abs=1e-12)


def test_an_equity_that_never_falls_has_no_drawdown():
    assert max_drawdown(np.array([100.0, 100.0, 101.0])) == 0.0
    assert longest_drawdown(np.array([100.0, 100.0, 101.0])) == (0, False)


def test_everything_can_be_lost():
    assert max_drawdown(np.array([100.0, 50.0, 0.0])) == -1.0


def test_longest_drawdown_runs_from_its_peak_to_its_recovery():
    # GA-07: drawdown points 0, 5, 10, 5, 0, 2, 0 %: peak at 0, recovered at 4; then 4 to 6.
    equity = 100 * (1 - np.array([0, 5, 10, 5, 0, 2, 0]) / 100)
    assert longest_drawdown(equity) == (4, False)


def test_longest_drawdown_counts_the_one_that_still_lasts():
    # Peak at point 3 (101), never regained: five bars to the last point; the first lasted two.
    equity = np.array([100.0, 99, 100, 101, 100, 99, 98, 97, 100])
    assert longest_drawdown(equity) == (5, True)


def test_longest_drawdown_is_found_although_shallow():
    # A 50 % fall of two bars, then a 1 % fall of four.
    equity = np.array([100.0, 50, 100, 99, 99, 99, 100])
    assert longest_drawdown(equity) == (4, False)


def test_drawdown_refuses_what_it_cannot_measure():
    with pytest.raises(DataError, match="1 NaN or infinite of 2"):
        drawdown(np.array([100.0, np.nan]))
    with pytest.raises(DataError, match="opens at 0"):
        max_drawdown(np.array([0.0, 1.0]))
    with pytest.raises(InsufficientDataError, match="0 point"):
        longest_drawdown(np.array([]))
