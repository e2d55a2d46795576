"""Trades by how long they were held, and by when they were entered: with the count and the uncertainty of each group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.inputs import FloatArray, Floats, Instants, finite
from investiq.metrics.returns import MONTH_NAMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["trades_by_entry_time", "trades_by_holding_period", "wilson_interval"]

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Last session of each bucket but the open one.
HOLDING_BUCKETS: Final = (1, 5, 10, 20)
_BUCKET_NAMES: Final = ("<= 1", "2-5", "6-10", "11-20", "21+")
_Z95: Final = 1.959963984540054


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share [1]_.

    Raises
    ------
    DataError
        If `successes` is not in 0 to `count`.
    InsufficientDataError
        If `count` is zero.

    References
    ----------
    .. [1] Wilson, E. B. (1927). "Probable inference, the law of succession, and
       statistical inference." JASA 22(158), 209-212.

    Examples
    --------
    >>> tuple(round(each, 4) for each in wilson_interval(8, 10))
    (0.4902, 0.9433)
    """
    if count < 1:
        raise InsufficientDataError(f"the interval of a share needs one observation, received {count}")
    if not 0 <= successes <= count:
        raise DataError(f"successes must lie in 0 to {count}, was {successes}")
    share, square = successes / count, _Z95**2
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = _Z95 / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def trades_by_holding_period(trade_returns: Floats, held: Floats) -> pd.DataFrame:
    """Return the outcome of closed trades by how long they were held.

    Parameters
    ----------
    trade_returns : ndarray or Series of shape (n_trades,)
        Net profit over entry notional, fractions, without NaN.
    held : ndarray or Series of shape (n_trades,)
        Sessions (of daily bars: bars) from entry to exit, >= 0.

    Returns
    -------
    DataFrame
        Index ``held``: <= 1, 2-5, 6-10, 11-20, 21+, those with a trade. Columns
        as `trades_by_entry_time`. A long hold follows from a trade that went
        well as much as it leads to one: no advice to hold longer follows.

    Raises
    ------
    DataError
        If an input holds NaN, their lengths differ, or a length is negative.
    InsufficientDataError
        If there is no trade.

    Examples
    --------
    >>> table = trades_by_holding_period(np.array([0.02, -0.01, 0.04]), np.array([1, 3, 5]))
    >>> table["trades"].to_dict(), table["win_rate"].to_dict()
    ({'<= 1': 1, '2-5': 2}, {'<= 1': 1.0, '2-5': 0.5})
    """
    values, lengths = finite("trade_returns", trade_returns), finite("held", held)
    _same_length(values, lengths.size, "held")
    if lengths.size and lengths.min() < 0:
        raise DataError(f"held must not be negative, the lowest is {lengths.min():g}: entries after exits?")
    return _grouped(values, np.searchsorted(HOLDING_BUCKETS, lengths), _BUCKET_NAMES, "held")


def trades_by_entry_time(
    trade_returns: Floats, entry_ts: Instants, by: Literal["weekday", "month", "hour"] = "weekday"
) -> pd.DataFrame:
    """Return the outcome of closed trades by the weekday, month or hour of their entry.

    Parameters
    ----------
    trade_returns : ndarray or Series of shape (n_trades,)
        Net profit over entry notional, fractions, without NaN.
    entry_ts : ndarray of datetime64 or DatetimeIndex of shape (n_trades,)
        In the zone whose weekday or hour is meant; naive times are taken as they are.
    by : {"weekday", "month", "hour"}

    Returns
    -------
    DataFrame
        One row per group with a trade: ``trades``, ``win_rate`` with the bounds
        ``win_low`` and ``win_high`` of its 95 % Wilson interval,
        ``mean_return`` and its ``standard_error`` (NaN for one trade). With
        five or twelve groups one of them is outstanding by chance.

    Raises
    ------
    ConfigError
        If `by` is something else.
    DataError
        If `trade_returns` holds NaN, the times are none, or the lengths differ.
    InsufficientDataError
        If there is no trade.

    Examples
    --------
    >>> entries = np.array(["2024-01-01", "2024-01-08", "2024-01-02"], dtype="datetime64[us]")
    >>> trades_by_entry_time(np.array([0.02, -0.01, 0.04]), entries)["trades"].to_dict()
    {'Mon': 2, 'Tue': 1}
    """
    import pandas as pd

    if by not in ("weekday", "month", "hour"):
        raise ConfigError(f"by must be 'weekday', 'month' or 'hour', was {by!r}")
    values = finite("trade_returns", trade_returns)
    times = pd.DatetimeIndex(entry_ts)
    _same_length(values, len(times), "entry_ts")
    if times.hasnans:
        raise DataError("entry_ts holds NaT; every trade has an entry")
    groups = {"weekday": times.day_of_week, "month": times.month - 1, "hour": times.hour}[by]
    names = {"weekday": WEEKDAYS, "month": MONTH_NAMES, "hour": tuple(f"{hour:02d}:00" for hour in range(24))}[by]
    return _grouped(values, np.asarray(groups), names, by)


def _same_length(values: FloatArray, count: int, name: str) -> None:
    if count != values.size:
        raise DataError(f"{name} has {count} values, expected {values.size}, one per trade")


def _grouped(values: FloatArray, groups: NDArray[np.int64], names: tuple[str, ...], label: str) -> pd.DataFrame:
    import pandas as pd

    if not values.size:
        raise InsufficientDataError("a table of trades needs one closed trade, received 0")
    rows = {}
    for group in np.unique(groups):
        mine = values[groups == group]
        won = int(np.count_nonzero(mine > 0))
        low, high = wilson_interval(won, mine.size)
        error = float(mine.std(ddof=1) / math.sqrt(mine.size)) if mine.size > 1 else math.nan
        rows[names[group]] = (mine.size, won / mine.size, low, high, float(mine.mean()), error)
    columns = ["trades", "win_rate", "win_low", "win_high", "mean_return", "standard_error"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = label
    return table
