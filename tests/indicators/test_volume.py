import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError, DataError
from investiq.indicators.volume import obv, volume_ratio, volume_zscore


def test_on_balance_volume_follows_the_textbook_worksheet():
    # The ten days that Investopedia works through: day one is 0.
    close = [10, 10.15, 10.17, 10.13, 10.11, 10.15, 10.20, 10.20, 10.22, 10.21]
    volume = [25_200, 30_000, 25_600, 32_000, 23_000, 40_000, 36_000, 20_500, 23_000, 27_500]
    expected = [0, 30_000, 55_600, 23_600, 600, 40_600, 76_600, 76_600, 99_600, 72_100]
    assert obv(pd.DataFrame({"close": close, "volume": volume})).to_list() == expected


def test_on_balance_volume_can_start_as_talib_does(sample):
    np.testing.assert_allclose(obv(sample, start="talib"), talib.OBV(sample.close, sample.volume), rtol=1e-12)
    np.testing.assert_allclose(obv(sample, start="talib") - obv(sample), sample.volume[0], rtol=1e-9)


def test_a_bar_without_a_trade_adds_nothing_but_its_close_counts():
    # 12 > 11 adds nothing, as nothing was traded; 11.5 < 12 takes 10 away.
    bars = pd.DataFrame({"close": [10.0, 11, 12, 11.5], "volume": [5.0, 7, 0, 10]})
    assert obv(bars).to_list() == [0, 7, 7, -3]


def test_a_bar_of_unknown_volume_is_left_out_with_its_close():
    # 11.5 is compared with 11, the last close that has a volume: up.
    bars = pd.DataFrame({"close": [10.0, 11, 12, 11.5], "volume": [5.0, 7, np.nan, 10]})
    assert obv(bars).to_list() == pytest.approx([0, 7, np.nan, 17], nan_ok=True)


def test_on_balance_volume_refuses_an_unknown_start():
    with pytest.raises(ConfigError, match="start must be 'zero' or 'talib', was 'wilder'"):
        obv(pd.DataFrame({"close": [1.0], "volume": [1.0]}), start="wilder")


def test_on_balance_volume_needs_a_volume():
    with pytest.raises(DataError, match="DataFrame lacks volume"):
        obv(pd.DataFrame({"close": [1.0]}))


def test_volume_ratio_agrees_with_pandas(sample):
    volume = sample.frame["volume"]
    pd.testing.assert_series_equal(
        volume_ratio(volume), volume / volume.rolling(20).mean(), check_names=False, rtol=1e-12
    )


def test_volume_ratio_is_unknown_where_nothing_was_traded():
    assert volume_ratio(np.array([0.0, 0.0, 4.0]), window=2) == pytest.approx([np.nan, np.nan, 2.0], nan_ok=True)


def test_volume_zscore_measures_against_the_bars_before_only():
    # Logarithms 0, 2, 4, then 10: mean 2, sample deviation 2 (ddof 1), so (10 - 2) / 2 = 4.
    values = volume_zscore(np.exp([0.0, 2.0, 4.0, 10.0]), window=3)
    assert values == pytest.approx([np.nan, np.nan, np.nan, 4.0], nan_ok=True)


def test_volume_zscore_agrees_with_pandas(sample):
    logarithm = np.log(sample.frame["volume"])
    before = logarithm.shift(1).rolling(60)
    expected = (logarithm - before.mean()) / before.std()
    pd.testing.assert_series_equal(
        volume_zscore(sample.frame["volume"]), expected, check_names=False, rtol=1e-9, atol=1e-9
    )


def test_volume_zscore_leaves_out_a_bar_without_a_trade():
    with_zero = np.exp([0.0, 2.0, 4.0, 10.0])
    with_zero = np.insert(with_zero, 1, 0.0)
    assert volume_zscore(with_zero, window=3) == pytest.approx([np.nan] * 4 + [4.0], nan_ok=True)


def test_volume_zscore_of_volumes_that_never_differ_is_unknown():
    assert np.isnan(volume_zscore(np.full(9, 1234.5), window=4)).all()


def test_a_spike_does_not_widen_its_own_yardstick():
    # With itself in the window of 60 it could not pass 59 / sqrt(60) = 7.6.
    volume = np.exp(np.r_[np.tile([0.0, 0.1], 30), 5.0])
    assert volume_zscore(volume)[-1] > 50
