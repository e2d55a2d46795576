import dataclasses

import numpy as np
import pytest

from investiq.core.notes import Note
from investiq.history.checks import (
    extreme_moves,
    missing_sessions,
    mixed_adjustment,
    open_repeats_previous_close,
    possible_splits,
    price_spikes,
    quarantined,
    row_checks,
    stale_closes,
    zero_volume,
)
from investiq.market.loading import load_bars


def series(make_bars, repeats, count=40, first="2024-03-01"):
    """Bars that open at the previous close on the first `repeats` days after the first, 0.25 above it on the others."""
    close = 10.0 + 0.5 * (np.arange(count) % 2)
    opening = np.append(close[:1], close[:-1] + np.where(np.arange(1, count) <= repeats, 0.0, 0.25))
    return make_bars(close, open=opening, first=first)


def test_opens_that_copy_the_close_before_are_named_by_year(make_bars):
    # 10 of 39 openings after the first bar: 26 %.
    note = open_repeats_previous_close(series(make_bars, repeats=10))
    assert (note.code, note.rows, note.severity) == ("open_repeats_previous_close", 10, "caution")
    assert "2024 (26%)" in note.text


def test_a_share_of_one_in_twenty_is_no_reason_to_speak(make_bars):
    # 2 of 40 openings are 5 %, not more than 5 %.
    assert open_repeats_previous_close(series(make_bars, repeats=2, count=41)) is None
    assert open_repeats_previous_close(series(make_bars, repeats=3, count=41)).rows == 3


def test_only_the_years_with_repeats_are_named(make_bars):
    # From 2023-11-01 on: 2023 has 42 openings after the first, all repeated; 2024 has none repeated.
    bars = series(make_bars, repeats=42, count=90, first="2023-11-01")
    note = open_repeats_previous_close(bars)
    assert "2023 (100%)" in note.text
    assert "2024 (" not in note.text


def test_two_repeats_prove_nothing_and_three_of_three_speak(make_bars):
    assert open_repeats_previous_close(series(make_bars, repeats=2, count=3)) is None
    assert open_repeats_previous_close(series(make_bars, repeats=3, count=4)).rows == 3
    assert open_repeats_previous_close(series(make_bars, repeats=0, count=1)) is None


def test_repeats_on_both_sides_of_a_year_end_are_seen_in_the_whole(make_bars):
    # From 2023-12-27 on: two openings of 2023 and two of 2024 are repeated, four of 20 in all.
    note = open_repeats_previous_close(series(make_bars, repeats=4, count=21, first="2023-12-27"))
    assert note.rows == 4
    assert "on many days of 2023-12-27 to 2024-01-24 (20%)" in note.text


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    # Counted in the file with awk: 31 of 31 openings over a year's end, 11 of 12 in less than a month.
    [("2004-12-09", "2005-01-25", 31), ("2003-07-01", "2003-07-18", 11)],
)
def test_copied_opens_of_the_sample_are_named_in_a_short_window(start, end, rows):
    bars = load_bars("^GSPC", start, end)
    note = open_repeats_previous_close(bars)
    assert note.rows == rows
    assert note in bars.passport.notes


@pytest.mark.parametrize("length", [5, 20, 33, 61, 250])
def test_no_window_of_the_nasdaq_is_suspected(length):
    bars = load_bars("^IXIC")
    for first in range(0, len(bars) - length, max(length // 5, 7)):
        assert open_repeats_previous_close(bars[first : first + length]) is None


def test_bars_without_volume_are_counted(make_bars):
    note = zero_volume(make_bars(volume=[1.0, 0.0, np.nan, 0.0, 1.0]))
    assert (note.code, note.rows) == ("zero_volume", 2)
    assert zero_volume(make_bars(volume=[1.0, 1.0, np.nan, 1.0, 1.0])) is None


def test_moves_above_a_fifth_are_named_with_their_date(make_bars):
    # +21 %, then -19 %: only the first is above 20 %.
    note = price_spikes(make_bars((100.0, 121.0, 98.01), low=[1.0, 1.0, 1.0]))
    assert (note.code, note.rows) == ("price_spikes", 1)
    assert "2024-03-04 +21%" in note.text
    assert price_spikes(make_bars((100.0, 119.0, 100.0), low=[1.0] * 3)) is None


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (100.0, 50.0, True),  # 2:1
        (100.0, 26.0, True),  # 4:1 with a rise of 4 %
        (100.0, 23.6, False),  # 4:1 would need a fall of 5.6 %: beyond the band, and 5:1 is further
        (10.0, 101.0, True),  # 1:10
        (100.0, 66.0, True),  # 3:2 with a fall of 1 %
        (100.0, 58.0, False),  # -42 %: between 3:2 and 2:1
        (100.0, 81.0, False),  # -19 % is no spike, though a 5:4 split would look like it
    ],
)
def test_a_move_within_five_percent_of_a_split_ratio_is_suspected(make_bars, before, after, found):
    bars = make_bars((before, after), low=[1.0, 1.0])
    assert (possible_splits(bars) is not None) == found


def test_a_recorded_split_is_no_suspicion(make_bars):
    factors = {"split_factor": [1.0, 2.0], "total_factor": [1.0, 2.0]}
    bars = make_bars((100.0, 50.0), low=[1.0, 1.0], **factors)
    assert possible_splits(bars) is None
    assert price_spikes(bars) is None


