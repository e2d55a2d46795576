from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from investiq.indicators.oscillators import cci, stochastic, williams_r

ANSWERS = Path(__file__).parents[1] / "answers"
BARS = pd.DataFrame({"high": [9.0, 10, 8, 12, 11], "low": [4.0, 6, 5, 7, 6], "close": [5.0, 8, 7, 12, 6]})


def test_stochastic_by_hand():
    # Ranges of 3 bars: 4..10 with close 7: 50; 5..12 with close 12: 100; 6..12 with close 6: 0. d = (50 + 100) / 2, ...
    frame = pd.DataFrame({"high": [9.0, 10, 8, 12, 11], "low": [4.0, 6, 5, 7, 6], "close": [5.0, 8, 7, 12, 6]})
    values = stochastic(frame, window=3, smooth=2)
    # Row 4: bars 2 to 4, lows 5, 7, 6 and highs 8, 12, 11: 100 * (6 - 5) / 7.
    assert values["k"].to_list() == pytest.approx([np.nan, np.nan, 50.0, 100.0, 100 / 7], nan_ok=True)
    assert values["d"].to_list() == pytest.approx([np.nan, np.nan, np.nan, 75.0, 400 / 7], nan_ok=True)


def test_stochastic_of_a_flat_range_is_50():
    flat = pd.DataFrame({"high": [3.0] * 20, "low": [3.0] * 20, "close": [3.0] * 20})
    assert stochastic(flat)["k"].iloc[-1] == 50.0


def test_the_slow_stochastic_by_hand():
    # Places in ranges of 3 bars: 50, 100, 100 / 7. k of 2 bars: 75, 400 / 7; d of 2: their mean.
    values = stochastic(BARS, window=3, smooth=2, slowing=2)
    assert values["k"].to_list() == pytest.approx([np.nan, np.nan, np.nan, 75.0, 400 / 7], nan_ok=True)
    assert values["d"].to_list() == pytest.approx([np.nan] * 4 + [(75 + 400 / 7) / 2], nan_ok=True)


@pytest.mark.parametrize(("window", "slowing", "smooth"), [(14, 3, 3), (5, 1, 3), (20, 5, 1)])
def test_the_stochastic_agrees_with_talib(sample, window, slowing, smooth):
    k, d = talib.STOCH(sample.high, sample.low, sample.close, window, slowing, 0, smooth, 0)
    ours = stochastic(sample, window, smooth, slowing=slowing)
    known = np.isfinite(k)
    np.testing.assert_allclose(ours.k[known], k[known], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ours.d, d, rtol=1e-10, atol=1e-10)


def test_williams_r_by_hand_and_from_the_stochastic():
    # Below the highest high: (10 - 7) / (10 - 4), (12 - 12) / 7, (12 - 6) / 7.
    assert williams_r(BARS, 3).to_list() == pytest.approx([np.nan, np.nan, -50.0, 0.0, -600 / 7], nan_ok=True)
    np.testing.assert_allclose(williams_r(BARS, 3), stochastic(BARS, 3)["k"] - 100)


def test_williams_r_agrees_with_talib(sample):
    expected = talib.WILLR(sample.high, sample.low, sample.close, 14)
    np.testing.assert_allclose(williams_r(sample, 14), expected, rtol=1e-10, atol=1e-10)


def test_williams_r_of_a_flat_range_is_in_the_middle():
    flat = pd.DataFrame({name: [3.0] * 20 for name in ("high", "low", "close")})
    assert williams_r(flat).iloc[-1] == -50.0


def test_places_never_leave_their_range(split_share):
    # A close at the very high or low of odd binary numbers.
    bars = split_share.assign(close=np.where(np.arange(400) % 2, split_share["high"], split_share["low"]))
    k = stochastic(bars, 3)["k"].dropna()
    assert (k.min(), k.max()) == (0.0, 100.0)


def test_cci_follows_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "cci_worksheet.csv", comment="#")
    assert cci(worksheet, 20).to_numpy() == pytest.approx(worksheet["cci_20"], abs=0.000051, nan_ok=True)


def test_cci_agrees_with_talib(sample):
    for window in (2, 20, 63):
        expected = talib.CCI(sample.high, sample.low, sample.close, window)
        np.testing.assert_allclose(cci(sample, window), expected, rtol=1e-8, atol=1e-8)


def test_cci_of_a_flat_price_is_zero():
    # 0.1 is no binary fraction, so mean and deviation are only nearly exact.
    flat = pd.DataFrame({name: [0.1] * 30 for name in ("high", "low", "close")})
    assert cci(flat).iloc[19:].to_list() == [0.0] * 11
