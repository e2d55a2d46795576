"""The prices of a run as one form for one symbol and for many: a row for each symbol, ascending."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from investiq.execution.scenario import Split
from investiq.history.bars import Bars
from investiq.history.panel import Panel

__all__ = ["PriceSheet", "carried"]

FloatArray = NDArray[np.float64]


def carried(values: FloatArray) -> FloatArray:
    """Return `values`, of shape (n_symbols, n_bars), with each gap filled by the last value before it; NaN before the first."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    last = np.where(missing, 0, np.arange(values.shape[1]))
    np.maximum.accumulate(last, axis=1, out=last)
    return np.take_along_axis(values, last, axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceSheet:
    """Prices as traded on the labels of a run; NaN where a symbol has no bar.

    Attributes
    ----------
    symbols : tuple of str
        Ascending, as the rows of a run are.
    ts : ndarray of datetime64[us], shape (n_bars,)
    open, high, low, close, volume, split_factor, total_factor : ndarray of shape (n_symbols, n_bars)
    """

    symbols: tuple[str, ...]
    ts: NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    split_factor: FloatArray
    total_factor: FloatArray

    @classmethod
    def of(cls, data: Bars | Panel) -> PriceSheet:
        """Return the prices of `data`."""
        names = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
        if isinstance(data, Bars):
            columns = {name: getattr(data, name)[np.newaxis, :] for name in names}
            return cls(symbols=(data.symbol,), ts=data.ts, **columns)
        symbols = tuple(sorted(data.symbols))
        if symbols == data.symbols:
            return cls(symbols=symbols, ts=data.ts, **{name: getattr(data, name) for name in names})
        rows = [data.symbols.index(symbol) for symbol in symbols]
        return cls(symbols=symbols, ts=data.ts, **{name: getattr(data, name)[rows] for name in names})

    @cached_property
    def marks(self) -> FloatArray:
        """The close, or the last one where a symbol has no bar."""
        return carried(self.close)

    @cached_property
    def last_marks(self) -> FloatArray:
        """The last close of each symbol, shape (n_symbols,)."""
        last = self.close[:, -1]
        return self.marks[:, -1] if np.isnan(last).any() else last

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """Where the split factor changes, in the order of time."""
        found = []
        factor = self.split_factor if np.all(self.split_factor == 1.0) else carried(self.split_factor)
        changed = (factor[:, 1:] != factor[:, :-1]) & ~np.isnan(factor[:, :-1])
        for row, bar in zip(*np.nonzero(changed), strict=True):
            ratio = float(factor[row, bar + 1] / factor[row, bar])
            # A factor is a product of ratios: its last digits are arithmetic.
            found.append(Split(bar=int(bar) + 1, ratio=float(f"{ratio:.12g}"), symbol=self.symbols[row]))
        return tuple(sorted(found, key=lambda split: split.bar))

    def returns(self) -> FloatArray:
        """Return total returns from close to close, shape (n_symbols, n_bars - 1); NaN where either close is missing."""
        adjusted = self.close * self.total_factor
        change: FloatArray = adjusted[:, 1:] / adjusted[:, :-1] - 1.0
        return change
