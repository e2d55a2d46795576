"""Windows of a walk-forward, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.backtesting.folds import windows_of
from investiq.core.errors import ConfigError, InsufficientDataError


def rows(windows):
    return [(each.train_first, each.train_end, each.test_first, each.test_end) for each in windows]


def test_equal_folds_cut_the_period_into_one_part_more():
    # 600 bars, 5 folds: six parts of 100; the first trains only.
    assert rows(windows_of(600, folds=5)) == [
        (0, 100, 100, 200), (100, 200, 200, 300), (200, 300, 300, 400), (300, 400, 400, 500), (400, 500, 500, 600),
    ]  # fmt: skip


def test_an_anchored_walk_always_begins_with_the_first_bar():
    assert rows(windows_of(600, folds=2, scheme="anchored")) == [(0, 200, 200, 400), (0, 400, 400, 600)]


def test_purged_bars_lie_between_training_and_test():
    assert rows(windows_of(600, folds=2, purge=10)) == [(0, 190, 200, 400), (200, 390, 400, 600)]


def test_given_lengths_step_by_the_test_and_the_last_may_be_shorter():
    assert rows(windows_of(1000, train=400, test=250)) == [
        (0, 400, 400, 650),
        (250, 650, 650, 900),
        (500, 900, 900, 1000),
    ]


@given(
    n_bars=st.integers(400, 3000), folds=st.integers(1, 4), purge=st.integers(0, 10),
    scheme=st.sampled_from(["rolling", "anchored"]),
)  # fmt: skip
def test_tests_are_contiguous_disjoint_and_reach_the_end(n_bars, folds, purge, scheme):
    windows = windows_of(n_bars, folds=folds, purge=purge, scheme=scheme)
    tested = [row for each in windows for row in range(each.test_first, each.test_end)]
    assert tested == list(range(windows[0].test_first, n_bars))
    assert all(each.train_end + purge == each.test_first for each in windows)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"folds": None}, ConfigError, "say how many folds"),
        ({"folds": 3, "train": 200}, ConfigError, "train and test are given together, in bars; were 200 and None"),
        ({"scheme": "growing"}, ConfigError, "scheme must be 'rolling' or 'anchored', was 'growing'"),
        ({"folds": 20}, InsufficientDataError, "training would have 29 bars after a purge of 0, expected at least 60"),
        ({"train": 600, "test": 100}, InsufficientDataError, "training on 600 bars leaves none of the 600"),
        ({"folds": 3, "purge": -1}, ConfigError, "purge"),
    ],
)
def test_impossible_windows_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        windows_of(600, **settings)
