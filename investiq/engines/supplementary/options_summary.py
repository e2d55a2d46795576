"""What each snapshot of an option chain says, computed once for the same contracts."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.supplementary.options_chains import Chains, chains_of, contracts_of
from investiq.engines.supplementary.options_positions import positions
from investiq.engines.supplementary.options_volatility import constant_maturity
from investiq.history.records import Records

__all__ = ["ChainSummary", "summary_of"]

FloatArray = NDArray[np.float64]

# Solving is by far the dearest part, and one history is read by several topics and many times in a session.
_MOST_KEPT: Final = 64
_kept: OrderedDict[bytes, ChainSummary] = OrderedDict()


class ChainSummary:
    """Columns of numbers by snapshot, read-only.

    Attributes
    ----------
    known : ndarray of datetime64[us], shape (n_snapshots,)
        Ascending.
    columns : dict of str to ndarray of shape (n_snapshots,)
    """

    def __init__(self, known: NDArray[np.datetime64], columns: dict[str, FloatArray]) -> None:
        for array in (known, *columns.values()):
            array.flags.writeable = False
        self.known, self.columns = known, columns


def summary_of(records: Records) -> ChainSummary:
    """Return the summary of ``"options"`` records, kept by the content of the contracts."""
    contracts = contracts_of(records)
    key = contracts.digest()
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    found = _kept[key] = _summary(chains_of(contracts))
    if len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return found


def _summary(chains: Chains) -> ChainSummary:
    held, priced = positions(chains), constant_maturity(chains)
    columns = {
        "atm_iv": priced.at_the_money,
        "skew": priced.put - priced.call,
        "call_volume": held.call_volume,
        "put_volume": held.put_volume,
        "call_interest": held.call_interest,
        "put_interest": held.put_interest,
        "put_call_volume": _ratio(held.put_volume, held.call_volume),
        "put_call_interest": _ratio(held.put_interest, held.call_interest),
        "unusual": held.unusual,
        "max_pain": held.pain,
        "max_pain_days": held.pain_days,
        "quoted": priced.quoted.astype(float),
        "solved": priced.solved.astype(float),
        "zero_bids": priced.zero_bids.astype(float),
    }
    return ChainSummary(chains.known, columns)


def _ratio(puts: FloatArray, calls: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(puts, calls, out=np.full(puts.shape, np.nan), where=calls > 0)
    return ratio
