import json

import pytest

from investiq.core.errors import ConfigError, NotEntitledError, RateLimitedError, VendorError
from investiq.market.gate.gate import gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import key_id_of
from investiq.market.gate.retrying import ServiceError
from investiq.market.gate.transports import document_of, http_client, requests_session, urllib3_pool
from tests.servers.http import (
    bad_json,
    cut_body,
    dropped,
    empty_page,
    hang,
    json_reply,
    refused,
    server_error,
    text_reply,
    too_many,
    wrong_type,
)

CLIENTS = ("httpx", "requests", "urllib3")


@pytest.fixture
def gate(vendor_time):
    return gate_of("massive", "a key", plan_of("massive", "starter"))


@pytest.fixture(params=CLIENTS)
def get(request, gate, vendor_server):
    """A function of path and query that returns the decoded document, by each of the three clients."""
    if request.param == "httpx":
        client = http_client(gate, vendor_server.url, timeout=0.3)
        yield lambda path, **query: document_of(gate, client.get(path, params=query))
        client.close()
    elif request.param == "requests":
        session = requests_session(gate, timeout=0.3)
        yield lambda path, **query: session.get(vendor_server.url + path, params=query).json()
        session.close()
    else:
        pool = urllib3_pool(gate, timeout=0.3)
        yield lambda path, **query: json.loads(pool.request("GET", vendor_server.url + path, fields=query).data)
        pool.clear()


def test_a_reply_comes_through(get, vendor_server):
    vendor_server.route("/a", {"results": [1, 2]})
    assert get("/a", limit="5") == {"results": [1, 2]}
    assert vendor_server.requests[0].query == {"limit": "5"}


@pytest.mark.parametrize(
    "fault",
    [too_many(1), too_many(), server_error(500), server_error(503), dropped(), cut_body({"a": [1, 2]}), hang()],
    ids=["429 with a time", "429", "500", "503", "dropped", "cut", "hang"],
)
def test_a_passing_fault_is_not_seen(get, vendor_server, fault):
    vendor_server.route("/a", fault, {"a": [1, 2]})
    assert get("/a") == {"a": [1, 2]}
    assert len(vendor_server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (refused(401), NotEntitledError, "does not accept the key: GET /a was answered 401"),
        (refused(403), NotEntitledError, r"answered 403 \(your plan does not include this data\)"),
        (too_many(600), RateLimitedError, r"is spent, GET /a was answered 429 .*ask again at 2026-01-02 15:10:00 UTC"),
        (server_error(502), ServiceError, "massive answered 502 to GET /a; try again later"),
        (dropped(), ServiceError, "gave no answer to GET /a: the connection ended early"),
        (
            cut_body({"a": [1, 2]}),
            ServiceError,
            "gave no answer to GET /a: the (body was cut short|connection ended early)",
        ),
        (hang(), ServiceError, "gave no answer to GET /a: no answer in time"),
        (wrong_type(), VendorError, "answered 200 to GET /a with text/html where JSON was expected, beginning '<html>"),
        (bad_json(), VendorError, "answered 200 to GET /a with application/json where JSON was expected"),
    ],
    ids=["401", "403", "429", "502", "dropped", "cut", "hang", "wrong type", "bad JSON"],
)
def test_a_lasting_fault_says_what_happened_and_what_to_do(get, vendor_server, fault, error, words):
    vendor_server.route("/a", fault)
    with pytest.raises(error, match=words):
        get("/a", apiKey="s3cr3t")


def test_a_connection_that_nobody_takes_says_so(gate, vendor_server):
    vendor_server.close()
    for ask in (
        lambda: http_client(gate, vendor_server.url).get("/a"),
        lambda: requests_session(gate).get(vendor_server.url + "/a"),
        lambda: urllib3_pool(gate).request("GET", vendor_server.url + "/a"),
    ):
        with pytest.raises(ServiceError, match=r"gave no answer to GET /a: no connection"):
            ask()


def test_an_empty_page_with_a_cursor_is_a_reply_and_no_error(get, vendor_server):
    vendor_server.route("/a", empty_page("next"))
    assert get("/a") == {"results": [], "next_url": "next"}


def test_404_is_left_to_the_caller(gate, vendor_server):
    vendor_server.route("/a", json_reply({"status": "NOT_FOUND"}, 404))
    url = vendor_server.url + "/a"
    assert http_client(gate, vendor_server.url).get("/a").status_code == 404
    assert requests_session(gate).get(url).status_code == 404
    assert urllib3_pool(gate).request("GET", url).status == 404
    assert len(vendor_server.requests) == 3


def test_a_client_that_reads_more_than_json_says_so(gate, vendor_server):
    vendor_server.route("/crumb", text_reply("a.b/c"))
    assert requests_session(gate, expects_json=False).get(vendor_server.url + "/crumb").text == "a.b/c"


def test_a_client_may_see_a_status_of_its_own(gate, vendor_server):
    vendor_server.route("/a", refused(401))
    session = requests_session(gate, leave=frozenset({401}))
    assert session.get(vendor_server.url + "/a").status_code == 401


def test_every_request_takes_a_departure(vendor_time, vendor_server):
    gate = gate_of("massive", "free key", plan_of("massive", "free"))
    vendor_server.route("/*", {"a": 1})
    client = http_client(gate, vendor_server.url)
    session, pool = requests_session(gate), urllib3_pool(gate)
    for _ in range(2):
        client.get("/a")
        session.get(vendor_server.url + "/b")
        pool.request("GET", vendor_server.url + "/c")
    # Three clients of one key share its five requests a minute.
    assert vendor_time.passed == 61


