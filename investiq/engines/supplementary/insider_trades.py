"""Insiders' trades of Form 4 that tell something: purchases and sales in the open market, by person and day."""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.engines.joining import known_instants
from investiq.history.records import Records

__all__ = ["InsiderTrades", "trades_of"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Form 4: only these are decisions to buy or sell. A, M, F, G, D are awards, exercises, taxes, gifts, returns to the issuer.
PURCHASE, SALE = "P", "S"
# Weights by title: the first pattern that fits counts.
_TITLES: Final = (
    (r"\b(?:ceo|cfo|chair|chairman|chairwoman|chairperson|chief executive|chief financial)\b", 3.0),
    (r"\b(?:officer|president|vp|evp|svp|chief|coo|cto|treasurer|secretary|counsel|controller)\b", 2.0),
    (r"\bdirector\b", 1.5),
    (r"10\s?%|\bten percent|\bowner\b", 0.5),
)
_OTHER_TITLE: Final = 1.0
_EXECUTIVE: Final = r"\b(?:ceo|cfo|coo|chief|chair|chairman|chairwoman|chairperson)\b|(?<!vice )(?<!vice-)\bpresident\b"
# A trade in the same month of three years before is a habit (Cohen, Malloy and Pomorski 2012).
_HABIT_YEARS: Final = 3


class InsiderTrades(NamedTuple):
    """One row a person, day and filing, in the order in which they became known.

    Attributes
    ----------
    known : ndarray of datetime64[us], shape (n_trades,)
    person : ndarray of int64, shape (n_trades,)
    value : ndarray of shape (n_trades,)
        Bought less sold, in money; NaN where a price is missing.
    weight : ndarray of shape (n_trades,)
        By title: 3 CEO, CFO or chair, 2 other officer, 1.5 director, 0.5 owner of 10 %, 1 other.
    is_purchase, is_executive : ndarray of bool, shape (n_trades,)
    """

    known: NDArray[np.datetime64]
    person: NDArray[np.int64]
    value: FloatArray
    weight: FloatArray
    is_purchase: BoolArray
    is_executive: BoolArray


def trades_of(records: Records) -> InsiderTrades:
    """Return the purchases and sales of ``"insiders"`` records that follow no plan and no habit.

    Left out are other codes, trades under a 10b5-1 plan, days on which a person's
    purchases and sales cancel, and trades in a month in which the same person
    traded in each of the three years before.
    """
    frame = records.frame
    codes, planned, names, titles = (
        np.array(frame[column].tolist(), dtype=object) for column in ("code", "is_planned", "name", "title")
    )
    rows = ((codes == PURCHASE) | (codes == SALE)) & (planned != "true")
    known, days = known_instants(records)[rows], records.labels[rows].astype("datetime64[D]")
    shares, price, worth = (frame[column].to_numpy(dtype=float)[rows] for column in ("shares", "price", "value"))
    worth = np.where(worth > 0, worth, shares * price)
    sign = np.where(codes[rows] == PURCHASE, 1.0, -1.0)
    _, person = np.unique(names[rows].astype(str), return_inverse=True)
    roles = np.array([_role(str(title)) for title in titles[rows]], dtype=float).reshape(-1, 2)

    order = np.lexsort((person, days, known))
    starts = np.ones(order.size, dtype=bool)
    starts[1:] = (
        (np.diff(known[order]).astype(np.int64) != 0)
        | (np.diff(days[order]).astype(np.int64) != 0)
        | (np.diff(person[order]) != 0)
    )
    begin = np.flatnonzero(starts)
    first = order[begin]
    if not begin.size:
        return InsiderTrades(known, person, worth, worth, sign > 0, sign > 0)
    net_shares, net_value = (np.add.reduceat((sign * values)[order], begin) for values in (shares, worth))
    tells = (net_shares != 0) & ~_is_habit(known[first], person[first], days[first])
    first = first[tells]
    return InsiderTrades(
        known[first],
        person[first],
        net_value[tells],
        roles[first, 0],
        net_shares[tells] > 0,
        roles[first, 1] > 0,
    )


@functools.lru_cache(maxsize=4096)
def _role(title: str) -> tuple[float, bool]:
    """Return the weight of a title, and whether it is an executive's."""
    words = title.lower()
    weight = next((weight for pattern, weight in _TITLES if re.search(pattern, words)), _OTHER_TITLE)
    return weight, re.search(_EXECUTIVE, words) is not None


def _is_habit(known: NDArray[np.datetime64], person: NDArray[np.int64], days: NDArray[np.datetime64]) -> BoolArray:
    """Return the trades, ordered by `known`, in a month in which the person is known to have traded three years running."""
    key = person * 100_000 + days.astype("datetime64[M]").astype(np.int64)
    keys, first = np.unique(key, return_index=True)
    is_habit = np.ones(key.size, dtype=bool)
    for years_back in range(1, _HABIT_YEARS + 1):
        earlier = key - 12 * years_back
        place = np.minimum(np.searchsorted(keys, earlier), keys.size - 1)
        is_habit &= (keys[place] == earlier) & (known[first[place]] <= known)
    return is_habit
