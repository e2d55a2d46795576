import numpy as np
import pytest

from investiq.analysis.ensemble import joint_side

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
