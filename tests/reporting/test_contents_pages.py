"""What the pages say in words: the very numbers of the results, recomputed here by pandas."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.facts import format_value
from investiq.reporting.contents import strategy_comparison, symbol_analysis, walk_forward
from investiq.reporting.contents.basis import records_hash

COSTS = {"commission_bps": 5.0, "slippage_bps": 5.0}


def percent(value):
    return format_value(float(value), "fraction")


@pytest.fixture(scope="module")
def compared():
    return strategy_comparison.prepare(
        symbol="^GSPC", start="2016", end="2017-12-31", strategies="Crossover(fast=5, slow=20); Breakout(entry_window=20, exit_window=10)",
        seed=1, **COSTS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def walked():
    return walk_forward.prepare(
        symbol="^GSPC", start="2015", end="2017-12-31", strategy="Crossover", grid="fast 5:10:5; slow 20, 40",
        train_sessions=250, test_sessions=125, scheme="rolling", seed=1, **COSTS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def analysed():
    return symbol_analysis.prepare(
        symbol="^IXIC", start="2016", end="2017-12-31", as_of="2017-11-30", benchmark="^GSPC"
    )


def test_a_comparison_states_return_loss_and_sharpe_of_the_accounts(compared):
    text = " ".join(compared.summary)
    for result in compared.comparison.accounts.values():
        equity = result.equity["equity"]
        returns = equity.pct_change().dropna()
        assert percent(equity.iloc[-1] / equity.iloc[0] - 1) in text
        assert percent((equity / equity.cummax() - 1).min()) in text
        assert f"{returns.mean() / returns.std() * np.sqrt(252):.2f}" in text


def test_a_comparison_names_the_pair_nearest_to_certainty_with_its_difference(compared):
    pair = compared.comparison.differences.sort_values("adjusted").iloc[0]
    ratios = {
        name: result.returns.mean() / result.returns.std(ddof=0) * np.sqrt(252)
        for name, result in compared.comparison.accounts.items()
    }
    gap = ratios[pair["first"]] - ratios[pair["second"]]
    ahead, behind = (pair["first"], pair["second"]) if gap > 0 else (pair["second"], pair["first"])
    assert (
        f"{ahead} over {behind} by {abs(gap):.2f} (standard error {pair['standard_error']:.2f}" in compared.summary[2]
    )
    assert compared.summary[2].startswith("No difference of Sharpe ratios is beyond doubt at 5.00 %")


def test_a_comparison_counts_the_trials_of_the_ledger(compared):
    known = compared.comparison.first.evidence
    assert compared.summary[3].startswith(f"{known.trials:,} trials are counted in the ledger")


def test_a_walk_states_its_return_beside_that_of_holding_over_the_same_days(walked):
    tested = pd.concat([pd.Series(fold.test_returns) for fold in walked.walk.folds])
    growth = np.concatenate(([1.0], np.cumprod(1 + tested.to_numpy())))
    close = walked.best.bars.frame["close"].iloc[249:]
    held = close.iloc[-1] / close.iloc[0] - 1
    text = walked.summary[2]
    assert f"returned {percent(growth[-1] - 1)} out of sample" in text
    assert f"a deepest loss of {percent((growth / np.maximum.accumulate(growth) - 1).min())}" in text
    assert f"the same days returned {percent(held)} before costs" in text
    won = sum((1 + pd.Series(fold.test_returns)).prod() > 1 for fold in walked.walk.folds)
    assert f"{won} of {len(walked.walk.folds)} folds gained" in text


def test_a_walk_names_the_best_cell_of_all_that_ran(walked):
    frame = walked.sweep.to_frame()
    best = frame.loc[frame["sharpe_ratio"].idxmax()]
    assert (
        f"Crossover (fast {best['fast']}, slow {best['slow']}), shows {best['sharpe_ratio']:.2f}" in walked.summary[1]
    )
    assert "4 combinations of Crossover (2 fast x 2 slow) were tried, 4 could run" in walked.summary[1]


def test_the_verdict_of_a_walk_is_that_of_its_checks(walked):
    answers = walked.checks_frame["answer"]
    passed, failed = (answers.str.contains(word) for word in ("passed", "failed"))
    assert f"{passed.sum()} of {len(answers)} checks passed" in walked.summary[0]
    for name in answers.index[failed]:
        assert name in walked.summary[0]
    assert walked.summary[0].startswith("Verdict: luck or selection is not excluded") == bool(failed.any())
    # More trials in the ledger than cells here: the grid alone is the milder judge.
    ledger = walked.best.evidence
    assert f"{ledger.trials:,} trials in this study" in walked.summary[3]
    assert ledger.trials >= 4 * (1 + len(walked.walk.folds)) - 4


def test_monte_carlo_is_told_by_its_quantiles(walked):
    finals = walked.paths.final_returns
    for share in (0.05, 0.5, 0.95):
        assert percent(np.quantile(finals, share)) in walked.summary[4]
    assert f"{percent((finals > 0).mean())} end with a profit" in walked.summary[4]


def test_an_analysis_tells_score_close_and_regime_of_its_last_row(analysed):
    table = analysed.analysis.table
    assert table.index[-1].date().isoformat() == "2017-11-30"
    last, bars = table.iloc[-1], iq.load_bars("^IXIC", start="2016", end="2017-11-30")
    assert f"closed at {bars.close[-1]:,.2f}" in analysed.summary[0]
    assert f"a score of {last['score']:+.1f}" in analysed.summary[0]
    same = table["regime"] == last["regime"]
    assert percent(same.mean()) in analysed.summary[1]
    since = table.index[np.flatnonzero(~same.to_numpy())[-1] + 1]
    assert f"since {since:%Y-%m-%d}" in analysed.summary[1]
    assert "of ^GSPC" in analysed.summary[1]


def test_the_manifest_of_an_analysis_names_its_records_as_they_were_known(analysed):
    history, data = analysed.analysis.history, analysed.handed().manifest.data
    assert history.tables
    for name, records in history.tables.items():
        known = records.until(analysed.analysis.as_of)
        assert data[name] == records_hash(known)
        assert records_hash(replace(known, frame=known.frame.iloc[1:])) != data[name]


def test_a_period_that_ends_earlier_shows_nothing_that_came_after_it():
    page = symbol_analysis.prepare(symbol="SYN001", start="2014", end="2016-06-30", as_of="", benchmark="")
    history, moment = page.analysis.history, pd.Timestamp(page.analysis.as_of)
    assert [name for name, each in history.tables.items() if (each.frame["known_at"] > moment).any()] == []
    tables = {view.name: view.tables() for view in page.topics}
    assert tables["earnings"][0].rows[0][1] == "2016-04-21"
    assert tables["dividends"][0].rows[0][0] == "2016-06-06"
    assert len(tables["relative_strength"][0].rows) > 1


def test_an_analysis_tells_volatility_and_deepest_loss_of_the_closes(analysed):
    close = iq.load_bars("^IXIC", start="2016", end="2017-11-30").frame["close"]
    returns = close.pct_change().dropna()
    text = next(each for each in analysed.summary if each.startswith("Risk: "))
    assert f"{percent(returns.std() * np.sqrt(252))} a year" in text
    assert percent((close / close.cummax() - 1).min()) in text


def test_an_analysis_names_the_heaviest_evidence_first_and_what_is_missing(analysed):
    found = analysed.analysis
    side = -1 if found.score < 0 else 1
    own = [
        (each.weight * found.weights[name], each.name)
        for name, engine in found.engines.items()
        for each in engine.evidence
        if each.direction == side
    ]
    assert (
        f"Strongest for the score, of {len(own)} signals: {max(own, key=lambda pair: pair[0])[1]} ("
        in analysed.summary[3]
    )
    assert "of technical alone; sentiment is silent)" in analysed.summary[2]
    assert "fundamental (no statements in the history)" in analysed.summary[-1]
    assert {row[0] for row in analysed.absent.rows} >= {"Earnings", "Options", "Insiders"}
    assert all(row[1] for row in analysed.absent.rows)


@pytest.mark.parametrize("name", ["compared", "walked", "analysed"])
def test_what_a_page_hands_over_is_whole(name, request):
    page = request.getfixturevalue(name)
    handed = page.handed()
    assert handed.summary == tuple(page.summary)
    assert handed.watermark == "SAMPLE"
    assert handed.as_of.tzinfo is not None
    assert dict(handed.manifest.parameters) == dict(page.request)
    assert all(len(frame) for frame in handed.tables.values())
    assert len({fact.label for fact in handed.numbers}) == len(handed.numbers)
    missing = [fact for fact in handed.numbers if isinstance(fact.value, float) and np.isnan(fact.value)]
    assert all(fact.note for fact in missing)
    # Every number of a summary is finite and formatted: no "nan" and no float of seventeen digits.
    assert not re.search(r"\bnan\b|\d\.\d{6,}", " ".join(handed.summary))
