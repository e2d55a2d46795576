"""Option chains as arrays: contracts ordered by snapshot, expiry and strike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.joining import known_instants
from investiq.history.records import Records

__all__ = ["Chains", "Contracts", "chains_of", "contracts_of", "first_in_group", "sums_by_group"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# US options stop trading at 16:00 in New York, which is 20:00 UTC in summer and 21:00 in winter.
_EXPIRY_TIME: Final = np.timedelta64(20 * 60 + 30, "m")
_YEAR: Final = np.timedelta64(365, "D") / np.timedelta64(1, "us")


@dataclass(frozen=True, kw_only=True, eq=False)
class Chains:
    """Contracts of all snapshots, ordered by the snapshot's time, expiry, strike, puts first.

    Attributes
    ----------
    known : ndarray of datetime64[us], shape (n_snapshots,)
        Ascending.
    spot : ndarray of shape (n_snapshots,)
        Price of the underlying that the snapshot states, NaN where it states none.
    of_expiry : ndarray of int64, shape (n_contracts,)
        Which pair of snapshot and expiry each contract belongs to.
    of_snapshot : ndarray of int64, shape (n_expiries,)
        Which snapshot each such pair belongs to.
    years : ndarray of shape (n_expiries,)
        Time to expiry, in years of 365 days.
    strike, bid, ask, volume, open_interest, stated_volatility : ndarray of shape (n_contracts,)
    is_call : ndarray of bool, shape (n_contracts,)
    """

    known: NDArray[np.datetime64]
    spot: FloatArray
    of_expiry: IntArray
    of_snapshot: IntArray
    years: FloatArray
    strike: FloatArray
    bid: FloatArray
    ask: FloatArray
    volume: FloatArray
    open_interest: FloatArray
    stated_volatility: FloatArray
    is_call: BoolArray

    @cached_property
    def snapshots(self) -> IntArray:
        """Which snapshot each contract belongs to."""
        return self.of_snapshot[self.of_expiry]

    @cached_property
    def is_zero_bid(self) -> BoolArray:
        """Contracts that nobody bids for: their middle is no price."""
        return ~(self.bid > 0)

    @cached_property
    def middle(self) -> FloatArray:
        """The middle of bid and ask, NaN without a bid, or where the ask lies below it."""
        is_quoted = ~self.is_zero_bid & (self.ask >= self.bid)
        return np.where(is_quoted, (self.bid + self.ask) / 2, np.nan)


class Contracts(NamedTuple):
    """The columns of ``"options"`` records as arrays, in the order of the records."""

    taken: NDArray[np.datetime64]
    expires: NDArray[np.datetime64]
    is_call: BoolArray
    strike: FloatArray
    bid: FloatArray
    ask: FloatArray
    volume: FloatArray
    open_interest: FloatArray
    stated_volatility: FloatArray
    spot: FloatArray

    def digest(self) -> bytes:
        """Return a hash of the content."""
        content = hashlib.sha256()
        for values in self:
            content.update(values.tobytes())
        return content.digest()


def contracts_of(records: Records) -> Contracts:
    """Return the columns of ``"options"`` records."""
    frame = records.frame
    names = ("strike", "bid", "ask", "volume", "open_interest", "implied_volatility", "underlying_price")
    return Contracts(
        known_instants(records),
        frame["expiration"].dt.tz_convert(None).to_numpy("datetime64[us]"),
        (frame["contract_type"] == "call").to_numpy(dtype=bool),
        *(frame[name].to_numpy(dtype=float) for name in names),
    )


def chains_of(contracts: Contracts) -> Chains:
    """Return contracts as chains; those that have expired are left out."""
    left = (contracts.expires + _EXPIRY_TIME - contracts.taken).astype(float) / _YEAR
    order = np.lexsort((contracts.is_call, contracts.strike, contracts.expires, contracts.taken))
    order = order[(left[order] > 0) & (contracts.strike[order] > 0)]
    rows = Contracts._make(values[order] for values in contracts)
    starts_snapshot = _changes(rows.taken)
    starts_expiry = starts_snapshot | _changes(rows.expires)
    snapshots = np.cumsum(starts_snapshot) - 1
    return Chains(
        known=rows.taken[starts_snapshot],
        spot=rows.spot[starts_snapshot],
        of_expiry=np.cumsum(starts_expiry) - 1,
        of_snapshot=snapshots[starts_expiry],
        years=left[order][starts_expiry],
        strike=rows.strike,
        bid=rows.bid,
        ask=rows.ask,
        volume=rows.volume,
        open_interest=rows.open_interest,
        stated_volatility=rows.stated_volatility,
        is_call=rows.is_call,
    )


def sums_by_group(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Return the sum of the known values of each group; NaN where none is known."""
    known = np.isfinite(values)
    sums = np.bincount(groups[known], values[known], minlength=count)
    return np.where(np.bincount(groups[known], minlength=count) > 0, sums, np.nan)


def first_in_group(places: IntArray, groups: IntArray, count: int) -> IntArray:
    """Return, of ascending places, the first one of each group, -1 for a group without one."""
    found: IntArray = np.full(count, -1)
    found[groups[places[::-1]]] = places[::-1]
    return found


def _changes(values: NDArray[np.datetime64]) -> BoolArray:
    changes = np.ones(values.size, dtype=bool)
    changes[1:] = values[1:] != values[:-1]
    return changes