@pytest.mark.parametrize("package", ["massive", "polygon"])
def test_the_official_client_pages_through_the_gate(package, gate, vendor_server):
    client_class = pytest.importorskip(package).RESTClient
    page = {"results": [{"t": 1_700_000_000_000, "c": 1.0}], "next_url": f"{vendor_server.url}/v2/next?cursor=abc"}
    vendor_server.route("/v2/aggs/*", too_many(1), server_error(500), page)
    vendor_server.route("/v2/next", bad_json())
    client = client_class(api_key="s3cr3t-key", base=vendor_server.url)
    client.client = urllib3_pool(gate, headers=client.headers)
    rows = client.list_aggs("AAPL", 1, "day", "2023-11-01", "2023-11-30")
    assert next(rows).close == 1.0
    # On its own it takes a page that is no JSON for the end of the data.
    with pytest.raises(VendorError, match="answered 200 to GET /v2/next with application/json where JSON was expected"):
        next(rows)
    assert [each.path for each in vendor_server.requests][-1] == "/v2/next"
    assert vendor_server.requests[0].headers["authorization"] == "Bearer s3cr3t-key"


def test_alpaca_py_asks_through_the_gate_and_does_not_retry_by_itself(gate, vendor_server):
    from alpaca.data.historical import StockHistoricalDataClient
    from alpaca.data.requests import StockLatestTradeRequest

    vendor_server.route("/*", too_many(600))
    client = StockHistoricalDataClient("k", "s", url_override=vendor_server.url)
    client._session = requests_session(gate)
    with pytest.raises(RateLimitedError, match="answered 429"):
        client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))
    assert len(vendor_server.requests) == 1


def test_a_key_is_not_sent_in_the_clear(gate):
    with pytest.raises(
        ConfigError, match=r"http://example.org would send the key in the clear; expected an https address"
    ):
        http_client(gate, "http://example.org")


def test_answers_are_cached_for_the_seconds_set_and_failures_are_not(
    gate, vendor_server, vendor_time, monkeypatch, tmp_path
):
    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    vendor_server.route("/a", json_reply({"status": "NOT_FOUND"}, 404), {"page": 1}, {"page": 2})
    statuses = []
    with requests_session(gate) as session:
        for key in ("one-s3cr3t", "two-s3cr3t", "two-s3cr3t"):
            headers = {"APCA-API-KEY-ID": key, "Authorization": f"Bearer {key}"}
            statuses.append(session.get(vendor_server.url + "/a", params={"apiKey": key}, headers=headers).status_code)
    # The 404 was asked again; the first page of 200 was not.
    assert statuses == [404, 200, 200] and len(vendor_server.requests) == 2
    assert_nothing_secret(tmp_path)


@pytest.mark.parametrize("name", ["apiKey", "apikey", "token", "crumb"])
def test_no_key_of_an_address_is_kept_also_where_it_leads_elsewhere(gate, vendor_server, monkeypatch, tmp_path, name):
    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    vendor_server.route("/old", json_reply({}, 302, Location=f"/a?{name}=s3cr3t-key"))
    vendor_server.route("/a", {"page": 1})
    with requests_session(gate) as session:
        assert session.get(vendor_server.url + "/old", params={name: "s3cr3t-key"}).json() == {"page": 1}
        session.get(vendor_server.url + "/a", params={name: "s3cr3t-key"})
    assert_nothing_secret(tmp_path)


def test_an_answer_that_repeats_the_key_is_not_kept(gate, vendor_server, monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    key_id_of("s3cr3t-repeated")
    vendor_server.route("/a", {"next": "/b?apiKey=s3cr3t-repeated"})
    vendor_server.route("/c", {"page": 1})
    with requests_session(gate) as session:
        session.get(vendor_server.url + "/a")
        session.get(vendor_server.url + "/c")
    assert_nothing_secret(tmp_path)


@pytest.mark.parametrize(
    "name", ["Authorization", "apca-api-key-id", "APCA-API-SECRET-KEY", "X-Finnhub-Token", "Cookie"]
)
def test_no_key_of_a_header_is_kept(gate, vendor_server, monkeypatch, tmp_path, name):
    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    vendor_server.route("/a", {"page": 1})
    with requests_session(gate) as session:
        session.headers[name] = "s3cr3t-key"
        session.get(vendor_server.url + "/a")
    assert vendor_server.requests[0].headers[name.lower()] == "s3cr3t-key"
    assert_nothing_secret(tmp_path)


def test_alpaca_py_leaves_no_key_in_the_cache(gate, vendor_server, monkeypatch, tmp_path):
    from alpaca.data.historical import StockHistoricalDataClient
    from alpaca.data.requests import StockLatestTradeRequest

    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    vendor_server.route("/*", {"trades": {"AAPL": {"p": 1.0, "page": 1}}})
    client = StockHistoricalDataClient("s3cr3t-key", "s3cr3t-word", raw_data=True, url_override=vendor_server.url)
    with requests_session(gate) as client._session:
        for _ in range(2):
            client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))
    assert len(vendor_server.requests) == 1
    assert "s3cr3t-word" in vendor_server.requests[0].headers.values()
    assert_nothing_secret(tmp_path)


def test_a_client_that_refuses_caches_opens_no_file(gate, vendor_server, monkeypatch, tmp_path):
    monkeypatch.setenv("INVESTIQ_HTTP_CACHE_S", "600")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    vendor_server.route("/a", {"page": 1}, {"page": 2})
    with requests_session(gate, is_cached=False) as session:
        pages = [session.get(vendor_server.url + "/a").json()["page"] for _ in range(2)]
    assert pages == [1, 2]
    assert list(tmp_path.iterdir()) == []


def assert_nothing_secret(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert b"page" in written and b"s3cr3t" not in written
    assert not any("s3cr3t" in path.name for path in files)
