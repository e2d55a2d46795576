"""Messages into bars: the watermark, one final row a bar, and what comes late."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import ConfigError
from investiq.history.flags import Flag
from investiq.market.streaming.assembling import GRACE, Assembler
from investiq.market.streaming.events import DAY, MINUTE, SECOND, BarMessage, Trade
from investiq.market.streaming.grid import Grid

NEW_YORK = ZoneInfo("America/New_York")
OPENED = datetime(2024, 11, 26, 14, 30, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR = timedelta(days=1)


def assembler(interval="1min", session="regular", **terms):
    made = Assembler(interval=interval, grid=Grid("XNYS", session), **terms)
    made.begin("AAPL", LONG_AGO)
    return made


def minute(number, close=100.0, *, low=None, high=None, open=None, volume=10.0, **more):
    start = OPENED + number * MINUTE
    values = {"open": close if open is None else open, "close": close}
    values |= {
        "low": min(values.values()) if low is None else low,
        "high": max(values.values()) if high is None else high,
    }
    return BarMessage(symbol="AAPL", ts=start, volume=volume, **values, **more)


def test_a_bar_is_final_at_end_plus_delay_plus_five_seconds_and_not_before():
    bars = assembler(delay=timedelta(minutes=15))
    (shown,) = bars.take(minute(0), OPENED + timedelta(minutes=16))
    assert shown.status == "provisional"
    watermark = OPENED + timedelta(minutes=16, seconds=5)
    assert bars.next_watermark == watermark
    assert bars.advance(watermark - timedelta(microseconds=1)) == []
    (final,) = bars.advance(watermark)
    assert (final.status, final.known_at) == ("final", OPENED + timedelta(minutes=16))
    assert bars.advance(watermark + FAR) == []


def test_before_the_watermark_the_last_message_wins():
    bars = assembler()
    for close in (100.0, 101.0, 99.5):
        bars.take(minute(0, close), OPENED + MINUTE)
    (final,) = bars.advance(OPENED + FAR)
    assert final.close == 99.5


def test_five_minutes_are_made_of_five_bars_of_a_minute():
    # open of the first, highest high, lowest low, close of the last; 10 + 20 + 30 + 40 + 0 shares;
    # vwap (10*100 + 20*101 + 30*102 + 40*103) / 100 = 102; the minute without shares has no vwap and needs none.
    bars = assembler("5min")
    closes, volumes = (100.0, 101.0, 102.0, 103.0, 102.5), (10.0, 20.0, 30.0, 40.0, 0.0)
    for number, (close, volume) in enumerate(zip(closes, volumes, strict=True)):
        vwap = close if volume else math.nan
        bars.take(
            minute(
                number, close, open=close - 0.5, low=close - 1, high=close + 1, volume=volume, vwap=vwap, trades=2.0
            ),
            OPENED,
        )
    (final,) = bars.advance(OPENED + FAR)
    assert (final.open, final.high, final.low, final.close) == (99.5, 104.0, 99.0, 102.5)
    assert (final.volume, final.trades) == (100.0, 10.0)
    assert final.vwap == pytest.approx(102.0)
    assert final.known_at == OPENED + timedelta(minutes=5)


def test_an_unknown_volume_makes_the_sum_unknown_and_not_smaller():
    bars = assembler("5min")
    bars.take(minute(0, volume=math.nan), OPENED)
    bars.take(minute(1, volume=10.0), OPENED)
    (final,) = bars.advance(OPENED + FAR)
    assert math.isnan(final.volume)
    assert math.isnan(final.vwap)


def test_a_minute_stands_for_its_seconds_and_seconds_for_a_minute_that_never_came():
    bars = assembler("5min")

    def second(number, close):
        ts = OPENED + number * SECOND
        return BarMessage(symbol="AAPL", ts=ts, open=close, high=close, low=close, close=close, volume=1, length=SECOND)

    for each in (second(0, 100), second(59, 109), second(60, 104), second(61, 103)):
        bars.take(each, OPENED)
    bars.take(minute(0, 101.0, open=99.0, volume=50), OPENED)
    (final,) = bars.advance(OPENED + FAR)
    # Minute 0 as sent (99 to 101, 50 shares), minute 1 from its seconds (104, 103, two shares); 109 was inside minute 0.
    assert (final.open, final.high, final.low, final.close, final.volume) == (99.0, 104.0, 99.0, 103.0, 52.0)


def test_a_bar_missing_when_its_successor_became_final_is_late_and_one_in_order_is_final():
    bars = assembler()
    bars.take(minute(1), OPENED + 2 * MINUTE)
    assert [bar.status for bar in bars.advance(OPENED + 3 * MINUTE)] == ["final"]
    assert [bar.status for bar in bars.take(minute(0), OPENED + 3 * MINUTE)] == ["late"]
    assert [bar.status for bar in bars.take(minute(2), OPENED + 9 * MINUTE)] == ["final"]
    assert bars.counts["late"] == 2  # both came after their watermark


def test_a_changed_bar_is_a_new_version_and_a_repeated_one_is_nothing():
    bars = assembler("5min")
    bars.take(minute(0, 100.0), OPENED)
    bars.advance(OPENED + FAR)
    (second,) = bars.take(minute(1, 101.0), OPENED + FAR)
    (third,) = bars.take(minute(1, 102.0), OPENED + FAR)
    assert bars.take(minute(1, 102.0), OPENED + FAR) == []
    assert [(bar.status, bar.revision, bar.close) for bar in (second, third)] == [
        ("revised", 1, 101.0),
        ("revised", 2, 102.0),
    ]
    assert Flag.REVISED in Flag(third.flags)
    assert (bars.counts["revised"], bars.counts["duplicate"]) == (2, 1)


def test_held_bars_wait_and_leave_in_order():
    bars = assembler()
    bars.take(minute(0), OPENED)
    bars.hold("AAPL", OPENED + MINUTE)
    given_out = bars.take(minute(4), OPENED + 9 * MINUTE)
    assert [(bar.ts, bar.status) for bar in given_out] == [(OPENED, "final"), (OPENED + 4 * MINUTE, "provisional")]
    assert bars.advance(OPENED + 10 * MINUTE) == []
    for number in (2, 1, 3):
        bars.take(minute(number, is_backfill=True), OPENED + 9 * MINUTE)
    released = bars.release("AAPL", OPENED + 9 * MINUTE)
    assert [bar.ts for bar in released] == [OPENED + number * MINUTE for number in (1, 2, 3, 4)]
    assert [bar.is_backfill for bar in released] == [True, True, True, False]
    assert {bar.status for bar in released} == {"final"}


def test_a_symbol_taken_in_again_does_not_give_its_bar_under_way_twice():
    bars = assembler()
    bars.take(minute(0), OPENED)
    bars.forget("AAPL")
    bars.begin("AAPL", LONG_AGO)
    bars.take(minute(0), OPENED)
    assert [bar.status for bar in bars.advance(OPENED + FAR)] == ["final"]


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (minute(0, 100.0, high=99.0), "invalid"),
        (minute(0, -1.0), "invalid"),
        (minute(0, math.nan), "invalid"),
        (minute(0, volume=-1.0), "invalid"),
        (minute(-1), "outside"),
        (minute(390), "outside"),
        (BarMessage(symbol="AAPL", ts=OPENED + 30 * SECOND, open=1, high=1, low=1, close=1), "off_grid"),
    ],
)
def test_what_is_no_bar_of_the_session_is_counted_and_not_used(message, count):
    bars = assembler()
    assert bars.take(message, OPENED) == []
    assert bars.counts[count] == 1
    assert bars.next_watermark is None


def test_a_bar_beyond_memory_is_counted_and_never_given_out_again():
    bars = assembler(memory=timedelta(minutes=10))
    for number in range(20):
        bars.take(minute(number), OPENED + (number + 1) * MINUTE)
    given = bars.advance(OPENED + 30 * MINUTE)
    assert given[-1].ts == OPENED + 19 * MINUTE
    assert bars.take(minute(0, 77.0), OPENED + 30 * MINUTE) == []
    assert bars.counts["forgotten"] == 1


def test_trades_open_and_close_a_bar_by_their_time_whatever_their_order_and_count_once():
    # By time 100 (first), 105, 98, 101 (last): o 100 h 105 l 98 c 101; 10 + 20 + 30 + 40 = 100 shares;
    # vwap (10*100 + 20*105 + 30*98 + 40*101) / 100 = 100.8.
    def trade(seconds, price, size, number):
        return Trade(symbol="AAPL", ts=OPENED + seconds * SECOND, price=price, size=size, id=str(number))

    bars = assembler()
    for each in (trade(30, 98.0, 30, 3), trade(1, 100.0, 10, 1), trade(59, 101.0, 40, 4), trade(20, 105.0, 20, 2)):
        bars.take(each, OPENED)
    bars.take(trade(20, 105.0, 20, 2), OPENED)
    (final,) = bars.advance(OPENED + FAR)
    assert (final.open, final.high, final.low, final.close) == (100.0, 105.0, 98.0, 101.0)
    assert (final.volume, final.trades, bars.counts["duplicate"]) == (100.0, 4.0, 1)
    assert final.vwap == pytest.approx(100.8)


def test_trades_of_the_same_instant_are_ordered_by_their_sequence():
    bars = assembler()
    for sequence, price in ((2, 102.0), (1, 101.0), (3, 103.0)):
        bars.take(Trade(symbol="AAPL", ts=OPENED, price=price, size=1, sequence=sequence), OPENED)
    (final,) = bars.advance(OPENED + FAR)
    assert (final.open, final.close) == (101.0, 103.0)


def test_the_last_hour_of_a_day_is_half_an_hour_and_hours_before_the_open_do_not_reach_into_the_session():
    bars = assembler("60min", "extended")
    for number in (-30, 360):  # 09:00 and 15:30 in New York
        bars.take(minute(number), OPENED - 30 * MINUTE)
    early, late = bars.advance(OPENED + FAR)
    assert (early.ts, early.known_at, early.flags) == (OPENED - 30 * MINUTE, OPENED, Flag.PRE)
    assert (late.ts, late.known_at) == (OPENED + 360 * MINUTE, OPENED + 390 * MINUTE)


def test_daily_bars_are_made_of_daily_ones_and_become_final_after_the_close_with_its_late_prints():
    bars = assembler("1d", settle=timedelta(minutes=15))
    day = datetime(2024, 11, 29, tzinfo=UTC)  # closes at 13:00 New York, 18:00 UTC
    bars.take(BarMessage(symbol="AAPL", ts=day, open=1, high=1, low=1, close=1, length=DAY), day)
    assert bars.next_watermark == datetime(2024, 11, 29, 18, 15, 5, tzinfo=UTC)
    with pytest.raises(ConfigError, match="1d bars cannot be made of bars of 0:01:00"):
        bars.take(minute(0), day)
    with pytest.raises(ConfigError, match="1w bars are not streamed"):
        Assembler(interval="1w", grid=Grid("XNYS"))


# Batch and stream say the same. The oracle is pandas' own resampling within hours written down by hand.

DAYS = {
    "an ordinary day": (
        date(2024, 11, 26),
        {"pre": ("04:00", "09:30"), "regular": ("09:30", "16:00"), "post": ("16:00", "20:00")},
    ),
    "a half day": (
        date(2024, 11, 29),
        {"pre": ("04:00", "09:30"), "regular": ("09:30", "13:00"), "post": ("13:00", "17:00")},
    ),
    "the Monday after the clocks change": (
        date(2024, 3, 11),
        {"pre": ("04:00", "09:30"), "regular": ("09:30", "16:00"), "post": ("16:00", "20:00")},
    ),
}


def made_up_day(day, hours, rng):
    """Minutes of every segment, one in ten without a bar, as a frame with NaN-free prices in cents."""
    frames = []
    for begins, ends in hours.values():
        index = pd.date_range(f"{day} {begins}", f"{day} {ends}", freq="1min", inclusive="left", tz=NEW_YORK)
        steps = rng.integers(-20, 21, (len(index), 4)).cumsum(axis=0) / 100 + 100
        low, high = steps.min(axis=1), steps.max(axis=1)
        volume = rng.integers(1, 1000, len(index)).astype(float)
        frame = pd.DataFrame(
            {
                "open": steps[:, 0],
                "high": high,
                "low": low,
                "close": steps[:, 3],
                "volume": volume,
                "vwap": (low + high) / 2,
            },
            index=index,
        )
        frames.append(frame[rng.random(len(index)) > 0.1])
    return frames


def resampled(frames, begins, interval):
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "value": "sum"}
    parts = []
    for frame, start in zip(frames, begins, strict=True):
        valued = frame.assign(value=frame["vwap"] * frame["volume"])
        parts.append(valued.resample(interval, origin=start, closed="left", label="left").agg(rules).dropna())
    whole = pd.concat(parts).tz_convert("UTC")
    return whole.assign(vwap=whole["value"] / whole["volume"])


@pytest.mark.parametrize("interval", ["1min", "5min", "15min", "30min", "60min", "4h"])
@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize("session", ["regular", "extended"])
def test_bars_of_a_day_of_minutes_equal_the_batch_resampling(name, interval, session):
    day, hours = DAYS[name]
    rng = np.random.default_rng(7)
    frames = made_up_day(day, hours, rng)
    bars = assembler(interval, session)
    given = []
    for ts, row in pd.concat(frames).tz_convert("UTC").iterrows():
        message = BarMessage(symbol="AAPL", ts=ts.to_pydatetime(), **row.to_dict())
        given += bars.take(message, ts.to_pydatetime() + MINUTE)
    given += bars.advance(datetime(2030, 1, 1, tzinfo=UTC))
    finals = [bar for bar in given if bar.is_final]
    begins = [pd.Timestamp(f"{day} {start}", tz=NEW_YORK) for start, _ in hours.values()]
    chosen = slice(None) if session == "extended" else slice(1, 2)
    expected = resampled(frames[chosen], begins[chosen], interval)
    assert [bar.ts for bar in finals] == [ts.to_pydatetime() for ts in expected.index]
    for column in ("open", "high", "low", "close", "volume"):
        assert [getattr(bar, column) for bar in finals] == expected[column].tolist()
    assert [bar.vwap for bar in finals] == pytest.approx(expected["vwap"].tolist(), rel=1e-12)
    assert bars.counts["outside"] == (0 if session == "extended" else len(frames[0]) + len(frames[2]))


@pytest.mark.parametrize("interval", ["1min", "5min"])
def test_bars_of_a_day_of_trades_in_any_order_equal_the_batch_resampling(interval):
    rng = np.random.default_rng(11)
    stamps = np.sort(rng.choice(390 * 60 * 1000, 4000, replace=False))
    tape = pd.DataFrame(
        {"price": rng.integers(9900, 10100, 4000) / 100, "size": rng.integers(1, 500, 4000).astype(float)},
        index=pd.DatetimeIndex([OPENED + timedelta(milliseconds=int(ms)) for ms in stamps]),
    )
    bars = assembler(interval)
    given = []
    arrivals = stamps + rng.integers(0, 4000, 4000)  # up to four seconds late, so out of order
    for row in np.argsort(arrivals, kind="stable"):
        ts = tape.index[row].to_pydatetime()
        trade = Trade(symbol="AAPL", ts=ts, price=tape["price"].iloc[row], size=tape["size"].iloc[row], id=str(row))
        given += bars.take(trade, OPENED + timedelta(milliseconds=int(arrivals[row])))
    given += bars.advance(OPENED + FAR)
    finals = [bar for bar in given if bar.is_final]
    expected = tape["price"].resample(interval).ohlc()
    assert [bar.ts for bar in finals] == [ts.to_pydatetime() for ts in expected.index]
    for column in ("open", "high", "low", "close"):
        assert [getattr(bar, column) for bar in finals] == expected[column].tolist()
    assert [bar.volume for bar in finals] == tape["size"].resample(interval).sum().tolist()
    assert {bar.status for bar in finals} == {"final"}


# Exactly once, whatever the interleaving.

arrivals = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 1200)), max_size=60
)  # minute, price, seconds after the open + a minute at which it arrives at the earliest


@given(arrivals)
def test_every_bar_is_given_once_with_the_value_of_its_watermark_and_then_in_versions(sent):
    # The oracle knows nothing of buckets: of each minute, in order of arrival, the last value before the watermark (or the
    # first at all) is the row; each later change of value is one version.
    messages = sorted(
        ((OPENED + (number + 1) * MINUTE + after * SECOND, number, float(price)) for number, price, after in sent)
    )
    bars = assembler()
    given_out = []
    for arrival, number, price in messages:
        given_out += bars.take(minute(number, price), arrival)
    given_out += bars.advance(OPENED + FAR)
    rows = [bar for bar in given_out if bar.status in ("final", "late")]
    finals = [bar.ts for bar in rows if bar.status == "final"]

    assert sorted(bar.ts for bar in rows) == [
        OPENED + number * MINUTE for number in sorted({each[1] for each in messages})
    ]
    assert finals == sorted(finals)
    for number in {each[1] for each in messages}:
        watermark = OPENED + (number + 1) * MINUTE + GRACE
        in_time = [price for arrival, each, price in messages if each == number and arrival < watermark]
        after = [price for arrival, each, price in messages if each == number and arrival >= watermark]
        versions = [in_time[-1] if in_time else after.pop(0)]
        for price in after:
            if price != versions[-1]:
                versions.append(price)
        mine = [bar for bar in given_out if bar.ts == OPENED + number * MINUTE and bar.is_final]
        assert [bar.close for bar in mine] == versions
        assert [bar.revision for bar in mine] == list(range(len(versions)))
