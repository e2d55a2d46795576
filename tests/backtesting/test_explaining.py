"""Why a round trip was filled as it was, and what other readings of its bars give."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.explaining_rules import rule_text
from investiq.core.errors import DataError
from investiq.core.orders import FillReason, Signal
from investiq.history.panel import Panel
from investiq.strategies.base import Strategy

FREE = iq.Costs(commission_rate=0, slippage_bps=0)
COSTS = iq.Costs(commission_rate=0.001, slippage_bps=100)
# Bought 50 at 100 in bar 1. In bar 2 the low of 94 reaches the stop of 95, the high of 107 goes through the target of 105.
BOTH = [(100, 101, 99, 100), (100, 101, 99, 100), (100, 107, 94, 103), (103, 104, 102, 104)]


@pytest.fixture
def both(bars_of):
    return iq.backtest(
        iq.strategies.BuyAndHold(), bars_of(BOTH), weight=0.05, costs=FREE, stop_loss=0.05, take_profit=0.05
    )


def test_a_stop_is_explained_by_the_bar_that_reached_it(both):
    explained = both.explain(0)
    assert explained.entry.rule == (
        "step 10: an entry decided at the close before of 100.00 fills at the first price after it, the open of 100.00"
    )
    assert explained.exit.rule.startswith("step 13: the low of 94.00 reached the stop of 95.00")
    assert (explained.exit.raw_price, explained.exit.prices) == (95, (100, 107, 94, 103))
    assert (explained.stop, explained.target) == (95, 105)


def test_alternatives_say_what_another_fill_would_have_earned(both):
    # 50 shares bought at 100: the bar of the stop closes at 103, the open after it is 103.
    frame = both.explain(0).to_frame()
    exits = frame[frame["fill"] == "exit"].set_index("alternative")
    assert both.trades.loc[0, "pnl"] == -250
    assert exits.loc["the close of the bar", ["price", "pnl", "difference"]].tolist() == [103, 150, 400]
    assert exits.loc["the next open", "pnl"] == 150
    assert math.isnan(exits.loc["the next VWAP", "price"])
    assert exits.loc["the next VWAP", "note"] == "the bars have none"


def test_alternatives_pay_slippage_and_commission(bars_of):
    # Bought at 101 (1 % above 100), sold at the end at 110 x 0.99. At the deciding close of 99 the entry costs 99.99.
    bars = bars_of([(100, 101, 99, 99), (100, 101, 99, 100), (110, 111, 109, 110)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, weight=0.5, costs=COSTS)
    entry = result.explain(0).to_frame().query("fill == 'entry'").set_index("alternative")
    quantity = result.trades.loc[0, "quantity"]
    assert entry.loc["the deciding close", "price"] == pytest.approx(99.99)
    # Each share costs 1.01 less, and 0.1 % of that less fee.
    assert entry.loc["the deciding close", "difference"] == pytest.approx(quantity * 1.01 * 1.001)


def test_the_bracket_runs_the_decisions_under_the_other_readings(both):
    bracket = both.bracket
    # Stopped at 95: 100,000 - 250. With the target first, 105: 100,000 + 250.
    assert (bracket.lowest.final_equity, bracket.highest.final_equity) == (99_750, 100_250)
    assert bracket.as_run.both_inside == "stop"
    assert bracket.highest.both_inside == "target"
    assert bracket.changes_conclusion
    assert len(bracket.readings) == 8


def test_a_run_without_limits_has_one_reading(bars_of):
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(BOTH), stop_loss=0.05, costs=FREE)
    assert len(result.bracket.readings) == 1
    assert not result.bracket.changes_conclusion


def test_an_exit_with_both_levels_inside_is_ambiguous_and_said(both):
    assert both.ambiguity_share == 1.0
    (note,) = [note for note in both.notes if note.code == "ambiguous_exits"]
    assert note.text.startswith("1 of 1 exits (100.0%) were decided in a bar that held both stop and target")
    explained = both.explain(0)
    assert explained.exit.rule.endswith("stop and target both lay inside the bar, and the stop was taken")
    exits = explained.to_frame().query("fill == 'exit'").set_index("alternative")["pnl"]
    assert exits["pessimistic: the stop first"] == -250
    assert exits["optimistic: the target first"] == 250


def test_a_round_trip_that_does_not_exist_is_refused(both):
    with pytest.raises(DataError, match=r"there is no round trip 1; result\.trades has rows 0 to 0"):
        both.explain(1)


@pytest.mark.parametrize("reason", FillReason.__args__)
def test_every_reason_of_a_fill_has_a_rule(reason):
    for side, is_entry in (("buy", True), ("sell", False), ("buy", False)):
        text = rule_text(reason, side, is_entry, (99.0, 106.0, 94.0, 97.0), 95.0, 100.0, 95.0)
        assert text.startswith("step")


def test_excursions_and_r_are_those_of_the_bars_before_the_exit(bars_of):
    # Bought at 100 in bar 1 (low 97, high 101), held through bar 2 (low 98, high 104), stopped at 95 in bar 3.
    rows = [(100, 101, 99, 100), (100, 101, 97, 100), (100, 104, 98, 103), (103, 108, 94, 96), (96, 97, 95, 96)]
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(rows), weight=0.05, costs=FREE, stop_loss=0.05)
    trade = result.trades.iloc[0]
    # The exit bar's high of 108 may have come after the stop.
    assert trade[["mae", "mfe", "mae_money", "mfe_money"]].tolist() == pytest.approx([-0.05, 0.04, -250, 200])
    assert trade["r_multiple"] == pytest.approx(-1.0)
    assert result.summary.loc["Edge ratio", "value"] == pytest.approx(0.8)


def test_excursions_are_those_of_the_measure_of_the_same_name(gspc):
    result = iq.backtest(iq.strategies.Crossover(fast=5, slow=20), gspc[-1000:], stop_loss=0.02, weight=1.0)
    expected = iq.metrics.excursions(result.trades, result.bars)
    np.testing.assert_allclose(result.trades[["mae", "mfe"]], expected, rtol=1e-12, atol=1e-15)


def test_the_waterfall_leads_from_gross_to_net(bars_of):
    # 500 bought at 101 and sold at 108.90, fees 50.50 and 54.45, slippage 500 x 1 and 500 x 1.1: gross 500 x 10.
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (110, 111, 109, 110)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, weight=0.5, costs=COSTS)
    steps = result.waterfall
    assert (steps.commission, steps.slippage, steps.impact) == pytest.approx((-104.95, -1_050, 0))
    assert steps.gross == pytest.approx(5_000)
    assert steps.net == pytest.approx(3_845.05)
    frame = steps.to_frame()
    assert frame["amount"].iloc[:-1].sum() == pytest.approx(frame.loc["Net profit", "amount"])
    assert frame.loc["Commission", "share"] == pytest.approx(-0.0010495)


def test_the_circuit_breaker_is_told_by_the_equity(both):
    from investiq.backtesting.holdings import halted_bars

    options = dataclasses.replace(both.options, max_drawdown_halt=0.1, halt_reset_drawdown=0.02)
    # 90 of 100 is 10 %: entries are refused from the next bar on; 98 of 100 is 2 %: allowed again after it.
    account = np.array([100.0, 100, 90, 95, 98, 97, 97])
    assert halted_bars(account, options).tolist() == [False, False, True, True, False, False]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Orders(Strategy):
    """The orders that a test names."""

    given: tuple[Signal, ...]

    warmup = 0

    def signals(self, bars):
        return self.given


def test_of_the_bar_of_a_limit_entry_only_what_came_after_it_counts(bars_of):
    # Bought at 98 on the way from 100 to 97; the high of 110 may have come before, the close of 98.49 did not.
    rows = [(100, 101, 99, 100), (100, 110, 97, 98.49), (98, 98.2, 97.9, 98), (98, 98, 98, 98)]
    orders = Orders(given=(Signal(bar=0, side="buy", order_type="limit", limit_price=98.0), Signal(bar=2, side="sell")))
    trade = iq.backtest(orders, bars_of(rows), costs=FREE).trades.iloc[0]
    assert trade[["mae", "mfe"]].tolist() == pytest.approx([-1 / 98, 0.49 / 98])
    # Sold short at 102 on the way up to 103: the low of 95 may have come before, the close of 101 did not.
    rows = [(100, 101, 99, 100), (100, 103, 95, 101), (101, 102, 101, 101), (101, 101, 101, 101)]
    orders = Orders(
        given=(Signal(bar=0, side="sell", order_type="limit", limit_price=102.0), Signal(bar=2, side="buy"))
    )
    trade = iq.backtest(orders, bars_of(rows), costs=FREE, allow_short=True, borrow_rate=0.0).trades.iloc[0]
    assert trade[["mae", "mfe"]].tolist() == pytest.approx([-1 / 102, 1 / 102])


def test_a_fill_at_the_close_had_no_part_in_its_bar_and_an_exit_there_all_of_it(bars_of):
    rows = [(100, 130, 70, 100), (100, 104, 99, 100), (100, 120, 60, 100), (100, 101, 99, 100)]
    panel = Panel.of([bars_of(rows, symbol=symbol) for symbol in "AB"])
    weights = {"A": 0.5, "B": 0.25}
    held = {"fill": "same_close", "costs": FREE, "symbol_weights": weights}
    trades = iq.backtest(iq.strategies.BuyAndHold(), panel, **held).trades
    # Bought at the close of bar 0, sold at that of bar 3: bars 1 to 3.
    assert trades[["mae", "mfe"]].to_numpy().tolist() == [pytest.approx([-0.4, 0.2])] * 2


def test_an_entry_without_levels_does_not_take_those_of_an_earlier_one(bars_of):
    given = (Signal(bar=0, side="buy", stop_loss_price=90.0), Signal(bar=2, side="sell"), Signal(bar=4, side="buy"))
    trades = iq.backtest(Orders(given=given), bars_of([(100, 101, 99, 100)] * 8), costs=FREE).trades
    assert trades["stop"].fillna(0).tolist() == [90.0, 0.0]


def test_a_further_entry_moves_the_stop_to_the_mean_price(bars_of):
    # 100 shares at 100, 50 more at 112: the mean is 104, 5 % below it 98.80.
    rows = [(100, 101, 99, 100), (100, 101, 99, 100), (112, 113, 111, 112), (112, 113, 111, 112)]
    given = (Signal(bar=0, side="buy", quantity=100), Signal(bar=1, side="buy", quantity=50))
    result = iq.backtest(Orders(given=given), bars_of(rows), costs=FREE, stop_loss=0.05, max_entries=2)
    assert result.trades["stop"].tolist() == pytest.approx([95.0, 98.8])
    fall = bars_of([*rows[:3], (112, 113, 98.7, 100), (100, 100, 100, 100)])
    stopped = iq.backtest(Orders(given=given), fall, costs=FREE, stop_loss=0.05, max_entries=2)
    assert stopped.trades["exit_price"].tolist() == pytest.approx([98.8, 98.8])


def test_without_an_average_true_range_yet_the_stop_is_that_of_the_run(bars_of):
    rows = [(100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 94, 95), (95, 95, 95, 95)]
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of(rows), costs=FREE, atr_stop=2.0, atr_target=3.0)
    assert result.trades[["stop", "target", "exit_price"]].to_numpy().tolist() == [[95.0, 110.0, 95.0]]


def test_the_other_reading_of_a_bar_pays_what_the_run_would(bars_of):
    costs = iq.Costs(commission_rate=0.001, slippage_bps=100, sell_fee_rate=0.002)
    options = {"weight": 0.05, "costs": costs, "stop_loss": 0.05, "take_profit": 0.05, "lot": None}
    stopped = iq.backtest(iq.strategies.BuyAndHold(), bars_of(BOTH), posting_rounding=None, **options)
    reached = iq.backtest(
        iq.strategies.BuyAndHold(), bars_of(BOTH), posting_rounding=None, both_inside="target", **options
    )
    pnl = [each.trades.loc[0, "pnl"] for each in (stopped, reached)]
    for each in (stopped, reached):
        exits = each.explain(0).to_frame().query("fill == 'exit'").set_index("alternative")["pnl"]
        found = [exits["pessimistic: the stop first"], exits["optimistic: the target first"]]
        assert found == pytest.approx(pnl, rel=1e-12)
