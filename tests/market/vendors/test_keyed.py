from contextlib import closing

import pytest
from pydantic import SecretStr

from investiq.core.errors import ConfigError
from investiq.market.contract import Request
from investiq.market.vendors import alphavantage, finnhub, twelvedata, yfinance
from investiq.market.vendors.finnhub import Finnhub
from investiq.runtime.settings import Settings

KEY = "SOMEKEY0123456789"
KEYED = {"alphavantage": alphavantage, "finnhub": finnhub, "twelvedata": twelvedata}


@pytest.mark.parametrize("name", KEYED)
def test_without_a_key_there_is_no_vendor(name):
    assert KEYED[name].from_settings(Settings(**{f"INVESTIQ_{name.upper()}_API_KEY": None})) is None


@pytest.mark.parametrize("name", KEYED)
def test_settings_name_key_plan_and_address(name, vendor_server, vendor_time, monkeypatch):
    monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)
    monkeypatch.setenv(f"INVESTIQ_{name.upper()}_URL", vendor_server.url)
    with closing(KEYED[name].from_settings(Settings())) as vendor:
        vendor.fetch(Request.of("search", "acme"))
    assert vendor.plan.name == ("basic" if name == "twelvedata" else "free")
    (got,) = vendor_server.requests
    assert KEY in f"{got.headers} {got.query}"
    assert KEY not in repr(vars(vendor))


def test_yfinance_needs_no_key():
    assert yfinance.from_settings(Settings()).plan.name == "free"


def test_an_unknown_plan_is_refused_with_those_that_are_known():
    with pytest.raises(ConfigError, match="expected one of free, basic"):
        Finnhub(SecretStr(KEY), plan="gold")


def test_two_adapters_of_one_key_share_one_pace(vendor_server, vendor_time):
    vendor_server.route("/search", {"count": 0, "result": []})
    first, second = (Finnhub(SecretStr(KEY), plan="free", base_url=vendor_server.url) for _ in range(2))
    with closing(first), closing(second):
        for vendor in [first, second] * 30:
            vendor.fetch(Request.of("search", "acme"))
        before = vendor_time.passed
        first.fetch(Request.of("search", "acme"))
    # The plan has 60 requests a minute: the 61st waits for the window of 61 seconds.
    assert before < 61 <= vendor_time.passed


def test_a_key_that_would_travel_in_the_clear_is_refused(vendor_time):
    with closing(Finnhub(SecretStr(KEY), plan="free", base_url="http://finnhub.example.org")) as vendor:
        answer = vendor.fetch(Request.of("search", "acme"))
    assert answer.status == "error"
    assert "would send the key in the clear" in answer.reason


def test_a_dataset_refused_again_and_again_is_not_asked_for_while_others_are(vendor_server, vendor_time):
    from tests.servers.http import refused

    vendor_server.route("/stock/symbol", refused(403))
    vendor_server.route("/search", {"count": 0, "result": []})
    with closing(Finnhub(SecretStr(KEY), plan="free", base_url=vendor_server.url)) as vendor:
        for _ in range(7):
            assert vendor.fetch(Request.of("listing")).status in ("not_entitled", "error")
        assert len(vendor_server.requests_to("/stock/symbol")) == 5
        assert vendor.fetch(Request.of("search", "acme")).status == "empty"
