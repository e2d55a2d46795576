from __future__ import annotations

import math
import os
import pickle
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.trial_recording import default_study, record, record_result, record_sweep, trial_id
from investiq.backtesting.trial_statistics import track_record
from investiq.backtesting.trials import annotate_trial, deflation_of, evidence, get_trial, open_holdout, trials
from investiq.core.errors import ConfigError, DataError
from investiq.core.manifest import Manifest
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import expected_maximum_sharpe
from investiq.metrics.overfitting import probability_of_backtest_overfitting
from investiq.runtime import clock

DAILY = Convention(periods_per_year=252)
PERIOD = {
    "interval": "1d",
    "first": datetime(2020, 1, 2, tzinfo=UTC),
    "last": datetime(2021, 12, 30, tzinfo=UTC),
}


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """An empty ledger."""
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def manifest(fast=10, *, data="a" * 64, weight=1.0, name="Rule", convention=DAILY, benchmark=None, **more):
    prints = {"bars TEST": data} | ({} if benchmark is None else {"benchmark SPY": benchmark})
    return Manifest.of(
        kind="backtest",
        data=prints,
        parameters={
            "strategy": {"name": name, "fast": fast, **more},
            "options": {"weight": weight, "stop_loss": None},
            "convention": {"periods_per_year": convention.periods_per_year, "risk_free": convention.risk_free},
        },
        created_at=clock.now(),
    )


def account_of(returns):
    return 100_000.0 * np.concatenate(([1.0], np.cumprod(1.0 + np.asarray(returns))))


def noise(trials_, count=320, seed=7):
    return 0.0005 + 0.01 * np.random.default_rng(seed).standard_normal((count, trials_))


def write(returns, fast=10, **options):
    more = {key: options.pop(key) for key in ("study", "kind", "sample", "parent") if key in options}
    return record(manifest(fast, **options), account_of(returns), **PERIOD, **more)


# ---------------------------------------------------------------- what is kept


def test_moments_and_blocks_of_an_account_by_hand():
    # Returns 0.10, -0.10, 0.10 ...: 17 of them, so the first lies outside of 16 blocks of one row.
    returns = np.array([0.1, -0.1] * 8 + [0.1])
    found = track_record(account_of(returns), Convention(periods_per_year=4))
    assert found.count == 17
    assert found.mean == pytest.approx(0.1 / 17)
    # Sum of squares around the mean: 17 * 0.01 - 17 * (0.1 / 17)^2; over 16.
    assert found.sd == pytest.approx(math.sqrt((0.17 - 0.01 / 17) / 16))
    assert found.sharpe == pytest.approx(found.mean / found.sd * 2)
    np.testing.assert_allclose(found.sums, [-0.1, 0.1] * 8)
    np.testing.assert_allclose(found.squares, [0.01] * 16)
    # The peak is the first gain; eight times 0.9 and seven times 1.1 follow until the deepest point.
    assert found.max_drawdown == pytest.approx(0.9**8 * 1.1**7 - 1)


def test_skewness_and_kurtosis_are_those_of_the_inference_on_a_sharpe_ratio():
    from scipy import stats

    returns = noise(1)[:, 0] ** 3
    found = track_record(account_of(returns), DAILY)
    assert found.skewness == pytest.approx(stats.skew(returns), rel=1e-6)
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-6)


def test_an_account_that_never_traded_has_no_sharpe_ratio_but_is_kept():
    found = get_trial(write(np.zeros(40)).trial)
    assert found.sd == 0.0
    assert math.isnan(found.sharpe)
    assert found.total_return == 0.0


def test_a_ruined_account_keeps_its_end_and_no_moments():
    found = track_record(np.array([100.0, 50.0, -10.0, -10.0]), DAILY)
    assert found.total_return == pytest.approx(-1.1)
    assert found.max_drawdown == pytest.approx(-1.1)
    assert math.isnan(found.mean)
    assert found.sums.size == 0


