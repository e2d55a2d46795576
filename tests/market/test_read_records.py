"""Records of one's own: what a file or a DataFrame says becomes what a vendor's answer would."""

import hashlib
from datetime import date

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.engines.fundamental.analyst import analyst_features
from investiq.engines.fundamental.engine import FundamentalEngine
from investiq.engines.supplementary.earnings_texts import earnings_text_features
from investiq.engines.supplementary.macro import macro_features
from investiq.market.record_loading import RECORD_KINDS

STATEMENT = {"period_end": "2024-03-31", "fiscal_period": "Q1", "filed_at": "2024-05-02", "revenue": 9.1e9}
YIELD = {"ts": "2024-05-01", "value": 5.25, "known_at": "2024-05-01T16:15:00-04:00"}


def frame(*rows):
    return pd.DataFrame(list(rows))


def statements(*changes, **options):
    rows = [
        {name: value for name, value in (STATEMENT | each).items() if value is not None} for each in changes or [{}]
    ]
    return iq.read_records(frame(*rows), "statements", "ACME", **options)


def instant(text):
    return pd.Timestamp(text, tz="UTC")


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_every_kind_comes_back_from_a_file_and_a_frame_as_it_was(kind, tmp_path):
    loaded = iq.load_records("SYN001", kind)
    expected = loaded.frame.iloc[:300]
    expected.to_csv(tmp_path / "own.csv")
    expected.to_parquet(tmp_path / "own.parquet")
    for source in (tmp_path / "own.csv", tmp_path / "own.parquet", expected):
        records = iq.read_records(source, kind, "SYN001")
        pd.testing.assert_frame_equal(records.frame, expected, check_exact=True)
        assert (records.kind, records.name, records.known_at_rule) == (kind, loaded.name, loaded.known_at_rule)
        assert (records.provider, records.watermark, records.notes) == ("file", None, ())


def test_known_at_follows_from_the_stamps_without_a_column_of_it():
    loaded = iq.load_records("SYN001", "statements").frame
    own = loaded.drop(columns="known_at").reset_index().rename(columns={"ts": "period_end"})
    pd.testing.assert_frame_equal(iq.read_records(own, "statements", "SYN001").frame, loaded)


def test_the_fundamental_engine_says_of_ones_own_records_what_it_says_of_the_loaded(tmp_path):
    bars, engine = iq.load_bars("SYN001", start="2018"), FundamentalEngine()
    loaded = [iq.load_records("SYN001", kind) for kind in ("statements", "profile")]
    own = []
    for records in loaded:
        records.frame.to_csv(tmp_path / f"{records.kind}.csv")
        own.append(iq.read_records(tmp_path / f"{records.kind}.csv", records.kind, "SYN001"))
    scores = [engine.score(engine.features(iq.History.of(bars, records=each))) for each in (loaded, own, [])]
    pd.testing.assert_frame_equal(scores[0], scores[1])
    assert not scores[0].equals(scores[2])


def test_only_the_required_columns_must_be_there_and_a_date_of_filing_counts_from_its_evening():
    records = statements()
    # 22:00 in New York is 02:00 UTC of the next day in summer.
    assert records.frame["known_at"].tolist() == [instant("2024-05-03T02:00")]
    assert records.frame.index.tolist() == [instant("2024-03-31")]
    assert records.frame["revenue"].tolist() == [9.1e9]
    assert records.frame["net_income"].isna().all()
    assert len(records.until("2024-05-03T01:59")) == 0
    assert len(records.until("2024-05-03T02:00")) == 1


@pytest.mark.parametrize(
    "day",
    ["2024-03-31", date(2024, 3, 31), pd.Timestamp("2024-03-31"), "2024-03-31 00:00:00+00:00", instant("2024-03-31")],
)
def test_a_date_may_be_text_a_date_or_a_stamp_at_midnight(day):
    assert statements({"period_end": day}).frame.index.tolist() == [instant("2024-03-31")]


def test_times_of_day_without_an_offset_need_a_zone():
    naive = {"accepted_at": "2024-05-02 16:05"}
    for value in ("2024-05-02 16:05", pd.Timestamp("2024-05-02 16:05")):
        with pytest.raises(
            DataError, match=r"accepted_at: stamps such as 2024-05-02 16:05.* carry no offset; name their"
        ):
            statements({"accepted_at": value})
    read = statements(naive, timezone="America/New_York")
    assert read.frame["known_at"].tolist() == [instant("2024-05-02T20:05")]
    with pytest.raises(DataError, match="no accepted_at can be read: '2024-05-02' is no ISO time with a time of day"):
        statements({"accepted_at": "2024-05-02"}, timezone="America/New_York")


