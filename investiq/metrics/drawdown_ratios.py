"""Growth over what had to be sat through for it: ratios of an equity curve to its drawdowns."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics import formulas
from investiq.metrics.conventions import Convention, convention_of
from investiq.metrics.drawdown_risk import pain_of, ulcer_of
from investiq.metrics.drawdowns import depths, extent, max_drawdown
from investiq.metrics.growth import cagr, growth_of, stamps_for, total_return
from investiq.metrics.inputs import (
    FloatArray,
    Floats,
    InstantArray,
    Instants,
    equity_values,
    instants_of,
    opening_of_last,
)

__all__ = [
    "burke_ratio",
    "calmar_ratio",
    "mar_ratio",
    "martin_ratio",
    "pain_ratio",
    "recovery_factor",
    "sterling_ratio",
    "yearly_sterling_ratio",
]

# Kestner, L. (1996), "Getting a handle on true performance", Futures 25(1): Jones adds ten points to the mean drawdown.
STERLING_POINTS: Final = 0.10
STERLING_YEARS: Final = 3


def recovery_factor(equity: Floats) -> float:
    """Return the total return over the size of the deepest drawdown.

    Parameters
    ----------
    equity : ndarray or Series of shape (n_periods + 1,)
        Account value, opening point first, without NaN.

    Raises
    ------
    DataError
        If `equity` holds NaN, or opens at or below zero.
    InsufficientDataError
        If there are fewer than two points, or no drawdown.
    """
    return formulas.per_drawdown(total_return(equity), max_drawdown(equity))


def mar_ratio(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the growth rate over the size of the deepest drawdown, both since inception.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.
    """
    convention_of(convention)
    return formulas.per_drawdown(cagr(equity, convention, ts), max_drawdown(equity))


def calmar_ratio(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the growth rate over the size of the deepest drawdown, both of the last 36 months [1]_.

    The ratio since inception, often sold under this name, is `mar_ratio`.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`. The window of ``convention.calmar_months`` opens at the last
        point that is at least so old, and its first peak is there; where
        `growth` is ``"periods"`` it holds ``periods_per_year x months / 12``
        returns. Without months it is the `mar_ratio`.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If the history is shorter than the window, or the window has no drawdown.

    References
    ----------
    .. [1] Young, T. W. (1991). "Calmar ratio: a smoother tool." Futures 20(1), 40.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    stamps = stamps_for(equity, convention, ts)
    first = calmar_opening(values, stamps, convention)
    recent = values[first:]
    growth = growth_of(recent, None if stamps is None else stamps[first:], convention)
    return formulas.per_drawdown(growth, extent(recent).depth)


def calmar_opening(equity: FloatArray | InstantArray, stamps: InstantArray | None, convention: Convention) -> int:
    """Return the row at which the window of the Calmar ratio opens."""
    months = convention.calmar_months
    if months is None:
        return 0
    if stamps is not None:
        return opening_of_last(months, stamps)
    needed = round(convention.periods_per_year * months / 12)
    if equity.size - 1 < needed:
        raise InsufficientDataError(f"{months} months are {needed} returns, received {equity.size - 1}")
    return equity.size - 1 - needed


def pain_ratio(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the growth rate above the risk-free rate over the pain index [1]_.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`; `risk_free` and `drawdown_mean` are used too.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.

    References
    ----------
    .. [1] Becker, T. (2006). "The Zephyr Pain Index and Pain Ratio"; Bacon, C. (2008), "Practical
       Portfolio Performance Measurement and Attribution", 2nd ed., Wiley, 91.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    growth = growth_of(values, stamps_for(equity, convention, ts), convention)
    return formulas.per_drawdown(growth - convention.risk_free, -pain_of(values, convention))


def martin_ratio(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the growth rate above the risk-free rate over the Ulcer index [1]_.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`; `risk_free` and `drawdown_mean` are used too.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.

    References
    ----------
    .. [1] Martin, P. G. and McCann, B. B. (1989). "The Investor's Guide to
       Fidelity Funds", Wiley.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    growth = growth_of(values, stamps_for(equity, convention, ts), convention)
    return formulas.per_drawdown(growth - convention.risk_free, -ulcer_of(values, convention))


def burke_ratio(equity: Floats, convention: Convention, ts: Instants | None = None, *, worst: int = 3) -> float:
    """Return the growth rate above the risk-free rate over the root of the summed squares of the worst drawdowns [1]_.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`; `risk_free` is used too.
    worst : int, default 3
        How many of the deepest drawdowns count; all of them where there are fewer.

    Raises
    ------
    ConfigError
        If `worst` is below 1.
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.

    References
    ----------
    .. [1] Burke, G. (1994). "A sharper Sharpe ratio." Futures 23(3), 56.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    growth = growth_of(values, stamps_for(equity, convention, ts), convention)
    deepest = _deepest(values, worst)
    return formulas.per_drawdown(growth - convention.risk_free, -math.sqrt(float(deepest @ deepest)))


def sterling_ratio(equity: Floats, convention: Convention, ts: Instants | None = None, *, worst: int = 3) -> float:
    """Return the growth rate over the mean of the worst drawdowns plus ten points.

    The classic one, of the worst drawdown of each of three years, is
    `yearly_sterling_ratio`.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`.
    worst : int, default 3
        How many of the deepest drawdowns are averaged; all of them where there are fewer.

    Raises
    ------
    ConfigError
        If `worst` is below 1.
    DataError
        As `cagr`.
    InsufficientDataError
        If no time passes, or there is no drawdown.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    growth = growth_of(values, stamps_for(equity, convention, ts), convention)
    deepest = _deepest(values, worst)
    if not deepest.size:
        return formulas.per_drawdown(growth, 0.0)
    return growth / (float(deepest.mean()) + STERLING_POINTS)


def yearly_sterling_ratio(equity: Floats, convention: Convention, ts: Instants | None = None) -> float:
    """Return the growth rate over the mean of three years' worst drawdowns plus ten points [1]_.

    The last 36 months in three parts of twelve; the first peak of each part is
    its opening point, and the growth rate is that of the whole.

    Parameters
    ----------
    equity, convention, ts
        As `cagr`; the times are needed whatever `growth` is.

    Raises
    ------
    DataError
        As `cagr`.
    InsufficientDataError
        If the history is shorter than 36 months.

    References
    ----------
    .. [1] Kestner, L. N. (1996). "Getting a handle on true performance." Futures 25(1), 44-47.
    """
    convention_of(convention)
    values = equity_values(equity, least=2)
    stamps = instants_of(equity, ts)
    rows = [opening_of_last(12 * year, stamps) for year in range(STERLING_YEARS, 0, -1)] + [values.size - 1]
    growth = growth_of(values[rows[0] :], stamps[rows[0] :] if convention.growth == "calendar" else None, convention)
    if values[rows[-2]] <= 0:
        raise InsufficientDataError("nothing is left before the last year: its drawdown is undefined")
    worst = [extent(values[a : b + 1]).depth for a, b in pairwise(rows)]
    return growth / (-float(np.mean(worst)) + STERLING_POINTS)


def _deepest(equity: FloatArray, worst: int) -> FloatArray:
    """Return the sizes of the deepest drawdowns, the deepest first, without those of rounding only."""
    if worst < 1:
        raise ConfigError(f"worst must count at least one drawdown, was {worst}")
    sizes = -depths(equity)
    return np.sort(sizes[sizes > formulas.PEAK_ROUNDING])[::-1][:worst]
