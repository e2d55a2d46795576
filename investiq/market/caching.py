"""What was loaded a moment ago, kept in memory: bounded, and never longer than its kind of data stays true."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np

from investiq.core.errors import ConfigError
from investiq.core.types import Interval, Session
from investiq.market.contract import Dataset
from investiq.runtime import clock

__all__ = ["TIME_TO_LIVE", "Cache", "CacheKey"]

Value = TypeVar("Value")

# How long an answer counts as the present state. Bars are judged by their calendar instead: a closed bar stays as it is,
# and the entry here is for the one still open.
TIME_TO_LIVE: Final[dict[Dataset, timedelta]] = {
    "bars": timedelta(seconds=10),
    "actions": timedelta(hours=24),
    "statements": timedelta(hours=24),
    "earnings": timedelta(hours=24),
    "insiders": timedelta(hours=24),
    "short_interest": timedelta(hours=24),
    "profile": timedelta(hours=24),
    "search": timedelta(hours=24),
    "listing": timedelta(hours=24),
    "news": timedelta(minutes=5),
    "options": timedelta(minutes=1),
    "snapshot": timedelta(seconds=5),
}


class CacheKey(NamedTuple):
    """All that makes two questions the same; an adjusted view is derived from the raw entry and has none."""

    dataset: Dataset
    provider: str
    feed: str
    symbol: str
    interval: Interval = "1d"
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    session: Session = "regular"
    as_of: np.datetime64 | None = None
    recorded_by: np.datetime64 | None = None
    # Of what it was made: a later recording is another thing.
    generation: str = ""


class Cache(Generic[Value]):
    """The entries used last, at most `size` of them, each until it expires. Safe under threads.

    Parameters
    ----------
    size : int
        Most entries.

    Raises
    ------
    ConfigError
        If `size` is not positive.

    Examples
    --------
    >>> cache = Cache[int](size=2)
    >>> cache.put(CacheKey("news", "massive", "", "AAPL"), 7, clock.now() + timedelta(minutes=5))
    >>> cache.get(CacheKey("news", "massive", "", "AAPL"))
    7
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ConfigError(f"size must be at least 1 entry, was {size}")
        self._size = size
        self._entries: OrderedDict[CacheKey, tuple[Value, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: CacheKey) -> Value | None:
        """Return what is kept under `key`, None where nothing is or it has expired."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            value, expires_at = found
            if clock.now() >= expires_at:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: CacheKey, value: Value, expires_at: datetime) -> None:
        """Keep `value` until `expires_at`; the entry that was not used for the longest gives way."""
        with self._lock:
            self._entries[key] = (value, expires_at)
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
