from datetime import date

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.indicators.weighted_prices import anchored_vwap, rolling_vwap, session_vwap

# Typical prices 10, 20, 30, 40.
BARS = pd.DataFrame(
    {
        "high": [11.0, 21, 31, 41],
        "low": [9.0, 19, 29, 39],
        "close": [10.0, 20, 30, 40],
        "volume": [1.0, 3, 1, 1],
    },
    index=pd.DatetimeIndex(["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06"], tz="UTC", name="ts"),
)


def test_a_rolling_average_weighs_typical_prices_by_volume():
    # (10 + 60) / 4, (60 + 30) / 4, (30 + 40) / 2.
    assert rolling_vwap(BARS, 2).to_list() == pytest.approx([np.nan, 17.5, 22.5, 35.0], nan_ok=True)


def test_the_typical_price_holds_high_low_and_close():
    bars = pd.DataFrame({"high": [30.0], "low": [10.0], "close": [11.0], "volume": [1.0]})
    assert rolling_vwap(bars, 1).item() == pytest.approx(17.0)


def test_a_window_without_a_trade_has_no_average():
    assert rolling_vwap(BARS.assign(volume=[0.0, 0, 1, 1]), 2).isna().to_list() == [True, True, False, False]


def test_an_anchored_average_begins_at_its_anchor():
    # (60) / 3, (60 + 30) / 4, (60 + 30 + 40) / 5.
    assert anchored_vwap(BARS, "2024-03-04").to_list() == pytest.approx([np.nan, 20.0, 22.5, 26.0], nan_ok=True)


def test_an_anchor_on_the_first_bar_holds_all_bars():
    # 10, 70 / 4, 100 / 5, 140 / 6.
    assert anchored_vwap(BARS, "2024-03-01").to_list() == pytest.approx([10, 17.5, 20, 70 / 3])


def test_an_anchor_on_a_day_without_a_bar_takes_the_next():
    assert anchored_vwap(BARS, "2024-03-02").equals(anchored_vwap(BARS, "2024-03-04"))


@pytest.mark.parametrize(
    "anchor", [date(2024, 3, 4), np.datetime64("2024-03-04"), pd.Timestamp("2024-03-03 19:00", tz="America/New_York")]
)
def test_an_anchor_may_be_any_time(anchor):
    assert anchored_vwap(BARS, anchor).equals(anchored_vwap(BARS, "2024-03-04"))


def test_several_anchors_begin_anew_each_time():
    expected = pytest.approx([np.nan, 20.0, 30.0, 35.0], nan_ok=True)
    assert anchored_vwap(BARS, ["2024-03-05", "2024-03-04"]).to_list() == expected
    assert anchored_vwap(BARS, pd.DatetimeIndex(["2024-03-04", "2024-03-05"])).to_list() == expected


def test_an_anchor_after_the_last_bar_has_no_effect_yet():
    assert anchored_vwap(BARS, ["2024-03-04", "2024-03-07"]).equals(anchored_vwap(BARS, "2024-03-04"))
    assert anchored_vwap(BARS, "2024-03-07").isna().all()


def test_an_anchor_before_the_first_bar_has_no_effect():
    assert anchored_vwap(BARS, ["2024-01-02", "2024-03-04"]).equals(anchored_vwap(BARS, "2024-03-04"))


def test_anchors_that_all_lie_before_the_first_bar_are_refused():
    with pytest.raises(DataError, match=r"no anchor lies at or after the first bar, 2024-03-01.*load bars from"):
        anchored_vwap(BARS, "2024-02-29")


def test_an_anchor_whose_own_bar_is_missing_takes_the_next():
    gapped = BARS.copy()
    gapped.iloc[1] = np.nan
    assert anchored_vwap(gapped, "2024-03-04").to_list() == pytest.approx([np.nan, np.nan, 30, 35], nan_ok=True)


def test_an_average_waits_for_the_first_trade():
    quiet = BARS.assign(volume=[1.0, 0, 1, 1])
    assert anchored_vwap(quiet, "2024-03-04").to_list() == pytest.approx([np.nan, np.nan, 30, 35], nan_ok=True)


