"""One topic of an analysis by itself: its numbers, its records, and why there is nothing."""

from __future__ import annotations

import math

import pytest

import investiq as iq
from investiq.analysis.topic_records import relative_strength
from investiq.analysis.topic_views import TOPIC_NAMES, topic_view
from investiq.core.errors import DataError


@pytest.fixture(scope="module")
def share():
    return iq.analyze(iq.load_bars("SYN001", start="2017-01-03"))


@pytest.fixture(scope="module")
def index():
    return iq.analyze(iq.load_bars("^GSPC", start="2016-01-04"))


@pytest.mark.parametrize("name", TOPIC_NAMES)
def test_a_company_has_every_topic_and_each_is_drawn(share, name):
    view = topic_view(share, name)
    assert view.reason == ""
    assert view.figure(theme="dark").data
    assert view.headline in str(view)


def test_an_index_says_why_it_has_no_records_of_a_company(index):
    missing = {name: topic_view(index, name).reason for name in TOPIC_NAMES}
    assert {name for name, reason in missing.items() if not reason} == {"correlations", "macro", "relative_strength"}
    assert missing["options"] == "needs option chains; the sample holds indices, which have none"
    with pytest.raises(DataError, match="nothing to draw"):
        topic_view(index, "options").figure()


def test_the_facts_are_those_of_the_table(share):
    named = {fact.label: fact for fact in topic_view(share, "short_interest").facts()}
    assert named["Of the float"].value == share.table["short_float"].iloc[-1]
    assert named["Breakout pressure"].value == share.table["squeeze_pressure"].iloc[-1]


def test_a_missing_number_has_a_reason(share):
    facts = [fact for name in TOPIC_NAMES for fact in topic_view(share, name).facts()]
    missing = [fact for fact in facts if isinstance(fact.value, float) and math.isnan(fact.value)]
    assert missing
    assert all(fact.note for fact in missing)


def test_reports_are_the_newest_first_and_none_of_the_future(share):
    rows = topic_view(share, "earnings").tables()[0].rows
    days = [row[1] for row in rows]
    assert days == sorted(days, reverse=True)
    assert days[0] <= share.bar


def test_few_points_of_news_are_told(share):
    points = share.table["news_velocity_points"].iloc[-1]
    assert points < 10
    assert f"{points:.0f} hour(s)" in topic_view(share, "news_velocity").notes[0].text


def test_relative_strength_weighs_three_past_returns(share):
    ranked = relative_strength(share.history)
    close = share.bars.adjusted("total").close
    day, week, month = (close[-1] / close[-1 - count] - 1 for count in (1, 5, 21))
    assert ranked.loc["SYN001", "momentum"] == pytest.approx(0.1 * day + 0.3 * week + 0.6 * month)
    assert ranked["momentum"].is_monotonic_decreasing
    assert len(ranked) == len(share.history.series)


def test_an_unknown_topic_is_refused_with_a_near_match(share):
    with pytest.raises(DataError, match="earnings"):
        topic_view(share, "earning")
