"""From bars and decisions to a scenario."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting import decisions, general, preparing
from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.execution.costs import Costs
from investiq.execution.options import RegimeSizing, RunOptions
from investiq.execution.simulator import simulate_scenario
from investiq.history.adjust import Action
from investiq.history.panel import Panel
from investiq.history.resample import resample

FLAT = [100.0, 101.0, 99.0, 100.0]


def test_actions_of_the_bars_become_splits_and_dividends(bars_of):
    actions = (
        Action(kind="split", ex_date=date(2024, 1, 3), ratio=2.0),
        Action(kind="dividend", ex_date=date(2024, 1, 4), cash=0.5),
    )
    bars = dataclasses.replace(bars_of([FLAT] * 5), actions=actions)
    pay_dates = {("TEST", date(2024, 1, 4)): date(2024, 1, 5)}
    scenario = preparing.scenario_of(bars, [], RunOptions(), pay_dates=pay_dates)
    assert [(each.bar, each.ratio) for each in scenario.splits] == [(2, 2.0)]
    assert [(each.bar, each.amount, each.pay_bar) for each in scenario.dividends] == [(3, 0.5, 4)]


def test_a_step_of_the_factor_without_an_action_is_a_dividend_paid_on_its_ex_date(bars_of):
    # 100 / (100 - 2) is the growth of a dividend of 2.00 after a close of 100.
    growth = 100 / 98
    scenario = preparing.scenario_of(bars_of([FLAT] * 3, total_factor=[1.0, growth, growth]), [], RunOptions())
    (paid,) = scenario.dividends
    assert (paid.bar, paid.pay_bar) == (1, 1)
    assert paid.amount == pytest.approx(2.0)


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_an_action_inside_a_week_or_month_happens_once_in_its_bar(interval):
    # SYN001 splits four for one on Thursday, 27 September 2012, and pays 40 dividends, 0.15 on the 5th of that month: in the
    # month's bar 0.0375 for each of the new shares.
    bars = iq.load_bars("SYN001")
    long = resample(bars, interval)
    scenario = preparing.scenario_of(long, [], RunOptions())
    steps = np.flatnonzero(np.diff(long.split_factor)) + 1
    assert [(each.bar, each.ratio) for each in scenario.splits] == [(steps[0], 4.0)]
    paid = {action.ex_date: action.cash for action in bars.actions if action.kind == "dividend"}
    if interval == "1mo":
        paid[date(2012, 9, 5)] = 0.0375
    assert [each.amount for each in scenario.dividends] == list(paid.values())
    grown = long.total_factor / long.split_factor
    assert [each.bar for each in scenario.dividends] == (np.flatnonzero(np.diff(grown)) + 1).tolist()


def test_a_dividend_before_a_split_of_its_week_is_restated_to_the_new_shares(bars_of):
    # Three weeks; on Thursday of the last two shares for one. 1.00 on Tuesday is 0.50 per new share, what is paid from
    # Thursday on is per new share already. The 500 shares of week 1 become 1,000 and get 500 + 300 + 200.
    factor = np.repeat([1.0, 2.0], [17, 4])
    actions = (
        Action(kind="dividend", ex_date=date(2024, 1, 16), cash=1.0),
        Action(kind="split", ex_date=date(2024, 1, 18), ratio=2.0),
        Action(kind="dividend", ex_date=date(2024, 1, 18), cash=0.3),
        Action(kind="dividend", ex_date=date(2024, 1, 19), cash=0.2),
    )
    daily = bars_of([FLAT] * 17 + [[50.0, 50.5, 49.5, 50.0]] * 4)
    long = resample(dataclasses.replace(daily, split_factor=factor, total_factor=factor, actions=actions), "1w")
    options = RunOptions(
        weight=0.5, end="mark", max_volume_participation=None, costs=Costs(slippage_bps=0.0, commission_rate=0.0)
    )
    scenario = preparing.scenario_of(long, [Signal(bar=0, side="buy")], options)
    assert [(each.bar, each.ratio) for each in scenario.splits] == [(2, 2.0)]
    assert [(each.bar, each.amount) for each in scenario.dividends] == [(2, 0.5), (2, 0.3), (2, 0.2)]
    for run in (general.simulate_scenario(scenario, options), simulate_scenario(scenario, options)):
        assert [float(cash) for cash in run.cash] == [100_000.0, 50_000.0, 51_000.0]


def test_a_symbol_that_ends_before_the_panel_is_delisted_in_the_next_bar(bars_of):
    panel = Panel.of([bars_of([FLAT] * 4, symbol="B"), bars_of([FLAT] * 2, symbol="A")])
    codes = np.zeros((2, 4), dtype=np.int8)
    codes[0, 1] = 1  # of B, the panel's first
    scenario = preparing.scenario_of(panel, codes, RunOptions())
    assert scenario.symbols == ("A", "B")
    assert [(each.symbol, each.bar) for each in scenario.delistings] == [("A", 2)]
    assert [(each.symbol, each.bar, each.side) for each in scenario.signals] == [("B", 1, "buy")]


def test_the_gate_and_the_last_bar_are_told_as_the_fast_loops_tell_them(bars_of):
    signals = [Signal(bar=0, side="buy", confidence=0.4), Signal(bar=2, side="buy")]
    gated = decisions.from_signals(signals, 3, 0.5)
    options = RunOptions(confidence_threshold=0.5)
    run = general.simulate_scenario(preparing.scenario_of(bars_of([FLAT] * 3), gated, options), options)
    from investiq.backtesting.events import log_lines

    assert log_lines(run) == [(1, "below threshold"), (2, "signal after last bar: dropped")]


def test_average_true_range_is_in_money_as_traded(bars_of):
    # Ranges of 2 on prices that a total factor doubles: 4 adjusted, 2 in money.
    bars = bars_of([FLAT] * 6, total_factor=[1.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    options = RunOptions(atr_stop=2.0, atr_window=2, atr_method="sma")
    atr = preparing.scenario_of(bars, [], options).atr[0]
    assert np.isnan(atr[0])
    assert atr[-1] == pytest.approx(2.0)


def test_calm_prices_raise_the_size_from_the_bar_that_measures_them(bars_of):
    options = RunOptions(regime_sizing=RegimeSizing(window=5, every=6))
    multiplier = preparing.scenario_of(bars_of([FLAT] * 8), [], options).size_multiplier[0]
    assert multiplier.tolist() == [1.0] * 6 + [1.5] * 2


def test_decisions_of_another_shape_are_refused(bars_of):
    with pytest.raises(DataError, match=r"must have shape \(1, 3\)"):
        preparing.scenario_of(bars_of([FLAT] * 3), np.zeros((1, 2)), RunOptions())


def test_hours_of_entries_need_intraday_bars(bars_of):
    with pytest.raises(ConfigError, match="needs intraday bars"):
        preparing.scenario_of(bars_of([FLAT] * 3), [], RunOptions(entry_hours=(9, 16)))
