"""Massive's (until 2025 Polygon.io's) socket: stamps in milliseconds, status messages, one for each topic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from pydantic import SecretStr

from investiq.market.streaming.events import MINUTE, SECOND, BarMessage, Quote, Trade
from investiq.market.streaming.sources.wire import (
    Acknowledged,
    Admitted,
    Frame,
    Greeted,
    Refused,
    Unreadable,
    Verdict,
    frames_of,
    from_milliseconds,
    number,
    trade_id,
)

__all__ = ["MassiveDialect"]

_LIVE_URL: Final = "wss://socket.massive.com/stocks"
_DELAYED_URL: Final = "wss://delayed.massive.com/stocks"
_CONFIRMS: Final = "subscribed to:"
# A plan without the socket, or without a channel, is told so under the same status as other errors.
_NOT_IN_PLAN: Final = ("not authorized", "not entitled", "upgrade")


class MassiveDialect:
    """Speaks with ``wss://socket.massive.com/stocks``, or the delayed cluster.

    Parameters
    ----------
    key : SecretStr
    is_delayed : bool
        Whether the plan's prices are 15 minutes late.
    url : str, optional
        Of a proxy or a test server.
    trades, quotes : bool
        Whether to subscribe to them beside minute bars.
    seconds : bool
        Whether to subscribe to bars of a second, for provisional bars.
    """

    name = "massive"
    key_words = "INVESTIQ_MASSIVE_API_KEY"

    def __init__(
        self,
        key: SecretStr,
        *,
        is_delayed: bool = False,
        url: str | None = None,
        trades: bool = False,
        quotes: bool = False,
        seconds: bool = False,
    ) -> None:
        self.url = url or (_DELAYED_URL if is_delayed else _LIVE_URL)
        self._key = key
        wanted = {"AM": True, "A": seconds, "T": trades, "Q": quotes}
        self._channels = tuple(channel for channel, is_wanted in wanted.items() if is_wanted)

    def login(self) -> str:
        """Return the authentication frame."""
        return json.dumps({"action": "auth", "params": self._key.get_secret_value()})

    def topics(self, symbol: str) -> tuple[str, ...]:
        """Return the channels of a symbol, such as ``"AM.AAPL"``."""
        return tuple(f"{channel}.{symbol}" for channel in self._channels)

    def subscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that adds `topics`."""
        return json.dumps({"action": "subscribe", "params": ",".join(topics)})

    def unsubscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that ends `topics`."""
        return json.dumps({"action": "unsubscribe", "params": ",".join(topics)})

    def read(self, text: str | bytes) -> list[Frame]:
        """Return what a frame says."""
        messages = frames_of(text)
        if isinstance(messages, Unreadable):
            return [messages]
        return [frame for message in messages if (frame := _read(message)) is not None]


def _read(message: dict[str, Any]) -> Frame | None:
    kind = message.get("ev")
    if kind == "status":
        return _status(str(message.get("status")), str(message.get("message", "")))
    try:
        if kind in ("AM", "A"):
            return _bar(message, MINUTE if kind == "AM" else SECOND)
        if kind == "T":
            return _trade(message)
        if kind == "Q":
            return _quote(message)
    except (KeyError, ValueError, TypeError) as error:
        return Unreadable(f"a message of type {kind} cannot be read: {error!r}")
    return Unreadable(f"a message of unknown type {kind!r}")


def _status(status: str, text: str) -> Frame | None:
    match status:
        case "connected":
            return Greeted()
        case "auth_success":
            return Admitted()
        case "success" if text.startswith(_CONFIRMS):
            topics = (topic.strip() for topic in text.removeprefix(_CONFIRMS).split(","))
            return Acknowledged(frozenset(filter(None, topics)))
        case "success":
            return None
        case _:
            return Refused(_verdict(status, text), f"{text or 'no words'} (status {status})")


def _verdict(status: str, text: str) -> Verdict:
    words = text.casefold()
    if any(phrase in words for phrase in _NOT_IN_PLAN):
        return "entitlement"
    if status == "auth_failed" or "authentication failed" in words:
        return "credentials"
    return "retry"


def _bar(message: dict[str, Any], length: timedelta) -> BarMessage:
    return BarMessage(
        symbol=str(message["sym"]),
        ts=from_milliseconds(message["s"]),
        open=number(message["o"]),
        high=number(message["h"]),
        low=number(message["l"]),
        close=number(message["c"]),
        volume=number(message.get("v")),
        vwap=number(message.get("vw")),
        length=length,
    )


def _trade(message: dict[str, Any]) -> Trade:
    return Trade(
        symbol=str(message["sym"]),
        ts=from_milliseconds(message["t"]),
        price=number(message["p"]),
        size=number(message["s"]),
        id=trade_id(message),
        sequence=int(message.get("q") or 0),
        conditions=tuple(str(code) for code in message.get("c") or ()),
    )


def _quote(message: dict[str, Any]) -> Quote:
    return Quote(
        symbol=str(message["sym"]),
        ts=from_milliseconds(message["t"]),
        bid=number(message.get("bp")),
        ask=number(message.get("ap")),
        bid_size=number(message.get("bs")),
        ask_size=number(message.get("as")),
    )
