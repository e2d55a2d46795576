"""Longer timeframes: joined by known times, unmoved by what comes later."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

import investiq as iq
from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.core.errors import ConfigError, DataError
from investiq.history.bars import Bars
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.swings import swing_points
from investiq.indicators.timeframes import feature_table, on_timeframe, timeframe_alignment


@pytest.fixture(scope="module")
def daily():
    return iq.load_bars("SYN001").adjusted()


@pytest.fixture(scope="module")
def intraday():
    """Random 15-minute bars from October to December 2024: a change of clocks, Thanksgiving, two early closes."""
    first, last = (np.datetime64(day, "us") for day in ("2024-10-21", "2024-12-31"))
    ts = hours.expected_labels("XNYS", calendars.session_dates("XNYS", first, last), "15min")
    rng = np.random.default_rng(3)
    close = 100 * np.exp(rng.normal(0, 0.003, ts.size).cumsum())
    opened = close * np.exp(rng.normal(0, 0.001, ts.size))
    ones = np.ones(ts.size)
    passport = dataclasses.replace(iq.load_bars("SYN001").passport, interval="15min")
    return Bars(
        symbol="TEST", interval="15min", ts=ts, open=opened, close=close, volume=rng.uniform(1, 2, ts.size),
        high=np.maximum(opened, close) * 1.001, low=np.minimum(opened, close) * 0.999, split_factor=ones,
        total_factor=ones, known_at=calendars.known_at(ts, "15min", "XNYS"), passport=passport,
    )  # fmt: skip


def closes(bars):
    return bars.close


def features(bars):
    """Recursive, windowed and sparse values together."""
    frame = bars.frame
    return swing_points(frame)[["last_swing_high", "swing_low"]].assign(
        rsi=rsi(frame["close"], 5), close=frame["close"]
    )


def test_a_weekly_close_appears_on_the_last_session_of_the_week_and_stays():
    # S&P 500: 2632.56 on Friday 2018-11-23, 2760.17 on Friday 2018-11-30, 2633.08 on Friday 2018-12-07.
    bars = iq.load_bars("^GSPC", start="2018-11-05", end="2018-12-12")
    weekly = on_timeframe(bars, "1w", closes)["value"].round(2)
    assert weekly["2018-11-23"] == 2632.56
    assert weekly["2018-11-26":"2018-11-29"].tolist() == [2632.56] * 4
    assert weekly["2018-11-30":"2018-12-06"].tolist() == [2760.17] * 4  # the 5th was a day of mourning
    assert weekly["2018-12-07":].tolist() == [2633.08] * 4
    assert weekly.iloc[:4].isna().all()
    assert weekly.index.equals(bars.index)


def test_wednesday_does_not_know_what_friday_brings(daily):
    wednesday = int(np.flatnonzero(daily.index.day_of_week == 2)[60])
    before = on_timeframe(daily, "1w", features).iloc[: wednesday + 1]
    factor = np.where(np.arange(len(daily)) > wednesday, 1.5, 1.0)
    moved = dataclasses.replace(
        daily, **{name: getattr(daily, name) * factor for name in ("open", "high", "low", "close")}
    )
    after = on_timeframe(moved, "1w", features).iloc[: wednesday + 1]
    pd.testing.assert_frame_equal(before, after)
    assert not on_timeframe(moved, "1w", features).equals(on_timeframe(daily, "1w", features))


def test_the_weekly_rsi_is_that_of_pandas_weeks_joined_by_time():
    bars = iq.load_bars("^GSPC", start="2005").adjusted()
    weeks = bars.frame.resample("W-FRI").agg({"close": "last", "known_at": "last"}).dropna().iloc[:-1]
    weeks["expected"] = talib.RSI(weeks["close"].to_numpy(), 14)
    joined = pd.merge_asof(bars.frame[["known_at"]], weeks[["known_at", "expected"]], on="known_at")
    ours = on_timeframe(bars, "1w", lambda longer: rsi(longer.close, 14))["value"]
    np.testing.assert_allclose(ours, joined["expected"], rtol=1e-12)
    assert ours.notna().sum() > 3000


def test_hours_and_days_appear_when_they_end_over_dst_and_an_early_close(intraday):
    hourly = on_timeframe(intraday, "60min", closes)["value"]
    day = on_timeframe(intraday, "1d", closes)["value"]
    # 09:30 New York is 13:30 UTC until 2024-11-01 and 14:30 from 2024-11-04 on.
    for opening in ("2024-11-01 13:30", "2024-11-04 14:30"):
        row = intraday.index.get_loc(pd.Timestamp(opening, tz="UTC"))
        # The hour ends with the fourth bar; until then the last of the day before is known, which is its last bar.
        assert hourly.iloc[row : row + 4].tolist() == [intraday.close[row - 1]] * 3 + [intraday.close[row + 3]]
        assert day.iloc[row] == intraday.close[row - 1]
    # The day after Thanksgiving ends at 13:00: its bar of 12:45 knows the day, the one before does not.
    row = intraday.index.get_loc(pd.Timestamp("2024-11-29 17:45", tz="UTC"))
    assert day.iloc[row] == intraday.close[row]
    assert day.iloc[row - 1] == intraday.close[intraday.index.get_loc(pd.Timestamp("2024-11-27 20:45", tz="UTC"))]
    week = on_timeframe(intraday, "1w", closes)["value"]
    assert week.iloc[row] == intraday.close[row]
    assert week.iloc[row - 1] == intraday.close[intraday.index.get_loc(pd.Timestamp("2024-11-22 20:45", tz="UTC"))]


@settings(max_examples=25, deadline=None)
@given(
    share=st.floats(0.02, 1),
    case=st.sampled_from(
        [("1d", "1w"), ("1d", "1mo"), ("15min", "60min"), ("15min", "4h"), ("15min", "1d"), ("15min", "1w")]
    ),
)
def test_no_row_changes_when_the_future_is_cut_off_anywhere(daily, intraday, share, case):
    bars = daily[:700] if case[0] == "1d" else intraday
    span = (bars.known_at[-1] - bars.ts[0]).astype(np.int64)
    # Any instant: mid-week, mid-session, at night.
    as_of = bars.ts[0] + np.timedelta64(int(share * int(span)), "us")
    past = on_timeframe(bars.until(as_of), case[1], features)
    whole = on_timeframe(bars, case[1], features).iloc[: len(past)]
    pd.testing.assert_frame_equal(past, whole, rtol=1e-10)


def test_a_table_has_one_column_for_each_feature_and_timeframe(intraday):
    table = feature_table(
        intraday,
        {"rsi": lambda bars: rsi(bars.close, 5), "macd": lambda bars: macd(bars.close, 3, 6, 2)},
        ("15min", "60min", "1d"),
    )
    names = ("rsi", "macd.macd", "macd.signal", "macd.histogram")
    assert list(table.columns) == [f"{name}@{interval}" for interval in ("15min", "60min", "1d") for name in names]
    np.testing.assert_array_equal(table["rsi@15min"], rsi(intraday.close, 5))
    # Five changes of the day need six days: known from the last bar of the sixth, row 6 x 26 - 1.
    assert table["rsi@1d"].first_valid_index() == intraday.index[155]


def test_alignment_is_one_where_all_timeframes_agree_and_a_third_where_one_does_not(daily):
    table = timeframe_alignment(daily, fast=2, slow=3)
    trends = {}
    for interval, rule in (("1d", None), ("1w", "W-FRI"), ("1mo", "ME")):
        close = daily.frame["close"]
        known = daily.frame["known_at"]
        longer = pd.DataFrame({"close": close, "known_at": known})
        longer = longer if rule is None else longer.resample(rule).last().dropna()
        up = (longer["close"].rolling(2).mean() > longer["close"].rolling(3).mean()).astype(float)
        longer["up"] = up.where(longer["close"].rolling(3).count() == 3)
        joined = pd.merge_asof(daily.frame[["known_at"]], longer[["known_at", "up"]], on="known_at")["up"]
        trends[interval] = joined.to_numpy()
    # pandas ends its last week and month where the data end; the rows before the last month are the same.
    rows = slice(0, len(daily) - 25)
    share = np.mean(list(trends.values()), axis=0)[rows]
    np.testing.assert_allclose(table["up_share"].to_numpy()[rows], share)
    np.testing.assert_allclose(table["alignment"].to_numpy()[rows], 2 * np.abs(share - 0.5))
    assert set(table["alignment"].dropna().round(3)) == {1.0, 0.333}
    assert ((table["strength@1w"] > 0) == (trends["1w"] == 1))[rows].all()


def test_a_price_that_stands_still_points_nowhere_up(daily):
    still = np.full(len(daily), 7.3)
    flat = dataclasses.replace(daily, open=still, high=still, low=still, close=still)
    assert timeframe_alignment(flat)["up_share"].iloc[-1] == 0


def test_the_strength_of_a_trend_is_a_fraction_of_the_price(daily):
    # The mean of two closes less that of three, over the last close.
    close = daily.close
    strength = timeframe_alignment(daily, ("1d",), fast=2, slow=3)["strength@1d"]
    expected = ((close[9] + close[8]) / 2 - (close[9] + close[8] + close[7]) / 3) / close[9]
    assert strength.iloc[9] == pytest.approx(expected)


def test_series_frames_and_tuples_of_arrays_keep_their_names(daily):
    bars = daily[:300]
    assert list(on_timeframe(bars, "1w", lambda weeks: rsi(weeks.frame["close"], 5))) == ["rsi_5"]
    assert list(on_timeframe(bars, "1w", lambda weeks: macd(weeks.close))) == ["macd", "signal", "histogram"]
    assert list(on_timeframe(bars, "1w", features)) == ["last_swing_high", "swing_low", "rsi", "close"]


def test_no_longer_bar_is_no_value(daily):
    assert on_timeframe(daily[:2], "1mo", closes)["value"].isna().all()
    assert on_timeframe(daily[:0], "1mo", closes).empty


def test_what_cannot_be_joined_is_refused(daily):
    with pytest.raises(DataError, match="compute returned str, expected one number for each bar"):
        on_timeframe(daily, "1w", lambda _: "up")
    with pytest.raises(DataError, match=r"bars must be Bars.* was DataFrame"):
        on_timeframe(daily.frame, "1w", closes)
    with pytest.raises(DataError, match="cannot be made from longer ones"):
        on_timeframe(daily, "60min", closes)
    with pytest.raises(DataError, match=r"'value' of shape \(3,\)"):
        on_timeframe(daily, "1w", lambda weeks: weeks.close[:3])
    with pytest.raises(DataError, match="on the index of the bars that it was given"):
        on_timeframe(daily, "1w", lambda weeks: daily.frame)
    with pytest.raises(ConfigError, match="must be different ones"):
        feature_table(daily, {"close": closes}, ("1w", "1w"))
    with pytest.raises(ConfigError, match="must be different ones"):
        feature_table(daily, {"close": closes}, "1w")
    with pytest.raises(ConfigError, match="must not be empty"):
        feature_table(daily, {}, ("1w",))
    with pytest.raises(ConfigError, match="intervals must not be empty"):
        timeframe_alignment(daily, ())
    with pytest.raises(ConfigError, match="fast must be below slow"):
        timeframe_alignment(daily, fast=20, slow=20)


def test_an_indicator_of_the_close_is_a_computation_on_longer_bars():
    bars = iq.load_bars("^GSPC", start="2016").adjusted()
    direct = on_timeframe(bars, "1w", iq.indicators.rsi)["value"]
    pd.testing.assert_series_equal(direct, on_timeframe(bars, "1w", lambda weeks: rsi(weeks.close))["value"])
    assert list(on_timeframe(bars, "1w", iq.indicators.macd)) == ["macd", "signal", "histogram"]
