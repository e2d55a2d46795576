"""Why a series cannot be used: what was found in it, and what to pass instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []  # parts of `inputs`

# Prices: nearly all positive and large for a return. A simple return cannot lose more than everything.
_MOSTLY: Final = 0.95
_LARGE: Final = 0.5
WHOLE_LOSS: Final = -1.0 - 1e-9
# Of returns in percent, a fair part is beyond 1; of fractions almost none.
_PERCENT_SHARE: Final = 0.05


def refuse_other_kinds(name: str, data: Any) -> None:
    """Refuse what holds the series that is wanted, and say where it lies in it.

    Raises
    ------
    DataError
        If `data` is a table, bars, a result with returns, or a symbol.
    """
    if getattr(data, "ndim", None) == 1:
        return  # the labels of a Series may bear any name
    found = f"{name} must be a series of numbers, was {type(data).__name__}"
    if isinstance(data, str):
        raise DataError(
            f"{name} must be a series of returns, was the string {data!r}; pass the returns of bars you loaded"
        )
    if hasattr(data, "columns"):
        is_trades = "pnl" in data.columns or name in ("pnl", "trade_returns")
        column = "result.trades['pnl']" if is_trades else f"frame[{next(iter(data.columns), 'close')!r}]"
        raise DataError(f"{found}: pass one column, such as {column}")
    if hasattr(data, "adjusted"):
        raise DataError(f"{found}: pass returns, such as bars.adjusted().frame['close'].pct_change().iloc[1:]")
    if hasattr(data, "returns"):
        raise DataError(f"{found}: pass result.returns, with convention=iq.Convention(periods_per_year=252)")


def refuse_times_out_of_order(name: str, index: pd.Index) -> None:
    """Refuse an index that descends anywhere, or a time that comes twice.

    Raises
    ------
    DataError
        With the first such row. A time may come twice only where the labels are no times.
    """
    is_timed = getattr(index, "dtype", None) is not None and index.dtype.kind == "M"
    if index.is_monotonic_increasing and (not is_timed or index.is_unique):
        return
    if is_timed and not index.is_unique:
        row = int(np.argmax(index.duplicated()))
        raise DataError(
            f"{name} has the time {index[row]} twice, again at row {row}; drop the repeated rows, "
            f"such as with {name}[~{name}.index.duplicated()]"
        )
    labels = np.asarray(index)
    row = 1 + int(np.argmax(~(labels[1:] >= labels[:-1])))
    raise DataError(
        f"the index of {name} must ascend: row {row} ({index[row]}) comes before the row above it ({index[row - 1]}); "
        f"pass {name}.sort_index()"
    )


def missing_text(name: str, values: NDArray[np.float64], count: int, *, is_series: bool) -> str:
    """Return how many values are missing, where, and what to do."""
    is_missing = ~np.isfinite(values)
    infinite = int(np.count_nonzero(np.isinf(values)))
    kinds = (
        f"{infinite} infinite"
        if infinite == count
        else f"{count - infinite} NaN" + f" and {infinite} infinite" * bool(infinite)
    )
    if count == values.size:
        return f"{name} holds nothing but {kinds}: there is no return among {values.size}; pass another series"
    leading = int(np.argmin(is_missing))
    if leading == count:
        rows, they = ("row", "it") if leading == 1 else (f"{leading} rows", "them")
        cut = f"{name}{'.iloc' if is_series else ''}[{leading}:]"
        return f"{name} holds {kinds} of {values.size}, in the first {rows} (as pct_change leaves {they}); pass {cut}"
    where = int(np.argmax(is_missing))
    cause = "a price of zero?" if infinite else "a missing price is not a return of zero"
    return f"{name} holds {kinds} of {values.size}, the first at row {where}: {cause}; repair or drop them first"


def refuse_other_units(name: str, values: NDArray[np.float64]) -> None:
    """Refuse prices, percents and losses of more than everything; called where a value is beyond 100 %."""
    look, lose = ("look", "lose") if name.endswith("s") else ("looks", "loses")
    positive = int(np.count_nonzero(values > 0))
    largest, smallest = float(values.max()), float(values.min())
    if largest >= 1.0 and positive >= _MOSTLY * values.size and float(np.median(values)) > _LARGE:
        raise DataError(
            f"{name} {look} like prices or wealth: {positive} of {values.size} are positive and the largest is {largest:g}, "
            f"which would be a return of +{largest * 100:,.0f} %; pass prices.pct_change().iloc[1:]"
        )
    beyond = int(np.count_nonzero(np.abs(values) > 1.0))
    if smallest < WHOLE_LOSS:
        raise DataError(
            f"{name} {lose} more than everything: the lowest is {smallest:g}, a return of {smallest * 100:,.0f} %; "
            "percents are divided by 100 first, log returns passed through expm1, profits divided by the capital"
        )
    if values.size >= 1 / _PERCENT_SHARE and beyond > _PERCENT_SHARE * values.size:
        raise DataError(
            f"{name} {look} like percents: {beyond} of {values.size} are beyond +100 %, up to {largest:g}; "
            "pass fractions (0.01 is 1 %): divide by 100"
        )
