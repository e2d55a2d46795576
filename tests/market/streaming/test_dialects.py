"""What the two vendors' frames mean: stamps, errors, channels."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from investiq.market.streaming.events import BarMessage, Quote, Trade
from investiq.market.streaming.sources.alpaca import AlpacaDialect
from investiq.market.streaming.sources.massive import MassiveDialect
from investiq.market.streaming.sources.wire import Acknowledged, Refused, Unreadable

ALPACA = AlpacaDialect(SecretStr("k"), SecretStr("s"), trades=True, quotes=True)
MASSIVE = MassiveDialect(SecretStr("k"), trades=True, quotes=True, seconds=True)


def read(dialect, *messages):
    return dialect.read(json.dumps(list(messages)))


def test_alpaca_stamps_are_text_with_nanoseconds_and_a_zone():
    (trade,) = read(
        ALPACA,
        {"T": "t", "S": "A", "i": 5, "x": "V", "z": "C", "p": 1.5, "s": 2, "t": "2024-11-26T09:30:00.123456789-05:00"},
    )
    assert isinstance(trade, Trade)
    assert trade.ts == datetime(2024, 11, 26, 14, 30, 0, 123456, tzinfo=UTC)
    assert trade.id == "V/C/5"


@pytest.mark.parametrize("stamp", [1732631400000000000, "2024-11-26T14:30:00", "soon", None])
def test_an_alpaca_stamp_that_is_a_number_naive_or_missing_is_not_guessed(stamp):
    (found,) = read(ALPACA, {"T": "b", "S": "A", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "t": stamp})
    assert isinstance(found, Unreadable)


def test_massive_stamps_are_milliseconds():
    minute, second = read(
        MASSIVE,
        {
            "ev": "AM",
            "sym": "BRK.B",
            "s": 1732631400000,
            "e": 1732631460000,
            "o": 1,
            "h": 3,
            "l": 1,
            "c": 2,
            "v": 10,
            "vw": 1.5,
        },
        {"ev": "A", "sym": "BRK.B", "s": 1732631401000, "e": 1732631402000, "o": 1, "h": 3, "l": 1, "c": 2, "v": 10},
    )
    assert isinstance(minute, BarMessage)
    assert (minute.symbol, minute.ts) == ("BRK.B", datetime(2024, 11, 26, 14, 30, tzinfo=UTC))
    assert (minute.length.total_seconds(), second.length.total_seconds()) == (60, 1)
    assert minute.vwap == 1.5
    assert second.vwap != second.vwap


@pytest.mark.parametrize("stamp", [1732631400, 1732631400000000000, "1732631400000", True, None])
def test_a_massive_stamp_in_seconds_nanoseconds_or_text_is_not_guessed(stamp):
    (found,) = read(MASSIVE, {"ev": "AM", "sym": "A", "s": stamp, "o": 1, "h": 1, "l": 1, "c": 1})
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (400, "request"),
        (401, "credentials"),
        (402, "credentials"),
        (404, "retry"),
        (405, "entitlement"),
        (406, "retry"),
        (407, "retry"),
        (409, "entitlement"),
        (410, "request"),
        (500, "retry"),
        (599, "retry"),
    ],
)
def test_alpaca_errors_by_their_code(code, verdict):
    (found,) = read(ALPACA, {"T": "error", "code": code, "msg": "words"})
    assert found == Refused(verdict, f"words (code {code})")


def test_to_be_logged_in_already_is_no_error():
    assert read(ALPACA, {"T": "error", "code": 403, "msg": "already authenticated"}) == []


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        ("auth_failed", "authentication failed", "credentials"),
        ("auth_timeout", "timed out waiting for authentication", "retry"),
        ("max_connections", "Maximum number of connections exceeded.", "retry"),
        ("error", "You are not authorized for this feed", "entitlement"),
        ("error", "something else", "retry"),
    ],
)
def test_massive_errors_by_status_and_words(status, text, verdict):
    (found,) = read(MASSIVE, {"ev": "status", "status": status, "message": text})
    assert isinstance(found, Refused)
    assert found.verdict == verdict


def test_a_confirmation_of_alpaca_lists_everything_and_one_of_massive_a_topic():
    (all_of_them,) = read(
        ALPACA, {"T": "subscription", "bars": ["A", "BRK.B"], "updatedBars": ["A"], "trades": [], "quotes": None}
    )
    assert all_of_them == Acknowledged(frozenset({"bars.A", "bars.BRK.B", "updatedBars.A"}))
    (one,) = read(MASSIVE, {"ev": "status", "status": "success", "message": "subscribed to: AM.BRK.B"})
    assert one == Acknowledged(frozenset({"AM.BRK.B"}))


def test_topics_and_requests():
    assert ALPACA.topics("A") == ("bars.A", "updatedBars.A", "trades.A", "quotes.A")
    assert MASSIVE.topics("A") == ("AM.A", "A.A", "T.A", "Q.A")
    assert json.loads(ALPACA.subscribe(["bars.BRK.B", "bars.A"])) == {"action": "subscribe", "bars": ["BRK.B", "A"]}
    assert json.loads(MASSIVE.unsubscribe(["AM.A", "T.A"])) == {"action": "unsubscribe", "params": "AM.A,T.A"}
    assert MassiveDialect(SecretStr("k"), is_delayed=True).url == "wss://delayed.massive.com/stocks"
    assert AlpacaDialect(SecretStr("k"), SecretStr("s"), feed="sip").url == "wss://stream.data.alpaca.markets/v2/sip"


def test_quotes_keep_both_sides_and_a_missing_side_is_missing():
    (quote,) = read(MASSIVE, {"ev": "Q", "sym": "A", "bp": 99.0, "t": 1732631400000})
    assert isinstance(quote, Quote)
    assert quote.is_one_sided
    assert quote.ask != quote.ask


def test_corrections_and_halts_of_alpaca_are_not_taken_for_data():
    assert read(ALPACA, {"T": "c", "S": "A"}, {"T": "x", "S": "A"}, {"T": "s", "S": "A"}) == []
