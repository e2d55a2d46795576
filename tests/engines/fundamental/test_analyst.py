import numpy as np
import pandas as pd
import pytest

from investiq.engines.fundamental.analyst import analyst_features, rating_level
from tests.engines.fundamental.conftest import priced, records_of


def at(features, bars, name, day):
    return features[name][np.searchsorted(bars.ts, np.datetime64(day))]


def targets(**changes):
    row = {"day": "2018-02-01", "known_at": "2018-02-01 21:00", "target": 70.0, "high": 80.0, "low": 50.0}
    return records_of("analyst_targets", [row | {"contributors": 12.0} | changes], "day")


def test_the_upside_by_hand(history, share):
    features = analyst_features(history(None, targets()))
    assert at(features, share, "analyst_upside", "2018-02-01") == pytest.approx(70 / 56 - 1)
    assert at(features, share, "analyst_price_to_high", "2018-02-01") == pytest.approx(0.7)
    assert at(features, share, "analyst_price_to_low", "2018-02-01") == pytest.approx(1.12)
    assert at(features, share, "analyst_typical_upside", "2018-02-01") == 0.15
    assert np.isnan(at(features, share, "analyst_upside", "2018-01-31"))


def test_a_target_of_two_analysts_or_of_ninety_days_ago_is_none(history, share):
    few = analyst_features(history(None, targets(contributors=2.0)))
    assert np.isnan(few["analyst_upside"]).all()
    assert not np.isnan(analyst_features(history(None, targets(contributors=3.0)))["analyst_upside"]).all()
    features = analyst_features(history(None, targets()))
    assert not np.isnan(at(features, share, "analyst_upside", "2018-05-01"))
    assert np.isnan(at(features, share, "analyst_upside", "2018-05-04"))


def test_the_median_of_all_companies_is_the_typical_upside(history, share):
    features = analyst_features(history(None, targets(median_upside=0.22)))
    assert at(features, share, "analyst_typical_upside", "2018-02-01") == 0.22


def test_a_split_restates_a_target(history, sample):
    bars = priced(sample, 56.0, split=("2018-03-15", 4.0))
    features = analyst_features(history(None, targets(), bars=bars))
    assert at(features, bars, "analyst_target", "2018-03-15") == pytest.approx(17.5)
    assert at(features, bars, "analyst_upside", "2018-03-15") == pytest.approx(70 / 56 - 1)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("2018-03-14 23:00", 17.5),  # the evening before the ex-date: of an old share
        ("2018-03-15 13:00", 70.0),  # on the morning of the ex-date: of a new one
    ],
)
def test_a_target_is_of_a_share_of_its_own_day(history, sample, known, expected):
    bars = priced(sample, 56.0, split=("2018-03-15", 4.0))
    features = analyst_features(history(None, targets(known_at=known), bars=bars))
    assert at(features, bars, "analyst_target", "2018-03-15") == pytest.approx(expected)


def test_a_year_after_the_last_rating_nobody_follows_the_company(history, share):
    row = {"day": "2016-02-01", "known_at": "2016-02-01 14:00", "firm": "A", "action": "upgrade", "rating": "Buy"}
    features = analyst_features(history(None, records_of("analyst_ratings", [row], "day")))
    assert at(features, share, "analyst_net_changes", "2017-01-30") == 0
    assert np.isnan(at(features, share, "analyst_net_changes", "2017-02-01"))
    assert np.isnan(at(features, share, "analyst_rating", "2017-02-01"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Strong Buy", 2),
        ("strong-sell", -2),
        ("Outperform", 1),
        ("Underperform", -1),
        ("Market Perform", 0),
        ("Market Outperform", 1),
        ("In-Line", 0),
        ("Sector Weight", 0),
        ("Buy", 1),
    ],
)
def test_a_rating_is_read_by_its_longest_name(text, expected):
    assert rating_level(text) == expected


def test_changes_of_thirty_days_count_and_a_start_at_hold_does_not(history, share):
    said = [
        ("2018-02-01", "A", "upgrade", "Buy"),
        ("2018-02-02", "B", "initiated", "Hold"),
        ("2018-02-05", "C", "initiated", "Outperform"),
        ("2018-02-06", "D", "downgrade", "Sell"),
        ("2018-02-07", "E", "reiterated", "Sell"),
    ]
    rows = [
        {"day": day, "known_at": pd.Timestamp(f"{day} 14:00"), "firm": firm, "action": action, "rating": rating}
        for day, firm, action, rating in said
    ]
    features = analyst_features(history(None, records_of("analyst_ratings", rows, "day")))
    assert at(features, share, "analyst_net_changes", "2018-02-05") == 2
    assert at(features, share, "analyst_net_changes", "2018-02-07") == 1
    assert at(features, share, "analyst_net_changes", "2018-03-05") == 0  # the upgrade of February 1 has passed
    assert at(features, share, "analyst_rating", "2018-02-06") == pytest.approx((1 + 0 + 1 - 1) / 4)
    assert np.isnan(at(features, share, "analyst_rating", "2018-01-31"))
