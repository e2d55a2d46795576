"""`BacktestResult`: the tables, what they hold, and what is printed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.backtesting import running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.events import log_lines
from investiq.core.facts import Fact

COSTS = iq.Costs(commission_rate=0.001, slippage_bps=100)


@pytest.fixture(scope="module")
def trip(bars_of):
    """One round trip by hand: 50 % at slippage 1 % and commission 0.1 %, sold at the end."""
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (110, 111, 109, 110)])
    return iq.backtest(iq.strategies.BuyAndHold(), bars, weight=0.5, costs=COSTS)


@pytest.fixture(scope="module")
def sample(gspc):
    return iq.backtest(iq.strategies.Crossover(fast=20, slow=50), gspc, weight=1.0, costs=iq.Costs())


def test_equity_starts_at_the_opening_point_and_holds_every_close(trip):
    frame = trip.equity
    # Bought 500 at 101 with a fee of 50.50, sold at 108.90 with a fee of 54.45.
    assert frame["equity"].round(2).tolist() == [100_000, 100_000, 99_449.5, 103_845.05]
    assert frame["cash"].round(2).tolist() == [100_000, 100_000, 49_449.5, 103_845.05]
    assert frame["position"].tolist() == [0, 0, 500, 0]
    assert frame["position_value"].tolist() == [0, 0, 50_000, 0]
    assert frame["drawdown"].round(6).tolist() == [0, 0, -0.005505, 0]
    assert frame.index[0] == pd.Timestamp("2023-12-31", tz="UTC")
    assert frame.index.name == "ts"
    assert frame.index.dtype == "datetime64[us, UTC]"


def test_returns_include_the_first_bar_and_its_costs(trip):
    assert trip.returns.index.equals(trip.bars.index)
    assert trip.returns.round(6).tolist() == [0, -0.005505, round(103_845.05 / 99_449.5 - 1, 6)]


def test_a_round_trip_is_net_of_all_costs(trip):
    row = trip.trades.iloc[0]
    # 54,450 - 54.45 - 50,500 - 50.50
    assert row["pnl"] == pytest.approx(3_845.05)
    assert row["return"] == pytest.approx(3_845.05 / 50_500)
    assert row["fees"] == pytest.approx(104.95)
    # 500 x (101 - 100) + 500 x (110 - 108.9)
    assert row["slippage"] == pytest.approx(1_050)
    assert (row["symbol"], row["quantity"], row["exit_reason"], row["bars_held"]) == ("TEST", 500, "end_of_data", 1)
    assert not row["is_open"]


def test_trades_have_a_fixed_schema_with_and_without_rows(trip, bars_of):
    empty = iq.backtest(iq.strategies.Crossover(fast=1, slow=2), bars_of([(1, 1, 1, 1)] * 5)).trades
    assert empty.empty
    assert (
        empty.dtypes.astype(str).to_dict()
        == trip.trades.dtypes.astype(str).to_dict()
        == {
            "symbol": "str",
            "side": "str",
            "entry_ts": "datetime64[us, UTC]",
            "entry_price": "float64",
            "exit_ts": "datetime64[us, UTC]",
            "exit_price": "float64",
            "quantity": "float64",
            "exit_quantity": "float64",
            "pnl": "float64",
            "return": "float64",
            "fees": "float64",
            "slippage": "float64",
            "impact": "float64",
            "dividends": "float64",
            "borrow": "float64",
            "stop": "float64",
            "target": "float64",
            "mae": "float64",
            "mfe": "float64",
            "mae_money": "float64",
            "mfe_money": "float64",
            "r_multiple": "float64",
            "exit_reason": "str",
            "bars_held": "int64",
            "is_ambiguous": "bool",
            "is_open": "bool",
        }
    )


def test_a_position_left_open_is_a_row_without_an_exit(bars_of):
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (110, 111, 109, 110)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, weight=0.5, costs=COSTS, end="mark")
    row = result.trades.iloc[0]
    assert row["is_open"]
    assert pd.isna(row[["exit_ts", "exit_price", "exit_reason"]]).all()
    # At the last close: 500 x 110 - 50,500 - 50.50
    assert row["pnl"] == pytest.approx(4_449.5)
    assert result.summary.loc["Closed trades", "value"] == 0
    assert math.isnan(result.summary.loc["Win rate", "value"])


def test_profits_of_the_round_trips_add_up_to_that_of_the_account(sample):
    final = sample.run.equity[-1]
    assert sample.trades["pnl"].sum() == pytest.approx(final - 100_000, abs=1e-6)


def test_exits_bear_the_reasons_of_the_trade_record(bars_of):
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (90, 93, 88, 92)])
    stopped = iq.backtest(iq.strategies.BuyAndHold(), bars, stop_loss=0.05)
    assert stopped.trades["exit_reason"].tolist() == ["stop_loss"]
    assert stopped.fills["reason"].tolist() == ["signal", "stop_gap"]
    rising = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (104, 112, 103, 110)])
    reached = iq.backtest(iq.strategies.BuyAndHold(), rising, take_profit=0.05)
    assert reached.trades["exit_reason"].tolist() == ["take_profit"]


def test_the_log_answers_in_the_bar_after_the_decision(bars_of):
    bars = bars_of([(100, 101, 99, 100)] * 5)
    codes = np.array([2, 1, 2, -1, 1], dtype=np.int8)
    run = running.simulate(bars, from_codes(codes, 5), iq.backtest(iq.strategies.BuyAndHold(), bars).options)
    assert log_lines(run) == [
        (1, "conflicting signals: both dropped"),
        (3, "conflicting signals: exit kept"),
        (4, "short disabled: ignored"),
        (4, "signal after last bar: dropped"),
    ]


def test_summary_text_and_html_state_the_same_numbers(sample):
    summary, text, html = sample.summary, str(sample), sample._repr_html_()
    assert summary.loc["Total return", "value"] == pytest.approx(sample.run.equity[-1] / 100_000 - 1)
    shown = f"{summary.loc['Total return', 'value'] * 100:,.2f} %"
    assert shown in text
    assert shown in html
    assert summary.index.is_unique
    assert summary.index.name == "metric"


def test_every_missing_metric_says_why(bars_of):
    result = iq.backtest(iq.strategies.Crossover(fast=1, slow=2), bars_of([(1, 1, 1, 1)] * 5))
    missing = result.summary[result.summary["value"].isna()]
    assert len(missing)
    assert (missing["note"] != "").all()


def test_provenance_states_data_rules_convention_and_trials(sample):
    lines = {fact.label: fact.value for fact in sample.provenance()}
    assert lines["Strategy"] == "Crossover (fast 20, slow 50)"
    assert lines["Trials"] >= 1
    assert lines["Costs"].startswith("0.1 % commission, 5 bps slippage, each side")
    assert "252 periods a year" in lines["Convention"]
    assert lines["SHA-256"] == sample.bars.fingerprint[:16]
    assert "Bars used" not in lines


def test_provenance_says_which_part_of_the_series_was_used(gspc):
    lines = {fact.label: fact.value for fact in iq.backtest(iq.strategies.BuyAndHold(), gspc[:100]).provenance()}
    assert lines["Bars used"] == "1999-01-04 to 1999-05-26, 100 bars"
    assert lines["SHA-256 of these"] == gspc[:100].fingerprint[:16]


def test_the_benchmark_holds_all_of_the_equity_without_levels(sample):
    held = sample.benchmark
    assert held.strategy == iq.strategies.BuyAndHold()
    assert held.options == dataclasses.replace(sample.options, weight=1.0, lot=None, max_volume_participation=None)
    assert held is sample.benchmark
    stopped = iq.backtest(iq.strategies.Crossover(), sample.bars, stop_loss=0.05)
    assert stopped.benchmark.options.stop_loss is None


@pytest.mark.parametrize("insufficient", ["reduce", "reject"])
def test_the_benchmark_holds_the_market_also_where_entries_beyond_the_cash_are_rejected(bars_of, insufficient):
    # 1,000 shares of 100 cost 100,000 at the next open and more with the fee, so the entry must be reduced.
    bars = bars_of([(100, 101, 99, 100), (100, 101, 99, 100), (110, 111, 109, 110)])
    costs = iq.Costs(commission_rate=0.001, slippage_bps=0)
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=costs, insufficient=insufficient)
    # 100,000 / 100.1 = 999.000999 shares are worth 109,890.11 at 110, less 109.89.
    assert result.benchmark.run.equity[-1] == pytest.approx(109_780.22, abs=0.01)


def test_the_benchmark_earns_what_the_index_does_less_its_costs(sample):
    bars, options = sample.bars, sample.options
    # Bought at the second open with 5 bps and 0.1 %, sold at the last close with both.
    spent = min(100_000.0, bars.open[1] * 1.0005 * 1.001 * 100_000 / bars.close[0])
    shares = spent / (bars.open[1] * 1.0005 * 1.001)
    final = 100_000 - spent + shares * bars.close[-1] * 0.9995 * 0.999
    assert options.end == "liquidate"
    assert sample.benchmark.run.equity[-1] == pytest.approx(final, abs=0.02)


def test_titles_name_strategy_parameters_and_symbol(trip, sample):
    assert trip.title == "BuyAndHold on TEST"
    assert sample.title == "Crossover (fast 20, slow 50) on ^GSPC"
    assert sample.watermark == "SAMPLE"


def test_a_result_is_frozen(trip):
    with pytest.raises(dataclasses.FrozenInstanceError):
        trip.options = None


def test_what_a_caller_writes_into_a_table_stays_with_that_caller(trip):
    mine = trip.trades
    mine.loc[0, "pnl"] = 1e9
    assert trip.trades.loc[0, "pnl"] == pytest.approx(3_845.05)
    with pytest.raises(ValueError, match="read-only"):
        trip.run.equity[0] = 0


def test_facts_are_a_copy(trip):
    trip.facts().append(Fact("Luck", 1.0))
    assert "Luck" not in trip.summary.index


def test_to_frame_is_the_account(trip):
    pd.testing.assert_frame_equal(trip.to_frame(), trip.equity)


@pytest.fixture(scope="module")
def hedged():
    """Two symbols long and two short, with borrow fees, interest, dividends and the splits of SYN001 and SYN003."""
    panel = iq.load_panel(["SYN001", "SYN002", "SYN003", "SYN006"], start="2011", end="2015")
    weights = {"SYN001": 0.5, "SYN002": -0.3, "SYN003": 0.4, "SYN006": -0.2}
    return iq.backtest(
        iq.strategies.BuyAndHold(), panel, symbol_weights=weights, rebalance=21, band=0.02, allow_short=True,
        borrow_rate=0.01, margin=2.0, debit_rate=0.06, cash_sweep_rate=0.02, stop_loss=0.5, end="mark",
    )  # fmt: skip


def test_what_symbols_earned_and_the_interest_are_the_change_of_the_equity(hedged):
    postings = hedged.postings.groupby("kind")["amount"].sum()
    assert {"interest", "borrow", "dividend"} <= set(postings.index)
    interest = postings.get("interest", 0.0) + postings.get("debit_interest", 0.0)
    earned = hedged.run.equity[-1] - 100_000
    assert hedged.trades["pnl"].sum() + interest == pytest.approx(earned, abs=0.005)
    assert hedged.by_symbol["contribution"].sum() * 100_000 + interest == pytest.approx(earned, abs=0.005)
    assert hedged.by_symbol["dividends"].sum() == pytest.approx(
        postings["dividend"] + postings.get("cash_in_lieu", 0.0), abs=0.005
    )
    steps = hedged.waterfall
    assert (steps.interest, steps.borrow) == pytest.approx((interest, postings["borrow"]))
    assert steps.borrow < 0
    assert steps.net == pytest.approx(earned)


def test_exposure_and_diversification_of_shorts_are_those_of_their_definitions(hedged):
    equity, facts = hedged.equity.iloc[1:], hedged.summary["value"]
    values = (
        hedged.positions.iloc[1:].to_numpy() * np.array([hedged.panel.bars(s).close for s in hedged.prices.symbols]).T
    )
    assert facts["Average gross exposure"] == pytest.approx((np.abs(values).sum(1) / equity["equity"]).mean())
    assert facts["Average net exposure"] == pytest.approx((values.sum(1) / equity["equity"]).mean())
    assert facts["Peak gross exposure"] == pytest.approx((np.abs(values).sum(1) / equity["equity"]).max())
    gross = np.abs(values).sum(1)
    weights = (values[gross > 0] / gross[gross > 0, np.newaxis]).mean(0)
    closes = np.array([hedged.panel.bars(symbol).adjusted("total").close for symbol in hedged.prices.symbols])
    covariance = np.cov(closes[:, 1:] / closes[:, :-1] - 1)
    expected = np.abs(weights) @ np.sqrt(np.diag(covariance)) / np.sqrt(weights @ covariance @ weights)
    assert facts["Diversification ratio"] == pytest.approx(expected)


def test_excursions_and_risk_are_carried_through_splits(hedged):
    trades = hedged.trades
    split = trades[(trades["quantity"] != trades["exit_quantity"]) & ~trades["is_open"]]
    assert len(split)
    assert (split["mfe"] < 3).all()
    assert (split["mae"] > -1).all()
    at_risk = (trades["entry_price"] - trades["stop"]).abs() * trades["quantity"].abs()
    assert (trades["pnl"] / at_risk).to_numpy() == pytest.approx(trades["r_multiple"].to_numpy())


def test_a_title_of_many_parameters_names_those_that_were_changed():
    bars = iq.load_bars("^GSPC", start="2010", end="2012")
    plain, changed = (iq.backtest(each, bars) for each in (iq.strategies.Momentum(), iq.strategies.Momentum(window=90)))
    assert (plain.title, changed.title) == ("Momentum on ^GSPC", "Momentum (window 90) on ^GSPC")
    # Momentum has nine parameters, of which the provenance tells all.
    told = next(fact.value for fact in plain.provenance() if fact.label == "Strategy")
    assert told.startswith("Momentum (window 60, trend_window 50, ") and "atr_multiple 2.0" in told