def test_a_trial_comes_back_from_either_database_as_it_was_written(database_url, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATABASE_URL", database_url)
    returns = noise(1)[:, 0]
    ticket = write(returns, study="mine")
    found = get_trial(ticket.trial)
    expected = track_record(account_of(returns), DAILY)
    for name in ("count", "mean", "sd", "skewness", "kurtosis", "sharpe", "final_equity", "total_return"):
        assert getattr(found, name) == getattr(expected, name)
    assert (found.study, found.strategy, found.parameters, found.symbols) == ("mine", "Rule", {"fast": 10}, ("TEST",))
    assert (found.first_ts, found.last_ts) == (PERIOD["first"], PERIOD["last"])
    assert evidence("mine").sharpe == pytest.approx(expected.sharpe)
    assert annotate_trial(ticket.trial, note="seen").notes == ("seen",)


# ---------------------------------------------------------------- counting


def test_an_exact_rerun_is_one_trial_with_two_runs():
    write(noise(1)[:, 0], study="s").wait()
    write(noise(1)[:, 0], study="s").wait()
    (entry,) = trials("s").entries
    assert entry.runs == 2
    assert evidence("s").trials == 1
    assert evidence("s").runs == 2
    assert evidence("s").facts()[0].convention == "2 runs in the ledger, a sweep as one; equal trials count once"


@pytest.mark.parametrize(
    "other", [{"fast": 11}, {"weight": 0.5}, {"data": "b" * 64}, {"study": "t"}, {"name": "Other"}]
)
def test_another_parameter_option_series_strategy_or_study_is_another_trial(other):
    one, two = write(noise(1)[:, 0], study="s"), write(noise(1)[:, 0], **{"study": "s", **other})
    assert one.trial != two.trial


def test_a_weight_of_one_and_of_one_point_zero_are_one_trial():
    assert trial_id(manifest(weight=1), "s") == trial_id(manifest(weight=1.0), "s")


def test_another_benchmark_makes_no_other_trial():
    assert trial_id(manifest(benchmark="c" * 64), "s") == trial_id(manifest(), "s")


def test_a_run_without_a_study_counts_for_its_strategy_on_its_data():
    assert default_study(manifest()) == "Rule on TEST [aaaaaaaa]"
    assert write(noise(1)[:, 0]).study == "Rule on TEST [aaaaaaaa]"


def test_the_entry_is_committed_before_its_ticket_answers(ledger):
    """A connection that knows nothing of ours sees it."""
    ticket = write(noise(1)[:, 0], study="s")
    ticket.wait()
    with sqlite3.connect(ledger / "database" / "investiq.db") as connection:
        assert connection.execute("SELECT id, study FROM trials").fetchall() == [(ticket.trial, "s")]


def test_a_query_sees_what_was_queued_before_it():
    for fast in range(20):
        write(noise(1)[:, 0], fast=fast, study="s")
    assert len(trials("s")) == 20


def test_a_program_that_ends_at_once_still_writes_its_trial(ledger):
    program = (
        "import sys; sys.path.insert(0, '.'); "
        "from tests.backtesting.test_trials import write, noise; write(noise(1)[:, 0], study='last words')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "INVESTIQ_DATA_DIR": str(ledger)})
    assert len(trials("last words")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_writes_with_a_thread_and_a_connection_of_its_own(ledger):
    program = (
        "import os, sys, warnings; sys.path.insert(0, '.'); warnings.simplefilter('ignore')\n"
        "from tests.backtesting.test_trials import write, noise\n"
        "write(noise(1)[:, 0], study='parent').wait()\n"
        "pid = os.fork()\n"
        "if not pid:\n    os._exit(write(noise(1)[:, 0], study='child').trial is None)\n"
        "sys.exit(os.waitpid(pid, 0)[1])"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "INVESTIQ_DATA_DIR": str(ledger)})
    assert set(trials().studies) == {"parent", "child"}


def test_a_ticket_that_is_sent_to_another_process_takes_its_answer_along():
    ticket = write(noise(1)[:, 0], study="s")
    assert pickle.loads(pickle.dumps(ticket)).trial == ticket.trial


def test_a_fold_names_its_walk_forward():
    parent = write(noise(1)[:, 0], study="s", kind="walk_forward", sample="out_of_sample")
    fold = write(noise(1)[:, 0], fast=11, study="s", kind="fold", parent=parent, sample="out_of_sample")
    assert get_trial(fold.trial).parent == parent.trial
    assert [entry.kind for entry in trials("s", kind="fold").entries] == ["fold"]


# ---------------------------------------------------------------- a ledger that cannot be written


def test_a_ledger_that_cannot_be_written_is_a_note_and_the_deflated_ratio_is_refused(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, where the folder should be")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "taken"))
    result = iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2017"), weight=1.0)
    ticket = record_result(result)
    assert ticket.trial is None
    (note,) = ticket.notes
    assert note.code == "trial_not_recorded"
    assert "trial not recorded: " in note.text
    assert "cannot be made" in note.text
    found = deflation_of(result)
    assert found.is_refused
    assert math.isnan(found.deflated)
    assert "cannot be made" in found.reasons["deflated"]


def test_a_run_that_is_not_in_the_ledger_has_no_deflated_ratio():
    result = iq.backtest(iq.strategies.BuyAndHold(), iq.load_bars("^GSPC", start="2017"), weight=1.0)
    found = deflation_of(result, study="never recorded")
    assert math.isnan(found.deflated)
    assert "no study 'never recorded'" in found.reasons["deflated"]
    fact = next(fact for fact in found.facts() if fact.label == "Deflated Sharpe ratio")
    assert math.isnan(fact.value)
    assert "no study" in fact.note


def test_one_run_is_told_in_the_singular():
    write(noise(1)[:, 0], study="s")
    assert evidence("s").facts()[0].convention.startswith("1 run in the ledger")


def test_trials_that_differ_in_one_option_are_told_apart():
    for stop in (None, 0.05, 0.1):
        iq.backtest(iq.strategies.Crossover(), "^GSPC", stop_loss=stop, weight=1.0, study="stops")
    found = trials("stops")
    # The default stop is none and the default weight 0.1; what all three share is not repeated in the table.
    rule = "Crossover (fast 20, slow 50)"
    assert {entry.text for entry in found.entries} == {
        f"{rule}, weight 1.0",
        f"{rule}, weight 1.0, stop_loss 0.05",
        f"{rule}, weight 1.0, stop_loss 0.1",
    }
    shown = {row[2] for row in found.tables()[0].rows}
    assert shown == {f"{rule}, stop_loss {stop}" for stop in (None, 0.05, 0.1)}


def test_a_cell_without_a_stop_says_none():
    iq.sweep(iq.strategies.Crossover, "^GSPC", slow=[50], fast=[20], stop_loss=[None, 0.0001], study="s")
    # A stop of a hundredth of a percent loses at once; the cell without one is the better.
    assert evidence("s").selected_label.endswith("stop_loss None)")


# ---------------------------------------------------------------- evidence


def test_the_deflated_ratio_follows_from_count_moments_and_spread():
    """Against the published formula, written out here; independent noise, so the effective number is near the count."""
    from scipy import stats

    columns = noise(12)
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="s")
    found = evidence("s")
    ratios = columns.mean(axis=0) / columns.std(axis=0, ddof=1)
    best = columns[:, ratios.argmax()]
    assert found.trials == 12
    assert found.sharpe == pytest.approx(ratios.max() * math.sqrt(252))
    assert found.sharpe_variance == pytest.approx(ratios.var(ddof=1) * 252)
    assert 8 < found.effective_trials <= 12
    ceiling = expected_maximum_sharpe(found.effective_trials, ratios.var(ddof=1))
    g3, g4 = stats.skew(best), stats.kurtosis(best, fisher=False)
    spread = math.sqrt(1 - g3 * ratios.max() + (g4 - 1) / 4 * ratios.max() ** 2)
    assert found.deflated == pytest.approx(stats.norm.cdf((ratios.max() - ceiling) * math.sqrt(319) / spread), rel=1e-6)


def test_pbo_from_the_stored_blocks_is_that_of_the_returns_themselves():
    columns = noise(12, count=325)  # 325 = 16 * 20 + 5: five rows lie outside
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="s")
    assert evidence("s").pbo == probability_of_backtest_overfitting(columns).pbo


def test_the_effective_number_is_that_of_the_mean_correlation_of_block_sums():
    columns = noise(5) + 0.01 * np.random.default_rng(1).standard_normal((320, 1))
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="s")
    found = np.corrcoef(columns.reshape(16, 20, 5).sum(axis=1).T)
    rho = (found.sum() - 5) / 20
    assert evidence("s").average_correlation == pytest.approx(rho)
    assert evidence("s").effective_trials == pytest.approx(rho + (1 - rho) * 5)


