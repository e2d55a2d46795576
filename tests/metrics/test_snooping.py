import math

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import MCS, SPA, StationaryBootstrap, StepM

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.block_length import politis_white_block_length
from investiq.metrics.resampling import bootstrap_indices
from investiq.metrics.snooping import model_confidence_set, reality_check, step_m, superior_predictive_ability
from investiq.metrics.snooping_sample import snooping_sample


def trials_of(seed, periods=500, count=20, edge=0.0):
    trials = 0.01 * np.random.default_rng(seed).standard_normal((periods, count))
    trials[:, 0] += edge
    return trials


def plain_spa(differences, rows, block):
    """Hansen's three p-values, written out trial by trial and draw by draw."""
    periods, count = differences.shape
    means = [sum(column) / periods for column in differences.T]
    omegas = []
    for column, mean in zip(differences.T, means, strict=True):
        off, q = column - mean, 1 - 1 / block
        total = sum(off * off) / periods
        for lag in range(1, periods):
            weight = (periods - lag) / periods * q**lag + lag / periods * q ** (periods - lag)
            total += 2 * weight * sum(off[lag:] * off[:-lag]) / periods
        omegas.append(math.sqrt(total))
    root = math.sqrt(periods)
    found = max(0.0, *(root * mean / omega for mean, omega in zip(means, omegas, strict=True)))
    at_least = [0, 0, 0]
    for draw in rows:
        largest = [0.0, 0.0, 0.0]
        for trial in range(count):
            mean, omega = means[trial], omegas[trial]
            keeps = root * mean / omega >= -math.sqrt(2 * math.log(math.log(periods)))
            for kind, centre in enumerate((max(mean, 0.0), mean if keeps else 0.0, mean)):
                value = root * (differences[draw, trial].mean() - centre) / omega
                largest[kind] = max(largest[kind], value)
        for kind in range(3):
            at_least[kind] += largest[kind] >= found
    return [(1 + count) / (1 + len(rows)) for count in at_least]


def test_p_values_equal_the_definition_written_out():
    trials = trials_of(3, periods=120, count=4, edge=0.001)
    trials[:, 3] -= 0.004  # far worse: out of the consistent centre
    found = superior_predictive_ability(trials, block_length=4, seed=7)
    rows = bootstrap_indices(120, 1000, block=4, seed=7)
    assert [found.p_lower, found.p_consistent, found.p_upper] == plain_spa(trials, rows, 4)
    assert found.p_lower < found.p_upper
    assert found.p_value == found.p_consistent


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_same_draws_give_arch_the_same_p_values(seed):
    generator = np.random.default_rng(seed)
    trials = generator.standard_normal((300, 12)) * generator.uniform(0.002, 0.03, 12) + 0.0005
    trials[:, 5] -= 0.01
    sample = snooping_sample("spa", trials, None, 1000, 5.0, 0.05, 0)
    # arch 8.0 does not divide by its variances, whatever `studentize` says; so it is given quotients.
    theirs = SPA(np.zeros(300), -sample.scaled, block_size=5, reps=1000, seed=seed)
    theirs.compute()
    draws = StationaryBootstrap(5, np.arange(300), seed=seed).bootstrap(1000)
    rows = np.array([positional[0] for positional, _ in draws])
    object.__setattr__(sample, "rows", rows)
    largest = sample.largest_draws(np.ones(12, dtype=bool))
    shares = (largest > sample.statistics.max()).mean(axis=1)
    np.testing.assert_array_equal(shares, theirs.pvalues.to_numpy())
    np.testing.assert_allclose(
        np.quantile(largest, 0.95, axis=1), math.sqrt(300) * theirs.critical_values(0.05).to_numpy(), rtol=1e-10
    )


def test_long_run_variances_equal_those_of_arch():
    trials = trials_of(1, periods=200, count=3).cumsum(axis=0) * 0.1
    theirs = SPA(np.zeros(200), -trials, block_size=6, reps=1000)
    theirs._compute_variance()
    ours = snooping_sample("reality_check", trials, None, 1000, 6.0, 0.05, 0).variances
    np.testing.assert_allclose(ours, theirs._loss_diff_var, rtol=1e-9)


