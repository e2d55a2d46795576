"""Regimes of the market: by hand, in their shares, and as known at each bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.regimes import confirmed, market_regimes, regime_bars, regimes_on
from investiq.analysis.strategy_regimes import risk_multipliers, strategy_regimes

PLAIN = iq.load_bars("^GSPC")


def bars_of(moves, spread=0.0):
    """Return bars whose closes start at 100 and move by these log returns."""
    close = 100 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))
    prices = {"open": close, "high": close * (1 + spread), "low": close * (1 - spread), "close": close}
    return dataclasses.replace(PLAIN[: close.size], **prices)


def last(moves):
    return market_regimes(bars_of(moves)).iloc[-1]


# 200 returns of +1 % and -1 %, the size growing by a hair at each, so that later windows rank above earlier ones.
FLAT = np.tile([0.01, -0.01], 100) * (1 + 1e-4 * np.arange(200))


def test_a_market_that_breaks_away_is_told_by_hand():
    # 20 returns of +1.5 % behind 200 that went nowhere: the last 10 do not vary at all, the lowest deviation of the
    # year; the close is farther above its average, and above the close 20 bars ago, than ever before.
    row = last(np.concatenate([FLAT, np.full(20, 0.015)]))
    assert row["vol_rank"] < 0.05
    assert row["trend_rank"] > 0.95
    assert row["momentum_rank"] > 0.95
    assert row["regime"] == "low_vol_bull"


def test_a_fall_with_wild_days_is_a_bear_market_of_high_volatility():
    row = last(np.concatenate([FLAT, np.tile([-0.06, 0.02], 10)]))
    assert row["regime"] == "high_vol_bear"
    assert (row["vol_rank"], row["trend_rank"], row["momentum_rank"]) == pytest.approx((1, 0, 0), abs=0.06)


def test_a_change_is_believed_at_its_third_bar():
    # The deviation of ten returns leaps with the first wild one.
    moves = np.concatenate([0.01 * np.random.default_rng(1).standard_normal(300), [0.08, -0.08, 0.08, -0.08]])
    table = market_regimes(bars_of(moves))
    assert table["vol_rank"].iloc[-5] < 0.85
    assert (table["vol_rank"].iloc[-4:] > 0.85).all()
    assert [name.startswith("high_vol") for name in table["regime"].iloc[-4:]] == [False, False, True, True]


def test_a_flicker_changes_nothing():
    codes = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 2.0, 2.0, 2.0, np.nan, 2.0])
    expected = [np.nan, np.nan, 1, 1, 1, 1, 1, 1, 2, np.nan, 2]
    np.testing.assert_array_equal(confirmed(codes), expected)


def test_a_rank_looks_at_its_own_past_year_alone():
    # Among all 360 rows before, 60 of a wilder spell would leave a rank of 0.84 at most.
    generator = np.random.default_rng(0)
    calm = 0.005 * generator.standard_normal(300)
    wild = np.concatenate([0.05 * generator.standard_normal(60), calm, 0.02 * generator.standard_normal(12)])
    assert market_regimes(bars_of(wild))["vol_rank"].iloc[-1] > 0.9


def test_nothing_is_known_of_the_first_bars():
    # 50 bars for the average, 60 before them to rank it in, and two more until it is believed.
    regimes = market_regimes(PLAIN[:200])["regime"]
    assert (regimes.iloc[:111] == "unknown").all()
    assert (regimes.iloc[111:] != "unknown").all()
    assert len(market_regimes(PLAIN[:0])) == 0


def rank_in_year(values):
    """Return ranks among up to 252 values before each, from 60 on, one row at a time."""
    ranks = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        past = np.array([each for each in values[max(0, row - 252) : row] if not np.isnan(each)])
        if past.size >= 60 and not np.isnan(value):
            ranks[row] = ((past < value).sum() + 0.5 * (past == value).sum()) / past.size
    return ranks


def believed(parts):
    """Return the last part that three rows in succession had."""
    last, found = None, []
    for row, part in enumerate(parts):
        last = part if row >= 2 and part == parts[row - 1] == parts[row - 2] else last
        found.append(last)
    return found


def test_every_regime_follows_from_its_rule_one_row_at_a_time():
    # An index that paid 30 % in the middle: as traded it would seem to fall.
    bars = PLAIN[2000:2700]
    paid = np.where(np.arange(700) < 350, 1.0, 1.3)
    prices = {name: getattr(bars, name) / paid for name in ("open", "high", "low", "close")}
    table = market_regimes(dataclasses.replace(bars, **prices, total_factor=paid))
    close = pd.Series(bars.close)
    volatility = rank_in_year(np.log(close).diff().rolling(10).std().round(12).to_numpy())
    trend = rank_in_year((close / close.rolling(50).mean() - 1).round(12).to_numpy())
    momentum = rank_in_year((close / close.shift(20) - 1).round(12).to_numpy())
    for name, expected in {"vol_rank": volatility, "trend_rank": trend, "momentum_rank": momentum}.items():
        np.testing.assert_allclose(table[name], expected, atol=0.005)
    ranks = table[["vol_rank", "trend_rank", "momentum_rank"]].iloc[109:].to_numpy()
    sizes = ["high_vol" if v > 0.85 else "low_vol" if v < 0.15 else "normal" for v, _, _ in ranks]
    ways = ["bull" if t > 0.70 and m > 0.65 else "bear" if t < 0.30 and m < 0.35 else "sideways" for _, t, m in ranks]
    names = [f"{size}_{way}" for size, way in zip(believed(sizes), believed(ways), strict=True)]
    assert table["regime"].iloc[111:].tolist() == names[2:]
    assert len(set(names[2:])) >= 8


def test_every_class_follows_from_its_rule_one_row_at_a_time():
    # A wild year, in which an index paid 30 % in the middle.
    bars = PLAIN[2300:2650]
    paid = np.where(np.arange(350) < 175, 1.0, 1.3)
    prices = {name: getattr(bars, name) / paid for name in ("open", "high", "low", "close")}
    table = strategy_regimes(dataclasses.replace(bars, **prices, total_factor=paid))
    close = bars.close
    before = np.concatenate([[np.nan], close[:-1]])
    ranges = np.fmax(bars.high, before) - np.fmin(bars.low, before)
    atr = np.mean(ranges[1:15])
    expected = []
    for row in range(15, 350):
        atr = (13 * atr + ranges[row]) / 14
        if row < 49:
            continue
        logs = np.diff(np.log(close[row - 20 : row + 1]))
        deviation, share = logs.std(ddof=1), atr / close[row]
        t, efficiency = logs.mean() / (deviation / 20**0.5), abs(logs.sum()) / np.abs(logs).sum()
        change = close[row] / close[row - 20] - 1
        points = {
            "trending_bullish": 50 * (t > 2 and efficiency > 0.5) + 20 * (change > 0.05),
            "trending_bearish": 50 * (t < -2 and efficiency > 0.5) + 20 * (change < -0.05),
            "ranging": 40 * (efficiency < 0.3 and deviation < 0.025),
            "volatile": 40 * (deviation > 0.03) + 20 * (share > 0.03),
            "calm": 30 * (deviation < 0.01) + 20 * (share < 0.01),
        }
        most = max(points.values())
        # Of equals the first.
        expected.append((next(name for name in points if points[name] == most) if most else "unknown", most / 100))
    assert list(zip(table["regime"].iloc[49:], table["confidence"].iloc[49:], strict=True)) == expected
    assert {name for name, _ in expected} == {
        "trending_bullish",
        "trending_bearish",
        "ranging",
        "volatile",
        "calm",
        "unknown",
    }


def test_shares_of_the_regimes_are_what_the_limits_allow():
    # On 20 years of an index about 15 % of ten-day deviations rank above 0.85, more as volatility comes in spells; a bull
    # or bear market asks for two ranks beyond about a third each.
    regimes = market_regimes(PLAIN)["regime"].iloc[111:]
    high, low = (regimes.str.startswith(name).mean() for name in ("high_vol", "low_vol"))
    assert 0.10 < high < 0.25
    assert 0.10 < low < 0.25
    for trend in ("bull", "bear", "sideways"):
        assert 0.15 < regimes.str.endswith(trend).mean() < 0.65


def test_regimes_do_not_change_when_later_bars_arrive():
    whole = market_regimes(PLAIN)
    for row in (60, 111, 112, 300, 1000, 2500, 4000):
        cut = market_regimes(PLAIN.until(whole["known_at"].iloc[row]))
        pd.testing.assert_series_equal(cut.iloc[-1], whole.iloc[row], rtol=1e-10)


def test_the_benchmark_tells_the_regime_of_a_share_by_what_was_known():
    share = dataclasses.replace(PLAIN[200:400], symbol="SHARE")
    history = iq.History.of(share, benchmark=PLAIN)
    assert regime_bars(history) is PLAIN
    expected = market_regimes(PLAIN)["regime"].iloc[200:400].tolist()
    assert regimes_on(history).tolist() == expected
    # A benchmark that comes a minute later is known one bar later.
    late = dataclasses.replace(PLAIN, known_at=PLAIN.known_at + np.timedelta64(1, "m"))
    delayed = regimes_on(iq.History.of(share, benchmark=late))
    assert delayed.tolist() == market_regimes(PLAIN)["regime"].iloc[199:399].tolist()


def test_without_a_benchmark_the_main_symbol_stands_for_the_market():
    history = iq.History.of(PLAIN[:150])
    assert regime_bars(history).symbol == "^GSPC"
    assert regimes_on(history)[-1] != "unknown"


QUIET = np.tile([0.001, -0.001], 30)


@pytest.mark.parametrize(
    ("moves", "spread", "expected", "confidence"),
    [
        # 20 returns of +0.6 % and +0.2 %: mean 0.4 %, sample deviation 0.2052 %, t = 8.7; efficiency 1; +8.3 %: 50 + 20.
        (np.tile([0.006, 0.002], 10), 0.0, "trending_bullish", 0.7),
        (np.tile([-0.006, -0.002], 10), 0.0, "trending_bearish", 0.7),
        # Deviation 1.5 % and no way made: 40 for ranging; an ATR of 1.5 % adds nothing.
        (np.tile([0.015, -0.015], 10), 0.0, "ranging", 0.4),
        # Deviation 4 %, ATR about 4 %: 40 + 20.
        (np.tile([0.04, -0.04], 10), 0.0, "volatile", 0.6),
        # Deviation 0.1 %, ATR 0.1 %: 30 + 20, more than the 40 for ranging.
        (np.tile([0.001, -0.001], 10), 0.0, "calm", 0.5),
        # Deviation 1.5 %, +0.5 % a day: efficiency 1 / 3 and t = 1.5; 10 % in all: 20 for the change alone.
        (np.tile([0.02, -0.01], 10), 0.0, "trending_bullish", 0.2),
        # 14 of +1.2 % and 6 of -1 %: t = 2.3, but 10.8 % made on a way of 22.8 % is an efficiency of 0.47: 20 for the change alone.
        (np.repeat([0.012, -0.010], [14, 6]), 0.006, "trending_bullish", 0.2),
        # Deviation 0.1 %, but days 1.1 % wide: 30 for calm, less than the 40 for ranging.
        (np.tile([0.001, -0.001], 10), 0.0055, "ranging", 0.4),
        # 4.5 % made on a way of 10.5 %, efficiency 0.43; deviation 1.4 %, t = 0.7; ranges of 1.2 % and more: no points.
        (np.array([0.0] * 17 + [0.045, 0.03, -0.03]), 0.006, "unknown", 0.0),
    ],
)
def test_classes_of_a_market_by_hand(moves, spread, expected, confidence):
    row = strategy_regimes(bars_of(np.concatenate([QUIET, moves]), spread)).iloc[-1]
    assert (row["regime"], row["confidence"]) == (expected, pytest.approx(confidence))


def test_a_walk_without_drift_is_seldom_called_a_trend():
    # |t| above 2 with 19 degrees of freedom: 6 % of windows by chance; fewer that are efficient too.
    moves = 0.015 * np.random.default_rng(1).standard_normal(4000)
    table = strategy_regimes(dataclasses.replace(bars_of(moves)))
    assert (table["t_statistic"].abs() > 2).mean() == pytest.approx(0.06, abs=0.025)


def test_the_first_49_bars_have_no_class():
    table = strategy_regimes(PLAIN[:60])
    assert (table["regime"].iloc[:49] == "unknown").all()
    assert table["regime"].iloc[49] != "unknown"


def test_classes_do_not_change_when_later_bars_arrive():
    whole = strategy_regimes(PLAIN[:600])
    for row in (48, 49, 200, 431, 599):
        pd.testing.assert_series_equal(strategy_regimes(PLAIN[: row + 1]).iloc[-1], whole.iloc[row], rtol=1e-10)


def test_no_class_raises_the_risk_unless_asked():
    classes = pd.Series(["trending_bullish", "trending_bearish", "ranging", "volatile", "calm", "unknown"])
    assert risk_multipliers(classes).tolist() == [1.0, 1.0, 1.0, 0.5, 1.0, 0.3]
    assert risk_multipliers(classes, allow_more=True).tolist() == [1.2, 1.2, 1.0, 0.5, 1.1, 0.3]
