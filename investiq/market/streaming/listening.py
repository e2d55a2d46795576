"""The two ends of a stream that meet in the middle: what a source does, and what it reports to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from investiq.market.streaming.events import Message

__all__ = ["Listener", "Source"]


class Listener(Protocol):
    """What a source reports to."""

    async def on_message(self, message: Message) -> None:
        """Take a message; returns once there is room for what follows from it."""

    async def on_unreadable(self, reason: str) -> None:
        """Take note of a message that could not be read."""

    async def on_connected(self, symbols: Iterable[str]) -> None:
        """Take note that messages of `symbols` flow from now on."""

    async def on_lost(self, reason: str, attempt: int, retry_in_s: float) -> None:
        """Take note that the connection is gone."""

    async def on_time(self) -> None:
        """Give out what has become final by now."""

    @property
    def next_watermark(self) -> datetime | None:
        """When the next bar becomes final."""


class Source(Protocol):
    """Where messages come from.

    Attributes
    ----------
    name, feed : str
    market : str
        Exchange calendar.
    length : timedelta or None
        Of its bars; None for a source of trades only.
    delay, settle : timedelta
        Terms of `known_at`.
    is_live : bool
        Whether its time is the present; otherwise it calls `on_time` itself.
    """

    name: str
    feed: str
    market: str
    length: timedelta | None
    delay: timedelta
    settle: timedelta
    is_live: bool

    def now(self) -> datetime:
        """Return the time of the source, aware."""

    def want(self, symbols: Iterable[str]) -> None:
        """Set the symbols to be had, from now on."""

    async def run(self, listener: Listener) -> None:
        """Report to `listener` until there is no more, or until cancelled."""
