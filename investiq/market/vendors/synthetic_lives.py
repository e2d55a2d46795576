"""Synthetic shares that are listed late or die: a universe in which survivorship bias has a known cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar

__all__ = ["NUMBERS", "Ending", "Life", "lives", "planted_returns"]

Ending = Literal["listed", "failed", "acquired"]

# How many stay throughout, come later, fail, and are acquired, in the order of their numbers.
_STAY, _COME, _FAIL, _BOUGHT = 16, 8, 12, 4
NUMBERS: Final = range(201, 201 + _STAY + _COME + _FAIL + _BOUGHT)
# Total log return that a failing share loses evenly over its last year: exp(-2.5) leaves 8 %. What holders are paid after
# the last bar is not modelled.
_DECLINE: Final = -2.5
_DECLINE_SESSIONS: Final = 250
# A bid a quarter above the price, told 40 sessions before the last one: log(1.25).
_PREMIUM: Final = 0.2231435513142097
_BID_SESSIONS: Final = 40
# A failing share's last session is announced so many sessions before.
_NOTICE_SESSIONS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Life:
    """When a share was listed, and how it ended.

    Attributes
    ----------
    first_row, last_row : int
        Of the sessions of 2010-2019: its first and last bar.
    first, last : date
        The same as session dates.
    ending : {"listed", "failed", "acquired"}
        A ``"listed"`` share goes on past the end of the data.
    announced : date
        Session on which the end became known; of a listed one, its first.
    """

    first_row: int
    last_row: int
    first: date
    last: date
    ending: Ending
    announced: date

    @property
    def sentence(self) -> str:
        """How it ended, in words; empty for a share that is still listed."""
        words = {"listed": "", "failed": "delisted after a failure", "acquired": "acquired and delisted"}[self.ending]
        return f"{words}, last session {self.last}, announced {self.announced}" if words else ""


@lru_cache(maxsize=4)
def lives(first: date, last: date) -> Mapping[str, Life]:
    """Return the life of each share of `NUMBERS` within the sessions of [first, last]."""
    dates = calendar.session_dates("XNYS", np.datetime64(first), np.datetime64(last))
    sessions: list[date] = dates.astype("datetime64[D]").astype(object).tolist()
    found = {}
    for row, number in enumerate(NUMBERS):
        begins, ends, notice, ending = _plan(row, len(sessions) - 1)
        found[f"SYN{number}"] = Life(
            first_row=begins,
            last_row=ends,
            first=sessions[begins],
            last=sessions[ends],
            ending=ending,
            announced=sessions[begins if ending == "listed" else ends - notice],
        )
    return MappingProxyType(found)


def _plan(row: int, final: int) -> tuple[int, int, int, Ending]:
    """Return first and last row, sessions of notice, and the ending of share number `row`."""
    if row < _STAY:
        return 0, final, 0, "listed"
    if (late := row - _STAY) < _COME:
        return 220 + 250 * late, final, 0, "listed"
    if (failing := late - _COME) < _FAIL:
        return 0, 330 + 180 * failing, _NOTICE_SESSIONS, "failed"
    return 0, final - 300 - 500 * (failing - _FAIL), _BID_SESSIONS, "acquired"


def planted_returns(life: Life, count: int) -> NDArray[np.float64]:
    """Return the log returns that its end adds to each of `count` sessions: the known truth about it."""
    planted = np.zeros(count)
    if life.ending == "failed":
        planted[life.last_row + 1 - _DECLINE_SESSIONS : life.last_row + 1] = _DECLINE / _DECLINE_SESSIONS
    if life.ending == "acquired":
        planted[life.last_row - _BID_SESSIONS] = _PREMIUM
    return planted
