"""Workload W1 on the sample data: the engine against a plain-Python account."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from benchmarks import oracle


@pytest.fixture(scope="module")
def result():
    return iq.backtest(
        iq.strategies.Crossover(fast=20, slow=50),
        "^GSPC",
        costs=iq.Costs(commission_rate=oracle.FEE, slippage_bps=1e4 * oracle.SLIPPAGE),
        weight=1.0,
        size_at="open",
        lot=None,
        posting_rounding=None,
        level_rounding=None,
        confidence_threshold=0.0,
        end="mark",
    )


@pytest.fixture(scope="module")
def expected(result):
    close = result.bars.close.tolist()
    return oracle.simulate(result.bars.open.tolist(), close, oracle.crossover_decisions(close, 20, 50))


def test_equity_of_w1_equals_the_plain_account_to_twelve_digits(result, expected):
    np.testing.assert_allclose(result.run.equity, expected[0], rtol=1e-12)
    # 117,082.00: what vectorbt and raptorbt report for the same rules.
    assert round(result.run.equity[-1], 2) == 117_082.00


def test_round_trips_of_w1_equal_those_of_the_plain_account(result, expected):
    trades = result.trades
    dates = result.bars.index
    assert len(trades) == 57
    assert trades["entry_ts"].tolist() == [dates[trade.entry_bar] for trade in expected[1]]
    assert trades["exit_ts"].tolist() == [dates[trade.exit_bar] for trade in expected[1]]
    np.testing.assert_allclose(trades["entry_price"], [trade.entry_price for trade in expected[1]], rtol=1e-12)
    np.testing.assert_allclose(trades["exit_price"], [trade.exit_price for trade in expected[1]], rtol=1e-12)


def test_sharpe_ratio_of_w1_equals_that_of_the_plain_account(result, expected):
    assert result.summary.loc["Sharpe ratio", "value"] == pytest.approx(oracle.sharpe_ratio(expected[0]), rel=1e-10)
