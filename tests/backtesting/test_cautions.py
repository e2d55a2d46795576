"""The cautions that a result shows by itself."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting import cautions
from investiq.core.orders import Signal
from investiq.history.panel import Panel
from investiq.strategies.base import Strategy

FREE = iq.Costs(commission_rate=0, slippage_bps=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InAndOut(Strategy):
    """Buys `shares` at the open of one bar and sells them at the next, `times` over."""

    times: int
    shares: float = 1.0

    warmup = 0

    def signals(self, bars):
        bought = [Signal(bar=2 * each, side="buy", quantity=self.shares) for each in range(self.times)]
        return [*bought, *(Signal(bar=2 * each + 1, side="sell") for each in range(self.times))]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Once(Strategy):
    """One order, never closed."""

    order: Signal

    warmup = 0

    def signals(self, bars):
        return [self.order]


def noted(result):
    return {note.code: note for note in result.notes}


@pytest.mark.parametrize(("times", "is_few"), [(29, True), (30, False)])
def test_thirty_round_trips_are_enough(bars_of, times, is_few):
    result = iq.backtest(InAndOut(times=times), bars_of([(10, 11, 9, 10)] * 400), costs=FREE)
    assert len(result.trades) == times
    assert ("few_trades" in noted(result)) == is_few


@pytest.mark.parametrize(("days", "is_short"), [(364, True), (365, False)])
def test_a_year_of_days_is_a_year(bars_of, days, is_short):
    result = iq.backtest(InAndOut(times=1), bars_of([(10, 11, 9, 10)] * (days + 1)), costs=FREE)
    assert ("under_one_year" in noted(result)) == is_short


def test_fills_that_take_all_of_the_volume_are_counted_and_sales_at_the_end_are_not(bars_of):
    # A bar of 1,000 shares allows 50: bought and sold, the two fills took it all. With 40 neither did.
    bars = bars_of([(10, 11, 9, 10, 1_000)] * 6)
    full = noted(iq.backtest(InAndOut(times=1, shares=50), bars, costs=FREE))["volume_cap"]
    assert full.text.startswith("2 of 2 fills (100.0%) took all of the 5% of a bar's volume that was allowed")
    assert "volume_cap" not in noted(iq.backtest(InAndOut(times=1, shares=40), bars, costs=FREE))
    # The volume falls to 10 in the last bar, where 40 are sold all the same: the end of the data has no limit.
    ends = bars_of([*[(10, 11, 9, 10, 1_000)] * 5, (10, 11, 9, 10, 10)])
    held = iq.backtest(iq.strategies.BuyAndHold(), ends, costs=FREE, weight=0.004)
    assert held.fills["quantity"].tolist() == [40, 40]
    assert "volume_cap" not in noted(held)


def test_the_average_volume_is_the_limit_where_a_run_says_so(bars_of):
    # 20 bars of 400 shares, then 10,000: of the average 20 may be bought, of the bar 500.
    bars = bars_of([*[(10, 11, 9, 10, 400)] * 20, *[(10, 11, 9, 10, 10_000)] * 5])
    orders = Once(order=Signal(bar=19, side="buy", quantity=300))
    result = iq.backtest(orders, bars, costs=FREE, volume_basis="adv20")
    assert result.fills["quantity"].tolist() == [20, 20]
    assert noted(result)["volume_cap"].text.startswith("1 of 1 fills")


def test_marks_of_a_symbol_without_a_bar_are_told(bars_of):
    every = bars_of([(10, 11, 9, 10)] * 6, symbol="A")
    gap = bars_of([(10, 11, 9, 10)] * 6, symbol="B")
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    gap = dataclasses.replace(gap, **{name: np.delete(getattr(gap, name), 3) for name in names})
    note = noted(iq.backtest(iq.strategies.BuyAndHold(), Panel.of([every, gap]), costs=FREE))["stale_marks"]
    assert note.text.startswith("positions in B were valued at an older close 1 time(s)")


def test_a_panel_says_that_the_survivors_of_its_universe_are_not_known(bars_of):
    members = [bars_of([(10, 11, 9, 10)] * 6, symbol=symbol) for symbol in "AB"]
    assert "survivorship_unknown" in noted(iq.backtest(iq.strategies.BuyAndHold(), Panel.of(members)))
    assert "survivorship_unknown" not in noted(iq.backtest(iq.strategies.BuyAndHold(), members[0]))


def test_dividends_that_nobody_held_through_are_no_caution(bars_of):
    paying = bars_of([(10, 11, 9, 10)] * 12, total_factor=[1.0] * 9 + [1 / 0.98] * 3)
    codes = noted(iq.backtest(InAndOut(times=1), paying, costs=FREE))
    assert not [code for code in codes if "dividend" in code]


def test_a_printed_result_bears_the_deflated_sharpe_ratio_of_its_trials(gspc):
    bars = gspc[-700:]
    results = [iq.backtest(iq.strategies.Crossover(fast=fast, slow=60), bars, study="luck") for fast in (5, 10, 20)]
    found = results[0].evidence.deflated
    assert found < 0.95
    line = f"after 3 trials the deflated Sharpe ratio is {math.floor(found * 100) / 100:.2f}, below 0.95: luck among so many"
    assert line in str(results[0])
    assert line in results[0]._repr_html_()


def test_reading_facts_and_notes_does_not_ask_the_ledger(gspc):
    result = iq.backtest(iq.strategies.Crossover(fast=5, slow=60), gspc[-300:])
    assert result.facts()
    assert "deflated_sharpe" not in noted(result)
    assert "evidence" not in vars(result)


def test_a_run_that_is_not_counted_has_no_deflated_ratio(gspc):
    result = dataclasses.replace(iq.backtest(iq.strategies.BuyAndHold(), gspc[-300:]), ticket=None)
    assert "deflated Sharpe ratio is" not in str(result)


def test_a_deflated_ratio_is_accepted_from_095_on():
    assert cautions.deflation_note(0.95, trials=3) is None
    assert cautions.deflation_note(float("nan"), trials=3) is None
    note = cautions.deflation_note(0.9499, trials=1)
    assert note.text == "after 1 trial the deflated Sharpe ratio is 0.94, below 0.95: luck would also show this result"


def test_weights_of_a_plain_panel_pay_its_dividends_too(bars_of):
    # 2 % of 10 on 2,500 shares of A, bought with a quarter of 100,000: 500.
    factors = [1.0, 1.0, 1.0, *[1 / 0.98] * 3]
    members = [
        bars_of([(10, 10, 10, 10)] * 6, symbol="A", total_factor=factors),
        bars_of([(10, 10, 10, 10)] * 6, symbol="B"),
    ]
    plain = {"lot": None, "posting_rounding": None, "max_volume_participation": None, "costs": FREE}
    weights = {"A": 0.25, "B": 0.25}
    result = iq.backtest(iq.strategies.BuyAndHold(), Panel.of(members), symbol_weights=weights, **plain)
    assert result.run.equity[-1] == pytest.approx(100_500)
    assert result.by_symbol["dividends"].tolist() == pytest.approx([500, 0])


def test_mean_weights_leave_out_bars_in_which_nothing_is_left(bars_of):
    bars = bars_of([(10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 10, 10), (30, 30, 30, 30), (30, 30, 30, 30)])
    orders = Once(order=Signal(bar=0, side="sell", quantity=8_000))
    options = {"allow_short": True, "borrow_rate": 0.0, "end": "mark", "max_volume_participation": None}
    result = iq.backtest(orders, bars, costs=FREE, **options)
    assert result.run.equity[-1] < 0
    # 0 before the sale, then 80,000 of 100,000 in two bars; the others have no equity.
    assert result.by_symbol["weight"].tolist() == pytest.approx([np.mean([0.0, -0.8, -0.8])])
