"""Notes beside trades: appended, kept for the next process, apart for each run, on both databases."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

import investiq as iq
from investiq.backtesting.result_files import find_saved, sample_run, saved_results
from investiq.backtesting.trade_annotating import annotation_key
from investiq.core.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """An empty ledger, and no saved result."""
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(tmp_path / "reports"))
    return tmp_path


@pytest.fixture(scope="module")
def sample():
    """A run outside the ledger."""
    return sample_run()


def counted(gspc, fast=20):
    return iq.backtest(iq.strategies.Crossover(fast=fast, slow=50), gspc[-700:], weight=1.0, lot=None)


def test_notes_and_tags_are_kept_in_order_on_both_databases(sample, database_url, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATABASE_URL", database_url)
    iq.annotate_trade(sample, 3, "  late, after the gap ", tags=["late", " gap ", "late"])
    iq.annotate_trade(sample, 3, "would skip it")
    iq.annotate_trade(sample, 0, tags=["gap"])
    found = iq.trade_notes(sample)
    assert found["trade"].tolist() == [3, 3, 0]
    assert found["note"].tolist() == ["late, after the gap", "would skip it", ""]
    assert found["tags"].tolist() == [("late", "gap"), (), ("gap",)]
    assert found["is_current"].all()
    entered = sample.trades["entry_ts"]
    assert found["entry_ts"].tolist() == [entered[3], entered[3], entered[0]]
    assert found["written_at"].is_monotonic_increasing
    assert iq.trade_notes(sample, trade=3)["note"].tolist() == ["late, after the gap", "would skip it"]
    assert iq.trade_notes(tag="gap")["trade"].tolist() == [3, 0]


def test_notes_are_there_in_another_process(sample, ledger):
    path = sample.save(ledger / "run.iq")
    iq.annotate_trade(sample, 1, "für später: <b>ä</b>")
    code = f"import investiq as iq; print(iq.trade_notes(iq.load_result({str(path)!r}))['note'].tolist())"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], capture_output=True, encoding="utf-8", check=True, env=os.environ
    )
    assert done.stdout.strip() == "['für später: <b>ä</b>']"


def test_the_notes_of_two_runs_do_not_mix(gspc, sample):
    first, second = counted(gspc, 20), counted(gspc, 30)
    for number, result in enumerate((first, second, sample)):
        iq.annotate_trade(result, 0, f"of run {number}")
    for number, result in enumerate((first, second, sample)):
        assert iq.trade_notes(result)["note"].tolist() == [f"of run {number}"]
    assert len(iq.trade_notes()) == 3
    assert iq.trade_notes()["is_current"].isna().all()


def test_a_run_of_the_ledger_is_annotated_under_its_trial_and_another_by_its_manifest(gspc, sample):
    result = counted(gspc)
    assert annotation_key(result) == result.ticket.trial
    # Neither the moment of a run nor the installed versions are another run; another option is.
    later = dataclasses.replace(sample.manifest, created_at=result.manifest.created_at, code_version="9", packages={})
    assert annotation_key(dataclasses.replace(sample, manifest=later)) == annotation_key(sample)
    parameters = {**sample.manifest.parameters, "options": {"weight": 0.25}}
    other = dataclasses.replace(sample.manifest, parameters=parameters)
    assert annotation_key(dataclasses.replace(sample, manifest=other)) != annotation_key(sample)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "neither"),
        ({"note": "   "}, "neither"),
        ({"tags": "late"}, r"write tags=\['late'\]"),
        ({"tags": ["late", " "]}, "a tag is a word"),
        ({"tags": [3]}, "a tag is a word, was 3"),
        ({"tags": ["x" * 41]}, "at most 40 characters"),
        ({"tags": [str(each) for each in range(21)]}, "at most 20 tags"),
        ({"note": "x" * 4001}, r"at most 4,000 characters, this one has 4,001"),
        ({"note": 5}, "a note is a text"),
    ],
)
def test_what_is_no_note_is_refused_and_nothing_is_written(sample, arguments, words):
    with pytest.raises(ConfigError, match=words):
        iq.annotate_trade(sample, 0, **arguments)
    assert not len(iq.trade_notes(sample))


@pytest.mark.parametrize("trade", [-1, 59, True, "3", 1.0])
def test_a_trade_that_is_not_there_has_no_notes(sample, trade):
    assert len(sample.trades) == 59
    with pytest.raises(DataError, match="rows 0 to 58"):
        iq.annotate_trade(sample, trade, "note")
    with pytest.raises(DataError, match="rows 0 to 58"):
        iq.trade_notes(sample, trade=trade)


def test_a_trade_without_its_run_is_no_question():
    with pytest.raises(ConfigError, match="pass the result"):
        iq.trade_notes(trade=3)


def test_a_note_beside_a_trade_that_a_run_no_longer_makes_is_told(sample):
    iq.annotate_trade(sample, 58, "last one")
    iq.annotate_trade(sample, 5, "of another entry")
    from investiq.backtesting.tables import TRADE_ANNOTATIONS
    from investiq.storage.database import open_database

    moved = TRADE_ANNOTATIONS.update().where(TRADE_ANNOTATIONS.c.trade == 5).values(symbol="OTHER")
    open_database().write(lambda connection: connection.execute(moved))
    assert iq.trade_notes(sample)["is_current"].tolist() == [True, False]
    assert iq.review_trades(sample).to_frame()["notes"].ne("").sum() == 1


def test_outcomes_by_exit_and_tag_add_up(sample):
    iq.annotate_trade(sample, 0, tags=["a", "b"])
    iq.annotate_trade(sample, 1, tags=["a"])
    log, trades = iq.review_trades(sample), sample.trades
    by_exit = log.by_exit()
    assert by_exit["trades"].sum() == len(trades)
    assert by_exit["pnl"].sum() == pytest.approx(trades["pnl"].sum())
    # Every stop loses and every target wins: 0 of n and n of n.
    assert by_exit.loc["stop loss", "win_rate"] == 0
    assert by_exit.loc["take profit", "win_low"] == pytest.approx(9 / (9 + 1.959964**2), abs=1e-6)
    by_tag = log.by_tag()
    assert by_tag["trades"].to_dict() == {"a": 2, "b": 1}
    assert by_tag.loc["a", "mean_return"] == pytest.approx(trades["return"][:2].mean())
    assert log.to_frame()["tags"].tolist()[:3] == ["a, b", "a", ""]


def test_saved_results_are_found_by_name_and_nothing_else_is(sample, ledger):
    path = sample.save(sample_folder(ledger) / "mine.iq")
    assert [each.name for each in saved_results()] == ["mine"]
    assert find_saved("mine.iq").path == path
    outside = sample.save(ledger / "outside.iq")
    for name in ("../outside", str(outside), "", "nothing"):
        with pytest.raises(DataError, match="no saved result"):
            find_saved(name)


def sample_folder(ledger):
    folder = ledger / "data" / "results"
    folder.mkdir(parents=True)
    return folder