def test_ten_copies_of_one_idea_are_worth_one_trial():
    for place in range(10):
        write(noise(1)[:, 0], fast=place, study="s")
    found = evidence("s")
    assert found.trials == 10
    assert found.effective_trials == pytest.approx(1.0)


def test_trials_over_other_rows_add_to_the_count_and_stay_out_of_pbo():
    for place in range(10):
        write(noise(10)[:, place], fast=place, study="s")
    write(noise(1, count=160)[:, 0], fast=99, study="s", data="b" * 64)
    found = evidence("s")
    assert found.trials == 11
    assert found.overfitting.trials == 10
    assert [note.code for note in found.notes] == ["pbo_of_a_part"]


def test_nine_trials_have_no_pbo_and_say_why():
    for place in range(9):
        write(noise(9)[:, place], fast=place, study="s")
    found = evidence("s")
    assert math.isnan(found.pbo)
    assert found.reasons["overfitting"] == "9 trials share their rows; PBO needs 10"


def test_one_trial_is_not_deflated_and_says_so():
    write(noise(1)[:, 0], study="s")
    found = evidence("s")
    assert found.expected_maximum == 0.0
    assert "one trial: nothing is deflated" in found.reasons["deflated_caution"]


def test_the_same_result_is_less_convincing_after_more_trials():
    columns = noise(30)
    best = int((columns.mean(axis=0) / columns.std(axis=0)).argmax())
    ticket = write(columns[:, best], fast=best, study="s")
    write(columns[:, (best + 1) % 30], fast=(best + 1) % 30, study="s")
    before = evidence("s", trial=ticket.trial).deflated
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="s")
    assert evidence("s", trial=ticket.trial).deflated < before


