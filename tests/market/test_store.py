"""The store: two clocks, corrections, actions, records and their refusals."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.sessions import expected_labels
from investiq.history.adjust import Action
from investiq.history.flags import Flag
from investiq.history.history import History
from investiq.market.series import folder_of
from investiq.market.store import SeriesKey, Store, open_store
from tests.market.stored import FACTS, actions_table, bars_table, minute_table, moment, sessions

KEY = SeriesKey("bars", "massive", "AAPL")
CLOSES = [100.0, 102.0, 101.0, 104.0]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def corrected(store):
    """Four bars recorded on 1 March, of which the third was corrected from 101 to 103.02 (by 2 %) on 5 March."""
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    store.write(KEY, bars_table([100.0, 102.0, 103.02, 104.0]), FACTS, moment("2024-03-05"))
    return store


def test_bars_come_back_with_their_passport(store):
    facts = FACTS | {"retrieved_at": "2024-02-29T12:00:00+00:00", "repairs": "3"}
    written = store.write(KEY, bars_table(CLOSES), facts, datetime(2024, 3, 1, tzinfo=UTC))
    bars = store.bars(KEY)
    assert written[:5] == (4, 0, 0, 0, 1)
    assert bars.close.tolist() == CLOSES
    assert bars.ts.tolist() == sessions(4).tolist()
    passport = bars.passport
    assert (passport.provider, passport.provenance, passport.rows, passport.repairs) == ("massive", "vendor", 4, 3)
    assert passport.retrieved_at == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert passport.known_at_rule == "the close of the session"
    assert passport.sha256 == bars.fingerprint
    assert (passport.revisions, passport.largest_revision) == (0, 0.0)


def test_a_second_identical_fetch_adds_nothing_and_writes_no_file(store):
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    again = store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-02"))
    assert again[:5] == (0, 0, 4, 0, 1)
    assert len(list(folder_of(store.root, KEY).glob("*.parquet"))) == 1


def test_new_facts_alone_are_kept_without_touching_a_row(store):
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    before = store.snapshot_id(KEY)
    again = store.write(KEY, bars_table(CLOSES), {"retrieved_at": "2024-03-02"}, moment("2024-03-02"))
    assert again[:5] == (0, 0, 4, 0, 2)
    assert store.facts(KEY)["retrieved_at"] == "2024-03-02"
    assert store.facts(KEY)["currency"] == "USD"
    assert store.snapshot_id(KEY) == before


def test_a_correction_is_counted_flagged_and_told(corrected):
    bars = corrected.bars(KEY)
    # 103.02 / 101 - 1 = 0.02 exactly in decimals; the high, 104.02 / 102, moves by less, the low, 102.02 / 100, by 2.02 %.
    assert bars.passport.revisions == 1
    assert bars.passport.largest_revision == pytest.approx(0.0202)
    assert [bool(flag & Flag.REVISED) for flag in bars.flags] == [False, False, True, False]
    note = next(note for note in bars.passport.notes if note.code == "revised_bars")
    assert note.rows == 1
    assert "2.02%" in note.text
    first = bars_table(CLOSES)["known_at"].dt.tz_convert(None).to_numpy()
    np.testing.assert_array_equal(bars.known_at, first)


def test_recorded_by_shows_what_the_store_held(corrected):
    old = corrected.bars(KEY, recorded_by="2024-03-04")
    assert old.close.tolist() == CLOSES
    assert (old.passport.revisions, old.passport.largest_revision) == (0, 0.0)
    assert old.passport.recorded_by == datetime(2024, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)
    assert corrected.bars(KEY).passport.recorded_by == datetime(2024, 3, 5, tzinfo=UTC)


def test_as_of_cuts_on_known_at_and_not_on_the_recording(corrected):
    # The session of 2024-01-03 closed at 21:00 UTC; its bar was recorded two months later and was known all the same.
    assert len(corrected.bars(KEY, as_of="2024-01-03T21:00")) == 2
    assert len(corrected.bars(KEY, as_of="2024-01-03T20:59")) == 1
    with pytest.raises(DataError, match=r"nothing was known at 2024-01-01 .* begins with 2024-01-02"):
        corrected.bars(KEY, as_of="2024-01-01")


def test_nothing_recorded_by_then_is_told_with_the_first_recording(corrected):
    with pytest.raises(DataError, match=r"nothing was recorded by 2024-02-01 .* has it from 2024-03-01 00:00 UTC on"):
        corrected.bars(KEY, recorded_by=moment("2024-02-01"))


def test_a_range_is_cut_on_labels(corrected):
    bars = corrected.bars(KEY, start="2024-01-03", end="2024-01-04")
    assert bars.close.tolist() == [102.0, 103.02]
    assert bars.passport.rows == 4


def test_a_recording_never_lies_before_one_that_is_there(store):
    # A clock that went back must not change what a past recorded_by shows.
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-05"))
    late = store.write(KEY, bars_table([99.0, *CLOSES[1:]]), FACTS, moment("2024-03-01"))
    assert late.recorded_at == moment("2024-03-05T00:00:00.000001")
    assert store.bars(KEY, recorded_by=moment("2024-03-05")).close[0] == 100.0
    assert store.bars(KEY).close[0] == 99.0


def test_bars_may_come_in_any_order_and_in_parts(store):
    table = bars_table(CLOSES)
    store.write(KEY, table.iloc[[3, 1]], FACTS, moment("2024-03-01"))
    store.write(KEY, table.iloc[[2, 0]], FACTS, moment("2024-03-02"))
    assert store.bars(KEY).close.tolist() == CLOSES


def test_a_bar_that_the_source_takes_back_is_withdrawn_where_the_fetch_is_complete(corrected):
    done = corrected.write(
        KEY, bars_table(CLOSES).iloc[[0, 1]], FACTS, moment("2024-03-06"), covers=("2024-01-01", "2024-01-04")
    )
    assert done.withdrawn == 1
    assert corrected.bars(KEY).close.tolist() == [100.0, 102.0, 104.0]
    assert corrected.bars(KEY, recorded_by="2024-03-05").close.tolist() == [100.0, 102.0, 103.02, 104.0]
    back = corrected.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-07"))
    assert back.revised == 1
    assert corrected.bars(KEY).close.tolist() == CLOSES


def test_a_row_with_a_close_only_is_kept_and_never_a_bar(store):
    table = bars_table(CLOSES).assign(flags=0)
    table.loc[1, ["open", "high", "low"]] = np.nan
    table.loc[1, "flags"] = int(Flag.CLOSE_ONLY)
    store.write(KEY, table, FACTS, moment("2024-03-01"))
    bars = store.bars(KEY)
    assert bars.close.tolist() == [100.0, 101.0, 104.0]
    assert "1 stored row(s) have a close only" in next(n.text for n in bars.passport.notes if n.code == "close_only")


def test_quarantine_comes_back_and_derived_flags_are_not_stored(store):
    flags = np.array([int(Flag.QUARANTINED), int(Flag.ACTION), 0, 0], dtype=np.int32)
    store.write(KEY, bars_table(CLOSES, flags=flags), FACTS, moment("2024-03-01"))
    assert store.bars(KEY).flags.tolist() == [int(Flag.QUARANTINED), 0, 0, 0]


def test_optional_columns_come_back_where_they_are_known(store):
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    assert store.bars(KEY).vwap is None
    with_vwap = bars_table([*CLOSES, 105.0], vwap=[np.nan] * 4 + [105.5])
    store.write(KEY, with_vwap, FACTS, moment("2024-03-02"))
    np.testing.assert_array_equal(store.bars(KEY).vwap, [np.nan] * 4 + [105.5])
    assert store.bars(KEY).passport.revisions == 0


def test_notes_of_a_write_travel_with_the_series_and_the_newest_of_a_code_stays(store):
    notes = [Note(code="dropped", text="2 rows had no close", rows=2), Note(code="other", text="kept")]
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"), notes=notes)
    store.write(
        KEY, bars_table(CLOSES), FACTS, moment("2024-03-02"), notes=[Note(code="dropped", text="3 rows", rows=3)]
    )
    said = [note for note in store.bars(KEY).passport.notes if note.code in ("dropped", "other")]
    assert {(note.code, note.text, note.rows) for note in said} == {("other", "kept", None), ("dropped", "3 rows", 3)}


@pytest.fixture
def with_actions(store):
    """A split 2:1 of the third session, learnt on 3 March, that moved to the fourth on 8 March."""
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    for ex_date, recorded in (("2024-01-04", "2024-03-03"), ("2024-01-05", "2024-03-08")):
        row = {"ex_date": ex_date, "ratio": 2.0}
        store.write(KEY.actions, actions_table(row), FACTS, moment(recorded), covers=(None, None))
    return store


@pytest.mark.parametrize(
    ("recorded_by", "factors"),
    [("2024-03-02", [1, 1, 1, 1]), ("2024-03-07", [1, 1, 2, 2]), (None, [1, 1, 1, 2])],
)
def test_factors_follow_from_the_actions_known_to_the_store_by_then(with_actions, recorded_by, factors):
    assert with_actions.bars(KEY, recorded_by=recorded_by).split_factor.tolist() == factors


def test_a_series_without_stored_actions_says_so_and_one_with_none_does_not(store):
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    assert "no_actions" in [note.code for note in store.bars(KEY).passport.notes]
    store.write(
        KEY.actions, actions_table({"ex_date": "2024-01-04"}).iloc[:0], {}, moment("2024-03-02"), covers=(None, None)
    )
    assert "no_actions" not in [note.code for note in store.bars(KEY).passport.notes]
    assert store.actions(KEY) == ()


def test_actions_are_read_on_both_clocks(with_actions):
    split = Action(kind="split", ex_date=date(2024, 1, 5), ratio=2.0)
    assert with_actions.actions(KEY) == (split,)
    assert with_actions.actions(KEY, recorded_by="2024-03-07") == (
        dataclasses.replace(split, ex_date=date(2024, 1, 4)),
    )
    assert with_actions.actions(KEY, as_of="2023-11-30") == ()
    assert with_actions.actions(SeriesKey("bars", "alpaca", "AAPL")) == ()


def test_prices_that_the_vendor_adjusted_get_no_factors(store):
    store.write(KEY, bars_table(CLOSES), FACTS | {"price_basis": "vendor_split"}, moment("2024-03-01"))
    store.write(KEY.actions, actions_table({"ex_date": "2024-01-04", "ratio": 2.0}), {}, moment("2024-03-01"))
    bars = store.bars(KEY)
    assert bars.split_factor.tolist() == [1, 1, 1, 1]
    assert "vendor_adjusted_prices" in [note.code for note in bars.passport.notes]


def test_an_action_of_unknown_kind_is_refused_by_name(store):
    store.write(KEY.actions, actions_table({"ex_date": "2024-01-04", "kind": "spilt"}), {}, moment("2024-03-01"))
    with pytest.raises(DataError, match="unknown kind of action 'spilt'; did you mean 'split'"):
        store.actions(KEY)


def news(*ids, known="2024-01-03T10:00", title="A title"):
    stamps = pd.DatetimeIndex([moment(known)] * len(ids), tz="UTC")
    return pd.DataFrame({"id": list(ids), "title": title, "published_utc": stamps, "known_at": stamps})


def test_records_keep_their_versions_too(store):
    key = SeriesKey("news", "massive", "AAPL")
    store.write(key, news("a", "b"), {"source": "by hand", "known_at_rule": "published"}, moment("2024-03-01"))
    store.write(key, news("b", title="Corrected"), {}, moment("2024-03-02"))
    records = store.records(key)
    assert (records.name, records.kind, records.provider) == ("news:AAPL", "news", "massive")
    assert records.known_at_rule == "published"
    assert records.frame.index.name == "ts"
    assert dict(zip(records.frame["id"], records.frame["title"], strict=True)) == {"a": "A title", "b": "Corrected"}
    assert set(store.records(key, recorded_by="2024-03-01").frame["title"]) == {"A title"}
    assert len(store.records(key, as_of="2024-01-03T09:59")) == 0
    assert store.facts(key)["versions"] == "3"
    assert store.facts(key)["revisions"] == "1"


def test_intraday_bars_lie_in_a_folder_a_year_and_only_the_years_asked_for_are_read(store):
    key = SeriesKey("bars", "alpaca", "AAPL", "1min", "sip")
    stamps = ["2022-12-30T20:59", "2023-06-01T14:30", "2024-01-02T14:30"]
    store.write(key, minute_table(stamps, [1.0, 2.0, 3.0]), FACTS, moment("2024-03-01"))
    assert sorted(path.name for path in folder_of(store.root, key).iterdir() if path.is_dir()) == [
        "year=2022",
        "year=2023",
        "year=2024",
    ]
    assert store.bars(key).close.tolist() == [1.0, 2.0, 3.0]
    assert store.bars(key, start="2023", end="2023-12").passport.rows == 1
    done = store.write(key, minute_table(stamps[:1], [1.5]), FACTS, moment("2024-03-02"))
    assert (done.revised, len(list((folder_of(store.root, key) / "year=2024").glob("*.parquet")))) == (1, 1)
    assert store.bars(key).passport.revisions == 1
    facts = store.facts(key)
    assert (facts["rows"], facts["versions"], facts["first"][:10], facts["last"][:10]) == (
        "3",
        "4",
        "2022-12-30",
        "2024-01-02",
    )


def test_facts_of_a_series_are_its_own_and_the_store_s(corrected):
    facts = corrected.facts(KEY)
    wanted = {"rows": "4", "versions": "5", "revisions": "1", "generation": "2", "calendar": "XNYS"}
    assert {name: facts[name] for name in wanted} == wanted
    assert (facts["first"][:10], facts["last"][:10], facts["recorded_at"][:10]) == (
        "2024-01-02",
        "2024-01-05",
        "2024-03-05",
    )


def test_keys_tell_what_is_stored(with_actions):
    assert with_actions.keys() == [KEY.actions, KEY]
    assert with_actions.keys("bars", symbol="AAPL") == [KEY]
    assert with_actions.keys(provider="alpaca") == []
    assert KEY in with_actions
    assert SeriesKey("bars", "massive", "MSFT") not in with_actions


def test_the_snapshot_id_follows_from_rows_and_actions_alone(with_actions, tmp_path):
    ids = {moment_: with_actions.snapshot_id(KEY, moment_) for moment_ in ("2024-03-02", "2024-03-07", "2024-03-09")}
    assert len(set(ids.values())) == 3
    other = Store(tmp_path / "other")
    table = bars_table(CLOSES)
    other.write(KEY, table.iloc[:2], {"source": "elsewhere"}, moment("2025-01-01"))
    other.write(KEY, table.iloc[2:], {}, moment("2025-01-02"))
    assert other.snapshot_id(KEY) == ids["2024-03-02"]


def test_snapshot_ids_are_equal_across_processes(with_actions):
    script = (
        "import sys; from pathlib import Path; from investiq.market.store import Store, SeriesKey;"
        "print(Store(Path(sys.argv[1])).snapshot_id(SeriesKey('bars', 'massive', 'AAPL')))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    answer = subprocess.run(
        [sys.executable, "-c", script, str(with_actions.root)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert answer.stdout.strip() == with_actions.snapshot_id(KEY)


def test_equal_writes_give_equal_bytes(tmp_path):
    paths = []
    for name in ("x", "y"):
        Store(tmp_path / name).write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
        paths += folder_of(tmp_path / name, KEY).glob("*.parquet")
    assert len(paths) == 2
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_damaged_file_is_named_and_never_overwritten(corrected):
    path = folder_of(corrected.root, KEY) / "00000002.parquet"
    path.write_bytes(path.read_bytes()[:100])
    for attempt in (
        lambda: corrected.bars(KEY),
        lambda: corrected.facts(KEY),
        lambda: corrected.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-09")),
    ):
        with pytest.raises(DataError, match=r"00000002\.parquet is damaged .* go back to 00000001\.parquet"):
            attempt()
    path.rename(path.with_suffix(".damaged"))
    assert corrected.bars(KEY).close.tolist() == CLOSES


def test_what_a_later_minor_version_wrote_survives_a_rewrite(store):
    import json

    import pyarrow.parquet as pq

    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    path = folder_of(store.root, KEY) / "00000001.parquet"
    file = pq.ParquetFile(path)
    manifest = json.loads(file.metadata.metadata[b"investiq"]) | {"schema": "1.9"}
    manifest["columns"].append("venue")
    later = file.read().append_column("venue", [["X"] * 4])
    path.unlink()
    pq.write_table(later.replace_schema_metadata({"investiq": json.dumps(manifest)}), path)
    store.write(KEY, bars_table([*CLOSES, 105.0]), FACTS, moment("2024-03-02"))
    assert store.bars(KEY).close.tolist() == [*CLOSES, 105.0]
    kept = pq.read_table(folder_of(store.root, KEY) / "00000002.parquet")
    assert kept.column("venue").to_pylist() == ["X"] * 4 + [None]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.iloc[:0], "an empty answer is no data"),
        (lambda t: t.drop(columns="known_at"), "no column known_at"),
        (lambda t: t.rename(columns={"close": "Close"}), r"unknown column\(s\) Close"),
        (lambda t: t.assign(ts=t["ts"].dt.tz_localize(None)), "ts must be aware stamps"),
        (lambda t: t.assign(known_at=t["known_at"].shift(1)), "known_at must not be missing"),
        (lambda t: pd.concat([t, t.iloc[:1]]), r"2 rows share a key \(ts\)"),
        (lambda t: t.assign(high=1.0), "high lies below low"),
        (lambda t: t.assign(close=np.nan), "close must be a positive finite price"),
    ],
)
def test_a_table_that_could_not_be_read_again_is_refused_and_leaves_nothing(store, change, words):
    with pytest.raises(DataError, match=words):
        store.write(KEY, change(bars_table(CLOSES)), FACTS, moment("2024-03-01"))
    assert store.keys() == []


def test_facts_are_texts(store):
    with pytest.raises(DataError, match="repairs are not"):
        store.write(KEY, bars_table(CLOSES), FACTS | {"repairs": 3}, moment("2024-03-01"))


def test_an_absent_series_is_told_with_what_there_is(with_actions):
    with pytest.raises(DataError, match=r"the store has no AAPL \(alpaca bars 1d\); of this symbol it holds .*massive"):
        with_actions.bars(SeriesKey("bars", "alpaca", "AAPL"))
    with pytest.raises(DataError, match="fetch it first"):
        with_actions.facts(SeriesKey("bars", "alpaca", "MSFT"))
    with pytest.raises(DataError, match=r"are no bars; use store\.records"):
        with_actions.bars(KEY.actions)
    with pytest.raises(DataError, match=r"are bars; use store\.bars"):
        with_actions.records(KEY)


def test_the_store_lies_in_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    assert open_store().root == tmp_path / "store"


def test_bars_before_the_open_of_an_ex_date_get_the_factors_of_its_split(tmp_path):
    # Nvidia split 10:1 with ex-date 2024-06-10; New York was at UTC-4: pre-market began 08:00 UTC, after hours ended 00:00.
    days = np.array(["2024-06-07", "2024-06-10", "2024-06-11"], dtype="datetime64[D]")
    ts = expected_labels("XNYS", days, "60min", "extended")
    is_ex = ts >= np.datetime64("2024-06-10T08:00")
    table = minute_table(ts, np.where(is_ex, 120.0, 1200.0))
    store, key = Store(tmp_path), SeriesKey("bars", "a", "NVDA", "60min", session="extended")
    store.write(key, table, FACTS, moment("2024-06-12"))
    store.write(key.actions, actions_table({"ex_date": "2024-06-10", "ratio": 10.0}), FACTS, moment("2024-06-12"))
    bars = store.bars(key)
    assert bars.split_factor.tolist() == np.where(is_ex, 10.0, 1.0).tolist()
    assert len(bars.actions) == 1


def test_the_facts_of_a_series_do_not_depend_on_the_years_that_are_read(store):
    key = SeriesKey("bars", "a", "X", "1min")
    store.write(key, minute_table(["2023-06-01T14:00"]), FACTS, moment("2023-06-02"))
    caution = Note(code="told_later", text="of the whole series", severity="error")
    newer = {**FACTS, "source": "new"}
    store.write(key, minute_table(["2024-06-03T14:00"]), newer, moment("2024-06-04"), notes=[caution])
    early = store.bars(key, start="2023", end="2023").passport
    assert (early.source, early.rows) == ("new", 1)
    assert "told_later" in [note.code for note in early.notes]
    assert early.recorded_by == datetime(2024, 6, 4, tzinfo=UTC)


@pytest.fixture
def quarantined(store):
    """150 bars, of which number 120 is held for a bad print, seen at number 121."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 150)))
    close[120] *= 1.4
    flags = np.zeros(150, dtype=np.int32)
    flags[120] = int(Flag.QUARANTINED)
    store.write(KEY, bars_table(close, flags=flags), FACTS, moment("2025-01-01"))
    return store


