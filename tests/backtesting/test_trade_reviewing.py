"""One trade with a ruler: excursions, R, and the levels in force in each bar, by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.trade_levels import level_path
from investiq.core.errors import ConfigError, DataError
from investiq.strategies.base import Strategy

FREE = iq.Costs(commission_rate=0, slippage_bps=0)
OPTIONS = {"costs": FREE, "weight": 1.0, "lot": None, "posting_rounding": None}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told(Strategy):
    """Signals that the test names."""

    sides: tuple[tuple[int, str], ...]

    @property
    def warmup(self):
        return 1

    def decide(self, data):
        codes = np.zeros(len(data), dtype=np.int8)
        for bar, side in self.sides:
            codes[bar : bar + 1] = {"buy": 1, "sell": -1}[side]
        return codes


def run(bars, *sides, **options):
    return iq.backtest(Told(sides=sides), bars, quality="any", **{**OPTIONS, **options})


# Ten bars: decided at the close of bar 1, bought at the open of bar 2 at 100.
LONG = [
    (98, 99, 97, 98),
    (98, 100, 98, 99),
    (100, 104, 99, 103),
    (103, 110, 101, 108),
    (108, 109, 96, 97),
    (97, 99, 95, 98),
    (98, 98, 94, 95),
    (95, 97, 89, 92),
    (92, 94, 91, 93),
    (93, 95, 92, 94),
]
# Ten bars: sold short at the open of bar 2 at 100.
SHORT = [
    (102, 103, 101, 102),
    (102, 103, 100, 101),
    (100, 103, 98, 99),
    (99, 100, 92, 93),
    (93, 95, 90, 91),
    (91, 93, 84, 86),
    (86, 88, 85, 87),
    (87, 89, 86, 88),
    (88, 90, 87, 89),
    (89, 91, 88, 90),
]


def test_a_long_that_its_stop_ends(bars_of):
    # The stop stands 10 % off 100, at 90; bar 7 falls to 89 and opens at 95, so it fills at 90.
    result = run(bars_of(LONG), (1, "buy"), stop_loss=0.1, take_profit=0.25)
    review = iq.review_trade(result, 0, around=2)
    assert review.ended_by == "stop loss"
    # Lows of bars 2 to 6 reach 94; the exit itself is lower: 90. The best is the high of bar 3.
    assert (review.worst.price, review.best.price) == pytest.approx((90, 110))
    assert (review.worst.fraction, review.best.fraction) == pytest.approx((-0.1, 0.1))
    # One R is 100 - 90: MAE -1 R, MFE +1 R, result -1 R.
    assert (review.worst.r_multiple, review.best.r_multiple) == pytest.approx((-1, 1))
    assert review.trade["r_multiple"] == pytest.approx(-1)
    # 100,000 / 99 shares, as the size is that of the deciding close, or as many as 100,000 buy at 100: 1,000.
    assert (review.worst.money, review.best.money) == pytest.approx((-10_000, 10_000))
    # Two bars before bar 2 and two after bar 7: rows 0 to 9; held in rows 2 to 7.
    assert (len(review.window), review.held) == (10, (2, 7))
    assert (review.worst.row, review.best.row) == (7, 3)
    np.testing.assert_allclose(review.stop, [math.nan] * 2 + [90] * 6 + [math.nan] * 2)
    np.testing.assert_allclose(review.target, [math.nan] * 2 + [125] * 6 + [math.nan] * 2)
    assert np.isnan(review.trail).all()


def test_a_short_that_its_target_ends(bars_of):
    # Target 15 % below 100: 85; bar 5 falls through to 84. The stop stands 5 % above, at 105.
    result = run(bars_of(SHORT), (1, "sell"), stop_loss=0.05, take_profit=0.15, allow_short=True, borrow_rate=0)
    review = iq.review_trade(result, 0)
    assert (review.side, review.ended_by) == ("short", "take profit")
    # The worst is the high of bar 2 (103), the best the target itself: the low of 84 came at or after the exit.
    assert (review.worst.price, review.best.price) == pytest.approx((103, 85))
    assert (review.worst.fraction, review.best.fraction) == pytest.approx((-0.03, 0.15))
    # One R is 105 - 100 = 5.
    assert (review.worst.r_multiple, review.best.r_multiple) == pytest.approx((-0.6, 3))
    assert review.trade["r_multiple"] == pytest.approx(3)
    assert (review.worst.row, review.best.row, review.held) == (2, 5, (2, 5))
    np.testing.assert_allclose(review.stop[2:6], 105)
    np.testing.assert_allclose(review.target[2:6], 85)


def test_a_trail_moves_behind_the_high_and_binds_a_bar_later(bars_of):
    # 10 % behind the extreme: 90 in the bar of the entry; high 104 -> 93.6 in bar 3; high 110 -> 99 in bar 4,
    # whose low of 96 ends it at 99.
    review = iq.review_trade(run(bars_of(LONG), (1, "buy"), trailing_stop=0.1), 0)
    assert (review.ended_by, review.explanation.exit.raw_price) == ("trailing stop", pytest.approx(99))
    np.testing.assert_allclose(review.trail[2:5], [90, 93.6, 99])
    assert np.isnan(review.stop).all()
    assert np.isnan(review.trail[5:]).all()


def test_a_trail_of_a_short_follows_the_low(bars_of):
    # 10 % above the extreme: 110; low 98 -> 107.8; low 92 -> 101.2; low 90 -> 99; low 84 -> 92.4, never met.
    result = run(bars_of(SHORT), (1, "sell"), trailing_stop=0.1, allow_short=True)
    review = iq.review_trade(result, 0)
    np.testing.assert_allclose(review.trail[2:7], [110, 107.8, 101.2, 99, 92.4])


def split_two_for_one(bars, at):
    factor = np.where(np.arange(len(bars)) < at, 1.0, 2.0)
    prices = {name: getattr(bars, name) / factor for name in ("open", "high", "low", "close")}
    return dataclasses.replace(bars, split_factor=factor, total_factor=factor, **prices)


def test_a_split_inside_the_window_changes_no_price_of_the_review(bars_of):
    whole = iq.review_trade(run(bars_of(LONG), (1, "buy"), stop_loss=0.1, trailing_stop=0.2), 0)
    split = iq.review_trade(run(split_two_for_one(bars_of(LONG), 5), (1, "buy"), stop_loss=0.1, trailing_stop=0.2), 0)
    assert split.has_split and not whole.has_split
    np.testing.assert_allclose(split.scale, [1] * 5 + [2] * 5)
    for column in ("open", "high", "low", "close", "stop", "trail"):
        np.testing.assert_allclose(split.to_frame()[column], whole.to_frame()[column])
    assert (split.worst.price, split.worst.row) == (pytest.approx(90), 7)
    # As traded the stop filled at 45.
    assert split.explanation.exit.price == pytest.approx(45)
    assert "shares of 2024-01-03" in split.basis
    # A share before the split is two after it: twice the volume after it is half of it in shares of the entry.
    assert split.to_frame()["volume"].tolist() == [1e7] * 5 + [5e6] * 5


def test_a_dividend_lowers_the_stop_of_a_long(bars_of):
    # 2 per share on bar 4, at a close before of 108: the total factor grows by 108 / 106.
    bars = bars_of(LONG, total_factor=[1.0] * 4 + [108 / 106] * 6)
    path = level_path(run(bars, (1, "buy"), stop_loss=0.1), 0)
    np.testing.assert_allclose(path.stop, [90, 90, 88, 88, 88, 88, 88, 88])


@pytest.mark.parametrize(
    ("options", "strategy"),
    [
        ({"stop_loss": 0.03, "take_profit": 0.05}, "Crossover"),
        ({"stop_loss": 0.02, "trailing_stop": 0.03, "take_profit": 0.06, "stop_from": "next_bar"}, "Crossover"),
        ({"atr_trail": 3.0, "atr_target": 4.0}, "Crossover"),
        ({"trailing_stop": 0.03, "allow_short": True, "reverse": True, "trail_entry_bar": False}, "Crossover"),
        ({"trailing_stop": 0.04, "stop_loss": 0.03, "max_entries": 3}, "Breakout"),
    ],
)
def test_every_exit_at_a_level_fills_at_the_level_that_was_in_force(gspc, options, strategy):
    made = (
        iq.strategies.Crossover(fast=5, slow=15)
        if strategy == "Crossover"
        else iq.strategies.Breakout(entry_window=10, exit_window=5)
    )
    bars = gspc.between("2008", "2011")
    result = iq.backtest(made, bars, weight=0.3, lot=None, costs=iq.Costs(slippage_bps=5), **options)
    seen = 0
    for number, trade in enumerate(result.trades.to_dict("records")):
        path, leave = level_path(result, number), result.explain(number).exit
        if leave.reason in ("stop", "trail", "target"):
            level = getattr(path, leave.reason)[-1]
            assert leave.raw_price == pytest.approx(level, abs=2e-6)
            seen += 1
        # No bar between entry and exit had met a stop that stood in it.
        first, last = (int(each[number]) for each in (result.round_trips.entry_bar, result.round_trips.exit_bar))
        for stop in (path.stop, path.trail):
            inside = slice(first + 1, last)
            if trade["side"] == "long":
                assert not (bars.low[inside] < stop[1:-1] - 2e-6).any()
            else:
                assert not (bars.high[inside] > stop[1:-1] + 2e-6).any()
    assert seen > 5


def test_a_bar_that_held_both_levels_is_told(bars_of):
    # Bar 3 spans 95 to 105, and both levels stand 3 % off 100.
    wide = [*LONG[:2], (100, 101, 99, 100), (100, 105, 95, 100), *LONG[4:]]
    review = iq.review_trade(run(bars_of(wide), (1, "buy"), stop_loss=0.03, take_profit=0.03), 0)
    assert {fact.label: fact.value for fact in review.facts()}["Ambiguous exit"] == "yes"
    assert [note.code for note in review.notes] == ["ambiguous_exit"]


def test_without_a_stop_r_is_missing_with_its_reason(bars_of):
    review = iq.review_trade(run(bars_of(LONG), (1, "buy"), (5, "sell")), 0)
    fact = next(fact for fact in review.facts() if fact.label == "R multiple")
    assert math.isnan(fact.value) and "no stop" in fact.note


def test_a_trade_that_is_not_there_is_refused(bars_of):
    result = run(bars_of(LONG), (1, "buy"), (5, "sell"))
    for number in (1, -1, True, "0"):
        with pytest.raises(DataError, match="rows 0 to 0"):
            iq.review_trade(result, number)
    with pytest.raises(ConfigError, match="around"):
        iq.review_trade(result, 0, around=-1)
