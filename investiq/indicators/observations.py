"""Shared by every indicator: arrays in and out of pandas, windows checked, gaps left out.

The rule for gaps: an indicator is computed on the rows where all of its inputs
are finite, one after the other, and each value is put back at its own row; a row
with a missing input is NaN. So a hole never empties what follows, and `window`
counts observations, not calendar rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []

FloatArray = NDArray[np.float64]
SeriesOrArray = TypeVar("SeriesOrArray", "pd.Series[float]", FloatArray)

# The longest window that TA-Lib accepts.
LONGEST_WINDOW: Final = 100_000
# A deviation below this share of the mean is rounding, not movement.
ROUNDING: Final = 1e-12


class PriceArrays(Protocol):
    """High, low and close as arrays, as `Bars` has them."""

    @property
    def high(self) -> FloatArray: ...
    @property
    def low(self) -> FloatArray: ...
    @property
    def close(self) -> FloatArray: ...


def whole_window(window: Any, name: str = "window", minimum: int = 1) -> int:
    """Return `window` as an int, or refuse it."""
    is_whole = isinstance(window, Integral) and not isinstance(window, bool)
    if not is_whole or not minimum <= int(window) <= LONGEST_WINDOW:
        raise ConfigError(f"{name} must be a whole number of bars from {minimum} to {LONGEST_WINDOW:,}, was {window!r}")
    return int(window)


def column(values: Any, name: str = "close") -> FloatArray:
    """Return a Series or a one-dimensional array as contiguous float64."""
    if not isinstance(values, np.ndarray):
        if not hasattr(values, "to_numpy"):
            raise DataError(
                f"{name} must be a Series or a one-dimensional array, was {type(values).__name__}; "
                f"pass one price column, such as bars.adjusted().close or bars.adjusted().frame['close']"
            )
        values = values.to_numpy(dtype=float, na_value=np.nan)
    if values.ndim != 1:
        raise DataError(f"{name} must have shape (n_bars,), has {values.shape}; pass one column")
    return np.ascontiguousarray(values, dtype=np.float64)


def price_columns(bars: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return high, low and close of `Bars` or of a DataFrame."""
    missing = [name for name in ("high", "low", "close") if not hasattr(bars, name)]
    if missing:
        raise DataError(
            f"bars must be Bars or a DataFrame with high, low and close; {type(bars).__name__} lacks {', '.join(missing)}"
        )
    return column(bars.high, "high"), column(bars.low, "low"), column(bars.close, "close")


def over_observations(compute: Callable[..., tuple[FloatArray, ...]], *columns: FloatArray) -> tuple[FloatArray, ...]:
    """Run `compute` on the rows where every column is finite; the other rows are NaN."""
    finite = np.isfinite(columns[0])
    for each in columns[1:]:
        finite &= np.isfinite(each)
    if finite.all():
        return compute(*columns)
    results = compute(*(each[finite] for each in columns))
    spread = []
    for values in results:
        full = np.full(finite.size, np.nan)
        full[finite] = values
        spread.append(full)
    return tuple(spread)


def rolling_moments(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and population deviation of each trailing window, computed afresh in each.

    Running sums of squares, as TA-Lib's, lose the digits of a price that has
    fallen a lot since its first bar. A deviation within rounding is 0.
    """
    mean, deviation = np.full(values.size, np.nan), np.full(values.size, np.nan)
    if values.size >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window)
        mean[window - 1 :] = windows.mean(axis=1)
        deviation[window - 1 :] = windows.std(axis=1)
        deviation[deviation <= ROUNDING * np.abs(mean)] = 0.0
    return mean, deviation


def like_series(source: Any, values: FloatArray, name: str) -> Any:
    """Return `values` as an array if `source` is one, else as a Series on its index."""
    if isinstance(source, np.ndarray):
        return values
    import pandas as pd

    return pd.Series(values, index=source.index, name=name)


def like_frame(source: Any, columns: Sequence[FloatArray], kind: type[Any]) -> Any:
    """Return `columns` as the named tuple `kind` if `source` is an array, else as a DataFrame on its index."""
    if isinstance(source, np.ndarray):
        return kind(*columns)
    import pandas as pd

    return pd.DataFrame(dict(zip(kind._fields, columns, strict=True)), index=source.index)
