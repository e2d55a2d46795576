"""Implied volatilities of constant maturity and moneyness, one set for each snapshot of an option chain."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.supplementary.options_chains import Chains, first_in_group

__all__ = ["Maturities", "constant_maturity"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# Only discounts here, since the forward comes from calls and puts: one point more moves a 30-day volatility by a thousandth of itself.
RATE: Final = 0.045
TARGET_YEARS: Final = 30 / 365
# Expiries that can surround 30 days, and those of which one alone may stand for it.
_NEAREST, _FARTHEST = 3 / 365, 120 / 365
_ALONE_FROM, _ALONE_TO = 15 / 365, 60 / 365
# Vendors write 0.00001 where they could not solve.
_LEAST_VOLATILITY, _MOST_VOLATILITY = 0.01, 5.0
_DELTA: Final = 0.25


class Maturities(NamedTuple):
    """Of each snapshot at 30 days: volatility at the money, of the put and the call of 25 delta; NaN where unknown.

    `quoted` counts contracts with a price, `solved` those whose volatility was solved here, `zero_bids` those without a bid.
    """

    at_the_money: FloatArray
    put: FloatArray
    call: FloatArray
    quoted: IntArray
    solved: IntArray
    zero_bids: IntArray


def constant_maturity(chains: Chains) -> Maturities:
    """Return volatilities at 30 days, from contracts out of the money with a bid.

    The forward of each expiry follows from the call and the put of the strike at
    which they differ least. Volatility is interpolated in log-moneyness to the
    forward, and in delta to 25 delta; over time in total variance. A volatility
    that the source states is taken as it is; where it states none, it is solved from
    the middle of bid and ask.
    """
    n_expiries, n_snapshots = chains.years.size, chains.known.size
    forward = _forwards(chains)[chains.of_expiry]
    years = chains.years[chains.of_expiry]
    in_reach = (years >= _NEAREST) & (years <= _FARTHEST)
    is_out = np.where(chains.is_call, chains.strike >= forward, chains.strike < forward)
    used = np.flatnonzero(in_reach & is_out & np.isfinite(chains.middle))
    volatility, is_solved = _volatilities(chains, used, forward[used], years[used])
    has = np.isfinite(volatility)
    used, volatility, is_solved = used[has], volatility[has], is_solved[has]

    groups, is_call = chains.of_expiry[used], chains.is_call[used]
    moneyness = np.log(chains.strike[used] / forward[used])
    delta = _delta(moneyness, volatility * np.sqrt(years[used]), is_call)
    middle = _crossing(moneyness, volatility, groups, 0.0, n_expiries)
    puts, calls = ~is_call, is_call
    # Over rising strikes the size of a put's delta rises and that of a call's falls.
    put = _crossing(-delta[puts], volatility[puts], groups[puts], _DELTA, n_expiries)
    call = _crossing(-delta[calls], volatility[calls], groups[calls], -_DELTA, n_expiries)

    def counted(rows: NDArray[Any]) -> IntArray:
        return np.bincount(chains.snapshots[rows], minlength=n_snapshots)

    return Maturities(
        at_the_money=_at_target(chains, middle, n_snapshots),
        put=_at_target(chains, put, n_snapshots),
        call=_at_target(chains, call, n_snapshots),
        quoted=counted(np.isfinite(chains.middle)),
        solved=counted(used[is_solved]),
        zero_bids=counted(chains.is_zero_bid),
    )


def _forwards(chains: Chains) -> FloatArray:
    """Return the forward of each expiry by put-call parity; from the spot and the rate without a pair of quotes."""
    strike, middle = chains.strike, chains.middle
    is_pair = (strike[1:] == strike[:-1]) & (chains.of_expiry[1:] == chains.of_expiry[:-1])
    is_pair &= chains.is_call[1:] & ~chains.is_call[:-1]
    gap = np.where(is_pair, middle[1:] - middle[:-1], np.nan)
    places = np.flatnonzero(np.isfinite(gap))
    groups = chains.of_expiry[:-1]
    nearest_first = places[np.lexsort((np.abs(gap[places]), groups[places]))]
    starts = np.flatnonzero(np.diff(groups[nearest_first], prepend=-1))
    chosen = nearest_first[starts]
    forward = chains.spot[chains.of_snapshot] * np.exp(RATE * chains.years)
    of = groups[chosen]
    forward[of] = strike[chosen] + gap[chosen] * np.exp(RATE * chains.years[of])
    return np.where(forward > 0, forward, np.nan)


def _volatilities(
    chains: Chains, used: IntArray, forward: FloatArray, years: FloatArray
) -> tuple[FloatArray, BoolArray]:
    from investiq.metrics.black_scholes import implied_volatility

    stated = chains.stated_volatility[used]
    is_solved = ~((stated >= _LEAST_VOLATILITY) & (stated <= _MOST_VOLATILITY))
    found = stated.copy()
    rows = used[is_solved]
    held = forward[is_solved] * np.exp(-RATE * years[is_solved])
    found[is_solved] = implied_volatility(
        chains.middle[rows], held, chains.strike[rows], years[is_solved], RATE, is_call=chains.is_call[rows]
    ).value
    return found, is_solved


def _delta(moneyness: FloatArray, deviation: FloatArray, is_call: BoolArray) -> FloatArray:
    from scipy.special import ndtr

    d1: FloatArray = -moneyness / deviation + deviation / 2
    delta: FloatArray = np.where(is_call, ndtr(d1), ndtr(d1) - 1)
    return delta


def _crossing(x: FloatArray, y: FloatArray, groups: IntArray, target: float, count: int) -> FloatArray:
    """Return `y` where `x`, rising within each group, passes `target`; NaN for a group in which it does not."""
    found = np.full(count, np.nan)
    lies_between = (groups[1:] == groups[:-1]) & (x[:-1] <= target) & (x[1:] > target)
    places = first_in_group(np.flatnonzero(lies_between), groups, count)
    has = places >= 0
    at = places[has]
    share = (target - x[at]) / (x[at + 1] - x[at])
    found[has] = y[at] + share * (y[at + 1] - y[at])
    return found


def _at_target(chains: Chains, volatility: FloatArray, count: int) -> FloatArray:
    """Return each snapshot's volatility at 30 days; of the nearest expiry where 30 days lie outside of them."""
    known = np.flatnonzero(np.isfinite(volatility))
    years, snapshots, sigma = chains.years[known], chains.of_snapshot[known], volatility[known]
    variance = _crossing(years, sigma**2 * years, snapshots, TARGET_YEARS, count)
    interpolated = np.sqrt(variance / TARGET_YEARS)
    is_near = (years >= _ALONE_FROM) & (years <= _ALONE_TO)
    nearest = np.flatnonzero(is_near)[np.argsort(np.abs(years[is_near] - TARGET_YEARS), kind="stable")]
    alone = np.full(count, np.nan)
    alone[snapshots[nearest[::-1]]] = sigma[nearest[::-1]]
    return np.where(np.isfinite(interpolated), interpolated, alone)
