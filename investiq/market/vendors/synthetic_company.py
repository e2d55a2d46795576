"""What the generators of invented records are given: a company's bars and actions, and a stream of draws for each part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.history.adjust import Action

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PARTS", "Company", "Part", "local_time", "next_session", "stamps", "utc_dates"]

FloatArray = NDArray[np.float64]
Part = Literal[
    "statements", "earnings", "surprises", "consensus", "insiders", "short_interest", "news", "options", "intraday"
]

# Parts 0 to 3 of a symbol's stream make its prices; each later one has a number of its own, so that none moves another.
PARTS: Final[dict[Part, int]] = {
    "statements": 10,
    "earnings": 11,
    "surprises": 12,
    "consensus": 13,
    "insiders": 14,
    "short_interest": 15,
    "news": 16,
    "options": 17,
    "intraday": 18,
}
_ZONE: Final = "America/New_York"


@dataclass(frozen=True, kw_only=True, eq=False)
class Company:
    """An invented company as its records see it: prices are given, and no record moves them.

    Attributes
    ----------
    symbol, sector : str
    number : int
        Of the symbol; decides the few companies with a peculiarity.
    seed : int
    ts, known_at : ndarray of datetime64[us], shape (n_sessions,)
    open, high, low, close, volume, split_factor : ndarray of shape (n_sessions,)
        As traded; `split_factor` is 1.0 on the first session.
    sigma : ndarray of shape (n_sessions,)
        True volatility of the log return of each session, given those before it.
    actions : tuple of Action
    is_listed : bool
        Whether it goes on after the last session.
    """

    symbol: str
    sector: str
    number: int
    seed: int
    ts: NDArray[np.datetime64]
    known_at: NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    split_factor: FloatArray
    sigma: FloatArray
    actions: tuple[Action, ...]
    is_listed: bool

    def draws(self, part: Part) -> np.random.Generator:
        """Return the generator of one part, the same at every call and independent of all others."""
        key = np.random.SeedSequence(self.seed, spawn_key=(self.number, PARTS[part]))
        return np.random.Generator(np.random.PCG64(key))

    @cached_property
    def first_shares(self) -> float:
        """Shares outstanding at the first bar: the early volume is a third to one per cent of them a day."""
        turnover = self.draws("statements").uniform(0.0035, 0.01)
        return float(np.rint(np.median(self.volume[:60]) / turnover / 1_000) * 1_000)

    def rows_at(self, days: NDArray[np.datetime64]) -> NDArray[np.intp]:
        """Return the last session on or before each day, the first one for an earlier day."""
        return np.maximum(np.searchsorted(self.ts, days.astype("datetime64[us]"), side="right") - 1, 0)


def next_session(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the first XNYS session on or after each day, as datetime64[D]."""
    whole = days.astype("datetime64[D]")
    sessions = calendar.session_dates("XNYS", whole.min(), whole.max() + np.timedelta64(14, "D")).astype(
        "datetime64[D]"
    )
    found: NDArray[np.datetime64] = sessions[np.searchsorted(sessions, whole)]
    return found


def local_time(days: NDArray[np.datetime64], minutes: NDArray[np.float64]) -> pd.DatetimeIndex:
    """Return the instant `minutes` after midnight in New York of each day, in UTC."""
    import pandas as pd

    walls = days.astype("datetime64[us]") + (np.rint(minutes * 60) * 1e6).astype("timedelta64[us]")
    return pd.DatetimeIndex(walls).tz_localize(_ZONE).tz_convert("UTC").as_unit("us")


def utc_dates(days: NDArray[np.datetime64]) -> pd.DatetimeIndex:
    """Return days as canonical dates: 00:00 UTC."""
    return stamps(days.astype("datetime64[D]"))


def stamps(instants: NDArray[np.datetime64]) -> pd.DatetimeIndex:
    """Return UTC instants as an aware index in microseconds."""
    import pandas as pd

    return pd.DatetimeIndex(instants.astype("datetime64[us]"), tz="UTC")
