"""The words of a tear sheet say what its numbers say."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.execution.costs import Costs
from investiq.metrics.conventions import Convention
from investiq.reporting import blocks
from investiq.reporting.wording import cautions, executive_summary

NAN = float("nan")


class Bars(SimpleNamespace):
    def __len__(self):
        return 1257


def facts(**changed):
    values = {
        "Total return": Fact("Total return", 0.1234, "fraction"),
        "CAGR": Fact("CAGR", 0.0235, "fraction", "calendar days / 365.25"),
        "Sharpe ratio": Fact("Sharpe ratio", 0.45, "ratio"),
        "Standard error of Sharpe": Fact("Standard error of Sharpe", 0.44, "ratio"),
        "Max drawdown": Fact("Max drawdown", -0.1021, "fraction"),
        "Longest drawdown": Fact("Longest drawdown", 310, "bars", "peak to recovery", "not yet recovered"),
        "Exposure": Fact("Exposure", 0.62, "fraction"),
        "Closed trades": Fact("Closed trades", 12, "count"),
        "Win rate": Fact("Win rate", 5 / 12, "fraction"),
        "Total fees": Fact("Total fees", 1234.5, "money"),
        "Total slippage": Fact("Total slippage", 617.25, "money"),
    }
    return list({**values, **{fact.label: fact for fact in changed.values()}}.values())


def result(own=None, held=None, *, notes=()):
    return SimpleNamespace(
        title="Breakout on ^GSPC",
        watermark="SAMPLE",
        notes=notes,
        facts=lambda: own or facts(),
        benchmark=SimpleNamespace(
            bars=SimpleNamespace(symbol="^GSPC"),
            facts=lambda: (
                held
                or facts(
                    total=Fact("Total return", 0.365, "fraction"),
                    growth=Fact("CAGR", 0.0643, "fraction"),
                    sharpe=Fact("Sharpe ratio", 0.6, "ratio"),
                    depth=Fact("Max drawdown", -0.1978, "fraction"),
                )
            ),
        ),
        bars=Bars(
            symbol="^GSPC",
            index=pd.DatetimeIndex(["2014-01-02", "2018-12-31"], tz="UTC"),
            passport=SimpleNamespace(interval="1d", provider="sample", calendar="XNYS", currency="index points"),
        ),
        options=SimpleNamespace(initial_capital=100_000.0, costs=Costs()),
        convention=Convention(periods_per_year=252),
    )


def test_the_summary_is_written_from_the_numbers():
    assert executive_summary(result()) == [
        (
            "From 2014-01-02 to 2018-12-31 (1,257 bars) the strategy returned 12.34 % after costs, 2.35 % a year; "
            "buying and holding ^GSPC at the same costs returned 36.50 %, 6.43 % a year."
        ),
        (
            "Its Sharpe ratio is 0.45 with a standard error of 0.44 (buy and hold: 0.60): zero lies within "
            "1.96 standard errors, so no return above the risk-free 0.00 % a year is shown."
        ),
        (
            "Its deepest loss from a peak was -10.21 % (buy and hold: -19.78 %); the longest time under water was 310 bars, "
            "not yet recovered."
        ),
        (
            "It held a position on 62.00 % of the bars and closed 12 round trips, of which 41.67 % won; fees took 1,234.50 USD "
            "and slippage 617.25 USD of an opening capital of 100,000.00 USD."
        ),
    ]


def test_a_sharpe_ratio_beyond_two_standard_errors_is_said_to_differ_from_zero():
    # 1.96 standard errors of 0.44 are 0.8624.
    above = facts(sharpe=Fact("Sharpe ratio", 0.87, "ratio"))
    assert "a return above the risk-free" in executive_summary(result(above))[1]
    below = facts(sharpe=Fact("Sharpe ratio", -0.87, "ratio"))
    assert "a return below the risk-free" in executive_summary(result(below))[1]
    inside = facts(sharpe=Fact("Sharpe ratio", 0.86, "ratio"))
    assert "zero lies within 1.96 standard errors" in executive_summary(result(inside))[1]


def test_a_period_under_a_year_is_not_given_an_annual_rate():
    short = facts(growth=Fact("CAGR", 0.8, "fraction", "calendar days / 365.25", "extrapolated from 60 days"))
    first = executive_summary(result(short))[0]
    assert "a year" not in first
    assert "80.00 %" not in first


def test_a_missing_sharpe_ratio_is_told_with_its_reason():
    few = facts(sharpe=Fact("Sharpe ratio", NAN, "ratio", "", "12 returns, needs 30"))
    assert executive_summary(result(few))[1] == "A Sharpe ratio cannot be given: 12 returns, needs 30."


def test_a_run_without_a_trade_says_so():
    none = facts(
        trades=Fact("Closed trades", 0, "count"),
        exposure=Fact("Exposure", 0.0, "fraction"),
        won=Fact("Win rate", NAN, "fraction", "", "no closed trade"),
    )
    assert executive_summary(result(none))[3] == "It closed no trade and held a position on 0.00 % of the bars."


def test_cautions_are_those_of_the_result_and_of_the_choice_of_symbol_and_trial():
    own = Note(code="price_index", text="dividends not included", severity="info")
    notes = cautions(result(notes=(own,)))
    assert [note.code for note in notes] == ["price_index", "sharpe_not_deflated", "chosen_symbol"]
    assert "^GSPC was chosen by hand" in notes[2].text


def test_texts_from_outside_are_escaped_in_every_block():
    odd = result(notes=(Note(code="x", text="<script>alert(1)</script>"),))
    odd.title = odd.bars.symbol = odd.bars.passport.provider = "<img src=x>"
    for block in (blocks.head, blocks.summary, blocks.cautions_list):
        html = block(odd)
        assert "<img" not in html
        assert "<script" not in html


def test_a_long_list_of_round_trips_shows_both_ends_and_counts_the_rest():
    row = {
        "entry_ts": pd.Timestamp("2015-01-05", tz="UTC"),
        "entry_price": 2020.58,
        "exit_ts": pd.Timestamp("2015-02-05", tz="UTC"),
        "exit_price": 2062.52,
        "quantity": 10.0,
        "pnl": 1234.5,
        "return": 0.0123,
        "fees": 2.5,
        "slippage": 1.25,
        "exit_reason": "stop_loss",
        "bars_held": 23,
        "is_open": False,
    }
    odd = result()
    odd.trades = pd.DataFrame([row] * 45)
    html = blocks.trades_table(odd)
    # 20 + 20 of 45 leave 5.
    assert html.count("<tr>") == 1 + 20 + 1 + 20
    assert "5 more round trips" in html
    for text in (
        "2015-01-05",
        "2,020.58",
        "1,234.50",
        "1.23 %",
        "stop loss",
        "Net P&amp;L (USD)",
        "Entry price (index points)",
    ):
        assert text in html
    odd.trades = odd.trades.iloc[:40]
    assert "more round trips" not in blocks.trades_table(odd)
    odd.trades = odd.trades.iloc[:0]
    assert "made no trade" in blocks.trades_table(odd)
