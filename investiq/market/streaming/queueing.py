"""The queue between a stream and its reader: bars wait for room, newer quotes replace older ones."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Final

from investiq.market.streaming.events import ConnectionChange, Event, Gap, StreamBar

__all__ = ["CAPACITY", "EventQueue"]

CAPACITY: Final = 1024


class EventQueue:
    """First in, first out, with back-pressure.

    Final bars, gaps and changes of the connection are never dropped: `put`
    waits while `capacity` of them are unread. Of trades, quotes and provisional
    bars only the newest of each symbol (and label) is kept; it takes the place
    of the older one.

    Attributes
    ----------
    dropped : int
        Trades and quotes replaced before they were read.
    superseded : int
        Provisional bars replaced before they were read.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.dropped = 0
        self.superseded = 0
        self._waiting: dict[object, Event] = {}
        self._lasting = 0
        self._seq = 0
        self._changed = asyncio.Condition()
        self._error: BaseException | None = None
        self._is_closed = False

    async def put(self, event: Event) -> Event:
        """Add `event` and return it with its `seq`, which is set here."""
        key = self._key(event)
        async with self._changed:
            if key is None:
                await self._changed.wait_for(lambda: self._lasting < self.capacity or self._is_closed)
                self._lasting += 1
            elif key in self._waiting:
                if isinstance(event, StreamBar):
                    self.superseded += 1
                else:
                    self.dropped += 1
            if isinstance(event, StreamBar | Gap | ConnectionChange):
                self._seq += 1
                event = dataclasses.replace(event, seq=self._seq)
                key = self._seq if key is None else key
            if isinstance(event, StreamBar):
                # A newer version goes to the end of the queue, where its seq belongs.
                self._waiting.pop(key, None)
            self._waiting[key] = event
            self._changed.notify_all()
            return event

    async def get(self) -> Event | None:
        """Return the next event, None at the end.

        Raises
        ------
        InvestIQError
            What ended the stream, after everything before it was read.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                if self._error is not None:
                    raise self._error
                return None
            key = next(iter(self._waiting))
            event = self._waiting.pop(key)
            self._lasting -= self._key(event) is None
            self._changed.notify_all()
            return event

    async def close(self, error: BaseException | None = None) -> None:
        """Let the reader come to the end, or to `error`, after what is waiting."""
        async with self._changed:
            self._is_closed = True
            self._error = error
            self._changed.notify_all()

    @staticmethod
    def _key(event: Event) -> object:
        """Return what a newer event of the same key replaces, None for what nothing replaces."""
        if isinstance(event, StreamBar):
            return None if event.is_final else ("bar", event.symbol, event.ts)
        if isinstance(event, Gap | ConnectionChange):
            return None
        return (event.kind, event.symbol)
