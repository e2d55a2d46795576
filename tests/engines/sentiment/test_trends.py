import numpy as np
import pytest

from investiq.engines.sentiment.trends import block_means, points_in, slopes, velocity

NOW = np.datetime64("2020-03-10T21:00", "us")
DAY = np.timedelta64(24, "h")


def before(*hours):
    return NOW - (np.array(hours) * 3600).astype("timedelta64[s]")


def test_means_of_days_need_three_articles():
    usable = before(47, 40, 25, 24, 23, 10, 1)
    tone = np.array([1.0, 2, 3, 6, 0, 1, 5])
    # The last 24 hours hold 0, 1, 5; the 24 before 1, 2, 3 and 6, which is exactly 24 hours old.
    newer, older = block_means(usable, tone, np.array([NOW]), DAY, 2)
    assert (newer[0], older[0]) == (2.0, 3.0)
    newer, older = block_means(usable, tone, np.array([NOW]), DAY, 2, least=4)
    assert np.isnan(newer[0])
    assert older[0] == 3.0


def test_means_carry_no_rounding_of_the_articles_before():
    # Whatever came before, the difference of 1.5 between two days is 1.5 and not beyond it.
    rng = np.random.default_rng(5)
    for _ in range(50):
        tone = np.concatenate([rng.choice([-3, -1.0, 1 / 3, 0.6, 3 / 7], 100), [-0.6] * 3, [0.9] * 3])
        usable = before(*np.linspace(2000, 60, 100), 40, 35, 30, 20, 10, 1)
        newer, older = block_means(usable, tone, np.array([NOW]), DAY, 2)
        assert newer[0] - older[0] == 1.5


def test_a_straight_line_has_its_own_slope():
    usable = before(70, 50, 33, 12, 2)
    days = (usable - NOW) / DAY
    assert slopes(usable, 5 - 7 * days, np.array([NOW])) == pytest.approx([-7])


def test_the_slope_is_that_of_hourly_means_weighted_by_their_articles():
    rng = np.random.default_rng(4)
    hours = np.array([60, 41, 30, 8, 3])
    counts = np.array([1, 4, 2, 3, 5])
    means = rng.normal(0, 30, 5)
    usable, tone = np.repeat(before(*hours), counts), np.repeat(means, counts)
    expected = np.polyfit(-hours / 24, means, 1, w=np.sqrt(counts))[0]
    assert slopes(usable, tone, np.array([NOW])) == pytest.approx([expected])


def test_a_slope_needs_articles_in_three_hours_of_the_clock_within_72_hours():
    assert np.isnan(slopes(before(30.0, 10.2, 10.1), np.array([1.0, 2, 3]), np.array([NOW]))).all()
    assert np.isnan(slopes(before(72, 30, 10), np.array([1.0, 2, 3]), np.array([NOW]))).all()
    assert not np.isnan(slopes(before(71.9, 30, 10), np.array([1.0, 2, 3]), np.array([NOW]))).any()


def test_points_are_hours_of_the_clock():
    usable = np.array(["2020-01-01T10:00", "2020-01-01T10:59", "2020-01-01T11:00", "2020-01-02T11:30"], "M8[us]")
    first, last = np.array([0, 1, 2, 3, 4, 1]), np.array([4, 4, 4, 4, 4, 2])
    assert points_in(usable, first, last).tolist() == [3, 3, 2, 1, 0, 1]


def test_velocity_is_measured_in_deviations_of_the_slopes_before():
    rng = np.random.default_rng(6)
    usable = np.sort(NOW + rng.integers(0, 200 * 86400, 200 * 8).astype("timedelta64[s]"))
    tone = rng.normal(0, 40, usable.size)
    decisions = NOW + np.arange(4, 200) * DAY
    found = velocity(usable, tone, decisions)
    slope = slopes(usable, tone, decisions)
    row = 150
    own = slope[:row].std(ddof=1)
    assert found["velocity_z"][row] == pytest.approx(slope[row] / own)
    assert np.isnan(found["velocity_z"][59])
    assert found["velocity_z"][60] == pytest.approx(slope[60] / slope[:60].std(ddof=1))
    half = np.timedelta64(36, "h")
    newer, older = (slopes(usable, tone, decisions[[row]] - back, half)[0] for back in (0 * half, half))
    assert found["acceleration_z"][row] == pytest.approx((newer - older) / 1.5 / own)


@pytest.mark.parametrize("tone", [100 / 3, -20.0, 10.0, 0.0])
def test_a_tone_that_does_not_change_has_no_deviations_to_measure_by(tone):
    # The mean of many 100/3 is not 100/3 to the last digit: slopes of 1e-14 must not become deviations of 6.
    usable = np.sort(NOW + np.random.default_rng(1).integers(0, 200 * 86400, 1600).astype("timedelta64[s]"))
    found = velocity(usable, np.full(usable.size, tone), NOW + np.arange(4, 200) * DAY)
    assert np.isnan(found["velocity_z"]).all()
    assert np.isnan(found["acceleration_z"]).all()
    assert found["velocity"] == pytest.approx(0, abs=1e-9)


def test_the_slope_of_noise_is_as_often_up_as_down():
    rng = np.random.default_rng(8)
    usable = np.sort(NOW + rng.integers(0, 900 * 86400, 900 * 8).astype("timedelta64[s]"))
    found = velocity(usable, rng.normal(0, 40, usable.size), NOW + np.arange(4, 900, 3) * DAY)["velocity"]
    # 299 windows without common articles: the share of rises lies within 3 standard errors of one half.
    assert abs(np.mean(found > 0) - 0.5) < 3 * 0.5 / np.sqrt(299)
