"""A recorded stream played again: the same interface, the recording's own clock, at any speed, without a key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.history.bars import Bars
from investiq.market.streaming.events import BarMessage, Message, Trade, length_of
from investiq.market.streaming.grid import Grid
from investiq.market.streaming.listening import Listener

__all__ = ["Playback", "Recorded"]

# When a message arrived, and the message.
Recorded = tuple[datetime, Message]
# At full speed others get their turn once in so many messages.
_BREATH: Final = 64


class Playback:
    """Plays bars or recorded messages as a stream.

    Its clock is that of the recording: a bar arrives at its `known_at`, and
    becomes final five seconds later, whatever the speed.

    Parameters
    ----------
    recording : Bars, sequence of Bars, or sequence of (datetime, message)
        Bars of any interval up to a day, stored or loaded, all of one calendar
        and interval. Or messages (`Trade`, `Quote`, `BarMessage`), each with
        the moment that it arrived, aware.
    speed : float or "max"
        Seconds of the recording in one second, 1.0 for real time; ``"max"``
        does not wait at all.
    market : str
        Exchange calendar of recorded messages; that of bars is known.
    sleep : callable
        For the waits.

    Raises
    ------
    ConfigError
        If the speed is not positive.
    DataError
        If there is nothing to play, the series do not fit together, or a
        moment carries no zone.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.Playback(iq.load_bars("SYN001", start="2019-12"))
    <Playback SYN001: 21 messages, 2019-12-02 to 2019-12-31, speed max>
    """

    name = "playback"
    is_live = False

    def __init__(
        self,
        recording: Bars | Sequence[Bars] | Sequence[Recorded],
        *,
        speed: float | Literal["max"] = "max",
        market: str = "XNYS",
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if speed != "max" and not speed > 0:
            raise ConfigError(f"speed must be positive or 'max', was {speed!r}")
        parts: list[Bars | Recorded] = [recording] if isinstance(recording, Bars) else list(recording)
        series = [part for part in parts if isinstance(part, Bars)]
        records: list[Recorded] = [part for part in parts if not isinstance(part, Bars)]
        if series and records:
            raise DataError("a recording is either of bars or of messages, not of both; play them one after the other")
        self.market = _only({bars.passport.calendar for bars in series}, "calendars") if series else market
        self.delay = max((_delay(bars) for bars in series), default=timedelta(0))
        self.settle = timedelta(0)
        self.feed = ", ".join(sorted({bars.passport.feed or bars.passport.provider for bars in series}))
        played = [*records, *(each for bars in series for each in _messages(bars))]
        self._records: list[Recorded] = sorted(played, key=_arrival)
        if not self._records:
            raise DataError("there is nothing to play: the recording is empty")
        if any(moment.tzinfo is None for moment, _ in self._records):
            raise DataError("a moment of the recording carries no zone; add tzinfo=UTC")
        self.length = self._length()
        self._speed = speed
        self._sleep = sleep
        self._now = self._records[0][0]
        self._wanted: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        symbols = sorted({message.symbol for _, message in self._records})
        first, last = self._records[0][0], self._records[-1][0]
        return (
            f"<Playback {', '.join(symbols)}: {len(self._records):,} messages, {first:%Y-%m-%d} to {last:%Y-%m-%d}, "
            f"speed {self._speed}>"
        )

    def now(self) -> datetime:
        """Return the time of the recording."""
        return self._now

    def want(self, symbols: Iterable[str]) -> None:
        """Set the symbols to be played, from now on.

        Raises
        ------
        DataError
            If the recording does not hold one.
        """
        wanted, held = frozenset(symbols), {message.symbol for _, message in self._records}
        if unknown := sorted(wanted - held):
            raise DataError(f"the recording holds {', '.join(sorted(held))}, not {', '.join(unknown)}")
        self._wanted = wanted

    async def run(self, listener: Listener) -> None:
        """Play to the end; the last bars become final there."""
        for count, (arrival, message) in enumerate(self._records):
            await self._pass_until(arrival, listener)
            if message.symbol in self._wanted:
                await listener.on_message(message)
            if count % _BREATH == 0:
                await asyncio.sleep(0)
        while (due := listener.next_watermark) is not None:
            await self._pass_until(due, listener)

    async def _pass_until(self, moment: datetime, listener: Listener) -> None:
        while (due := listener.next_watermark) is not None and due <= moment:
            await self._wait_until(due)
            await listener.on_time()
        await self._wait_until(moment)

    async def _wait_until(self, moment: datetime) -> None:
        ahead = (moment - self._now).total_seconds()
        if ahead > 0:
            if self._speed != "max":
                await self._sleep(ahead / self._speed)
            self._now = moment

    def _length(self) -> timedelta | None:
        lengths = {message.length for _, message in self._records if isinstance(message, BarMessage)}
        if not lengths and not any(isinstance(message, Trade) for _, message in self._records):
            raise DataError("the recording holds neither bars nor trades, so no bars can be made of it")
        return max(lengths, default=None)


def _arrival(record: Recorded) -> datetime:
    return record[0]


def _only(found: set[str], words: str) -> str:
    if len(found) > 1:
        raise DataError(
            f"the series of a recording follow several {words}: {', '.join(sorted(found))}; play one at a time"
        )
    return found.pop()


def _messages(bars: Bars) -> list[Recorded]:
    nothing = np.full(len(bars), np.nan)
    columns = [bars.open, bars.high, bars.low, bars.close, bars.volume]
    columns += [nothing if extra is None else extra for extra in (bars.vwap, bars.trades)]
    names = ("open", "high", "low", "close", "volume", "vwap", "trades")
    length = length_of(bars.interval)
    moments = zip(
        _aware(bars.known_at), _aware(bars.ts), zip(*(each.tolist() for each in columns), strict=True), strict=True
    )
    return [
        (arrival, BarMessage(symbol=bars.symbol, ts=ts, length=length, **dict(zip(names, values, strict=True))))
        for arrival, ts, values in moments
    ]


def _aware(instants: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> list[datetime]:
    return [moment.replace(tzinfo=UTC) for moment in instants.astype("datetime64[us]").tolist()]


def _delay(bars: Bars) -> timedelta:
    """Return what `known_at` adds to the end of a bar, the plan's delay and time for late prints."""
    if not len(bars):
        return timedelta(0)
    first = bars[:1]
    slot = Grid(bars.passport.calendar, bars.passport.session).slot(_aware(first.ts)[0], length_of(bars.interval))
    if slot is None:
        raise DataError(f"{bars.symbol}: its first bar lies outside the sessions of {bars.passport.calendar}")
    return max(_aware(first.known_at)[0] - slot.end, timedelta(0))
