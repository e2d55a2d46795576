"""Searches and listings: the local table, and a vendor on this machine asked through its official client."""

import doctest

import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, NotEntitledError, RateLimitedError, VendorError
from investiq.market import reference, routing
from investiq.market.store import SeriesKey, open_store
from investiq.market.vendors.massive import Massive
from tests.market.vendors.conftest import new_key, waits  # noqa: F401  # fixtures
from tests.servers.http import refused, server_error, too_many

TICKERS = "/v3/reference/tickers"


@pytest.fixture
def massive(vendor_server, new_key, monkeypatch):  # noqa: F811
    """A configured vendor that answers on this machine."""
    vendor = Massive(new_key, plan="advanced", base_url=vendor_server.url)
    monkeypatch.setattr(routing, "_asked", lambda *_: [vendor])
    monkeypatch.setattr(reference, "chain", lambda: (vendor,))
    monkeypatch.setattr(reference.offline, "is_requested", lambda: False)
    return vendor


def ticker(symbol, name, kind="CS", **changes):
    row = {"ticker": symbol, "name": name, "type": kind, "primary_exchange": "XNYS", "active": True}
    return row | {"currency_name": "usd"} | changes


def page(*rows):
    return {"status": "OK", "results": list(rows)}


def found(query, **options):
    table = iq.search_symbols(query, **{"provider": "local"} | options)
    return list(zip(table["symbol"], table["match"], strict=True))


def test_an_exact_ticker_comes_before_what_begins_so_and_before_names():
    # "T" is AT&T; T..., then names that begin with t, then those with a word t, then any t in a name.
    matches = [match for _, match in found("T", limit=50)]
    assert found("T", limit=1) == [("T", "ticker")]
    order = ["ticker", "ticker begins so", "name begins so", "word of the name", "in the name"]
    assert matches == sorted(matches, key=order.index)
    assert found("t", limit=3) == found("T", limit=3)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("^GSPC", ("^GSPC", "ticker")),
        ("gspc", ("^GSPC", "ticker")),
        ("brk", ("BRK.B", "ticker begins so")),
        ("BRK.B", ("BRK.B", "ticker")),
        ("micros", ("MSFT", "name begins so")),
        ("chase", ("JPM", "word of the name")),
        ("volatility", ("^VIX", "word of the name")),
        ("FB", ("META", "former ticker")),
        ("utx", ("UTX", "ticker")),
        ("ANTM", ("ELV", "former ticker")),
        ("SQ", ("XYZ", "former ticker")),  # in no bundled list, but known from its change
        ("CBS", ("PARA", "former ticker")),  # two changes ago
        ("SYN-HEALTH", ("SYN002", "word of the name")),
    ],
)
def test_a_query_finds_tickers_former_tickers_and_names(query, first):
    assert found(query)[0] == first


def test_nothing_found_is_a_table_without_rows_and_its_types():
    table = iq.search_symbols("no such company", provider="local")
    assert table.empty
    assert table.columns.tolist() == [
        "symbol", "name", "exchange", "type", "currency", "is_active", "source", "match",
    ]  # fmt: skip
    assert str(table["match"].dtype) == "str"


def test_what_is_stored_is_found_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    iq_bars = iq.load_bars("SYN001", start="2019-12").frame.reset_index()
    table = iq_bars[["ts", "open", "high", "low", "close", "volume", "known_at"]]
    facts = {
        "calendar": "XNYS",
        "currency": "USD",
        "price_basis": "as_traded",
        "known_at_rule": "close",
        "source": "test",
    }
    key = SeriesKey(dataset="bars", provider="massive", symbol="AAPL")
    open_store().write(key, table, facts, recorded_at=pd.Timestamp("2020-01-02", tz="UTC").to_pydatetime())
    row = iq.search_symbols("AAPL", provider="local").iloc[0]
    assert (row["source"], row["name"]) == ("store", "Apple Inc.")


def test_a_query_must_say_something_and_the_limit_has_an_end():
    with pytest.raises(DataError, match="the query is empty"):
        iq.search_symbols("  ")
    with pytest.raises(DataError, match="limit must lie in 1 to 50, was 51"):
        iq.search_symbols("A", limit=51)


