"""The loaders: one call from a symbol to bars with a passport."""

from __future__ import annotations

from datetime import datetime

from investiq.core.errors import DataError, UnknownSymbolError, near_matches
from investiq.core.types import parse_interval
from investiq.history.bars import Bars
from investiq.market.vendors import sample

__all__ = ["load_bars"]


def load_bars(
    symbol: str,
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    *,
    interval: str = "1d",
    as_of: str | datetime | None = None,
) -> Bars:
    """Return the bars of `symbol` (to be completed: providers, files, synthetic)."""
    parse_interval(interval)
    if symbol in sample.RECORD_NAMES:
        raise DataError(
            f"{symbol!r} is a close-only series without open, high and low; use iq.load_records({symbol!r})"
        )
    if symbol not in sample.BAR_SYMBOLS:
        raise UnknownSymbolError(f"unknown symbol {symbol!r}{near_matches(symbol, sample.BAR_SYMBOLS)}")
    bars = sample.load(symbol)
    if as_of is not None:
        bars = bars.until(as_of)
    return bars.between(start, end)
