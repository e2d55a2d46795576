import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.splits import combinatorial_purged_splits, path_sharpes, purged_k_fold


@pytest.mark.parametrize(
    ("groups", "test_groups", "splits", "paths"),
    [(6, 2, 15, 5), (10, 2, 45, 9), (10, 8, 45, 36), (5, 2, 10, 4), (6, 1, 6, 1)],
)
def test_splits_and_paths_are_as_many_as_published(groups, test_groups, splits, paths):
    # Lopez de Prado (2018), ch. 12: C(N, k) splits and C(N - 1, k - 1) paths.
    found = combinatorial_purged_splits(np.arange(400), groups=groups, test_groups=test_groups, embargo=0)
    assert len(found) == found.get_n_splits() == splits
    assert found.paths.shape == (paths, groups)
    tested = np.zeros(400, dtype=int)
    for split in found:
        tested[split.test] += 1
    assert set(tested) == {paths}


def test_splits_are_told_in_one_line():
    found = combinatorial_purged_splits(np.arange(600), groups=6, test_groups=2, embargo=10)
    assert repr(found) == "15 splits of 600 samples in 6 groups, 2 of them tested, 5 paths, embargo 10"


def test_groups_are_contiguous_and_differ_by_one_sample_at_most():
    found = purged_k_fold(np.arange(11), folds=3, embargo=0)
    assert [split.test.tolist() for split in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert [split.groups for split in found] == [(0,), (1,), (2,)]


def test_purge_and_embargo_by_hand():
    # Labels [i, i + 2]. Fold 4..7 covers 4 to 9: 2 and 3 reach into it, 8 and 9 begin in it; 10 is the embargo.
    found = purged_k_fold(np.arange(16), np.arange(16) + 2, folds=4, embargo=1)[1]
    assert found.test.tolist() == [4, 5, 6, 7]
    assert found.train.tolist() == [0, 1, 11, 12, 13, 14, 15]


def test_a_label_that_ends_where_the_tested_begins_overlaps_it():
    # Labels [i, i + 1]: 3 ends at 4, where the fold begins; 8 begins at 8, where the fold ends.
    found = purged_k_fold(np.arange(16), np.arange(16) + 1, folds=4, embargo=0)[1]
    assert found.train.tolist() == [0, 1, 2, 9, 10, 11, 12, 13, 14, 15]


@st.composite
def labelled(draw):
    count = draw(st.integers(12, 60))
    starts = np.cumsum(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    lengths = np.array(draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    groups = draw(st.integers(3, 6))
    return starts, starts + lengths, groups, draw(st.integers(1, groups - 1)), draw(st.integers(0, 3))


@given(labelled())
def test_no_training_sample_lies_in_a_purged_or_embargoed_zone(drawn):
    starts, ends, groups, test_groups, embargo = drawn
    try:
        found = combinatorial_purged_splits(starts, ends, groups=groups, test_groups=test_groups, embargo=embargo)
    except InsufficientDataError:
        return
    fold_of = np.concatenate([np.full(len(part), k) for k, part in enumerate(np.array_split(starts, groups))])
    for split in found:
        allowed = []
        for sample in range(starts.size):
            if fold_of[sample] in split.groups:
                continue
            overlaps = any(starts[sample] <= ends[t] and ends[sample] >= starts[t] for t in split.test)
            embargoed = False
            for group in split.groups:
                members = np.flatnonzero(fold_of == group)
                later = [i for i in range(members[-1] + 1, starts.size) if starts[i] > ends[members].max()]
                embargoed |= sample in later[:embargo]
            if not (overlaps or embargoed):
                allowed.append(sample)
        assert split.train.tolist() == allowed
        assert split.test.tolist() == [s for s in range(starts.size) if fold_of[s] in split.groups]


def test_times_and_positions_give_the_same_splits():
    days = pd.date_range("2020-01-01", periods=40, freq="D", tz="UTC")
    by_time = combinatorial_purged_splits(days, days + pd.Timedelta(days=3), groups=5, embargo=2)
    by_series = combinatorial_purged_splits(
        pd.Series(days), pd.Series(days + pd.Timedelta(days=3)), groups=5, embargo=2
    )
    by_place = combinatorial_purged_splits(np.arange(40), np.arange(40) + 3, groups=5, embargo=2)
    for one, other, third in zip(by_time, by_place, by_series, strict=True):
        assert one.train.tolist() == other.train.tolist() == third.train.tolist()


def test_the_embargo_is_one_percent_rounded_up_unless_given():
    assert combinatorial_purged_splits(np.arange(250)).embargo == 3
    assert combinatorial_purged_splits(np.arange(250), embargo=0).embargo == 0


def test_paths_test_every_sample_once_with_the_splits_that_serve_its_groups():
    found = combinatorial_purged_splits(np.arange(13), groups=4, test_groups=2, embargo=0)
    # Splits 01 02 03 12 13 23: group 0 is served by 0, 1, 2; group 1 by 0, 3, 4; and so on.
    assert found.paths.tolist() == [[0, 0, 1, 2], [1, 3, 3, 4], [2, 4, 5, 5]]
    # Each outcome tells its split and its sample.
    whole = found.assemble([100.0 * place + split.test for place, split in enumerate(found)])
    fold_of = np.repeat(np.arange(4), [4, 3, 3, 3])
    expected = 100 * found.paths[:, fold_of] + np.arange(13)
    np.testing.assert_array_equal(whole, expected)


def test_outcomes_of_another_number_or_length_are_refused():
    found = purged_k_fold(np.arange(9), folds=3, embargo=0)
    with pytest.raises(DataError, match="2 parts, expected one for each of the 3"):
        found.assemble([np.zeros(3)] * 2)
    with pytest.raises(DataError, match=r"split 1 have shape \(2,\), expected \(3,\)"):
        found.assemble([np.zeros(3), np.zeros(2), np.zeros(3)])


def test_a_cap_draws_from_all_combinations_and_not_the_first():
    found = combinatorial_purged_splits(np.arange(200), groups=10, test_groups=3, max_splits=40, embargo=0)
    again = combinatorial_purged_splits(np.arange(200), groups=10, test_groups=3, max_splits=40, embargo=0)
    other = combinatorial_purged_splits(np.arange(200), groups=10, test_groups=3, max_splits=40, embargo=0, seed=1)
    assert len(set(found.tested)) == 40
    assert found.tested == again.tested != other.tested
    # The first 40 of 120 all test group 0 or 1; a draw tests groups about equally: 12 times each.
    counts = np.bincount(np.ravel(found.tested), minlength=10)
    assert counts.min() >= 5
    assert found.paths.shape == (counts.min(), 10)
    for path in found.paths:
        assert all(group in found.tested[place] for group, place in enumerate(path))
    assert [note.code for note in found.notes] == ["splits_drawn"]


def test_drawn_combinations_are_those_of_the_lexicographic_order():
    every = combinatorial_purged_splits(np.arange(30), groups=6, test_groups=3, embargo=0).tested
    drawn = combinatorial_purged_splits(np.arange(30), groups=6, test_groups=3, max_splits=19, embargo=0).tested
    assert len(every) == 20
    assert [each for each in every if each in drawn] == list(drawn)
    # C(40, 20) is 1.4e11; drawing does not list them.
    wide = combinatorial_purged_splits(np.arange(400), groups=40, test_groups=20, max_splits=30, embargo=0)
    assert len(wide) == 30
    assert all(len(set(each)) == 20 for each in wide.tested)


def test_scikit_learn_takes_them_as_cross_validation():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((60, 2)), generator.standard_normal(60)
    splits = purged_k_fold(np.arange(60), np.arange(60) + 2, folds=4)
    scores = cross_val_score(DummyRegressor(), x, y, cv=splits, scoring="neg_mean_squared_error")
    # A dummy predicts the mean of its training samples.
    expected = [-np.mean((y[split.test] - y[split.train].mean()) ** 2) for split in splits]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    with pytest.raises(DataError, match="X has 59 samples, the splits are of 60"):
        splits.split(x[1:])


def test_path_sharpes_state_percentile_and_share_of_losses():
    # Each path earns a and b: Sharpe (a + b) / 2 over |a - b| / sqrt(2).
    found = path_sharpes(np.array([[0.03, 0.01], [0.0, -0.02], [0.02, 0.0]]))
    np.testing.assert_allclose(found.values, [math.sqrt(2), -math.sqrt(0.5), math.sqrt(0.5)])
    assert found.mean == pytest.approx(math.sqrt(2) / 3)
    # Sorted -0.7071, 0.7071, 1.4142: a tenth of the way from the first to the second.
    assert found.fifth_percentile == pytest.approx(-0.8 * math.sqrt(0.5))
    # Squares of the distances from it: (2 + 1/2 + 1/2) less 3 x 2/9, over 2.
    assert found.sd == pytest.approx(math.sqrt(7 / 6))
    assert found.loss_share == pytest.approx(1 / 3)
    # A path that breaks even is no loss.
    assert path_sharpes(np.array([[0.01, -0.01], [0.0, -0.02]])).loss_share == 0.5
    assert math.isnan(path_sharpes(np.array([[0.01, 0.03]])).sd)


def test_paths_without_a_sharpe_ratio_are_refused():
    with pytest.raises(DataError, match="1 of 2 paths have no variance"):
        path_sharpes(np.array([[0.01, 0.01], [0.01, 0.02]]))
    with pytest.raises(DataError, match="1 of 1 paths have no variance"):
        # The spacing of floats at 0.1 is 1.4e-17.
        path_sharpes(np.array([[0.1, 0.1 + 1.4e-17, 0.1]]))
    with pytest.raises(DataError, match="finite"):
        path_sharpes(np.array([[0.01, np.nan]]))
    with pytest.raises(InsufficientDataError, match="received 1 of 1"):
        path_sharpes(np.array([[0.01]]))


@pytest.mark.parametrize(
    ("starts", "ends", "options", "error", "words"),
    [
        (np.arange(5), None, {}, InsufficientDataError, "6 groups need 6 samples, received 5"),
        (np.arange(9)[::-1], None, {}, DataError, "must ascend"),
        (np.arange(9), np.arange(9) - 1, {}, DataError, "9 of 9 labels end before they start"),
        (np.arange(9), np.arange(8), {}, DataError, r"\(9,\) and ends \(8,\)"),
        (np.arange(9), np.full(9, np.nan), {}, DataError, "9 missing or infinite of 9"),
        (pd.date_range("2020", periods=9), np.arange(9), {}, DataError, "both must be times"),
        (np.array(["a"] * 9), None, {}, DataError, "position or time"),
        (np.arange(9), None, {"groups": 1}, ConfigError, "2 to 60, was 1"),
        (np.arange(9), None, {"test_groups": 6}, ConfigError, "1 to 5, .*was 6"),
        (np.arange(9), None, {"test_groups": 0}, ConfigError, "was 0"),
        (np.arange(9), None, {"embargo": -1}, ConfigError, "at least 0, was -1"),
        (np.arange(9), None, {"embargo": 0.01}, ConfigError, "embargo must be a whole number of at least 0, was 0.01"),
        (np.arange(9), None, {"max_splits": 0}, ConfigError, "at least 1, was 0"),
        (np.arange(9), None, {"max_splits": 2.5}, ConfigError, "whole number of at least 1, was 2.5"),
        (np.arange(9), None, {"max_splits": 3, "seed": -1}, ConfigError, "seed must be a whole number"),
        (pd.date_range("2020", periods=9, tz="UTC"), pd.date_range("2020", periods=9), {}, DataError, "has a zone"),
        (pd.Series(range(9)), pd.Series(range(1, 10), index=range(1, 10)), {}, DataError, "different indexes"),
        (np.arange(50), None, {"groups": 40, "test_groups": 20}, ConfigError, "137,846,528,820 splits"),
        (np.arange(9), np.arange(9) + 9, {}, InsufficientDataError, "no training sample left of 9"),
    ],
)
def test_bad_input_is_refused_by_name(starts, ends, options, error, words):
    with pytest.raises(error, match=words):
        combinatorial_purged_splits(starts, ends, **options)
