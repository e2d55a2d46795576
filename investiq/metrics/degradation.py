"""How much of a result in sample is lost out of sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from investiq.core.errors import DataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import FloatArray, Floats, returns_of

__all__ = ["Degradation", "out_of_sample_degradation"]

# Customary: losing more than half of a result out of sample is the mark of a fitted rule.
HIGH: Final = 0.5
# Returns that differ by less than this share of the largest are one, but for rounding.
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Degradation(Readout):
    """Shares of results in sample that are lost out of sample: 0 is none, 1 all, below 0 a gain.

    Attributes
    ----------
    sharpe_ratio, win_rate, profit_factor : float
        ``(in - out) / |in|``; NaN where the reason is told in `reasons`.
    mean : float
        Of those that are defined; NaN if none is.
    is_high : bool
        Whether the mean is above 0.5.
    reasons : tuple of str
        Why values are missing.
    """

    units: ClassVar[dict[str, Unit]] = {
        "sharpe_ratio": "fraction",
        "win_rate": "fraction",
        "profit_factor": "fraction",
        "mean": "fraction",
    }
    sharpe_ratio: float
    win_rate: float
    profit_factor: float
    mean: float
    is_high: bool
    reasons: tuple[str, ...] = ()


def out_of_sample_degradation(in_sample: Floats, out_of_sample: Floats) -> Degradation:
    """Return how much Sharpe ratio, win rate and profit factor fall from one sample to another.

    Both samples are of one frequency, so the per-period Sharpe ratios compare
    as annual ones would. A share of a ratio that is itself no more than chance
    says nothing: the Sharpe ratio's is missing where the one in sample is within
    one standard error, ``sqrt((1 + SR^2 / 2) / n)`` [1]_, of zero.

    Parameters
    ----------
    in_sample, out_of_sample : ndarray or Series of shape (n_periods,)
        Simple returns per period, or per trade, as fractions.

    Returns
    -------
    Degradation

    Raises
    ------
    DataError
        If either holds NaN or infinite values, or does not look like returns.
    InsufficientDataError
        If either has fewer than 2 returns.

    References
    ----------
    .. [1] Lo, A. W. (2002). "The statistics of Sharpe ratios." Financial
       Analysts Journal 58(4), 36-52.

    Examples
    --------
    >>> found = out_of_sample_degradation(np.array([0.02, 0.03, -0.01]), np.array([0.02, -0.01, -0.01]))
    >>> round(found.win_rate, 3), round(found.profit_factor, 3), found.is_high
    (0.5, 0.8, True)
    """
    first = returns_of(in_sample, name="in-sample returns", least=2, purpose="degradation")
    second = returns_of(out_of_sample, name="out-of-sample returns", least=2, purpose="degradation")
    reasons: list[str] = []
    values = {}
    for name, found in (("Sharpe ratio", _sharpe), ("win rate", _win_rate), ("profit factor", _profit_factor)):
        try:
            inside, outside = found(first), found(second)
            if name == "Sharpe ratio":
                _refuse_chance(inside, first.size)
            values[name] = (inside - outside) / abs(_nonzero(inside))
        except DataError as reason:
            reasons.append(f"{name}: {reason}")
            values[name] = math.nan
    known = [value for value in values.values() if not math.isnan(value)]
    mean = math.fsum(known) / len(known) if known else math.nan
    return Degradation(
        sharpe_ratio=values["Sharpe ratio"],
        win_rate=values["win rate"],
        profit_factor=values["profit factor"],
        mean=mean,
        is_high=mean > HIGH,
        reasons=tuple(reasons),
    )


def _sharpe(returns: FloatArray) -> float:
    if np.ptp(returns) <= _NO_VARIANCE * np.abs(returns).max():
        raise DataError("a sample has no variance")
    return float(returns.mean() / returns.std(ddof=1))


def _win_rate(returns: FloatArray) -> float:
    return float((returns > 0).mean())


def _profit_factor(returns: FloatArray) -> float:
    lost = -float(returns[returns < 0].sum())
    if lost == 0:
        raise DataError("a sample has no loss, so the factor is infinite")
    return float(returns[returns > 0].sum()) / lost


def _refuse_chance(ratio: float, count: int) -> None:
    error = math.sqrt((1 + ratio * ratio / 2) / count)
    if abs(ratio) <= error:
        raise DataError(f"in sample it is {ratio:.4f} per period, within its standard error {error:.4f} of zero")


def _nonzero(value: float) -> float:
    if value == 0:
        raise DataError("in sample it is 0, of which nothing can be lost")
    return value
