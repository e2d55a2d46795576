"""Every form of the report says the same."""

import numpy as np

from investiq.auditing.leaks import audit


def test_text_and_page_name_verdict_bar_column_and_both_values(rising):
    report = audit(lambda close: close.shift(-1), rising)
    for form in (str(report), report._repr_html_()):
        for words in ("leaks", "2024-01-01", "bar 0, first of all", "close", "101", "n/a", "1 bars"):
            assert words in form


def test_the_frame_has_a_row_for_each_leak_the_earliest_first(rising):
    frame = audit(lambda close: np.gradient(close.to_numpy()), rising).to_frame()
    # By disturbance row 0, as one bar has no difference. By replay row 19: on a straight rise the difference to the
    # bar before is that over both sides, until 119 is followed by 50: (50 - 118) / 2 instead of 119 - 118.
    assert frame["bar"].tolist() == [0, 19]
    assert frame.loc[1, ["full", "then"]].tolist() == [-34.0, 1.0]
    assert frame["check"].tolist() == ["disturbance", "prefix replay"]
    assert frame["column"].tolist() == ["value", "value"]


def test_data_that_are_held_are_listed_with_their_origin(bars):
    held = bars.frame["close"]
    other = held * 2
    report = audit(lambda bars: (held + other).reindex(bars.index).shift(1), bars)
    rows = {row[0]: row[2] for table in report.tables() for row in table.rows}
    assert rows == {
        "closure variable 'held'": "comes with the data, not read ahead",
        "closure variable 'other'": "not of the data",
    }
    assert "Data that the function holds" in str(report)


def test_a_report_without_findings_has_no_tables_and_an_empty_frame(rising):
    report = audit(lambda close: close, rising)
    assert report.tables() == []
    assert report.to_frame().empty
    assert report.is_point_in_time