def test_a_real_edge_is_found_in_most_samples():
    # +0.2 % a day on 1 % noise is t = 4.5 over 500 days; among 20 noise trials two samples of three at 1 % is the least.
    found = 0
    for seed in range(18):
        trials = np.column_stack([trials_of(seed), 0.01 * np.random.default_rng(900 + seed).standard_normal(500)])
        trials[:, 20] += 0.002
        found += superior_predictive_ability(trials, block_length=5, seed=seed).p_value < 0.01
    assert found >= 12


def test_noise_is_rejected_no_more_often_than_the_level_allows():
    # Over 400 other sets the share is 7 %: estimated variances of 250 periods make the test a little liberal.
    p_values = []
    for seed in range(60):
        found = superior_predictive_ability(trials_of(5000 + seed, periods=250), block_length=5, seed=seed)
        assert found.p_lower <= found.p_consistent <= found.p_upper
        p_values.append(found.p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.10
    assert 0.3 < np.median(p_values) < 0.7


def test_losing_trials_are_not_superior():
    # A sign error would make the worst trials the best.
    found = superior_predictive_ability(trials_of(0) - 0.003, block_length=5)
    assert (found.p_lower, found.p_consistent, found.p_upper) == (1.0, 1.0, 1.0)
    assert step_m(trials_of(0) - 0.003, block_length=5) == ()


def test_erratic_trials_weaken_the_reality_check_but_not_the_studentised_test():
    trials = trials_of(4, edge=0.002)
    trials[:, 10:] *= 8
    studentised, plain = (test(trials, block_length=5) for test in (superior_predictive_ability, reality_check))
    assert studentised.p_value < 0.01
    assert plain.p_value > 0.10
    assert plain.p_value == plain.p_upper
    # sqrt(500) times the mean of the most erratic lucky trial.
    assert plain.statistics.max() == pytest.approx(math.sqrt(500) * trials.mean(axis=0).max())


def test_the_critical_value_of_the_reality_check_counts_far_worse_trials_too():
    trials = trials_of(4, count=2, edge=0.0015)
    # Far worse than the benchmark and erratic: left out of the consistent draws, not of the upper ones.
    trials[:, 1] = 10 * trials[:, 1] - 0.05
    found = reality_check(trials, block_length=5)
    assert found.p_consistent < 0.05 < found.p_upper
    assert found.statistics.max() < found.critical_value


def test_step_m_finds_every_superior_trial_that_arch_finds():
    trials = trials_of(8, count=10)
    trials[:, [2, 5]] += [0.0030, 0.0025]
    sample = snooping_sample("spa", trials, None, 1000, 5.0, 0.05, 0)
    theirs = StepM(np.zeros(500), -sample.scaled, size=0.05, block_size=5, reps=1000, seed=0)
    theirs.compute()
    assert step_m(trials, block_length=5) == tuple(str(each) for each in theirs.superior_models) == ("2", "5")


def test_step_m_goes_on_after_the_first_step():
    # One trial of high statistic leaves; the critical value of the rest is lower and lets the second one in.
    for seed in range(200):
        trials = trials_of(seed, periods=250, count=2, edge=0.004)
        trials[:, 1] += 0.0011
        first = superior_predictive_ability(trials, block_length=3)
        if (first.statistics > first.critical_value).tolist() == [True, False] and first.statistics[1] > 1.72:
            break
    # Alone, its level is near 1.65 (one-sided 5 %); of two trials near 1.95.
    assert 1.72 < first.statistics[1] < first.critical_value
    assert step_m(trials, block_length=3) == ("0", "1")


def test_a_trial_equal_to_the_benchmark_is_dropped_with_a_note():
    trials = trials_of(2)
    benchmark = trials[:, 4].copy()
    found = superior_predictive_ability(trials, benchmark, block_length=5)
    assert found.dropped == ("4",)
    assert len(found.names) == 19
    assert {note.code: note.rows for note in found.notes} == {"no_variance": 1}
    without = superior_predictive_ability(np.delete(trials, 4, axis=1), benchmark, block_length=5)
    assert found.p_value == without.p_value


@pytest.mark.parametrize("test", [superior_predictive_ability, reality_check])
def test_nothing_left_to_test_has_a_p_value_of_one(test):
    benchmark = trials_of(2)[:, 0]
    # A constant distance keeps no variance but for rounding.
    found = test(np.column_stack([benchmark, benchmark + 0.001]), benchmark)
    assert (found.p_lower, found.p_value, found.p_upper) == (1.0, 1.0, 1.0)
    assert found.best is None
    assert found.dropped == ("0", "1")
    assert "none is left" in found.notes[0].text
    assert "n/a" in str(found)
    assert found.to_frame().empty
    assert step_m(np.zeros((30, 2))) == ()


def test_the_benchmark_is_subtracted_period_by_period():
    trials, benchmark = trials_of(8), trials_of(9)[:, 0]
    found = superior_predictive_ability(trials, benchmark, block_length=5)
    np.testing.assert_allclose(found.means, (trials - benchmark[:, None]).mean(axis=0), rtol=1e-12)
    number = superior_predictive_ability(trials, 0.0004, block_length=5)
    assert superior_predictive_ability(trials, np.float64(0.0004), block_length=5).p_value == number.p_value
    assert superior_predictive_ability(trials, np.int64(0), block_length=5).means[0] == trials[:, 0].mean()
    np.testing.assert_allclose(number.means, trials.mean(axis=0) - 0.0004, rtol=1e-9)


def test_a_benchmark_series_is_joined_by_date():
    days = pd.date_range("2020-01-01", periods=500, freq="B", tz="UTC")
    trials = pd.DataFrame(trials_of(8), index=days)
    longer = pd.date_range("2019-12-20", periods=520, freq="B", tz="UTC")
    benchmark = pd.Series(0.01 * np.random.default_rng(1).standard_normal(520), index=longer)
    found = superior_predictive_ability(trials, benchmark, block_length=5)
    by_hand = superior_predictive_ability(trials.to_numpy(), benchmark[days].to_numpy(), block_length=5)
    assert found.p_value == by_hand.p_value
    with pytest.raises(DataError, match="lacks 1 of the 500 periods"):
        superior_predictive_ability(trials, benchmark.drop(days[7]))
    with pytest.raises(DataError, match="has a zone"):
        superior_predictive_ability(trials, benchmark.tz_localize(None))
    with pytest.raises(DataError, match="has an index and the other has none"):
        superior_predictive_ability(trials, benchmark.to_numpy())
    with pytest.raises(DataError, match="benchmark must be a series of returns, was the string 'SPY'"):
        superior_predictive_ability(trials, "SPY")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="a time twice"):
        superior_predictive_ability(trials, pd.concat([benchmark, benchmark]))


