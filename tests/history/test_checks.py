import numpy as np

from investiq.history.checks import open_repeats_previous_close, zero_volume


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


def test_a_few_bars_prove_nothing(make_bars):
    assert open_repeats_previous_close(series(make_bars, repeats=19, count=20)) is None
    assert open_repeats_previous_close(series(make_bars, repeats=0, count=1)) is None


def test_bars_without_volume_are_counted(make_bars):
    note = zero_volume(make_bars(volume=[1.0, 0.0, np.nan, 0.0, 1.0]))
    assert (note.code, note.rows) == ("zero_volume", 2)
    assert zero_volume(make_bars(volume=[1.0, 1.0, np.nan, 1.0, 1.0])) is None
