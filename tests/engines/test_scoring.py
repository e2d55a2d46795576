import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import ConfigError
from investiq.engines.scoring import (
    adaptive_signal,
    agreement,
    combine_votes,
    group_votes,
    percentile_rank,
    signal_of_percentile,
    trailing_quantiles,
    weight_of_z,
    z_score,
)

weights = st.lists(st.integers(-4, 4), min_size=6, max_size=6)


def column(*values):
    return np.array(values, dtype=float)[:, np.newaxis]


def test_a_group_has_one_net_vote():
    # Trend: 2 + 2 - 3 = 1; volume: -2.
    votes = group_votes(column(2, 2, -3, -2), ["trend", "trend", "trend", "volume"])
    assert {group: vote.tolist() for group, vote in votes.items()} == {"trend": [1.0], "volume": [-2.0]}


def test_a_group_is_never_louder_than_four():
    votes = group_votes(column(4, 3, 2, -3, -2), ["trend"] * 3 + ["mean reversion"] * 2)
    assert {group: vote.tolist() for group, vote in votes.items()} == {"trend": [4.0], "mean reversion": [-4.0]}


@pytest.mark.parametrize(
    ("votes", "score"),
    [
        ([4, 0, 0, 0, 0], 50.0),  # one group: 100 * 1 * 1 / 2
        ([1, 0, 0, 0, 0], 50.0),
        ([-3, -1, 0, 0, 0], -200 / 3),  # two that agree: 100 * 2 / 3
        ([2, 2, 1, 0, 0], 75.0),  # three: 3 / 4
        ([1, 1, 1, 1, 1], 500 / 6),  # five: 5 / 6
        ([4, -2, 0, 0, 0], 200 / 9),  # 100 * (4 - 2) / 6 * 2 / 3
        ([3, -3, 0, 0, 0], 0.0),
        ([0, 0, 0, 0, 0], 0.0),
    ],
)
def test_a_score_is_the_balance_of_votes_shrunk_by_their_number(votes, score):
    named = {f"group {number}": np.array([float(vote)]) for number, vote in enumerate(votes)}
    assert combine_votes(named) == pytest.approx([score])


@given(weights)
def test_scores_stay_in_range_and_turn_with_their_votes(values):
    groups = ["a", "a", "b", "b", "c", "d"]
    score = combine_votes(group_votes(column(*values), groups))[0]
    assert abs(score) <= 80.0  # four groups: 100 * 4 / 5
    assert combine_votes(group_votes(-column(*values), groups))[0] == -score


def test_agreement_is_the_share_of_the_larger_side():
    votes = {"a": np.array([4.0, -1.0, 0.0]), "b": np.array([-2.0, -3.0, 0.0])}
    assert agreement(votes) == pytest.approx([4 / 6, 1.0, np.nan], nan_ok=True)


def plain_rank(values, row, window, minimum):
    past = [value for value in values[max(0, row - window) : row] if not np.isnan(value)]
    if np.isnan(values[row]) or len(past) < minimum:
        return np.nan
    return (sum(value < values[row] for value in past) + 0.5 * sum(value == values[row] for value in past)) / len(past)


def plain_z(values, row, window, minimum):
    past = values[max(0, row - window) : row]
    past = past[~np.isnan(past)]
    if np.isnan(values[row]) or past.size < minimum:
        return np.nan
    deviation = past.std(ddof=1)
    return (values[row] - past.mean()) / deviation if deviation > 1e-9 else 0.0


@pytest.fixture(scope="module")
def ties_and_gaps():
    rng = np.random.default_rng(5)
    values = rng.integers(0, 12, 300).astype(float)
    values[rng.choice(300, 25, replace=False)] = np.nan
    values[150:190] = 7.0
    return values


@pytest.mark.parametrize("measure, plain", [(percentile_rank, plain_rank), (z_score, plain_z)])
def test_a_value_is_placed_in_its_own_past(measure, plain, ties_and_gaps):
    expected = [plain(ties_and_gaps, row, 30, 10) for row in range(300)]
    assert measure(ties_and_gaps, window=30, minimum=10) == pytest.approx(np.array(expected), nan_ok=True)


def test_a_rank_by_hand():
    # Before the last value stand 5, 1, 3, 3: below 3 lies one, equal are two: (1 + 0.5 * 2) / 4.
    assert percentile_rank(np.array([9.0, 5, 1, 3, 3, 3]), window=4, minimum=4)[-1] == 0.5


def test_a_new_high_ranks_at_one_and_a_new_low_at_zero():
    values = np.r_[np.arange(100.0), 200.0, -1.0]
    assert percentile_rank(values)[-2:].tolist() == [1.0, 0.0]


