"""What was missed: judged by the session calendar, fetched over HTTP, each bar once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.market.contract import Request, Vendor
from investiq.market.streaming.events import DAY, BarMessage
from investiq.market.streaming.grid import Grid

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GAP_BARS", "Backfill", "Filled", "GapWatch", "Window", "vendor_backfill"]

# A live symbol may be quiet for a minute or two without having lost anything.
GAP_BARS: Final = 3
# A vendor's history lags its stream by some seconds: the newest bars are asked for once more after this time.
TAIL_WAIT_S: Final = 5.0
# A request that waits for its turn any longer holds up the bars behind it.
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Window:
    """Labels of one symbol that were expected in the open interval (after, before)."""

    symbol: str
    after: datetime
    before: datetime
    expected: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a backfill brought: the bars inside its window, each label once, and why there are no more."""

    bars: tuple[BarMessage, ...] = ()
    reason: str = ""


Backfill = Callable[[Window], Awaitable[Filled]]


class GapWatch:
    """Counts the bars that the calendar expects between one message and the next.

    A night, a weekend, a holiday and the hours after an early close are no gap:
    nothing is expected in them.

    Parameters
    ----------
    grid : Grid
    length : timedelta
        Of the source's own bars.
    delay : timedelta
        Of the plan: a bar counts as missed once its end + delay lies in the past.
    """

    def __init__(self, grid: Grid, length: timedelta, delay: timedelta = timedelta(0)) -> None:
        self._grid = grid
        self._length = length
        self._delay = delay
        self._newest: dict[str, datetime] = {}
        self._resume_after: dict[str, datetime] = {}

    def begin(self, symbol: str, after: datetime) -> None:
        """Watch `symbol`, of which nothing is known after the label `after`."""
        self._newest.setdefault(symbol, after)
        self._resume_after.setdefault(symbol, after)

    def forget(self, symbol: str) -> None:
        """Stop watching `symbol`."""
        self._newest.pop(symbol, None)
        self._resume_after.pop(symbol, None)

    def newest(self, symbol: str) -> datetime:
        """Return the newest label seen of `symbol`."""
        return self._newest[symbol]

    def lost(self) -> dict[str, datetime]:
        """Note that the connection is lost; return from where each symbol will have to be filled."""
        for symbol, newest in self._newest.items():
            self._resume_after.setdefault(symbol, newest)
        return dict(self._resume_after)

    def resumed(self, symbol: str, now: datetime) -> Window | None:
        """Return what `symbol` missed until `now`, None where the calendar expects nothing."""
        after = self._resume_after.pop(symbol, None)
        if after is None:
            return None
        current = self._grid.slot(now - self._delay, self._length)
        before = current.start if current and self._length < DAY else now - self._delay
        expected = tuple(self._complete(self._grid.expected(after, before, self._length), now))
        if not expected:
            return None
        self._newest[symbol] = max(self._newest[symbol], expected[-1])
        return Window(symbol=symbol, after=after, before=before, expected=expected)

    def passed(self, symbol: str, ts: datetime) -> Window | None:
        """Note the label `ts`; return what is missing before it if that is a gap."""
        after = self._newest.get(symbol)
        if after is None or ts <= after:
            return None
        self._newest[symbol] = ts
        if symbol in self._resume_after or ts - after <= self._length:
            return None
        expected = tuple(self._grid.expected(after, ts, self._length))
        if len(expected) < GAP_BARS:
            return None
        return Window(symbol=symbol, after=after, before=ts, expected=expected)

    def _complete(self, labels: Iterable[datetime], now: datetime) -> list[datetime]:
        slots = ((label, self._grid.slot(label, self._length)) for label in labels)
        return [label for label, slot in slots if slot is not None and slot.end + self._delay <= now]


def vendor_backfill(
    vendor: Vendor,
    grid: Grid,
    interval: Interval,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    timeout_s: float = TIMEOUT_S,
) -> Backfill:
    """Return a backfill that asks `vendor` for bars, in a thread.

    It asks a second time, 5 s later, where the newest bars are missing. The
    vendor's own limiter, retries and breaker hold.
    """

    async def ask(window: Window) -> Filled:
        request = Request(
            dataset="bars",
            symbol=window.symbol,
            start=_instant(window.expected[0]),
            end=_instant(window.expected[-1]),
            interval=interval,
            session=grid.session,
        )
        try:
            async with asyncio.timeout(timeout_s):
                answer = await asyncio.to_thread(vendor.fetch, request)
        except TimeoutError:
            return Filled(reason=f"{vendor.name} did not answer the backfill within {timeout_s:g} s")
        if answer.payload is None:
            return Filled(reason=f"the backfill failed: {answer.reason}")
        bars = bars_between(answer.payload.table, window, interval)
        short = len(window.expected) - len(bars)
        return Filled(
            bars=bars, reason=f"{vendor.name} has no bar for {short} of {len(window.expected)}" if short else ""
        )

    async def fill(window: Window) -> Filled:
        filled = await ask(window)
        if filled.bars and filled.bars[-1].ts == window.expected[-1]:
            return filled
        await sleep(TAIL_WAIT_S)
        again = await ask(window)
        return again if len(again.bars) >= len(filled.bars) else filled

    return fill


def bars_between(table: pd.DataFrame, window: Window, interval: Interval) -> tuple[BarMessage, ...]:
    """Return the rows of a canonical table with an expected label, ascending, the last of each label."""
    wanted = set(window.expected)
    length = timedelta(minutes=INTERVAL_MINUTES[interval])
    found: dict[datetime, BarMessage] = {}
    columns = [name for name in ("open", "high", "low", "close", "volume", "vwap", "trades") if name in table]
    for ts, *values in table[["ts", *columns]].itertuples(index=False):
        label = ts.to_pydatetime().astimezone(UTC)
        if label in wanted:
            prices = {name: float(value) for name, value in zip(columns, values, strict=True)}
            found[label] = BarMessage(symbol=window.symbol, ts=label, length=length, is_backfill=True, **prices)
    return tuple(found[label] for label in sorted(found))


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
