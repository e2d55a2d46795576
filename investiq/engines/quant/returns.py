"""What the quant engine starts from: prices, returns, the risk-free rate, and the benchmark on the same dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from investiq.core.calendar import periods_per_year
from investiq.engines.joining import closes_on, series_of
from investiq.engines.risk_free import known_risk_free
from investiq.engines.rules import FloatArray
from investiq.history.history import History

__all__ = ["Sample", "sample_of", "simple_returns"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Arrays of one history, by row of the main symbol's bars.

    Attributes
    ----------
    close : ndarray of shape (n_bars,)
        Total-adjusted.
    returns, excess : ndarray of shape (n_bars - 1,)
        Simple returns, and less the risk-free return of a period.
    rate : ndarray of shape (n_bars,)
        Annual risk-free rate known at each row.
    rate_source : ndarray of str, shape (n_bars,)
    periods_per_year : float
    months : ndarray of int, shape (n_bars,)
        Months since January 1970.
    benchmark_close : ndarray of shape (n_bars,)
        NaN without one.
    benchmark_name : str
        Empty without one; ``"itself"`` where the main symbol is its own.
    """

    close: FloatArray
    returns: FloatArray
    excess: FloatArray
    rate: FloatArray
    rate_source: NDArray[np.str_]
    periods_per_year: float
    months: NDArray[np.int64]
    benchmark_close: FloatArray
    benchmark_name: str

    @property
    def rows(self) -> int:
        """Bars."""
        return self.close.size


def sample_of(history: History) -> Sample:
    """Return what the topics of the engine compute from."""
    bars = history.bars()
    close = bars.adjusted("total").close
    years = periods_per_year(bars.interval, bars.passport.calendar)
    rate, source = known_risk_free(history)
    returns = simple_returns(close)
    market = series_of(history, "market")
    is_own = history.benchmark == history.symbol
    return Sample(
        close=close,
        returns=returns,
        excess=returns - rate[1:] / years,
        rate=rate,
        rate_source=source,
        periods_per_year=years,
        months=bars.ts.astype("datetime64[M]").astype(np.int64),
        benchmark_close=np.full(close.size, np.nan) if market is None else closes_on(bars, market),
        benchmark_name="itself" if is_own else market.symbol if market is not None else "",
    )


def simple_returns(close: FloatArray) -> FloatArray:
    """Return ``close[t] / close[t - 1] - 1``, shape (n - 1,).

    Examples
    --------
    >>> simple_returns(np.array([100.0, 110.0, 99.0])).round(6)
    array([ 0.1, -0.1])
    """
    moves: FloatArray = close[1:] / close[:-1] - 1
    return moves
