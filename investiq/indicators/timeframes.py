"""Longer timeframes beside the bars: each row sees the longer bars that were complete when it was known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.core.types import Interval
from investiq.history.bars import Bars
from investiq.history.resample import resample
from investiq.indicators.observations import FloatArray, whole_window
from investiq.indicators.trend import sma

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["feature_table", "on_timeframe", "timeframe_alignment"]

Compute = Callable[[Bars], Any]

_UNNAMED: Final = "value"


def on_timeframe(bars: Bars, interval: Interval, compute: Compute) -> pd.DataFrame:
    """Return what `compute` says of the bars of a longer interval, joined to `bars` by what was known.

    Row t holds the values of the newest longer bar with ``known_at`` not after
    that of row t: a weekly value appears in the row of the week's last session
    and stays until the next week is complete.

    Parameters
    ----------
    bars : Bars
        Adjusted, for indicators: `adjusted` before, so that splits and
        dividends inside a longer bar are undone.
    interval : str
        Not shorter than that of `bars`; see `history.resample.resample`.
    compute : callable
        Takes the longer `Bars` and returns a Series or a DataFrame on their
        index, or an array or a named tuple of arrays of their length. It must be
        causal itself, as the indicators are.

    Returns
    -------
    DataFrame of shape (n_bars, n_values)
        On the index of `bars`. A column bears the name that `compute` gave it,
        ``"value"`` for a bare array. NaN before the first longer bar is known.

    Raises
    ------
    ConfigError
        If `interval` is unknown.
    DataError
        If `bars` are no Bars or cannot be resampled, or what `compute` returns
        does not fit the longer bars.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018").adjusted()
    >>> weekly = on_timeframe(bars, "1w", lambda weeks: weeks.close)
    >>> weekly["value"].tail(3).round(2).tolist()  # Thursday sees the week before, Friday the 28th and Monday its own
    [2416.62, 2485.74, 2485.74]
    """
    _require_bars(bars)
    return _joined(bars, resample(bars, interval), compute)


def feature_table(bars: Bars, features: Mapping[str, Compute], intervals: Sequence[Interval]) -> pd.DataFrame:
    """Return several features on several timeframes, one column each, such as ``rsi@1w``.

    Parameters
    ----------
    bars : Bars
        Adjusted, of the shortest interval.
    features : mapping of str to callable
        Each as `compute` of `on_timeframe`. A feature of several columns gives
        ``name.column@interval``.
    intervals : sequence of str
        Not shorter than that of `bars`, which may be among them.

    Returns
    -------
    DataFrame of shape (n_bars, n_features)
        On the index of `bars`, features by interval in the order given. Nothing
        is filled backward: NaN before the first value.

    Raises
    ------
    ConfigError
        If `features` or `intervals` is empty, or an interval is unknown or occurs twice.
    DataError
        As `on_timeframe`.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.indicators.momentum import rsi
    >>> bars = iq.load_bars("^GSPC", start="2018").adjusted()
    >>> table = feature_table(bars, {"rsi": lambda each: rsi(each.close, 14)}, ("1d", "1w"))
    >>> list(table.columns)
    ['rsi@1d', 'rsi@1w']
    """
    import pandas as pd

    if not features or not intervals:
        raise ConfigError("features and intervals must not be empty; name at least one of each")
    if isinstance(intervals, str) or len(set(intervals)) != len(intervals):
        raise ConfigError(f"intervals must be different ones, such as ('1d', '1w'), were {intervals!r}")
    _require_bars(bars)
    columns: dict[str, pd.Series[float]] = {}
    for interval in intervals:
        longer = resample(bars, interval)
        for name, compute in features.items():
            part = _joined(bars, longer, compute)
            for each in part:
                label = f"{name}.{each}" if part.shape[1] > 1 else name
                columns[f"{label}@{interval}"] = part[each]
    return pd.DataFrame(columns, index=bars.index)


def timeframe_alignment(
    bars: Bars, intervals: Sequence[Interval] = ("1d", "1w", "1mo"), *, fast: int = 10, slow: int = 20
) -> pd.DataFrame:
    """Return how far the trends of several timeframes agree.

    The trend of a timeframe is up where ``sma(fast)`` of its completed bars lies
    above ``sma(slow)``; equal ones are not up. Alignment is ``2 * abs(share up - 0.5)``: 1 if all agree,
    0 if they are divided in halves.

    Parameters
    ----------
    bars : Bars
        Adjusted, of the shortest interval or a shorter one.
    intervals : sequence of str, default ("1d", "1w", "1mo")
    fast, slow : int, default 10, 20
        Bars of each timeframe; ``1 <= fast < slow``.

    Returns
    -------
    DataFrame of shape (n_bars, n_intervals + 2)
        `up_share` in [0, 1]; `alignment` in [0, 1]; and ``strength@interval``,
        the difference of the two averages as a fraction of the newest completed
        close of that timeframe, above 0 where its trend is up. `up_share` and
        `alignment` are NaN until every timeframe has `slow` completed bars, as
        shares of different sets cannot be compared.

    Raises
    ------
    ConfigError
        If `intervals` is empty or names one twice, or `fast` is not below `slow`.
    DataError
        As `on_timeframe`.

    Notes
    -----
    Timeframes are nested: one price move shows in all of them, so this is one
    signal and not as many as there are timeframes.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC").adjusted()
    >>> timeframe_alignment(bars)[["up_share", "alignment"]].iloc[-1].round(3).tolist()  # only the months point up
    [0.333, 0.333]
    """
    fast, slow = whole_window(fast, "fast"), whole_window(slow, "slow")
    if fast >= slow:
        raise ConfigError(f"fast must be below slow, was fast {fast} and slow {slow}; exchange them")
    if not intervals:
        raise ConfigError("intervals must not be empty; name at least one, such as ('1d', '1w')")

    def strength(longer: Bars) -> FloatArray:
        return (sma(longer.close, fast) - sma(longer.close, slow)) / longer.close

    table = feature_table(bars, {"strength": strength}, intervals)
    up = (table > 0).mean(axis=1).where(table.notna().all(axis=1))
    table.insert(0, "up_share", up)
    table.insert(1, "alignment", 2 * (up - 0.5).abs())
    return table


def _require_bars(bars: Any) -> None:
    if not isinstance(bars, Bars):
        raise DataError(
            f"bars must be Bars, which know their calendar and when each was known; was {type(bars).__name__}; "
            "see iq.load_bars and iq.read_bars"
        )


def _joined(bars: Bars, longer: Bars, compute: Compute) -> pd.DataFrame:
    """Return the values of the newest longer bar that was known with each of `bars`."""
    import pandas as pd

    rows = np.searchsorted(longer.known_at, bars.known_at, side="right") - 1
    values = _table(compute(longer), longer)
    # One NaN in front, for the rows before the first longer bar is known.
    known = {name: np.r_[np.nan, column][rows + 1] for name, column in values.items()}
    return pd.DataFrame(known, index=bars.index)


def _table(values: Any, longer: Bars) -> dict[str, FloatArray]:
    """Return what a computation gave as columns by name, or refuse it."""
    import pandas as pd

    if isinstance(values, pd.DataFrame | pd.Series) and not values.index.equals(longer.index):
        raise DataError(
            "compute must return rows on the index of the bars that it was given, or arrays of their length"
        )
    if isinstance(values, pd.DataFrame):
        named = {str(name): column.to_numpy(dtype=float, na_value=np.nan) for name, column in values.items()}
    elif isinstance(values, pd.Series):
        named = {str(values.name or _UNNAMED): values.to_numpy(dtype=float, na_value=np.nan)}
    elif hasattr(values, "_asdict"):
        named = {name: np.asarray(column, dtype=np.float64) for name, column in values._asdict().items()}
    else:
        try:
            named = {_UNNAMED: np.asarray(values, dtype=np.float64)}
        except (TypeError, ValueError):
            raise DataError(f"compute returned {type(values).__name__}, expected one number for each bar") from None
    for name, column in named.items():
        if column.shape != (len(longer),):
            raise DataError(
                f"compute returned {name!r} of shape {column.shape} for {len(longer)} {longer.interval} bars; "
                "return one value for each bar"
            )
    return named