def test_nobody_knows_at_a_bar_that_the_next_one_takes_it_back(quarantined):
    bars = quarantined.bars(KEY)
    then, a_bar_later = (History.of(bars).until(bars.known_at[row]) for row in (120, 121))
    assert then.bars().flags[120] == 0
    assert "quarantined" not in [note.code for note in then.notes]
    assert a_bar_later.bars().flags[120] == Flag.QUARANTINED
    assert bars.flags[120] == Flag.QUARANTINED


def test_a_reading_as_of_a_bar_does_not_know_the_next_one(quarantined):
    stamps = quarantined.bars(KEY).known_at
    for row, verdict in ((120, 0), (121, int(Flag.QUARANTINED))):
        bars = quarantined.bars(KEY, as_of=stamps[row])
        panel = quarantined.panel([KEY], as_of=stamps[row])
        assert (bars.flags[120], panel.flags[0, 120]) == (verdict, verdict)
        for notes in (bars.passport.notes, panel.passports[0].notes):
            assert ("quarantined" in [note.code for note in notes]) == bool(verdict)
    whole = quarantined.panel([KEY])
    assert whole.until(stamps[120]).flags[0, 120] == 0


def test_a_corrected_action_is_told_with_the_bars(store):
    store.write(KEY, bars_table([10, 11, 12, 6, 6]), FACTS, moment("2024-02-01"))
    for day, ratio in (("2024-02-02", 2.0), ("2024-05-02", 4.0)):
        store.write(KEY.actions, actions_table({"ex_date": "2024-01-05", "ratio": ratio}), FACTS, moment(day))

    def told(**limits):
        return [note.rows for note in store.bars(KEY, **limits).passport.notes if note.code == "revised_actions"]

    assert told() == [1]
    assert told(recorded_by="2024-03-01") == []
    assert [note.code for note in store.panel([KEY]).passports[0].notes].count("revised_actions") == 1


def test_a_corrected_record_is_told_from_its_correction_on(store):
    key = KEY.actions
    for day, cash in (("2024-02-02", 0.24), ("2024-05-02", 0.25)):
        table = actions_table(
            {"kind": "dividend", "ex_date": "2024-01-05", "cash": cash},
            {"kind": "dividend", "ex_date": "2024-04-05", "cash": 0.30},
        )
        store.write(key, table, FACTS, moment(day))
    now, before = store.records(key), store.records(key, recorded_by="2024-03-01")
    assert [(note.code, note.rows) for note in now.notes] == [("revised_records", 1)]
    assert before.notes == ()
