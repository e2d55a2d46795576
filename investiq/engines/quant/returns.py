"""What the quant engine starts from: prices, returns, the risk-free rate, and the benchmark on the same dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.calendar import periods_per_year
from investiq.engines.joining import closes_on, known_counts, known_instants, series_of
from investiq.engines.rules import FloatArray
from investiq.history.bars import Bars
from investiq.history.history import History

__all__ = ["CONSTANT_RATE", "Sample", "sample_of", "simple_returns"]

# Annual, where the history holds no rate.
CONSTANT_RATE: Final = 0.045
# Yields of three-month Treasury bills in percent: FRED's constant maturity, and the 13-week index.
_RATE_NAMES: Final = ("DGS3MO", "^IRX")
_PERCENT: Final = 100.0


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
    rate, source = _risk_free(history, bars)
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


def _risk_free(history: History, bars: Bars) -> tuple[FloatArray, NDArray[np.str_]]:
    """Return the annual rate known at each row, and where it is from."""
    rate = np.full(len(bars), CONSTANT_RATE)
    source = np.full(len(bars), "constant", dtype="U8")
    for name in _RATE_NAMES:
        values, counts = _known_yields(history, bars, name)
        known = counts > 0
        if known.any():
            rate[known] = values[counts[known] - 1] / _PERCENT
            source[known] = name
            break
    return rate, source


def _known_yields(history: History, bars: Bars, name: str) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the newest yields in the order in which they became known, and how many were at each row."""
    if (records := history.tables.get(name)) is not None:
        frame = records.frame
        numbers = [each for each in frame.columns if frame[each].dtype.kind in "fiu"]
        values = frame[numbers[0]].to_numpy(dtype=float) if numbers else np.full(len(frame), np.nan)
        known = known_instants(records)
        order = np.argsort(known, kind="stable")
        order = order[np.isfinite(values[order])]
        # A day before one that is known already, such as an old one revised, is no news.
        days = records.labels[order].astype(np.int64)
        newest = order[days == np.maximum.accumulate(days)]
        return values[newest], known_counts(bars, known[newest])
    if name in history.series and name != history.symbol:
        series = history.series[name]
        return series.close, known_counts(bars, series.known_at)
    return np.empty(0), np.zeros(len(bars), dtype=np.int64)
