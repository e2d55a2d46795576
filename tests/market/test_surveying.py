"""What is told of the data that are there, against a store whose faults were made by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError, UnknownSymbolError
from investiq.market.complete_bars import stamps_of
from investiq.market.store import SeriesKey, Store, open_store
from investiq.market.surveying import LISTED
from investiq.runtime import clock
from tests.market.surveyed_store import FIRST, NOW, fill


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with the hand-made store."""
    made = tmp_path_factory.mktemp("surveyed")
    fill(Store(made / "store"))
    return made


@pytest.fixture
def stored(folder, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(folder))
    return open_store()


@pytest.fixture(scope="module")
def overview(folder):
    with pytest.MonkeyPatch.context() as patch, clock.fixed(NOW):
        patch.setenv("INVESTIQ_DATA_DIR", str(folder))
        return iq.data_overview("stored")


def test_sessions_are_counted_against_the_calendar(overview):
    frame = overview.to_frame()
    # 125 sessions; GAP lacks three; of TWICE and BROKEN one session has no usable row; LATE ends five sessions early, on its 120th.
    expected = {
        "BROKEN": (125, 124, 1),
        "GAP": (125, 122, 3),
        "LATE": (120, 120, 0),
        "PRINT": (125, 125, 0),
        "TWICE": (125, 124, 1),
    }
    found = {name: tuple(row) for name, row in frame[["expected", "present", "missing"]].astype(int).iterrows()}
    assert found == expected
    assert frame.loc["GAP", "coverage"] == pytest.approx(122 / 125)
    missing = overview.of("GAP").missing.astype("datetime64[D]").astype(str).tolist()
    assert missing == ["2018-03-06", "2018-03-07", "2018-05-15"]


def test_a_month_has_the_share_of_its_own_sessions(overview):
    cells = overview.coverage().set_index(["name", "month"])
    # March 2018 had 21 sessions, of which GAP has 19; May 22, of which it has 21.
    assert cells.loc[("GAP", "2018-03-01"), ["expected", "present"]].tolist() == [21, 19]
    assert cells.loc[("GAP", "2018-05-01"), "share"] == pytest.approx(21 / 22)
    assert cells.loc[("GAP", "2018-04-01"), "share"] == 1.0
    assert cells.groupby("name")["expected"].sum().to_dict() == {"BROKEN": 125, "GAP": 125, "LATE": 120, "PRINT": 125, "TWICE": 125}  # fmt: skip


def test_what_was_dropped_on_entry_is_found_by_its_series(overview):
    found = overview.findings_frame()
    dropped = found[found["check"] == "broken_bars"].set_index("name")
    assert dropped["count"].to_dict() == {"BROKEN": 1, "TWICE": 2}
    assert "more than once" in dropped.loc["TWICE", "text"]
    # The 61st session of the year is 29 March: 21 + 19 + 21.
    assert "2018-03-29" in dropped.loc["BROKEN", "text"]


def test_a_bad_print_is_in_quarantine_with_its_reason(overview):
    [held] = overview.quarantine_frame().to_dict("records")
    # The 91st session is the ninth of May, the 11th; 150 after 101 is 49 / 101.
    assert (held["name"], f"{held['session']:%Y-%m-%d}", held["close"]) == ("PRINT", "2018-05-11", 150.0)
    assert held["return"] == pytest.approx(49 / 101)
    assert "taken back" in held["reason"]
    frame = overview.to_frame()
    assert frame["quarantined"].to_dict() == {"BROKEN": 0, "GAP": 0, "LATE": 0, "PRINT": 1, "TWICE": 0}
    assert frame["verdict"].to_dict() == {"BROKEN": "caution", "GAP": "caution", "LATE": "caution", "PRINT": "fail", "TWICE": "caution"}  # fmt: skip
    assert frame.loc["PRINT", ["errors", "cautions"]].tolist() == [1, 1]  # the print, and that no actions are stored


def test_a_series_that_stopped_is_behind(overview):
    frame = overview.to_frame()
    assert frame["freshness"].to_dict() == {"BROKEN": "fresh", "GAP": "fresh", "LATE": "behind", "PRINT": "fresh", "TWICE": "fresh"}  # fmt: skip
    assert frame["sessions_behind"].to_dict() == {"BROKEN": 0, "GAP": 0, "LATE": 5, "PRINT": 0, "TWICE": 0}
    assert overview.of("LATE").freshness_reason == "last bar 2018-06-22, due 2018-06-29"


def test_one_stored_series_is_enough_to_judge_at_the_present(stored):
    with clock.fixed(NOW):
        together = iq.data_overview(["LATE", "^GSPC"])
    assert together.as_of == NOW
    assert together.of("LATE").freshness == "behind"


