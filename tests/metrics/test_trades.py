import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.trades import average_loss, average_trade, average_win, exposure, profit_factor, win_rate

GA05 = np.array([100.0, -50.0, 150.0, -75.0, 200.0])


def test_the_worked_trades():
    # GA-05: 3 of 5 win; 450 / 125 = 3.6; 450 / 3 = 150 and 125 / 2 = 62.5, a payoff of 2.4; mean 65.
    assert win_rate(GA05) == pytest.approx(0.60)
    assert profit_factor(GA05) == pytest.approx(3.6)
    assert average_win(GA05) == pytest.approx(150.0)
    assert average_loss(GA05) == pytest.approx(-62.5)
    assert average_win(GA05) / -average_loss(GA05) == pytest.approx(2.4)
    assert average_trade(GA05) == pytest.approx(65.0)


def test_a_flat_trade_counts_in_the_win_rate_and_not_in_the_average_loss():
    pnl = pd.Series([10.0, 0.0, -5.0, 0.0])
    assert win_rate(pnl) == 0.25
    assert average_loss(pnl) == -5.0


def test_profit_factor_without_a_loss_is_undefined_not_infinite():
    with pytest.raises(InsufficientDataError, match="no losing trade"):
        profit_factor(np.array([10.0, 20.0]))


def test_profit_factor_without_a_win_is_zero():
    assert profit_factor(np.array([-10.0, -20.0])) == 0.0


@pytest.mark.parametrize("metric", [win_rate, profit_factor, average_win, average_loss, average_trade])
def test_without_a_trade_there_is_no_statistic(metric):
    with pytest.raises(InsufficientDataError, match="no closed trade"):
        metric(np.array([]))


@pytest.mark.parametrize("metric", [win_rate, profit_factor, average_win, average_loss, average_trade])
def test_nan_is_refused_with_its_count(metric):
    with pytest.raises(DataError, match="1 NaN or infinite of 2"):
        metric(np.array([1.0, np.nan]))


def test_one_sided_trades_have_no_average_on_the_other_side():
    with pytest.raises(InsufficientDataError, match="no winning trade"):
        average_win(np.array([-1.0]))
    with pytest.raises(InsufficientDataError, match="no losing trade"):
        average_loss(np.array([1.0]))


def test_exposure_is_the_share_of_bars_with_a_position():
    assert exposure(np.array([True, True, False, False])) == 0.5


def test_exposure_takes_booleans_only():
    # NaN would count as invested.
    with pytest.raises(DataError, match="expected bool"):
        exposure(np.array([1.0, np.nan]))
    with pytest.raises(InsufficientDataError, match="at least one bar"):
        exposure(np.array([], dtype=bool))
