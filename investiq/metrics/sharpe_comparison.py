"""Whether one Sharpe ratio exceeds another's, on the same dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics import formulas
from investiq.metrics.block_length import politis_white_block_length
from investiq.metrics.bootstrap import refuse_settings
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, paired
from investiq.metrics.options import whole
from investiq.metrics.regression import newey_west_lags
from investiq.metrics.resampling import key_of, over_threads

__all__ = ["SharpeDifference", "sharpe_difference"]

_LEAST: Final = 20


@dataclass(frozen=True)
class SharpeDifference(Readout):
    """Difference of two Sharpe ratios with its interval.

    Attributes
    ----------
    difference, low, high, standard_error : float
        Annual.
    p_value : float
        Two-sided, of no difference.
    confidence : float
    block : int
        Length of a circular block.
    observations : int
        Pairs of returns.
    """

    units: ClassVar[dict[str, Unit]] = {
        "difference": "ratio",
        "low": "ratio",
        "high": "ratio",
        "standard_error": "ratio",
        "p_value": "p_value",
        "confidence": "fraction",
        "block": "bars",
        "observations": "count",
    }
    difference: float
    low: float
    high: float
    standard_error: float
    p_value: float
    confidence: float
    block: int
    observations: int


def sharpe_difference(
    returns: Floats,
    benchmark: Floats,
    convention: Convention,
    *,
    confidence: float = 0.95,
    block: int | None = None,
    draws: int = 2_000,
    seed: int = 0,
) -> SharpeDifference:
    """Return how far the Sharpe ratio of `returns` lies above that of `benchmark` [1]_.

    A studentised circular block bootstrap of the pairs: the error of the sample
    is Newey and West's, that of a draw comes from the sums of its blocks, and
    the interval is symmetric.

    Parameters
    ----------
    returns, benchmark : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN; Series are joined
        by date.
    convention : Convention
        Ratios with population deviations (``ddof`` 0, as in the paper),
        annualised by ``sqrt(periods_per_year)``.
    confidence : float, default 0.95
    block : int, optional
        By default that of Politis and White for the series of which the
        difference is the mean, to first order. The paper calibrates it by a
        second bootstrap instead.
    draws : int, default 2000
    seed : int, default 0

    Raises
    ------
    ConfigError
        If a setting is out of range.
    DataError
        If a series holds NaN, or they have no date in common.
    InsufficientDataError
        If there are fewer than 20 pairs, a series never moves, or the two are
        one: their difference has no error.

    References
    ----------
    .. [1] Ledoit, O. and Wolf, M. (2008). "Robust performance hypothesis testing
       with the Sharpe ratio." Journal of Empirical Finance 15(5), 850-859.

    Examples
    --------
    >>> import investiq as iq
    >>> a, b = (iq.load_bars(each, start="2009").frame["close"].pct_change().iloc[1:] for each in ("^IXIC", "^GSPC"))
    >>> found = sharpe_difference(a, b, Convention(periods_per_year=252), draws=500)
    >>> round(found.difference, 2), found.low < 0 < found.high
    (0.17, True)
    """
    convention_of(convention)
    from investiq.metrics.bootstrap_kernels import difference_draws, hac_variance

    refuse_settings("studentized", confidence, draws)
    a, b = paired(returns, benchmark, least=_LEAST, purpose="a difference of Sharpe ratios")
    rate = convention.risk_free_per_period
    (one, one_influence), (other, other_influence) = (_ratio_and_influence(each, rate) for each in (a, b))
    influence = one_influence - other_influence
    size = a.size
    error = math.sqrt(hac_variance(influence, newey_west_lags(size)) / size)
    if error <= formulas.ROUNDING:
        raise InsufficientDataError("both series have the same Sharpe ratio by construction: there is nothing to test")
    # At most half of the pairs, so that a draw is more than one stretch of the past.
    length = _block(influence) if block is None else whole("block", block, 1, size // 2)

    key = key_of(seed)

    def run(first: int, estimates: FloatArray, errors: FloatArray) -> None:
        difference_draws(a, b, rate, float(length), key, first, estimates, errors)

    estimates, errors = np.empty(draws), np.empty(draws)
    over_threads(run, draws, 6 * size, estimates, errors)
    difference = one - other
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.abs(estimates - difference) / errors
    distances = distances[np.isfinite(distances)]
    if distances.size < draws / 2:
        raise InsufficientDataError(f"{draws - distances.size} of {draws:,} draws have no spread; pass more returns")
    reach = float(np.quantile(distances, confidence)) * error
    year = math.sqrt(convention.periods_per_year)
    beyond = int((distances >= abs(difference) / error).sum())
    return SharpeDifference(
        difference=difference * year,
        low=(difference - reach) * year,
        high=(difference + reach) * year,
        standard_error=error * year,
        p_value=(beyond + 1) / (distances.size + 1),
        confidence=confidence,
        block=length,
        observations=size,
    )


def _ratio_and_influence(values: FloatArray, risk_free: float) -> tuple[float, FloatArray]:
    """Return the Sharpe ratio with population moments, and what each return adds to it to first order."""
    mean = float(values.mean())
    spread = formulas.standard_deviation(values, mean, 0)
    ratio = formulas.sharpe(mean, spread, risk_free, 1.0)
    z = (values - mean) / spread
    return ratio, z - ratio / 2 * (z * z - 1)


def _block(influence: FloatArray) -> int:
    return min(max(1, math.ceil(politis_white_block_length(influence).circular)), influence.size // 4)
