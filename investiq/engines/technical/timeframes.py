"""Longer timeframes: the completed weeks, the running one as a number, and how far intraday frames agree."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule
from investiq.engines.technical.inputs import Columns, Inputs, Topic, Words
from investiq.engines.technical.trend import fitted_trend
from investiq.history.bars import Bars
from investiq.indicators.momentum import rsi
from investiq.indicators.timeframes import on_timeframe, timeframe_alignment

__all__ = ["TIMEFRAMES"]

WEEKLY_WINDOW: Final = 10
LEAST_BARS: Final = 60
LEAST_WEEKS: Final = 20
FRAMES: Final[tuple[Interval, ...]] = ("5min", "15min", "60min", "4h", "1d")
NO_FRAMES: Final = "no intraday bars, or fewer than 20 completed ones of a timeframe"


class Weeks(NamedTuple):
    """What a row sees of the last completed week."""

    weekly_trend: FloatArray
    weekly_rsi: FloatArray
    weeks: FloatArray


def _columns(inputs: Inputs) -> Columns:
    bars = inputs.bars
    unknown = np.full(len(bars), np.nan)
    if bars.interval in ("1w", "1mo") or not len(bars):
        weekly: Columns = dict.fromkeys((*Weeks._fields, "weekly_change"), unknown)
    else:
        joined = on_timeframe(bars, "1w", _of_weeks)
        weekly = {name: joined[name].to_numpy() if name in joined else unknown for name in Weeks._fields}
        weekly["weekly_change"] = _running_week(bars)
    return {**weekly, **_alignment(bars)}


def _of_weeks(weeks: Bars) -> Weeks:
    trend = fitted_trend(weeks.high, weeks.low, WEEKLY_WINDOW)["trend"]
    return Weeks(trend, rsi(weeks.close), np.arange(1.0, len(weeks) + 1))


def _running_week(bars: Bars) -> FloatArray:
    """Return the change since the last close of an earlier ISO week."""
    # The first of January 1970 was a Thursday.
    week = (bars.ts.astype("datetime64[D]").astype(np.int64) + 3) // 7
    starts = np.flatnonzero(np.diff(week, prepend=week[0] - 1))
    before = np.concatenate(([np.nan], bars.close[starts[1:] - 1]))
    changed: FloatArray = bars.close / np.repeat(before, np.diff(np.append(starts, len(bars)))) - 1
    return changed


def _alignment(bars: Bars) -> Columns:
    unknown = np.full(len(bars), np.nan)
    frames = [frame for frame in FRAMES if INTERVAL_MINUTES[frame] >= INTERVAL_MINUTES[bars.interval]]
    if len(frames) < 2 or not len(bars):
        return {"timeframe_up_share": unknown, "timeframe_alignment": unknown, "best_timeframe": _named([], unknown)}
    found = timeframe_alignment(bars, frames)
    strengths = np.abs(found[[f"strength@{frame}" for frame in frames]].to_numpy())
    best = np.where(np.isnan(strengths).any(axis=1), np.nan, np.argmax(np.nan_to_num(strengths), axis=1))
    return {
        "timeframe_up_share": found["up_share"].to_numpy(),
        "timeframe_alignment": found["alignment"].to_numpy(),
        "best_timeframe": _named(list(frames), best),
    }


def _named(frames: list[Interval], which: FloatArray) -> Words:
    named: Words = np.array([*frames, ""])[np.where(np.isnan(which), len(frames), which).astype(int)]
    return named


def _is_known(t: Table) -> FloatArray:
    return np.where((t["n_obs"] >= LEAST_BARS) & (t["weeks"] >= LEAST_WEEKS), 1.0, 0.0)


def _confirms(t: Table) -> FloatArray:
    same = (t["trend"] == t["weekly_trend"]) & (t["trend"] != 0)
    return np.where(same, 3 * t["trend"], 0.0) * _is_known(t)


def _contradicts(t: Table) -> FloatArray:
    opposite = (t["trend"] == -t["weekly_trend"]) & (t["trend"] != 0)
    return np.where(opposite, -2 * t["trend"], 0.0) * _is_known(t)


_TEXT: Final = "daily trend {trend}, weekly trend {weekly_trend} over 10 completed weeks, weekly RSI(14) {weekly_rsi}"

_rule = partial(VoteRule, group="trend", value="weekly_trend", thresholds=(0.0, 0.0), unit="", texts=(_TEXT, _TEXT))
_RULES: Final = (
    _rule(names=("Weekly Confirms Uptrend", "Weekly Confirms Downtrend"), vote=_confirms),
    _rule(names=("Weekly Contradicts Downtrend", "Weekly Contradicts Uptrend"), vote=_contradicts),
)

TIMEFRAMES: Final = Topic(
    units={
        "weekly_trend": "",
        "weekly_rsi": "score",
        "weeks": "count",
        "weekly_change": "fraction",
        "timeframe_up_share": "fraction",
        "timeframe_alignment": "ratio",
    },
    columns=_columns,
    rules=_RULES,
    words=("best_timeframe",),
    lines=(
        Line("Weekly trend", "weekly_trend", "10 completed weeks: 1 up, -1 down"),
        Line("Weekly RSI(14)", "weekly_rsi", "completed weeks"),
        Line("Change in the running week", "weekly_change", "no vote"),
        Line("Alignment of timeframes", "timeframe_alignment", "intraday bars only; no vote"),
    ),
    needs={
        "weekly_trend": (60, "bars of a week or longer, fewer than 10 completed weeks, or none with a range"),
        "weekly_rsi": (90, "bars of a week or longer, or fewer than 15 completed weeks"),
        "weeks": (6, "bars of a week or longer, or no completed week"),
        "weekly_change": (6, "bars of a week or longer, or no week before this one"),
        **dict.fromkeys(("timeframe_up_share", "timeframe_alignment"), (1, NO_FRAMES)),
    },
)
