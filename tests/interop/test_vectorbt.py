"""A run as a `vectorbt.Portfolio`: vectorbt's own sums over the records give the account of the result."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError, MissingDependencyError
from investiq.history.panel import Panel
from investiq.interop.vectorbt import to_vectorbt

FREE = iq.Costs(commission_rate=0.0, slippage_bps=0.0)
ROUNDED_COSTS = iq.Costs(commission_rate=0.001, slippage_bps=5)


@pytest.fixture(autouse=True)
def quiet():
    """What vectorbt warns about when it compiles and wraps is none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def result():
    bars = iq.load_bars("^GSPC", start="2014-01-02", end="2016-12-30")
    return iq.backtest(
        iq.strategies.Crossover(fast=5, slow=20), bars, costs=ROUNDED_COSTS, weight=0.9, trailing_stop=0.03
    )


@pytest.fixture(scope="module")
def portfolio(result):
    return to_vectorbt(result)


@pytest.fixture(scope="module")
def shorts_and_longs(bars_of):
    random = np.random.default_rng(7)
    members = [
        bars_of((100 * np.exp(np.cumsum(random.normal(0, 0.02, 120)))).round(2).tolist(), symbol=symbol)
        for symbol in ("AAA", "BBB", "CCC")
    ]
    # Bars that one symbol lacks: the last close stands in for them.
    members[1] = members[1][10:100]
    return iq.backtest(
        iq.strategies.Crossover(fast=2, slow=5),
        Panel.of(members),
        costs=ROUNDED_COSTS,
        weight=0.3,
        allow_short=True,
        reverse=True,
        borrow_rate=0.0,
    )


def test_the_value_of_the_portfolio_is_the_equity_of_the_result(result, portfolio):
    value = portfolio.value()
    assert len(result.fills) > 40
    assert value.index.equals(result.equity.index[1:])
    np.testing.assert_allclose(value, result.equity["equity"].iloc[1:], rtol=1e-12)
    np.testing.assert_allclose(portfolio.cash(), result.equity["cash"].iloc[1:], rtol=0, atol=1e-8)


def test_vectorbt_pairs_the_records_into_the_trades_of_the_result(result, portfolio):
    np.testing.assert_allclose(portfolio.trades.pnl.values, result.trades["pnl"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(portfolio.orders.price.values, result.fills["price"], rtol=1e-15)


def test_fees_differ_by_the_rounding_of_the_postings_alone(result, portfolio):
    difference = portfolio.orders.fees.values - result.fills["fee"].to_numpy()
    assert np.abs(difference).max() <= 0.005 + 1e-9
    assert np.abs(difference).max() > 1e-4


def test_several_symbols_share_their_cash_and_go_short(shorts_and_longs):
    portfolio = to_vectorbt(shorts_and_longs)
    assert (shorts_and_longs.positions < 0).to_numpy().any()
    np.testing.assert_allclose(portfolio.value(), shorts_and_longs.equity["equity"].iloc[1:], rtol=1e-12)
    np.testing.assert_array_equal(portfolio.assets().to_numpy(), shorts_and_longs.positions.iloc[1:].to_numpy())
    assert portfolio.assets().columns.tolist() == ["AAA", "BBB", "CCC"]


def test_a_split_is_carried_in_shares_of_the_first_bar(bars_of):
    # 100 shares at 100 become 400 at 25, which then gain 1 each: 400 more, and vectorbt sees 100 shares that gain 4.
    bars = bars_of([100, 100, 100, 25, 26, 26], split_factor=[1, 1, 1, 4, 4, 4])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, weight=1.0, initial_capital=10_000, end="mark")
    assert result.shares[0].tolist() == [0, 100, 100, 400, 400, 400]
    portfolio = to_vectorbt(result)
    assert portfolio.assets().tolist() == [0, 100, 100, 100, 100, 100]
    assert portfolio.value().tolist() == [10_000, 10_000, 10_000, 10_000, 10_400, 10_400]


def test_cash_that_moved_without_an_order_is_refused_with_its_amount(bars_of):
    # 50 shares bought at 100; a dividend of 2 on the fourth bar: factor 1 / (1 - 2 / 100), and 100 paid.
    bars = bars_of([100, 100, 100, 98, 98], total_factor=[1, 1, 1, 1 / 0.98, 1 / 0.98])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, weight=0.5, initial_capital=10_000)
    with pytest.raises(DataError, match=r"moved cash without an order \(dividend 100\.00.*iq\.to_pyfolio"):
        to_vectorbt(result)


def test_a_missing_vectorbt_says_how_to_install_it(result, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"vectorbt"):
        to_vectorbt(result)
