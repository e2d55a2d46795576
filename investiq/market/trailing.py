"""How prices changed over the last bars, for many symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core import calendar as calendars
from investiq.core.errors import DataError, InvestIQError
from investiq.history.bars import Bars
from investiq.history.instants import When, instant
from investiq.market.bundled import HOMES
from investiq.market.loading import Provider, load_bars
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["price_changes"]

# Notes that say why the last bar, or a split on the way to it, may be missing.
_DATED: Final = ("stale", "not_updated", "actions_not_updated", "refused_actions")
# Sessions beyond those needed, for a share that was halted for some days.
_SPARE: Final = 5


def price_changes(
    symbols: Sequence[str], days: int = 5, *, provider: Provider | None = None, as_of: When | None = None
) -> pd.DataFrame:
    """Return the trailing change of each symbol's price: up to its last bar, never forward.

    The last close over the close `days` bars before, less one. Splits are
    adjusted for and dividends are not: it is the change of a price, not a return.

    Parameters
    ----------
    symbols : sequence of str
    days : int, default 5
        Bars between the two closes.
    provider, as_of
        As in `load_bars`.

    Returns
    -------
    DataFrame
        Index symbol; `trailing_change` (a fraction), `first` and `last` (labels
        of the two closes), `reason`. Where there are too few bars, or none
        could be had, the change is NaN and the reason says why: a shorter
        horizon does not stand in for the one asked for. Where the newest bars
        or splits could not be had, the reason says so beside the change.

    Raises
    ------
    DataError
        If `days` is not positive.

    Examples
    --------
    >>> round(float(price_changes(["^GSPC"], days=5)["trailing_change"].iloc[0]), 4)
    0.0373
    """
    import pandas as pd

    if isinstance(symbols, str):
        raise DataError(f"symbols must be a list of symbols, was the text {symbols!r}; write [{symbols!r}]")
    if days < 1:
        raise DataError(f"days must be at least 1 bar, was {days}")
    rows = [_change(each, days, provider, as_of) for each in dict.fromkeys(symbols)]
    table = pd.DataFrame(rows, columns=["symbol", "trailing_change", "first", "last", "reason"])
    return table.astype({"first": "datetime64[us]", "last": "datetime64[us]"}).set_index("symbol")


def _change(
    symbol: str, days: int, provider: Provider | None, as_of: When | None
) -> tuple[str, float, np.datetime64, np.datetime64, str]:
    nothing = np.datetime64("NaT", "us")
    try:
        bars = _recent(symbol, days, provider, as_of)
    except InvestIQError as error:
        return symbol, np.nan, nothing, nothing, str(error)
    if len(bars) <= days:
        reason = f"{days} bars before the last need {days + 1} bars, there are {len(bars)}"
        return symbol, np.nan, nothing, bars.ts[-1], reason
    close = bars.adjusted("split").close
    reason = "; ".join(note.text for note in bars.passport.notes if note.code in _DATED)
    return symbol, float(close[-1] / close[-1 - days] - 1), bars.ts[-1 - days], bars.ts[-1], reason


def _recent(symbol: str, days: int, provider: Provider | None, as_of: When | None) -> Bars:
    if symbol in HOMES and provider in (None, HOMES[symbol]):
        return load_bars(symbol, provider=provider, as_of=as_of)
    limit = instant(clock.now()) if as_of is None else instant(as_of)
    # Sessions are at least two thirds of the days of any long stretch.
    sessions = calendars.session_dates("XNYS", limit - np.timedelta64(2 * days + 30, "D"), limit)
    start = sessions[max(sessions.size - days - 1 - _SPARE, 0)]
    return load_bars(symbol, start, provider=provider, as_of=as_of)
