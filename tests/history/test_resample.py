"""Resampling: expected bars by hand and from pandas, known times from the rules of the exchange."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import investiq as iq
from investiq.core import calendar as calendars
from investiq.core import sessions as hours
from investiq.core.errors import ConfigError, DataError
from investiq.core.passport import Passport
from investiq.history.adjust import Action, forward_factors
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.resample import resample

PRICES = ("open", "high", "low", "close")
MINUTE = np.timedelta64(1, "m")


def us(text):
    return np.datetime64(text, "us")


def bars_of(ts, interval, *, calendar="XNYS", session="regular", known_at=None, **columns):
    """Bars at the given labels with a distinct price each: 100, 101, 102, ..., high and low half a point off."""
    ts = np.asarray(ts, dtype="datetime64[us]")
    close = columns.pop("close", 100.0 + np.arange(ts.size))
    ones = np.ones(ts.size)
    values = {
        "open": close - 0.25,
        "high": close + 0.5,
        "low": close - 0.5,
        "close": close,
        "volume": 10.0 * (1 + np.arange(ts.size)),
        "split_factor": ones,
        "total_factor": ones,
        "known_at": calendars.known_at(ts, interval, calendar) if known_at is None else known_at,
    }
    stamp = datetime(2024, 1, 2, tzinfo=UTC)
    passport = Passport(
        symbol="TEST", provider="test", provenance="file", interval=interval, calendar=calendar, price_basis="as_traded",
        known_at_rule="", rows=ts.size, first=stamp, last=stamp, missing_sessions=0, repairs=0, sha256="", session=session,
    )  # fmt: skip
    return Bars(symbol="TEST", interval=interval, ts=ts, passport=passport, **(values | columns))


def daily(first, last, **columns):
    return bars_of(calendars.session_dates("XNYS", us(first), us(last)), "1d", **columns)


def minutes(day, interval="1min", last_day=None, calendar="XNYS", **columns):
    dates = calendars.session_dates(calendar, us(day), us(last_day or day))
    ts = hours.expected_labels(calendar, dates, interval, columns.get("session", "regular"))
    return bars_of(ts, interval, calendar=calendar, **columns)


def labels(bars, unit="D"):
    return [str(each) for each in bars.ts.astype(f"datetime64[{unit}]")]


def known(bars, unit="m"):
    return [str(each) for each in bars.known_at.astype(f"datetime64[{unit}]")]


def codes(bars):
    return [note.code for note in bars.passport.notes]


def same(first, second):
    assert labels(first, "us") == labels(second, "us")
    names = ("known_at", *PRICES, "volume", "split_factor", "total_factor")
    for name in names:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


def test_a_week_is_its_first_open_extremes_last_close_and_summed_volume():
    # Monday 2024-03-04 to Friday 2024-03-08: closes 100 to 104, so open 99.75, high 104.5, low 99.5,
    # volume 10 + 20 + 30 + 40 + 50 = 150; New York closes at 16:00 EST, 21:00 UTC.
    (week,) = resample(daily("2024-03-04", "2024-03-08"), "1w").frame.itertuples()
    assert (week.open, week.high, week.low, week.close, week.volume) == (99.75, 104.5, 99.5, 104.0, 150.0)
    assert week.Index == pd.Timestamp("2024-03-04", tz="UTC")
    assert week.known_at == pd.Timestamp("2024-03-08 21:00", tz="UTC")


def test_weeks_and_months_agree_with_pandas_on_twenty_years():
    bars = iq.load_bars("^GSPC")
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    for interval, rule in (("1w", "W-FRI"), ("1mo", "ME")):
        made = resample(bars, interval)
        expected = bars.frame.resample(rule).agg(rules | {"known_at": "last"}).dropna()
        # The sample ends on Monday 2018-12-31, the last session of its month and not of its week.
        expected = expected.iloc[:-1] if interval == "1w" else expected
        for name in rules:
            np.testing.assert_allclose(getattr(made, name), expected[name], rtol=1e-14, err_msg=name)
        np.testing.assert_array_equal(made.frame["known_at"].to_numpy(), expected["known_at"].to_numpy())


def test_a_week_that_a_holiday_ends_is_known_on_thursday():
    # Good Friday, 2024-03-29: the week ends with Thursday's close, 16:00 EDT.
    made = resample(daily("2024-03-25", "2024-03-28"), "1w")
    assert known(made) == ["2024-03-28T20:00"]


def test_a_week_that_a_holiday_opens_is_labelled_by_tuesday():
    # Martin Luther King Day, Monday 2024-01-15.
    assert labels(resample(daily("2024-01-16", "2024-01-19"), "1w")) == ["2024-01-16"]


def test_a_week_that_ends_early_is_known_at_the_early_close():
    # The day after Thanksgiving closes at 13:00 EST.
    made = resample(daily("2024-11-25", "2024-11-29"), "1w")
    assert known(made) == ["2024-11-29T18:00"]


def test_the_closes_of_weeks_move_in_utc_when_the_clocks_change():
    made = resample(daily("2024-03-04", "2024-03-15"), "1w")
    assert known(made) == ["2024-03-08T21:00", "2024-03-15T20:00"]


def test_the_delay_of_a_plan_delays_the_week():
    ts = calendars.session_dates("XNYS", us("2024-03-04"), us("2024-03-08"))
    times = calendars.closes("XNYS", ts) + 15 * MINUTE
    assert known(resample(bars_of(ts, "1d", known_at=times), "1w")) == ["2024-03-08T21:15"]


def test_an_iso_week_across_new_year_is_one_week():
    # Week 1 of 2025: Monday 2024-12-30 to Friday 2025-01-03, 1 January closed.
    made = resample(daily("2024-12-30", "2025-01-03"), "1w")
    assert labels(made) == ["2024-12-30"]
    assert made.volume.tolist() == [10.0 + 20 + 30 + 40]


def test_weeks_of_a_market_that_never_closes_run_from_monday_to_sunday():
    ts = np.arange("2024-03-04", "2024-03-18", dtype="datetime64[D]")
    made = resample(bars_of(ts, "1d", calendar="24/7"), "1w")
    assert labels(made) == ["2024-03-04", "2024-03-11"]
    # Bars of 10, 20, ..., 70 are the first seven.
    assert made.volume[0] == 280.0
    assert known(made)[0] == "2024-03-11T00:00"


def test_an_unfinished_week_is_left_out_with_a_note_or_kept_and_flagged():
    bars = daily("2024-03-04", "2024-03-13")
    made = resample(bars, "1w")
    assert labels(made) == ["2024-03-04"]
    assert "resampled_last_partial" in codes(made)
    assert not made.flags.any()
    kept = bars.resampled("1w", partial=True)
    assert labels(kept) == ["2024-03-04", "2024-03-11"]
    assert kept.close[-1] == bars.close[-1]
    assert kept.known_at[-1] == bars.known_at[-1]
    assert kept.flags.tolist() == [0, Flag.PARTIAL]


def test_a_series_that_begins_inside_a_week_keeps_it_with_a_flag():
    made = resample(daily("2024-03-06", "2024-03-15"), "1w")
    assert labels(made) == ["2024-03-04", "2024-03-11"]
    assert made.flags.tolist() == [Flag.PARTIAL, 0]
    assert "resampled_first_partial" in codes(made)


def test_a_week_without_its_last_bar_is_known_when_the_next_bar_is():
    ts = np.delete(calendars.session_dates("XNYS", us("2024-03-04"), us("2024-03-15")), 4)
    made = resample(bars_of(ts, "1d"), "1w")
    # Friday the 8th is missing: Monday's bar, known at 16:00 EDT, shows that it will not come.
    assert known(made) == ["2024-03-11T20:00", "2024-03-15T20:00"]
    assert "resampled_late" in codes(made)


def test_two_weeks_that_one_bar_completes_keep_their_order():
    # Of the first week only Monday, of the second only Friday: the same bar shows that both are over.
    made = resample(bars_of(["2024-03-04", "2024-03-15"], "1d"), "1w")
    assert known(made, "us") == ["2024-03-15T20:00:00.000000", "2024-03-15T20:00:00.000001"]


def test_nothing_is_made_of_nothing_or_of_half_a_week():
    empty = daily("2024-03-04", "2024-03-05")[:0]
    assert len(resample(empty, "1w")) == 0
    assert resample(empty, "1w").interval == "1w"
    assert len(resample(daily("2024-03-04", "2024-03-05"), "1w")) == 0


def test_minutes_become_five_minutes_closed_on_the_left():
    # 09:30 to 09:34 EST are bars 0 to 4: closes 100 to 104, known at 09:35 and not at 09:34 or 09:36.
    made = resample(minutes("2024-03-05"), "5min")
    assert len(made) == 390 / 5
    assert labels(made, "m")[:2] == ["2024-03-05T14:30", "2024-03-05T14:35"]
    assert (made.open[0], made.close[0], made.high[0], made.volume[0]) == (99.75, 104.0, 104.5, 150.0)
    assert made.known_at[0] == us("2024-03-05T14:35")


def test_hours_are_counted_from_the_open_and_the_last_is_short():
    made = resample(minutes("2024-03-05", "5min"), "60min")
    assert labels(made, "m")[0] == "2024-03-05T14:30"
    assert labels(made, "m")[-1] == "2024-03-05T20:30"
    assert made.known_at[-1] == us("2024-03-05T21:00")
    assert labels(resample(minutes("2024-03-05", "5min"), "4h"), "m") == ["2024-03-05T14:30", "2024-03-05T18:30"]


def test_hours_keep_to_the_open_when_the_clocks_change():
    made = resample(minutes("2024-03-08", "5min", "2024-03-11"), "60min")
    assert len(made) == 14
    assert labels(made, "m")[7] == "2024-03-11T13:30"


def test_hours_of_an_early_close_end_with_it():
    made = resample(minutes("2024-11-29", "5min"), "60min")
    assert labels(made, "m") == [f"2024-11-29T{hour}:30" for hour in (14, 15, 16, 17)]
    assert made.known_at[-1] == us("2024-11-29T18:00")


def test_bars_of_tokyo_are_counted_anew_after_the_pause():
    # Until November 2024 Tokyo traded 09:00 to 11:30 and 12:30 to 15:00; 09:00 there is 00:00 UTC.
    made = resample(minutes("2024-03-05", "5min", calendar="XTKS"), "60min")
    assert labels(made, "m") == [
        f"2024-03-05T{time}" for time in ("00:00", "01:00", "02:00", "03:30", "04:30", "05:30")
    ]
    assert made.known_at[2] == us("2024-03-05T02:30")


def test_extended_hours_are_counted_before_in_and_after_the_session():
    bars = minutes("2024-03-05", "30min", session="extended", known_at=None)
    made = resample(bars, "60min")
    # 04:00 New York is 09:00 UTC; the hour from 09:00 New York ends at the open, 09:30.
    assert labels(made, "m")[:1] == ["2024-03-05T09:00"]
    assert "2024-03-05T14:00" in labels(made, "m")
    assert "2024-03-05T14:30" in labels(made, "m")
    assert made.known_at[labels(made, "m").index("2024-03-05T14:00")] == us("2024-03-05T14:30")
    # 04:00 to 09:30 is six bars, the session seven, 16:00 to 20:00 four.
    assert len(made) == 17
    (day,) = resample(bars, "1d").frame.itertuples()
    assert day.known_at == pd.Timestamp("2024-03-06 01:00", tz="UTC")
    assert day.open == bars.open[0]


def test_minutes_become_the_sessions_of_the_exchange_not_days_in_utc():
    made = resample(minutes("2024-11-27", "15min", "2024-12-02"), "1d")
    assert labels(made) == ["2024-11-27", "2024-11-29", "2024-12-02"]
    assert known(made)[1] == "2024-11-29T18:00"
    assert made.volume.sum() == minutes("2024-11-27", "15min", "2024-12-02").volume.sum()


def test_minutes_become_the_same_weeks_by_way_of_days():
    bars = minutes("2024-02-26", "30min", "2024-04-05")
    for interval in ("1w", "1mo"):
        same(resample(bars, interval), resample(resample(bars, "1d"), interval))


def test_bars_outside_the_session_are_left_out_with_a_note():
    ts = np.r_[hours.expected_labels("XNYS", np.array(["2024-03-05"], "M8[us]"), "30min"), us("2024-03-05T21:00")]
    made = resample(bars_of(ts, "30min", known_at=ts + 30 * MINUTE), "1d")
    (note,) = (note for note in made.passport.notes if note.code == "resampled_outside_hours")
    assert note.rows == 1
    assert made.close.tolist() == [100.0 + 12]


@pytest.fixture(scope="module")
def split_in_a_week():
    """A week of closes 100, 104, 26, 25, 27 with a 4:1 split on Wednesday and a dividend of 0.5 on Thursday."""
    ts = calendars.session_dates("XNYS", us("2024-03-04"), us("2024-03-08"))
    close = np.array([100.0, 104.0, 26.0, 25.0, 27.0])
    actions = (
        Action(kind="split", ex_date=date(2024, 3, 6), ratio=4.0),
        Action(kind="dividend", ex_date=date(2024, 3, 7), cash=0.5),
    )
    factors = forward_factors(ts, close, actions)
    return bars_of(
        ts, "1d", close=close, volume=np.array([100.0, 200.0, 1000.0, 400.0, 600.0]),
        split_factor=factors.split_factor, total_factor=factors.total_factor, actions=actions,
        vwap=close, trades=np.full(5, 3.0), flags=np.array([0, 0, Flag.ACTION, Flag.ACTION, Flag.REPAIRED], np.int32),
    )  # fmt: skip


def test_a_split_inside_a_week_is_told_in_shares_after_it(split_in_a_week):
    made = resample(split_in_a_week, "1w")
    # In shares after the split: Tuesday's high (104 + 0.5) / 4 = 26.125, Monday's open 99.75 / 4 and low 99.5 / 4;
    # Friday's high 27.5 is the highest, Thursday's low 24.5 the lowest; volume 4 x (100 + 200) + 1000 + 400 + 600.
    assert (made.open[0], made.high[0], made.low[0], made.close[0]) == (99.75 / 4, 27.5, 24.5, 27.0)
    assert made.volume.tolist() == [3200.0]
    assert made.split_factor.tolist() == [4.0]
    assert made.total_factor[0] == split_in_a_week.total_factor[-1]
    # 400 x 25 + 800 x 26 + 1000 x 26 + 400 x 25 + 600 x 27 = 83,000 dollars over 3,200 shares.
    assert made.vwap[0] == pytest.approx(83_000 / 3_200)
    assert made.trades.tolist() == [15.0]
    assert made.flags[0] == Flag.ACTION | Flag.REPAIRED
    assert [action.kind for action in made.actions] == ["split", "dividend"]
    assert {"resampled_split", "resampled_dividend"} <= set(codes(made))


def test_an_action_on_the_last_day_of_a_bar_stays_with_it():
    ts = calendars.session_dates("XNYS", us("2024-03-04"), us("2024-03-11"))
    actions = tuple(Action(kind="dividend", ex_date=date(2024, 3, day), cash=0.5) for day in (8, 11))
    factors = forward_factors(ts, np.full(6, 100.0), actions)
    bars = bars_of(ts, "1d", close=np.full(6, 100.0), total_factor=factors.total_factor, actions=actions)
    # Friday the 8th ends the week; Monday the 11th belongs to the one that is not complete.
    assert [action.ex_date.day for action in resample(bars, "1w").actions] == [8]


def test_splits_are_undone_before_or_after_resampling_alike(split_in_a_week):
    first, last = split_in_a_week.adjusted("split").resampled("1w"), split_in_a_week.resampled("1w").adjusted("split")
    for name in (*PRICES, "volume", "vwap"):
        np.testing.assert_allclose(getattr(first, name), getattr(last, name), rtol=1e-14, err_msg=name)


def test_adjusted_bars_are_not_scaled_again(split_in_a_week):
    adjusted = split_in_a_week.adjusted()
    made = resample(adjusted, "1w")
    assert (made.high[0], made.low[0]) == (adjusted.high.max(), adjusted.low.min())
    assert made.volume[0] == pytest.approx(adjusted.volume.sum())
    assert made.basis == "total"
    assert made.close[0] / made.factor[0] == pytest.approx(27.0)


def test_weekly_returns_of_a_share_with_a_split_are_those_of_its_days():
    bars = iq.load_bars("SYN001").adjusted()
    weekly = resample(bars, "1w")
    fridays = np.isin(bars.known_at, weekly.known_at)
    np.testing.assert_array_equal(weekly.close, bars.close[fridays])
    assert bars.split_factor.max() > 1


def test_an_unknown_volume_makes_the_sum_unknown_and_idle_bars_weigh_nothing():
    volume = np.array([10.0, np.nan, 10.0, 10.0, 10.0, 0.0, 30.0, 0.0, 10.0, 0.0])
    vwap = np.array([100.0, 101, 102, 103, 104, np.nan, 106, np.nan, 110, np.nan])
    made = resample(daily("2024-03-04", "2024-03-15", volume=volume, vwap=vwap), "1w")
    assert np.isnan(made.volume[0])
    assert np.isnan(made.vwap[0])
    assert made.volume[1] == 40.0
    assert made.vwap[1] == pytest.approx((30 * 106 + 10 * 110) / 40)


def test_the_passport_is_kept_with_what_was_done():
    bars = iq.load_bars("^GSPC")
    made = resample(bars, "1mo")
    assert made.passport.sha256 == bars.passport.sha256
    assert made.passport.watermark == "SAMPLE"
    assert codes(made)[: len(codes(bars))] == codes(bars)
    assert "1mo bars made from 1d bars" in made.passport.notes[len(codes(bars))].text


def test_the_same_interval_is_the_same_bars():
    bars = daily("2024-03-04", "2024-03-08")
    assert resample(bars, "1d") is bars


def test_what_cannot_be_made_is_refused():
    with pytest.raises(DataError, match="60min bars cannot be made from longer ones, 1d"):
        resample(daily("2024-03-04", "2024-03-08"), "60min")
    with pytest.raises(ConfigError, match="interval must be one of"):
        resample(daily("2024-03-04", "2024-03-08"), "2w")
    with pytest.raises(DataError, match="make 1mo bars from daily ones"):
        resample(resample(daily("2024-03-04", "2024-03-29"), "1w"), "1mo")
    # Counted from the clock, 18:00 to 19:00 holds 18:30, the end of the first four hours.
    clock_hours = us("2024-03-05T15:00") + np.arange(5) * 60 * MINUTE
    with pytest.raises(DataError, match=r"1 60min bar.* reach past the end of a 4h bar .* first 2024-03-05 18:00"):
        resample(bars_of(clock_hours, "60min"), "4h")
    with pytest.raises(DataError, match="no session of XNYS"):
        resample(bars_of(["2024-03-04", "2024-03-09"], "1d", known_at=[us("2024-03-05"), us("2024-03-10")]), "1w")


@st.composite
def gappy_bars(draw):
    """Daily or half-hourly bars over holidays and a change of clocks, some of them missing."""
    interval = draw(st.sampled_from(["1d", "30min"]))
    dates = calendars.session_dates("XNYS", us("2024-10-28"), us("2024-12-31"))
    ts = dates if interval == "1d" else hours.expected_labels("XNYS", dates[:25], interval)
    keep = draw(st.lists(st.booleans(), min_size=20, max_size=20))
    kept = np.resize(np.array(keep) | (np.arange(20) % 3 == 0), ts.size)
    return bars_of(ts[kept], interval)


@settings(max_examples=60, deadline=None)
@given(bars=gappy_bars(), interval=st.sampled_from(["60min", "4h", "1d", "1w", "1mo"]), share=st.floats(0, 1))
def test_no_bar_changes_or_appears_when_the_future_is_cut_off(bars, interval, share):
    assume(bars.interval != "1d" or interval not in ("60min", "4h"))
    start, end = bars.ts[0], bars.known_at[-1]
    as_of = start + np.timedelta64(int(share * int((end - start).astype(np.int64))), "us")
    whole = resample(bars, interval)
    same(resample(bars.until(as_of), interval).until(as_of), whole.until(as_of))
    for when in whole.known_at[:5]:
        same(resample(bars.until(when), interval).until(when), whole.until(when))
