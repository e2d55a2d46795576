"""The ends of the distribution and the falls, over the last 252 bars: for the risk panel, not for direction."""

from __future__ import annotations

from typing import Final

import numpy as np

from investiq.engines.quant.returns import Sample
from investiq.engines.quant.tail_kernel import trailing_falls, trailing_tails
from investiq.engines.quant.windows import after_first, quotient, trailing_sum, varies
from investiq.engines.rules import FloatArray
from investiq.engines.scoring import percentile_rank

__all__ = ["falls", "shape", "tails"]

WINDOW: Final = 252
SHARE: Final = 0.05


def tails(sample: Sample) -> dict[str, FloatArray]:
    """Return value at risk, expected shortfall (losses above 0) and the Rachev ratio at 95 %, with ranks.

    The value at risk comes with its backtest: how many of the last 252 returns fell
    below the one known a bar before, and Kupiec's p of that number.
    """
    quantile, worst, best = trailing_tails(sample.returns, WINDOW, SHARE, WINDOW * SHARE)
    # Of a return, the quantile before it; where there is none, no count of 252 is given.
    before = np.concatenate(([np.nan], quantile))[: quantile.size]
    exceeded = trailing_sum((sample.returns < before).astype(float), WINDOW)
    exceeded[: 2 * WINDOW - 1] = np.nan
    columns = {
        "var_95": -quantile,
        "var_95_percentile": percentile_rank(-quantile),
        "var_95_exceedances": exceeded,
        "var_95_kupiec_p": _kupiec_p(exceeded),
        "cvar_95": -worst,
        "cvar_95_percentile": percentile_rank(-worst),
        "rachev_ratio": quotient(best, -worst, worst < 0),
    }
    return {name: after_first(values) for name, values in columns.items()}


def falls(sample: Sample) -> dict[str, FloatArray]:
    """Return the deepest fall within 252 closes, where the last stands, for how long, and the rank of that."""
    deepest, current, bars = trailing_falls(sample.close, WINDOW)
    return {
        "max_drawdown": deepest,
        "drawdown": current,
        "drawdown_percentile": percentile_rank(-current),
        "drawdown_bars": bars,
    }


def shape(sample: Sample) -> dict[str, FloatArray]:
    """Return unbiased skewness and excess kurtosis of 252 returns (scipy's ``bias=False``)."""
    values, n = sample.returns, WINDOW
    mean = trailing_sum(values, n) / n
    second, third, fourth = (trailing_sum(values**power, n) / n for power in (2, 3, 4))
    variance = second - mean**2
    moves = varies(values, n) & (variance > 0)
    central3 = third - 3 * mean * second + 2 * mean**3
    central4 = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4
    skew = quotient(central3, np.maximum(variance, 0.0) ** 1.5, moves) * np.sqrt(n * (n - 1)) / (n - 2)
    excess = quotient(central4, variance**2, moves) - 3
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6)
    return {"skewness": after_first(skew), "excess_kurtosis": after_first(kurtosis)}


def _kupiec_p(exceeded: FloatArray) -> FloatArray:
    """Return the p of Kupiec's proportion of failures, as ``metrics.exceedances.kupiec_test``."""
    from scipy.special import chdtrc, xlogy

    missed = WINDOW - exceeded
    gain = xlogy(exceeded, exceeded / (WINDOW * SHARE)) + xlogy(missed, missed / (WINDOW * (1 - SHARE)))
    p_value: FloatArray = chdtrc(1, 2 * np.maximum(gain, 0.0))
    return p_value
