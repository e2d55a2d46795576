from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import investiq
import investiq as iq
from investiq.core.errors import ConfigError, DataError

BARS = {"start": "2014", "end": "2018"}


@pytest.fixture(scope="module")
def result():
    bars = iq.load_bars("^GSPC", **BARS)
    return iq.backtest(iq.strategies.Crossover(fast=5, slow=20), bars, weight=1.0, lot=None)


@pytest.fixture
def saved(result, tmp_path):
    return result.save(tmp_path / "crossover.iq")


def rewritten(path, change):
    """The file with its header changed; the fingerprint covers bars, parameters and account, not the versions."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["manifest.json"])
    change(header)
    members["manifest.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def condition(report, name):
    return next(each for each in report.conditions if each.name == name)


def test_a_replay_on_the_same_machine_moves_nothing(saved):
    report = iq.replay(saved)
    assert report.verdict == "unchanged"
    assert report.moved == ()
    assert report.causes == ()
    assert [(each.name, each.is_same) for each in report.conditions] == [
        ("code", True),
        ("packages", True),
        ("python", True),
        ("strategy", True),
        ("data", True),
        ("seed", True),
    ]


def test_a_replay_is_no_trial(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    iq.replay(saved)
    assert len(iq.trials()) == 0


def test_another_code_version_is_named_though_no_number_moved(saved):
    def older(header):
        header["manifest"]["code_version"] = "0.0.9"
        header["manifest"]["packages"]["numpy"] = "2.0.0"

    report = iq.replay(rewritten(saved, older))
    assert report.verdict == "unchanged"
    assert condition(report, "code") == ("code", f"InvestIQ 0.0.9 -> {investiq.__version__}", False)
    assert condition(report, "packages").text == f"numpy 2.0.0 -> {np.__version__}"
    assert condition(report, "packages").is_same is False


def test_a_number_that_the_program_computes_otherwise_is_laid_to_what_changed_of_it(saved):
    """The file says that the Sharpe ratio was 9 and that numpy was older: that number moved, and numpy is the suspect."""

    def published(header):
        header["manifest"]["packages"]["numpy"] = "2.0.0"
        header["facts"] = [[label, 9.0 if label == "Sharpe ratio" else value] for label, value in header["facts"]]

    report = iq.replay(rewritten(saved, published))
    (moved,) = report.moved
    assert (moved.label, moved.stored, moved.cause) == ("Sharpe ratio", 9.0, "packages")
    assert moved.relative == pytest.approx(moved.replayed / 9.0 - 1)


def test_a_bar_that_was_corrected_since_is_laid_to_the_data(result, saved):
    """The newest close is 1 % higher now: sold there, so final equity moves and nothing before it."""
    bars = result.data
    close, high = bars.close.copy(), bars.high.copy()
    close[600] *= 1.002
    high[600] = max(high[600], close[600])
    today = dataclasses.replace(bars, close=close, high=high)
    report = iq.replay(saved, data=today)
    assert report.verdict == "moved"
    assert set(report.causes) == {"data"}
    assert report.first_difference == ""  # on the saved bars all is as it was
    day = str(bars.ts[600].astype("datetime64[D]"))
    assert f"1 bars differ, the first on {day}" in condition(report, "data").text
    account = next(number for number in report.moved if number.label == "Account")
    assert account.stored == account.replayed != account.present


def test_bars_that_came_and_went_are_counted(result, saved):
    report = iq.replay(saved, data=iq.load_bars("^GSPC", start="2014-02", end="2018"))
    missing = int((result.data.ts < np.datetime64("2014-02-01")).sum())
    assert f"{missing} bars are gone" in condition(report, "data").text


def test_data_of_another_symbol_are_refused(saved):
    with pytest.raises(DataError, match=r"holds bars of \^GSPC, the data given are of"):
        iq.replay(saved, data=iq.load_bars("^IXIC", **BARS))


def test_without_loading_the_data_are_said_not_to_be_compared(saved):
    report = iq.replay(saved, data="stored")
    assert condition(report, "data").is_same is None
    assert [note.code for note in report.notes] == ["not_compared"]


def test_bars_of_a_file_of_yours_are_taken_from_the_result_and_that_is_said(result, tmp_path):
    passport = dataclasses.replace(result.data.passport, provenance="file", source="mine.csv")
    own = iq.backtest(result.strategy, dataclasses.replace(result.data, passport=passport), weight=1.0, lot=None)
    report = iq.replay(own.save(tmp_path / "own.iq"))
    assert report.verdict == "unchanged"
    assert "came from a file of yours (mine.csv): pass its bars as data=" in condition(report, "data").text


@dataclass(frozen=True, kw_only=True)
class EveryOther(iq.strategies.Strategy):
    step: int = 7

    warmup = 1

    def decide(self, bars):
        decisions = np.full(len(bars), -1, dtype=np.int8)
        decisions[:: self.step] = 1
        return decisions


def test_a_strategy_of_your_own_is_replayed_with_its_code_at_hand(result, tmp_path):
    path = iq.backtest(EveryOther(step=5), result.data, weight=1.0).save(tmp_path / "own.iq")
    with pytest.raises(ConfigError, match=r"EveryOther is a strategy of your own, .*'step': 5.* pass it as strategy="):
        iq.replay(path)
    assert iq.replay(path, strategy=EveryOther(step=5)).verdict == "unchanged"
    with pytest.raises(
        ConfigError, match=r"the file holds EveryOther with .*5.*, the strategy given is EveryOther with .*6"
    ):
        iq.replay(path, strategy=EveryOther(step=6))


def test_a_strategy_whose_code_changed_is_laid_to_the_code(result, tmp_path):
    path = iq.backtest(EveryOther(step=5), result.data, weight=1.0).save(tmp_path / "own.iq")

    @dataclass(frozen=True, kw_only=True)
    class Changed(EveryOther):
        name = "EveryOther"

        def decide(self, bars):
            return np.roll(super().decide(bars), 1)

    report = iq.replay(path, strategy=Changed(step=5))
    assert set(report.causes) == {"code"}
    assert "same_version" in [note.code for note in report.notes]
    # Decided on bar 0 and filled on bar 1 before, one bar later now.
    assert report.first_difference == str(result.data.ts[1].astype("datetime64[D]"))


@pytest.mark.parametrize(("bps_in_one", "verdict"), [("10_000", "unchanged ()"), ("9_000", "moved ('code',)")])
def test_a_constant_changed_in_a_copy_of_the_engine_moves_numbers_and_is_laid_to_the_code(
    bps_in_one, verdict, saved, tmp_path
):
    """Uncompiled, so that the copy need not compile; the copy as it was moves nothing that way either."""
    shutil.copytree(Path(investiq.__file__).parent, tmp_path / "investiq", ignore=shutil.ignore_patterns("__pycache__"))
    costs = tmp_path / "investiq" / "execution" / "costs.py"
    text = costs.read_text()
    assert text.count("self.slippage_bps / 10_000") == 1
    costs.write_text(text.replace("self.slippage_bps / 10_000", f"self.slippage_bps / {bps_in_one}"))
    program = (
        "import investiq as iq, sys; report = iq.replay(sys.argv[1], data='stored'); "
        "print(iq.__file__.startswith(sys.argv[2]), report.verdict, report.causes)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(saved), str(tmp_path)], cwd=tmp_path, capture_output=True, text=True,
        check=False, env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"True {verdict}"


def test_a_damaged_file_is_refused(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 0xFF
    saved.write_bytes(bytes(content))
    with pytest.raises(DataError, match="is damaged"):
        iq.replay(saved)


def test_bars_edited_inside_the_file_are_refused(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith("close.npy"))
    members[name] = members[name][:-8] + bytes([members[name][-8] ^ 1]) + members[name][-7:]
    with zipfile.ZipFile(saved, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    with pytest.raises(DataError, match=r"damaged|high lies below"):
        iq.replay(saved)


def test_runs_side_by_side_show_what_differs(result):
    other = iq.backtest(iq.strategies.Crossover(fast=10, slow=20), result.data, weight=0.5, lot=None)
    found = iq.compare_runs(result, other)
    names = found.names
    assert found.choices.to_dict("index") == {
        "strategy.fast": {names[0]: 5.0, names[1]: 10.0},
        "options.weight": {names[0]: 1.0, names[1]: 0.5},
    }
    total = other.run.equity[-1] / 100_000 - result.run.equity[-1] / 100_000
    assert found.measures.loc["Total return", "difference"] == pytest.approx(total)
    assert list(found.equity.columns) == list(names)
    assert found.watermark == "SAMPLE"


def test_a_stored_trial_and_a_saved_file_can_be_set_side_by_side(result, saved):
    from investiq.backtesting.trial_recording import record_result

    trial = record_result(result).trial
    found = iq.compare_runs(trial, saved)
    assert found.equity is None
    assert len(found.choices) == 0
    assert found.measures["difference"].dropna().eq(0).all()


def test_one_run_is_no_comparison(result):
    with pytest.raises(ConfigError, match="needs two runs, was given 1"):
        iq.compare_runs(result)


def test_a_choice_that_is_none_in_one_run_is_shown_as_none():
    runs = [
        iq.backtest(iq.strategies.BuyAndHold(), "^GSPC", weight=1.0, rebalance=rebalance)
        for rebalance in (None, "month_start")
    ]
    _, choices = iq.compare_runs(*runs).tables()
    assert ("options.rebalance", "None", "month_start") in choices.rows
