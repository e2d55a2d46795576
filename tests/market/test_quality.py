"""The quality report finds each planted defect under its own name, and nothing in clean data."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core import calendar
from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.sessions import expected_labels
from investiq.history.flags import Flag
from investiq.history.panel import Panel
from investiq.market.quality_checks import CHECKS

PRICES = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def nasdaq():
    """Two years of real bars without a defect; 2014-2017 have one day without volume."""
    return iq.load_bars("^IXIC", "2016", "2017")


def table(bars):
    return bars.frame[[*PRICES, "volume"]].copy()


def checks(report):
    return [each.check for each in report.findings]


def changed(bars, **arrays):
    return dataclasses.replace(bars, **arrays)


def scaled(bars, factor, **more):
    """Return the bars with prices times a factor a bar."""
    return changed(bars, **{name: getattr(bars, name) * factor for name in PRICES}, **more)


def without(bars, *rows):
    kept = np.delete(np.arange(len(bars)), rows)
    names = ("ts", *PRICES, "volume", "known_at", "split_factor", "total_factor", "flags")
    return changed(bars, **{name: getattr(bars, name)[kept] for name in names})


def minutes(interval="60min", first="2016-01-04", last="2016-12-30"):
    """Return clean intraday bars of a year of XNYS, a slow wave that never repeats."""
    sessions = calendar.session_dates("XNYS", np.datetime64(first), np.datetime64(last))
    closes = calendar.closes("XNYS", sessions)
    grid = []
    for close, session in zip(closes, sessions, strict=True):
        # The open is 09:30 in New York: 14:30 UTC, in summer time 13:30.
        early = session + np.timedelta64(13 * 60 + 30, "m")
        opening = (
            early
            if ~np.isnat(calendar.holding_sessions("XNYS", np.array([early]))[0][0])
            else early + np.timedelta64(1, "h")
        )
        grid.append(np.arange(opening, close, np.timedelta64(60, "m")))
    ts = np.concatenate(grid).astype("datetime64[us]")
    close = 100 + 5 * np.sin(np.arange(ts.size) / 50) + 0.1 * np.sin(np.arange(ts.size) * 1.7)
    base = iq.load_bars("^IXIC", "2016", "2016")
    return dataclasses.replace(
        base, interval=interval, ts=ts, known_at=calendar.known_at(ts, interval, "XNYS"), open=close - 0.02, high=close + 0.1,
        low=close - 0.1, close=close, volume=np.full(ts.size, 1_000.0), split_factor=np.ones(ts.size),
        total_factor=np.ones(ts.size), flags=np.zeros(ts.size, dtype=np.int32),
        passport=dataclasses.replace(base.passport, interval=interval),
    )  # fmt: skip


def split_bars():
    """Return two real years with a recorded 2:1 split that the price shows, at row 300."""
    bars = iq.load_bars("^IXIC", "2016", "2017")
    factor = np.where(np.arange(len(bars)) >= 300, 2.0, 1.0)
    return scaled(bars, 1 / factor, split_factor=factor, total_factor=factor)


CLEAN = {
    "nasdaq": lambda: iq.load_bars("^IXIC", "2016", "2017"),
    "nasdaq as a table": lambda: table(iq.load_bars("^IXIC", "2016", "2017")),
    "a share with splits and dividends": lambda: iq.load_bars("SYN001"),
    "a random walk": lambda: iq.load_bars("SYN-GBM"),
    "hours": minutes,
    "hours as a table": lambda: (table(minutes()), {"interval": "60min"}),
    "a recorded split": split_bars,
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_data_pass(name):
    data, options = made if isinstance(made := CLEAN[name](), tuple) else (made, {})
    report = iq.check_bars(data, **options)
    assert checks(report) == []
    assert report.verdict == "pass"
    assert report.reasons == ()
    assert report.series[0].coverage == 1.0


def with_value(bars, row, name, value):
    array = getattr(bars, name).copy()
    array[row] = value
    return changed(bars, **{name: array})


def bad_print(bars):
    close = bars.close.copy()
    close[200] *= 1.4
    return changed(bars, close=close, high=np.maximum(bars.high, close))


def carried(bars):
    close = bars.close.copy()
    close[200:206] = close[200]
    return changed(bars, close=close, high=np.maximum(bars.high, close), low=np.minimum(bars.low, close))


def copied_opens(bars):
    opens = bars.open.copy()
    opens[1:60] = bars.close[:59]
    return changed(bars, open=opens, high=np.maximum(bars.high, opens), low=np.minimum(bars.low, opens))


def stepped(bars, factor):
    return scaled(bars, np.where(np.arange(len(bars)) >= 200, factor, 1.0))


def in_one_step(bars):
    return scaled(bars, np.ones(len(bars)), split_factor=np.where(np.arange(len(bars)) >= 300, 2.0, 1.0),
                  total_factor=np.where(np.arange(len(bars)) >= 300, 2.0, 1.0))  # fmt: skip


def partly_adjusted():
    """As traded up to row 200, then already divided by the split of row 300."""
    bars = split_bars()
    rows = np.arange(len(bars))
    return scaled(bars, np.where((rows >= 200) & (rows < 300), 0.5, 1.0))


def summer_an_hour_late():
    """Stamps converted with the winter offset all year: 14:30 for the open of a summer day."""
    bars = minutes()
    local = bars.index.tz_convert("America/New_York")
    late = np.array([moment.utcoffset() == timedelta(hours=-4) for moment in local])
    ts = bars.ts + np.where(late, np.timedelta64(1, "h"), np.timedelta64(0, "h"))
    return changed(bars, ts=ts, known_at=ts + np.timedelta64(1, "h"))


def local_as_utc():
    bars = minutes()
    ts = bars.index.tz_convert("America/New_York").tz_localize(None).to_numpy().astype("datetime64[us]")
    return changed(bars, ts=ts)


DAY = np.timedelta64(1, "D")
# Check: how often it must be counted, and how the defect is planted into clean bars.
PLANTED_IN_BARS = {
    "zero_volume": (1, lambda bars: with_value(bars, 200, "volume", 0.0)),
    "missing_volume": (1, lambda bars: with_value(bars, 200, "volume", np.nan)),
    "odd_volumes": (1, lambda bars: with_value(bars, 200, "volume", bars.volume[200] / 100)),
    "price_spikes": (1, lambda bars: stepped(bars, 1.22)),
    "extreme_moves": (1, lambda bars: stepped(bars, 1.7)),
    "possible_splits": (1, lambda bars: stepped(bars, 0.5)),
    "outliers": (1, lambda bars: stepped(bars, 1.15)),
    "long_wicks": (1, lambda bars: with_value(bars, 200, "high", bars.high[200] * 1.5)),
    "quarantined": (1, bad_print),
    "missing_sessions": (2, lambda bars: without(bars, 100, 300)),
    "stale_closes": (1, carried),
    "open_repeats_previous_close": (59, copied_opens),
    "revised": (1, lambda bars: changed(bars, flags=np.where(np.arange(len(bars)) == 9, Flag.REVISED, 0))),
    "late_known_at": (2, lambda bars: with_value(bars, slice(-2, None), "known_at", bars.known_at[-2:] + 5 * DAY)),
    "early_known_at": (503, lambda bars: changed(bars, known_at=bars.known_at - np.timedelta64(1, "h"))),
    "shifted_labels": (503, lambda bars: changed(bars, ts=bars.ts + DAY, known_at=bars.known_at + DAY)),
    "daily_label_time": (503, lambda bars: changed(bars, ts=bars.ts + np.timedelta64(5, "h"))),
    "mixed_adjustment": (1, in_one_step),
}  # fmt: skip


@pytest.mark.parametrize("check", PLANTED_IN_BARS)
def test_a_planted_defect_of_bars_is_found_and_nothing_else(nasdaq, check):
    count, plant = PLANTED_IN_BARS[check]
    report = iq.check_bars(plant(nasdaq))
    assert [(each.check, each.count) for each in report.findings] == [(check, count)]
    severity = CHECKS[check].severity
    assert report.verdict == {"error": "fail", "caution": "caution", "info": "pass"}[severity]
    assert report.findings[0].examples


@pytest.mark.parametrize(
    ("check", "plant"),
    [
        ("mixed_adjustment", partly_adjusted),
        ("exchange_time_as_utc", local_as_utc),
        ("clock_change_missed", summer_an_hour_late),
    ],
)
def test_a_planted_defect_of_scale_or_zone_is_found_and_nothing_else(check, plant):
    report = iq.check_bars(plant())
    assert checks(report) == [check]
    assert report.verdict == "fail"


def set_cell(frame, row, column, value):
    frame.iloc[row, frame.columns.get_loc(column)] = value
    return frame


def doubled(frame):
    return pd.concat([frame, frame.iloc[[100]]]).sort_index()


def exchanged(frame):
    rows = [*range(100), 101, 100, *range(102, len(frame))]
    return frame.iloc[rows]


def moved_to_saturday(frame):
    # 2016-01-15 is a Friday before a holiday weekend; a bar of the Saturday after it is none.
    extra = frame.loc[["2016-01-15"]].set_axis(pd.DatetimeIndex(["2016-01-16"], tz="UTC"))
    return pd.concat([frame, extra]).sort_index()


def unread(frame):
    texts = frame.reset_index().assign(ts=lambda rows: rows["ts"].dt.strftime("%Y-%m-%d"))
    texts.loc[len(texts)] = ["next Tuesday", 1.0, 1.0, 1.0, 1.0, 1.0]
    return texts


PLANTED_IN_TABLES = {
    "missing_price": lambda frame: set_cell(frame, 200, "close", np.nan),
    "bad_price": lambda frame: set_cell(frame, 200, "low", 0.0),
    "inconsistent_bar": lambda frame: set_cell(frame, 200, "high", frame["low"].iloc[200] - 1),
    "negative_volume": lambda frame: set_cell(frame, 200, "volume", -5.0),
    "duplicate_label": doubled,
    "unsorted": exchanged,
    "off_session": moved_to_saturday,
    "unreadable_stamp": unread,
}


@pytest.mark.parametrize("check", PLANTED_IN_TABLES)
def test_a_planted_defect_of_rows_is_found_and_nothing_else(nasdaq, check):
    report = iq.check_bars(PLANTED_IN_TABLES[check](table(nasdaq)))
    assert [(each.check, each.count) for each in report.findings] == [(check, 1)]
    assert report.verdict == {"error": "fail", "caution": "caution"}[CHECKS[check].severity]


def test_naive_minutes_of_the_exchange_are_found_as_naive_and_as_a_wrong_zone():
    frame = table(minutes())
    frame.index = frame.index.tz_convert("America/New_York").tz_localize(None)
    assert checks(iq.check_bars(frame, interval="60min")) == ["exchange_time_as_utc", "naive_stamps"]
    aware = frame.tz_localize("America/New_York", ambiguous="NaT")
    assert checks(iq.check_bars(aware, interval="60min")) == []


def test_every_check_has_a_planted_defect():
    planted = {*PLANTED_IN_BARS, *PLANTED_IN_TABLES, "exchange_time_as_utc", "clock_change_missed", "naive_stamps"}
    assert planted == set(CHECKS)


def test_real_defects_of_the_sample_are_found():
    # The Nasdaq's day without volume; the S&P's two real outliers and its copied opens.
    report = iq.check_bars(iq.load_bars("^IXIC", "2014", "2017"))
    assert [(each.check, str(each.examples[0].ts)[:10]) for each in report.findings] == [("zero_volume", "2015-05-12")]
    outliers = next(each for each in iq.check_bars("^GSPC").findings if each.check == "outliers")
    assert [str(example.ts)[:10] for example in outliers.examples] == ["2007-02-27", "2018-02-05"]


def test_every_shift_by_a_day_is_told_from_a_missing_session(nasdaq):
    before = changed(nasdaq, ts=nasdaq.ts - DAY)
    finding = iq.check_bars(before).findings[0]
    assert finding.check == "shifted_labels"
    assert "lie one day before one" in finding.text
    assert iq.check_bars(before).series[0].coverage == 1.0


def test_volume_is_evidence_for_a_split(nasdaq):
    rows = np.arange(len(nasdaq))
    fallen = stepped(nasdaq, 0.5)
    busy = changed(fallen, volume=nasdaq.volume * np.where(rows >= 200, 2.0, 1.0))
    assert "supports a split" in iq.check_bars(busy).findings[0].examples[0].text
    assert "does not support" in iq.check_bars(fallen).findings[0].examples[0].text


def test_counts_are_complete_and_examples_at_most_a_hundred(nasdaq):
    volume = nasdaq.volume.copy()
    volume[::2] = 0.0
    report = iq.check_bars(changed(nasdaq, volume=volume))
    found = next(each for each in report.findings if each.check == "zero_volume")
    # Every second of 503 bars.
    assert found.count == 252
    assert len(found.examples) == 100
    assert len(report.examples_frame().query("check == 'zero_volume'")) == 100
    assert report.to_frame().set_index("check").loc["zero_volume", "count"] == 252


def test_later_series_are_not_cut_off(nasdaq):
    spoiled = with_value(nasdaq, 200, "volume", 0.0)
    members = [dataclasses.replace(spoiled, symbol=f"S{number:03}") for number in range(60)]
    report = iq.check_bars(members)
    assert {each.symbol for each in report.findings} == {f"S{number:03}" for number in range(60)}
    assert "the first 40 of 60" in str(report)


def test_errors_come_first_and_decide_the_verdict(nasdaq):
    worse = with_value(bad_print(nasdaq), 10, "volume", 0.0)
    report = iq.check_bars(worse)
    assert [each.severity for each in report.findings] == ["error", "caution"]
    assert report.reasons == ("^IXIC: quarantined (1)",)


def test_what_the_source_says_counts_too(nasdaq):
    told = Note(code="action_not_applied", text="dividend of 2016-06-01 was not applied", rows=1, severity="error")
    bars = nasdaq.with_passport(dataclasses.replace(nasdaq.passport, notes=(told,)))
    report = iq.check_bars(bars)
    assert report.verdict == "fail"
    assert report.findings[0].text == told.text


def test_panels_sequences_and_long_tables_are_examined_by_symbol(nasdaq):
    panel = iq.load_panel(["SYN001", "SYN010"])
    assert [each.symbol for each in iq.check_bars(panel).series] == ["SYN001", "SYN010"]
    assert isinstance(panel, Panel)
    assert [each.symbol for each in iq.check_bars(["SYN001", nasdaq]).series] == ["SYN001", "^IXIC"]
    long = pd.concat([table(nasdaq).assign(symbol=name) for name in ("A", "B")])
    report = iq.check_bars(set_cell(long, 5, "close", np.nan))
    assert [(each.symbol, each.verdict) for each in report.series] == [("A", "fail"), ("B", "pass")]


def test_rows_that_are_no_bars_are_counted_beside_the_bars(nasdaq):
    report = iq.check_bars(set_cell(table(nasdaq), 5, "close", np.nan))
    assert (report.series[0].rows, report.series[0].bars) == (503, 502)
    assert report.series[0].coverage == 1.0


def test_every_form_states_the_same_numbers(nasdaq):
    report = iq.check_bars(with_value(bad_print(nasdaq), 10, "volume", 0.0))
    text, html = str(report), report._repr_html_()
    for words in ("fail", "quarantined", "zero_volume", "503", "100.00 %", "2016-10-18", "SAMPLE"):
        assert words in text
        assert words in html
    assert report.to_frame()["check"].tolist() == ["quarantined", "zero_volume"]
    assert report.series_frame().loc[0, "verdict"] == "fail"


def test_what_cannot_be_examined_is_refused():
    with pytest.raises(DataError, match="no rows"):
        iq.check_bars(pd.DataFrame({"close": []}))
    with pytest.raises(DataError, match="no column 'open'"):
        iq.check_bars(pd.DataFrame({"close": [1.0], "date": ["2024-01-02"]}))
    with pytest.raises(DataError, match="no stamps"):
        iq.check_bars(pd.DataFrame({name: [1.0] for name in PRICES}))
    with pytest.raises(DataError, match="was int"):
        iq.check_bars(3)
    with pytest.raises(DataError, match="nothing to examine"):
        iq.check_bars([])


def plain_table(ts):
    close = np.linspace(100, 120, ts.size)
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 1e3}
    return pd.DataFrame(prices, index=pd.DatetimeIndex(ts, tz="UTC"))


@pytest.mark.parametrize(("market", "interval"), [("XTKS", "60min"), ("XHKG", "60min"), ("XTKS", "4h")])
def test_the_calendars_own_grid_of_a_market_that_pauses_passes(market, interval):
    days = calendar.session_dates(market, np.datetime64("2019-03-01"), np.datetime64("2019-03-29"))
    report = iq.check_bars(plain_table(expected_labels(market, days, interval)), interval=interval, calendar=market)
    assert "off_session" not in [each.check for each in report.findings]


def test_a_label_in_the_pause_is_off_session():
    # Tokyo pauses from 11:30 to 12:30, 02:30 to 03:30 UTC.
    days = calendar.session_dates("XTKS", np.datetime64("2019-03-01"), np.datetime64("2019-03-29"))
    ts = np.sort(np.append(expected_labels("XTKS", days, "30min"), np.datetime64("2019-03-05T03:00")))
    found = iq.check_bars(plain_table(ts), interval="30min", calendar="XTKS").findings
    assert [each.count for each in found if each.check == "off_session"] == [1]


def test_weeks_of_a_clean_table_are_not_late():
    days = calendar.session_dates("XNYS", np.datetime64("2019-01-01"), np.datetime64("2019-12-31"))
    assert iq.check_bars(plain_table(expected_labels("XNYS", days, "1w")), interval="1w").verdict == "pass"
