"""The words of a tear sheet say what its numbers say."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import nbformat
import numpy as np
import pytest

import investiq as iq
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.reporting import blocks
from investiq.reporting.catalog import find_template
from investiq.reporting.wording import cautions, executive_summary

FREE = iq.Costs(commission_rate=0, slippage_bps=0)


def bars_of(closes, *, first="2017-01-01", symbol="TEST", **passport):
    """Daily bars that open at the close before and trade a cent beyond both; a market that never closes."""
    close = np.array(closes, dtype=float)
    open_ = np.concatenate((close[:1], close[:-1]))
    ts = np.datetime64(first, "us") + np.arange(close.size) * np.timedelta64(1, "D")
    ones, day = np.ones(close.size), datetime(2017, 1, 1, tzinfo=UTC)
    described = {
        "symbol": symbol, "provider": "test", "provenance": "file", "interval": "1d", "calendar": "24/7",
        "price_basis": "as_traded", "known_at_rule": "end of day", "rows": close.size, "first": day, "last": day,
        "missing_sessions": 0, "repairs": 0, "sha256": "",
    }  # fmt: skip
    return Bars(
        symbol=symbol,
        interval="1d",
        ts=ts,
        open=open_,
        high=np.maximum(open_, close) + 0.01,
        low=np.minimum(open_, close) - 0.01,
        close=close,
        volume=1e6 * ones,
        known_at=ts + np.timedelta64(1, "D"),
        split_factor=ones,
        total_factor=ones,
        passport=Passport(**{**described, **passport}),
    )


def run(bars, strategy=None, **options):
    """A run with all of the equity, free of costs unless they are given."""
    strategy = iq.strategies.BuyAndHold() if strategy is None else strategy
    return iq.backtest(strategy, bars, **{"weight": 1.0, "costs": FREE, "end": "mark", **options})


@pytest.fixture(scope="module")
def sample():
    """Five years of the sample index, as the example of the README."""
    bars = iq.load_bars("^GSPC", start="2014")
    return iq.backtest(iq.strategies.Breakout(entry_window=55, exit_window=20), bars, weight=1.0, lot=None)


def walk(count, drift, seed=7):
    """Closes of a random walk of 1 % a day around `drift` a day."""
    steps = np.random.default_rng(seed).normal(0.0, 0.01, count)
    return 100.0 * np.cumprod(1.0 + drift + steps - steps.mean())


def test_the_summary_states_the_account_worked_by_hand():
    # Half of 100,000 buys 500 shares at 100 on day 2, sold at 111 on the last: 5,500 less fees of 50.00 and 55.50 are 5,394.50.
    # From the opening point on 2016-12-31 to 2019-01-01 are 731 days: 1.053945 ** (365.25 / 731) = 1.0266.
    closes = [100.0] * 300 + [90.0] * 100 + [111.0] * 331
    costs = iq.Costs(commission_rate=0.001, slippage_bps=0)
    result = run(bars_of(closes), weight=0.5, costs=costs, end="liquidate")
    growth, _, losses, activity = executive_summary(result)
    # Held: 100,000 / 100.1 = 999.000999 shares fetch 110,889.11 less 110.89: 110,778.22; 1.1077822 ** (365.25 / 731) = 1.0525.
    assert growth == (
        "From 2017-01-01 to 2019-01-01 (731 bars) the strategy returned 5.39 % after costs, 2.66 % a year; "
        "buying and holding TEST at the same costs returned 10.78 %, 5.25 % a year."
    )
    # At 90: 99,950 - 5,000 = 94,950 of 100,000; held 999.000999 x 90 = 89,910.09.
    assert losses.startswith("Its deepest loss from a peak was -5.05 % (buy and hold: -10.09 %)")
    # Bought in bar 1 and sold in the last: open at 729 closes of 731.
    assert activity == (
        "It held a position on 99.73 % of the bars and closed 1 round trip, of which 100.00 % won; fees took 105.50 USD "
        "and slippage 0.00 USD of an opening capital of 100,000.00 USD."
    )


def test_every_number_of_the_summary_is_a_fact_of_the_result(sample):
    own = sample.summary["value"]
    held = sample.benchmark.summary["value"]

    def percent(value):
        return f"{value * 100:,.2f} %"

    assert executive_summary(sample) == [
        (
            f"From 2014-01-02 to 2018-12-31 (1,258 bars) the strategy returned {percent(own['Total return'])} after costs, "
            f"{percent(own['CAGR'])} a year; buying and holding ^GSPC at the same costs returned "
            f"{percent(held['Total return'])}, {percent(held['CAGR'])} a year."
        ),
        (
            f"Its Sharpe ratio is {own['Sharpe ratio']:.2f} with a standard error of {own['Standard error of Sharpe']:.2f} "
            f"(buy and hold: {held['Sharpe ratio']:.2f}): zero lies within 1.96 standard errors, so no return above the "
            "risk-free 0.00 % a year is shown."
        ),
        (
            f"Its deepest loss from a peak was {percent(own['Max drawdown'])} (buy and hold: {percent(held['Max drawdown'])}); "
            f"the longest time under water was {own['Longest drawdown']:.0f} bars."
        ),
        (
            f"It held a position on {percent(own['Exposure'])} of the bars and closed {own['Closed trades']:.0f} round trips, "
            f"of which {percent(own['Win rate'])} won; fees took {own['Total fees']:,.2f} USD and slippage "
            f"{own['Total slippage']:,.2f} USD of an opening capital of 100,000.00 USD."
        ),
    ]


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (0.002, "a return above the risk-free 0.00 % a year."),
        (-0.002, "a return below the risk-free 0.00 % a year."),
        (0.0001, "zero lies within 1.96 standard errors, so no return above the risk-free 0.00 % a year is shown."),
    ],
)
def test_a_sharpe_ratio_beyond_two_standard_errors_is_said_to_differ_from_zero(drift, said):
    # Over 1,000 days of 1 % the mean has a standard error of 0.03 %: 0.2 % lies six of them away, 0.01 % a third of one.
    assert executive_summary(run(bars_of(walk(1000, drift))))[1].endswith(said)


def test_the_risk_free_rate_of_the_run_is_the_one_named():
    assert "the risk-free 3.00 % a year" in executive_summary(run(bars_of(walk(1000, 0.0)), risk_free=0.03))[1]


def test_a_period_under_a_year_is_not_given_an_annual_rate():
    growth = executive_summary(run(bars_of([100.0] * 30 + [180.0] * 30)))[0]
    assert growth == (
        "From 2017-01-01 to 2017-03-01 (60 bars) the strategy returned 80.00 % after costs; buying and holding TEST at the "
        "same costs returned 80.00 %."
    )


def test_a_benchmark_of_under_a_year_is_not_given_an_annual_rate():
    # The run has 366 days, the benchmark begins a session later and ends a session earlier: 364.
    bars = bars_of([100.0] * 200 + [150.0] * 166)
    index = bars_of([100.0] * 200 + [120.0] * 164, first="2017-01-02", symbol="INDEX")
    growth = executive_summary(run(bars, benchmark=index))[0]
    assert "50.00 % after costs, 49" in growth
    assert growth.endswith("% a year; buying and holding INDEX at the same costs returned 20.00 %.")


def test_a_loss_that_lasts_is_said_to_last():
    # The opening point is the peak: the loss of bar 20 lasts to bar 39.
    losses = executive_summary(run(bars_of([100.0] * 20 + [90.0] * 20)))[2]
    assert losses == (
        "Its deepest loss from a peak was -10.00 % (buy and hold: -10.00 %); the longest time under water was 20 bars, "
        "not yet recovered."
    )


def test_a_missing_sharpe_ratio_is_told_with_its_reason():
    # 12 bars give 12 returns; a ratio needs 30.
    said = executive_summary(run(bars_of([100.0 + day for day in range(12)])))[1]
    assert said.startswith("A Sharpe ratio cannot be given: ")
    assert "12" in said
    assert "30" in said


def test_a_run_without_a_trade_says_so():
    result = run(bars_of([100.0] * 40), iq.strategies.Breakout(entry_window=5, exit_window=3))
    assert executive_summary(result)[3] == "It closed no trade and held a position on 0.00 % of the bars."


def test_cautions_are_those_of_the_result_and_of_the_choice_of_symbol_and_trial(sample):
    notes = cautions(sample)
    assert notes[: len(sample.notes)] == sample.notes
    assert [note.code for note in notes[len(sample.notes) :]] == ["trials_counted", "chosen_symbol"]
    assert "^GSPC was chosen by hand" in notes[-1].text


def test_the_trials_of_the_study_are_counted_with_what_they_leave(tmp_path, monkeypatch):
    from scipy import stats

    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    first = run(bars_of(walk(1000, 0.001)), study="s")
    returns = first.returns.to_numpy()
    sharpe = returns.mean() / returns.std(ddof=1)
    spread = 1 - stats.skew(returns) * sharpe + (stats.kurtosis(returns, fisher=False) - 1) / 4 * sharpe**2
    # One trial is deflated by nothing: the probability that the ratio is above zero, from 1,000 returns.
    deflated = stats.norm.cdf(sharpe * np.sqrt(999 / spread))
    enough = 1 + spread * (stats.norm.ppf(0.95) / sharpe) ** 2
    (note,) = [note for note in cautions(first) if note.code == "trials_counted"]
    assert note.text == (
        f"1 trial is counted in the study, worth 1.0 independent; deflated Sharpe ratio {deflated * 100:.2f} %, probability "
        "of overfitting (PBO) not given (1 trial has its rows; PBO needs 10), minimum track record "
        f"{enough:,.1f} bars against the 1,000 there are"
    )
    second = run(bars_of(walk(1000, 0.001)), study="s", stop_loss=0.05)
    (note,) = [note for note in cautions(second) if note.code == "trials_counted"]
    assert note.text.startswith("2 trials are counted in the study")


def test_a_run_that_the_ledger_lacks_is_said_not_to_be_deflated(sample):
    (note,) = [note for note in cautions(dataclasses.replace(sample, ticket=None)) if "deflated" in note.code]
    assert note.text == "not counted: this run is none of the ledger's, so its Sharpe ratio is not deflated"


@pytest.fixture(scope="module")
def two():
    """Half of the equity in each: 500 shares at 100, of which one ends at 110 and the other at 80."""
    members = [bars_of([100.0] * 40 + [end], symbol=name) for name, end in (("UP", 110.0), ("DOWN", 80.0))]
    return run(Panel.of(members), weight=0.5)


def test_a_run_of_two_symbols_is_told_in_the_same_words(two):
    # 500 x 10 - 500 x 20 = -5,000 of 100,000; buying and holding is the same account.
    assert executive_summary(two)[0] == (
        "From 2017-01-01 to 2017-02-10 (41 bars) the strategy returned -5.00 % after costs; buying and holding DOWN, UP in "
        "equal parts at the same costs returned -5.00 %."
    )
    assert "DOWN, UP were chosen by hand" in cautions(two)[-1].text
    assert "2017-01-01 to 2017-02-10 · 41 bars (1d)" in blocks.head(two)


def test_each_of_several_symbols_has_a_row_and_one_alone_has_none(two, sample):
    down, up = blocks.symbols_table(two).split("</tr>")[1:3]
    for row, texts in ((up, ("5,000.00", "5.00 %")), (down, ("-10,000.00", "-10.00 %"))):
        for text in texts:
            assert f">{text}<" in row
    assert blocks.symbols_table(sample) == ""
    assert "<th>Symbol</th>" in blocks.trades_table(two)
    assert "<td>DOWN</td>" in blocks.trades_table(two)
    assert "<th>Symbol</th>" not in blocks.trades_table(sample)


def test_every_cell_of_the_tear_sheet_runs_for_several_symbols(two, tmp_path):
    names = {}
    for cell in nbformat.read(find_template("tear_sheet").path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if cell.id == "parameters":
                names["result_file"] = str(two.save(tmp_path / "two.iq"))
    assert names["result"] == two


def test_texts_from_outside_are_escaped_in_every_block():
    odd = "<img src=x>"
    note = Note(code="x", text="<script>alert(1)</script>")
    result = run(bars_of([100.0] * 60, symbol=odd, provider=odd, notes=(note,)))
    for block in (blocks.head, blocks.summary, blocks.cautions_list, blocks.provenance, blocks.metrics_table):
        html = block(result)
        assert "<img" not in html
        assert "<script" not in html


def breakouts(count):
    """A result that buys at each of `count` steps up and sells at the step down after it."""
    closes = [*([100.0] * 5 + [110.0] * 5) * count, *[100.0] * 5]
    costs = iq.Costs(commission_rate=0.001, slippage_bps=0)
    bars = bars_of(closes, first="2015-01-01", currency="index points")
    return run(bars, iq.strategies.Breakout(entry_window=3, exit_window=3), costs=costs, stop_loss=0.05, weight=0.1)


def test_a_long_list_of_round_trips_shows_both_ends_and_counts_the_rest():
    html = blocks.trades_table(breakouts(45))
    # 20 + 20 of 45 leave 5.
    assert html.count("<tr>") == 1 + 20 + 1 + 20
    assert "5 more round trips" in html
    # The first: up on day 6, decided there, bought on day 7 at 110; stopped at 104.5 on day 11, four days later, when the
    # bar opens at 110 and closes at 100. 10 % of 100,000 at 110 are 90 shares: 9,900.00 paid and 9,405.00 received, with
    # fees of 9.90 and 9.405, which is posted as 9.40: -514.30, -5.19 % of 9,900.
    row = html[html.index("<tbody>") :].split("</tr>")[0]
    for text in ("2015-01-07", "110.00", "2015-01-11", "104.50", "90", "-514.30", "-5.19 %", "19.30", "4", "stop loss"):
        assert f">{text}<" in row
    for text in ("Net P&amp;L (USD)", "Entry price (index points)"):
        assert text in html


def test_forty_round_trips_are_all_shown_and_none_is_said_in_words():
    assert "more round trips" not in blocks.trades_table(breakouts(40))
    assert blocks.trades_table(breakouts(40)).count("<tr>") == 1 + 40
    assert "made no trade" in blocks.trades_table(breakouts(0))
