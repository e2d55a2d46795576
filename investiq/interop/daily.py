"""The account of a run at the end of each day, as libraries of daily returns want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["daily_returns", "last_of_day"]


def last_of_day(ts: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the row of the last label of each day in UTC.

    Examples
    --------
    >>> last_of_day(np.array(["2024-01-02T14:30", "2024-01-02T15:30", "2024-01-03T14:30"], dtype="datetime64[us]"))
    array([1, 2])
    """
    days = ts.astype("datetime64[D]")
    return np.flatnonzero(np.append(days[1:] != days[:-1], True))


def daily_returns(result: BacktestResult) -> pd.Series[float]:
    """Return the simple returns from day to day, the first from the opening capital; index of dates at 00:00 UTC."""
    import pandas as pd

    rows = last_of_day(result.prices.ts)
    equity = np.concatenate((result.account[:1], result.run.equity[rows]))
    index = pd.DatetimeIndex(result.prices.ts[rows].astype("datetime64[D]").astype("datetime64[us]"), tz="UTC")
    return pd.Series(equity[1:] / equity[:-1] - 1.0, index=index.rename("date"), name=result.strategy.name)