def test_a_rank_needs_sixty_values_before_it():
    assert np.flatnonzero(np.isfinite(percentile_rank(np.arange(70.0))))[0] == 60


def test_a_past_without_variation_has_no_z_score():
    assert z_score(np.r_[np.full(80, 0.1), 5.0])[-1] == 0.0


@pytest.mark.parametrize("measure", [percentile_rank, z_score])
def test_a_place_does_not_change_when_the_future_is_cut_off(measure, ties_and_gaps):
    whole = measure(ties_and_gaps, window=30, minimum=10)
    for row in (9, 11, 60, 151, 188, 191, 230, 299):
        assert measure(ties_and_gaps[: row + 1], window=30, minimum=10)[-1] == pytest.approx(
            whole[row], abs=1e-10, nan_ok=True
        )


def test_a_window_shorter_than_its_minimum_is_refused():
    with pytest.raises(ConfigError, match="expected 2 <= minimum <= window, was minimum 60 and window 30"):
        z_score(np.ones(100), window=30)


@pytest.mark.parametrize(
    ("z", "weight"),
    [
        (0.0, 1),
        (1.0, 1),
        (1.01, 2),
        (1.5, 2),
        (1.51, 3),
        (2.5, 3),
        (2.51, 4),
        (9.0, 4),
        (-1.01, 2),
        (-2.51, 4),
        (np.nan, 0),
    ],
)
def test_a_deviation_weighs_more_the_larger_it_is(z, weight):
    assert weight_of_z([z]).tolist() == [weight]


@pytest.mark.parametrize(
    ("rank", "signal"),
    # (0.8 - 0.75) / 0.25 = 0.2; (0.25 - 0.15) / 0.25 = 0.4.
    [(0.25, 0), (0.75, 0), (0.5, 0), (0.8, 20), (0.15, -40), (1.0, 100), (0.0, -100)],
)
def test_a_rank_says_nothing_between_the_quarters_and_grows_beyond_them(rank, signal):
    assert signal_of_percentile([rank]) == pytest.approx([signal], abs=1e-12)
    assert signal_of_percentile([rank], invert=True) == pytest.approx([-signal], abs=1e-12)


def test_an_unknown_rank_has_no_signal():
    assert np.isnan(signal_of_percentile([np.nan])).all()


def test_quantiles_of_the_past_are_those_of_numpy(ties_and_gaps):
    found = trailing_quantiles(ties_and_gaps, (0.0, 0.1, 0.5, 0.9, 1.0), window=30, minimum=10)
    for row in range(300):
        past = ties_and_gaps[max(0, row - 30) : row]
        past = past[~np.isnan(past)]
        expected = np.quantile(past, (0.0, 0.1, 0.5, 0.9, 1.0)) if past.size >= 10 else np.full(5, np.nan)
        assert found[:, row] == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_a_quantile_by_hand():
    # 10, 20, 40 before the last: position 0.25 * 2 = 0.5 lies halfway from 10 to 20.
    assert trailing_quantiles(np.array([40.0, 10, 20, 99]), [0.25], window=3, minimum=3)[0, -1] == 15.0


def test_a_share_outside_of_one_is_refused():
    with pytest.raises(ConfigError, match=r"shares must lie in \[0, 1\], was 1.5"):
        trailing_quantiles(np.ones(100), [0.5, 1.5])


def test_an_adaptive_signal_takes_its_score_from_the_rank_and_its_weight_from_the_deviation():
    # Past 1..9 and 0 (10 values, mean 4.5, sample deviation 3.0277). 8.5 lies above 9 of 10: (0.9 - 0.75) / 0.25 = 0.6;
    # z = 4 / 3.0277 = 1.32: weight 2. 5 is above five and equal to one: rank 0.55 says nothing, z = 0.17.
    past = np.arange(10.0)
    score, weight, is_significant = (each[-1] for each in adaptive_signal(np.r_[past, 8.5], window=10, minimum=10))
    assert (score, weight, bool(is_significant)) == (pytest.approx(60), 2, True)
    score, weight, is_significant = (each[-1] for each in adaptive_signal(np.r_[past, 5.0], window=10, minimum=10))
    assert (score, weight, bool(is_significant)) == (0, 1, False)
    assert adaptive_signal(np.r_[past, 8.5], window=10, minimum=10, invert=True).score[-1] == pytest.approx(-60)


def test_an_adaptive_signal_needs_sixty_values_before_it():
    score, weight, is_significant = adaptive_signal(np.arange(70.0))
    assert np.flatnonzero(np.isfinite(score))[0] == 60
    assert (weight[:60].tolist(), is_significant[:60].any()) == ([0.0] * 60, False)
