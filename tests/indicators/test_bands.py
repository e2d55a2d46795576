import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError
from investiq.indicators.bands import bollinger, keltner, squeeze, zscore


def test_bollinger_by_hand():
    # 2, 4, 6: mean 4, population variance 8 / 3. Bands of 1.5 deviations; (6 - 4 + 1.5 s) / (3 s).
    deviation = np.sqrt(8 / 3)
    bands = bollinger(np.array([2.0, 4.0, 6.0]), window=3, width=1.5)
    assert bands.lower[-1] == pytest.approx(4 - 1.5 * deviation)
    assert bands.middle[-1] == pytest.approx(4.0)
    assert bands.upper[-1] == pytest.approx(4 + 1.5 * deviation)
    assert bands.width[-1] == pytest.approx(3 * deviation / 4)
    assert bands.percent_b[-1] == pytest.approx((2 + 1.5 * deviation) / (3 * deviation))


def test_percent_b_is_one_half_when_the_bands_are_flat():
    # 0.1 is no binary fraction, so the variance of a constant is only nearly zero.
    bands = bollinger(np.full(30, 0.1))
    assert bands.percent_b[19:].tolist() == [0.5] * 11
    assert bands.width[19:].tolist() == [0.0] * 11


def test_bands_keep_their_digits_after_a_fall_of_seven_orders_of_magnitude():
    # A fund of reverse splits: forward-adjusted, its price falls from 40 to 1e-7. The last 20 closes alternate by 1 %.
    fall = 40 * np.exp(np.linspace(0, np.log(1e-7 / 40), 3_000))
    tail = 1e-7 * np.where(np.arange(20) % 2, 1.01, 0.99)
    bands = bollinger(np.r_[fall, tail])
    assert bands.middle[-1] == pytest.approx(1e-7, rel=1e-9)
    assert bands.width[-1] == pytest.approx(0.04, rel=1e-9)


def test_bollinger_agrees_with_pandas(sample):
    rolling = sample.frame["close"].rolling(20)
    bands = bollinger(sample.frame["close"])
    np.testing.assert_allclose(bands["upper"], rolling.mean() + 2 * rolling.std(ddof=0), rtol=1e-9)


@pytest.mark.parametrize("width", [0.0, -2.0, float("nan")])
def test_bands_without_width_are_refused(width):
    with pytest.raises(ConfigError, match="width must be a positive number"):
        bollinger(np.ones(30), width=width)


def test_bollinger_agrees_with_talib(sample):
    for window, width in ((2, 1.0), (20, 2.0), (21, 2.5), (200, 2.0)):
        bands = bollinger(sample.close, window, width)
        upper, middle, lower = talib.BBANDS(sample.close, window, width, width)
        for ours, theirs in ((bands.upper, upper), (bands.middle, middle), (bands.lower, lower)):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_zscore_by_hand():
    # 1, 1, 4: mean 2, population deviation sqrt(2), sample deviation sqrt(3).
    assert zscore(np.array([1.0, 1.0, 4.0]), 3)[-1] == pytest.approx(2 / np.sqrt(2))
    assert zscore(np.array([1.0, 1.0, 4.0]), 3, ddof=1)[-1] == pytest.approx(2 / np.sqrt(3))


def test_zscore_of_what_does_not_vary_is_not_known():
    assert np.isnan(zscore(np.full(30, 0.1))).all()


def test_zscore_is_the_place_between_the_bands(sample):
    # percent_b runs from 0 to 1 over four deviations.
    expected = 4 * bollinger(sample.close).percent_b - 2
    np.testing.assert_allclose(zscore(sample.close), expected, rtol=1e-8, atol=1e-10)


def test_zscore_knows_two_deviations():
    with pytest.raises(ConfigError, match="ddof must be 0 or 1, was 2"):
        zscore(np.ones(30), ddof=2)


def test_keltner_by_hand():
    # Closes 2, 4, 6: EMA of 2 from mean 3, then 3 + 2 / 3 * 3 = 5. True ranges 3 and 4, ATR of 1 bar the newest.
    bars = pd.DataFrame({"high": [3.0, 5, 7], "low": [1.0, 3, 3], "close": [2.0, 4, 6]})
    channel = keltner(bars, window=2, width=1.5, atr_window=1)
    assert channel["middle"].to_list() == pytest.approx([np.nan, 3.0, 5.0], nan_ok=True)
    assert channel["upper"].to_list() == pytest.approx([np.nan, 7.5, 11.0], nan_ok=True)
    assert channel["lower"].to_list() == pytest.approx([np.nan, -1.5, -1.0], nan_ok=True)


def test_keltner_is_an_ema_and_ten_average_ranges(sample):
    channel = keltner(sample)
    middle = talib.EMA(sample.close, 20)
    half = 2 * talib.ATR(sample.high, sample.low, sample.close, 10)
    np.testing.assert_allclose(channel.upper, middle + half, rtol=1e-10)
    np.testing.assert_allclose(channel.lower, middle - half, rtol=1e-10)


@pytest.mark.parametrize("wrong", [0, -1.5, float("nan"), float("inf")])
def test_channels_without_width_are_refused(wrong):
    bars = pd.DataFrame({name: [1.0] for name in ("high", "low", "close")})
    with pytest.raises(ConfigError, match="width must be a positive number of average true ranges"):
        keltner(bars, width=wrong)
    with pytest.raises(ConfigError, match="band_width must be a positive number of standard deviations"):
        squeeze(bars, band_width=wrong)
    with pytest.raises(ConfigError, match="channel_width must be a positive number of average true ranges"):
        squeeze(bars, channel_width=wrong)


def test_the_squeeze_is_bands_inside_the_channel(sample):
    upper, _, lower = talib.BBANDS(sample.close, 20, 2.0, 2.0)
    middle = talib.EMA(sample.close, 20)
    half = 1.5 * talib.ATR(sample.high, sample.low, sample.close, 20)
    expected = (upper < middle + half) & (lower > middle - half)
    assert 100 < expected.sum() < 1_000
    np.testing.assert_array_equal(squeeze(sample).on[20:], expected[20:])
    assert np.isnan(squeeze(sample).on[:20]).all()


def test_the_momentum_of_the_squeeze_is_the_end_of_a_fitted_line(sample):
    high, low, close = (sample.frame[name] for name in ("high", "low", "close"))
    centre = (high.rolling(20).max() + low.rolling(20).min()) / 2
    distance = (close - (centre + close.rolling(20).mean()) / 2).to_numpy()
    momentum = squeeze(sample).momentum
    for row in (38, 1_000, 5_030):
        slope, level = np.polyfit(np.arange(20), distance[row - 19 : row + 1], 1)
        assert momentum[row] == pytest.approx(level + 19 * slope, rel=1e-8)
    assert np.flatnonzero(np.isfinite(momentum))[0] == 38


def test_a_squeeze_fires_once_when_it_ends_and_says_where_to(sample):
    state = squeeze(sample)
    released = 1 + np.flatnonzero((state.on[:-1] == 1) & (state.on[1:] == 0))
    released = released[released >= 38]
    np.testing.assert_array_equal(np.flatnonzero(np.nan_to_num(state.fired)), released)
    np.testing.assert_array_equal(state.fired[released], np.sign(state.momentum[released]))
    assert {-1.0, 1.0} <= set(state.fired[released])