def test_a_strategy_that_never_traded_counts_as_a_trial_without_a_ratio():
    write(noise(2)[:, 0], fast=1, study="s")
    write(np.zeros(320), fast=2, study="s")
    found = evidence("s")
    assert found.trials == 2
    assert math.isnan(found.deflated)
    assert "fewer than two trials have a Sharpe ratio" in found.reasons["deflated"]


def test_another_risk_free_rate_is_another_trial_that_is_worth_no_independent_one():
    returns = noise(1)[:, 0]
    dear = Convention(periods_per_year=252, risk_free=0.05)
    first, second = write(returns, study="s"), write(returns, study="s", convention=dear)
    for ticket, free in ((first, 0.0), (second, dear.risk_free_per_period)):
        expected = (returns.mean() - free) / returns.std(ddof=1) * math.sqrt(252)
        assert get_trial(ticket.trial).sharpe == pytest.approx(expected)
        assert evidence("s", trial=ticket.trial).sharpe == pytest.approx(expected)
    assert evidence("s").trials == 2
    assert evidence("s").effective_trials == pytest.approx(1.0)


def test_the_risk_free_rate_is_in_the_ratio_and_in_pbo():
    convention = Convention(periods_per_year=252, risk_free=0.05)
    columns = noise(10) * np.linspace(0.2, 2, 10)
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="s", convention=convention)
    excess = columns - convention.risk_free_per_period
    found = evidence("s")
    assert found.sharpe == pytest.approx((excess.mean(axis=0) / columns.std(axis=0, ddof=1)).max() * math.sqrt(252))
    assert found.pbo == probability_of_backtest_overfitting(excess).pbo


