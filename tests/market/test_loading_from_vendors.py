"""Loading end to end: the official client of Massive, the gate, a vendor on 127.0.0.1 and a real store."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError, NotEntitledError, UnknownSymbolError, VendorError
from investiq.market.store import SeriesKey, open_store
from investiq.runtime import clock
from tests.market.stored import FACTS, bars_table, moment
from tests.servers.http import refused, server_error
from tests.servers.polygon import Polygon, article

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)
MONDAY_NIGHT = datetime(2018, 12, 31, 22, tzinfo=UTC)


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    return Polygon(vendor_server, monkeypatch)


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


def codes(loaded):
    return [note.code for note in (loaded.passport.notes if hasattr(loaded, "passport") else loaded.notes)]


def test_a_share_is_fetched_stored_and_read_back(vendor, own_store):
    bars = iq.load_bars("AAPL", "2018-12-03")
    # Sessions of December 2018 up to the 28th: 18 (the 5th was a day of mourning, the 25th Christmas).
    assert len(bars) == 18
    assert (bars.passport.provider, bars.passport.provenance, bars.passport.price_basis) == (
        "massive",
        "vendor",
        "as_traded",
    )
    assert (own_store / "bars").is_dir()
    assert vendor.asked == ["AAPL"]


def test_what_is_stored_and_fresh_is_served_without_a_request(vendor, vendor_server):
    first = iq.load_bars("AAPL", "2018-12-03")
    count = len(vendor_server.requests)
    assert iq.load_bars("AAPL", "2018-12-03").close is first.close
    assert len(iq.load_bars("AAPL", "2018-12-17", "2018-12-21")) == 5
    assert len(vendor_server.requests) == count


def test_a_tail_is_added_to_the_stored_series(vendor):
    iq.load_bars("AAPL", "2018-12-03")
    vendor.last = "2018-12-31"
    with clock.fixed(MONDAY_NIGHT):
        bars = iq.load_bars("AAPL", "2018-12-03")
    assert len(bars) == 19
    assert "/2018-12-21/" in vendor.server.requests_to("/v2/aggs/*")[-1].path


def test_a_vendor_that_answers_a_shorter_range_than_asked_is_labelled(vendor):
    vendor.spans["NEW"] = ("2018-12-10", "2018-12-28")
    bars = iq.load_bars("NEW", "2018-12-03")
    assert [note.text for note in bars.passport.notes if note.code == "range_clipped"] == [
        "NEW: asked for bars from 2018-12-03; the series begins 2018-12-10"
    ]
    vendor.spans["OLD"] = ("2018-01-02", "2018-12-20")
    bars = iq.load_bars("OLD", "2018-12-03")
    assert "newest OLD bar from massive is 2018-12-20, expected 2018-12-28: the newest bars are missing" in [
        note.text for note in bars.passport.notes
    ]


def test_a_vendor_that_is_down_does_not_hide_what_is_stored(vendor):
    iq.load_bars("AAPL", "2018-12-03")
    vendor.faults["AAPL"] = server_error(503)
    with clock.fixed(MONDAY_NIGHT):
        bars = iq.load_bars("AAPL", "2018-12-03")
    assert len(bars) == 18
    assert "not_updated" in codes(bars)


def test_a_vendor_that_is_down_is_an_error_where_nothing_is_stored(vendor):
    vendor.faults["AAPL"] = server_error(503)
    with pytest.raises(VendorError, match=r'no bars of AAPL: massive: error .*503.*iq.read_bars\("AAPL", "prices.csv"'):
        iq.load_bars("AAPL", "2018-12-03")


def test_a_plan_that_does_not_cover_the_data_is_told_as_such(vendor):
    vendor.faults["AAPL"] = refused()
    with pytest.raises(NotEntitledError, match="no bars of AAPL: massive: not_entitled"):
        iq.load_bars("AAPL", "2018-12-03")


def test_a_symbol_that_nobody_has_is_unknown_and_nothing_is_stored(vendor):
    vendor.spans["APPL"] = ("2019-06-01", "2018-01-01")
    with pytest.raises(UnknownSymbolError, match="no bars of APPL: massive: empty"):
        iq.load_bars("APPL", "2018-12-03")
    assert open_store().keys() == []


def test_without_keys_the_error_names_what_is_stored_the_keys_and_the_way_to_bring_a_file(vendor, monkeypatch):
    iq.load_bars("AAPL", "2018-12-03")
    monkeypatch.delenv("INVESTIQ_MASSIVE_API_KEY")
    with pytest.raises(UnknownSymbolError) as refusal:
        iq.load_bars("MSFT", "2018-12-03")
    text = str(refusal.value)
    assert 'iq.read_bars("MSFT", "prices.csv"' in text
    assert "stored are AAPL; no vendor is configured; set the key of one: INVESTIQ_MASSIVE_API_KEY" in text
    # What is stored goes on serving.
    assert len(iq.load_bars("AAPL", "2018-12-03")) == 18


def test_no_key_of_a_vendor_reaches_a_passport_or_an_error(vendor, own_store):
    iq.load_bars("AAPL", "2018-12-03")
    vendor.faults["MSFT"] = server_error(500)
    with pytest.raises(VendorError) as refusal:
        iq.load_bars("MSFT", "2018-12-03")
    written = b"".join(path.read_bytes() for path in own_store.rglob("*") if path.is_file())
    assert b"loading-key" not in written
    assert "loading-key" not in str(refusal.value) + str(iq.load_bars("AAPL", "2018-12-03").passport)


def test_as_of_cuts_by_knowledge_and_asks_for_nothing_that_was_known_then(vendor, vendor_server):
    iq.load_bars("AAPL", "2018-12-03")
    count = len(vendor_server.requests)
    with clock.fixed(MONDAY_NIGHT):
        # On the 27th at 21:14 UTC, a minute before the settled close, the 26th is the last that is known.
        bars = iq.load_bars("AAPL", "2018-12-03", as_of="2018-12-27T21:14")
    assert f"{bars.index[-1]:%Y-%m-%d}" == "2018-12-26"
    assert len(vendor_server.requests) == count


def test_recorded_by_reads_what_the_store_held_and_asks_nobody(vendor, vendor_server):
    iq.load_bars("AAPL", "2018-12-03")
    vendor.last = "2018-12-31"
    with clock.fixed(MONDAY_NIGHT):
        assert len(iq.load_bars("AAPL", "2018-12-03")) == 19
        count = len(vendor_server.requests)
        earlier = iq.load_bars("AAPL", "2018-12-03", recorded_by=SUNDAY + timedelta(hours=1))
    assert len(earlier) == 18
    assert earlier.passport.recorded_by == SUNDAY + timedelta(hours=1)
    assert len(vendor_server.requests) == count
    with pytest.raises(DataError, match="no bars of 'MSFT' are stored, so nothing was recorded by then"):
        iq.load_bars("MSFT", recorded_by=SUNDAY)


def test_a_panel_of_vendor_symbols_comes_from_the_store_and_names_the_one_that_fails(vendor):
    vendor.spans["MSFT"] = ("2018-12-10", "2018-12-28")
    panel = iq.load_panel(["AAPL", "MSFT"], "2018-12-03")
    assert panel.symbols == ("AAPL", "MSFT")
    # 3, 4, 6 and 7 December.
    assert np.isnan(panel.close).sum(axis=1).tolist() == [0, 4]
    vendor.faults["IBM"] = server_error(500)
    with pytest.raises(VendorError, match="no bars of IBM"):
        iq.load_panel(["AAPL", "IBM"], "2018-12-03")


def test_a_panel_may_hold_a_share_and_the_sample(vendor):
    panel = iq.load_panel(["AAPL", "^GSPC"], "2018-12-03", "2018-12-28")
    assert [passport.provider for passport in panel.passports] == ["massive", "sample"]


def test_intraday_bars_have_a_session_and_daily_ones_have_none(vendor):
    with pytest.raises(DataError, match="1d bars have no extended session"):
        iq.load_bars("AAPL", session="extended")
    with pytest.raises(DataError, match="session must be"):
        iq.load_bars("AAPL", interval="60min", session="night")


def test_news_of_a_share_become_records_named_by_kind_and_symbol(vendor):
    vendor.articles["AAPL"] = [article("1", "2018-12-20T10:00:00", "AAPL"), article("2", "2018-12-28T15:00:00", "AAPL")]
    news = iq.load_records("AAPL", "news")
    assert (news.name, news.kind, news.provider, len(news)) == ("news:AAPL", "news", "massive", 2)
    assert len(iq.load_records("AAPL", "news", as_of="2018-12-21")) == 1
    assert len(iq.load_records("AAPL", "news", start="2018-12-25")) == 1


def test_news_without_a_start_are_those_of_a_year(vendor):
    vendor.articles["AAPL"] = [article("1", "2018-12-20T10:00:00", "AAPL")]
    iq.load_records("AAPL", "news")
    query = vendor.server.requests_to("/v2/reference/news")[0].query
    assert query["published_utc.gte"].startswith("2017-12-30")


def test_that_there_are_no_news_is_an_answer_and_not_data(vendor):
    news = iq.load_records("AAPL", "news")
    assert len(news) == 0
    assert codes(news) == ["no_records"]
    assert open_store().keys() == []


def test_a_failure_of_records_is_no_emptiness(vendor):
    vendor.server.route("/v2/reference/news", refused())
    with pytest.raises(NotEntitledError, match="no news of AAPL"):
        iq.load_records("AAPL", "news")


def test_a_kind_that_is_none_is_refused_and_a_share_without_a_kind_is_told_to_name_one():
    with pytest.raises(DataError, match="kind must be one of actions, statements"):
        iq.load_records("AAPL", "gossip")
    with pytest.raises(DataError, match=r'name their kind, such as iq.load_records\("AAPL", "news"\)'):
        iq.load_records("AAPL")


def test_a_history_holds_bars_benchmark_and_records_and_cuts_them_together(vendor):
    vendor.articles["AAPL"] = [article("1", "2018-12-20T10:00:00", "AAPL"), article("2", "2018-12-28T15:00:00", "AAPL")]
    history = iq.load_history("AAPL", records=["news", "^VIX"], benchmark="^GSPC", start="2018-12-03")
    assert len(history.records("news")) == 2
    assert history.records("news") is history.records("news:AAPL")
    assert history.bars("^GSPC").passport.provider == "sample"
    cut = history.until("2018-12-27T21:15")
    assert f"{cut.bars().index[-1]:%Y-%m-%d}" == "2018-12-27"
    assert len(cut.records("news")) == 1
    assert cut.records("^VIX").frame["known_at"].max() <= pd.Timestamp("2018-12-27 21:15", tz="UTC")


def test_a_part_of_a_history_that_cannot_be_had_is_not_left_out_in_silence(vendor):
    vendor.server.route("/v2/reference/news", refused())
    with pytest.raises(NotEntitledError, match="no news of AAPL"):
        iq.load_history("AAPL", records=["news"], start="2018-12-03")


def test_another_feed_is_another_series(vendor):
    table = pd.DataFrame(
        {
            "ts": pd.to_datetime(["2018-12-27"], utc=True).as_unit("us"),
            **dict.fromkeys(("open", "high", "low", "close"), 5.0),
            "known_at": pd.to_datetime(["2018-12-27 21:15"], utc=True).as_unit("us"),
        }
    )
    open_store().write(SeriesKey("bars", "alpaca", "AAPL", feed="sip"), table, {"retrieved_at": "2018-12-28"}, SUNDAY)
    # Massive is the only vendor of the chain: what another one left in the store does not answer for it.
    assert iq.load_bars("AAPL", "2018-12-03").passport.provider == "massive"


def test_price_changes_are_trailing_and_missing_with_a_reason(vendor):
    vendor.faults["IBM"] = server_error(500)
    vendor.spans["NEW"] = ("2018-12-24", "2018-12-28")
    table = iq.price_changes(["AAPL", "IBM", "NEW", "^GSPC"], days=5)
    # The close of the 28th is that of the 250th session of 2018, so 349; five bars before it is 344.
    assert table.loc["AAPL", "trailing_change"] == pytest.approx(5 / 344)
    assert np.isnan(table.loc["IBM", "trailing_change"])
    assert "no bars of IBM" in table.loc["IBM", "reason"]
    assert table.loc["NEW", "reason"] == "5 bars before the last need 6 bars, there are 4"
    assert table.loc["^GSPC", "reason"] == ""


def test_two_data_folders_in_one_process_are_two_stores(tmp_path, monkeypatch):
    key = SeriesKey("bars", "massive", "AAA")
    for folder, close in (("one", 10.0), ("two", 20.0)):
        monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / folder))
        open_store().write(key, bars_table([close] * 3), FACTS, moment("2024-02-01"))
        assert iq.load_bars("AAA", as_of="2024-01-31").close.tolist() == [close] * 3
