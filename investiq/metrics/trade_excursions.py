"""How far trades went against and in favour of their holder before they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.history.bars import Bars
from investiq.metrics.inputs import Floats, finite
from investiq.metrics.trade_times import bar_rows, check_order, plain_times

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["edge_ratio", "excursions"]

# The reason of an exit at the close of its bar, not within it.
_AT_LAST_CLOSE = "end_of_data"
_NEEDED = ("entry_ts", "entry_price", "exit_ts", "exit_price")


def excursions(trades: pd.DataFrame, bars: Bars) -> pd.DataFrame:
    """Return the maximum adverse and favourable excursion of each trade [1]_.

    The lows and highs of the bars from the entry bar to the bar before the exit,
    and the exit price itself: what else the exit bar did came after the exit,
    or cannot be known. A position sold at the last close, ``exit_reason``
    "end_of_data", was held through that bar. An entry within its bar may have
    come after the extreme.

    Parameters
    ----------
    trades : DataFrame
        With entry_ts, entry_price, exit_ts, exit_price (as traded), as
        ``result.trades``; an open trade has NaT and NaN, and is measured to the
        last bar. With a column quantity, a trade whose quantity is below zero
        is short: a rise is its adverse excursion. Without one all are long.
    bars : Bars
        The bars traded in.

    Returns
    -------
    DataFrame
        Index of `trades`; ``mae`` <= 0 and ``mfe`` >= 0, fractions of the entry
        price, splits undone, fees not counted.

    Raises
    ------
    DataError
        If a column is missing, the bars are adjusted, an entry price is not positive, a quantity is
        zero or NaN, an exit has a time or a price only, or a time labels no bar.
    InsufficientDataError
        If there is no trade.

    References
    ----------
    .. [1] Sweeney, J. (1996). "Maximum Adverse Excursion: Analyzing Price
       Fluctuations for Trading Management", Wiley.
    """
    import pandas as pd

    if missing := [name for name in _NEEDED if name not in trades.columns]:
        raise DataError(f"trades lack {', '.join(missing)}; pass result.trades or a table with {', '.join(_NEEDED)}")
    if bars.basis != "raw":
        raise DataError(
            f"{bars.symbol}: these bars are {bars.basis}-adjusted; trades are at prices as traded, pass the raw bars"
        )
    if trades.empty:
        raise InsufficientDataError("excursions need one trade, received 0")
    entry, leave = trades["entry_price"].to_numpy(dtype=float), trades["exit_price"].to_numpy(dtype=float)
    if not (entry > 0).all():
        raise DataError(f"entry_price must be above zero, the lowest is {entry.min():g}")
    is_short = _is_short(trades)
    exits = plain_times(trades["exit_ts"])
    if wrong := int(np.count_nonzero(np.isnat(exits) != np.isnan(leave))):
        raise DataError(f"{wrong} of {leave.size} trades have an exit_ts without an exit_price, or the reverse")
    first = bar_rows("entry_ts", plain_times(trades["entry_ts"]), bars.ts)
    is_open = np.isnat(exits)
    last = np.full(first.size, bars.ts.size, dtype=np.int64)
    last[~is_open] = bar_rows("exit_ts", exits[~is_open], bars.ts)
    check_order(first, last)

    held = last.copy()
    if "exit_reason" in trades.columns:
        held[(trades["exit_reason"] == _AT_LAST_CLOSE).to_numpy() & ~is_open] += 1
    factor = bars.split_factor
    low, high = bars.low * factor, bars.high * factor
    rows = []
    for row, (start, stop) in enumerate(zip(first.tolist(), held.tolist(), strict=True)):
        base = entry[row] * factor[start]
        end = [] if is_open[row] else [leave[row] * factor[last[row]]]
        worst, best = min([base, *low[start:stop], *end]) / base - 1, max([base, *high[start:stop], *end]) / base - 1
        rows.append((-best, -worst) if is_short[row] else (worst, best))
    # Adding 0.0 turns the -0.0 of a short trade that only fell into 0.0.
    return pd.DataFrame(rows, index=trades.index, columns=["mae", "mfe"]) + 0.0


def _is_short(trades: pd.DataFrame) -> NDArray[np.bool_]:
    if "quantity" not in trades.columns:
        return np.zeros(len(trades), dtype=np.bool_)
    quantity = trades["quantity"].to_numpy(dtype=float)
    if wrong := int(np.count_nonzero(~(np.abs(quantity) > 0))):
        raise DataError(
            f"quantity is zero or NaN in {wrong} of {quantity.size} trades; above zero is long, below short"
        )
    return quantity < 0


def edge_ratio(mfe: Floats, mae: Floats) -> float:
    """Return the mean favourable over the size of the mean adverse excursion [1]_.

    Parameters
    ----------
    mfe, mae : ndarray or Series of shape (n_trades,)
        Of `excursions`, in one unit: fractions of the entry price, or both
        divided by the average true range at the entry, as Faith does.

    Returns
    -------
    float
        Above 1 where trades went further the right way than the wrong one.

    Raises
    ------
    DataError
        If an input holds NaN or has the wrong sign, or the lengths differ.
    InsufficientDataError
        If there is no trade, or none ever went against its holder.

    References
    ----------
    .. [1] Faith, C. (2007). "Way of the Turtle", McGraw-Hill, ch. 5.

    Examples
    --------
    >>> round(edge_ratio(np.array([0.04, 0.02]), np.array([-0.01, -0.02])), 12)
    2.0
    """
    favourable, adverse = finite("mfe", mfe), finite("mae", mae)
    if favourable.size != adverse.size:
        raise DataError(f"mfe has {favourable.size} values and mae {adverse.size}; one of each per trade")
    if not favourable.size:
        raise InsufficientDataError("the edge ratio needs one trade, received 0")
    if favourable.min() < 0 or adverse.max() > 0:
        raise DataError("mfe must be >= 0 and mae <= 0; are they swapped?")
    if adverse.mean() == 0:
        raise InsufficientDataError(f"none of {adverse.size} trades went against its holder")
    return float(favourable.mean() / -adverse.mean())