def test_without_a_key_only_the_local_table_is_searched():
    assert iq.search_symbols("apple")["source"].tolist() == ["bundled"]
    with pytest.raises(ConfigError, match="massive has no key"):
        iq.search_symbols("apple", provider="massive")


def test_a_vendors_rows_join_the_local_ones_under_the_same_ranking(massive, vendor_server):
    vendor_server.route(
        TICKERS, page(ticker("APLE", "Apple Hospitality REIT"), ticker("AAPL", "Apple Inc."), ticker("XX", "Pear"))
    )
    table = iq.search_symbols("apple")
    assert table["symbol"].tolist() == ["AAPL", "APLE", "XX"]
    assert table["match"].tolist() == ["name begins so", "name begins so", "by the vendor"]
    assert table["source"].tolist() == ["massive"] * 3
    assert table["currency"].tolist() == ["USD"] * 3
    assert table["is_active"].tolist() == [True] * 3


def test_a_vendor_that_knows_nothing_leaves_the_local_rows(massive, vendor_server):
    vendor_server.route(TICKERS, page())
    assert iq.search_symbols("apple")["source"].tolist() == ["bundled"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(refused(403), NotEntitledError), (too_many(), RateLimitedError), (server_error(500), VendorError)],
)
def test_a_search_that_failed_is_an_error_and_not_nothing(massive, vendor_server, fault, error):
    vendor_server.route(TICKERS, fault)
    with pytest.raises(error, match=r'massive: .*for the local table alone pass provider="local"'):
        iq.search_symbols("apple")


def test_a_listing_holds_the_dead_and_a_ticker_given_away_twice(massive, vendor_server):
    dead = [
        ticker("TWTR", "Twitter", active=False, delisted_utc="2022-11-08T00:00:00Z"),
        ticker("META", "Roundhill fund", "ETF", active=False, delisted_utc="2022-01-31T00:00:00Z"),
    ]
    alive = [ticker("META", "Meta Platforms"), ticker("BRK.B", "Berkshire Hathaway")]
    vendor_server.route(TICKERS, lambda asked: page(*(dead if asked.query["active"] == "false" else alive)))
    table = iq.list_tickers()
    assert table["symbol"].tolist() == ["BRK.B", "META", "META", "TWTR"]
    assert table.loc[table["symbol"] == "TWTR", "delisted_at"].item() == pd.Timestamp("2022-11-08", tz="UTC")
    assert iq.list_tickers("listed")["symbol"].tolist() == ["BRK.B", "META"]
    assert iq.list_tickers("delisted", type="CS")["symbol"].tolist() == ["TWTR"]
    assert str(table["listed_at"].dtype) == "datetime64[us, UTC]"
    assert table["listed_at"].isna().all()


def test_a_part_of_a_listing_is_an_error(massive, vendor_server):
    more = f"{vendor_server.url}/v3/more?cursor=x"
    vendor_server.route(TICKERS, page(ticker("A", "Agilent")) | {"next_url": more})
    vendor_server.route("/v3/more", server_error(502))
    with pytest.raises(VendorError, match="massive"):
        iq.list_tickers()


def test_the_local_listing_holds_the_synthetic_dead_with_their_dates():
    table = iq.list_tickers(provider="local").set_index("symbol")
    assert table.index.is_unique
    assert table.loc["SYN001", "listed_at"] == pd.Timestamp("2010-01-04", tz="UTC")
    assert (table.loc[[f"SYN{each}" for each in range(225, 241)], "is_active"] == False).all()  # noqa: E712  # <NA> is neither
    assert len(iq.list_tickers("delisted")) == 16


def test_an_unknown_status_or_type_is_refused():
    with pytest.raises(DataError, match="status must be 'all', 'listed' or 'delisted', was 'dead'"):
        iq.list_tickers("dead")
    with pytest.raises(DataError, match="no ticker is of type 'XX'; types there are CS, ETF, INDEX, SERIES"):
        iq.list_tickers(type="XX")


def test_the_examples_run():
    assert doctest.testmod(reference).failed == 0
