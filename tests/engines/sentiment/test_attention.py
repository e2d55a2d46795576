import numpy as np
import pytest

from investiq.engines.sentiment.attention import buzz

START = np.datetime64("2020-01-01T12:01", "us")
HOUR = np.timedelta64(1, "h")
DAY = np.timedelta64(24, "h")


def daily(counts):
    """Return articles in the noons of consecutive days."""
    return np.concatenate([np.full(count, START + day * DAY) for day, count in enumerate(counts)])


def at(day, usable, hour=21):
    found = buzz(usable, np.array([START + day * DAY + (hour - 12) * HOUR]))
    return [float(found[name][0]) for name in ("buzz_ratio", "buzz_z_score", "abnormal_buzz")]


def test_buzz_compares_a_day_with_the_60_before_it():
    # Two a day, then five: 5 / 2, and (5 - 2) / sqrt(2).
    usable = daily([2] * 80 + [5])
    assert at(80, usable) == pytest.approx([2.5, 3 / np.sqrt(2), 1])
    assert at(79, usable) == pytest.approx([1, 0, 0])


def test_a_quiet_symbol_is_measured_against_half_an_article_and_a_deviation_of_one():
    # 6 articles in 60 days are 0.1 a day: 2 / 0.5, and (2 - 0.1) / 1; two are no abnormal buzz.
    counts = [1] + [0] * 79 + [2]
    counts[25:79:10] = [1] * 6
    assert at(80, daily(counts)) == pytest.approx([4, 1.9, 0])


def test_the_98th_percentile_of_the_symbols_own_days_decides():
    # 58 days of 1 and two of 4: place 0.98 x 59 = 57.82 between the 58th and 59th: 1 + 0.82 x 3 = 3.46.
    counts = [1] * 80
    counts[40], counts[60] = 4, 4
    assert at(80, daily([*counts, 3]))[2] == 0
    assert at(80, daily([*counts, 4]))[2] == 1


def test_the_baseline_leaves_out_the_day_in_which_the_24_hours_begin():
    counts = [2] * 80
    counts[79] = 60  # yesterday noon: neither in the last 24 hours nor in the baseline
    assert at(80, daily([*counts, 2])) == pytest.approx([1, 0, 0])
    assert at(81, daily([*counts, 2, 2]))[0] == pytest.approx(2 / (2 + 58 / 60))


def test_buzz_is_unknown_until_60_whole_days_are_covered():
    # The first day may be covered in part, and the day before the decision's is partly its own.
    usable = daily([2] * 70)
    assert np.isnan(at(61, usable)).all()
    assert at(62, usable) == pytest.approx([1, 0, 0])


def test_buzz_without_an_article_is_unknown():
    assert all(np.isnan(values).all() for values in buzz(np.array([], "M8[us]"), np.array([START])).values())


def test_chance_alone_is_called_abnormal_on_few_days():
    rng = np.random.default_rng(5)
    usable = np.sort(START + rng.integers(0, 2000 * 86400, 2000 * 6).astype("timedelta64[s]"))
    decisions = START + np.arange(70, 2000) * DAY
    share = np.nanmean(buzz(usable, decisions)["abnormal_buzz"])
    assert 0.01 < share < 0.05  # stated: some 3 %


def test_the_usual_number_itself_is_not_abnormal():
    # Four articles a day, every day: 4 is the 98th percentile and not above it; one more is.
    start = np.datetime64("2020-01-01T01:00", "us")
    usable = start + np.arange(70 * 4) * np.timedelta64(6, "h")
    at = np.array([np.datetime64("2020-03-11T00:00", "us")])
    assert buzz(usable, at)["buzz_ratio"] == pytest.approx([1.0])
    assert buzz(usable, at)["abnormal_buzz"] == [0]
    assert buzz(np.append(usable, at - np.timedelta64(1, "h")), at)["abnormal_buzz"] == [1]
