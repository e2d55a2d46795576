from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.indicators import observations
from investiq.indicators.bands import bollinger
from investiq.indicators.momentum import macd
from investiq.indicators.oscillators import stochastic
from investiq.indicators.trend import sma
from investiq.indicators.volatility import atr
from investiq.indicators.volume import obv, volume_ratio, volume_zscore
from investiq.indicators.weighted_prices import rolling_vwap, session_vwap

FRAME = pd.DataFrame({"open": [1.0, 2.0], "close": [2.0, 3.0], "volume": [5, 6]})


def test_columns_are_found_by_their_names():
    opened, volume = observations.bar_columns(FRAME, ("open", "volume"))
    assert opened.tolist() == [1.0, 2.0]
    assert volume.tolist() == [5.0, 6.0]
    assert volume.dtype == np.float64


def test_missing_columns_are_named():
    with pytest.raises(DataError, match=r"with high, low and close; DataFrame lacks high, low$"):
        observations.price_columns(FRAME)
    with pytest.raises(DataError, match=r"a DataFrame with vwap; DataFrame lacks vwap$"):
        observations.bar_columns(FRAME, ("vwap",))


def test_columns_in_capitals_are_found_and_the_renaming_told():
    frame = pd.DataFrame({"Open": [1.0], "High": [2.0], "Low": [1.0], "Close": [1.5], "Volume": [3.0]})
    with pytest.raises(
        DataError, match=r"lacks high, low, close; found High, Low, Close: rename\(columns=str\.lower\)$"
    ):
        atr(frame)
    with pytest.raises(DataError, match=r"found Close: rename\(columns=str\.lower\)$"):
        sma(frame)
    assert atr(frame.rename(columns=str.lower)).isna().all()


def test_a_series_is_a_column_whatever_its_labels():
    # Series.close is the value with the label "close".
    values = pd.Series([1.0, 3.0, 4.0], index=["close", "high", "volume"])
    assert sma(values, 2).to_list()[1:] == [2.0, 3.5]


def test_a_volume_below_0_is_refused_and_an_infinite_one_too():
    for volume, words in (([5, -6], "1 value below 0, first -6 in row 1"), ([np.inf, 6], "infinite value")):
        frame = pd.DataFrame({"close": [2.0, 3.0], "volume": volume})
        for indicator, source in ((obv, frame), (volume_ratio, frame["volume"]), (volume_zscore, frame)):
            with pytest.raises(DataError, match=f"volume holds .*{words}"):
                indicator(source)
    with pytest.raises(DataError, match="first -1 in row 2 of symbol 1"):
        volume_ratio(np.array([[1.0, 2.0, 3.0], [np.nan, 2.0, -1.0]]))


def test_an_infinite_value_of_a_panel_is_found_with_its_symbol():
    prices = np.tile(np.arange(1.0, 41.0), (5, 1))
    prices[3, 7] = np.inf
    with pytest.raises(DataError, match="holds 1 infinite value, first inf in row 7 of symbol 3"):
        sma(prices)


def test_sessions_of_bars_as_traded_have_a_vwap_over_a_split(intraday):
    # Two hours of one day, then a split; the average begins anew each day and never looks across.
    labels = ["2020-01-06T15:00", "2020-01-06T16:00", "2020-01-07T15:00"]
    bars = intraday(labels, [(8, 8, 8, 1), (10, 10, 10, 1), (5, 5, 5, 2)])
    split = bars._derived(split_factor=np.array([1.0, 1.0, 2.0]))
    assert session_vwap(split).tolist() == [8, 9, 5]
    with pytest.raises(DataError, match="1 split inside"):
        rolling_vwap(split, 2)


def test_columns_of_two_sources_are_refused():
    bars = SimpleNamespace(high=np.ones(3), low=np.ones(3), close=np.ones((2, 3)))
    with pytest.raises(DataError, match=r"one shape, high has \(3,\) and close \(2, 3\); take them from the same bars"):
        atr(bars)


def test_three_dimensions_are_refused():
    with pytest.raises(DataError, match=r"or \(n_symbols, n_bars\) for a panel, has \(2, 2, 2\)"):
        sma(np.ones((2, 2, 2)))


def test_a_panel_of_the_history_is_taken_like_bars():
    members = [iq.load_bars("SYN001"), iq.load_bars("SYN002")]
    panel = iq.Panel.of(members).adjusted()
    bands, place = bollinger(panel.close), stochastic(panel)
    assert bands.upper.shape == place.k.shape == panel.close.shape
    for row, bars in enumerate(members):
        alone = bars.adjusted()
        has_bar = ~np.isnat(panel.known_at[row])
        np.testing.assert_array_equal(bands.upper[row, has_bar], bollinger(alone.close).upper)
        np.testing.assert_array_equal(place.d[row, has_bar], stochastic(alone).d)


@pytest.mark.parametrize("symbols", [0, 1, 3])
def test_small_panels_have_the_shape_of_their_prices(symbols):
    prices = np.tile(np.arange(60.0), (symbols, 1)) + 1
    lines = macd(prices)
    assert [line.shape for line in lines] == [(symbols, 60)] * 3
    # 7 slopes of 1, as on any straight line.
    assert lines.macd[:, -1] == pytest.approx([7.0] * symbols)


def test_a_panel_without_bars_is_an_empty_panel():
    assert sma(np.empty((4, 0))).shape == (4, 0)


def test_an_error_in_one_row_of_many_is_not_lost():
    def refuse(values):
        if values[0] == 71:
            raise DataError("row 71 is wrong")
        return (values,)

    rows = np.repeat(np.arange(100.0)[:, None], 600, axis=1)
    with pytest.raises(DataError, match="row 71 is wrong"):
        observations.over_observations(refuse, rows)


@pytest.mark.parametrize("cores", [1, 2, 3, 200])
def test_the_number_of_threads_changes_no_bit(panel, monkeypatch, cores):
    expected = [sma(row, 20) for row in panel.close]
    monkeypatch.setattr(observations.os, "cpu_count", lambda: cores)
    np.testing.assert_array_equal(sma(panel.close, 20), expected)


def test_rows_with_and_without_gaps_stand_where_they_stood(panel):
    # Rows 1, 2, 57 and 100 to 129 have gaps and go one by one, the runs between them through the loop over rows.
    found = bollinger(panel.close).percent_b
    for row in range(len(panel.close)):
        np.testing.assert_array_equal(found[row], bollinger(panel.close[row]).percent_b, err_msg=f"row {row}")


def test_a_function_cannot_write_to_what_it_was_given():
    prices = np.ones(5)
    with pytest.raises(ValueError, match="read-only"):
        observations.column(prices)[0] = 2.0
    prices[0] = 3.0
