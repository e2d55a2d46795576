"""Weekly signals on daily bars."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import AtrBrackets, Breakout, ConfidenceSize, Crossover, OnTimeframe, Sized


def test_a_weekly_crossover_decides_on_the_last_session_of_each_week(gspc):
    closes = gspc.frame["close"]
    week = closes.index.tz_localize(None).to_period("W-SUN")
    # 2018-12-31 is a Monday: the last week of the sample has not ended.
    weekly = closes.groupby(week).last()[:-1]
    last_days = closes.groupby(week).apply(lambda each: each.index[-1])[:-1]
    ahead = weekly.rolling(3).mean() - weekly.rolling(10).mean()
    expected = dict.fromkeys(last_days[(ahead > 0) & (ahead.shift() <= 0)], 1)
    expected |= dict.fromkeys(last_days[(ahead < 0) & (ahead.shift() >= 0)], -1)
    decisions = OnTimeframe(strategy=Crossover(fast=3, slow=10)).decide(gspc)
    decided = {gspc.index[bar]: int(decisions[bar]) for bar in np.flatnonzero(decisions)}
    assert len(decided) > 50
    assert decided == expected


def test_a_week_that_has_not_ended_decides_nothing_and_its_last_session_decides_at_once(gspc):
    strategy = OnTimeframe(strategy=Crossover(fast=3, slow=10))
    whole = strategy.decide(gspc)
    friday = int(np.flatnonzero(whole)[7])
    assert strategy.decide(gspc[:friday])[-5:].tolist() == [0] * 5
    assert strategy.decide(gspc[: friday + 1])[-1] == whole[friday]


def test_sizes_and_confidences_stand_on_the_bars_that_decide(gspc, scripted):
    bars = gspc[:30]
    weeks = len(bars.resampled("1w"))
    inner = scripted(codes=(0, 1) + (0,) * weeks, sure=tuple(0.5 + 0.01 * week for week in range(weeks)))
    order, *rest = OnTimeframe(strategy=Sized(strategy=inner, sizer=ConfidenceSize(weight=0.1))).signals(bars)
    assert rest == []
    assert (order.confidence, order.weight) == (0.51, pytest.approx(0.051))


def test_only_decisions_can_be_moved_to_another_timeframe():
    with pytest.raises(ConfigError, match="AtrBrackets sets orders of its own"):
        OnTimeframe(strategy=AtrBrackets(strategy=Breakout()))
    with pytest.raises(ConfigError, match="interval must be '1w', '1mo' or '1d', was '5min'"):
        OnTimeframe(strategy=Breakout(), interval="5min")
    with pytest.raises(ConfigError, match="decides on 1w bars and has no columns"):
        OnTimeframe(strategy=Breakout()).columns()