# ---------------------------------------------------------------- sweeps


def cells_of(columns, fast):
    cut = columns[len(columns) % 16 :].reshape(16, -1, columns.shape[1])
    centred = columns - columns.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    return {
        "fast": np.asarray(fast),
        "count": np.full(columns.shape[1], len(columns)),
        "mean": columns.mean(axis=0),
        "sd": columns.std(axis=0, ddof=1),
        "skewness": (centred**3).mean(axis=0) / variance**1.5,
        "kurtosis": (centred**4).mean(axis=0) / variance**2,
        "sums": cut.sum(axis=1).T,
        "squares": (cut**2).sum(axis=1).T,
    }


def test_a_sweep_is_one_row_that_stands_for_its_cells(ledger):
    columns = noise(12)
    ticket = record_sweep(manifest(list(range(12))), cells_of(columns, range(12)), **PERIOD, study="s")
    (entry,) = trials("s").entries
    assert (entry.kind, entry.cells, entry.id) == ("sweep", 12, ticket.trial)
    assert (ledger / "trials" / entry.cells_file).is_file()
    found = evidence("s")
    assert found.trials == 12
    assert found.pbo == probability_of_backtest_overfitting(columns).pbo


def test_a_sweep_and_the_same_runs_one_by_one_give_the_same_evidence():
    columns = noise(12)
    record_sweep(manifest(list(range(12))), cells_of(columns, range(12)), **PERIOD, study="swept")
    for place, returns in enumerate(columns.T):
        write(returns, fast=place, study="single")
    swept, single = evidence("swept"), evidence("single")
    for name in ("trials", "effective_trials", "sharpe", "sharpe_variance", "expected_maximum", "deflated", "pbo"):
        assert getattr(swept, name) == pytest.approx(getattr(single, name), rel=1e-9), name
    assert swept.selected_label == single.selected_label


def test_overlapping_sweeps_and_a_run_of_one_cell_count_each_cell_once():
    columns = noise(16)
    record_sweep(manifest(list(range(10))), cells_of(columns[:, :10], range(10)), **PERIOD, study="s")
    record_sweep(manifest(list(range(6, 16))), cells_of(columns[:, 6:], range(6, 16)), **PERIOD, study="s")
    write(columns[:, 3], fast=3, study="s")
    assert evidence("s").trials == 16


def test_a_sweep_that_goes_on_counts_all_its_cells_and_a_shorter_rerun_takes_none_away():
    columns, asked = noise(12), manifest(list(range(12)))
    for ran, counted in ((5, 5), (12, 12), (3, 12)):
        record_sweep(asked, cells_of(columns[:, :ran], range(ran)), **PERIOD, study="s")
        (entry,) = trials("s").entries
        assert entry.cells == counted
        assert evidence("s").trials == counted
    assert entry.runs == 3


def test_a_cell_of_the_same_parameter_under_another_option_is_another_trial():
    columns = noise(4)
    record_sweep(manifest([1, 2]), cells_of(columns[:, :2], [1, 2]), **PERIOD, study="s")
    record_sweep(manifest([1, 2], weight=0.5), cells_of(columns[:, 2:], [1, 2]), **PERIOD, study="s")
    assert evidence("s").trials == 4


