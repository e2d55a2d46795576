from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from investiq.core.errors import ConfigError
from investiq.indicators.direction import adx, linear_trend

ANSWERS = Path(__file__).parents[1] / "answers"


def wilder_directional(high, low, close, window):
    """Wilder's worksheet: sums of the first `window` movements, then S - S / window + newest."""
    size = len(close)
    up, down, true_range = np.zeros(size), np.zeros(size), np.zeros(size)
    for row in range(1, size):
        rise, fall = high[row] - high[row - 1], low[row - 1] - low[row]
        up[row] = rise if rise > fall and rise > 0 else 0.0
        down[row] = fall if fall > rise and fall > 0 else 0.0
        true_range[row] = max(high[row], close[row - 1]) - min(low[row], close[row - 1])
    sums = [series[1 : window + 1].sum() for series in (up, down, true_range)]
    plus, minus, index = np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan)
    dx = []
    for row in range(window, size):
        if row > window:
            sums = [
                total - total / window + series[row] for total, series in zip(sums, (up, down, true_range), strict=True)
            ]
        plus[row], minus[row] = 100 * sums[0] / sums[2], 100 * sums[1] / sums[2]
        dx.append(100 * abs(plus[row] - minus[row]) / (plus[row] + minus[row]))
        if len(dx) == window:
            index[row] = np.mean(dx)
        elif len(dx) > window:
            index[row] = (index[row - 1] * (window - 1) + dx[-1]) / window
    return index, plus, minus


def test_adx_follows_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "adx_worksheet.csv", comment="#")
    ours = adx(worksheet, 14)
    for name in ("plus_di", "minus_di", "adx"):
        # Printed with four decimals; NaN where the worksheet has nothing.
        assert ours[name].to_numpy() == pytest.approx(worksheet[name], abs=0.000051, nan_ok=True)


def test_adx_is_the_sums_of_the_worksheet_on_any_prices(sample):
    index, plus, minus = wilder_directional(sample.high, sample.low, sample.close, 14)
    ours = adx(sample, 14)
    assert np.flatnonzero(np.isfinite(ours.plus_di))[0] == 14
    assert np.flatnonzero(np.isfinite(ours.adx))[0] == 27
    np.testing.assert_allclose(ours.plus_di, plus, rtol=1e-10)
    np.testing.assert_allclose(ours.minus_di, minus, rtol=1e-10)
    np.testing.assert_allclose(ours.adx, index, rtol=1e-10)


@pytest.mark.parametrize("window", [2, 5, 14])
def test_adx_starts_like_talib_on_request(sample, window):
    ours = adx(sample, window, start="talib")
    prices = sample.high, sample.low, sample.close
    # TA-Lib takes a true range of less than 1e-14 for none, which no bar of the index has.
    np.testing.assert_allclose(ours.plus_di, talib.PLUS_DI(*prices, window), rtol=1e-10)
    np.testing.assert_allclose(ours.minus_di, talib.MINUS_DI(*prices, window), rtol=1e-10)
    np.testing.assert_allclose(ours.adx, talib.ADX(*prices, window), rtol=1e-10)


def test_the_two_starts_of_adx_converge_by_their_smoothing(sample):
    # By 1 - 1 / 14 a bar: to a hundredth of a point within ten windows.
    ours, theirs = adx(sample), adx(sample, start="talib")
    assert abs(ours.adx[27] - theirs.adx[27]) > 0.1
    np.testing.assert_allclose(ours.adx[140:], theirs.adx[140:], atol=0.01)


def test_a_price_that_never_moved_has_no_direction():
    flat = pd.DataFrame({name: [0.1] * 40 for name in ("high", "low", "close")})
    assert adx(flat).iloc[-1].to_list() == [0.0, 0.0, 0.0]


def test_adx_keeps_its_value_while_nothing_moves():
    # No range and no movement: the sums shrink alike, DI and DX stay; after thousands of bars they are tiny, not 0 / 0.
    middle = np.r_[10 + 2.0 * np.arange(40), np.full(12_000, 88.0)]
    spread = np.r_[np.ones(40), np.zeros(12_000)]
    values = adx(pd.DataFrame({"high": middle + spread, "low": middle - spread, "close": middle}))
    assert values["adx"].iloc[5_000] == pytest.approx(100.0)
    assert values.notna().iloc[27:].all(axis=None)


def test_adx_knows_two_starts():
    with pytest.raises(ConfigError, match="start must be one of 'wilder', 'talib', was 'own'"):
        adx(pd.DataFrame({name: [1.0] for name in ("high", "low", "close")}), start="own")


def test_adx_of_a_steady_rise():
    # Each bar: high and low 2 higher, range 2, close in the middle. True range = 3 (high above the previous close),
    # +DM = 2 and -DM = 0: +DI = 100 * 2 / 3, -DI = 0, DX = ADX = 100.
    middle = 10 + 2.0 * np.arange(40)
    frame = pd.DataFrame({"high": middle + 1, "low": middle - 1, "close": middle})
    last = adx(frame, 14).iloc[-1]
    assert last.to_list() == pytest.approx([100.0, 200 / 3, 0.0])


def test_linear_trend_by_hand():
    # Through (0, 1), (1, 2), (2, 6): slope = sum((t - 1) * y) / 2 = (6 - 1) / 2 = 2.5. Variance of y = 14 / 3,
    # explained = 2.5**2 * 2 / 3 = 25 / 6, R2 = 25 / 28.
    fit = linear_trend(np.array([1.0, 2.0, 6.0]), 3)
    assert fit.slope[-1] == pytest.approx(2.5)
    assert fit.r2[-1] == pytest.approx(25 / 28)


def test_linear_trend_agrees_with_numpy_polyfit(sample):
    fit = linear_trend(sample.close, 20)
    for row in (19, 700, 5030):
        window = sample.close[row - 19 : row + 1]
        assert fit.slope[row] == pytest.approx(np.polyfit(np.arange(20), window, 1)[0], rel=1e-9)
        assert fit.r2[row] == pytest.approx(np.corrcoef(np.arange(20), window)[0, 1] ** 2, rel=1e-9)


def test_a_flat_price_has_no_trend():
    fit = linear_trend(np.full(30, 0.1), 20)
    assert fit.slope[19:].tolist() == [0.0] * 11
    assert fit.r2[19:].tolist() == [0.0] * 11


def test_the_slope_agrees_with_talib(sample):
    for window in (2, 3, 14, 50):
        # TA-Lib's running sums carry some 1e-10 along.
        expected = talib.LINEARREG_SLOPE(sample.close, window)
        np.testing.assert_allclose(linear_trend(sample.close, window).slope, expected, rtol=1e-9, atol=1e-9)


def test_the_fit_is_that_of_a_line_after_a_fall_of_seven_orders_of_magnitude():
    # Twenty prices of 40, then a line of slope 1e-9 from 1e-7 on.
    close = np.r_[np.full(20, 40.0), 1e-7 + 1e-9 * np.arange(30)]
    fit = linear_trend(close, 20)
    assert fit.slope[39:] == pytest.approx(1e-9, rel=1e-9)
    assert fit.r2[39:] == pytest.approx(1.0)
