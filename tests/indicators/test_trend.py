from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.indicators.direction import adx, linear_trend
from investiq.indicators.trend import ema, sma

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


def test_sma_and_ema_follow_the_published_worksheet():
    worksheet = pd.read_csv(ANSWERS / "moving_averages_worksheet.csv", comment="#")
    # Printed with two decimals, so half a unit of the last one.
    assert sma(worksheet["close"], 10).to_numpy() == pytest.approx(worksheet["sma_10"], abs=0.0051, nan_ok=True)
    assert ema(worksheet["close"], 10).to_numpy() == pytest.approx(worksheet["ema_10"], abs=0.0051, nan_ok=True)


def test_ema_is_seeded_with_the_mean_and_never_fills_its_head():
    # Mean of 2, 4, 9 is 5; a = 2 / (3 + 1): 5 + (1 - 5) / 2 = 3; 3 + (7 - 3) / 2 = 5.
    assert ema(np.array([2.0, 4.0, 9.0, 1.0, 7.0]), 3) == pytest.approx([np.nan, np.nan, 5.0, 3.0, 5.0], nan_ok=True)


def test_ema_lags_a_straight_line_by_half_its_span():
    line = 3.0 * np.arange(60)
    assert ema(line, 21)[20:] == pytest.approx(line[20:] - 3.0 * 10)


def test_sma_leaves_a_gap_out_of_its_window():
    # Windows of three observations: (1, 2, 6), then (2, 6, 7) and (6, 7, 2); the gap itself is missing.
    close = pd.Series([1.0, 2.0, np.nan, 6.0, np.inf, 7.0, 2.0])
    expected = pd.Series([np.nan, np.nan, np.nan, 3.0, np.nan, 5.0, 5.0], name="sma_3")
    pd.testing.assert_series_equal(sma(close, 3), expected)


def test_sma_of_one_bar_is_the_price():
    assert sma(np.array([3.0, 1.0]), 1) == pytest.approx([3.0, 1.0])


def test_an_average_of_a_table_is_refused():
    with pytest.raises(DataError, match=r"a DataFrame of shape \(5, 2\); .*frame.to_numpy\(\).T"):
        sma(pd.DataFrame(np.ones((5, 2))))


def test_nullable_and_integer_series_are_read_as_numbers():
    close = pd.Series([1, 3, None, 5], dtype="Int64")
    assert sma(close, 2).to_numpy() == pytest.approx([np.nan, 2.0, np.nan, 4.0], nan_ok=True)


def test_adx_starts_where_wilder_starts_it_and_converges_to_his_worksheet(sample):
    index, plus, minus = wilder_directional(sample.high, sample.low, sample.close, 14)
    ours = adx(sample, 14)
    assert np.flatnonzero(np.isfinite(ours.plus_di))[0] == 14
    assert np.flatnonzero(np.isfinite(ours.adx))[0] == 27
    late = slice(140, None)
    assert ours.plus_di[late] == pytest.approx(plus[late], abs=0.01)
    assert ours.minus_di[late] == pytest.approx(minus[late], abs=0.01)
    assert ours.adx[late] == pytest.approx(index[late], abs=0.01)


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
