import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, rankdata

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.overfitting import pbo_from_blocks, probability_of_backtest_overfitting

# Four blocks of one row, four trials; the answers below are counted by hand.
GOLDEN = np.array([[-4.0, 4, 2, 4], [3, 1, 4, -2], [-3, 2, 2, -3], [4, -2, 4, 0]])


def naive(returns, blocks, sample=None):
    """Slice every half out of the returns: statistic, rank and logit as the definition reads."""
    rows = len(returns) // blocks
    cut = returns[len(returns) - rows * blocks :].reshape(blocks, rows, -1)
    trials = cut.shape[2]
    found = []
    for half in list(combinations(range(blocks), blocks // 2))[:sample]:
        other = [block for block in range(blocks) if block not in half]
        inside, outside = (cut[list(each)].reshape(-1, trials) for each in (half, other))
        inside, outside = (each.mean(axis=0) / each.std(axis=0, ddof=1) for each in (inside, outside))
        best = inside.argmax()
        relative = rankdata(outside)[best] / (trials + 1)
        found.append((inside[best], outside[best], outside.mean(), math.log(relative / (1 - relative))))
    return np.array(found).T


def test_the_golden_matrix_gives_one_sixth_and_each_logit():
    found = probability_of_backtest_overfitting(GOLDEN, blocks=4, statistic="sum")
    # Halves (1,2) to (3,4) select trials 3, 2, 3, 3, 3, 3 with 6, 6, 6, 6, 8, 6 (trial 2: 4 + 2).
    assert found.in_sample.tolist() == [6, 6, 6, 6, 8, 6]
    assert found.out_of_sample.tolist() == [6, -1, 6, 6, 4, 6]
    assert found.ranks.tolist() == [4, 2, 4, 4, 3, 4]
    # w = 0.8, 0.4, 0.8, 0.8, 0.6, 0.8.
    expected = [math.log(4), math.log(2 / 3), math.log(4), math.log(4), math.log(1.5), math.log(4)]
    np.testing.assert_allclose(found.logits, expected, rtol=1e-14)
    assert found.pbo == pytest.approx(1 / 6)
    assert found.loss_probability == pytest.approx(1 / 6)
    # Offsets in sample -1/3 (five times) and 5/3; outside sums to 23 + 4 = 27, its mean is 4.5:
    # slope = 5/3 * (4 - 4.5) - 1/3 * (23 - 22.5), over 5/9 + 25/9.
    assert found.slope == pytest.approx((-5 / 6 - 1 / 6) / (30 / 9))
    # Means of the four trials in the halves (3,4), (2,4), (2,3), (1,4), (1,3), (1,2): 4, 12, 4, 12, 4, 12 over 4.
    assert found.all_out_of_sample.tolist() == [1, 3, 1, 3, 1, 3]


def test_dominance_compares_sorted_results_and_their_running_sums():
    found = probability_of_backtest_overfitting(GOLDEN, blocks=4, statistic="sum")
    # Selected -1, 4, 6, 6, 6, 6 against 1, 1, 1, 3, 3, 3: its worst is worse, so neither order.
    assert (found.dominates_first, found.dominates_second) == (False, False)
    shifted = probability_of_backtest_overfitting(GOLDEN + np.array([0, 0, 9, 0]), blocks=4, statistic="sum")
    # Trial 3 is the best of each half and outside it 24, 26, 26, 24, 24, 24 - against means below 8.
    assert (shifted.dominates_first, shifted.dominates_second) == (True, True)


def test_second_order_dominance_forgives_a_lower_best():
    sums = np.array([[10, 9, -30], [10, 9, -30], [10, 20, 19.5], [10, 20, 19.5]])
    found = pbo_from_blocks(sums, sums**2, 1, statistic="sum")
    # (1,2) selects the first with 20, which earns 20 later; the others the second: 29 four times, then 18.
    assert found.out_of_sample.tolist() == [20, 29, 29, 29, 29, 18]
    # The mean of the three is 99/3 in (3,4), 38.5/3 in the mixed halves, -22/3 in (1,2).
    np.testing.assert_allclose(found.all_out_of_sample, np.array([99, 38.5, 38.5, 38.5, 38.5, -22]) / 3)
    # 29 < 33 at the top; running sums from the worst stay above: 18 > -7.3, 38 > 5.5, ...
    assert (found.dominates_first, found.dominates_second) == (False, True)


def test_block_sums_equal_slicing_every_half():
    returns = np.random.default_rng(11).normal(0.0005, 0.01, (403, 30))
    found = probability_of_backtest_overfitting(returns, blocks=8)
    inside, outside, everyone, logits = naive(returns, 8)
    np.testing.assert_allclose(found.in_sample, inside, rtol=1e-11)
    np.testing.assert_allclose(found.out_of_sample, outside, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(found.all_out_of_sample, everyone, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-13)
    assert found.slope == pytest.approx(linregress(inside, outside).slope)
    # 403 = 8 x 50 + 3: the first three rows are left out.
    assert (found.rows_per_block, found.rows_dropped) == (50, 3)
    assert [note.code for note in found.notes] == ["rows_dropped"]


def test_sixteen_blocks_make_12870_splits_equal_to_slicing_on_a_sample():
    returns = np.random.default_rng(12).normal(0, 0.01, (480, 25))
    found = probability_of_backtest_overfitting(returns)
    assert found.logits.size == 12_870
    inside, outside, _, logits = naive(returns, 16, sample=150)
    np.testing.assert_allclose(found.in_sample[:150], inside, rtol=1e-11)
    np.testing.assert_allclose(found.out_of_sample[:150], outside, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(found.logits[:150], logits, rtol=1e-13)


def test_noise_averages_one_half_and_a_real_edge_is_not_overfitted():
    generator = np.random.default_rng(0)
    noise, edge = [], []
    for _ in range(60):
        returns = generator.normal(0, 0.01, (480, 20))
        noise.append(probability_of_backtest_overfitting(returns, blocks=8).pbo)
        returns[:, 7] += 0.003
        edge.append(probability_of_backtest_overfitting(returns, blocks=8).pbo)
    assert 0.40 <= np.mean(noise) <= 0.60
    assert np.mean(edge) < 0.01


def test_the_best_half_after_half_that_loses_later_is_overfitted():
    # Each trial earns in one block only; the best of a half has no block left to earn in outside it.
    returns = np.full((80, 4), -0.001) + np.random.default_rng(5).normal(0, 1e-5, (80, 4))
    for trial in range(4):
        returns[20 * trial : 20 * (trial + 1), trial] += 0.02
    found = probability_of_backtest_overfitting(returns, blocks=4, statistic="mean")
    assert found.pbo == 1.0
    assert found.loss_probability == 1.0


def test_the_order_of_the_columns_does_not_matter():
    returns = np.random.default_rng(13).normal(0, 0.01, (400, 12))
    returns[:, 0] += 0.001
    returns[:, 11] = returns[:, 0]
    straight = probability_of_backtest_overfitting(returns, blocks=8)
    turned = probability_of_backtest_overfitting(returns[:, ::-1], blocks=8)
    for name in ("logits", "ranks", "in_sample", "out_of_sample"):
        np.testing.assert_array_equal(getattr(straight, name), getattr(turned, name))
    assert straight.tied_in_sample == turned.tied_in_sample > 0


def test_a_tied_selection_is_averaged_over_the_tied_trials():
    # In half (1,2) trials 1 and 2 tie at 3; outside they have -2 (worst of 3) and 6 (best): mean rank 2, logit 0.
    returns = np.array([[1.0, 2, 0], [2, 1, 0], [-1, 3, 1], [-1, 3, 1]])
    found = probability_of_backtest_overfitting(returns, blocks=4, statistic="sum")
    assert found.in_sample[0] == 3
    assert found.out_of_sample[0] == (-2 + 6) / 2
    assert found.ranks[0] == 2
    assert found.logits[0] == 0
    # Half (1,3) selects trial 2 with 5, half (2,3) with 4; no other tie.
    assert found.tied_in_sample == pytest.approx(1 / 6)
    # A logit of exactly 0 counts as overfitted.
    assert found.pbo >= 1 / 6


def test_one_rule_at_several_sizes_is_tied_in_spite_of_rounding():
    # The Sharpe ratio does not know the size: of n equal trials each has rank (n + 1) / 2 and logit 0.
    base = np.random.default_rng(0).normal(0, 0.01, (400, 1))
    found = probability_of_backtest_overfitting(base * [1, 3, 7, 0.3], blocks=8)
    assert set(found.ranks) == {2.5}
    np.testing.assert_array_equal(found.logits, 0.0)
    assert (found.tied_in_sample, found.tied_out_of_sample) == (1, 1)
    # Beside another rule the four sizes share rank 1, 2, 3, 4 (mean 2.5) or 2, 3, 4, 5 (3.5), or it has 1 or 5.
    beside = probability_of_backtest_overfitting(
        np.column_stack([base * [1, 3, 7, 0.3], np.random.default_rng(1).normal(0, 0.01, 400)]), blocks=8
    )
    assert set(beside.ranks) <= {1, 2.5, 3.5, 5}


def test_equal_ranks_out_of_sample_are_averaged():
    # Half (1,2) selects trial 1; outside all three trials earn 2: ranks 1 to 3 average to 2.
    returns = np.array([[3.0, 0, 0], [3, 0, 0], [1, 1, 1], [1, 1, 1]])
    found = probability_of_backtest_overfitting(returns, blocks=4, statistic="sum")
    assert found.ranks[0] == 2
    # Half (3,4) has all three tied at 2; outside they have 6, 0, 0: ranks 3, 1.5, 1.5, whose mean is 2.
    assert found.ranks[-1] == 2
    assert found.tied_out_of_sample == pytest.approx(2 / 6)


def test_a_trial_that_never_traded_ranks_between_winners_and_losers():
    rng = np.random.default_rng(2)
    returns = np.column_stack([rng.normal(mean, 0.001, 200) for mean in (0.01, -0.01)] + [np.zeros(200)])
    found = probability_of_backtest_overfitting(returns[:, [1, 2]], blocks=4)
    # Against a loser it is the best of both: rank 2 of 2.
    assert set(found.ranks) == {2.0}
    assert set(found.in_sample) == {0.0}
    assert math.isnan(found.slope)
    # 6 halves of 2 trials, one of them flat.
    assert {note.code: note.rows for note in found.notes}["no_variance"] == 6
    against_a_winner = probability_of_backtest_overfitting(returns[:, [0, 2]], blocks=4)
    assert (against_a_winner.in_sample > 5).all()


def test_a_constant_return_has_no_sharpe_ratio_in_spite_of_rounding():
    rng = np.random.default_rng(4)
    returns = np.column_stack([rng.normal(0.01, 0.001, 400), np.full(400, 0.0123)])
    found = probability_of_backtest_overfitting(returns, blocks=8)
    assert found.in_sample.min() > 5  # never the constant, whose ratio would be infinite
    assert {note.code: note.rows for note in found.notes}["no_variance"] == 70


def test_moments_of_blocks_give_the_same_result_as_the_returns():
    returns = np.random.default_rng(14).normal(0, 0.01, (320, 15))
    cut = returns.reshape(16, 20, 15)
    whole = probability_of_backtest_overfitting(returns)
    kept = pbo_from_blocks(cut.sum(axis=1), (cut**2).sum(axis=1), np.full(16, 20))
    np.testing.assert_allclose(kept.logits, whole.logits, rtol=1e-12)
    assert kept.pbo == whole.pbo


def test_a_callable_sees_whole_halves_in_time_order():
    returns = np.random.default_rng(15).normal(0, 0.01, (160, 12))
    built_in = probability_of_backtest_overfitting(returns, blocks=8, statistic="mean")

    def mean_return(half):
        assert half.shape == (80, 12)
        return half.mean(axis=0)

    own = probability_of_backtest_overfitting(returns, blocks=8, statistic=mean_return)
    np.testing.assert_allclose(own.in_sample, built_in.in_sample, rtol=1e-12)
    np.testing.assert_array_equal(own.ranks, built_in.ranks)
    assert own.statistic == "mean_return of the half"
    rows = []
    probability_of_backtest_overfitting(
        np.arange(8.0)[:, None] * [1, -1], blocks=4, statistic=lambda half: rows.append(half[:, 0]) or half.sum(axis=0)
    )
    assert all((np.diff(each) > 0).all() for each in rows)
    assert rows[0].tolist() == [0, 1, 2, 3]
    assert rows[1].tolist() == [4, 5, 6, 7]


def test_frames_and_facts_state_the_same_numbers():
    index = pd.date_range("2020-01-01", periods=60, freq="B", tz="UTC")
    frame = pd.DataFrame(np.random.default_rng(1).normal(0, 0.01, (60, 4)), index=index, columns=list("abcd"))
    found = probability_of_backtest_overfitting(frame, blocks=4)
    table = found.to_frame()
    assert (table["logit"] <= 0).mean() == found.pbo
    facts = {fact.label: fact.value for fact in found.facts()}
    assert facts["Probability of backtest overfitting"] == found.pbo
    assert {note.code for note in found.notes} == {"few_trials", "short_blocks"}
    assert "Bailey" in str(found)


@pytest.mark.parametrize(
    ("returns", "options", "error", "words"),
    [
        (np.zeros((20, 1)), {}, InsufficientDataError, r"needs 2 trials \(columns\), received 1"),
        (np.zeros((15, 3)), {}, InsufficientDataError, r"16 blocks needs 16 periods \(rows\), received 15"),
        (np.zeros((0, 3)), {}, InsufficientDataError, "received 0"),
        (np.zeros(20), {}, DataError, "1 dimension"),
        (np.full((20, 3), np.nan), {}, DataError, "60 NaN or infinite of 60, the first in row 0 of trial '0'"),
        (np.where(np.eye(20) > 0, np.inf, 0.0), {}, DataError, "20 NaN or infinite"),
        (np.full((20, 2), 101.5), {}, DataError, "looks like prices"),
        (np.array([["a", "b"]] * 20), {}, DataError, "must be numbers"),
        (np.zeros((20, 2)), {"blocks": 7}, ConfigError, "even and 4 to 20, was 7"),
        (np.zeros((20, 2)), {"blocks": 2}, ConfigError, "from 4 to 20, was 2"),
        (np.zeros((20, 2)), {"blocks": 22}, ConfigError, "was 22"),
        (np.zeros((20, 2)), {"statistic": "sharp"}, ConfigError, "did you mean 'sharpe'"),
        (np.zeros((20, 2)), {"statistic": lambda half: half[0, :1]}, DataError, r"it returned shape \(1,\)"),
        (np.zeros((20, 2)), {"statistic": lambda half: half[0] / 0}, DataError, "it returned NaN or infinite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_bad_input_is_refused_by_name(returns, options, error, words):
    with pytest.raises(error, match=words):
        probability_of_backtest_overfitting(returns, **options)


def test_an_index_that_descends_is_refused():
    frame = pd.DataFrame(np.zeros((20, 2)), index=pd.date_range("2020-01-01", periods=20)[::-1])
    with pytest.raises(DataError, match=r"must ascend: row 1 .*pass trial_returns\.sort_index\(\)"):
        probability_of_backtest_overfitting(frame)


def test_a_time_that_comes_twice_is_refused():
    days = pd.date_range("2020-01-01", periods=20)
    frame = pd.DataFrame(np.zeros((20, 2)), index=days[[0, 1, 1, *range(2, 19)]])
    with pytest.raises(DataError, match=r"trial_returns has the time 2020-01-02 .*twice, again at row 2"):
        probability_of_backtest_overfitting(frame)


@pytest.mark.parametrize(
    ("sums", "squares", "counts", "words"),
    [
        (np.zeros((4, 2)), np.zeros((4, 3)), 5, r"\(4, 2\) and sums_of_squares \(4, 3\)"),
        (np.zeros((4, 2)), np.zeros((4, 2)), [5, 5, 5, 6], "equal"),
        (np.zeros((4, 2)), np.zeros((4, 2)), 5.0, "whole number"),
        (np.zeros((4, 2)), np.zeros((4, 2)), 0, "positive"),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), 5, "finite"),
        # Five returns that sum to 1 have squares of at least 5 x 0.2^2 = 0.2.
        (np.ones((4, 2)), np.full((4, 2), 0.19), 5, "less than 5 returns"),
    ],
)
def test_moments_that_no_returns_have_are_refused(sums, squares, counts, words):
    with pytest.raises(DataError, match=words):
        pbo_from_blocks(sums, squares, counts)


def test_moments_of_one_trial_or_for_a_callable_are_refused():
    with pytest.raises(InsufficientDataError, match="received 1"):
        pbo_from_blocks(np.zeros((4, 1)), np.zeros((4, 1)), 5)
    with pytest.raises(ConfigError, match="needs the returns themselves"):
        pbo_from_blocks(np.zeros((4, 2)), np.zeros((4, 2)), 5, statistic=np.mean)


def test_a_half_that_ends_at_zero_is_no_loss():
    # Halves 02 and 13 apart, both trials sum to 0 inside, tie, and earn 0 outside. In 02 the first is best (2) and
    # loses 2 in 13; in 13 the second is best (0) and earns 0: one loss of six.
    sums = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert pbo_from_blocks(sums, sums**2, 1, statistic="sum").loss_probability == pytest.approx(1 / 6)
