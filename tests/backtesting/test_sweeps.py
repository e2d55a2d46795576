"""`iq.sweep`: axes, invalid cells, estimate, drill-down, plateau, luck, chunks that are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting import sweep_chunks, sweeps
from investiq.backtesting.sweep_grid import Axis, Grid, grid_of
from investiq.backtesting.sweep_plateau import neighbourhood_of, plateau_of
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.overfitting import probability_of_backtest_overfitting
from investiq.metrics.sharpe_inference import sharpe_moments
from investiq.strategies import Crossover

PLAIN = {"weight": 1.0, "lot": None, "max_volume_participation": None, "zero_volume": "ignore"}


@pytest.fixture(scope="module")
def bars(gspc):
    return gspc[3000:]


@pytest.fixture(scope="module")
def swept(bars):
    return iq.sweep(Crossover, bars, fast=[5, 10, 20, 40], slow=[20, 40, 80], trailing_stop=[None, 0.05], **PLAIN)


def grid(values, **axes):
    made = tuple(Axis(name=name, values=tuple(each), of="strategy") for name, each in axes.items())
    return Grid(strategy_class=Crossover, axes=made, fixed={}, fixed_options={}), np.array(values, dtype=float)


def test_lists_are_axes_and_the_last_varies_fastest(swept):
    frame = swept.to_frame()
    assert len(frame) == 4 * 3 * 2
    assert frame.loc[0, ["fast", "slow"]].to_list() == [5, 20]
    assert frame["trailing_stop"].iloc[:2].to_list() == [None, 0.05]
    assert frame["slow"].iloc[:6].to_list() == [20, 20, 40, 40, 80, 80]


def test_invalid_cells_are_named_and_the_others_run(swept):
    # fast 20 with slow 20, and 40 with 20 and 40, each with and without the trail.
    invalid = swept.invalid()
    assert invalid[["fast", "slow"]].drop_duplicates().to_numpy().tolist() == [[20, 20], [40, 20], [40, 40]]
    assert invalid["reason"].str.contains("fast must be below slow").all()
    assert swept.to_frame()["final_equity"].isna().sum() == 6
    assert any(note.code == "invalid_cells" and note.rows == 6 for note in swept.notes)
    # What is wrong with the bars is told before a search over them is believed.
    assert {note.code for note in swept.bars["^GSPC"].passport.notes} <= {note.code for note in swept.notes}


@pytest.mark.parametrize("cell", [0, 5, 11])
def test_a_cell_opens_as_the_whole_backtest(swept, cell):
    row = swept.to_frame().loc[cell]
    whole = swept.run(cell)
    assert whole.run.equity[-1] == row["final_equity"]
    assert int(whole.round_trips.is_closed.sum()) == row["trades"]
    summary = whole.summary["value"]
    shown = {
        "Total return": "total_return",
        "CAGR": "cagr",
        "Sharpe ratio": "sharpe_ratio",
        "Max drawdown": "max_drawdown",
        "Volatility": "volatility",
        "Exposure": "exposure",
        "Win rate": "win_rate",
        "Profit factor": "profit_factor",
        "Total fees": "fees",
        "MAR ratio": "mar_ratio",
    }
    for metric, column in shown.items():
        assert row[column] == pytest.approx(summary[metric], rel=1e-10), metric


def test_the_best_cell_can_be_passed_on(swept):
    best = swept.best("total_return")
    assert best["total_return"] == swept.to_frame()["total_return"].max()
    assert swept.run(best).run.equity[-1] == best["final_equity"]


def test_a_cell_that_did_not_run_is_refused_with_its_reason(swept):
    with pytest.raises(ConfigError, match="cell 12 did not run: Crossover: fast must be below slow"):
        swept.run(12)
    with pytest.raises(ConfigError, match="there is no cell 24; this sweep has cells 0 to 23"):
        swept.run(24)


def test_pbo_from_blocks_is_that_of_the_whole_curves(swept):
    cells = [cell for cell in range(len(swept)) if cell not in swept.reasons]
    curves = []
    for cell in cells:
        equity = np.concatenate(([100_000.0], swept.run(cell).run.equity))
        curves.append(equity[1:] / equity[:-1] - 1)
    expected = probability_of_backtest_overfitting(np.array(curves).T)
    found = swept.pbo()
    assert found.trials == 18
    assert found.pbo == expected.pbo
    np.testing.assert_allclose(found.logits, expected.logits)


def test_pbo_of_a_rate_is_that_of_the_returns_in_excess_of_it(bars):
    swept = iq.sweep(Crossover, bars, fast=[5, 10, 20], slow=[40, 60, 80, 100], weight=1.0, risk_free=0.04)
    free = swept.convention.risk_free_per_period
    returns = [swept.run(cell).returns.to_numpy() - free for cell in range(len(swept))]
    np.testing.assert_allclose(swept.pbo().logits, probability_of_backtest_overfitting(np.array(returns).T).logits)


def test_deflation_counts_what_the_cells_are_worth(swept):
    found = swept.deflated_sharpe()
    best = swept.run(swept.best())
    equity = np.concatenate(([100_000.0], best.run.equity))
    moments = sharpe_moments(equity[1:] / equity[:-1] - 1, swept.convention)
    # The mean correlation of two cells' sums over 16 blocks, here of the whole curves.
    ran = [cell for cell in range(len(swept)) if cell not in swept.reasons]
    returns = [swept.run(cell).returns.to_numpy() for cell in ran]
    sums = np.array([each[each.size % 16 :].reshape(16, -1).sum(axis=1) for each in returns])
    rho = np.corrcoef(sums)[np.triu_indices(18, 1)].mean()
    assert found.trials == pytest.approx(rho + (1 - rho) * 18, rel=1e-9)
    assert found.sharpe == pytest.approx(moments.sharpe, rel=1e-10)
    assert (found.skewness, found.kurtosis) == pytest.approx((moments.skewness, moments.kurtosis), rel=1e-8)
    ratios = swept.to_frame()["sharpe_ratio"].dropna() / np.sqrt(252)
    assert found.sharpe_variance == pytest.approx(ratios.var(ddof=1))


def test_text_and_html_tell_the_same(swept):
    text, page = str(swept), swept._repr_html_()
    for fact in swept.facts():
        assert fact.label in text
        assert fact.label in page
    assert "SAMPLE" in text


def test_a_lone_peak_is_an_island_and_the_broad_hill_is_robust():
    # 1 7 is the peak (9) among zeros; around column 2 all are 5 to 6.
    values = [[5, 5, 5, 0, 0, 0], [5, 6, 5, 0, 9, 0], [5, 5, 5, 0, 0, 0]]
    laid, flat = grid(np.ravel(values), fast=(1, 2, 3), slow=(10, 20, 30, 40, 50, 60))
    found = plateau_of(laid, flat, "sharpe_ratio", 0.10)
    assert found.is_island
    assert (found.best_cell, found.neighbours, found.share_near) == (10, 8, 0.0)
    assert found.neighbourhood_mean == pytest.approx(9 / 9)
    # Around fast 2, slow 20: eight fives and a six.
    assert (found.robust_parameters, found.robust_neighbourhood_mean) == ("fast 2, slow 20", pytest.approx(46 / 9))


def test_neighbours_are_one_step_away_on_ordered_axes_only():
    # A word is no place: cells of the two words are no neighbours, so each has its left and right only.
    laid, flat = grid([1, 2, 3, 10, 20, 30], kind=("a", "b"), slow=(1, 2, 3))
    found = neighbourhood_of(laid, flat)
    assert found.count.tolist() == [1, 2, 1, 1, 2, 1]
    assert found.mean.tolist() == [1.5, 2.0, 2.5, 15.0, 20.0, 25.0]


def test_a_cell_that_did_not_run_counts_as_no_neighbour():
    laid, flat = grid([1, np.nan, 3, 4], slow=(1, 2, 3, 4))
    found = neighbourhood_of(laid, flat)
    assert found.count.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(found.mean, [1.0, np.nan, 3.5, 3.5])


def test_a_sample_is_drawn_with_the_seed_and_never_the_first_cells():
    whole = grid_of(Crossover, (), {"fast": range(1, 200), "slow": range(200, 1200)}, has_symbol_axis=False)
    drawn, again, other = (whole.sample(50, seed).sampled for seed in (1, 1, 2))
    assert drawn.tolist() == again.tolist() != other.tolist()
    assert len(set(drawn.tolist())) == 50
    # The mean of 50 uniform positions lies within 5 standard errors (0.289 / sqrt(50)) of the middle.
    assert abs(drawn.mean() / whole.n_combinations - 0.5) < 5 * 0.289 / 50**0.5


def test_a_sampled_cell_is_the_same_cell_of_the_grid(bars, swept):
    sample = iq.sweep(
        Crossover, bars, fast=[5, 10, 20, 40], slow=[20, 40, 80], trailing_stop=[None, 0.05], sample=7, seed=3, **PLAIN
    )
    assert len(sample) == 7
    positions = sample.grid.sampled
    np.testing.assert_array_equal(sample.statistics, swept.statistics[positions])
    assert sample.manifest.seed == 3


def test_a_cell_counts_the_trades_of_a_share_that_splits():
    bars = iq.load_bars("SYN001")[:800]
    assert np.unique(bars.split_factor).size == 2
    swept = iq.sweep(Crossover, bars, fast=[5], slow=[15], allow_short=[False, True], weight=1.0, lot=1, end="mark")
    for cell in range(2):
        trips = swept.run(cell).round_trips
        pnl = trips.pnl[trips.is_closed]
        row = swept.to_frame().loc[cell]
        assert (row["trades"], row["win_rate"]) == (pnl.size, np.mean(pnl > 0))
        assert row["profit_factor"] == pytest.approx(pnl[pnl > 0].sum() / -pnl[pnl < 0].sum(), rel=1e-10)


def test_several_symbols_are_an_axis(bars, gspc):
    other = iq.load_bars("^IXIC")[3100:]
    found = iq.sweep(Crossover, [bars, other], fast=[5, 10], slow=40, **PLAIN)
    assert found.to_frame()["symbol"].to_list() == ["^GSPC", "^GSPC", "^IXIC", "^IXIC"]
    alone = iq.sweep(Crossover, other, fast=[5, 10], slow=40, **PLAIN)
    np.testing.assert_array_equal(found.statistics[2:], alone.statistics)
    assert found.run(3).run.equity[-1] == alone.to_frame().loc[1, "final_equity"]
    with pytest.raises(DataError, match="different bars"):
        found.pbo()


def test_a_strategy_without_a_rule_runs_and_the_result_says_so(bars):
    @dataclass(frozen=True, kw_only=True)
    class AfterALoss(iq.strategies.Strategy):
        loss: float = 0.02
        warmup = 1

        def decide(self, bars):
            close = bars.close
            decisions = np.zeros(len(bars), dtype=np.int8)
            decisions[1:] = np.where(close[1:] < (1 - self.loss) * close[:-1], 1, -1)
            return decisions

    found = iq.sweep(AfterALoss, bars, loss=[0.01, 0.02], **PLAIN)
    assert found.run(1).run.equity[-1] == found.to_frame().loc[1, "final_equity"]
    assert [note.code for note in found.notes if note.code == "no_rule"] == ["no_rule"]


def test_a_strategy_that_reads_the_future_is_refused(bars):
    @dataclass(frozen=True, kw_only=True)
    class Seer(iq.strategies.Strategy):
        ahead: int = 1
        warmup = 1

        def decide(self, bars):
            later = np.roll(bars.close, -self.ahead)
            return np.where(later > bars.close, 1, -1).astype(np.int8)

    with pytest.raises(DataError, match="reads later bars"):
        iq.sweep(Seer, bars, ahead=[1, 2], **PLAIN)


def test_an_estimate_counts_and_measures_without_a_result(bars):
    plan = iq.sweep(Crossover, bars, fast=range(5, 25), slow=range(10, 40), estimate=True, **PLAIN)
    # fast f is refused with the slow windows 10 to f: 1 + 2 + ... + 15 of them.
    assert (plan.cells, plan.invalid, plan.run_alone) == (600, 120, 0.0)
    assert 0 < plan.seconds < 60
    assert 0 < plan.memory_mib < 300
    (reason,) = plan.reasons
    assert reason.startswith("120 cell(s), such as: Crossover: fast must be below slow, were fast=10 and slow=10")


def test_a_sweep_beyond_memory_is_refused_before_it_starts(bars):
    with pytest.raises(ConfigError, match=r"1,000,000,000,000 cells and would need .* GiB.*sample=100_000"):
        iq.sweep(Crossover, bars, fast=range(1, 1_000_001), slow=range(2_000_000, 3_000_000), **PLAIN)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"fst": [1, 2]}, "fst is neither a parameter of Crossover nor an option of a run; did you mean 'fast'"),
        ({"fast": []}, "fast is an axis without a value"),
        ({"fast": [5, 6], "executor": "threads"}, "executor must be None, 'serial', 'processes', 'dask'"),
        ({"fast": [5, 6], "sample": 0}, "sample must be a number of cells >= 1, was 0"),
    ],
)
def test_what_cannot_be_swept_is_refused(bars, arguments, said):
    with pytest.raises(ConfigError, match=said):
        iq.sweep(Crossover, bars, **arguments)


def test_ranges_are_counted_and_not_listed_before_the_memory_is_checked(bars):
    # 999,999,999 squared is above 9.99e17 cells; three such axes are beyond a 64-bit length.
    long = range(1, 10**9)
    with pytest.raises(ConfigError, match="999,999,998,000,000,001 cells"):
        iq.sweep(Crossover, bars, fast=long, slow=long)
    with pytest.raises(ConfigError, match="GiB"):
        iq.sweep(Crossover, bars, fast=long, slow=long, hold_bars=long, estimate=True)
    with pytest.raises(ConfigError, match="GiB"):
        iq.sweep(Crossover, bars, fast=long, slow=long, sample=10)


def test_one_value_of_another_type_refuses_its_cells_only(bars):
    result = iq.sweep(Crossover, bars, fast=5, slow=20, stop_loss=[0.05, 5, "x"])
    assert result.invalid().index.to_list() == [1, 2]
    assert "was 5" in result.reasons[1]
    assert "was 'x' (str)" in result.reasons[2]


def test_a_sweep_without_a_cell_that_can_run_is_refused_with_the_reason(bars):
    with pytest.raises(
        ConfigError, match=r"none of the 2 cells of the sweep can run, the first because: Crossover: .*'5'"
    ):
        iq.sweep(Crossover, bars, fast="5", slow=[20, 50])


def test_costs_are_an_axis_like_any_other(bars):
    free = iq.Costs(commission_rate=0, slippage_bps=0)
    result = iq.sweep(Crossover, bars, fast=5, slow=20, costs=[iq.Costs(), free])
    frame = result.to_frame()
    assert frame["costs"].to_list() == [
        "Costs(commission_rate=0.001, slippage_bps=5.0, sell_fee_rate=0.0)",
        "Costs(commission_rate=0, slippage_bps=0, sell_fee_rate=0.0)",
    ]
    alone = iq.backtest(Crossover(fast=5, slow=20), bars, costs=free)
    assert frame["fees"].iloc[1] == 0
    assert frame["final_equity"].iloc[1] == alone.equity["equity"].iloc[-1]


def test_an_instance_is_no_class(bars):
    with pytest.raises(ConfigError, match="strategy must be a class"):
        iq.sweep(Crossover(), bars, fast=[5, 6])


def test_options_out_of_range_refuse_their_cells_only(bars):
    found = iq.sweep(Crossover, bars, fast=5, slow=40, stop_loss=[0.05, 1.5], weight=[0.5, 2.0], lot=None)
    assert found.invalid().index.to_list() == [1, 2, 3]
    assert (
        "stop_loss must lie in (0, 1)" in found.invalid()["reason"].iloc[1]
        or "weight" in found.invalid()["reason"].iloc[1]
    )


def test_nothing_to_compare_is_said_and_not_shown_as_zero(bars):
    found = iq.sweep(Crossover, bars, fast=[1000, 1100], slow=1990, **PLAIN)
    assert found.to_frame()["sharpe_ratio"].isna().all()
    with pytest.raises(InsufficientDataError, match="no cell has a sharpe_ratio"):
        found.best()
    assert "no cell traded" in str(found)


def test_chunks_that_are_kept_are_not_computed_again(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_chunks, "CHUNK", 4)
    arguments = {"fast": [5, 10, 20], "slow": [20, 40, 80, 100], **PLAIN}
    whole = iq.sweep(Crossover, bars, **arguments)
    iq.sweep(Crossover, bars, resume=tmp_path / "kept", **arguments)
    files = sorted((tmp_path / "kept").glob("*.parquet"))
    assert len(files) == 3
    files[1].unlink()
    counted = []

    def counting(chunk):
        counted.append(len(chunk.task))
        return sweep_chunks.compute(chunk)

    monkeypatch.setattr(sweeps, "compute", counting)
    again = iq.sweep(Crossover, bars, resume=tmp_path / "kept", **arguments)
    # Only the second chunk, with its four valid cells (fast 10).
    assert counted == [4]
    assert again.statistics.tobytes() == whole.statistics.tobytes()
    assert dict(again.reasons) == dict(whole.reasons)


def test_an_interrupt_keeps_the_cells_that_are_done(bars, monkeypatch):
    monkeypatch.setattr(sweep_chunks, "CHUNK", 4)
    arguments = {"fast": [5, 10, 20], "slow": [40, 60, 80, 100], **PLAIN}
    whole = iq.sweep(Crossover, bars, **arguments)
    calls = []

    def interrupted(chunk):
        calls.append(chunk)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return sweep_chunks.compute(chunk)

    monkeypatch.setattr(sweeps, "compute", interrupted)
    part = iq.sweep(Crossover, bars, study="cut short", **arguments)
    assert len(calls) == 2
    np.testing.assert_array_equal(part.statistics[:4], whole.statistics[:4])
    assert np.isnan(part.to_frame()["sharpe_ratio"][4:]).all()
    assert set(part.reasons) == set(range(4, 12))
    assert part.reasons[4] == "interrupted before it ran"
    note = next(note for note in part.notes if note.code == "interrupted")
    assert note.rows == 8
    assert "4 of 12 cells are done" in note.text
    # Only what ran is a trial.
    assert iq.trials("cut short").to_frame()["cells"].tolist() == [4]


def test_cells_that_are_not_in_the_ledger_are_not_deflated(bars, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, where the folder should be")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "taken"))
    swept = iq.sweep(Crossover, bars, fast=[5, 10], slow=[40, 60], **PLAIN)
    assert "trial_not_recorded" in {note.code for note in swept.notes}
    with pytest.raises(ConfigError, match=r"no deflated Sharpe ratio without an entry in the ledger.*cannot be made"):
        swept.deflated_sharpe()
    fact = next(fact for fact in swept.facts() if fact.label == "Deflated Sharpe ratio")
    assert np.isnan(fact.value)
    assert "cannot be made" in fact.note


def test_a_folder_belongs_to_one_sweep(bars, tmp_path):
    iq.sweep(Crossover, bars, fast=[5, 6], slow=40, resume=tmp_path / "kept", **PLAIN)
    with pytest.raises(ConfigError, match="holds another sweep"):
        iq.sweep(Crossover, bars, fast=[5, 7], slow=40, resume=tmp_path / "kept", **PLAIN)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files"):
        iq.sweep(Crossover, bars, fast=[5, 6], slow=40, resume=tmp_path, **PLAIN)


def test_a_damaged_chunk_is_named(bars, tmp_path):
    iq.sweep(Crossover, bars, fast=[5, 6], slow=40, resume=tmp_path / "kept", **PLAIN)
    kept = next((tmp_path / "kept").glob("*.parquet"))
    kept.write_bytes(kept.read_bytes()[:-20])
    with pytest.raises(DataError, match="is damaged"):
        iq.sweep(Crossover, bars, fast=[5, 6], slow=40, resume=tmp_path / "kept", **PLAIN)


SLOW_SWEEP = """
    import sys, time
    import numpy as np
    import investiq as iq
    from investiq.backtesting import sweep_chunks, sweeps
    sweep_chunks.CHUNK = 50

    def slow(chunk):
        if {waits}:
            time.sleep(0.3)
        return sweep_chunks.compute(chunk)

    sweeps.compute = slow
    found = iq.sweep(iq.strategies.Crossover, iq.load_bars("^GSPC", start="2015"), fast=range(2, 22), slow=range(25, 45),
                     weight=1.0, lot=None, resume=sys.argv[1])
    sys.stdout.buffer.write(found.statistics.tobytes())
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not known there")
def test_a_sweep_that_was_killed_goes_on_to_the_same_bits(tmp_path):
    def script(waits):
        return [sys.executable, "-c", textwrap.dedent(SLOW_SWEEP.format(waits=waits)), str(tmp_path / "kept")]

    running = subprocess.Popen(script(True), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "kept").glob("*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = len(list((tmp_path / "kept").glob("*.parquet")))
    assert 2 <= kept < 8
    resumed = subprocess.run(script(False), capture_output=True, check=True).stdout
    whole = iq.sweep(
        Crossover, iq.load_bars("^GSPC", start="2015"), fast=range(2, 22), slow=range(25, 45), weight=1.0, lot=None
    )
    assert resumed == whole.statistics.tobytes()


def test_every_cell_is_a_trial_of_the_study_and_a_drill_down_is_none_more(gspc):
    swept = iq.sweep(
        iq.strategies.Crossover, gspc, study="pairs", fast=[10, 20, 50], slow=[50, 100, 150, 200], stop_loss=[None, 0.1]
    )
    # 24 combinations, of which fast 50 with slow 50 are two that cannot be.
    assert iq.trials("pairs").to_frame()["cells"].tolist() == [22]
    evidence = iq.trials("pairs").evidence()
    assert evidence.trials == 22
    best = swept.run(swept.best())
    again = iq.trials("pairs").evidence()
    # The best cell in full is the same trial, run twice.
    assert (again.trials, again.runs) == (22, evidence.runs + 1)
    assert best.evidence.trials == 22
    # The sweep and the ledger say the same.
    deflated = swept.deflated_sharpe()
    assert deflated.trials == pytest.approx(evidence.effective_trials, rel=1e-12)
    assert deflated.probability == pytest.approx(evidence.deflated, rel=1e-12)
    assert swept.pbo().pbo == evidence.pbo
    # PBO from the blocks of the ledger is that from the whole returns.
    returns = np.column_stack([swept.run(cell).returns for cell in range(len(swept)) if cell not in swept.reasons])
    exact = probability_of_backtest_overfitting(returns)
    assert evidence.pbo == pytest.approx(exact.pbo, abs=1e-9)
