"""One bar of as-traded prices in `Decimal`, as the simulator takes it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from investiq.core.errors import DataError
from investiq.execution.decimals import exact
from investiq.execution.sessions import session_numbers
from investiq.history.bars import Bars

__all__ = ["PriceBar", "price_bars"]


@dataclass(frozen=True, kw_only=True)
class PriceBar:
    """One bar as traded.

    Attributes
    ----------
    ts : date or datetime
        Its label, UTC.
    open, high, low, close : Decimal
        Positive and consistent, USD.
    volume : Decimal or None
        Shares, >= 0; None where the source has none, which counts as ample.
    ends_session : bool, default True
        Whether it is the last bar of its session; daily and longer bars are.
    session : int or None
        Number of its session, where those without a bar count; None where none is
        missing since the bar before.

    Raises
    ------
    DataError
        If the prices contradict each other.
    """

    ts: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None
    ends_session: bool = True
    session: int | None = None

    def __post_init__(self) -> None:
        inside = 0 < self.low <= min(self.open, self.close) and max(self.open, self.close) <= self.high
        if not (inside and self.high.is_finite()):
            raise DataError(
                f"bar {self.ts}: prices must be positive with low <= open, close <= high, were open {self.open}, "
                f"high {self.high}, low {self.low}, close {self.close}; repair or drop the bar"
            )
        if self.volume is not None and not (self.volume >= 0 and self.volume.is_finite()):
            raise DataError(f"bar {self.ts}: volume must be >= 0, or None where unknown, was {self.volume}")


def price_bars(bars: Bars) -> Iterator[PriceBar]:
    """Yield the bars one by one, each price as the decimal that its float64 prints.

    Parameters
    ----------
    bars : Bars
        As traded.

    Raises
    ------
    DataError
        If `bars` are adjusted: orders are filled at prices that were traded.
    """
    if bars.basis != "raw":
        raise DataError(
            f"{bars.symbol}: fills need prices as traded, these are {bars.basis}-adjusted; pass the raw bars"
        )
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    days = bars.ts.astype("datetime64[D]")
    ends = [*(days[1:] != days[:-1]).tolist(), True][: len(bars)]
    sessions = session_numbers(bars).tolist()
    rows = zip(bars.ts.tolist(), ends, sessions, *(column.tolist() for column in columns), strict=True)
    for ts, ends_session, session, *prices, volume in rows:
        opening, high, low, close = (exact(price) for price in prices)
        yield PriceBar(
            ts=ts,
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=None if math.isnan(volume) else exact(volume),
            ends_session=ends_session,
            session=session,
        )
