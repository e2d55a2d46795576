"""The table that a rule reads: prices and indicators on total-adjusted bars, one row per column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, near_matches
from investiq.strategies.base import Column

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["NAMES", "table"]

FloatArray = NDArray[np.float64]

NAMES: Final = ("open", "high", "low", "close", "sma", "highest_high", "lowest_low")


class _AdjustedPrices:
    """The prices of ``bars.adjusted("total")``, each computed when a column asks for it."""

    def __init__(self, bars: Bars) -> None:
        if bars.basis == "split":
            raise DataError(f"{bars.symbol}: a strategy takes raw or total-adjusted bars, these are split-adjusted")
        self._bars = bars

    def _adjusted(self, name: str) -> FloatArray:
        prices: FloatArray = getattr(self._bars, name)
        return prices if self._bars.basis == "total" else prices * self._bars.total_factor

    @cached_property
    def open(self) -> FloatArray:
        return self._adjusted("open")

    @cached_property
    def high(self) -> FloatArray:
        return self._adjusted("high")

    @cached_property
    def low(self) -> FloatArray:
        return self._adjusted("low")

    @cached_property
    def close(self) -> FloatArray:
        return self._adjusted("close")


def table(columns: Sequence[Column], bars: Bars) -> FloatArray:
    """Return the columns as a contiguous float64 array of shape (n_columns, n_bars).

    Parameters
    ----------
    columns : sequence of Column
        ``open``, ``high``, ``low``, ``close``; ``sma`` (window);
        ``highest_high`` (window) and ``lowest_low`` (window), both of the bars
        before the current one.
    bars : Bars
        Raw or total-adjusted.

    Returns
    -------
    ndarray
        Total-adjusted, NaN where a column has too few bars.

    Raises
    ------
    ConfigError
        If a column has an unknown name.
    DataError
        If the bars are split-adjusted.
    """
    prices = _AdjustedPrices(bars)
    rows = np.empty((len(columns), len(bars)))
    for row, column in enumerate(columns):
        rows[row] = _compute(column, prices)
    return rows


def _compute(column: Column, prices: _AdjustedPrices) -> FloatArray:
    match column:
        case Column("open" | "high" | "low" | "close" as name, ()):
            values: FloatArray = getattr(prices, name)
            return values
        case Column("sma", (window,)):
            from investiq.indicators.trend import sma

            return sma(prices.close, int(window))
        case Column("highest_high", (window,)):
            from investiq.indicators.levels import donchian

            return donchian(prices, int(window), exclude_current=True).upper
        case Column("lowest_low", (window,)):
            from investiq.indicators.levels import donchian

            return donchian(prices, int(window), exclude_current=True).lower
    raise ConfigError(
        f"no column is called {column.name!r} with {len(column.parameters)} parameter(s)"
        f"{near_matches(column.name, NAMES)}; known are {', '.join(NAMES)}"
    )
