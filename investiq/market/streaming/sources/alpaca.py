"""Alpaca's market data socket: text stamps, numbered errors, one subscription message that lists all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import SecretStr

from investiq.market.streaming.events import BarMessage, Quote, Trade
from investiq.market.streaming.sources.wire import (
    Acknowledged,
    Admitted,
    Frame,
    Greeted,
    Refused,
    Unreadable,
    Verdict,
    frames_of,
    from_text,
    number,
    trade_id,
)

__all__ = ["AlpacaDialect"]

_URL: Final = "wss://stream.data.alpaca.markets/v2/{feed}"
_CHANNELS: Final = ("bars", "updatedBars", "trades", "quotes")
# 400 syntax, 401 not authenticated, 402 authentication failed, 403 already authenticated, 404 authentication timed out,
# 405 symbol limit, 406 connection limit, 407 slow client, 409 not in the subscription, 410 not of this feed, 500 internal.
_VERDICTS: Final[dict[int, Verdict]] = {
    400: "request",
    401: "credentials",
    402: "credentials",
    404: "retry",
    405: "entitlement",
    406: "retry",
    407: "retry",
    409: "entitlement",
    410: "request",
    500: "retry",
}
_ALREADY_ADMITTED: Final = 403
_GREETED: Final[Frame] = Greeted()
_ADMITTED: Final[Frame] = Admitted()
# Sent with every trade subscription; the vendor's bars already honour them.
_IGNORED: Final = frozenset({"c", "x", "d", "s", "l", "n", "i"})


class AlpacaDialect:
    """Speaks with ``wss://stream.data.alpaca.markets/v2/{iex|sip}``.

    Parameters
    ----------
    key_id, secret : SecretStr
    feed : {"iex", "sip"}
    url : str, optional
        Of a proxy or a test server.
    trades, quotes : bool
        Whether to subscribe to them beside minute bars and their corrections.
    """

    name = "alpaca"
    key_words = "INVESTIQ_ALPACA_KEY_ID and INVESTIQ_ALPACA_SECRET_KEY"

    def __init__(
        self,
        key_id: SecretStr,
        secret: SecretStr,
        *,
        feed: str = "iex",
        url: str | None = None,
        trades: bool = False,
        quotes: bool = False,
    ) -> None:
        self.url = url or _URL.format(feed=feed)
        self._key_id = key_id
        self._secret = secret
        self._channels = ("bars", "updatedBars", *(["trades"] if trades else []), *(["quotes"] if quotes else []))

    def login(self) -> str:
        """Return the authentication frame."""
        key, secret = self._key_id.get_secret_value(), self._secret.get_secret_value()
        return json.dumps({"action": "auth", "key": key, "secret": secret})

    def topics(self, symbol: str) -> tuple[str, ...]:
        """Return the channels of a symbol, such as ``"bars.AAPL"``."""
        return tuple(f"{channel}.{symbol}" for channel in self._channels)

    def subscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that adds `topics`."""
        return json.dumps({"action": "subscribe", **_by_channel(topics)})

    def unsubscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that ends `topics`."""
        return json.dumps({"action": "unsubscribe", **_by_channel(topics)})

    def read(self, text: str | bytes) -> list[Frame]:
        """Return what a frame says."""
        messages = frames_of(text)
        if isinstance(messages, Unreadable):
            return [messages]
        return [frame for message in messages if (frame := _read(message)) is not None]


def _by_channel(topics: Iterable[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for topic in topics:
        channel, symbol = topic.split(".", 1)
        grouped.setdefault(channel, []).append(symbol)
    return grouped


def _read(message: dict[str, Any]) -> Frame | None:
    kind = message.get("T")
    if kind == "success":
        return {"connected": _GREETED, "authenticated": _ADMITTED}.get(str(message.get("msg")))
    if kind == "error":
        return _refusal(message)
    if kind == "subscription":
        topics = {f"{channel}.{symbol}" for channel in _CHANNELS for symbol in message.get(channel) or ()}
        return Acknowledged(frozenset(topics))
    if kind in _IGNORED:
        return None
    try:
        if kind in ("b", "u"):
            return _bar(message)
        if kind == "t":
            return _trade(message)
        if kind == "q":
            return _quote(message)
    except (KeyError, ValueError, TypeError) as error:
        return Unreadable(f"a message of type {kind} cannot be read: {error!r}")
    return Unreadable(f"a message of unknown type {kind!r}")


def _refusal(message: dict[str, Any]) -> Refused | None:
    code = message.get("code")
    if code == _ALREADY_ADMITTED:
        return None
    verdict = _VERDICTS.get(code, "retry") if isinstance(code, int) else "retry"
    return Refused(verdict, f"{message.get('msg', 'no words')} (code {code})")


def _bar(message: dict[str, Any]) -> BarMessage:
    return BarMessage(
        symbol=str(message["S"]),
        ts=from_text(message["t"]),
        open=number(message["o"]),
        high=number(message["h"]),
        low=number(message["l"]),
        close=number(message["c"]),
        volume=number(message.get("v")),
        vwap=number(message.get("vw")),
        trades=number(message.get("n")),
    )


def _trade(message: dict[str, Any]) -> Trade:
    return Trade(
        symbol=str(message["S"]),
        ts=from_text(message["t"]),
        price=number(message["p"]),
        size=number(message["s"]),
        id=trade_id(message),
        conditions=tuple(str(code) for code in message.get("c") or ()),
    )


def _quote(message: dict[str, Any]) -> Quote:
    return Quote(
        symbol=str(message["S"]),
        ts=from_text(message["t"]),
        bid=number(message["bp"]),
        ask=number(message["ap"]),
        bid_size=number(message.get("bs")),
        ask_size=number(message.get("as")),
    )
