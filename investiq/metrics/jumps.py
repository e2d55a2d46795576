"""Jumps: moves too large for the volatility around them, within a session and among days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.core.facts import Unit
from investiq.core.readout import Readout
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JumpDays", "JumpTest", "bipower_variation", "jump_days", "jump_test"]

# The mean of |z| and of |z|^(4/3) for a standard normal z.
_MEAN_ABSOLUTE: Final = math.sqrt(2 / math.pi)
_MEAN_FOUR_THIRDS: Final = 2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(1 / 2)
# Variance of the bipower estimate over that of the realised one, beyond the first: (pi / 2)^2 + pi - 5.
_BIPOWER_EXCESS: Final = (math.pi / 2) ** 2 + math.pi - 5
# The median absolute deviation of a normal is its standard deviation over this.
_MAD_TO_SD: Final = 1.4826022185056018
_FEWEST_IN_WINDOW: Final = 20
# A variance whose square, which the test divides by, still has all of its digits.
_LEAST_VARIANCE: Final = 1e-150


@dataclass(frozen=True, kw_only=True)
class JumpTest(Readout):
    """A test for jumps within one session.

    Attributes
    ----------
    realised_variance, bipower_variation : float
        Variance of the whole session with and without its jumps.
    jump_share : float
        Share of the realised variance that jumps make up, never below 0.
    statistic : float
        Standard normal without jumps.
    p_value : float
        One-sided: jumps only add variance.
    count : int
        Returns within the session.
    """

    units: ClassVar[dict[str, Unit]] = {
        "jump_share": "fraction",
        "statistic": "ratio",
        "p_value": "p_value",
        "count": "count",
    }
    realised_variance: float
    bipower_variation: float
    jump_share: float
    statistic: float
    p_value: float
    count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpDays(Readout):
    """Returns that stand out from the window before them.

    Attributes
    ----------
    table : DataFrame
        One row a return: `return`, `score` (robust standard deviations from the
        median of the window before; NaN until it is full, or where it has no
        spread), `is_jump`.
    count, judged : int
        Jumps, and returns that could be judged.
    share : float
        ``count / judged``; NaN if none could be.
    intensity : float
        Sum of the absolute returns of jumps over `judged`.
    window : int
    threshold : float
    """

    units: ClassVar[dict[str, Unit]] = {
        "count": "count",
        "judged": "count",
        "share": "fraction",
        "intensity": "fraction",
        "window": "bars",
    }
    table: pd.DataFrame
    count: int
    judged: int
    share: float
    intensity: float
    window: int
    threshold: float


def bipower_variation(returns: Floats) -> float:
    """Return the variance of one session with its jumps left out [1]_.

    ``(pi / 2) n / (n - 1) sum |r_i| |r_{i-1}|``: a jump meets a small
    neighbour, so it hardly counts, while the sum of squares counts it in full.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Intraday returns of one session (five minutes are usual), fractions,
        without NaN and without the return over night.

    Returns
    -------
    float
        Of the session, not annualised.

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than two.

    References
    ----------
    .. [1] Barndorff-Nielsen, O. and Shephard, N. (2004). "Power and bipower
       variation with stochastic volatility and jumps." Journal of Financial
       Econometrics 2(1), 1-37.

    Examples
    --------
    >>> calm = np.array([0.001, -0.001, 0.001, -0.001])
    >>> round(bipower_variation(calm) / 4e-6, 4)  # pi / 2 for equal sizes
    1.5708
    """
    sizes = np.abs(returns_of(returns, least=2, purpose="bipower variation"))
    count = sizes.size
    return float(sizes[1:] @ sizes[:-1] / _MEAN_ABSOLUTE**2 * count / (count - 1))


def jump_test(returns: Floats) -> JumpTest:
    """Test whether a session had jumps, by its realised and its bipower variation [1]_.

    The ratio statistic with tripower quarticity and its maximum adjustment,
    which holds its size best in small samples [2]_:
    ``(1 - BV/RV) / sqrt(((pi/2)^2 + pi - 5) max(1, TQ/BV^2) / n)``. In
    simulation 5.3 % of 78 returns of constant volatility are rejected at 5 %,
    but 10 % where volatility at the open and the close is three times that of
    noon: divide by the usual size of each time of day first.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Intraday returns of one session, as in `bipower_variation`.

    Returns
    -------
    JumpTest

    Raises
    ------
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than three returns, or no two neighbours that move.

    References
    ----------
    .. [1] Barndorff-Nielsen, O. and Shephard, N. (2006). "Econometrics of testing
       for jumps in financial economics using bipower variation." Journal of
       Financial Econometrics 4(1), 1-30.
    .. [2] Huang, X. and Tauchen, G. (2005). "The relative contribution of jumps to
       total price variance." Journal of Financial Econometrics 3(4), 456-499.

    Examples
    --------
    >>> session = np.random.default_rng(0).normal(0, 0.001, 78)
    >>> jump_test(session).p_value > 0.05
    True
    >>> session[40] += 0.02
    >>> jump_test(session).p_value < 0.001
    True
    """
    values = returns_of(returns, least=3, purpose="the test for jumps")
    count = values.size
    realised, bipower = float(values @ values), bipower_variation(values)
    if bipower < _LEAST_VARIANCE:
        raise InsufficientDataError(
            f"no two neighbouring returns move by enough: bipower variation is {bipower:.3g}; use longer intervals"
        )
    roots = np.abs(values) ** (4 / 3)
    tripower = float((roots[2:] * roots[1:-1] * roots[:-2]).sum())
    quarticity = count * _MEAN_FOUR_THIRDS**-3 * count / (count - 2) * tripower
    error = math.sqrt(_BIPOWER_EXCESS * max(1.0, quarticity / bipower**2) / count)
    statistic = (1 - bipower / realised) / error
    return JumpTest(
        realised_variance=realised,
        bipower_variation=bipower,
        jump_share=max(0.0, 1 - bipower / realised),
        statistic=statistic,
        p_value=0.5 * math.erfc(statistic / math.sqrt(2)),
        count=count,
    )


def jump_days(returns: Floats, window: int = 60, threshold: float = 3.0) -> JumpDays:
    """Return the days whose return stands out from the window before it.

    The score is ``(r - median) / (1.4826 MAD)`` of the `window` returns before:
    unlike the mean and the standard deviation, neither is moved by jumps in
    the window, and the day itself is not in it.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    window : int, default 60
        Returns before, at least 20.
    threshold : float, default 3.0
        Absolute score from which a return is a jump. Normal returns of a known
        scale reach 3 on 0.27 % of days; with fat tails and changing volatility
        the S&P 500 of the sample does on 3.5 %, and reaches 5 on 0.5 %.

    Returns
    -------
    JumpDays

    Raises
    ------
    ConfigError
        If `window` is below 20, or `threshold` is not positive.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are not more returns than `window`.

    Examples
    --------
    >>> returns = np.random.default_rng(0).normal(0, 0.01, 250)
    >>> returns[200] = -0.09
    >>> found = jump_days(returns, threshold=5)
    >>> found.table.index[found.table["is_jump"]].tolist(), found.judged
    ([200], 190)
    """
    import pandas as pd

    whole("window", window, _FEWEST_IN_WINDOW)
    if not threshold > 0:
        raise ConfigError(f"threshold must be positive, was {threshold}")
    values = returns_of(returns, least=window + 1, purpose="a search for jump days")
    score = np.full(values.size, np.nan)
    score[window:] = _robust_scores(values, window)
    is_jump = np.abs(score) >= threshold
    judged, count = int(np.isfinite(score).sum()), int(is_jump.sum())
    table = pd.DataFrame(
        {"return": values, "score": score, "is_jump": is_jump},
        index=getattr(returns, "index", None) if hasattr(returns, "iloc") else None,
    )
    return JumpDays(
        table=table,
        count=count,
        judged=judged,
        share=count / judged if judged else math.nan,
        intensity=float(np.abs(values[is_jump]).sum()) / judged if judged else math.nan,
        window=window,
        threshold=threshold,
    )


def _robust_scores(values: FloatArray, window: int) -> FloatArray:
    """Return the scores of the rows from `window` on; NaN where half of the window is one value."""
    before = np.lib.stride_tricks.sliding_window_view(values[:-1], window)
    middle = np.median(before, axis=1)
    spread = _MAD_TO_SD * np.median(np.abs(before - middle[:, np.newaxis]), axis=1)
    scores = np.full(middle.size, np.nan)
    np.divide(values[window:] - middle, spread, out=scores, where=spread > 0)
    return scores