def test_five_equal_closes_in_a_row_are_stale(make_bars):
    note = stale_closes(make_bars((9.0, 10.0, 10.0, 10.0, 10.0, 10.0, 11.0)))
    assert (note.code, note.rows) == ("stale_closes", 5)
    assert "5 from 2024-03-04" in note.text
    assert stale_closes(make_bars((10.0, 10.0, 10.0, 10.0, 11.0))) is None


def test_equal_closes_without_trading_are_not_called_stale(make_bars):
    bars = make_bars((10.0,) * 6, volume=[5.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert stale_closes(bars) is None


def test_sessions_without_a_bar_are_named_and_weekends_are_not(make_bars):
    ts = np.array(["2024-03-01", "2024-03-06", "2024-03-07"], dtype="datetime64[us]")
    note = missing_sessions(make_bars((10.0, 11.0, 12.0), ts=ts, known_at=ts + np.timedelta64(21, "h")))
    assert (note.code, note.rows) == ("missing_sessions", 2)
    assert note.text.endswith("have no bar: 2024-03-04, 2024-03-05")
    assert missing_sessions(make_bars()) is None


def test_checks_run_again_replace_what_they_said_and_keep_the_rest(make_bars):
    old = (Note(code="zero_volume", text="of other rows", rows=9), Note(code="price_index", text="an index"))
    notes = row_checks(make_bars(volume=[1.0, 0.0, 1.0, 1.0, 1.0]), old)
    assert [(note.code, note.rows) for note in notes] == [("price_index", None), ("zero_volume", 1)]
    assert [note.code for note in row_checks(make_bars(), old)] == ["price_index"]


def test_one_bar_and_none_pass_every_check(make_bars):
    assert row_checks(make_bars((10.0,))) == ()
    assert row_checks(make_bars()[:0]) == ()


def test_minutes_and_endless_markets_may_open_at_the_price_before(make_bars):
    bars = series(make_bars, repeats=39)
    assert open_repeats_previous_close(bars) is not None
    endless = bars.with_passport(dataclasses.replace(bars.passport, calendar="24/7"))
    assert open_repeats_previous_close(endless) is None
    minutes = dataclasses.replace(bars, interval="5min")
    assert open_repeats_previous_close(minutes) is None
    assert stale_closes(dataclasses.replace(make_bars((10.0,) * 6), interval="5min")) is None


def test_moves_fall_into_one_class_each(make_bars):
    # -50 % is 2:1; +60 % fits no split (1:1.6) and is above 50 %; -30 % is 1:1.43, 4.8 % from 3:2: within 5 %; +25 % is a spike.
    bars = make_bars((100.0, 50.0, 80.0, 56.0, 70.0), low=[1.0] * 5)
    assert [note.code for note in row_checks(bars)] == ["price_spikes", "extreme_moves", "possible_splits"]
    assert possible_splits(bars).rows == 2
    assert (price_spikes(bars).rows, extreme_moves(bars).rows) == (1, 1)
    assert "2024-03-05 +60%" in extreme_moves(bars).text


def test_a_recorded_split_that_the_price_does_not_show_is_mixed_adjustment(make_bars):
    # The price goes on at 10 where 2:1 is recorded: the adjusted series would jump by 2.
    factors = {"split_factor": [1.0, 1.0, 2.0], "total_factor": [1.0, 1.0, 2.0]}
    note = mixed_adjustment(make_bars((10.0, 10.1, 10.0), **factors))
    assert (note.severity, note.rows) == ("error", 1)
    assert "2024-03-05 +98%" in note.text


def test_a_step_by_the_ratio_of_a_later_split_is_mixed_adjustment(make_bars):
    # As traded at 40, then already divided by the 4:1 of the last day: 40, 10, and 10 on the ex-date itself shows nothing.
    factors = {"split_factor": [1.0, 1.0, 1.0, 4.0], "total_factor": [1.0, 1.0, 1.0, 4.0]}
    bars = make_bars((40.0, 10.0, 10.1, 10.0), low=[1.0] * 4, **factors)
    assert mixed_adjustment(bars).rows == 2
    assert possible_splits(bars) is None


def test_a_quarantined_bar_blocks_and_explains_its_moves(make_bars):
    bars = make_bars((10.0, 10.1, 14.0, 10.2, 10.1), flags=np.array([0, 0, 1, 0, 0]))
    note = quarantined(bars)
    assert (note.severity, note.rows) == ("error", 1)
    assert "2024-03-05" in note.text
    assert [each.code for each in row_checks(bars)] == ["quarantined"]


def test_bars_without_the_quarantined_say_what_is_missing(make_bars):
    bars = make_bars((10.0, 10.1, 14.0, 10.2, 10.1), flags=np.array([0, 0, 1, 0, 0]))
    rest = bars.without_quarantined()
    assert rest.close.tolist() == [10.0, 10.1, 10.2, 10.1]
    assert [note.code for note in rest.passport.notes] == ["a_caution", "quarantined_dropped"]
    assert "2024-03-05" in rest.passport.notes[-1].text
    assert quarantined(rest) is None
    assert rest.without_quarantined() is rest
