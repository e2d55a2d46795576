"""Tests of `investiq.execution.simulator`: the golden cases, and cases worked by hand beside them."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta
from decimal import Decimal

import pytest

from investiq.core.errors import DataError
from investiq.core.orders import Signal
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.options import RunOptions
from investiq.execution.price_bars import PriceBar
from investiq.execution.simulator import Simulator, simulate, simulate_scenario
from tests.answers.golden_cases import GOLDEN_CASES, PLAIN_CASES, GoldenFill, differences, scenario_of
from tests.answers.worked_cases import WORKED_CASES
from tests.execution.markets import flat_market, market, options, signals


def brief(simulation):
    """Fills as ``bar side quantity @ price reason``."""
    return [
        f"{fill.bar} {fill.side} {fill.quantity:f} @ {fill.price.normalize():f} {fill.reason}"
        for fill in simulation.fills
    ]


@pytest.mark.parametrize("case", (*GOLDEN_CASES, *WORKED_CASES), ids=str)
def test_the_simulator_reproduces_the_golden_case(case):
    scenario, run_options = scenario_of(case)
    run = simulate_scenario(scenario, run_options)
    fills = [GoldenFill(f.bar, f.side, f.symbol, f.quantity, f.price, f.fee, f.reason) for f in run.fills]
    assert differences(case, fills=fills, cash=run.cash, equity=run.equity, log=run.log) == []


@pytest.mark.parametrize("case", PLAIN_CASES, ids=str)
def test_the_simulator_reproduces_the_plain_case_bar_by_bar(case):
    bars = [PriceBar(ts=day, **bar._asdict()) for day, bar in zip(case.sessions, case.bars, strict=True)]
    run = simulate(bars, case.signals, RunOptions(**case.options), "A")
    fills = [GoldenFill(f.bar, f.side, f.symbol, f.quantity, f.price, f.fee, f.reason) for f in run.fills]
    assert differences(case, fills=fills, cash=run.cash, equity=run.equity, log=run.log) == []


# Fees.


def test_the_tiers_of_a_month_begin_again_in_the_next():
    # 0.005 up to 800 shares a month, then 0.003. Bars from 30 January.
    # 31 Jan buys 500: 2.50. 1 Feb sells 500, a new month: 2.50. Equity 99,995.00, so 2 Feb buys 499:
    # 300 x 0.005 + 199 x 0.003 = 2.097, posted 2.10. 3 Feb sells 499, all above 800: 1.497, posted 1.50.
    fees = PerShareFees(tiers=((800, 0.005), (math.inf, 0.003)))
    simulation = simulate(
        flat_market(5, start=date(2024, 1, 30)),
        signals("0 buy, 1 sell, 2 buy, 3 sell"),
        options(costs=Costs(per_share=fees, slippage_bps=0)),
    )
    assert [fill.fee for fill in simulation.fills] == [Decimal(fee) for fee in ("2.50", "2.50", "2.10", "1.50")]
    assert simulation.cash[-1] == Decimal("99991.40")
    assert [trip.pnl for trip in simulation.round_trips] == [Decimal("-5.00"), Decimal("-3.60")]


def test_a_minimum_fee_reduces_an_entry_that_takes_all_the_cash():
    # 10 shares at 100 cost 1,000.00 and a fee of 1.00; 9 cost 901.00 of 1,000.00.
    fees = PerShareFees(tiers=((math.inf, 0.005),), minimum_usd=1.0)
    simulation = simulate(
        flat_market(2),
        signals("0 buy"),
        options(initial_capital=1_000.0, weight=1.0, costs=Costs(per_share=fees, slippage_bps=0)),
    )
    assert brief(simulation) == ["1 buy 9 @ 100 signal"]
    assert simulation.cash[-1] == 99


@pytest.mark.parametrize(("opening", "fee"), [("100.01", "50.00"), ("100.03", "50.02")])
def test_a_fee_of_half_a_cent_is_posted_to_the_even_cent(opening, fee):
    # 500 x 100.01 x 0.1 % = 50.005; 500 x 100.03 x 0.1 % = 50.015.
    simulation = simulate(
        market(f"100/101/99/100 ; {opening}/101/99/100"),
        signals("0 buy"),
        options(costs=Costs(commission_rate=0.001, slippage_bps=0)),
    )
    assert simulation.fills[0].fee == Decimal(fee)


def test_the_cost_of_slippage_is_reported_per_fill():
    # 500 x 1.00 on the way in, 500 x 1.10 on the way out.
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 110/111/109/110"),
        signals("0 buy, 1 sell"),
        options(costs=Costs(commission_rate=0, slippage_bps=100)),
    )
    assert [fill.slippage for fill in simulation.fills] == [500, 550]
    assert simulation.round_trips[0].slippage == 1050


# Size and buying power.


def test_a_notional_order_is_reduced_to_what_the_cash_pays_with_costs():
    # 100,000 / 80 = 1,250 wanted. At 80.80 with 0.1 %: 1,236 cost 99,868.80 + 99.87 = 99,968.67; 1,237 cost 100,049.55.
    simulation = simulate(
        market("100/101/99/100 ; 80/81/79/80"),
        signals("0 buy"),
        options(weight=1.0, size_at="open", costs=Costs(commission_rate=0.001, slippage_bps=100)),
    )
    assert brief(simulation) == ["1 buy 1236 @ 80.8 signal"]
    assert simulation.fills[0].fee == Decimal("99.87")
    assert simulation.cash[-1] == Decimal("31.33")


def test_an_unrounded_order_spends_the_cash_to_the_last_digit():
    # cash / (O (1 + s) (1 + f)) = 100,000 / (80 x 1.0005 x 1.001).
    simulation = simulate(
        market("100/101/99/100 ; 80/81/79/80"),
        signals("0 buy"),
        options(weight=1.0, size_at="open", lot=None, posting_rounding=None, costs=Costs()),
    )
    assert float(simulation.fills[0].quantity) == pytest.approx(100_000 / (80 * 1.0005 * 1.001), rel=1e-15)
    assert abs(simulation.cash[-1]) < Decimal("1e-30")


def test_an_entry_that_the_cash_cannot_pay_one_share_of_is_rejected():
    simulation = simulate(
        market("50/51/49/50 ; 60/61/59/60"), signals("0 buy"), options(initial_capital=50.0, weight=1.0)
    )
    assert simulation.fills == ()
    assert simulation.log == ((1, "entry rejected: buying power"),)


@pytest.mark.parametrize("size_at", ["prior_close", "open"])
def test_an_entry_of_less_than_one_lot_is_skipped_and_said(size_at):
    simulation = simulate(flat_market(2), signals("0 buy"), options(initial_capital=150.0, size_at=size_at))
    assert simulation.fills == ()
    assert simulation.log == ((1, "entry skipped: below one lot"),)


def test_round_lots_are_kept():
    # 0.5 x 100,000 / 96 = 520.8, in hundreds 500.
    simulation = simulate(market("96/97/95/96 ; 96/97/95/96"), signals("0 buy"), options(lot=100.0))
    assert brief(simulation) == ["1 buy 500 @ 96 signal"]


def test_the_second_entry_is_sized_on_the_equity_that_the_first_trade_left():
    # 500 bought at 100 and sold at 90 leave 95,000; half of it buys 527 at 90.
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 90/91/89/90 ; 90/91/89/90"),
        signals("0 buy, 1 sell, 2 buy"),
        options(),
    )
    assert brief(simulation)[-1] == "3 buy 527 @ 90 signal"


# Signals.


def test_a_sell_below_the_threshold_does_not_take_the_buy_with_it():
    simulation = simulate(flat_market(2), signals("0 buy, 0 sell 0.3"), options(confidence_threshold=0.5))
    assert brief(simulation) == ["1 buy 500 @ 100 signal"]
    assert simulation.log == ((1, "below threshold"),)


def test_buy_and_sell_at_once_while_long_keep_the_sell():
    simulation = simulate(flat_market(4), signals("0 buy, 1 buy, 1 sell"), options())
    assert brief(simulation) == ["1 buy 500 @ 100 signal", "2 sell 500 @ 100 signal"]
    assert simulation.log == ((2, "conflicting signals: exit kept"),)


def test_a_buy_while_long_is_ignored():
    simulation = simulate(flat_market(4), signals("0 buy, 1 buy, 2 buy"), options())
    assert brief(simulation) == ["1 buy 500 @ 100 signal"]
    assert simulation.log == ()


def test_a_buy_decided_while_long_does_not_reopen_what_the_stop_closes():
    # The position of the decision counts: bar 1 closes long, so its buy is ignored although the stop sells in bar 2.
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 90/93/88/92 ; 92/93/91/92"),
        signals("0 buy, 1 buy"),
        options(stop_loss=0.05),
    )
    assert brief(simulation) == ["1 buy 500 @ 100 signal", "2 sell 500 @ 90 stop_gap"]


def test_an_exit_that_finds_the_position_stopped_out_is_cancelled():
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 90/93/88/92"), signals("0 buy, 1 sell"), options(stop_loss=0.05)
    )
    assert brief(simulation) == ["1 buy 500 @ 100 signal", "2 sell 500 @ 90 stop_gap"]
    assert simulation.log == ((2, "exit order cancelled: already flat"),)


def test_a_signal_exit_at_the_open_comes_before_a_stop_inside_the_bar():
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 99/100/90/92"), signals("0 buy, 1 sell"), options(stop_loss=0.05)
    )
    assert brief(simulation)[-1] == "2 sell 500 @ 99 signal"


def test_one_bar_can_close_one_position_and_open_the_next_only_by_a_later_decision():
    # The sell and the buy are decided one bar apart, so the new entry follows one bar after the exit.
    simulation = simulate(flat_market(5), signals("0 buy, 1 sell, 2 buy"), options())
    assert [fill.bar for fill in simulation.fills] == [1, 2, 3]


# Stops and targets.


def test_an_open_exactly_at_the_stop_sells_at_the_open():
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 95/97/94/96"), signals("0 buy"), options(stop_loss=0.05)
    )
    assert brief(simulation)[-1] == "2 sell 500 @ 95 stop_gap"


def test_an_open_exactly_at_the_target_waits_for_a_trade_beyond_it():
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100 ; 110/110/104/108"), signals("0 buy"), options(take_profit=0.10)
    )
    assert len(simulation.fills) == 1


@pytest.mark.parametrize(
    ("last_bar", "fill"),
    [("105/110/104/108", "2 sell 500 @ 110 target"), ("110/110/104/108", "2 sell 500 @ 110 target_gap")],
)
def test_touch_fills_a_target_that_is_only_reached(last_bar, fill):
    simulation = simulate(
        market(f"100/101/99/100 ; 100/101/99/100 ; {last_bar}"),
        signals("0 buy"),
        options(take_profit=0.10, limit_fill="touch"),
    )
    assert brief(simulation)[-1] == fill


def test_slippage_wider_than_the_stop_sells_the_entry_at_its_own_open():
    # Bought at 110 with 10 % slippage, stop 104.50 above the open of 100: sold at 100 less 10 %.
    simulation = simulate(
        market("100/101/99/100 ; 100/101/99/100"),
        signals("0 buy"),
        options(stop_loss=0.05, costs=Costs(commission_rate=0, slippage_bps=1_000)),
    )
    assert brief(simulation) == ["1 buy 500 @ 110 signal", "1 sell 500 @ 90 stop"]
    assert simulation.cash[-1] == 90_000


def test_levels_are_rounded_to_a_millionth():
    # 33.333333 x 0.95 = 31.66666635, rounded 31.666666: a low of exactly that fires the stop.
    simulation = simulate(
        market("33/34/32/33 ; 33.333333/34/33/33 ; 33/34/31.666666/32"), signals("0 buy"), options(stop_loss=0.05)
    )
    assert brief(simulation)[-1].endswith("@ 31.666666 stop")


def test_unrounded_levels_keep_every_digit():
    simulation = simulate(
        market("33/34/32/33 ; 33.333333/34/33/33 ; 33/34/31/32"),
        signals("0 buy"),
        options(stop_loss=0.05, level_rounding=None),
    )
    assert brief(simulation)[-1].endswith("@ 31.66666635 stop")


# Bars without volume.


def test_an_entry_waits_five_sessions_without_volume_and_is_cancelled():
    quiet = " ; ".join(["100/100/100/100/0"] * 5)
    simulation = simulate(market(f"100/101/99/100/9 ; {quiet} ; 100/101/99/100/9"), signals("0 buy"), options())
    assert simulation.fills == ()
    carried = tuple((bar, "no trade in bar: order carried") for bar in range(1, 5))
    assert simulation.log == (*carried, (5, "order expired: no trade"))


def test_an_entry_that_waited_four_sessions_is_filled_with_the_size_of_its_decision():
    quiet = " ; ".join(["100/100/100/100/0"] * 4)
    simulation = simulate(market(f"100/101/99/100/9 ; {quiet} ; 110/111/109/110/9"), signals("0 buy"), options())
    assert brief(simulation) == ["5 buy 500 @ 110 signal"]


def test_an_exit_waits_until_there_is_volume_and_the_close_marks_the_position():
    quiet = " ; ".join(["98/98/98/98/0"] * 7)
    simulation = simulate(
        market(f"100/101/99/100/9 ; 100/101/99/100/9 ; {quiet} ; 97/98/96/97/9"), signals("0 buy, 1 sell"), options()
    )
    assert brief(simulation) == ["1 buy 500 @ 100 signal", "9 sell 500 @ 97 signal"]
    # 50,000 of cash and 500 shares at 98.
    assert set(simulation.equity[2:9]) == {Decimal(99_000)}


def test_a_stop_cannot_fire_without_volume_and_comes_before_the_waiting_exit():
    simulation = simulate(
        market("100/101/99/100/9 ; 100/101/99/100/9 ; 90/90/90/90/0 ; 91/92/90/91/9"),
        signals("0 buy, 1 sell"),
        options(stop_loss=0.05),
    )
    assert brief(simulation)[-1] == "3 sell 500 @ 91 stop_gap"
    assert simulation.log == ((2, "no trade in bar: order carried"), (3, "exit order cancelled: already flat"))


def test_of_several_waiting_entries_the_most_confident_is_filled_and_the_others_are_cancelled():
    # Decided at closes of 100 and 80: sizes 500 and 625.
    simulation = simulate(
        market("100/101/79/100/9 ; 80/80/80/80/0 ; 80/81/79/80/9"),
        signals("0 buy 0.6, 1 buy 0.8"),
        options(),
    )
    assert brief(simulation) == ["2 buy 625 @ 80 signal"]
    assert simulation.log[-1] == (2, "entry order cancelled: already in position")


def test_of_equally_confident_waiting_entries_the_oldest_is_filled():
    simulation = simulate(
        market("100/101/79/100/9 ; 80/80/80/80/0 ; 80/81/79/80/9"), signals("0 buy, 1 buy"), options()
    )
    assert brief(simulation) == ["2 buy 500 @ 80 signal"]


def test_zero_volume_can_be_ignored_where_it_means_nothing():
    simulation = simulate(
        market("100/101/99/100/0 ; 100/101/99/100/0"), signals("0 buy"), options(zero_volume="ignore")
    )
    assert brief(simulation) == ["1 buy 500 @ 100 signal"]


# Sessions without a bar.


def after_sessions(bars, row, count):
    """Return the bars with `count` sessions without one before `row`; every bar bears the number of its session."""
    return [
        dataclasses.replace(
            bar, ts=bar.ts + timedelta(days=count * (index >= row)), session=index + count * (index >= row)
        )
        for index, bar in enumerate(bars)
    ]


@pytest.mark.parametrize(
    ("count", "fills", "log"),
    [
        (4, ["2 buy 500 @ 100 signal"], ()),
        (5, [], ((2, "order expired: no bar"),)),
        (6, [], ((2, "order expired: no bar"),)),
    ],
)
def test_an_entry_is_cancelled_where_five_sessions_have_no_bar(count, fills, log):
    # Series B of golden case 86, whose entry is decided in bar 1; after four sessions it fills in the fifth.
    simulation = simulate(after_sessions(flat_market(3), 2, count), signals("1 buy"), options())
    assert brief(simulation) == fills
    assert simulation.log == log


def test_an_exit_waits_for_the_next_bar_however_late():
    # Series A of golden case 86.
    bars = after_sessions(market("100/101/99/100 ; 100/101/99/100 ; 97/98/96/97"), 2, 6)
    simulation = simulate(bars, signals("0 buy, 1 sell"), options())
    assert brief(simulation) == ["1 buy 500 @ 100 signal", "2 sell 500 @ 97 signal"]
    assert simulation.cash == (100_000, 50_000, 98_500)


# The end of the run.


def test_liquidation_needs_no_volume_and_takes_a_waiting_exit_with_it():
    # Sold at the close of 98 less 1 % = 97.02: 500 x 97.02 = 48,510 beside 49,500 of cash.
    simulation = simulate(
        market("100/101/99/100/9 ; 100/101/99/100/9 ; 98/98/98/98/0"),
        signals("0 buy, 1 sell"),
        options(end="liquidate", costs=Costs(commission_rate=0, slippage_bps=100)),
    )
    assert brief(simulation)[-1] == "2 sell 500 @ 97.02 end_of_data"
    assert simulation.cash[-1] == simulation.equity[-1] == 98_010
    assert simulation.position[-1] == 0
    assert simulation.round_trips[0].exit_reason == "end_of_data"


def test_a_run_without_bars_is_empty():
    simulation = simulate([], [], options())
    assert (simulation.equity, simulation.fills, simulation.initial_capital) == ((), (), 100_000)


# What is refused.


def test_bars_out_of_order_are_refused():
    simulator = Simulator(options())
    later, earlier = reversed(flat_market(2))
    simulator.on_bar(later)
    with pytest.raises(DataError, match=r"bars must ascend, 2024-01-01 came after 2024-01-02"):
        simulator.on_bar(earlier)


def test_a_decision_of_another_bar_is_refused():
    simulator = Simulator(options())
    simulator.on_bar(flat_market(1)[0])
    with pytest.raises(DataError, match=r"a decision of bar 1 came after 1 bars, expected one of bar 0"):
        simulator.decide(Signal(bar=1, side="buy"))


def test_a_decision_on_another_symbol_is_refused():
    simulator = Simulator(options(), "A")
    simulator.on_bar(flat_market(1)[0])
    with pytest.raises(DataError, match=r"a decision on 'B' came to the simulator of 'A'"):
        simulator.decide(Signal(bar=0, side="buy", symbol="B"))


def test_a_signal_of_a_bar_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match=r"a signal is of bar 2, but only 2 bars were given"):
        simulate(flat_market(2), signals("2 buy"), options())


def test_bars_of_a_history_carry_their_symbol_to_the_fills(two_bars):
    simulation = simulate(two_bars, signals("0 buy"), options(weight=1.0))
    # 100,000 / 100.50 = 995 wanted, 100,000 / 2,500 = 40 affordable.
    assert brief(simulation) == ["1 buy 40 @ 2500 signal"]
    assert simulation.fills[0].symbol == "TWO"
