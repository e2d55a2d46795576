"""Accounts that vectorbt made: read as tables of ours, and run beside ours."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.interop.vectorbt import to_vectorbt
from investiq.interop.vectorbt_accounts import from_vectorbt
from investiq.interop.vectorbt_parity import VectorbtParity, compare_with_vectorbt

COSTS = iq.Costs(commission_rate=0.001, slippage_bps=5)
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.fixture(autouse=True)
def quiet():
    """What vectorbt warns about when it compiles and wraps is none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def vectorbt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("vectorbt")


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^GSPC", start="2014-01-02", end="2016-12-30")


@pytest.fixture(scope="module")
def parity(bars):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compare_with_vectorbt(iq.strategies.Crossover(fast=5, slow=20), bars, costs=COSTS, trailing_stop=0.03)


def portfolio_of(vectorbt, closes, orders, index):
    """Return a portfolio with 100 USD for each column; an order is (column, bar, size, price, fees, side), 0 for a buy."""
    records = np.array(
        [(number, *order) for number, order in enumerate(orders)], dtype=vectorbt.portfolio.enums.order_dt
    )
    close = pd.DataFrame(closes, index=index)
    return vectorbt.Portfolio(
        vectorbt.ArrayWrapper.from_obj(close),
        close=close,
        order_records=records,
        log_records=np.empty(0, dtype=vectorbt.portfolio.enums.log_dt),
        init_cash=np.full(close.shape[1], 100.0),
        cash_sharing=False,
    )


@pytest.fixture
def one_trade(vectorbt):
    """100 USD; one share bought at 10 and sold at 12, half a dollar of fees each time."""
    orders = [(0, 0, 1.0, 10.0, 0.5, 0), (0, 2, 1.0, 12.0, 0.5, 1)]
    return portfolio_of(vectorbt, {"ONE": [10.0, 11.0, 12.0]}, orders, pd.DatetimeIndex(DAYS))


