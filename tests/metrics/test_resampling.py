import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.metrics import resampling
from investiq.metrics.resampling import bootstrap_indices, over_threads


def test_single_rows_are_uniform_and_independent():
    rows = bootstrap_indices(10, 1000, scheme="iid", length=100, seed=3)
    # 100,000 rows over ten: each 10,000 with standard deviation sqrt(100,000 x 0.09) = 95.
    counts = np.bincount(rows.ravel(), minlength=10)
    assert counts.size == 10
    assert np.abs(counts - 10_000).max() < 4 * 95
    follows = (rows[:, 1:] == (rows[:, :-1] + 1) % 10).mean()
    assert follows == pytest.approx(0.1, abs=0.004)


def test_circular_blocks_have_their_length_and_wrap_around():
    rows = bootstrap_indices(7, 400, scheme="circular", block=3, length=8, seed=1)
    steps = np.diff(rows, axis=1) % 7
    inside = [place for place in range(7) if place % 3 != 2]
    assert (steps[:, inside] == 1).all()
    assert (steps[:, [2, 5]] == 1).mean() == pytest.approx(1 / 7, abs=0.06)
    assert sorted(set(rows[:, 0])) == list(range(7))
    assert ((rows[:, :-1] == 6) & (rows[:, 1:] == 0)).any()


def test_stationary_blocks_wrap_around_from_the_last_row_to_the_first():
    rows = bootstrap_indices(7, 400, scheme="stationary", block=5, length=50, seed=1)
    after_the_last = rows[:, 1:][rows[:, :-1] == 6]
    # Blocks go on with probability 4/5, and a new one begins at 0 with probability 1/5 x 1/7.
    assert (after_the_last == 0).mean() == pytest.approx(0.8 + 0.2 / 7, abs=0.03)


@pytest.mark.parametrize("block", [1.0, 2.5, 20.0])
def test_stationary_blocks_have_their_mean_length(block):
    rows = bootstrap_indices(1000, 200, scheme="stationary", block=block, length=500, seed=2)
    follows = (np.diff(rows, axis=1) % 1000 == 1).mean()
    # A new block begins with probability 1 / block, and by chance goes on where the last one was.
    assert follows == pytest.approx(1 - 1 / block + 1 / block / 1000, abs=0.008)
    assert np.bincount(rows.ravel(), minlength=1000).min() > 0
    assert rows.max() == 999


def test_a_seed_repeats_itself_and_another_differs():
    first = bootstrap_indices(50, 20, scheme="stationary", block=4, seed=9)
    assert np.array_equal(first, bootstrap_indices(50, 20, scheme="stationary", block=4, seed=9))
    assert not np.array_equal(first, bootstrap_indices(50, 20, scheme="stationary", block=4, seed=10))
    assert not np.array_equal(first[0], first[1])


def test_more_draws_begin_with_the_fewer_ones():
    many = bootstrap_indices(50, 20, scheme="iid", seed=9)
    assert np.array_equal(many[:5], bootstrap_indices(50, 5, scheme="iid", seed=9))


@pytest.mark.parametrize("cores", [1, 2, 7])
def test_threads_share_the_draws_without_changing_them(monkeypatch, cores):
    monkeypatch.setattr(resampling.os, "cpu_count", lambda: cores)
    parts = []

    def run(first, out):
        parts.append(first)
        out[:] = np.arange(first, first + out.size) ** 2.0

    squares = np.empty(100)
    over_threads(run, 100, 1_000_000, squares)
    assert squares.tolist() == [number**2.0 for number in range(100)]
    assert len(parts) == cores


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "moving"}, "'stationary', 'circular' or 'iid', was 'moving'"),
        ({"scheme": "iid", "block": 5}, "takes no block, was 5"),
        ({"scheme": "circular", "block": 2.5}, "whole number of rows, was 2.5"),
        ({"block": 0.5}, "between 1 and the 50 rows, was 0.5"),
        ({"block": 51}, "between 1 and the 50 rows, was 51"),
        ({"seed": -1}, "seed must be a whole number of at least 0, was -1"),
        ({"seed": 1.5}, "was 1.5"),
        ({"length": 0}, "length must be a whole number from 1 to 2,147,483,647, was 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        bootstrap_indices(50, 3, **options)


@pytest.mark.parametrize("options", [{"length": 25.5}, {"length": True}, {"length": "5"}])
def test_a_part_of_a_row_is_refused(options):
    with pytest.raises(ConfigError, match="length must be a whole number from 1 to 2,147,483,647, was"):
        bootstrap_indices(50, 3, **options)


@pytest.mark.parametrize("block", [0.5, float("nan"), 51])
def test_a_block_that_is_no_length_is_refused(block):
    with pytest.raises(ConfigError, match="block must lie between 1 and the 50 rows, was"):
        bootstrap_indices(50, 3, block=block)
