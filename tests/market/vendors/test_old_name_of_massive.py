"""Massive was Polygon.io until 2025: its old name is understood wherever a provider is named, and stored nowhere."""

from datetime import UTC, datetime

import pytest

import investiq as iq
from investiq.core.errors import ConfigError
from investiq.market.routing import chain, vendor
from investiq.market.store import SeriesKey, open_store
from investiq.runtime import clock
from investiq.runtime.settings import load_settings
from tests.servers.polygon import Polygon, article


@pytest.fixture
def served(vendor_server, monkeypatch, vendor_time):
    with clock.fixed(datetime(2018, 12, 29, 12, tzinfo=UTC)):
        yield Polygon(vendor_server, monkeypatch)


def test_bars_asked_of_polygon_are_stored_as_massive_s_and_found_again(served):
    bars = iq.load_bars("AAPL", "2018-12-03", provider="polygon")
    assert bars.passport.provider == "massive"
    assert [key.provider for key in open_store().keys(dataset="bars")] == ["massive"]
    count = len(served.server.requests)
    assert iq.load_bars("AAPL", "2018-12-03", provider="polygon").close is bars.close
    assert iq.load_bars("AAPL", "2018-12-03", provider="massive").close is bars.close
    assert len(served.server.requests) == count
    assert open_store().keys(provider="polygon", dataset="bars") == [SeriesKey("bars", "massive", "AAPL")]


def test_records_and_bulk_loads_understand_the_old_name(served):
    served.articles["AAPL"] = [article("1", "2018-12-28T15:00:00Z")]
    assert len(iq.load_records("AAPL", "news", provider="polygon")) == 1
    report = iq.fetch(["MSFT"], "bars", start="2018-12-03", provider="polygon")
    assert set(report.to_frame()["provider"]) == {"massive"}
    assert {key.provider for key in open_store()} == {"massive"}


def test_a_chain_with_the_old_name_is_that_of_massive(served, monkeypatch):
    monkeypatch.setenv("INVESTIQ_PROVIDERS", "Polygon")
    assert load_settings().providers == ("massive",)
    assert [each.name for each in chain()] == ["massive"]
    assert vendor("polygon") is vendor("massive")


def test_a_stream_of_polygon_is_one_of_massive(monkeypatch):
    monkeypatch.delenv("INVESTIQ_MASSIVE_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="MASSIVE_API_KEY"):
        iq.stream_bars(["AAPL"], provider="polygon")


def test_both_names_in_a_chain_are_one_vendor_twice(monkeypatch):
    monkeypatch.setenv("INVESTIQ_PROVIDERS", "polygon,massive")
    with pytest.raises(ConfigError, match="each once"):
        load_settings()
