import numpy as np
import pandas as pd
import pytest
import talib

from investiq.indicators.money_flow import accumulation_distribution, chaikin_money_flow, money_flow_index

# CLV: (8 - 6) - (10 - 8) = 0 -> 0; close at the high 1; at the low -1; (7 - 4) - (8 - 7) over 4 = 0.5; one price 0.
BARS = pd.DataFrame(
    {
        "high": [10.0, 9, 9, 8, 5],
        "low": [6.0, 5, 7, 4, 5],
        "close": [8.0, 9, 7, 7, 5],
        "volume": [100.0, 50, 30, 20, 1000],
    }
)


def test_the_line_adds_up_volume_by_where_the_close_lies():
    assert accumulation_distribution(BARS).to_list() == [0, 50, 20, 30, 30]


def test_chaikins_flow_is_the_location_weighted_by_volume():
    # (50 - 30) / 80, (-30 + 10) / 50, 10 / 1020.
    expected = [np.nan, 50 / 150, 20 / 80, -20 / 50, 10 / 1020]
    assert chaikin_money_flow(BARS, window=2).to_list() == pytest.approx(expected, nan_ok=True)


def test_chaikins_flow_agrees_with_sums_in_pandas(sample):
    frame = sample.frame
    spread = frame["high"] - frame["low"]
    location = ((frame["close"] - frame["low"]) - (frame["high"] - frame["close"])) / spread.where(spread > 0)
    expected = (location.fillna(0) * frame["volume"]).rolling(20).sum() / frame["volume"].rolling(20).sum()
    pd.testing.assert_series_equal(chaikin_money_flow(frame), expected, check_names=False, rtol=1e-9, atol=1e-12)


def test_the_flow_of_a_window_is_what_the_line_gained_in_it(sample):
    gained = pd.Series(accumulation_distribution(sample)).diff(20)
    traded = pd.Series(sample.volume).rolling(20).sum()
    np.testing.assert_allclose(chaikin_money_flow(sample)[20:], (gained / traded)[20:], atol=1e-9)


def test_chaikins_flow_without_a_trade_is_unknown():
    assert np.isnan(chaikin_money_flow(BARS.assign(volume=0.0), window=2)).all()


def test_the_index_weighs_flows_by_typical_price_and_volume():
    # Typical 10, 11, 10, 12 (high and low one off on either side). Flows: +11 x 20, -10 x 30, +12 x 10.
    price = pd.Series([10.0, 11, 10, 12])
    bars = pd.DataFrame({"high": price + 1, "low": price - 1, "close": price, "volume": [99.0, 20, 30, 10]})
    expected = [np.nan, np.nan, 100 * 220 / 520, 100 * 120 / 420]
    assert money_flow_index(bars, window=2).to_list() == pytest.approx(expected, nan_ok=True)


def test_the_index_agrees_with_talib(split_share):
    columns = [split_share[name].to_numpy() for name in ("high", "low", "close", "volume")]
    np.testing.assert_allclose(money_flow_index(split_share), talib.MFI(*columns, 14), rtol=1e-9)


def test_a_price_that_stands_still_is_neither_bought_nor_sold():
    flat = pd.DataFrame({"high": 5.0, "low": 5.0, "close": 5.0, "volume": np.full(20, 10.0)})
    assert money_flow_index(flat).dropna().to_list() == [50.0] * 6
    columns = [flat[name].to_numpy() for name in ("high", "low", "close", "volume")]
    assert set(talib.MFI(*columns, 14)[14:]) == {0.0}  # what TA-Lib makes of it: all outflow


def test_the_index_does_not_depend_on_the_unit_of_volume(split_share):
    # Counted in trillions, both sums stay below 1.0, where TA-Lib says 0.
    in_trillions = split_share.assign(volume=split_share["volume"] / 1e12)
    np.testing.assert_allclose(money_flow_index(in_trillions), money_flow_index(split_share), rtol=1e-9)


def test_a_huge_flow_long_past_leaves_no_rounding():
    # One day of 1e20 shares, then flows of 1: by window 2 later only the last two count, 2 x 11 in, 1 x 10 out.
    price = pd.Series([10.0, 11, 10, 11, 10, 11])
    bars = pd.DataFrame({"high": price, "low": price, "close": price, "volume": [1.0, 1e20, 1, 1, 1, 2]})
    assert money_flow_index(bars, window=2).iloc[-1] == pytest.approx(100 * 22 / 32, rel=1e-12)


def test_the_index_without_a_trade_is_unknown(split_share):
    assert np.isnan(money_flow_index(split_share.assign(volume=0.0))).all()
