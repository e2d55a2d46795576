import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError
from investiq.indicators.bands import bollinger
from investiq.indicators.volatility import atr


def test_atr_by_hand():
    # True ranges from row 1: max(12, 9) - min(9, 9) = 3, 13 - 9 = 4 (gap down to 9 from 12), 16 - 10 = 6.
    # Window 2: mean(3, 4) = 3.5 at row 2, then 3.5 + (6 - 3.5) / 2 = 4.75.
    frame = pd.DataFrame({"high": [10.0, 12, 13, 16], "low": [8.0, 10, 9, 14], "close": [9.0, 12, 10, 15]})
    assert atr(frame, 2).to_list() == pytest.approx([np.nan, np.nan, 3.5, 4.75], nan_ok=True)


def test_atr_agrees_with_the_plain_recursion(sample):
    before = sample.close[:-1]
    true_range = np.maximum(sample.high[1:], before) - np.minimum(sample.low[1:], before)
    average = true_range[:14].mean()
    expected = [np.nan] * 14 + [average]
    for newest in true_range[14:]:
        average = (13 * average + newest) / 14
        expected.append(average)
    assert atr(sample, 14) == pytest.approx(np.array(expected), abs=1e-9, nan_ok=True)


def test_atr_in_money_is_not_moved_by_a_split(split_share):
    # The adjusted prices do not jump at the split (row 230), so neither does the average true range.
    values = atr(split_share, 14)
    assert values.iloc[225:240].pct_change().abs().max() < 0.15


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
