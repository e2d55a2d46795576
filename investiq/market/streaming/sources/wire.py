"""What a vendor's socket says beside its data, in one vocabulary for all vendors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from investiq.market.streaming.events import Message

__all__ = [
    "Acknowledged",
    "Admitted",
    "Dialect",
    "Frame",
    "Greeted",
    "Refused",
    "Unreadable",
    "Verdict",
    "frames_of",
    "from_milliseconds",
    "from_text",
    "number",
    "trade_id",
]

# credentials: the key is wrong; entitlement: the plan does not cover it; request: what we sent was wrong. These three end
# the stream. retry: the vendor may accept the same later.
Verdict = Literal["credentials", "entitlement", "request", "retry"]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Outside of these a number is no stamp in milliseconds: seconds or nanoseconds by mistake.
_EARLIEST_MS, _LATEST_MS = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100


@dataclass(frozen=True, slots=True)
class Greeted:
    """The server is ready to be told who we are."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The key was accepted."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The server confirms a subscription to `topics`, among others perhaps."""

    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refuses something, in its own words."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame or a message that is not what the vendor documents."""

    reason: str


Frame = Message | Greeted | Admitted | Acknowledged | Refused | Unreadable


class Dialect(Protocol):
    """How one vendor's socket is spoken to.

    Attributes
    ----------
    name, url : str
    key_words : str
        The settings that hold its keys, for messages.
    """

    name: str
    url: str
    key_words: str

    def login(self) -> str:
        """Return the frame that says who we are."""

    def topics(self, symbol: str) -> tuple[str, ...]:
        """Return what is subscribed to for a symbol."""

    def subscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that asks for `topics`."""

    def unsubscribe(self, topics: Iterable[str]) -> str:
        """Return the frame that ends `topics`."""

    def read(self, text: str | bytes) -> list[Frame]:
        """Return what a frame says, in order; what cannot be read is `Unreadable`, never an exception."""


def frames_of(text: str | bytes) -> list[dict[str, Any]] | Unreadable:
    """Return the messages in a frame."""
    try:
        found = json.loads(text)
    except ValueError as error:
        return Unreadable(f"a frame is not JSON: {error}")
    messages = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in messages):
        return Unreadable("a frame holds something else than messages")
    return messages


def from_text(stamp: object) -> datetime:
    """Return an RFC 3339 text such as ``"2024-11-29T14:30:00.123456789Z"`` as UTC, cut to microseconds.

    Raises
    ------
    ValueError
        If it is no text, no time, or carries no zone.
    """
    if not isinstance(stamp, str):
        raise ValueError(f"stamp {stamp!r} is no RFC 3339 text")
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(f"stamp {stamp!r} carries no zone")
    return moment.astimezone(UTC)


def from_milliseconds(stamp: object) -> datetime:
    """Return milliseconds since 1970 as UTC.

    Raises
    ------
    ValueError
        If it is no whole number of a time between 1990 and 2100.
    """
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not _EARLIEST_MS <= stamp <= _LATEST_MS:
        raise ValueError(f"stamp {stamp!r} is no time in milliseconds")
    return _EPOCH + timedelta(milliseconds=stamp)


def number(value: object) -> float:
    """Return a number as float, NaN where it is missing.

    Raises
    ------
    ValueError
        If it is something else than a number.
    """
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def trade_id(message: dict[str, Any]) -> str:
    """Return exchange, tape and number of a trade, empty without a number: both vendors count per exchange."""
    return f"{message.get('x', '')}/{message.get('z', '')}/{message['i']}" if message.get("i") is not None else ""