def test_the_default_block_is_the_median_of_the_larger_lengths():
    generator = np.random.default_rng(3)
    trials = generator.standard_normal((400, 3))
    for row in range(1, 400):
        trials[row, 1:] += 0.6 * trials[row - 1, 1:]
    trials *= 0.01
    expected = np.median(
        [max(politis_white_block_length(each).stationary for each in (column, column**2)) for column in trials.T]
    )
    assert superior_predictive_ability(trials).block_length == pytest.approx(expected)
    assert expected > 3


def test_the_default_block_knows_clusters_of_volatility_and_ends_at_a_quarter():
    generator = np.random.default_rng(6)
    # No memory in the sign, much in the size: calm and wild stretches of 50 periods.
    trials = generator.choice([-0.01, 0.01], (400, 3)) * np.repeat([1, 4] * 4, 50)[:, None]
    plain, squared = (
        np.median([politis_white_block_length(each).stationary for each in columns.T])
        for columns in (trials, trials**2)
    )
    assert squared > 2 * plain
    assert superior_predictive_ability(trials).block_length == pytest.approx(min(squared, 100))
    # One wave over the sample asks for 14 of 40 periods; a quarter is 10.
    wave = 0.01 * np.sin(np.linspace(0, 2 * np.pi, 40))[:, None] * [1, 2]
    assert politis_white_block_length(wave[:, 0] ** 2).stationary > 10
    assert superior_predictive_ability(wave).block_length == 10


