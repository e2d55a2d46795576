"""What must hold for the general kernel whatever the scenario."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from investiq.backtesting import general, postings
from investiq.core.orders import Signal
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario
from tests.backtesting.general_scenarios import scenarios

FREE = RunOptions(
    costs=Costs(commission_rate=0.0, slippage_bps=0.0), lot=None, posting_rounding=None, level_rounding=None, weight=0.2,
    max_volume_participation=None, confidence_threshold=0.0, maintenance_long=None, maintenance_short=None, borrow_rate=0.0,
    allow_short=True, end="mark",
)  # fmt: skip


def market(rng, n_symbols=2, n_bars=40, scale=1.0, mirror=False):
    """Return a scenario with buys and sells, `mirror` with sides swapped."""
    grid = (n_symbols, n_bars)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, grid), axis=1))
    open_ = close * np.exp(rng.normal(0, 0.01, grid))
    sides = rng.choice([0, 0, 1, -1], grid)
    names = ("buy", "sell") if not mirror else ("sell", "buy")
    signals = [
        Signal(bar=bar, side=names[0] if sides[row, bar] > 0 else names[1], symbol="ABC"[row])
        for bar in range(n_bars)
        for row in range(n_symbols)
        if sides[row, bar]
    ]
    prices = {
        "open": open_,
        "high": np.maximum(open_, close) * 1.01,
        "low": np.minimum(open_, close) * 0.99,
        "close": close,
    }
    days = np.arange("2024-01-01", n_bars, dtype="datetime64[D]").astype("datetime64[us]")
    return Scenario(
        symbols=tuple("ABC"[:n_symbols]), ts=days, sessions=np.arange(n_bars), volume=np.full(grid, np.nan), signals=tuple(signals),
        **{name: array * scale for name, array in prices.items()},
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_cash_is_the_sum_of_what_was_posted(seed):
    for scenario, options in scenarios(100 + seed, count=8, n_bars=30, changes=4):
        run = general.simulate_scenario(scenario, options)
        fills, flows = run.fills, run.cash_flows
        moved = -fills[:, postings.SIDE] * fills[:, postings.NOTIONAL] - fills[:, postings.FEE]
        # A dividend that becomes due (kind 3) moves receivables; one that is paid (4) moves them to cash.
        to_cash = flows[flows[:, 1] != 3, 3].sum()
        assert run.cash[-1] == pytest.approx(options.initial_capital + moved.sum() + to_cash, abs=1e-6)
        due = flows[flows[:, 1] == 3, 3].sum() - flows[flows[:, 1] == 4, 3].sum()
        assert run.receivables[-1] == pytest.approx(due, abs=1e-6)


def test_scaled_prices_leave_returns_as_they_are():
    one, other = (market(np.random.default_rng(1), scale=scale) for scale in (1.0, 8.0))
    np.testing.assert_allclose(
        general.simulate_scenario(one, FREE).equity, general.simulate_scenario(other, FREE).equity, rtol=1e-12
    )


def test_long_and_short_of_one_trade_cancel_each_other():
    prices = np.array([[100.0, 104.0, 97.0, 111.0, 108.0]])
    days = np.arange("2024-01-01", 5, dtype="datetime64[D]").astype("datetime64[us]")
    profits = []
    for sides in (("buy", "sell"), ("sell", "buy")):
        signals = (Signal(bar=0, side=sides[0], quantity=100.0), Signal(bar=2, side=sides[1]))
        scenario = Scenario(
            symbols=("A",), ts=days, sessions=np.arange(5), open=prices, high=prices, low=prices, close=prices,
            volume=prices * np.nan, signals=signals,
        )  # fmt: skip
        profits.append(general.simulate_scenario(scenario, FREE).equity - FREE.initial_capital)
    assert profits[0][-1] == 100 * (111 - 104)
    np.testing.assert_allclose(profits[0] + profits[1], 0.0, atol=1e-9)


def test_more_slippage_never_helps():
    scenario = market(np.random.default_rng(2))
    fixed = dataclasses.replace(
        scenario, signals=tuple(dataclasses.replace(each, quantity=10.0) for each in scenario.signals)
    )
    ends = [
        general.simulate_scenario(
            fixed, dataclasses.replace(FREE, costs=Costs(commission_rate=0.0, slippage_bps=bps))
        ).equity[-1]
        for bps in (0.0, 2.0, 20.0, 200.0)
    ]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] > ends[-1]


def test_bars_after_t_change_nothing_before():
    whole = market(np.random.default_rng(3))
    options = dataclasses.replace(FREE, trailing_stop=0.05, take_profit=0.04)
    run = general.simulate_scenario(whole, options)
    cut = 25
    part = dataclasses.replace(
        whole, ts=whole.ts[:cut], sessions=whole.sessions[:cut], signals=tuple(each for each in whole.signals if each.bar < cut),
        **{name: getattr(whole, name)[:, :cut] for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    np.testing.assert_array_equal(general.simulate_scenario(part, options).equity, run.equity[:cut])


def test_names_of_symbols_do_not_matter_where_cash_suffices():
    # Three symbols at 20 % each never compete for cash.
    scenario = market(np.random.default_rng(4), n_symbols=3)
    other = {"A": "C", "B": "B", "C": "A"}
    turned = dataclasses.replace(
        scenario, signals=tuple(dataclasses.replace(each, symbol=other[each.symbol]) for each in scenario.signals),
        **{name: getattr(scenario, name)[::-1].copy() for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    np.testing.assert_allclose(
        general.simulate_scenario(scenario, FREE).equity, general.simulate_scenario(turned, FREE).equity, rtol=1e-12
    )
