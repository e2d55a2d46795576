"""The breakout from the range of the first minutes of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.core.types import INTERVAL_MINUTES
from investiq.strategies.base import Strategy, whole_bars

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = ["OpeningRange"]

_DAY: Final = 1440


@dataclass(frozen=True, kw_only=True)
class OpeningRange(Strategy):
    """Enter at the edges of the first minutes' range, with a stop at the other edge, and be flat at the close.

    When the first `minutes` of a session are over, a buy stop rests at the high of
    that range, with its protective stop at the low; with `allow_short` a sell stop at
    the low too. Orders and positions end with the session: orders live until the bar
    before its last, at whose close the exit is decided, which fills at the open of the last bar.

    Parameters
    ----------
    minutes : int, default 30
        From the opening of the session by the exchange calendar; a multiple of the bars' interval.
    allow_short : bool, default False

    Raises
    ------
    ConfigError
        If `minutes` is no whole number >= 1.

    Notes
    -----
    Opening and close are those of the calendar, early closes included, so that the
    last bar is known in advance. Where a symbol lacks bars, an order lives as many
    of its bars as the calendar has left, and so may outlive the session; where the
    one before the last is missing, the exit is decided a bar later and fills at the
    next session's open. Use it on symbols that trade every minute.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.OpeningRange(minutes=15, allow_short=True).run_options
    {'allow_short': True}
    """

    minutes: int = 30
    allow_short: bool = False

    def __post_init__(self) -> None:
        whole_bars("OpeningRange", "minutes", self.minutes)

    @property
    def warmup(self) -> int:
        """0: how many bars the range has depends on their interval."""
        return 0

    @property
    def run_options(self) -> OptionArguments:
        """Shorts, if asked for."""
        return {"allow_short": True} if self.allow_short else {}

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Refuse: its orders carry prices.

        Raises
        ------
        ConfigError
            Always.
        """
        raise ConfigError("OpeningRange sets orders with prices; use its signals")

    def signals(self, bars: Bars) -> list[Signal]:
        """Return the entry orders and the exits of each session.

        Raises
        ------
        DataError
            If the bars are not intraday, or `minutes` is no multiple of their interval.
        """
        from investiq.core.calendar import closes, holding_sessions

        length = INTERVAL_MINUTES[bars.interval]
        if length >= _DAY or self.minutes % length:
            raise DataError(
                f"OpeningRange needs intraday bars of which {self.minutes} minutes are a whole number; "
                f"{bars.symbol} has {bars.interval} bars"
            )
        step = np.timedelta64(length, "m").astype("timedelta64[us]")
        calendar = bars.passport.calendar
        dates, opens = holding_sessions(calendar, bars.ts)
        rows = np.flatnonzero(~np.isnat(dates))
        if not rows.size:
            return []
        starts = np.flatnonzero(np.r_[True, dates[rows][1:] != dates[rows][:-1]])
        ends = closes(calendar, dates[rows[starts]])
        signals: list[Signal] = []
        for first, count, close in zip(starts, np.diff(np.r_[starts, rows.size]), ends, strict=True):
            inside = rows[first : first + count]
            signals += self._session(bars, inside, opens[inside[0]], close - step, step)
        return signals

    def _session(
        self, bars: Bars, rows: NDArray[np.intp], opening: np.datetime64, last: np.datetime64, step: np.timedelta64
    ) -> list[Signal]:
        """Return the orders of the session whose bars are `rows` and whose last bar opens at `last`."""
        finished = bars.ts[rows] + step
        range_ends = opening + np.timedelta64(self.minutes, "m")
        decides = int(np.searchsorted(finished, range_ends, side="left"))
        exits = int(np.searchsorted(finished, last, side="left"))
        signals: list[Signal] = []
        if decides < rows.size:
            bar = int(rows[decides])
            seen = rows[: decides + 1]
            high = float((bars.high[seen] / bars.factor[seen]).max())
            low = float((bars.low[seen] / bars.factor[seen]).min())
            lives = int((last - finished[decides]) // step)
            if lives >= 1 and high > low:
                signals.append(
                    Signal(bar=bar, side="buy", order_type="stop", stop_price=high, stop_loss_price=low, expiry=lives)
                )
                if self.allow_short:
                    signals.append(
                        Signal(
                            bar=bar, side="sell", order_type="stop", stop_price=low, stop_loss_price=high, expiry=lives
                        )
                    )
        if exits < rows.size:
            # Of the two, the one that closes the position is kept; without a position both are dropped.
            bar = int(rows[exits])
            signals += [Signal(bar=bar, side="buy"), Signal(bar=bar, side="sell")]
        return signals
