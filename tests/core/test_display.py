import re

from investiq.core.display import facts_table, lines_table, to_html, to_text
from investiq.core.facts import Fact, Table
from investiq.core.notes import Note
from investiq.core.result import Result

LINES = Table(
    "Evidence",
    ("Signal", "Vote", "In words"),
    (("Golden Cross", "+4", "50 over 200"), ("<Oversold>", "-2", "rank 15 %")),
    signed=("Vote",),
)


class Small(Result):
    kind = "small"
    title = "A & B"
    watermark = "SAMPLE"
    notes = (Note(code="a", text="mind the <gap>"),)

    def facts(self):
        return [
            Fact("Return", 0.0123, "fraction", "simple", "a note"),
            Fact("Sharpe", float("nan"), "ratio", "", "flat"),
        ]

    def tables(self):
        return [LINES]

    def provenance(self):
        return [Fact("Source", "a file")]


class Plain(Small):
    def tables(self):
        return Result.tables(self)


def test_the_text_form_shows_facts_lines_notes_and_provenance_in_order():
    assert str(Small()).splitlines() == [
        "A & B  [SAMPLE]",
        "  Return  1.23 %  simple; a note",
        "  Sharpe     n/a  flat",
        "",
        "  Evidence",
        "  Signal        Vote  In words",
        "  Golden Cross    +4  50 over 200",
        "  <Oversold>      -2  rank 15 %",
        "",
        "  ! mind the <gap>",
        "",
        "  Provenance and conventions",
        "  Source  a file",
    ]


def test_the_html_form_escapes_everything_and_shows_the_same_cells():
    html = Small()._repr_html_()
    assert "<h3>A &amp; B" in html
    assert "&lt;Oversold&gt;" in html
    assert "mind the &lt;gap&gt;" in html
    body = re.sub(r"<style>.*?</style>", "", html)
    for text in ("1.23 %", "simple; a note", "n/a", "Golden Cross", "+4", "50 over 200", "a file", "SAMPLE"):
        assert text in body


def test_a_signed_number_keeps_its_sign_beside_its_colour():
    html = Small()._repr_html_()
    assert '<td class="iq-n iq-up">+4</td>' in html
    assert '<td class="iq-n iq-down">-2</td>' in html


def test_a_result_without_lines_shows_none():
    assert "<h4>" not in Plain()._repr_html_()
    assert "Evidence" not in str(Plain())


def test_a_sentence_wraps_and_a_number_does_not():
    rows = facts_table([Fact("Return", 0.25, "fraction"), Fact("Reason", "because " * 12)]).split("<tr>")
    assert '<td class="iq-value">25.00 %</td>' in rows[1]
    assert '<td class="iq-value iq-words" colspan="2">because' in rows[2]


def test_only_texts_longer_than_a_line_may_wrap():
    sixty, longer = "x" * 60, "x" * 61
    page = lines_table(Table("Choices", ("choice", longer), ((sixty, longer),)))
    assert f'<th scope="col" class="iq-wide">{longer}</th>' in page
    assert f'<td>{sixty}</td><td class="iq-wide">{longer}</td>' in page


def test_a_score_has_its_place_drawn_beside_it_and_a_folded_table_keeps_its_rows():
    table = Table(
        "Engines", ("Engine", "Score"), (("A", "+40.0"), ("B", "-35.0"), ("C", "n/a")), signed=("Score",),
        scales=("Score",), is_folded=True,
    )  # fmt: skip
    html = to_html("T", [], [], [], None, [table], "score +40.0")
    # From the middle, half a percent of the width per point: 50 to 70, and 32.5 to 50.
    assert "left:50.0%;width:20.0%" in html
    assert "left:32.5%;width:17.5%" in html
    # The missing score has an empty place, so that the numbers stay under each other.
    assert html.count('class="iq-scale"') == 2
    assert 'n/a<span class="iq-scale iq-none" aria-hidden="true"></span>' in html
    assert ".iq-scale.iq-none{visibility:hidden}" in html
    assert '<details class="iq-fold"><summary><h4>Engines</h4></summary>' in html
    assert '<p class="iq-headline">score +40.0</p>' in html
    text = to_text("T", [], [], [], None, [table], "score +40.0")
    assert all(cell in text for row in table.rows for cell in row)
    assert text.splitlines()[1] == "score +40.0"
