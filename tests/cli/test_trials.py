"""The ledger and the replay through the command line."""

from __future__ import annotations

import json
import zipfile

import pytest

import investiq as iq


@pytest.fixture
def result():
    return iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2017"), weight=1.0, study="holding")


@pytest.fixture
def trial(result):
    return result.ticket.trial


def test_an_empty_ledger_says_how_it_fills(run):
    done = run("trials", "studies")
    assert done.exit_code == 0
    assert "the ledger is empty; each backtest writes a row" in done.stdout


def test_trials_are_listed_shown_and_annotated(run, trial):
    assert json.loads(run("trials", "list", "holding", "--json").stdout)[0]["id"] == trial
    assert "BuyAndHold" in run("trials", "list").stdout
    assert json.loads(run("trials", "studies", "--json").stdout) == [{"study": "holding", "trials": 1}]
    done = run("trials", "annotate", trial[:8], "--note", "a yardstick", "--tag", "benchmark")
    assert done.exit_code == 0, done.stderr
    shown = json.loads(run("trials", "show", trial, "--json").stdout)
    assert (shown["notes"], shown["tags"], shown["study"]) == (["a yardstick"], ["benchmark"], "holding")
    assert json.loads(run("trials", "list", "--tag", "benchmark", "--json").stdout)[0]["id"] == trial


def test_the_evidence_of_a_study_is_printed_with_its_count(run, trial):
    facts = {fact["label"]: fact for fact in json.loads(run("trials", "evidence", "holding", "--json").stdout)["facts"]}
    assert facts["Trials"]["value"] == 1
    assert "nothing is deflated" in facts["Deflated Sharpe ratio"]["note"]


def test_an_unknown_study_ends_with_code_3(run, trial):
    done = run("trials", "list", "holdings")
    assert done.exit_code == 3
    assert "did you mean 'holding'" in done.stderr


def test_a_replay_ends_with_0_where_nothing_moved(run, result, tmp_path):
    done = run("replay", result.save(tmp_path / "held.iq"))
    assert done.exit_code == 0, done.stderr
    assert "Verdict" in done.stdout
    assert "unchanged" in done.stdout


def test_a_replay_ends_with_1_and_names_the_number_where_one_moved(run, result, tmp_path):
    path = result.save(tmp_path / "held.iq")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["manifest.json"])
    header["facts"] = [[label, 0.5 if label == "CAGR" else value] for label, value in header["facts"]]
    members["manifest.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    done = run("replay", path, "--stored", "--json")
    assert done.exit_code == 1, done.stderr
    (moved,) = json.loads(done.stdout)["moved"]
    assert (moved["label"], moved["stored"], moved["cause"]) == ("CAGR", 0.5, "code")


def test_a_file_that_cannot_be_used_ends_with_2(run, tmp_path):
    (tmp_path / "torn.iq").write_bytes(b"PK")
    done = run("replay", tmp_path / "torn.iq")
    assert done.exit_code == 2
    assert "torn.iq is no InvestIQ result file or is damaged" in done.stderr
