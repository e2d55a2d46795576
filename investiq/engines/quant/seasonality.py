"""Calendar months: their returns, and what the present month of the year has brought before."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.quant.returns import Sample
from investiq.engines.quant.windows import hold, period_starts
from investiq.engines.rules import FloatArray
from investiq.metrics.regression import newey_west_lags

__all__ = ["Months", "months_of", "seasonality"]

FEWEST_FOR_AVERAGE: Final = 5
FEWEST_FOR_TEST: Final = 10


class Months(NamedTuple):
    """Completed calendar months with the month before them: number since 1970, return, and the row that followed."""

    number: NDArray[np.int64]
    returns: FloatArray
    known_row: NDArray[np.int64]


def months_of(close: FloatArray, number: NDArray[np.int64]) -> Months:
    """Return the months whose first and last session are in the bars; the first one, cut short, is not."""
    starts = period_starts(number, "month")
    ends = starts - 1
    # From end to end; a month of which the one before has no bar has no return of its own.
    follows = np.diff(number[ends]) == 1
    returns = close[ends[1:]] / close[ends[:-1]] - 1
    return Months(number[ends[1:]][follows], returns[follows], starts[1:][follows])


def seasonality(sample: Sample) -> dict[str, FloatArray]:
    """Return the average return of the present calendar month in the years before, its Newey-West t and p.

    The average from 5 years on, t and p from 10 years on; the p, of Student's t, is
    of one month of the year: divide 5 % by 12 before it is believed.
    """
    months = months_of(sample.close, sample.months)
    starts = period_starts(sample.months, "month")
    present = sample.months[starts]
    found = np.full((3, starts.size), np.nan)
    for calendar in range(12):
        past = months.returns[months.number % 12 == calendar]
        at = np.flatnonzero(present % 12 == calendar)
        counts = np.searchsorted(months.number[months.number % 12 == calendar], present[at])
        for column, count in zip(at.tolist(), counts.tolist(), strict=True):
            if count >= FEWEST_FOR_AVERAGE:
                found[0, column] = past[:count].mean()
            if count >= FEWEST_FOR_TEST:
                found[1:, column] = _test(past[:count])
    names = ("seasonality_avg_return", "seasonality_t", "seasonality_p")
    return {name: hold(found[row], starts, sample.rows) for row, name in enumerate(names)}


def _test(values: FloatArray) -> tuple[float, float]:
    """Return t and two-sided p of a mean of 0, errors of Newey and West with the factor n / (n - 1)."""
    from scipy.special import stdtr

    count = values.size
    apart = values - values.mean()
    total = float(apart @ apart)
    lags = newey_west_lags(count)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(apart[lag:] @ apart[:-lag])
    if total <= 1e-24:
        return math.nan, math.nan
    t = float(values.mean()) / math.sqrt(total / count / (count - 1))
    return t, 2 * float(stdtr(count - 1, -abs(t)))
