import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.engines.supplementary.short_interest import TOPIC, short_features
from investiq.history.records import Records


@pytest.fixture(scope="module")
def bars():
    """The sample's last year with 1,000 shares traded a day, split 2 for 1 on 2018-06-20."""
    sample = iq.load_bars("^GSPC", start="2018")
    after = sample.index >= "2018-06-20"
    factor = np.where(after, 2.0, 1.0)
    price = 100 / factor
    return dataclasses.replace(
        sample, open=price, high=price, low=price, close=price, volume=1_000 * factor, split_factor=factor, total_factor=factor
    )  # fmt: skip


def reports(*rows):
    """From (settled, published, shares, share of the float)."""
    frame = pd.DataFrame(rows, columns=["day", "known_at", "short_interest", "float_pct"])
    frame["known_at"] = pd.to_datetime(frame["known_at"] + " 20:00", utc=True).dt.as_unit("us")
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.pop("day"), utc=True).dt.as_unit("us"), name="ts")
    return Records(
        kind="short_interest", name="short_interest", frame=frame.astype({"short_interest": float}).sort_index(),
        provider="test", source="by hand", known_at_rule="publication", unit="shares",
    )  # fmt: skip


MAY = ("2018-05-15", "2018-05-24", 5_000, 0.12)
JUNE = ("2018-06-15", "2018-06-26", 6_000, 0.25)


def at(bars, day, *rows):
    table = pd.DataFrame(short_features(iq.History.of(bars, records=[reports(*rows)])), index=bars.index)
    return table.loc[day]


def test_a_report_counts_from_its_publication(bars):
    assert np.isnan(at(bars, "2018-05-23", MAY)["short_shares"])
    row = at(bars, "2018-05-24", MAY)
    # 5,000 shares over 1,000 a day; twelve per cent of the float and more than four days.
    assert row[["short_shares", "short_float", "short_days_to_cover"]].to_list() == [5_000, 0.12, 5.0]
    assert row["short_level"] == "Moderate"
    assert np.isnan(row["short_change"])


def test_a_split_moves_the_shares_and_nothing_else(bars):
    # 6,000 shares before the split are 12,000 after it, still six days' volume; 6,000 to 5,000 is +20 %.
    row = at(bars, "2018-06-26", MAY, JUNE)
    assert row["short_shares"] == 12_000
    assert row["short_days_to_cover"] == pytest.approx(6.0)
    assert row["short_change"] == pytest.approx(0.2)
    assert row["short_level"] == "Moderate"  # a quarter of the float, but not seven days


@pytest.mark.parametrize(
    ("share", "shares", "level"),
    [(0.21, 7_010, "High"), (0.20, 7_010, "Moderate"), (0.11, 4_010, "Moderate"), (0.10, 9_000, "Low"), (np.nan, 9_000, "")],
)  # fmt: skip
def test_the_level_needs_both_float_and_days(bars, share, shares, level):
    row = at(bars, "2018-05-24", ("2018-05-15", "2018-05-24", shares, share))
    assert row["short_level"] == level


def test_a_late_correction_of_an_old_settlement_does_not_replace_the_newest(bars):
    correction = ("2018-05-15", "2018-07-02", 9_000, 0.5)
    assert at(bars, "2018-07-03", MAY, JUNE, correction)["short_float"] == 0.25


def test_reports_that_stop_grow_too_old(bars):
    view = SupplementaryView((TOPIC,))
    features = view.features(iq.History.of(bars, records=[reports(MAY)]))
    assert features.loc["2018-07-13", "short_shares"] == 10_000
    row = features.loc["2018-07-16"]
    assert np.isnan(row["short_shares"])
    assert view.explain(row).missing["short_float"] == "the latest settlement was 63 days ago"


def test_without_volume_there_is_no_time_to_cover(bars):
    silent = dataclasses.replace(bars, volume=np.full(len(bars), np.nan))
    row = at(silent, "2018-05-24", MAY)
    assert np.isnan(row["short_days_to_cover"])
    assert (row["short_float"], row["short_level"]) == (0.12, "")
