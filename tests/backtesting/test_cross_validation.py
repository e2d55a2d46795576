"""CPCV of strategies against choices made by hand, and the counts of the book."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.cross_validation import _longest
from investiq.metrics.splits import combinatorial_purged_splits
from investiq.metrics.trial_counting import effective_trials, trial_sharpe_variance
from tests.backtesting.test_walk_forward import OPTIONS, EveryOther, wavy

SHIFTS = [0, 2, 5, 7]


@pytest.fixture(scope="module")
def bars(bars_of):
    return wavy(bars_of)


@pytest.fixture(scope="module")
def returns(bars):
    runs = [iq.backtest(EveryOther(shift=shift), bars, **OPTIONS) for shift in SHIFTS]
    return [run.account[1:] / run.account[:-1] - 1 for run in runs]


@pytest.fixture(scope="module")
def found(bars):
    return iq.cross_validate(EveryOther, bars, shift=SHIFTS, purge=4, embargo=3, **OPTIONS)


def test_every_split_takes_the_best_on_its_own_training_bars(bars, returns, found):
    splits = combinatorial_purged_splits(np.arange(600), np.arange(600) + 4, embargo=3)
    for place, split in enumerate(splits):
        ratios = [own[split.train].mean() / own[split.train].std(ddof=1) for own in returns]
        best = int(np.argmax(ratios))
        assert dict(found.chosen[place]) == {"shift": SHIFTS[best]}
        assert found.train_sharpes[place] == pytest.approx(max(ratios), rel=1e-9)
        tested = returns[best][split.test]
        assert found.test_sharpes[place] == pytest.approx(tested.mean() / tested.std(ddof=1), rel=1e-9)


def test_a_path_holds_the_returns_of_whatever_was_chosen_for_each_group(returns, found):
    # Of 6 groups of 100 bars each; path 0 takes group g from some split that tested g.
    for path in found.paths:
        for group in range(6):
            part = path[100 * group : 100 * (group + 1)]
            chosen = [
                SHIFTS.index(c["shift"])
                for c, tested in zip(found.chosen, found.tested, strict=True)
                if group in tested
            ]
            assert any(
                np.allclose(part, returns[number][100 * group : 100 * (group + 1)], atol=1e-15) for number in chosen
            )


@pytest.mark.parametrize(("groups", "tested", "splits", "paths"), [(6, 2, 15, 5), (5, 2, 10, 4), (10, 2, 45, 9)])
def test_splits_and_paths_are_as_many_as_the_book_says(bars, groups, tested, splits, paths):
    found = iq.cross_validate(EveryOther(), bars, groups=groups, test_groups=tested, **OPTIONS)
    assert (len(found.tested), len(found.paths)) == (splits, paths)


def test_what_happens_in_a_tested_group_changes_no_choice_of_its_splits(bars, found):
    prices = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    rise = np.ones(600)
    rise[300:400] = np.linspace(1, 2, 100)
    rise[400:] = 2
    for name in prices:
        prices[name] *= rise
    other = iq.cross_validate(
        EveryOther, dataclasses.replace(bars, **prices), shift=SHIFTS, purge=4, embargo=3, **OPTIONS
    )
    held = [place for place, groups in enumerate(found.tested) if 3 in groups]
    assert len(held) == 5
    for place in held:
        assert found.chosen[place] == other.chosen[place]
        # Scaled prices give the same returns: nothing is rounded here.
        assert found.train_sharpes[place] == pytest.approx(other.train_sharpes[place], rel=1e-9)


def test_the_candidates_count_as_the_whole_table_of_returns_would(returns, found):
    table = np.column_stack(returns)
    assert found.trials.number == 4
    assert found.trials.effective == pytest.approx(effective_trials(table).number, rel=1e-9)
    convention = iq.Convention(periods_per_year=365)
    assert found.trials.sharpe_variance == pytest.approx(trial_sharpe_variance(table, convention), rel=1e-9)


def test_a_strategy_that_never_trades_has_no_ratio_and_says_why(bars):
    found = iq.cross_validate(EveryOther(step=10_000_000), bars, **OPTIONS)
    facts = {fact.label: fact for fact in found.facts()}
    assert np.isnan(facts["Sharpe ratio, median path"].value)
    assert facts["Sharpe ratio, median path"].note == "no path varies: nothing was traded"
    assert found.deflation is None


def test_positions_that_outlast_the_purge_are_named(bars, found):
    # Bought at the open after the day that decides and sold at the open 3 days later: held at 3 closes, which 4 bars cover.
    assert "held_beyond_purge" not in {note.code for note in found.notes}
    short = iq.cross_validate(EveryOther, bars, shift=SHIFTS, purge=2, embargo=3, **OPTIONS)
    note = next(note for note in short.notes if note.code == "held_beyond_purge")
    assert note.rows == 3
    assert "held for up to 3 bars and 2 are purged" in note.text
    assert "held_beyond_purge" not in {n.code for n in iq.cross_validate(EveryOther, bars, purge=3, **OPTIONS).notes}


@pytest.mark.parametrize(
    ("position", "longest"),
    [([], 0), ([0, 0], 0), ([1, 2, 2], 3), ([0, 1, 0, 1, 1], 2), ([1, 1, -1, -1, -1, 0], 3)],
)
def test_the_longest_holding_is_of_one_side(position, longest):
    assert _longest(np.array(position, dtype=float)) == longest


def test_candidates_that_are_not_in_the_ledger_are_not_deflated(bars, found, tmp_path, monkeypatch):
    assert found.deflation is not None
    (tmp_path / "taken").write_text("a file, where the folder should be")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "taken"))
    lost = iq.cross_validate(EveryOther, bars, shift=SHIFTS, **OPTIONS)
    fact = next(fact for fact in lost.facts() if fact.label == "Deflated Sharpe ratio")
    assert np.isnan(fact.value)
    assert fact.note == "the candidates are not in the ledger"
