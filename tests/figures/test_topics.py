"""The small charts leave room for what they show."""

from __future__ import annotations

import pytest

import investiq as iq
from investiq.analysis.topic_views import topic_view
from investiq.figures.radar import radar_chart
from investiq.figures.topics import topic_chart


@pytest.fixture(scope="module")
def company():
    return iq.analyze("SYN001", as_of="2014")


@pytest.mark.parametrize("topic", ["earnings", "dividends"])
def test_the_longest_bar_ends_a_tenth_below_the_top(company, topic):
    figure = topic_chart(topic_view(company, topic))
    low, high = figure.layout.yaxis.range
    tallest = max(float(each) for trace in figure.data[: 2 if topic == "earnings" else 1] for each in trace.y)
    assert high == pytest.approx(1.1 * tallest)
    assert low <= 0


def test_the_bars_of_the_squeeze_are_on_a_scale_with_numbers(company):
    axis = topic_chart(topic_view(company, "short_interest")).layout.xaxis2
    assert axis.tickvals == (0, 5, 10, 15, 20)
    assert axis.showticklabels is not False


def test_the_top_label_of_the_radar_stands_below_the_subtitle(company):
    figure = radar_chart(iq.risk_radar(company))
    # Two lines of 11 px letters below a title line of 22 and one of 17 px, with 16 above and 20 below these.
    assert figure.layout.margin.t >= 16 + 22 + 17 + 20 + 2 * 14
