"""Intervals for a statistic of returns by resampling them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist
from typing import Final

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError, near_matches
from investiq.core.notes import Note, merge_notes
from investiq.metrics.bootstrap_result import BootstrapInterval, Method
from investiq.metrics.bootstrap_statistics import NAMES, Named, StatisticName, UserMade
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.inputs import FloatArray, Floats, returns_of
from investiq.metrics.options import whole
from investiq.metrics.origin import ends_of, frequency_notes, origin
from investiq.metrics.regression import newey_west_lags
from investiq.metrics.resampling import Scheme, block_of

__all__ = ["bootstrap_interval", "bootstrap_sharpe_interval"]

_NORMAL: Final = NormalDist()
_METHODS: Final = ("percentile", "studentized", "bca")
# Fewer values of the statistic than this have no 2.5 % quantile to speak of.
_LEAST_DRAWS: Final = 100


def bootstrap_interval(
    returns: Floats,
    statistic: StatisticName | Callable[[FloatArray], float] = "sharpe",
    *,
    convention: Convention | None = None,
    method: Method = "percentile",
    confidence: float = 0.95,
    scheme: Scheme = "stationary",
    block: float | None = None,
    draws: int = 2_000,
    seed: int = 0,
) -> BootstrapInterval:
    """Return the bootstrap interval of a statistic of returns, per period.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    statistic : {"mean", "volatility", "sharpe"} or callable
        A callable takes an array of shape (n_periods,) and returns a number.
    convention : Convention, optional
        Risk-free return of a period and `ddof` of the named statistics; by
        default 0 and 1. Nothing is annualised.
    method : {"percentile", "studentized", "bca"}
        ``"studentized"``: each draw's distance over its own HAC (Bartlett)
        standard error [1]_, for the named statistics. ``"bca"``: corrected for
        bias and acceleration [2]_, the latter from a jackknife that leaves out
        one block at a time.
    confidence : float, default 0.95
    scheme : {"stationary", "circular", "iid"}
        As `bootstrap_indices`.
    block : float, optional
        Length of a block; by default `optimal_block_length` of the returns.
    draws : int, default 2000
    seed : int, default 0

    Returns
    -------
    BootstrapInterval

    Raises
    ------
    ConfigError
        If a parameter is out of range, or a callable is to be studentized.
    DataError
        If `returns` holds NaN.
    InsufficientDataError
        If there are fewer than 10 returns (20 without a `block`), all are
        equal, fewer than 100 draws have the statistic, or it is undefined
        without one block, which ``"bca"`` needs.

    References
    ----------
    .. [1] Goetze, F. and Kuensch, H. R. (1996). "Second-order correctness of the
       blockwise bootstrap for stationary observations." Annals of Statistics
       24(5), 1914-1933.
    .. [2] Efron, B. (1987). "Better bootstrap confidence intervals." Journal of
       the American Statistical Association 82, 171-185.

    Examples
    --------
    >>> import investiq as iq
    >>> returns = iq.load_bars("^GSPC", start="2009").frame["close"].pct_change().iloc[1:]
    >>> found = bootstrap_interval(returns, "mean", draws=500)
    >>> found.low < found.estimate < found.high
    True
    >>> bootstrap_interval(returns, np.median, scheme="iid", draws=200).count
    2515
    """
    if convention is not None:
        convention_of(convention)
    values = returns_of(returns, least=10, purpose="a bootstrap interval")
    wanted = _statistic(statistic, convention)
    refuse_settings(method, confidence, draws)
    length = block_of(values, scheme, block, values.size)
    estimate = wanted.of(values)
    if not math.isfinite(estimate):
        raise InsufficientDataError(f"{wanted.words} of these {values.size} returns is {estimate}: it has no interval")
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    if method == "studentized":
        if isinstance(wanted, UserMade):
            raise ConfigError(
                f"a studentized interval needs a standard error, which {wanted.words} has none of; "
                f"pass method='percentile' or 'bca', or one of {', '.join(NAMES)}"
            )
        lags = newey_west_lags(values.size)
        found, errors = wanted.draws(values, scheme, length, draws, seed, lags)
        distances = (found - estimate) / np.where(errors > 0, errors, np.nan)
        far, near = np.quantile(_defined(wanted.words, distances), tails)
        error = wanted.error(values, lags)
        low, high = estimate - near * error, estimate - far * error
    else:
        found, _ = wanted.draws(values, scheme, length, draws, seed)
        if method == "bca":
            tails = _corrected(wanted, values, estimate, _defined(wanted.words, found), tails, round(length))
        low, high = np.quantile(_defined(wanted.words, found), tails)
    kept = _defined(wanted.words, found)
    return BootstrapInterval(
        name=wanted.words,
        unit=wanted.unit,
        estimate=estimate,
        low=float(low),
        high=float(high),
        standard_error=float(kept.std(ddof=1)),
        confidence=confidence,
        method=method,
        scheme=scheme,
        block=length,
        count=values.size,
        seed=int(seed),
        draws=kept,
        convention=wanted.convention,
        origin=origin(values, ends_of(returns)),
        notes=undefined_note(wanted.words, draws - kept.size, draws),
    )


def bootstrap_sharpe_interval(
    returns: Floats,
    convention: Convention,
    *,
    method: Method = "studentized",
    confidence: float = 0.95,
    scheme: Scheme = "stationary",
    block: float | None = None,
    draws: int = 2_000,
    seed: int = 0,
) -> BootstrapInterval:
    """Return the bootstrap interval of the annual Sharpe ratio.

    Parameters
    ----------
    returns : ndarray or Series of shape (n_periods,)
        Simple returns per period as fractions, without NaN.
    convention : Convention
        The interval is annualised by ``sqrt(periods_per_year)``.
    method, confidence, scheme, block, draws, seed
        As `bootstrap_interval`; studentised by default, as the Sharpe ratio's
        own error grows with the ratio and with fat tails.

    Raises
    ------
    ConfigError, DataError, InsufficientDataError
        As `bootstrap_interval`.

    Examples
    --------
    >>> import investiq as iq
    >>> returns = iq.load_bars("^GSPC", start="2009").frame["close"].pct_change().iloc[1:]
    >>> found = bootstrap_sharpe_interval(returns, Convention(periods_per_year=252))
    >>> round(found.estimate, 2), round(found.low, 1), round(found.high, 1)
    (0.68, 0.1, 1.2)
    """
    convention = convention_of(convention)
    found = bootstrap_interval(
        returns,
        "sharpe",
        convention=convention,
        method=method,
        confidence=confidence,
        scheme=scheme,
        block=block,
        draws=draws,
        seed=seed,
    )
    periods = convention.periods_per_year
    stated = (
        f"annual: {periods:g} periods a year, ddof {convention.ddof}, risk-free {convention.risk_free * 100:g} % a year"
    )
    noted = replace(found, notes=merge_notes(found.notes, frequency_notes(ends_of(returns), convention)))
    return noted.scaled(math.sqrt(periods), "ratio", stated)


def refuse_settings(method: str, confidence: float, draws: int) -> None:
    """Refuse a method, a level or a number of draws that no interval can be made of."""
    if method not in _METHODS:
        raise ConfigError(f"method must be 'percentile', 'studentized' or 'bca', was {method!r}")
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie in (0, 1), was {confidence}")
    whole("draws", draws, _LEAST_DRAWS)


def undefined_note(words: str, missing: int, draws: int) -> tuple[Note, ...]:
    """Return the note that some draws do not have the statistic, if so."""
    if not missing:
        return ()
    text = f"{missing} of {draws:,} draws have no {words} (no spread, or nothing to divide by) and are left out"
    return (Note(code="undefined_draws", text=text, rows=missing),)


def _statistic(
    statistic: StatisticName | Callable[[FloatArray], float], convention: Convention | None
) -> Named | UserMade:
    if callable(statistic):
        return UserMade(function=statistic)
    if statistic not in NAMES:
        raise ConfigError(
            f"statistic must be one of {', '.join(NAMES)} or a function of an array, was {statistic!r}"
            f"{near_matches(str(statistic), NAMES)}"
        )
    if convention is None:
        return Named(name=statistic, ddof=1, risk_free=0.0)
    return Named(name=statistic, ddof=convention.ddof, risk_free=convention.risk_free_per_period)


def _defined(words: str, found: FloatArray) -> FloatArray:
    kept = found[np.isfinite(found)]
    if kept.size < _LEAST_DRAWS:
        raise InsufficientDataError(
            f"only {kept.size} of {found.size:,} draws have a finite {words}, needs {_LEAST_DRAWS}; "
            "take more returns or more draws"
        )
    return kept


def _corrected(
    statistic: Named | UserMade,
    values: FloatArray,
    estimate: float,
    found: FloatArray,
    tails: tuple[float, float],
    block: int,
) -> tuple[float, float]:
    """Return the quantiles that correct for bias and acceleration."""
    below = float((found < estimate).mean())
    if not 0 < below < 1:
        raise InsufficientDataError(
            f"{below * 100:.0f} % of the draws lie below the estimate: their bias cannot be corrected; pass method='percentile'"
        )
    bias = _NORMAL.inv_cdf(below)
    edges = range(0, values.size - block + 1, block)
    try:
        left_out = np.array([statistic.of(np.concatenate((values[:edge], values[edge + block :]))) for edge in edges])
    except InsufficientDataError:
        left_out = np.array([math.nan])
    if not np.isfinite(left_out).all():
        raise InsufficientDataError(
            f"{statistic.words} is undefined once a block of {block} of the {values.size} returns is left out, so there is "
            "no acceleration; pass method='percentile' or more returns"
        )
    steps = left_out.mean() - left_out
    size = float((steps**2).sum()) ** 1.5
    acceleration = float((steps**3).sum()) / (6 * size) if size > 0 else 0.0
    shifted = (bias + _NORMAL.inv_cdf(each) for each in tails)
    low, high = (_NORMAL.cdf(bias + each / (1 - acceleration * each)) for each in shifted)
    return low, high
