import re

from investiq.core.facts import Fact
from investiq.figures.tables import facts_figure, metric_cards

FACTS = [
    Fact("Total return", -0.1234, "fraction", "after costs"),
    Fact("Profit factor", float("nan"), "ratio", "gross profit / gross loss", "no losing trade"),
    Fact("Average win", 1234.5, "money"),
    Fact("<script>", "a & b", "", "<b>", "<i>"),
]


def test_cards_show_label_number_convention_and_reason():
    html = metric_cards(FACTS)
    text = re.sub(r"<[^>]+>", "|", html)
    assert "|-12.34 %|" in text and "|after costs|" in text
    assert "|n/a|" in text and "|no losing trade|" in text
    assert html.count('<div class="iq-metric">') == 4


def test_money_carries_its_currency():
    assert "|1,234.50 USD|" in re.sub(r"<[^>]+>", "|", metric_cards(FACTS))
    assert "USD" not in metric_cards([Fact("Average win", float("nan"), "money", "", "no winning trade")])


def test_every_text_is_escaped():
    html = metric_cards(FACTS)
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "a &amp; b" in html and "&lt;i&gt;" in html


def test_cards_follow_the_theme_and_yield_to_the_page():
    assert "var(--iq-surface,#ffffff)" in metric_cards(FACTS, theme="light")
    assert "var(--iq-surface,#131a22)" in metric_cards(FACTS, theme="dark")
    assert "tabular-nums" in metric_cards(FACTS)


def test_facts_can_be_drawn_as_a_table():
    figure = facts_figure("A report", FACTS, "SAMPLE")
    labels, numbers, remarks = figure.data[0].cells.values
    assert list(numbers) == ["-12.34 %", "n/a", "1,234.50 USD", "a & b"]
    assert remarks[1] == "gross profit / gross loss; no losing trade"
    assert labels[3] == "&lt;script>"
    assert figure.layout.title.subtitle.text == "SAMPLE data"
