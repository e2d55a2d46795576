"""What every adapter must make of a vendor's faults: one table, so that no adapter is tested by less."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from investiq.market.contract import Answer
from tests.servers.http import (
    Script,
    bad_json,
    cut_body,
    dropped,
    hang,
    refused,
    server_error,
    too_many,
    wrong_type,
)

# Fault: its replies in order, the status that the user sees, and words of the reason.
HTTP_FAULTS: dict[str, tuple[tuple[Script, ...], str, str]] = {
    "a refused key": ((refused(401, "invalid key"),), "not_entitled", "does not accept the key"),
    "a plan that leaves it out": ((refused(403),), "not_entitled", "your plan does not include this data"),
    "429 that stays": ((too_many(30),), "rate_limited", "ask again at 2026-01-02 15:0"),
    "429 without Retry-After that stays": ((too_many(),), "rate_limited", "ask again at 2026-01-02 15:0"),
    "429 with a day to wait": ((too_many(86_400),), "rate_limited", "ask again at 2026-01-03 15:00"),
    "500 that stays": ((server_error(500),), "error", "answered 500"),
    "503 that stays": ((server_error(503),), "error", "answered 503"),
    "a body cut short": ((cut_body({"a": list(range(200))}),), "error", "gave no answer"),
    "a connection that ends": ((dropped(),), "error", "gave no answer"),
    "a page for people": ((wrong_type(),), "error", "text/html where JSON was expected"),
    "JSON that ends early": ((bad_json(),), "error", "where JSON was expected"),
}
TIMEOUT = hang(30.0)
# One fault, then an answer: nobody notices but the log of the server.
PASSING_FAULTS = {
    "429 with Retry-After": too_many(2),
    "429 without Retry-After": too_many(),
    "500": server_error(500),
    "502": server_error(502),
    "a connection that ends": dropped(),
    "a body cut short": cut_body({"a": list(range(200))}),
}


def assert_fault(answer: Answer, status: str, words: str) -> None:
    assert (answer.status, words in answer.reason) == (status, True), f"{answer.status}: {answer.reason}"
    assert answer.payload is None
    assert answer.rows == 0
    if status == "rate_limited":
        assert isinstance(answer.retry_at, datetime)


def assert_hidden(secret: str, answer: Answer, records: Iterable[logging.LogRecord]) -> None:
    """The key stands in no reason, source, note or log line."""
    told = [answer.reason, *(attempt.reason for attempt in answer.attempts)]
    if answer.payload is not None:
        told += [answer.payload.source, *(note.text for note in answer.payload.notes)]
    told += [f"{record.getMessage()} {record.exc_text or ''}" for record in records]
    assert told
    assert not [text for text in told if secret in text]