def test_the_same_seed_repeats_and_another_differs():
    trials = trials_of(5)
    p_values = [superior_predictive_ability(trials, block_length=5, seed=seed).p_value for seed in (1, 1, 2)]
    assert p_values[0] == p_values[1] != p_values[2]


def test_the_frame_lists_the_best_trial_first():
    found = superior_predictive_ability(trials_of(4, edge=0.003), block_length=5)
    table = found.to_frame()
    assert table.index[0] == found.best == "0"
    assert table["statistic"].is_monotonic_decreasing
    assert table["is_beyond_critical"].sum() == 1
    facts = {fact.label: fact.value for fact in found.facts()}
    assert facts["p-value"] == found.p_consistent
    assert facts["Trials beyond it"] == 1


def test_few_periods_are_cautioned_about():
    assert [note.code for note in superior_predictive_ability(trials_of(0, periods=60)).notes] == ["few_periods"]


def test_the_model_confidence_set_is_that_of_arch():
    trials = trials_of(5, count=5) + np.array([0.003, 0.003, 0, 0, -0.003])
    found = model_confidence_set(trials, block_length=5, seed=3)
    theirs = MCS(-trials, size=0.1, reps=1000, block_size=5, method="max", seed=3)
    theirs.compute()
    assert [int(name) for name in found.index[found > 0.1]] == theirs.included
    np.testing.assert_allclose(found.to_numpy(), theirs.pvalues["Pvalue"].sort_index(), atol=1e-12)
    assert found.max() == 1.0
    assert found["4"] < 0.1
    # Its blocks are whole: 4.2 is rounded up.
    whole, part, short = (model_confidence_set(trials, block_length=each) for each in (5, 4.2, 4))
    assert part.equals(whole)
    assert not part.equals(short)


def test_identical_trials_share_their_place_in_the_confidence_set():
    trials = trials_of(5, count=4, edge=0.004)
    doubled = model_confidence_set(np.column_stack([trials, trials[:, 2]]), block_length=5)
    assert doubled["2"] == doubled["4"]
    assert model_confidence_set(np.column_stack([trials[:, 0]] * 3)).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        model_confidence_set(trials, seed=-1)


@pytest.mark.parametrize(
    ("trials", "options", "error", "words"),
    [
        (np.zeros((19, 2)), {}, InsufficientDataError, "needs 20 periods .*received 19"),
        (np.zeros((30, 0)), {}, InsufficientDataError, "needs 1 trials .*received 0"),
        (np.full((30, 2), 100.0), {}, DataError, "looks like prices"),
        (np.full((30, 2), np.nan), {}, DataError, "60 NaN"),
        (np.zeros((30, 2)), {"draws": 999}, ConfigError, "at least 1,000, was 999"),
        (np.zeros((30, 2)), {"block_length": 0.5}, ConfigError, "between 1 and the 30 periods, was 0.5"),
        (np.zeros((30, 2)), {"level": 5}, ConfigError, r"\(0, 1\), was 5"),
        (np.eye(30), {"seed": -1}, ConfigError, "seed"),
        (np.zeros((30, 2)), {"benchmark": np.zeros(29)}, DataError, "29 values, trial_returns 30 rows"),
        (np.zeros((30, 2)), {"benchmark": math.nan}, DataError, "benchmark holds 30 NaN"),
        (np.zeros((30, 2)), {"benchmark": np.linspace(100, 130, 30)}, DataError, "benchmark looks like prices"),
    ],
)
def test_bad_input_is_refused_by_name(trials, options, error, words):
    with pytest.raises(error, match=words):
        superior_predictive_ability(trials, **options)