def test_the_source_tells_the_hash_of_the_file_or_of_the_rows(tmp_path):
    path = tmp_path / "acme.csv"
    frame(STATEMENT).to_csv(path, index=False)
    records = iq.read_records(path, "statements", "ACME")
    assert records.source == f"acme.csv, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
    own = statements()
    assert own.source == f"a DataFrame, SHA-256 {hashlib.sha256(own.frame.to_csv().encode()).hexdigest()}"


def test_bad_rows_are_refused_and_counted_by_their_line(tmp_path):
    rows = [
        STATEMENT,
        STATEMENT | {"period_end": "2024-06-31"},  # June has 30 days
        STATEMENT | {"period_end": "2023-12-31", "fiscal_period": "4"},
        STATEMENT | {"period_end": "2023-09-30", "fiscal_period": "Q3", "filed_at": None},
        STATEMENT | {"period_end": "2023-06-30", "fiscal_period": "Q2", "revenue": "1,000"},
    ]
    frame(*rows).to_csv(tmp_path / "acme.csv", index=False)
    records = iq.read_records(tmp_path / "acme.csv", "statements", "ACME")
    assert records.frame.index.tolist() == [instant("2024-03-31")]
    (note,) = records.notes
    assert (note.code, note.rows, note.severity) == ("refused_rows", 4, "caution")
    # The header is line 1, so the second row is line 3; three are shown.
    assert note.text == (
        "statements of ACME: 4 of 5 row(s) were refused: line 3: period_end '2024-06-31' is no ISO date such as '2024-03-31'; "
        "line 4: fiscal_period must be one of Q1, Q2, Q3, Q4, FY, was '4'; "
        "line 5: no stamp says when it became known; and 1 more"
    )


def test_a_row_that_claims_another_time_than_its_stamps_is_refused():
    early, right = (STATEMENT | {"known_at": f"2024-05-0{day}Z"} for day in ("2T20:00", "3T02:00"))
    records = iq.read_records(frame(early | {"fiscal_period": "FY"}, right), "statements", "ACME")
    assert records.frame["fiscal_period"].tolist() == ["Q1"]
    assert "row 0: known_at 2024-05-02 20:00 UTC differs from 2024-05-03 02:00 UTC" in records.notes[0].text


def test_when_no_row_can_be_used_the_error_says_why_and_shows_a_row():
    with pytest.raises(
        DataError, match=r"no row can be used: .*revenue 1,000 is no finite.*a row looks like \{'period_end'"
    ):
        statements({"revenue": "1,000"})
    with pytest.raises(DataError, match=r"no filed_at can be read: '05/02/2024' is no ISO date.*a row looks like"):
        statements({"filed_at": "05/02/2024"})
    with pytest.raises(DataError, match="no period_end can be read: '2024-03' is no ISO date"):
        statements({"period_end": "2024-03"})


def test_wrong_columns_are_named_with_what_was_found_and_expected():
    with pytest.raises(
        DataError, match=r"has no column fiscal_period; found period_end, filed_at, revenue; statements need"
    ):
        statements({"fiscal_period": None})
    with pytest.raises(
        DataError, match=r"revenues is no column of statements; did you mean 'revenue' or .*\?; found .*drop it"
    ):
        statements({"revenues": 1.0})
    with pytest.raises(DataError, match=r"nothing says when a row became known; found .*add accepted_at or filed_at"):
        statements({"filed_at": None})
    with pytest.raises(DataError, match="more than one column is revenue"):
        statements({"Revenue": 1.0})
    with pytest.raises(DataError, match="columns names 'sales', which is no column of statements"):
        statements(columns={"sales": "revenue"})
    with pytest.raises(DataError, match="no column for 'revenue', looked for 'sales'"):
        statements(columns={"revenue": "sales"})
    with pytest.raises(DataError, match=r"has no column known_at; found ts, value; series need"):
        iq.read_records(frame(YIELD).drop(columns="known_at"), "series", "DGS3MO")


def test_wrong_arguments_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"kind must be one of .*series, was 'statement'; did you mean 'statements'\?"):
        iq.read_records(frame(STATEMENT), "statement", "ACME")
    with pytest.raises(DataError, match="must be the path of a CSV or Parquet file, or a DataFrame, was list"):
        iq.read_records([STATEMENT], "statements", "ACME")
    with pytest.raises(DataError, match="symbol must say whose records these are"):
        iq.read_records(frame(STATEMENT), "statements", "")
    with pytest.raises(DataError, match="holds no rows"):
        iq.read_records(frame(STATEMENT).iloc[:0], "statements", "ACME")
    with pytest.raises(DataError, match="there is no file"):
        iq.read_records("nowhere.csv", "statements", "ACME")


