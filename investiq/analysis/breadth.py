"""Breadth: how many of many symbols take part in a move, at each session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.indicators.trend import ema, sma

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AVERAGES", "YEAR", "breadth_table", "new_extremes"]

FloatArray = NDArray[np.float64]
InstantArray = NDArray[np.datetime64]

# Windows in bars: of the two averages that breadth is counted against, and of a year.
AVERAGES: Final = (50, 200)
YEAR: Final = 252
# McClellan's two exponential averages, with smoothing factors 0.10 and 0.05; net advances in thousandths of those that moved.
_MCCLELLAN: Final = (19, 39)
_RATIO_ADJUSTED: Final = 1000.0


def breadth_table(
    ts: InstantArray, close: FloatArray, *, averages: tuple[int, int] = AVERAGES, year: int = YEAR
) -> pd.DataFrame:
    """Return the breadth of a group at each of its sessions.

    Parameters
    ----------
    ts : ndarray of datetime64, shape (n_sessions,)
        The sessions on which any symbol has a bar.
    close : ndarray of shape (n_symbols, n_sessions)
        Adjusted closes, NaN where a symbol has no bar.
    averages : (int, int), default (50, 200)
        Windows of the two moving averages, in a symbol's own bars.
    year : int, default 252
        Bars, the present one included, of which a new high is the highest close.

    Returns
    -------
    DataFrame
        Index `ts` (UTC). `members` with a bar; `advances`, `declines` and
        `unchanged` against the session before, of those with a bar on both;
        `above_short` and `above_long`, the share whose close is above its average,
        and `short_members`, `long_members` that have one; `new_highs`, `new_lows`
        and `year_members` that have a year of bars; `advance_decline_line`, the
        running sum of advances less declines; `mcclellan`, the ratio-adjusted
        oscillator in thousandths. A share of nobody is NaN.

    Examples
    --------
    >>> days = np.array(["2018-12-27", "2018-12-28"], dtype="datetime64[us]")
    >>> table = breadth_table(days, np.array([[10.0, 11.0], [10.0, 9.0], [5.0, 6.0]]), averages=(2, 2), year=2)
    >>> int(table["advances"].iloc[-1]), float(table["above_short"].iloc[-1].round(3))
    (2, 0.667)
    """
    import pandas as pd

    here = ~np.isnan(close)
    step = np.full(close.shape, np.nan)
    step[:, 1:] = np.sign(close[:, 1:] - close[:, :-1])
    advances, declines = (step > 0).sum(axis=0), (step < 0).sum(axis=0)
    columns: dict[str, NDArray[np.generic]] = {
        "members": here.sum(axis=0),
        "advances": advances,
        "declines": declines,
        "unchanged": (step == 0).sum(axis=0),
    }
    for name, window in zip(("short", "long"), averages, strict=True):
        average = np.asarray(sma(close, window))
        known = ~np.isnan(average)
        columns[f"{name}_members"] = known.sum(axis=0)
        columns[f"above_{name}"] = _share((close > average).sum(axis=0), known.sum(axis=0))
    highs, lows, known = new_extremes(close, year)
    columns |= {"new_highs": highs.sum(axis=0), "new_lows": lows.sum(axis=0), "year_members": known.sum(axis=0)}
    moved = advances + declines
    # The line is without a value until two sessions can be compared.
    compared = (~np.isnan(step)).any(axis=0)
    columns["advance_decline_line"] = np.where(compared, np.cumsum(advances - declines), np.nan)
    net = _RATIO_ADJUSTED * _share(advances - declines, moved)
    fast, slow = (np.asarray(ema(net, window)) for window in _MCCLELLAN)
    columns["mcclellan"] = fast - slow
    return pd.DataFrame(columns, index=pd.DatetimeIndex(ts, tz="UTC", name="ts"))


def new_extremes(close: FloatArray, year: int = YEAR) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where a close is above, and where below, every one of the ``year - 1`` closes before it.

    Returns
    -------
    highs, lows, known : ndarray of bool, shaped like `close`
        `known` where a symbol has `year` bars; nothing is new elsewhere.
    """
    import pandas as pd

    highs, lows, known = (np.zeros(close.shape, dtype=bool) for _ in range(3))
    for row, prices in enumerate(close):
        here = np.flatnonzero(~np.isnan(prices))
        own = pd.Series(prices[here])
        before = own.shift(1).rolling(year - 1)
        top, bottom = before.max().to_numpy(), before.min().to_numpy()
        known[row, here] = ~np.isnan(top)
        highs[row, here] = prices[here] > top
        lows[row, here] = prices[here] < bottom
    return highs, lows, known


def _share(part: NDArray[np.generic], whole: NDArray[np.generic]) -> FloatArray:
    found = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=found, where=np.asarray(whole) > 0)
    return found
