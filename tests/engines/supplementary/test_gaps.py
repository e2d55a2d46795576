import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.engines.supplementary.gaps import TOPIC, gap_features


def history(sample, opens, closes, **changes):
    opens, closes = np.asarray(opens, float), np.asarray(closes, float)
    high, low = np.maximum(opens, closes) + 1, np.minimum(opens, closes) - 1
    bars = sample[: opens.size]
    return iq.History.of(dataclasses.replace(bars, open=opens, close=closes, high=high, low=low, **changes))


def test_until_sixty_gaps_are_known_two_percent_counts(sample):
    found = gap_features(history(sample, [100, 103, 97, 100, 101], [100, 102, 100, 99, 101]))
    # 103/100, 97/102, 100/100, 101/99: +3 %, -4.9 %, 0 and +2.02 %.
    assert found["gap_overnight"][1:].tolist() == pytest.approx([0.03, 97 / 102 - 1, 0.0, 101 / 99 - 1])
    assert found["gap_direction"][1:].tolist() == [1, -1, 0, 1]
    # 103 -> 102 fades the rise, 97 -> 100 takes back the fall, 101 -> 101 does neither.
    assert found["gap_reversed"][1:].tolist() == [-1, 1, 0, 0]
    assert np.isnan(found["gap_overnight"][0])


def test_a_reversed_gap_adds_two_points_and_a_faded_one_takes_them(sample):
    found = gap_features(history(sample, [100, 103, 97, 100], [100, 102, 100, 99]))
    (adjustment,) = TOPIC.adjustments
    assert adjustment.amount(found).tolist() == [0.0, -0.02, 0.02, 0.0]


def test_ex_dates_are_no_gaps(sample):
    factor = np.array([1.0, 1.0, 2.0, 2.0])
    found = gap_features(
        history(sample, [100, 100, 50, 50], [100, 100, 50, 50], split_factor=factor, total_factor=factor)
    )
    assert np.isnan(found["gap_overnight"]).tolist() == [True, False, True, False]


def test_with_a_past_the_rank_decides(sample):
    rng = np.random.default_rng(3)
    size = 200
    closes = np.full(size, 100.0)
    opens = 100 * (1 + rng.uniform(-0.001, 0.001, size))
    opens[-1] = 100.5  # half a percent: the largest of all, far below the plain bound
    found = gap_features(history(sample, opens, closes))
    assert found["gap_rank"][-1] == 1.0
    assert found["gap_direction"][-1] == 1
    assert found["gap_reversed"][-1] == -1


@pytest.mark.parametrize(("below", "direction"), [(91, 1), (90, 0), (50, 0), (10, 0), (9, -1)])
def test_a_gap_lies_beyond_nine_tenths_of_its_past(sample, below, direction):
    past = (np.arange(100) - 49.5) * 1e-4  # half of them falls
    gaps = np.append(np.random.default_rng(2).permutation(past), (below - 50) * 1e-4)
    opens = np.append(100.0, 100 * (1 + gaps))
    found = gap_features(history(sample, opens, np.full(102, 100.0)))
    assert found["gap_rank"][-1] == pytest.approx(below / 100)
    assert found["gap_direction"][-1] == direction


def test_a_close_at_the_open_reverses_nothing(sample):
    found = gap_features(history(sample, [100, 97, 103], [100, 97, 103]))
    assert found["gap_direction"][1:].tolist() == [-1, 1]
    assert found["gap_reversed"][1:].tolist() == [0, 0]


def test_only_daily_bars_have_an_overnight_gap():
    bars = iq.load_bars("SYN001", start="2012").resampled("1w")
    assert np.isnan(gap_features(iq.History.of(bars))["gap_overnight"]).all()