def test_the_rows_of_one_symbol_are_taken_from_a_table_of_several():
    table = frame(STATEMENT | {"Ticker": "ACME"}, STATEMENT | {"Ticker": "BETA", "revenue": 1.0})
    assert iq.read_records(table, "statements", "ACME").frame["revenue"].tolist() == [9.1e9]
    with pytest.raises(DataError, match="has no rows of 'GAMA'; it holds ACME, BETA"):
        iq.read_records(table, "statements", "GAMA")


def test_lists_of_tickers_become_the_text_that_the_store_keeps():
    article = {"id": 1, "title": "A split", "published_utc": "2024-05-01T20:30Z", "tickers": ["ACME", "BETA"]}
    records = iq.read_records(frame(article), "news", "ACME")
    assert records.frame[["id", "tickers"]].to_numpy().tolist() == [["1", "ACME|BETA"]]


def test_a_series_has_its_own_name_and_keeps_what_is_told_again():
    later = YIELD | {"value": 5.3, "known_at": "2024-05-03T16:15:00-04:00"}
    table = frame(later, YIELD).rename(columns={"ts": "DATE", "value": "DGS3MO"})
    records = iq.read_records(table, "series", "DGS3MO", columns={"ts": "date", "value": "DGS3MO"}, unit="percent")
    assert (records.name, records.kind, records.unit) == ("DGS3MO", "series", "percent")
    assert records.frame["value"].tolist() == [5.25, 5.3]
    assert records.until("2024-05-01T20:15").frame["value"].tolist() == [5.25]
    with pytest.raises(DataError, match="ts 2024-05-01 lies after it was known, 2024-04-30 20:15 UTC"):
        iq.read_records(frame(YIELD | {"known_at": "2024-04-30T20:15Z"}), "series", "DGS3MO")


def test_the_macro_overlay_reads_a_series_by_its_name():
    bars = iq.load_bars("SYN001", start="2019-10")
    days = pd.DatetimeIndex(bars.ts).tz_localize("UTC")
    # Up by 0.01 a day: 0.2 points in 20 days.
    table = pd.DataFrame(
        {"value": 1.5 + 0.01 * np.arange(len(days)), "known_at": days + pd.Timedelta("21h")}, index=days
    )
    history = iq.History.of(bars, records=[iq.read_records(table, "series", "DGS10", unit="percent")])
    assert macro_features(history)["macro_yield_change"][-1] == pytest.approx(0.2)


def test_analysts_and_texts_are_read_by_the_engines():
    bars = iq.load_bars("SYN001", start="2019-10")
    known = {"known_at": "2019-11-04T12:00:00Z"}
    target = iq.read_records(frame(known | {"target": 60.0}), "analyst_targets", "SYN001")
    rating = {"firm": "A Broker", "action": "upgrade", "rating": "Buy"}
    rated = iq.read_records(frame(known | rating), "analyst_ratings", "SYN001")
    said = "Revenue growth was strong and brought gains. We raised our full-year guidance for the year."
    told = iq.read_records(frame(known | {"text": said}), "earnings_texts", "SYN001")
    # The day of what was said is that on which it became known.
    assert (
        target.frame.index.tolist()
        == rated.frame.index.tolist()
        == told.frame.index.tolist()
        == [instant("2019-11-04")]
    )
    history = iq.History.of(bars, records=[target, rated, told])
    analysts, texts = analyst_features(history), earnings_text_features(history)
    row = int(np.searchsorted(bars.ts, np.datetime64("2019-11-04")))
    assert np.isnan(analysts["analyst_target"][row - 1])
    assert [analysts[f"analyst_{name}"][row] for name in ("target", "rating", "net_changes")] == [60.0, 1.0, 1.0]
    assert (np.isnan(texts["earnings_text_guidance"][row - 1]), texts["earnings_text_guidance"][row]) == (True, 1.0)


@pytest.mark.parametrize(
    ("given", "words"), [(frame(STATEMENT), "DataFrame with str"), ([frame(STATEMENT)], "list with DataFrame")]
)
def test_a_history_takes_records_only_and_names_the_way_to_make_them(given, words):
    with pytest.raises(DataError, match=rf"must be a list of Records, was {words}; make them .*iq\.read_records"):
        iq.History.of(iq.load_bars("SYN001"), records=given)
    with pytest.raises(DataError, match="must be a list of Records, was Records"):
        iq.History.of(iq.load_bars("SYN001"), records=statements())
