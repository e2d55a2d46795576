import numpy as np
import pytest

from investiq.analysis.ensemble import PASSING_SCORE, joint_score, joint_side
from investiq.core.errors import ConfigError, DataError

NAN = np.nan


def one(views, confidences=None, **options):
    sure = [0.7] * len(views) if confidences is None else confidences
    return float(joint_side(np.array(views)[:, np.newaxis], np.array(sure)[:, np.newaxis], **options)[0])


def test_a_member_without_a_view_drops_out_and_does_not_vote_0():
    # 1 of 1 with a view among three: the average is 1, not 1/3; but one is fewer than two members.
    assert one([0.5, NAN, 0.0], min_members=1) == 1
    assert one([0.5, NAN, 0.0]) == 0


def test_scores_are_averaged_as_they_are():
    # (0.5 + 0.1) / 2 = 0.3 is a view from 0.3 on; (0.5 + 0.08) / 2 is none.
    assert one([0.5, 0.1]) == 1
    assert one([0.5, 0.08]) == 0
    assert one([-0.5, -0.1]) == -1


def test_a_conflict_can_be_refused():
    assert one([1, 1, 1, -1]) == 1
    assert one([1, 1, 1, -1], refuse_conflict=True) == 0
    # One that does not count is no conflict.
    assert one([1, 1, 1, -1], [0.7, 0.7, 0.7, 0.59], refuse_conflict=True) == 1


def test_weights_weigh_and_confidence_can_too():
    # (3 x 1 - 1 x 1) / 4 = 0.5; with confidence (3 x 0.6 - 1 x 1.0) / 2.8 = 0.286.
    assert one([1, -1], weights=[3, 1]) == 1
    assert one([1, -1], [0.6, 1.0], weights=[3, 1], method="confidence_weighted") == 0


@pytest.mark.parametrize("method", ["majority", "unanimous", "maximum_confidence"])
def test_all_agree_by_every_method(method):
    assert one([-1, -1, -1], method=method) == -1


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # Scores 0.9, 0.5 and 0.4, and in a second row 0.6 alone.
        ("mean", (0.6, 0.6)),
        ("product", (0.18, 0.6)),
        ("minimum", (0.4, 0.6)),
        ("maximum", (0.9, 0.6)),
    ],
)
def test_filters_are_combined_by_hand(method, expected):
    scores = np.array([[0.9, NAN], [0.5, 0.6], [0.4, NAN]])
    assert joint_score(scores, method=method) == pytest.approx(expected)


def test_weights_of_filters_are_divided_by_those_present():
    # (3 x 0.9 + 1 x 0.5) / 4 = 0.8; without the first (1 x 0.5 + 4 x 0.25) / 5 = 0.3.
    scores = np.array([[0.9, NAN], [0.5, 0.5], [NAN, 0.25]])
    assert joint_score(scores, method="weighted_average", weights=[3, 1, 4]) == pytest.approx([0.8, 0.3])


def test_a_score_of_one_half_passes_and_none_does_not():
    joint = joint_score(np.array([[0.5, 0.499, NAN]]))
    assert (joint >= PASSING_SCORE).tolist() == [True, False, False]
    for method in ("product", "minimum", "maximum"):
        assert np.isnan(joint_score(np.array([[NAN], [NAN]]), method=method)).all()


def test_filters_that_cannot_be_combined_are_refused():
    one = np.array([[0.5]])
    with pytest.raises(DataError, match=r"1 of 2 scores lie outside \[0, 1\]"):
        joint_score(np.array([[0.5, NAN], [1.1, NAN]]))
    with pytest.raises(ConfigError, match="method must be one of mean, weighted_average, product"):
        joint_score(one, method="median")
    with pytest.raises(ConfigError, match="weights must be 1 numbers above 0"):
        joint_score(one, method="weighted_average", weights=[1, 2])
    for method, weights in (("mean", [1]), ("weighted_average", None)):
        with pytest.raises(ConfigError, match="weights belong to the weighted average"):
            joint_score(one, method=method, weights=weights)