def test_the_whole_is_the_sum_of_the_series(overview):
    facts = {fact.label: fact.value for fact in overview.facts()}
    assert facts["Sessions missing"] == 5
    # Expected 4 x 125 + 120 sessions.
    assert facts["Coverage"] == pytest.approx(615 / 620)
    assert facts["Pass / caution / fail"] == "0 / 4 / 1"
    assert facts["Fresh / behind / ended"] == "4 / 1 / 0"
    assert facts["Health"] == 0.0  # none passes
    assert facts["Findings"] == len(overview.findings_frame())


def test_at_a_time_of_knowledge_only_what_was_known_counts(stored):
    then = iq.data_overview("stored", as_of="2018-05-10")
    # 90 sessions by 10 May, of which GAP lacks two; the bad print of the 11th was not there yet, and LATE was not late.
    assert then.to_frame()["expected"].to_dict() == dict.fromkeys(("BROKEN", "GAP", "LATE", "PRINT", "TWICE"), 90.0)
    assert then.of("GAP").missing.size == 2
    assert then.of("PRINT").quarantined == 0
    assert {each.freshness for each in then.series} == {"fresh"}
    # On the 11th itself nothing had taken the jump back.
    assert iq.data_overview("PRINT", as_of="2018-05-11").of("PRINT").quarantined == 0
    assert iq.data_overview("PRINT", as_of="2018-05-14").of("PRINT").quarantined == 1


def test_before_its_first_bar_nothing_was_known(stored):
    with pytest.raises(DataError, match="nothing was known"):
        iq.data_overview("GAP", as_of="2018-01-01")


def test_the_passport_tells_origin_condition_and_knowledge(overview, stored):
    facts = {fact.label: fact.value for fact in overview.of("GAP").passport()}
    assert (facts["Provider"], facts["Source"], facts["Calendar"], facts["Currency"]) == (
        "scripted",
        "by hand",
        "XNYS",
        "USD",
    )
    assert facts["Period"] == f"{FIRST} to 2018-06-29"
    assert (facts["Sessions missing"], facts["Rows"], facts["Delay (minutes)"]) == (3, 122, 0.0)
    key = SeriesKey("bars", "scripted", "GAP")
    assert facts["SHA-256"] == stored.bars(key).fingerprint


def test_one_symbol_of_two_providers_is_two_series(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    columns = Store(folder / "store").arrays(SeriesKey("bars", "scripted", "GAP"))
    stamps = {name: stamps_of(columns[name]) for name in ("ts", "known_at")}
    rows = pd.DataFrame({name: columns[name] for name in ("open", "high", "low", "close", "volume")} | stamps)
    for provider in ("one", "other"):
        key = SeriesKey("bars", provider, "GAP")
        open_store().write(key, rows, {"calendar": "XNYS"}, np.datetime64("2018-07-01", "us"))
    names = {each.name for each in iq.data_overview("GAP", as_of="2018-06-29").series}
    assert names == {"GAP one 1d", "GAP other 1d"}


def test_an_unknown_symbol_is_refused_with_what_is_near():
    with pytest.raises(UnknownSymbolError, match=r"no series of SYN9999 is there.*SYN"):
        iq.data_overview("SYN9999")


def test_an_unknown_symbol_beside_known_ones_is_named():
    overview = iq.data_overview(["^GSPC", "NOPE"], as_of="2018-06-29")
    assert list(overview.failures) == ["NOPE"]
    assert [note.code for note in overview.notes] == ["not_there"]
    assert [each.name for each in overview.series] == ["^GSPC"]


def test_a_symbol_twice_is_refused():
    with pytest.raises(DataError, match="passed more than once"):
        iq.data_overview(["^GSPC", "^GSPC"])


def test_records_have_no_sessions_and_say_why():
    [vix] = iq.data_overview("^VIX").series
    row = vix.row()
    assert all(math.isnan(row[name]) for name in ("expected", "missing", "coverage", "errors", "sessions_behind"))
    assert vix.verdict == "not checked"
    assert "no session is expected" in row["reason"]
    assert "not checked" in row["reason"]
    assert all(fact.note for fact in vix.passport() if isinstance(fact.value, float) and math.isnan(fact.value))


def test_what_ships_with_the_installation_ends_and_is_never_late():
    overview = iq.data_overview(["^GSPC", "SYN001", "SYN225"])
    # Judged at the newest row, the close of 2019: the sample ended a year before, SYN225 was delisted.
    assert {each.name: each.freshness for each in overview.series} == {"^GSPC": "ended", "SYN001": "fresh", "SYN225": "ended"}  # fmt: skip
    # New York had 252 sessions in 2019; at its last close the bar of that day is not due yet, for half an hour.
    assert overview.of("^GSPC").sessions_behind == 251
    assert overview.watermark == "SAMPLE and SYNTHETIC"


def test_a_few_of_the_invented_series_stand_for_all():
    overview = iq.data_overview("synthetic")
    assert tuple(each.name for each in overview.series) == LISTED
    assert [note.code for note in overview.notes] == ["synthetic_listed"]


def test_an_empty_store_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=r"is empty; iq\.fetch fills it"):
        iq.data_overview("stored")