def test_an_option_as_an_axis_is_told_from_the_same_run_alone():
    """stop_loss 0.05 swept, then run alone with it and without."""
    columns = noise(3)
    cells = cells_of(columns[:, :2], [10, 10])
    del cells["fast"]
    swept = manifest(10)
    swept.parameters["options"]["stop_loss"] = [0.05, 0.1]
    record_sweep(swept, cells | {"stop_loss": np.array([0.05, 0.1])}, **PERIOD, study="s")
    alone = manifest(10)
    alone.parameters["options"]["stop_loss"] = 0.05
    record(alone, account_of(columns[:, 0]), **PERIOD, study="s")
    record(manifest(10), account_of(columns[:, 2]), **PERIOD, study="s").wait()
    assert evidence("s").trials == 3


def test_a_sweep_without_an_axis_and_the_run_of_its_cell_are_one_trial():
    columns = noise(1)
    cells = cells_of(columns, [10])
    del cells["fast"]
    record_sweep(manifest(10), cells, **PERIOD, study="s")
    write(columns[:, 0], fast=10, study="s")
    found = evidence("s")
    assert (found.trials, found.runs) == (1, 2)
    assert found.selected_label == "Rule (fast 10)"


def test_a_walk_forward_of_one_strategy_leaves_the_plain_run_a_trial_of_its_own():
    options = {"weight": 1.0, "lot": None}
    walk = iq.walk_forward(iq.strategies.Crossover, "^GSPC", fast=20, slow=50, folds=4, **options)
    result = iq.backtest(iq.strategies.Crossover(fast=20, slow=50), "^GSPC", **options)
    # The account of the walk, four training windows of one candidate, and the run itself.
    assert len(walk.folds) == 4
    assert result.evidence.trials == 6
    returns = result.returns.to_numpy()
    assert result.evidence.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252))
    assert "deflated" in str(result).lower()


@pytest.mark.parametrize("damage", ["bytes", "columns", "blocks"])
def test_a_damaged_table_of_cells_refuses_the_evidence_and_still_shows_the_result(ledger, damage):
    import pyarrow as pa
    import pyarrow.parquet as pq

    iq.sweep(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=50, weight=1.0)
    (path,) = [ledger / "trials" / entry.cells_file for entry in trials(kind="sweep").entries]
    table = pq.read_table(path)
    if damage == "bytes":
        path.write_bytes(b"PAR1 nothing")
    elif damage == "columns":
        pq.write_table(table.drop_columns(["mean"]), path)
    else:
        place = table.column_names.index("sums")
        pq.write_table(table.set_column(place, "sums", pa.array([[1.0], [2.0]], pa.list_(pa.float64(), 1))), path)
    result = iq.backtest(iq.strategies.Crossover(fast=20, slow=50), "^GSPC", weight=1.0)
    told = "cells of a sweep cannot be read" if damage == "bytes" else "of the ledger is damaged"
    assert result.evidence.is_refused
    assert told in result.evidence.reasons["deflated"]
    assert told in str(result)


@pytest.mark.parametrize(("column", "value"), [("parameters", "{"), ("convention", '{"years": 1}'), ("blocks", b"abc")])
def test_a_damaged_row_refuses_the_evidence_by_its_id(ledger, column, value):
    ticket = write(noise(1)[:, 0], study="s")
    ticket.wait()
    with sqlite3.connect(ledger / "database" / "investiq.db") as connection:
        connection.execute(f"UPDATE trials SET {column} = ?", (value,))
    with pytest.raises(DataError, match=f"entry {ticket.trial} of the ledger is damaged"):
        evidence("s")


def test_cells_without_their_sums_are_refused_by_name():
    cells = cells_of(noise(3), range(3))
    del cells["squares"]
    with pytest.raises(DataError, match="the cells of a sweep lack squares"):
        record_sweep(manifest(), cells, **PERIOD)