def test_an_anchor_may_be_the_number_of_a_row_in_a_frame_of_numbered_rows():
    numbered = BARS.reset_index(drop=True)
    assert anchored_vwap(numbered, 2).to_list() == pytest.approx([np.nan, np.nan, 30, 35], nan_ok=True)
    with pytest.raises(DataError, match="do not compare"):
        anchored_vwap(numbered, "2024-03-04")


def test_labels_that_do_not_ascend_are_refused():
    with pytest.raises(DataError, match="must ascend"):
        anchored_vwap(BARS.iloc[::-1], "2024-03-04")


def test_no_anchor_at_all_is_refused():
    with pytest.raises(DataError, match="anchor holds no time"):
        anchored_vwap(BARS, [])


def hours(day, first, count):
    return [f"{day}T{hour:02}:30" for hour in range(first, first + count)]


def rows(*typical_and_volume):
    """Bars around a typical price."""
    return [(price + 1, price - 1, price, volume) for price, volume in typical_and_volume]


def test_a_session_average_begins_anew_with_each_session(intraday):
    # New York moved its clocks between the two: 14:30 UTC is the open of the 8th, 13:30 that of the 11th.
    labels = hours("2024-03-08", 14, 3) + hours("2024-03-11", 13, 2)
    bars = intraday(labels, rows((10, 1), (20, 3), (30, 1), (50, 2), (60, 2)))
    # 10, (10 + 60) / 4, (10 + 60 + 30) / 5; 50, (100 + 120) / 4.
    assert session_vwap(bars) == pytest.approx([10, 17.5, 20, 50, 55])


def test_an_evening_bar_in_new_york_belongs_to_its_own_day(intraday):
    # 00:30 UTC on the 6th is 19:30 on the 5th.
    bars = intraday(["2024-03-05T20:30", "2024-03-06T00:30", "2024-03-06T14:30"], rows((10, 1), (20, 1), (50, 1)))
    assert session_vwap(bars) == pytest.approx([10, 15, 50])


def test_a_session_in_sydney_spans_two_dates_in_utc(intraday):
    # 23:30 UTC on the 4th is 10:30 on the 5th.
    labels = ["2024-03-04T23:30", "2024-03-05T00:30", "2024-03-05T23:30"]
    bars = intraday(labels, rows((10, 1), (20, 1), (50, 1)), calendar="XASX")
    assert session_vwap(bars) == pytest.approx([10, 15, 50])


def test_a_frame_names_its_exchange(intraday):
    bars = intraday(hours("2024-03-08", 14, 2) + hours("2024-03-11", 13, 1), rows((10, 1), (20, 3), (50, 2)))
    assert session_vwap(bars.frame, calendar="XNYS").to_list() == pytest.approx([10, 17.5, 50])
    with pytest.raises(DataError, match=r"several bars share a date.*calendar= such as 'XNYS'"):
        session_vwap(bars.frame)


def test_a_session_average_of_daily_bars_is_refused(sample):
    with pytest.raises(DataError, match=r"needs intraday bars.*use rolling_vwap or anchored_vwap"):
        session_vwap(sample)


@pytest.fixture(scope="module")
def three_sessions(intraday):
    rng = np.random.default_rng(3)
    labels = [label for day in ("2024-03-07", "2024-03-08", "2024-03-12") for label in hours(day, 14, 6)]
    close = 50 + np.cumsum(rng.normal(0, 1, len(labels)))
    return intraday(labels, np.column_stack([close + 1, close - 1, close, rng.uniform(1, 9, len(labels))]))


def test_a_session_average_does_not_change_when_the_future_is_cut_off(three_sessions):
    whole = session_vwap(three_sessions)
    for row in range(len(three_sessions)):
        assert session_vwap(three_sessions[: row + 1])[-1] == whole[row]


def test_a_session_average_leaves_a_gap_out(three_sessions):
    frame = three_sessions.frame
    gapped = frame.copy()
    gapped.iloc[[0, 7, 12]] = np.nan
    result = session_vwap(gapped, "XNYS")
    assert result.isna().to_numpy().nonzero()[0].tolist() == [0, 7, 12]
    pd.testing.assert_series_equal(result.dropna(), session_vwap(gapped.dropna(), "XNYS"))


def test_a_session_average_of_one_bar_is_its_typical_price(three_sessions):
    assert session_vwap(three_sessions[:1]) == pytest.approx(three_sessions.close[:1])
    assert session_vwap(three_sessions[:0]).size == 0
