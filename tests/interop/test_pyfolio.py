"""The tables for pyfolio and quantstats, read by pyfolio's and quantstats' own functions."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.history.panel import Panel
from investiq.interop.pyfolio import to_pyfolio
from investiq.interop.quantstats import to_quantstats

FREE = iq.Costs(commission_rate=0.0, slippage_bps=0.0)


@pytest.fixture(scope="module")
def pyfolio():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyfolio")


@pytest.fixture(scope="module")
def result():
    bars = iq.load_bars("^GSPC", start="2014-01-02", end="2016-12-30")
    costs = iq.Costs(commission_rate=0.001, slippage_bps=5)
    return iq.backtest(iq.strategies.Crossover(fast=5, slow=20), bars, costs=costs, weight=0.9, posting_rounding=None)


@pytest.fixture(scope="module")
def two_symbols(bars_of):
    """A pool of 10,000 USD: RISE is bought when it turns up, and FALL sold short when it turns down."""
    members = [
        bars_of([100, 100, 102, 104, 106, 108], symbol="RISE"),
        bars_of([50, 51, 50, 48, 46, 44], symbol="FALL"),
    ]
    return iq.backtest(
        iq.strategies.Crossover(fast=1, slow=2),
        Panel.of(members),
        costs=FREE,
        weight=0.4,
        initial_capital=10_000,
        allow_short=True,
        reverse=True,
        borrow_rate=0.0,
        end="mark",
    )


def test_positions_add_up_to_the_equity_on_aware_dates(result):
    returns, positions, transactions = to_pyfolio(result)
    np.testing.assert_allclose(positions.sum(axis=1), result.equity["equity"].iloc[1:], rtol=1e-13)
    for table in (returns, positions, transactions):
        assert str(table.index.tz) == "UTC"
    assert (returns.index == returns.index.normalize()).all()
    assert returns.index.equals(positions.index)
    assert transactions.index.isin(returns.index).all()


def test_pyfolio_measures_the_total_return_and_the_sharpe_ratio_of_the_result(pyfolio, result):
    returns, positions, transactions = to_pyfolio(result)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stats = pyfolio.timeseries.perf_stats(returns, positions=positions, transactions=transactions)
    summary = result.summary["value"]
    assert stats["Cumulative returns"] == pytest.approx(result.equity["equity"].iloc[-1] / 100_000 - 1, rel=1e-10)
    assert stats["Sharpe ratio"] == pytest.approx(summary["Sharpe ratio"], rel=1e-10)
    assert stats["Max drawdown"] == pytest.approx(result.equity["drawdown"].min(), rel=1e-10)
    assert stats["Gross leverage"] == pytest.approx(result.equity["exposure"].iloc[1:].mean(), rel=1e-10)


def test_pyfolio_pairs_the_transactions_into_the_round_trips_of_the_result(pyfolio, result):
    _, positions, transactions = to_pyfolio(result)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trips = pyfolio.round_trips.extract_round_trips(
            transactions[["symbol", "amount", "price"]], portfolio_value=positions.sum(axis=1)
        )
    trades = result.trades
    assert len(trips) == len(trades) > 20
    # pyfolio leaves commissions out.
    np.testing.assert_allclose(trips["pnl"], trades["pnl"] + trades["fees"], rtol=1e-9, atol=1e-6)
    assert transactions["commission"].sum() == pytest.approx(trades["fees"].sum(), rel=1e-12)


def test_several_symbols_have_a_column_each_and_a_short_is_negative(two_symbols):
    returns, positions, transactions = to_pyfolio(two_symbols)
    assert positions.columns.tolist() == ["FALL", "RISE", "cash"]
    # Both turn at the close of the third bar, and fill at the next open with 40 % of 10,000: 80 shares of FALL sold at 50, and
    # 39 of RISE (4,000 / 102) bought at 102.
    assert transactions["symbol"].tolist() == ["FALL", "RISE"]
    assert transactions["amount"].tolist() == [-80, 39]
    assert transactions["price"].tolist() == [50, 102]
    assert transactions["txn_dollars"].tolist() == [4_000, -3_978]
    assert positions["FALL"].tolist() == [0, 0, 0, -80 * 48, -80 * 46, -80 * 44]
    assert positions["RISE"].tolist() == [0, 0, 0, 39 * 104, 39 * 106, 39 * 108]
    assert positions["cash"].tolist() == [10_000] * 3 + [10_000 + 4_000 - 3_978] * 3
    # The first day gains 80 x 2 and 39 x 2.
    np.testing.assert_allclose(returns.iloc[:4], [0, 0, 0, 0.0238], rtol=1e-12, atol=0)


def test_a_dividend_not_yet_paid_is_in_the_cash(bars_of):
    # 50 shares at 100; on the fourth bar the price goes ex by 2, and 100 USD are owed to the account.
    bars = bars_of([100, 100, 100, 98, 98], total_factor=[1, 1, 1, 1 / 0.98, 1 / 0.98])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, weight=0.5, initial_capital=10_000, end="mark")
    returns, positions, _ = to_pyfolio(result)
    assert positions["ONE"].tolist() == [0, 5000, 5000, 4900, 4900]
    np.testing.assert_allclose(positions["cash"], [10_000, 5_000, 5_000, 5_100, 5_100], rtol=1e-12)
    np.testing.assert_allclose(returns, 0.0, atol=1e-12)


def test_hours_become_days_and_keep_the_total_return(bars_of):
    # Two days of hours: 100 to 123 USD on the first, down to 100 on the second. 100 shares bought at the open of the second hour.
    closes = [100.0 + hour for hour in range(24)] + [123.0 - hour for hour in range(24)]
    bars = bars_of(closes, interval="60min")
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, weight=1.0, initial_capital=10_000, end="mark")
    returns, positions, transactions = to_pyfolio(result)
    assert [str(day.date()) for day in returns.index] == ["2024-01-01", "2024-01-02"]
    # The open of the second hour is 100; 100 shares are worth 12,300 at the end of the first day and 10,000 at that of the second.
    np.testing.assert_allclose(returns, [0.23, 10_000 / 12_300 - 1], rtol=1e-12)
    assert positions["ONE"].tolist() == [12_300, 10_000]
    # The fill keeps its hour.
    assert transactions.index.tolist() == [pd.Timestamp("2024-01-01 01:00", tz="UTC")]
    pd.testing.assert_series_equal(to_quantstats(result), returns.tz_localize(None))


def test_quantstats_compounds_the_returns_to_the_equity(result):
    returns = to_quantstats(result)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import quantstats.stats as theirs

        total = theirs.comp(returns)
    assert returns.index.tz is None
    assert total == pytest.approx(result.equity["equity"].iloc[-1] / 100_000 - 1, rel=1e-10)


def test_a_symbol_with_the_name_of_the_money_is_refused(bars_of):
    result = iq.backtest(iq.strategies.BuyAndHold(), bars_of([100, 100, 101], symbol="cash"), costs=FREE)
    with pytest.raises(DataError, match="pyfolio's name for the money"):
        to_pyfolio(result)
