import numpy as np
import pandas as pd
import pytest

from investiq.indicators.retracements import fibonacci

LEVELS = ["level_236", "level_382", "level_500", "level_618", "level_786"]


def of(*prices):
    return pd.DataFrame({"high": prices, "low": prices, "close": prices}, dtype=float)


def test_a_swing_up_is_given_back_from_its_high():
    # 100 to 200, then 165: 200 - 23.6, 200 - 38.2, ...
    swing = fibonacci(of(150, 100, 200, 165), window=4).iloc[-1]
    assert swing[["direction", "high", "low"]].to_list() == [1, 200, 100]
    assert swing[LEVELS].to_list() == pytest.approx([176.4, 161.8, 150, 138.2, 121.4])
    # 165 is 3.2 from 161.8, 11.4 from 176.4.
    assert swing[["nearest_ratio", "nearest_level"]].to_list() == pytest.approx([0.382, 161.8])
    assert swing["distance"] == pytest.approx(165 / 161.8 - 1)


def test_a_swing_down_is_given_back_from_its_low():
    swing = fibonacci(of(150, 200, 100, 120), window=4).iloc[-1]
    assert swing[["direction", "high", "low"]].to_list() == [-1, 200, 100]
    assert swing[LEVELS].to_list() == pytest.approx([123.6, 138.2, 150, 161.8, 178.6])
    assert swing[["nearest_ratio", "nearest_level"]].to_list() == pytest.approx([0.236, 123.6])
    assert swing["distance"] == pytest.approx(120 / 123.6 - 1)


def test_a_swing_uses_highs_and_lows_not_closes():
    bars = pd.DataFrame({"high": [101.0, 210, 160], "low": [90.0, 180, 155], "close": [100.0, 200, 158]})
    swing = fibonacci(bars, window=3).iloc[-1]
    assert swing[["high", "low", "level_500"]].to_list() == [210, 90, 150]


def test_the_latest_of_equal_extremes_ends_the_swing():
    # The high of 200 is reached again after the low: up.
    assert fibonacci(of(200, 100, 200, 150), window=4)["direction"].iloc[-1] == 1
    assert fibonacci(of(100, 200, 100, 150), window=4)["direction"].iloc[-1] == -1


def test_a_swing_that_left_the_window_is_forgotten():
    swing = fibonacci(of(10, 150, 200, 100, 120), window=4).iloc[-1]
    assert swing[["direction", "low"]].to_list() == [-1, 100]


def test_one_bar_with_both_extremes_has_no_order():
    bars = pd.DataFrame({"high": [12.0, 20.0], "low": [11.0, 5.0], "close": [11.0, 12.0]})
    swing = fibonacci(bars, window=2).iloc[-1]
    assert swing[["high", "low"]].to_list() == [20, 5]
    assert swing.drop(["high", "low"]).isna().all()


def test_the_smaller_ratio_wins_between_two_as_near():
    # 0 to 1000 in the high, back to 309 from below: 0.5 lies at 500, 0.618 at 382; halfway is 441.
    assert fibonacci(of(500, 1, 1001, 442), window=4)["nearest_ratio"].iloc[-1] == 0.5


def test_a_mirrored_market_has_mirrored_levels(split_share):
    mirror = pd.DataFrame(
        {"high": 1000 - split_share["low"], "low": 1000 - split_share["high"], "close": 1000 - split_share["close"]}
    )
    plain, mirrored = fibonacci(split_share), fibonacci(mirror)
    np.testing.assert_array_equal(mirrored["direction"], -plain["direction"])
    np.testing.assert_allclose(mirrored[LEVELS], 1000 - plain[LEVELS], rtol=1e-9)


def test_direction_agrees_with_a_plain_search(split_share):
    result = fibonacci(split_share, window=30)["direction"]
    for row in (29, 30, 111, 250, 399):
        past = split_share.iloc[row - 29 : row + 1]
        assert result.iloc[row] == (1 if past["high"].idxmax() > past["low"].idxmin() else -1)
