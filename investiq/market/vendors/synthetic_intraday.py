"""Five-minute bars of invented series: a path within each session that the daily bar of the same day is made of."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar

__all__ = ["SESSIONS", "Day", "IntradayColumns", "within_days"]

FloatArray = NDArray[np.float64]

# Served are the last sessions of a series.
SESSIONS: Final = 60
_MINUTES: Final = 5
# Steps of the path within a bar.
_STEPS: Final = 6
# Variance and volume at both ends of a session over those at noon.
_VARIANCE_DEPTH, _VOLUME_DEPTH = 3.0, 4.0
_VOLUME_NOISE: Final = 0.4
_OPENS: Final = np.timedelta64(9 * 60 + 30, "m")


class Day(NamedTuple):
    """A daily bar, and the volatility of its log return."""

    session: np.datetime64
    open: float
    high: float
    low: float
    close: float
    volume: float
    sigma: float


class IntradayColumns(NamedTuple):
    """Bars of some sessions, each of shape (n_bars,)."""

    ts: NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


def within_days(days: list[Day], rng: np.random.Generator) -> IntradayColumns:
    """Return the five-minute bars of `days`, whose open, high, low, close and volume add up to the daily bars.

    The log price is a Brownian bridge from open to close with more variance at
    both ends of the session. What lies beyond open and close is stretched until
    it reaches the day's high and low.
    """
    sessions = np.array([day.session for day in days], dtype="datetime64[us]")
    ends = calendar.closes("XNYS", sessions)
    parts = [_within(day, end, rng) for day, end in zip(days, ends, strict=True)]
    return IntradayColumns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _within(day: Day, close: np.datetime64, rng: np.random.Generator) -> IntradayColumns:
    count = _bars_of(day.session, close)
    opens = close - np.timedelta64(count * _MINUTES, "m")
    path = _path(day, count * _STEPS, rng)
    cuts = path[::_STEPS]
    inner = np.lib.stride_tricks.sliding_window_view(path, _STEPS + 1)[::_STEPS]
    share = _u_shape(count, _VOLUME_DEPTH) * np.exp(_VOLUME_NOISE * rng.standard_normal(count))
    traded = np.rint(np.cumsum(share) / share.sum() * day.volume)
    traded[-1] = day.volume  # after a merger of shares no whole number
    return IntradayColumns(
        ts=opens + np.arange(count) * np.timedelta64(_MINUTES, "m"),
        open=cuts[:-1],
        high=inner.max(axis=1),
        low=inner.min(axis=1),
        close=cuts[1:],
        volume=np.diff(traded, prepend=0.0),
    )


def _bars_of(session: np.datetime64, close: np.datetime64) -> int:
    import pandas as pd

    local = pd.Timestamp(session + _OPENS).tz_localize(calendar.time_zone("XNYS"))
    length = pd.Timestamp(close, tz="UTC") - local
    return int(length / pd.Timedelta(minutes=_MINUTES))


def _u_shape(count: int, depth: float) -> FloatArray:
    found: FloatArray = 1 + (depth - 1) * np.linspace(-1, 1, count) ** 2
    return found


def _path(day: Day, steps: int, rng: np.random.Generator) -> FloatArray:
    """Return prices at `steps` + 1 instants from open to close, whose extremes are the day's."""
    weights = _u_shape(steps, _VARIANCE_DEPTH)
    weights /= weights.sum()
    walk = np.concatenate([[0.0], np.cumsum(rng.standard_normal(steps) * np.sqrt(weights))]) * day.sigma
    elapsed = np.concatenate([[0.0], np.cumsum(weights)])
    path = np.log(day.open) + elapsed * np.log(day.close / day.open) + walk - elapsed * walk[-1]
    prices: FloatArray = np.exp(path)
    prices[0], prices[-1] = day.open, day.close
    top, bottom = max(day.open, day.close), min(day.open, day.close)
    turns = rng.permutation(np.arange(1, steps))[:2]
    for level, edge, turn, sign in ((day.high, top, turns[0], 1.0), (day.low, bottom, turns[1], -1.0)):
        beyond = np.maximum(sign * (prices - edge), 0.0)
        if level == edge:
            prices = np.where(beyond > 0, edge, prices)
            continue
        # A path that never leaves on this side touches the extreme once, at a random instant.
        peak = int(np.argmax(beyond)) if beyond.max() > 0 else int(turn)
        prices = np.where(beyond > 0, edge + sign * beyond * abs(level - edge) / max(beyond.max(), 1e-300), prices)
        prices[peak] = level
    prices[0], prices[-1] = day.open, day.close
    return np.clip(prices, day.low, day.high)
