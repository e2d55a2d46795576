"""Floor-trader pivots: levels for today from the session before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from investiq.indicators.observations import (
    FloatArray,
    PriceArrays,
    like_frame,
    over_observations,
    price_columns,
)
from investiq.indicators.session_days import same_for_all, session_days

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["floor_pivots"]


class Pivots(NamedTuple):
    """What `floor_pivots` returns for arrays, each of shape (n_bars,)."""

    pivot: FloatArray
    r1: FloatArray
    r2: FloatArray
    r3: FloatArray
    s1: FloatArray
    s2: FloatArray
    s3: FloatArray


@overload
def floor_pivots(bars: pd.DataFrame, calendar: str | None = None) -> pd.DataFrame: ...
@overload
def floor_pivots(bars: PriceArrays, calendar: str | None = None) -> Pivots: ...
def floor_pivots(bars: Any, calendar: str | None = None) -> Any:
    """Return the floor traders' pivot and its three resistances and supports, from the previous completed session.

    With high H, low L and close C of the session before: ``P = (H + L + C) / 3``;
    ``R1 = 2 P - L``, ``S1 = 2 P - H``; ``R2, S2 = P +- (H - L)``;
    ``R3 = H + 2 (P - L)``, ``S3 = L - 2 (H - P)``.

    Parameters
    ----------
    bars : Bars, Panel, or DataFrame with high, low and close
        Adjusted. Daily or longer: the session before is the bar before. Intraday:
        all bars of the date before on the exchange's clock, so load regular hours
        only. A row with a missing price is left out and is NaN itself.
    calendar : str, optional
        Exchange calendar such as ``"XNYS"``, for an intraday DataFrame or Panel
        whose index is in UTC; `Bars` know theirs.

    Returns
    -------
    pivot, r1, r2, r3, s1, s2, s3 : columns of a DataFrame for a DataFrame, arrays for `Bars`
        In the unit of the prices; the same for all bars of a session. NaN in the
        first session.

    Raises
    ------
    DataError
        If `bars` has no high, low and close, or is an intraday frame without `calendar`.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"high": [12.0, 13.0], "low": [9.0, 11.0], "close": [12.0, 12.0]})
    >>> floor_pivots(bars).iloc[-1].to_list()
    [11.0, 13.0, 14.0, 16.0, 10.0, 8.0, 7.0]
    """
    columns = price_columns(bars)
    days = session_days(bars, calendar)
    if days is None:
        days = np.arange(columns[0].shape[-1], dtype=np.float64)

    def levels(high: FloatArray, low: FloatArray, close: FloatArray, day: FloatArray) -> tuple[FloatArray, ...]:
        highest, lowest, last = _session_before(high, low, close, day)
        pivot = (highest + lowest + last) / 3
        spread = highest - lowest
        return (
            pivot,
            2 * pivot - lowest,
            pivot + spread,
            highest + 2 * (pivot - lowest),
            2 * pivot - highest,
            pivot - spread,
            lowest - 2 * (highest - pivot),
        )

    return like_frame(bars.close, over_observations(levels, *columns, same_for_all(days, columns[0])), Pivots)


def _session_before(
    high: FloatArray, low: FloatArray, close: FloatArray, day: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return high, low and close of the session before that of each row, NaN in the first session."""
    if not day.size:
        return high, low, close
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    ends = np.append(starts[1:], day.size) - 1
    sessions = (np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts), close[ends])
    lengths = ends - starts + 1
    before = (np.repeat(np.append(np.nan, prices[:-1]), lengths) for prices in sessions)
    return next(before), next(before), next(before)
