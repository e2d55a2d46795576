"""Final bars of a stream into the store, in batches: each write of a series is a new generation of its file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from investiq.core.types import Session
from investiq.market.series import SeriesKey
from investiq.market.streaming.events import StreamBar
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StoreSink", "Writes"]

# Of one series, after which it is written; at most so long after the first of them became known.
_MOST_BARS: Final = 240
_LONGEST: Final = timedelta(minutes=15)
_COLUMNS: Final = ("open", "high", "low", "close", "volume", "vwap", "trades", "flags")


class Writes(Protocol):
    """The part of a `Store` that a sink needs."""

    def write(self, key: SeriesKey, table: pd.DataFrame, facts: Mapping[str, str], recorded_at: datetime) -> object:
        """Add the rows of `table` to a series; a changed row is a new version."""


class StoreSink:
    """Keeps final, late and revised bars of a stream in a store.

    What a crash leaves unwritten, at most a quarter of an hour, the next fetch
    or a stream with ``since=`` brings again; a row that is there already is no
    second version.

    Parameters
    ----------
    store : Store
    provider, feed : str
    session : str
    facts : mapping of str to str
        Of the passport: calendar, currency, price_basis, known_at_rule, source, provenance.
    """

    def __init__(self, store: Writes, *, provider: str, feed: str, session: Session, facts: Mapping[str, str]) -> None:
        self._store = store
        self._provider = provider
        self._feed = feed
        self._session: Session = session
        self._facts = dict(facts)
        self._waiting: dict[SeriesKey, list[StreamBar]] = {}

    async def take(self, bars: Sequence[StreamBar]) -> None:
        """Take bars; a series is written when it is long or old enough."""
        touched = set()
        for bar in bars:
            session: Session = self._session if bar.interval != "1d" else "regular"
            key = SeriesKey("bars", self._provider, bar.symbol, bar.interval, self._feed, session)
            self._waiting.setdefault(key, []).append(bar)
            touched.add(key)
        for key in touched:
            waiting = self._waiting[key]
            if len(waiting) >= _MOST_BARS or waiting[-1].known_at - waiting[0].known_at >= _LONGEST:
                await self._write(key)

    async def close(self) -> None:
        """Write what is left."""
        for key in list(self._waiting):
            await self._write(key)

    async def _write(self, key: SeriesKey) -> None:
        moment = clock.now()
        bars = self._waiting.pop(key)
        # A version that was replaced before it was written is a version still: two writes, in their order.
        while bars:
            first = list({bar.ts: bar for bar in reversed(bars)}.values())
            bars = [bar for bar in bars if not any(bar is each for each in first)]
            facts = {**self._facts, "retrieved_at": moment.isoformat()}
            await asyncio.to_thread(self._store.write, key, _table(first), facts, moment)


def _table(bars: Sequence[StreamBar]) -> pd.DataFrame:
    import pandas as pd

    ordered = sorted(bars, key=lambda bar: bar.ts)
    table = pd.DataFrame({name: [getattr(bar, name) for bar in ordered] for name in _COLUMNS})
    table = table.astype({name: np.int32 if name == "flags" else np.float64 for name in _COLUMNS})
    for name in ("ts", "known_at"):
        stamps = pd.DatetimeIndex([getattr(bar, name) for bar in ordered])
        table[name] = stamps.tz_convert("UTC").as_unit("us")
    return table
