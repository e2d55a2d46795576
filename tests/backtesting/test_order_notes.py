"""What was decided and not traded is told by the result itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.orders import Signal
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy, Strategy

FREE = iq.Costs(commission_rate=0, slippage_bps=0)
FLAT = (10, 11, 9, 10)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Orders(Strategy):
    """The orders that it is given."""

    orders: tuple[Signal, ...]

    warmup = 0

    def signals(self, bars):
        return list(self.orders)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Targets(PanelStrategy):
    """The same target for every symbol at the first close, or none."""

    weight: float

    warmup = 0

    def target_weights(self, panel):
        weights = np.full(panel.close.shape, np.nan)
        weights[:, 0] = self.weight
        return weights


def noted(result):
    return {note.code: note for note in result.notes}


def two(bars_of, rows):
    return Panel.of([bars_of(rows, symbol=symbol) for symbol in "AB"])


# `hold_bars` takes a run from the fast loops, which write less in their log, to the general kernel.
@pytest.mark.parametrize("options", [{}, {"hold_bars": 3}])
def test_conflicting_signals_and_sales_of_nothing_are_counted(bars_of, options):
    orders = (
        Signal(bar=0, side="sell"),
        Signal(bar=1, side="buy"),
        Signal(bar=1, side="sell"),
        Signal(bar=2, side="sell"),
    )
    notes = noted(iq.backtest(Orders(orders=orders), bars_of([FLAT] * 6), costs=FREE, **options))
    assert notes["conflicting_signals"].rows == 1
    assert notes["shorts_not_allowed"].rows == 2
    assert notes["shorts_not_allowed"].severity == "info"


def test_an_entry_beyond_its_own_stop_is_counted(bars_of):
    # Filled at 10, below the stop at 10.50: it would be stopped out before it began.
    orders = Orders(orders=(Signal(bar=0, side="buy", stop_loss_price=10.5),))
    result = iq.backtest(orders, bars_of([FLAT] * 6), costs=FREE)
    assert result.fills.empty
    assert noted(result)["entries_outside_levels"].rows == 1


@pytest.mark.parametrize(("close", "calls"), [(6.0, 1), (7.0, 0)])
def test_a_margin_call_is_counted(bars_of, close, calls):
    # 20,000 shares at 10 with 100,000 of debt. At 6 the equity is 20,000, less than a quarter of 120,000; at 7 it is
    # 40,000, more than a quarter of 140,000.
    rows = [FLAT, (10, 10, 10, 10), (10, 10, close, close), (close, close, close, close), (close, close, close, close)]
    options = {"margin": 2.0, "debit_rate": 0.0, "max_volume_participation": None, "end": "mark"}
    orders = Orders(orders=(Signal(bar=0, side="buy", weight=2.0),))
    notes = noted(iq.backtest(orders, bars_of(rows), costs=FREE, **options))
    assert ("margin_calls" in notes) == bool(calls)
    if calls:
        assert notes["margin_calls"].rows == calls


@pytest.mark.parametrize(("weight", "is_told"), [(1.5, True), (1.0, False)])
def test_a_weight_above_the_margin_is_told(bars_of, weight, is_told):
    orders = Orders(orders=(Signal(bar=0, side="buy", weight=weight),))
    assert ("weight_above_margin" in noted(iq.backtest(orders, bars_of([FLAT] * 6), costs=FREE))) == is_told


def test_a_strategy_without_any_target_is_told(bars_of):
    panel = two(bars_of, [FLAT] * 6)
    assert "no_targets" in noted(iq.backtest(Targets(weight=float("nan")), panel, costs=FREE))
    assert "no_targets" not in noted(iq.backtest(Targets(weight=0.2), panel, costs=FREE))


def test_targets_that_the_band_keeps_out_are_counted(bars_of):
    panel = two(bars_of, [FLAT] * 6)
    note = noted(iq.backtest(Targets(weight=0.05), panel, costs=FREE))["targets_within_band"]
    assert note.rows == 2
    assert note.text.startswith("2 of 2 symbol(s) were never traded: their 2 target weight(s), at most 5.00%, lie")
    assert "band=0.0" in note.text
    for weight, options in ((0.05, {"band": 0.0}), (0.06, {}), (0.0, {})):
        assert "targets_within_band" not in noted(iq.backtest(Targets(weight=weight), panel, costs=FREE, **options))


def test_the_days_before_the_first_month_start_are_told(bars_of):
    # From 15 January to 31 January are 17 days; the weights are bought on 1 February.
    members = [bars_of([FLAT] * 40, symbol=symbol, first="2024-01-15") for symbol in "AB"]
    held = iq.strategies.BuyAndHold()
    result = iq.backtest(held, Panel.of(members), rebalance="month_start", costs=FREE)
    note = noted(result)["late_start"]
    assert (note.rows, note.severity) == (17, "info")
    assert "2024-02-01" in note.text
    assert result.fills["ts"].min().strftime("%Y-%m-%d") == "2024-02-01"
    assert "late_start" not in noted(iq.backtest(held, Panel.of(members), rebalance=5, costs=FREE))
