import logging

import pytest
from pydantic import SecretStr

from investiq.core.errors import VendorError
from investiq.market.gate.gate import gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import guard_logs, hide, key_id_of, redact
from investiq.market.gate.transports import document_of, http_client, requests_session, urllib3_pool
from tests.servers.http import (
    bad_json,
    cut_body,
    dropped,
    hang,
    json_reply,
    refused,
    server_error,
    too_many,
    wrong_type,
)

KEY = "Zq7-plain/key+value"
# As it looks in the query of an address.
IN_ADDRESS = "Zq7-plain%2Fkey%2Bvalue"


@pytest.fixture
def every_line(caplog):
    """All that any logger says at its most talkative."""
    names = ("httpx", "httpcore", "urllib3", "requests", "requests_cache")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    yield caplog
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_a_key_is_hidden_wherever_it_stands_and_as_it_looks_in_an_address():
    hide(SecretStr(KEY))
    assert redact(f"bad key {KEY} at https://x/?k={IN_ADDRESS}") == "bad key [hidden] at https://x/?k=[hidden]"


@pytest.mark.parametrize(
    "text",
    [
        "https://x/quote?symbol=AAPL&token=unknown99",
        "https://x/query?function=F&apikey=unknown99&symbol=AAPL",
        "{'Authorization': 'Bearer unknown99'}",
        "{'APCA-API-KEY-ID': 'unknown99', 'APCA-API-SECRET-KEY': 'unknown99'}",
        "{'X-Finnhub-Token': 'unknown99'}",
        "wss://user:unknown99@socket.example.org",
    ],
)
def test_a_value_under_a_telling_name_is_hidden_though_nobody_named_it(text):
    assert "unknown99" not in redact(text) and "[hidden]" in redact(text)


def test_a_key_id_is_the_same_for_the_same_keys_and_tells_nothing_of_them():
    one = key_id_of(SecretStr("alpha-key-1"), SecretStr("beta-secret-1"))
    assert one == key_id_of("alpha-key-1", "beta-secret-1") != key_id_of("beta-secret-1", "alpha-key-1")
    assert len(one) == 12 and "alpha" not in one


def test_a_short_text_is_no_key_to_be_hidden():
    hide("abc")
    assert redact("abc of trading") == "abc of trading"


def test_a_traceback_in_a_line_of_another_library_is_clean(every_line):
    guard_logs()
    hide(KEY)
    try:
        raise ValueError(f"cannot open https://x/?token={KEY}")
    except ValueError:
        logging.getLogger("urllib3.connectionpool").exception("failed with %s", KEY)
    assert "[hidden]" in every_line.text and KEY not in every_line.text


FAULTS = [
    json_reply({"a": 1}),
    refused(401, f"unknown key {KEY}"),
    refused(403),
    too_many(1),
    too_many(900),
    server_error(503),
    dropped(),
    cut_body({"a": 1}),
    hang(),
    wrong_type(),
    json_reply({"error": f"no plan for {KEY}"}, 429),
    bad_json(),
    json_reply({"error": f"bad {KEY}"}, 404),
]


def test_no_key_is_in_any_line_or_error_of_any_client_under_any_fault(every_line, vendor_time, vendor_server):
    gate = gate_of("finnhub", key_id_of(SecretStr(KEY)), plan_of("finnhub", "professional"))
    headers = {"Authorization": f"Bearer {KEY}", "X-Finnhub-Token": KEY}
    client = http_client(gate, vendor_server.url, headers=headers, timeout=0.2)
    session, pool = requests_session(gate, timeout=0.2), urllib3_pool(gate, headers=headers, timeout=0.2)
    query = {"symbol": "AAPL", "token": KEY}
    url = vendor_server.url + "/quote"
    errors = []
    for fault in FAULTS:
        vendor_server.route("/quote", fault)
        for ask in (
            lambda: document_of(gate, client.get("/quote", params=query)),
            lambda: session.get(url, params=query, headers=headers),
            lambda: pool.request("GET", url, fields=query),
        ):
            vendor_time.sleep(1_000)
            try:
                ask()
            except VendorError as error:
                errors += [str(error), repr(error), repr(error.__cause__)]
    assert len(errors) > 60
    assert any("[hidden]" in error for error in errors)
    said = "\n".join([*errors, every_line.text, *(repr(vars(record)) for record in every_line.records)])
    assert {record.name.split(".")[0] for record in every_line.records} >= {"httpx", "httpcore", "urllib3"}
    for secret in (KEY, IN_ADDRESS):
        assert secret not in said
