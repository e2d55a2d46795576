import math

import numpy as np
import pytest

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.degradation import out_of_sample_degradation


def test_the_three_shares_and_their_mean_by_hand():
    # In sample: 3 of 4 win, 0.09 over 0.01, mean 0.02.
    inside = np.array([0.03, 0.03, 0.03, -0.01])
    outside = np.array([0.03, -0.01, -0.01, 0.01])
    # Offsets .01 .01 .01 -.03: variance .0012 / 3, sd .02, Sharpe 1. Outside mean .005, offsets .025 -.015 -.015 .005:
    # variance .0011 / 3, sd .019149, Sharpe .26112. Win rate 3/4 and 2/4; profit factor 9 and 2.
    found = out_of_sample_degradation(inside, outside)
    sharpe = 1 - 0.005 / math.sqrt(0.0011 / 3)
    assert found.sharpe_ratio == pytest.approx(sharpe)
    assert found.win_rate == pytest.approx(1 / 3)
    assert found.profit_factor == pytest.approx(7 / 9)
    assert found.mean == pytest.approx((sharpe + 1 / 3 + 7 / 9) / 3)
    assert found.is_high
    assert found.reasons == ()


def test_a_losing_sample_that_wins_later_has_a_negative_degradation():
    found = out_of_sample_degradation(np.array([-0.03, -0.03, -0.03, 0.01]), np.array([0.03, 0.03, 0.03, -0.01]))
    # Sharpe -1 to 1: (-1 - 1) / |-1|. Win rate 1/4 to 3/4; profit factor 1/9 to 9.
    assert found.sharpe_ratio == pytest.approx(-2)
    assert found.win_rate == pytest.approx(-2)
    assert found.profit_factor == pytest.approx(-80)
    assert not found.is_high


def test_a_sharpe_ratio_within_its_error_of_zero_has_no_degradation():
    # Mean 0.005, sd .019149: 0.26 over four periods, error 0.51.
    found = out_of_sample_degradation(np.array([0.03, -0.01, -0.01, 0.01]), np.array([0.01, 0.02, -0.01]))
    assert math.isnan(found.sharpe_ratio)
    assert "within its standard error" in found.reasons[0]
    assert found.mean == pytest.approx((found.win_rate + found.profit_factor) / 2)


def test_the_standard_error_grows_with_half_the_square_of_the_ratio():
    # Offsets +-0.01 twice: sd 0.01 sqrt(4/3). Ratio 0.525 over four periods: sqrt((1 + 0.525^2 / 2) / 4) = 0.5333 is above
    # it, without the half or with a quarter of the square 0.5 and 0.517 are not.
    inside = 0.525 * 0.01 * math.sqrt(4 / 3) + np.array([0.01, 0.01, -0.01, -0.01])
    found = out_of_sample_degradation(inside, np.array([0.01, 0.02, -0.01]))
    assert "0.5250 per period, within its standard error 0.5333" in found.reasons[0]


def test_a_return_of_zero_is_no_win_and_half_lost_is_not_more_than_half():
    assert (
        out_of_sample_degradation(np.array([0.02, 0.0, 0.0, -0.01]), np.array([0.02, 0.0, -0.01, 0.02])).win_rate == -1
    )
    # Only the win rate is defined: 1 to 1/2.
    half = out_of_sample_degradation(np.array([0.01, 0.01]), np.array([0.01, -0.01]))
    assert (half.mean, half.is_high) == (0.5, False)


def test_samples_without_loss_win_or_variance_name_the_reason():
    found = out_of_sample_degradation(np.array([-0.01, -0.01]), np.array([0.01, 0.01]))
    assert [reason.split(":")[0] for reason in found.reasons] == ["Sharpe ratio", "win rate", "profit factor"]
    assert "no variance" in found.reasons[0]
    assert "in sample it is 0" in found.reasons[1]
    assert "no loss" in found.reasons[2]
    assert math.isnan(found.mean)
    assert not found.is_high


def test_steady_growth_has_no_sharpe_ratio_in_spite_of_rounding():
    steady = 1.001 ** np.arange(60.0)
    found = out_of_sample_degradation(steady[1:] / steady[:-1] - 1, np.array([0.01, -0.01, 0.02]))
    assert "no variance" in found.reasons[0]


def test_bad_input_is_refused_by_name():
    with pytest.raises(InsufficientDataError, match="needs 2 out-of-sample returns, received 1"):
        out_of_sample_degradation(np.array([0.01, 0.02]), np.array([0.01]))
    with pytest.raises(DataError, match="in-sample returns"):
        out_of_sample_degradation(np.array([np.nan, 0.02]), np.array([0.01, 0.02]))
