"""Laws that every scenario keeps, whatever happens in it."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from decimal import ROUND_DOWN, Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.orders import Signal
from investiq.execution.costs import Costs
from investiq.execution.decimals import ARITHMETIC, exact, floor_to_lot, round_to
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario
from investiq.execution.simulator import simulate_scenario
from tests.execution.markets import FREE, options
from tests.execution.scenarios import run_options, scenarios

TINY = Decimal("1e-20")


def posted(fill, unit):
    return round_to(fill.quantity * fill.price, unit) * (-1 if fill.side == "buy" else 1) - fill.fee


@given(scenarios(), run_options())
def test_every_bar_reconciles_with_the_initial_capital_and_the_postings(scenario, chosen):
    run = simulate_scenario(scenario, chosen)
    unit = None if chosen.posting_rounding is None else Decimal("0.01")
    with localcontext(ARITHMETIC):
        cash = Decimal(100_000)
        held = dict.fromkeys(scenario.symbols, Decimal(0))
        marks = dict.fromkeys(scenario.symbols, Decimal(0))
        due = []
        for bar in range(scenario.n_bars):
            for split in (each for each in scenario.splits if each.bar == bar):
                shares = held[split.symbol] * exact(split.ratio)
                is_whole = chosen.lot is not None and chosen.lot >= 1
                held[split.symbol] = shares.to_integral_value(ROUND_DOWN) if is_whole else shares
                marks[split.symbol] /= exact(split.ratio)
            for dividend in (each for each in scenario.dividends if each.bar == bar):
                due.append((dividend.pay_bar, round_to(held[dividend.symbol] * exact(dividend.amount), unit)))
            for fill in (each for each in run.fills if each.bar == bar):
                cash += posted(fill, unit)
                held[fill.symbol] += fill.quantity if fill.side == "buy" else -fill.quantity
            cash += sum(flow.amount for flow in run.cash_flows if flow.bar == bar)
            for row, symbol in enumerate(scenario.symbols):
                if not math.isnan(scenario.close[row, bar]):
                    marks[symbol] = exact(float(scenario.close[row, bar]))
                assert abs(run.positions[symbol][bar] - held[symbol]) <= TINY
                assert run.stale[symbol][bar] == math.isnan(scenario.close[row, bar])
            receivable = sum((amount for pay_bar, amount in due if pay_bar > bar), Decimal(0))
            assert abs(run.cash[bar] - cash) <= TINY
            assert abs(run.receivables[bar] - receivable) <= TINY
            value = sum(held[symbol] * marks[symbol] for symbol in held)
            assert abs(run.equity[bar] - (cash + value + receivable)) <= TINY


@given(scenarios(), run_options(end="liquidate"))
def test_round_trips_and_cash_flows_add_up_to_the_change_of_cash(scenario, chosen):
    run = simulate_scenario(scenario, chosen)
    with localcontext(ARITHMETIC):
        total = sum(trip.pnl for trip in run.round_trips) + sum(flow.amount for flow in run.cash_flows)
        assert abs(total - (run.cash[-1] - 100_000)) <= TINY
        assert all(shares[-1] == 0 for shares in run.positions.values())


@given(scenarios(), run_options(end="mark"), st.data())
def test_cutting_later_bars_off_changes_nothing_before(scenario, chosen, data):
    kept = data.draw(st.integers(1, scenario.n_bars))
    cut = {
        each.name: np.ascontiguousarray(value[..., :kept])
        for each in dataclasses.fields(scenario)
        if isinstance(value := getattr(scenario, each.name), np.ndarray)
    }
    for name in ("signals", "splits", "dividends", "delistings"):
        cut[name] = tuple(each for each in getattr(scenario, name) if each.bar < kept)
    whole = simulate_scenario(scenario, chosen)
    prefix = simulate_scenario(dataclasses.replace(scenario, **cut), chosen)
    assert prefix.fills == tuple(fill for fill in whole.fills if fill.bar < kept)
    assert prefix.cash_flows == tuple(flow for flow in whole.cash_flows if flow.bar < kept)
    assert (prefix.cash, prefix.equity) == (whole.cash[:kept], whole.equity[:kept])
    dropped = "signal after last bar: dropped"
    assert [event for event in prefix.log if event.text != dropped] == [
        event for event in whole.log if event.bar < kept and event.text != dropped
    ]


@given(scenarios(), run_options())
def test_the_order_of_signals_of_different_symbols_changes_nothing(scenario, chosen):
    backwards = dataclasses.replace(
        scenario, signals=tuple(sorted(scenario.signals, key=lambda each: each.symbol, reverse=True))
    )
    one, other = simulate_scenario(scenario, chosen), simulate_scenario(backwards, chosen)
    assert (one.fills, one.cash, one.equity) == (other.fills, other.cash, other.equity)
    assert Counter(one.log) == Counter(other.log)


@given(scenarios(), run_options())
def test_fills_keep_to_the_prices_and_the_volume_of_their_bar(scenario, chosen):
    run = simulate_scenario(scenario, chosen)
    traded = Counter()
    for fill in run.fills:
        row = scenario.row(fill.symbol)
        if fill.reason == "delisted":
            assert math.isnan(scenario.close[row, fill.bar])
            continue
        if fill.reason == "end_of_data":
            continue
        bar = [exact(float(column[row, fill.bar])) for column in (scenario.low, scenario.high)]
        with localcontext(ARITHMETIC):
            lost = (fill.slippage + fill.impact) / fill.quantity
            raw = fill.price - lost if fill.side == "buy" else fill.price + lost
        if not (fill.reason.endswith("_gap") and chosen.limit_gap == "limit"):
            assert bar[0] - TINY <= raw <= bar[1] + TINY
        traded[fill.bar, row] += fill.quantity
    for (bar, row), quantity in traded.items():
        volume = scenario.volume[row, bar]
        if volume == 0:
            assert chosen.zero_volume == "ignore"
        elif chosen.max_volume_participation is not None and not math.isnan(volume):
            lot = None if chosen.lot is None else exact(chosen.lot)
            assert quantity <= floor_to_lot(Decimal("0.05") * exact(float(volume)), lot)


@given(scenarios(), run_options(allow_short=False, margin=1.0, debit_rate=None))
def test_without_margin_and_shorts_cash_never_falls_below_zero(scenario, chosen):
    assert min(simulate_scenario(scenario, chosen).cash) >= -TINY


EXACT = {"lot": None, "posting_rounding": None, "level_rounding": None}
PROPORTIONAL = st.sampled_from([FREE, Costs(commission_rate=0.001, slippage_bps=5, sell_fee_rate=0.0002)])


@given(scenarios(), run_options(**EXACT), PROPORTIONAL)
def test_prices_times_eight_and_an_eighth_of_the_shares_give_the_same_equity(scenario, chosen, cost):
    chosen = dataclasses.replace(chosen, costs=cost)

    def eightfold(price):
        return None if price is None else 8 * price

    prices = ("limit_price", "stop_price", "stop_loss_price", "take_profit_price")
    scaled = dataclasses.replace(
        scenario,
        **{name: 8 * getattr(scenario, name) for name in ("open", "high", "low", "close", "atr")},
        **{name: getattr(scenario, name) / 8 for name in ("volume", "average_volume")},
        signals=tuple(
            dataclasses.replace(
                each,
                quantity=None if each.quantity is None else each.quantity / 8,
                **{name: eightfold(getattr(each, name)) for name in prices},
            )
            for each in scenario.signals
        ),
        dividends=tuple(dataclasses.replace(each, amount=8 * each.amount) for each in scenario.dividends),
    )
    one, other = simulate_scenario(scenario, chosen), simulate_scenario(scaled, chosen)
    assert [fill.reason for fill in one.fills] == [fill.reason for fill in other.fills]
    assert all(abs(ours - theirs) <= TINY for ours, theirs in zip(one.equity, other.equity, strict=True))


@pytest.mark.parametrize("price", [3.0, 7.0, 19.0, 23.0])
def test_what_the_arithmetic_leaves_of_all_the_cash_buys_nothing(price):
    # 100,000 / (price x 1.0005 x 1.002) has no end in decimals: the 40th digit leaves some 1e-36 of cash or none.
    flat = np.full((1, 4), price)
    scenario = Scenario(
        symbols=("A",), ts=np.datetime64("2024-01-29", "us") + np.arange(4) * np.timedelta64(1, "D"), sessions=np.arange(4),
        open=flat, high=flat, low=flat, close=flat, volume=np.full((1, 4), 1e7),
        signals=(Signal(bar=0, side="buy", symbol="A"), Signal(bar=1, side="buy", symbol="A")),
    )  # fmt: skip
    chosen = RunOptions(
        weight=1.0, lot=None, posting_rounding=None, costs=Costs(commission_rate=0.002, slippage_bps=5), max_entries=2,
        max_volume_participation=None, end="mark",
    )  # fmt: skip
    assert len(simulate_scenario(scenario, chosen).fills) == 1


@given(scenarios(max_symbols=1, actions=False), st.data())
def test_a_free_run_and_its_mirror_add_up_to_nothing(scenario, data):
    # The same shares long and short: what one gains the other loses. 100 shares at some 60 are far within the margin.
    sides = data.draw(
        st.lists(st.sampled_from(["", "buy", "sell"]), min_size=scenario.n_bars, max_size=scenario.n_bars)
    )
    opposite = {"buy": "sell", "sell": "buy"}
    chosen = options(
        allow_short=True, reverse=data.draw(st.booleans()), max_volume_participation=data.draw(st.sampled_from([None, 0.05])),
        borrow_rate=0.0, maintenance_long=None, maintenance_short=None, costs=FREE, posting_rounding=None,
    )  # fmt: skip

    def equity(swap):
        signals = tuple(
            Signal(bar=bar, side=opposite[side] if swap else side, quantity=100.0)
            for bar, side in enumerate(sides)
            if side
        )
        return simulate_scenario(dataclasses.replace(scenario, signals=signals), chosen).equity

    for ours, theirs in zip(equity(False), equity(True), strict=True):
        assert abs((ours - 100_000) + (theirs - 100_000)) <= TINY
