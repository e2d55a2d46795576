"""`canonical`: types, checks, order, duplicates and `known_at` of each kind of record."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.core.errors import DataError
from investiq.market import schemas
from investiq.market.datasets import LAYOUTS
from investiq.market.known_times import KNOWN_AT_RULES
from investiq.market.schemas import BadRow, canonical

RETRIEVED = datetime(2024, 6, 3, tzinfo=UTC)


def stamps(*texts):
    return pd.DatetimeIndex([pd.NaT if text is None else pd.Timestamp(text) for text in texts], tz="UTC").as_unit("us")


def border(dataset, frame, **options):
    return canonical(dataset, frame, symbol="TEST", **{"retrieved_at": RETRIEVED, **options})


def known(dataset, **columns):
    """The text of `known_at` of a single row."""
    answer = border(dataset, pd.DataFrame({name: [value] for name, value in columns.items()}))
    assert answer.rejected == (), answer.notes
    return f"{answer.table['known_at'].iloc[0]:%Y-%m-%d %H:%M:%S}"


def at(text):
    return stamps(text)[0]


STATEMENT = {"period_end": at("2024-03-31"), "fiscal_period": "Q1"}
INSIDER = {"transaction_date": at("2024-05-01"), "name": "A B", "code": "P", "shares": 100.0}
NEWS = {"id": "1", "title": "T", "published_utc": at("2024-05-01 12:00")}
SHORT = {"settlement_date": at("2024-05-15"), "short_interest": 1e6}


def test_a_statement_is_known_when_its_filing_was_accepted():
    assert (
        known("statements", **STATEMENT, filed_at=at("2024-05-03"), accepted_at=at("2024-05-02 20:31"))
        == "2024-05-02 20:31:00"
    )


@pytest.mark.parametrize(
    ("filed", "instant"), [("2024-05-02", "2024-05-03 02:00:00"), ("2024-02-01", "2024-02-02 03:00:00")]
)
def test_a_filing_with_a_date_only_is_known_at_22_new_york(filed, instant):
    # 22:00 New York is 02:00 UTC in summer and 03:00 UTC in winter.
    assert known("statements", period_end=at("2023-12-31"), fiscal_period="FY", filed_at=at(filed)) == instant
    assert known("insiders", **{**INSIDER, "transaction_date": at("2024-01-02")}, filed_at=at(filed)) == instant


def test_news_are_known_when_published_or_first_seen_live_if_that_was_later():
    assert known("news", **NEWS) == "2024-05-01 12:00:00"
    assert known("news", **NEWS, first_seen_at=at("2024-05-01 12:07")) == "2024-05-01 12:07:00"
    assert known("news", **NEWS, first_seen_at=at("2024-05-01 11:00")) == "2024-05-01 12:00:00"


def test_short_interest_is_known_at_the_close_of_its_publication_date():
    # A Friday with a regular close (20:00 UTC in summer); 3 July 2024 closed early at 13:00 New York, 17:00 UTC; a Saturday
    # counts as the next session.
    assert known("short_interest", **SHORT, publication_date=at("2024-05-24")) == "2024-05-24 20:00:00"
    assert known("short_interest", **SHORT, publication_date=at("2024-07-03")) == "2024-07-03 17:00:00"
    assert known("short_interest", **SHORT, publication_date=at("2024-06-01")) == "2024-06-03 20:00:00"


def test_an_action_is_known_at_the_end_of_its_declaration_date():
    # Midnight New York in summer is 04:00 UTC.
    assert (
        known("actions", kind="dividend", ex_date=at("2024-05-10"), declared_at=at("2024-05-02"))
        == "2024-05-03 03:59:59"
    )


def test_an_action_without_a_declaration_date_is_known_when_its_ex_date_opens():
    assert known("actions", kind="dividend", ex_date=at("2024-05-10")) == "2024-05-10 13:30:00"
    # A Saturday: the Monday after it.
    assert known("actions", kind="split", ex_date=at("2024-05-11")) == "2024-05-13 13:30:00"


def test_an_action_before_the_calendar_begins_is_known_at_the_end_of_its_day():
    assert known("actions", kind="dividend", ex_date=at("1975-01-02")) == "1975-01-03 04:59:59"


def test_earnings_are_known_when_reported_or_at_the_end_of_that_day():
    period = {"period_end": at("2024-03-31")}
    assert (
        known("earnings", **period, reported_at=at("2024-05-02 20:30"), reported_date=at("2024-05-02"))
        == "2024-05-02 20:30:00"
    )
    assert known("earnings", **period, reported_date=at("2024-05-02")) == "2024-05-03 03:59:59"


def test_a_snapshot_is_known_at_its_own_time():
    assert known("snapshot", symbol="TEST", ts=at("2024-05-02 15:00")) == "2024-05-02 15:00:00"


def test_every_dataset_with_known_at_says_its_rule_in_words():
    for dataset in LAYOUTS:
        if dataset != "bars":
            table = border(dataset, pd.DataFrame()).table
            assert ("known_at" in table.columns) == (dataset in KNOWN_AT_RULES)


def test_no_stamp_is_no_record():
    frame = pd.DataFrame(
        [{**SHORT, "publication_date": at("2024-05-24")}, {**SHORT, "settlement_date": at("2024-04-30")}]
    )
    answer = border("short_interest", frame)
    assert len(answer.table) == 1
    assert answer.rejected == (BadRow(1, "no stamp says when it became known"),)
    (note,) = [note for note in answer.notes if note.code == "refused_rows"]
    assert note.text == "short_interest of TEST: 1 of 2 row(s) were refused: row 1: no stamp says when it became known"
    assert note.rows == 1


def test_a_record_cannot_be_known_before_what_it_describes():
    answer = border("statements", pd.DataFrame([{**STATEMENT, "filed_at": at("2024-01-05")}]))
    assert answer.rejected == (BadRow(0, "period_end 2024-03-31 lies after it was known, 2024-01-06 03:00 UTC"),)


def test_naive_stamps_are_refused_by_name():
    frame = pd.DataFrame([{**NEWS, "published_utc": pd.Timestamp("2024-05-01 12:00")}])
    with pytest.raises(
        DataError, match=r"news of TEST: published_utc: stamps such as 2024-05-01 12:00:00 carry no zone"
    ):
        border("news", frame)
    with pytest.raises(DataError, match=r"published_utc: stamps such as .* carry no zone"):
        border("news", frame.astype({"published_utc": object}))


def test_text_is_no_stamp():
    with pytest.raises(DataError, match="published_utc must be stamps in UTC, was str such as '2024-05-01'"):
        border("news", pd.DataFrame([{**NEWS, "published_utc": "2024-05-01"}]))


def test_a_date_with_a_time_of_day_is_refused():
    frame = pd.DataFrame([{**STATEMENT, "period_end": at("2024-03-31 04:00"), "filed_at": at("2024-05-02")}])
    with pytest.raises(
        DataError, match=r"period_end must be dates at 00:00 UTC, 1 have a time of day such as 2024-03-31 04:00"
    ):
        border("statements", frame)


def test_stamps_of_another_zone_become_utc():
    zone = timezone(timedelta(hours=-4))
    frame = pd.DataFrame([{**NEWS, "published_utc": pd.Timestamp("2024-05-01 08:00", tz=zone)}])
    table = border("news", frame).table
    assert str(table["published_utc"].dtype) == "datetime64[us, UTC]"
    assert table["published_utc"].iloc[0] == at("2024-05-01 12:00")


def test_an_unknown_or_an_absent_column_is_the_adapters_mistake():
    with pytest.raises(DataError, match=r"unknown column\(s\) headline"):
        border("news", pd.DataFrame([{**NEWS, "headline": "x"}]))
    with pytest.raises(DataError, match="no column title; found id, published_utc"):
        border("news", pd.DataFrame([NEWS]).drop(columns="title"))


def test_bars_are_sent_to_their_own_check():
    with pytest.raises(DataError, match="bars are no records"):
        border("bars", pd.DataFrame())


def test_missing_is_nan_and_never_zero():
    table = border("statements", pd.DataFrame([{**STATEMENT, "filed_at": at("2024-05-02"), "revenue": None}])).table
    assert np.isnan(table["revenue"].iloc[0]) and np.isnan(table["net_income"].iloc[0])
    assert table["revenue"].dtype == np.float64 and table["form"].isna().all()


def test_a_fiscal_year_of_zero_is_missing():
    answer = border("statements", pd.DataFrame([{**STATEMENT, "filed_at": at("2024-05-02"), "fiscal_year": 0}]))
    assert np.isnan(answer.table["fiscal_year"].iloc[0])
    assert [note.code for note in answer.notes] == ["fiscal_year_missing"]


@pytest.mark.parametrize(
    ("dataset", "row", "reason"),
    [
        ("news", {**NEWS, "title": " "}, "title is missing"),
        ("news", {**NEWS, "id": None}, "id is missing"),
        ("insiders", {**INSIDER, "filed_at": at("2024-05-02"), "shares": "many"}, "shares many is no finite number"),
        ("insiders", {**INSIDER, "filed_at": at("2024-05-02"), "shares": np.inf}, "shares inf is no finite number"),
        ("insiders", {**INSIDER, "filed_at": at("2024-05-02"), "price": -1.0}, "price must not be negative, was -1"),
        ("insiders", {**INSIDER, "filed_at": at("2024-05-02"), "shares": -100.0}, "shares must not be negative, was -100"),
        ("statements", {**STATEMENT, "filed_at": at("2024-05-02"), "fiscal_period": "TTM"}, "fiscal_period must be one of Q1, Q2, Q3, Q4, FY, was 'TTM'"),
        ("short_interest", {**SHORT, "publication_date": at("2024-05-24"), "short_interest": -5.0}, "short_interest must not be negative, was -5"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_and_the_others_are_kept(dataset, row, reason):
    good = {
        "news": {**NEWS, "id": "good"},
        "insiders": {**INSIDER, "filed_at": at("2024-05-02"), "name": "Good"},
        "statements": {**STATEMENT, "filed_at": at("2024-05-02"), "fiscal_period": "FY"},
        "short_interest": {**SHORT, "publication_date": at("2024-05-10"), "settlement_date": at("2024-04-30")},
    }[dataset]
    answer = border(dataset, pd.DataFrame([good, row]))
    assert answer.rejected == (BadRow(1, reason),)
    assert len(answer.table) == 1


def test_a_row_is_refused_once_with_all_its_reasons():
    frame = pd.DataFrame([{**NEWS, "id": None, "title": None}] * 5)
    (note,) = border("news", frame).notes
    assert note.rows == 5
    assert "row 0: id is missing and title is missing; row 1" in note.text and note.text.endswith("and 2 more")


def test_rows_out_of_order_are_sorted_and_told_but_newest_first_is_a_custom():
    days = ["2024-05-03", "2024-05-01", "2024-05-02"]
    frame = pd.DataFrame({"id": ["c", "a", "b"], "title": "T", "published_utc": stamps(*days)})
    answer = border("news", frame)
    assert answer.table["id"].tolist() == ["a", "b", "c"]
    assert [note.code for note in answer.notes] == ["rows_out_of_order"]
    newest_first = border("news", frame.sort_values("published_utc", ascending=False))
    assert newest_first.table["id"].tolist() == ["a", "b", "c"] and newest_first.notes == ()


def test_equal_rows_count_once():
    answer = border("news", pd.DataFrame([NEWS, NEWS, NEWS]))
    assert len(answer.table) == 1 and answer.rejected == ()
    assert [(note.code, note.rows) for note in answer.notes] == [("repeated_rows", 2)]


def test_of_two_versions_the_one_known_last_is_kept():
    rows = [
        {**SHORT, "publication_date": at("2024-05-24"), "short_interest": 2.0},
        {**SHORT, "publication_date": at("2024-05-28"), "short_interest": 3.0},
    ]
    answer = border("short_interest", pd.DataFrame(rows[::-1]))
    assert answer.table["short_interest"].tolist() == [3.0]
    assert [(note.code, note.rows) for note in answer.notes] == [("earlier_versions", 1)]


def test_rows_that_contradict_each_other_are_both_refused():
    answer = border("news", pd.DataFrame([NEWS, {**NEWS, "title": "Another"}, {**NEWS, "id": "2"}]))
    assert answer.table["id"].tolist() == ["2"]
    assert [row.label for row in answer.rejected] == [0, 1]
    assert "another row says otherwise of the same id" in answer.rejected[0].reason


def test_contradicting_actions_are_an_error_because_factors_would_miss_them():
    rows = [{"kind": "dividend", "ex_date": at("2024-05-10"), "cash": cash} for cash in (0.25, 0.30)]
    answer = border("actions", pd.DataFrame(rows))
    assert answer.table.empty
    assert [note.severity for note in answer.notes] == ["error"]


def test_stamps_after_the_retrieval_hint_at_a_mistaken_zone():
    frame = pd.DataFrame([{**NEWS, "published_utc": at("2024-06-03 04:00")}])
    (note,) = border("news", frame).notes
    assert note.code == "stamps_after_retrieval" and "most likely a mistaken time zone" in note.text
    assert border("news", frame, retrieved_at=RETRIEVED + timedelta(hours=4)).notes == ()


def test_known_at_does_not_depend_on_the_retrieval():
    frame = pd.DataFrame([{**STATEMENT, "filed_at": at("2024-05-02")}])
    tables = [border("statements", frame, retrieved_at=RETRIEVED + timedelta(days=days)).table for days in (0, 400)]
    pd.testing.assert_frame_equal(*tables)


def test_untrusted_text_is_kept_as_it_came():
    title = "<script>alert('x')</script> & \"quotes\"\u202e"
    assert border("news", pd.DataFrame([{**NEWS, "title": title}])).table["title"].tolist() == [title]


def test_a_close_in_london_is_londons():
    # 24 May 2024, 16:30 in London is 15:30 UTC.
    frame = pd.DataFrame([{**SHORT, "publication_date": at("2024-05-24")}])
    assert border("short_interest", frame, calendar="XLON").table["known_at"].iloc[0] == at("2024-05-24 15:30")


@pytest.mark.parametrize("dataset", [name for name in LAYOUTS if name != "bars"])
def test_an_empty_table_passes_with_every_column_in_its_type(dataset):
    answer = border(dataset, pd.DataFrame())
    assert answer.notes == () and set(LAYOUTS[dataset].columns) <= set(answer.table.columns)
    again = border(dataset, answer.table.drop(columns="known_at", errors="ignore"))
    pd.testing.assert_frame_equal(again.table, answer.table)


rows = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 3)), min_size=1, max_size=8)


@given(rows, st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    def table(rows):
        frame = pd.DataFrame({"id": [row[0] for row in rows], "title": [row[1] for row in rows]})
        frame["published_utc"] = stamps("2024-05-01")[0] + pd.to_timedelta([row[2] for row in rows], unit="D")
        return border("news", frame).table

    shuffled = rows[:]
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(table(rows), table(shuffled))
    assert not table(rows).duplicated("id").any()


# Values that break each rule of a column, and one that breaks none.
_VALUES = {"number": [-1.0, 0.0, 5.0, np.nan], "text": ["split", "Q1", "call", "else", None], "texts": ["a|b", None]}
_STAMPS = [at("2024-03-04"), at("2024-03-05"), None]


@pytest.mark.parametrize("dataset", ["actions", "options", "short_interest"])
@settings(max_examples=25)
@given(data=st.data())
def test_records_that_pass_without_pandera_are_those_that_pass_it(dataset, data):
    columns = {}
    for name, column in LAYOUTS[dataset].columns.items():
        values = data.draw(st.lists(st.sampled_from(_VALUES.get(column.type, _STAMPS)), min_size=2, max_size=2))
        is_stamp = column.type in ("instant", "date")
        columns[name] = (
            stamps(*values) if is_stamp else pd.Series(values, dtype=float if column.type == "number" else "str")
        )
    table = pd.DataFrame(columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "_are_records", lambda dataset, frame: False)
        by_pandera = border(dataset, table)
    found = border(dataset, table)
    assert found.rejected == by_pandera.rejected
    pd.testing.assert_frame_equal(found.table, by_pandera.table)


@pytest.mark.parametrize("dataset", [each for each in LAYOUTS if each != "bars"])
def test_no_rows_have_the_columns_and_types_of_some_rows(dataset):
    nothing = border(dataset, pd.DataFrame(columns=list(LAYOUTS[dataset].columns)))
    assert list(nothing.table.columns) == [
        *LAYOUTS[dataset].columns,
        *(["known_at"] if dataset in KNOWN_AT_RULES else []),
    ]
    stamped = [name for name, column in LAYOUTS[dataset].columns.items() if column.type in ("instant", "date")]
    assert {str(nothing.table[name].dtype) for name in stamped} <= {"datetime64[us, UTC]"}
    assert nothing.notes == nothing.rejected == ()
