"""Weights from scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.strategies import scores_to_weights, winsorised

NAN = np.nan


def weights(scores, *method, **options):
    return scores_to_weights(np.array(scores, dtype=float)[:, np.newaxis], *method, **options).ravel().tolist()


def test_ranks_less_their_mean_and_ties_share_theirs():
    # Ranks 0, 1, 2, 3 less 1.5; absolute sum 4.
    assert weights([1, 2, 30, 4]) == pytest.approx([-1.5 / 4, -0.5 / 4, 1.5 / 4, 0.5 / 4])
    # Ranks 0.5, 0.5, 2 less 1: -0.5, -0.5, 1.
    assert weights([5, 5, 9], leverage=3.0) == pytest.approx([-0.75, -0.75, 1.5])


def test_z_scores_are_bounded_by_three():
    # Mean 0, deviation sqrt(2): -1, 0, 1 scaled to an absolute sum of 1.
    assert weights([-3, 0, 3], "zscore") == pytest.approx([-0.5, 0, 0.5])
    # One of 21 at 1: mean 1/21, deviation sqrt(20)/21, z of it sqrt(20) = 4.47 -> 3, of the others -0.2236.
    # Less their mean, 1/21 (3 - 4.4721) = -0.0701: 3.0701 against 20 x 0.1535 = 3.0701.
    outlier = weights([1.0] + [0.0] * 20, "zscore")
    assert outlier[0] == pytest.approx(0.5)
    assert outlier[1] == pytest.approx(-0.5 / 20)


def test_quantiles_take_whole_groups_and_ties_by_row():
    assert weights([3, 1, 2, 5, 4], "quantile") == [0, -0.5, 0, 0.5, 0]
    assert weights([1, 2, 3, 4, 5, 6], "quantile", quantiles=3) == [-0.25, -0.25, 0, 0, 0.25, 0.25]
    # Of equals the first rows are the lowest.
    assert weights([1, 1, 1, 2], "quantile", quantiles=2) == [-0.25, -0.25, 0.25, 0.25]


def test_dollar_neutral_keeps_the_signs_and_halves_the_leverage():
    assert weights([0.3, 0.1, -0.2], "dollar_neutral", leverage=2.0) == pytest.approx([0.75, 0.25, -1.0])
    assert np.isnan(weights([0.3, 0.1], "dollar_neutral")).all()


@pytest.mark.parametrize("method", ["rank", "zscore", "quantile", "dollar_neutral"])
def test_every_method_reaches_the_leverage_and_is_neutral_or_long(method):
    random = np.random.default_rng(3)
    scores = random.normal(size=(23, 50))
    scores[random.random(scores.shape) < 0.1] = NAN
    both = scores_to_weights(scores, method, leverage=1.5)
    np.testing.assert_allclose(np.abs(both).sum(axis=0), 1.5)
    np.testing.assert_allclose(both.sum(axis=0), 0, atol=1e-12)
    long = scores_to_weights(scores, method, long_only=True)
    np.testing.assert_allclose(long.sum(axis=0), 1)
    assert long.min() == 0
    assert (both[np.isnan(scores)] == 0).all()


def test_long_only_keeps_the_better_half():
    assert weights([1, 2, 3, 4], long_only=True) == pytest.approx([0, 0, 0.25, 0.75])


@pytest.mark.parametrize("scores", [[NAN, NAN], [1.0, NAN], [2.0, 2.0]])
@pytest.mark.parametrize("method", ["rank", "zscore", "quantile"])
def test_nothing_is_decided_where_scores_are_missing_or_equal(scores, method):
    assert np.isnan(weights(scores, method)).all()
    assert np.isnan(weights(scores, method, long_only=True)).all()


def test_each_close_stands_for_itself():
    scores = np.array([[1.0, 9.0], [2.0, 3.0]])
    np.testing.assert_array_equal(scores_to_weights(scores)[:, :1], scores_to_weights(scores[:, :1]))


def test_winsorising_brings_in_the_edges():
    # Quantiles of 0, 1, ..., 100 at 1 % and 99 % are 1 and 99.
    clipped = winsorised(np.arange(101.0)[:, np.newaxis]).ravel()
    assert (clipped[0], clipped[1], clipped[50], clipped[100]) == (1, 1, 50, 99)
    assert np.isnan(winsorised(np.full((3, 1), NAN))).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "ranks"}, "method must be one of rank"),
        ({"leverage": 0}, "leverage must be a number above 0"),
        ({"quantiles": 1}, "quantiles must be at least 2"),
    ],
)
def test_an_option_out_of_range_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        scores_to_weights(np.zeros((2, 1)), **options)


def test_scores_are_a_table():
    with pytest.raises(DataError, match=r"scores must be of shape \(n_symbols, n_bars\)"):
        scores_to_weights(np.zeros(3))
