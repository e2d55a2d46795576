import socket
import threading
from datetime import UTC, datetime

import httpx
import pytest

from tests.servers.http import (
    Reply,
    VendorServer,
    bad_json,
    cut_body,
    dropped,
    hang,
    refused,
    server_error,
    throttle_note,
    too_many,
    wrong_type,
)


@pytest.fixture
def client():
    with httpx.Client(timeout=5) as client:
        yield client


def test_replies_are_consumed_in_order_and_the_last_one_stays(vendor_server, client):
    vendor_server.route("/bars", {"page": 1}, {"page": 2})
    pages = [client.get(vendor_server.url + "/bars").json()["page"] for _ in range(3)]
    assert pages == [1, 2, 2]


def test_a_function_answers_from_the_request(vendor_server, client):
    vendor_server.route("/bars/*", lambda got: {"symbol": got.path.split("/")[-1], "limit": got.query["limit"]})
    assert client.get(vendor_server.url + "/bars/BRK.B?limit=5").json() == {"symbol": "BRK.B", "limit": "5"}


def test_the_log_holds_method_path_query_headers_body_and_time(vendor_server, client):
    vendor_server.route("/a", [])
    client.post(vendor_server.url + "/a?x=1&y=", headers={"X-Key": "k"}, json={"b": 2})
    (got,) = vendor_server.requests_to("/a")
    assert (got.method, got.path, got.query, got.headers["x-key"], got.json) == (
        "POST", "/a", {"x": "1", "y": ""}, "k", {"b": 2},
    )  # fmt: skip
    assert got.at > 0


def test_one_connection_serves_many_requests(vendor_server):
    vendor_server.route("/a", [1])
    with socket.create_connection(("127.0.0.1", int(vendor_server.url.rsplit(":", 1)[1])), timeout=5) as raw:
        for _ in range(2):
            raw.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while not received.endswith(b"[1]"):
                received += raw.recv(1000)
            assert received.startswith(b"HTTP/1.1 200")


def test_an_unscripted_path_is_404(vendor_server, client):
    assert client.get(vendor_server.url + "/nothing").status_code == 404


def test_each_fault_is_what_it_says(vendor_server, client):
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    replies = [too_many(), too_many(3), too_many(when), server_error(503), refused(401), wrong_type(), throttle_note()]
    vendor_server.route("/f", *replies)
    got = [client.get(vendor_server.url + "/f") for _ in replies]
    assert [each.status_code for each in got] == [429, 429, 429, 503, 401, 200, 200]
    assert [each.headers.get("retry-after") for each in got[:3]] == [None, "3", "Fri, 02 Jan 2026 03:04:05 GMT"]
    assert got[5].headers["content-type"] == "text/html" and "Note" in got[6].json()


def test_a_cut_body_a_drop_and_a_hang_are_errors_of_the_connection(vendor_server, client):
    vendor_server.route("/f", cut_body({"a": 1}), dropped(), hang(), {"a": 1})
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        client.get(vendor_server.url + "/f")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending"):
        client.get(vendor_server.url + "/f")
    with pytest.raises(httpx.ReadTimeout):
        client.get(vendor_server.url + "/f", timeout=0.05)
    assert client.get(vendor_server.url + "/f").json() == {"a": 1}


def test_malformed_json_does_not_decode(vendor_server, client):
    vendor_server.route("/f", bad_json())
    with pytest.raises(ValueError):
        client.get(vendor_server.url + "/f").json()


def test_a_hundred_connections_at_once_are_all_answered():
    with (
        VendorServer(delay=0.2) as server,
        httpx.Client(timeout=10, limits=httpx.Limits(max_connections=100)) as client,
    ):
        server.route("/a", [])
        statuses = []
        threads = [
            threading.Thread(target=lambda: statuses.append(client.get(server.url + "/a").status_code))
            for _ in range(100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 100
        assert server.most_in_flight > 50


def test_a_mistake_in_a_script_is_raised_when_the_server_closes():
    with pytest.raises(KeyError, match="limit"), VendorServer() as server:
        server.route("/a", lambda got: got.query["limit"])
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(server.url + "/a", timeout=5)


def test_a_reply_may_take_its_time(vendor_server, client):
    vendor_server.route("/a", Reply(delay=0.05, body=b"late"))
    assert client.get(vendor_server.url + "/a").elapsed.total_seconds() >= 0.05