def test_a_lost_table_of_cells_is_told_with_its_place(ledger):
    record_sweep(manifest(), cells_of(noise(3), range(3)), **PERIOD, study="s").wait()
    for path in (ledger / "trials").iterdir():
        path.unlink()
    with pytest.raises(
        DataError, match=r"cells of a sweep cannot be read from .*put the file back, or run the sweep again"
    ):
        evidence("s")


# ---------------------------------------------------------------- queries, annotations, holdouts


def test_trials_are_found_by_what_they_are():
    with clock.fixed(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        write(noise(1)[:, 0] - 0.001, fast=1, study="s").wait()
    with clock.fixed(datetime(2026, 3, 2, 12, tzinfo=UTC)):
        best = write(noise(1)[:, 0] + 0.001, fast=2, study="t", name="Other").trial
    assert trials(sort="sharpe").entries[0].id == best
    assert trials().entries[0].id == best
    assert len(trials(since="2026-03-02")) == 1
    assert len(trials(until="2026-03-01")) == 1
    assert len(trials(strategy="Other")) == 1
    assert len(trials(symbol="TEST")) == 2
    assert len(trials(symbol="TES")) == 0
    assert trials(limit=1).entries[0].id == best
    assert trials().studies == ("t", "s")
    assert list(trials().by_strategy().index) == [("Other", "TEST"), ("Rule", "TEST")]


def test_entries_that_are_in_sample_are_marked_in_the_health_of_a_strategy():
    write(noise(1)[:, 0], fast=1, study="s")
    write(noise(1)[:, 0], fast=2, study="s", sample="out_of_sample").wait()
    assert list(trials("s").health()["sample"]) == ["in_sample", "out_of_sample"]


def test_a_kind_that_there_is_not_is_refused_with_those_there_are():
    write(noise(1)[:, 0], study="s", kind="cross_validation")
    assert len(trials(kind="cross_validation")) == 1
    assert len(trials(kind="fold")) == 0
    with pytest.raises(ConfigError, match=r"kind must be one of backtest, sweep.* was 'folds'; did you mean 'fold'"):
        trials(kind="folds")


def test_a_misspelt_study_is_refused_with_the_near_one():
    write(noise(1)[:, 0], study="momentum of banks").wait()
    with pytest.raises(DataError, match="did you mean 'momentum of banks'"):
        trials("momentum of bank")


def test_trials_are_annotated_and_not_deleted():
    ticket = write(noise(1)[:, 0], study="s")
    annotate_trial(ticket.trial[:6], note="a slip: costs were zero", tags=["mistake"])
    (entry,) = trials(tag="mistake").entries
    assert entry.notes == ("a slip: costs were zero",)
    with pytest.raises(ConfigError, match="never deleted"):
        trials("s").delete()
    assert evidence("s").trials == 1


def test_an_annotation_needs_words_and_a_trial():
    ticket = write(noise(1)[:, 0], study="s")
    with pytest.raises(ConfigError, match="needs a note or tags"):
        annotate_trial(ticket.trial)
    with pytest.raises(ConfigError, match=r"write tags=\['one'\]"):
        annotate_trial(ticket.trial, tags="one")
    with pytest.raises(DataError, match="no trial 'zzzz'"):
        annotate_trial("zzzz", note="x")


def test_a_holdout_is_opened_once_and_the_second_time_says_when_the_first_was():
    with clock.fixed(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        opened = open_holdout("s", start="2017", end="2018-06", reason="parameters are fixed")
    assert opened.start == datetime(2017, 1, 1, tzinfo=UTC)
    assert opened.end == datetime(2018, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    with pytest.raises(ConfigError, match=r"was opened on 2026-03-01 12:00 UTC \(parameters are fixed\)"):
        open_holdout("s", start="2018", reason="once more")
    open_holdout("another study", start="2017", reason="parameters are fixed")
