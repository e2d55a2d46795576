"""Saving and loading: an equal result, and refusals that say what is wrong."""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.execution.costs import PerShareFees
from investiq.strategies import Strategy


@pytest.fixture(scope="module")
def result(gspc):
    return iq.backtest(
        iq.strategies.Breakout(entry_window=55, exit_window=20),
        gspc[-1500:],
        weight=1.0,
        stop_loss=0.1,
        costs=iq.Costs(),
    )


def test_a_loaded_result_equals_the_one_that_was_saved(result, tmp_path):
    path = result.save(tmp_path / "breakout.iq")
    loaded = iq.load_result(path)
    assert loaded == result
    assert loaded.strategy == result.strategy
    assert loaded.options == result.options
    assert loaded.notes == result.notes
    assert loaded.manifest == result.manifest
    assert loaded.manifest.created_at == result.manifest.created_at
    assert loaded.bars.passport == result.bars.passport
    for name in ("equity", "trades", "fills", "log", "summary"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(result, name))
    assert loaded.facts() == result.facts()
    # The ledger of trials is not part of a file.
    kept = [fact for fact in loaded.provenance() if fact.label != "Trials"]
    assert [fact for fact in result.provenance() if fact in kept] == kept
    assert loaded.benchmark == result.benchmark


def test_a_benchmark_of_its_own_and_fees_per_share_survive(bars_of, tmp_path):
    fees = PerShareFees(tiers=((800, 0.005), (math.inf, 0.003)), minimum_usd=1.0)
    rows = [(100 + day, 101 + day, 99 + day, 100 + day) for day in range(30)]
    run = iq.backtest(
        iq.strategies.BuyAndHold(),
        bars_of(rows),
        benchmark=bars_of(rows, symbol="INDEX"),
        costs=iq.Costs(per_share=fees),
        lot=None,
    )
    loaded = iq.load_result(run.save(tmp_path / "fees.iq"))
    assert loaded == run
    assert loaded.options.costs.per_share == fees
    assert loaded.benchmark.bars.symbol == "INDEX"


def test_equal_results_give_equal_files_but_for_the_time_of_the_run(result, tmp_path):
    one, two = result.save(tmp_path / "one.iq"), result.save(tmp_path / "two.iq")
    assert one.read_bytes() == two.read_bytes()


@dataclass(frozen=True, kw_only=True)
class Mine(Strategy):
    level: float = 0.5

    @property
    def warmup(self) -> int:
        return 0

    def decide(self, bars):
        return np.zeros(len(bars), dtype=np.int8)


def test_a_strategy_of_ones_own_comes_back_by_name_and_parameters(bars_of, tmp_path):
    run = iq.backtest(Mine(level=0.7), bars_of([(1, 1, 1, 1)] * 4))
    loaded = iq.load_result(run.save(tmp_path / "mine.iq"))
    assert loaded == run
    assert (loaded.strategy.name, loaded.strategy.parameters()) == ("Mine", {"level": 0.7})
    with pytest.raises(ConfigError, match="Mine is a strategy of your own"):
        loaded.strategy.decide(loaded.bars)


def test_a_changed_number_is_found(result, tmp_path):
    source, forged = result.save(tmp_path / "true.iq"), tmp_path / "forged.iq"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "arrays/run.equity.npy":
                content = content[:-8] + np.float64(1e6).tobytes()
            new.writestr(name, content)
    with pytest.raises(DataError, match="is damaged: its numbers have fingerprint"):
        iq.load_result(forged)


def test_a_file_without_a_part_is_refused(result, tmp_path):
    source, broken = result.save(tmp_path / "true.iq"), tmp_path / "broken.iq"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(broken, "w") as new:
        header = json.loads(old.read("manifest.json"))
        del header["options"]
        new.writestr("manifest.json", json.dumps(header))
    with pytest.raises(DataError, match=r"broken\.iq is damaged"):
        iq.load_result(broken)


def test_a_portfolio_survives_with_its_weights_and_dividends(tmp_path):
    panel = iq.load_panel(["SYN001", "SYN003"], start="2018")
    run = iq.backtest(
        iq.strategies.BuyAndHold(), panel, rebalance="month_start", symbol_weights={"SYN001": 0.6, "SYN003": 0.3}
    )
    loaded = iq.load_result(run.save(tmp_path / "panel.iq"))
    assert loaded == run
    assert len(loaded.postings.query("kind == 'dividend'"))
    for name in ("equity", "positions", "trades", "by_symbol", "postings"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(run, name))
    np.testing.assert_array_equal(loaded.decided, run.decided)


def test_a_file_of_an_earlier_version_is_refused_in_words(result, tmp_path):
    source, old_file = result.save(tmp_path / "true.iq"), tmp_path / "old.iq"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(old_file, "w") as new:
        header = json.loads(old.read("manifest.json"))
        header["bars"] = header["bars"][0]
        new.writestr("manifest.json", json.dumps(header))
    with pytest.raises(DataError, match="was written by an earlier version"):
        iq.load_result(old_file)
