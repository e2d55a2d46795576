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
    """Return value at risk, expected shortfall (losses above 0) and the Rachev ratio at 95 %, with ranks."""
    quantile, worst, best = trailing_tails(sample.returns, WINDOW, SHARE, WINDOW * SHARE)
    columns = {
        "var_95": -quantile,
        "var_95_percentile": percentile_rank(-quantile),
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
