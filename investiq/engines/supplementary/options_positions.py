"""What is held and traded in options: put/call ratios, max pain, unusual activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import InsufficientDataError
from investiq.engines.supplementary.options_chains import Chains, first_in_group, sums_by_group
from investiq.history.instants import When
from investiq.history.records import Records

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Positions", "is_unusual", "max_pain", "positions", "unusual_activity"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

UNUSUAL_VOLUME: Final = 100
UNUSUAL_RATIO: Final = 2.0


class Positions(NamedTuple):
    """Of each snapshot; NaN where the source states nothing.

    `pain` and `pain_days` are of the nearest expiry: its max pain as a price, and the days left.
    """

    call_volume: FloatArray
    put_volume: FloatArray
    call_interest: FloatArray
    put_interest: FloatArray
    unusual: FloatArray
    pain: FloatArray
    pain_days: FloatArray


def positions(chains: Chains) -> Positions:
    """Return volume, open interest, unusual contracts and max pain of each snapshot."""
    count = chains.known.size

    def total(values: FloatArray, side: BoolArray) -> FloatArray:
        return sums_by_group(np.where(side, values, np.nan), chains.snapshots, count)

    unusual = is_unusual(chains.volume, chains.open_interest)
    states_both = np.isfinite(chains.volume) & np.isfinite(chains.open_interest)
    pains = max_pain(chains)
    nearest = first_in_group(np.arange(chains.years.size), chains.of_snapshot, count)
    return Positions(
        call_volume=total(chains.volume, chains.is_call),
        put_volume=total(chains.volume, ~chains.is_call),
        call_interest=total(chains.open_interest, chains.is_call),
        put_interest=total(chains.open_interest, ~chains.is_call),
        unusual=total(unusual.astype(float), states_both),
        pain=pains[nearest],
        pain_days=chains.years[nearest] * 365,
    )


def is_unusual(volume: FloatArray, open_interest: FloatArray) -> BoolArray:
    """Return the contracts that traded more than 100 times and more than twice what was open."""
    return (open_interest > 0) & (volume > UNUSUAL_VOLUME) & (volume > UNUSUAL_RATIO * open_interest)


def max_pain(chains: Chains) -> FloatArray:
    """Return, of each snapshot and expiry, the strike at which all open options together are worth least.

    The sum over calls of open interest times ``max(S - strike, 0)`` and over puts of
    open interest times ``max(strike - S, 0)``, S among the strikes; the lowest such
    strike. NaN without open interest.
    """
    strike, groups, count = chains.strike, chains.of_expiry, chains.years.size
    interest = np.nan_to_num(chains.open_interest)
    calls, puts = interest * chains.is_call, interest * ~chains.is_call
    starts = first_in_group(np.arange(strike.size), groups, count)

    def below(values: FloatArray) -> FloatArray:
        running = np.concatenate(([0.0], np.cumsum(values)))
        return running[1:] - running[starts][groups]

    def above(values: FloatArray) -> FloatArray:
        return np.bincount(groups, values, minlength=count)[groups] - below(values)

    # Contracts of the strike itself pay nothing, so it does not matter that sums include them in part.
    worth = strike * below(calls) - below(calls * strike) + above(puts * strike) - strike * above(puts)
    order = np.lexsort((strike, np.round(worth, 6), groups))
    best = first_in_group(np.arange(strike.size), groups[order], count)
    has_interest = np.bincount(groups, interest, minlength=count) > 0
    return np.where(has_interest, strike[order][best], np.nan)


def unusual_activity(options: Records, as_of: When | None = None, top: int = 10) -> pd.DataFrame:
    """Return the contracts of the newest snapshot that traded far more than was open.

    Parameters
    ----------
    options : Records
        Of the kind ``"options"``.
    as_of : datetime or str, optional
        The newest snapshot known then; by default the last.
    top : int, default 10
        Contracts to return at most.

    Returns
    -------
    DataFrame of shape (n_contracts, 8)
        `contract`, `contract_type`, `strike`, `expiration`, `volume`,
        `open_interest`, `ratio` (volume over open interest, more than 2) and
        `implied_volatility` as the source states it; the highest ratio first.
        Empty where nothing is unusual.

    Raises
    ------
    InsufficientDataError
        If no snapshot is known.
    """
    known = options.frame if as_of is None else options.until(as_of).frame
    if known.empty:
        raise InsufficientDataError(f"{options.name}: no option chain is known at {as_of}; pass a later as_of")
    newest = known[known["known_at"] == known["known_at"].max()]
    volume, interest = (newest[name].to_numpy(dtype=float) for name in ("volume", "open_interest"))
    found = newest[is_unusual(volume, interest)]
    table = found.assign(ratio=found["volume"] / found["open_interest"])
    columns = ["contract", "contract_type", "strike", "expiration", "volume", "open_interest", "ratio"]
    ordered: pd.DataFrame = table.sort_values(["ratio", "contract"], ascending=[False, True], kind="stable")
    return ordered[[*columns, "implied_volatility"]].head(top).reset_index(drop=True)