def test_an_account_of_vectorbt_has_its_cash_its_value_and_its_fills(one_trade):
    account = from_vectorbt(one_trade, periods_per_year=365)
    # 100 - 10 - 0.5 = 89.5 beside a share of 10; then one of 11; then 89.5 + 12 - 0.5 = 101.
    assert account.equity["cash"].tolist() == [89.5, 89.5, 101.0]
    assert account.equity["equity"].tolist() == [99.5, 100.5, 101.0]
    # The opening 100 is a peak above 99.5.
    np.testing.assert_allclose(account.equity["drawdown"], [-0.005, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(account.returns, [-0.005, 1 / 99.5, 0.5 / 100.5], rtol=1e-12)
    assert account.positions["ONE"].tolist() == [1.0, 1.0, 0.0]
    fills = account.fills
    assert fills[["side", "quantity", "price", "fee"]].to_numpy().tolist() == [
        ["buy", 1, 10, 0.5],
        ["sell", 1, 12, 0.5],
    ]
    assert account.equity.index.equals(pd.DatetimeIndex(DAYS, tz="UTC").rename("ts").as_unit("us"))


def test_what_vectorbt_does_not_record_is_missing_and_said(one_trade):
    account = from_vectorbt(one_trade, periods_per_year=365)
    assert account.fills[["slippage", "impact", "reason", "ambiguous"]].isna().all(axis=None)
    assert [note.code for note in account.notes] == ["times_read_as_utc", "not_recorded_by_vectorbt"]
    assert "made by vectorbt" in account.title
    assert "no trial of its ledger" in str(account)


def test_a_run_that_went_to_vectorbt_and_back_is_the_same_account(parity, bars):
    result = parity.ours
    account = from_vectorbt(to_vectorbt(result), bars)
    names = ["equity", "cash"]
    np.testing.assert_allclose(account.equity[names], result.equity[names].iloc[1:], rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(account.equity["drawdown"], result.equity["drawdown"].iloc[1:], atol=1e-12)
    same = ["ts", "symbol", "side", "quantity", "price"]
    pd.testing.assert_frame_equal(account.fills[same], result.fills[same], rtol=1e-14)
    assert account.fills.columns.tolist() == result.fills.columns.tolist()
    assert account.measures["Sharpe ratio"] == pytest.approx(result.summary.loc["Sharpe ratio", "value"], rel=1e-10)
    assert account.watermark == "SAMPLE"


def test_a_run_through_a_split_comes_back_on_bars_adjusted_for_it(bars_of):
    # 100 shares at 100 become 400 at 25, which gain 1 each.
    bars = bars_of([100, 100, 100, 25, 26, 26], split_factor=[1, 1, 1, 4, 4, 4])
    free = iq.Costs(commission_rate=0.0, slippage_bps=0.0)
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=free, weight=1.0, initial_capital=10_000, end="mark")
    account = from_vectorbt(to_vectorbt(result), bars.adjusted("split"))
    assert account.equity["equity"].tolist() == [10_000, 10_000, 10_000, 10_000, 10_400, 10_400]
    with pytest.raises(DataError, match="adjusted as they were"):
        from_vectorbt(to_vectorbt(result), bars)


def test_fills_outside_of_their_bars_are_counted(parity, bars):
    fills = parity.ours.fills
    at = bars.frame.loc[fills["ts"]]
    outside = (fills["price"].to_numpy() < at["low"].to_numpy()) | (fills["price"].to_numpy() > at["high"].to_numpy())
    assert outside.any()
    account = from_vectorbt(to_vectorbt(parity.ours), bars)
    (note,) = [note for note in account.notes if note.code == "fills_outside_bars"]
    assert note.rows == outside.sum()


def test_the_rules_that_both_have_give_the_same_orders_and_the_same_equity(parity):
    assert len(parity.ours.fills) > 40
    assert {"signal", "trailing_stop"} <= set(parity.ours.trades["exit_reason"])
    np.testing.assert_allclose(parity.to_frame()["ours"], parity.to_frame()["theirs"], rtol=1e-12)
    assert parity.agrees
    assert parity.largest_difference < 1e-12
    assert parity.first_other_order is None


def test_accounts_that_differ_are_told_apart(parity):
    dearer = dataclasses.replace(parity.ours.options, costs=iq.Costs(commission_rate=0.001, slippage_bps=6))
    ours = dataclasses.replace(parity.ours, run=parity.ours.rerun(dearer), options=dearer, ticket=None)
    other = VectorbtParity(ours=ours, theirs=parity.theirs)
    assert not other.agrees
    assert other.first_other_order == 0
    # About one basis point of each of some 40 fills, of an account that lost with them.
    assert 1e-3 < other.largest_difference < 1e-2
    assert other.to_frame()["difference"].iloc[-1] < 0


def test_an_account_and_a_comparison_are_drawn(parity):
    panes = [axis.title.text for axis in parity.figure().select_yaxes()]
    assert panes == ["Equity (USD)", "Ours less theirs (USD)"]
    panes = [axis.title.text for axis in parity.theirs.figure().select_yaxes()]
    assert panes == ["Equity (USD)", "Drawdown (%)"]


def test_several_accounts_in_one_portfolio_are_refused(vectorbt):
    closes = {"A": [10.0, 11.0, 12.0], "B": [20.0, 21.0, 22.0]}
    orders = [(0, 0, 1.0, 10.0, 0.0, 0), (1, 1, 2.0, 21.0, 0.0, 0)]
    portfolio = portfolio_of(vectorbt, closes, orders, pd.DatetimeIndex(DAYS))
    with pytest.raises(DataError, match=r"holds 2 accounts, expected one; choose it with portfolio\[column\]"):
        from_vectorbt(portfolio, periods_per_year=365)
    # Of B two shares, bought at 21 and worth 22.
    assert from_vectorbt(portfolio["B"], periods_per_year=365).equity["equity"].tolist() == [100, 100, 102]


def test_the_bars_of_another_run_are_refused(one_trade, bars_of):
    with pytest.raises(
        DataError, match=r"1 closes of the portfolio are not those of data, first ONE .*: 12\.0 there, 13\.0"
    ):
        from_vectorbt(one_trade, bars_of([10, 11, 13]))
    with pytest.raises(DataError, match=r"the portfolio has 3 labels .* data has 4"):
        from_vectorbt(one_trade, bars_of([10, 11, 12, 13]))


def test_a_convention_comes_from_one_place(one_trade, bars_of):
    with pytest.raises(ConfigError, match="either data or periods_per_year"):
        from_vectorbt(one_trade)
    with pytest.raises(ConfigError, match="either data or periods_per_year"):
        from_vectorbt(one_trade, bars_of([10, 11, 12]), periods_per_year=252)
    assert from_vectorbt(one_trade, bars_of([10, 11, 12])).convention.periods_per_year == 365


def test_what_is_no_portfolio_or_has_no_times_is_refused(vectorbt):
    with pytest.raises(DataError, match=r"must be a vectorbt\.Portfolio, was DataFrame"):
        from_vectorbt(pd.DataFrame(), periods_per_year=252)
    with pytest.raises(DataError, match="indexed by RangeIndex, expected times"):
        from_vectorbt(portfolio_of(vectorbt, {"ONE": [10.0, 11.0]}, [], pd.RangeIndex(2)), periods_per_year=252)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop_loss": 0.02, "trailing_stop": 0.03}, "one stop, fixed or trailing"),
        ({"costs": iq.Costs(per_share=iq.PerShareFees())}, "percentage fees"),
        ({"lot": 1.0}, "needs lot=None, was 1.0"),
        ({"limit_fill": "through"}, "means limit_fill='touch', was 'through'"),
    ],
    ids=str,
)
def test_options_without_a_counterpart_are_refused(bars, options, message):
    with pytest.raises(ConfigError, match=message):
        compare_with_vectorbt(iq.strategies.Crossover(), bars, **options)


def test_a_class_is_no_strategy_to_compare(bars):
    with pytest.raises(ConfigError, match="must be a Strategy such as"):
        compare_with_vectorbt(iq.strategies.Crossover, bars)


def test_sizes_and_dividends_are_refused_where_vectorbt_would_not_see_them(bars, bars_of):
    sized = iq.strategies.Sized(strategy=iq.strategies.Crossover(), sizer=iq.strategies.VolatilityTarget())
    with pytest.raises(ConfigError, match="sizes, confidences or orders of its own"):
        compare_with_vectorbt(sized, bars)
    paying = bars_of([100, 100, 100, 98, 98], total_factor=[1, 1, 1, 1 / 0.98, 1 / 0.98])
    with pytest.raises(DataError, match="was split or paid dividends"):
        compare_with_vectorbt(iq.strategies.BuyAndHold(), paying)
