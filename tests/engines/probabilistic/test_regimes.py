"""Regimes, their sizes and odds, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.engines.probabilistic.filtering import trend_of
from investiq.engines.probabilistic.regimes import REGIMES, regime_codes, regime_scale, success_probability


def closes(*returns):
    """Return closes from 100 with these log returns."""
    return 100 * np.exp(np.r_[0.0, np.cumsum(returns)])


def label(*returns, **options):
    """Return the label that the last close gets from all of the returns."""
    code = regime_codes(closes(*returns), window=len(returns), **options)[-1]
    return REGIMES[int(code)]


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        # Deviation 0.01 a bar, mean 0.
        ((0.01, -0.01) * 10, "sideways"),
        # Deviation 0.02 and a hair.
        ((0.0201, -0.0201) * 10, "high_volatility"),
        ((0.0199, -0.0199) * 10, "sideways"),
        ((0.0049, -0.0049) * 10, "calm"),
        # Mean 0.0021 at deviation 0.01: 0.21 deviations, of which 0.2 is a trend; 0.0019 is none.
        ((0.0121, -0.0079) * 10, "trend_up"),
        ((0.0119, -0.0081) * 10, "sideways"),
        ((-0.0121, 0.0079) * 10, "trend_down"),
        # Mean 0.0005 at deviation 0.004: less than 0.2.
        ((0.0045, -0.0035) * 10, "calm"),
        # High volatility comes before the trend.
        ((0.035, -0.015) * 10, "high_volatility"),
        ((0.0,) * 20, "calm"),
    ],
)
def test_a_label_follows_from_deviation_and_drift(returns, expected):
    assert label(*returns) == expected


def test_uncertainty_comes_first_and_is_nothing_at_its_limit():
    calm = (0.0049, -0.0049) * 10
    assert label(*calm, uncertainty=np.full(21, 0.051)) == "uncertain"
    assert label(*calm, uncertainty=np.full(21, 0.05)) == "calm"


def test_there_is_no_label_before_the_window_is_full_or_without_an_uncertainty():
    codes = regime_codes(closes(0.01, -0.01, 0.01, -0.01), window=3, uncertainty=np.array([0, 0, 0, 0, np.nan]))
    assert np.isnan(codes).tolist() == [True, True, True, False, True]


def test_a_label_reads_its_own_window_alone():
    # The jump in the first return is out of the window of the last bar.
    codes = regime_codes(closes(0.5, 0.001, -0.001, 0.001, -0.001), window=4)
    assert REGIMES[int(codes[-2])] == "high_volatility"
    assert REGIMES[int(codes[-1])] == "calm"


def test_sizes_follow_the_published_table():
    # trend_up, calm, sideways, trend_down, high_volatility, uncertain
    codes = np.arange(6.0)
    assert regime_scale(codes).tolist() == [1.0, 0.85, 0.7, 0.6, 0.5, 0.4]
    # Times 0.7 above an uncertainty of 0.05.
    assert regime_scale(codes, np.full(6, 0.06)) == pytest.approx([0.7, 0.595, 0.49, 0.42, 0.35, 0.28])
    assert regime_scale(codes, np.full(6, 0.05))[0] == 1.0
    assert np.isnan(regime_scale(np.array([np.nan]))[0])


def test_odds_follow_velocity_uncertainty_and_regime():
    # 0.5 + 0.5 tanh(0.5) = 0.5 + 0.5 x 0.4621172; less 0.02; bonus of high volatility -0.08.
    odds = success_probability(np.array([0.5, 0.0, -9.0]), np.array([0.02, 0.01, 0.01]), np.array([4.0, 0.0, 5.0]))
    assert odds == pytest.approx([0.6310586, 0.54, 0.05])
    assert success_probability(np.zeros(6), np.zeros(6), np.arange(6.0)) == pytest.approx(
        [0.55, 0.52, 0.5, 0.43, 0.42, 0.4]
    )


def test_odds_need_columns_of_one_length():
    with pytest.raises(DataError, match="must have one shape"):
        success_probability(np.zeros(2), np.zeros(3), np.zeros(2))


def test_velocity_and_uncertainty_do_not_depend_on_the_unit_of_the_price():
    prices = closes(*np.random.default_rng(5).normal(0, 0.01, 60))
    for one, other in zip(trend_of(prices), trend_of(1000 * prices), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-12)


def test_the_velocity_of_steady_growth_is_its_rate():
    velocity, _ = trend_of(100 * 1.01 ** np.arange(40.0))
    assert velocity[2:] == pytest.approx(np.log(1.01))
