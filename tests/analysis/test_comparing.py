import re

import numpy as np
import pytest

import investiq as iq
from investiq.core.facts import format_fact
from investiq.figures.scores import analysis_comparison_chart


@pytest.fixture(scope="module")
def history():
    return iq.History.of(iq.load_bars("^GSPC")[-400:])


@pytest.fixture(scope="module")
def compared(history):
    return iq.analyze(history, as_of="2018-12-31").compare(iq.analyze(history, as_of="2018-09-20"))


def test_changes_are_from_then_to_now(compared):
    table = compared.to_frame()
    assert table.loc["combined", "score_change"] == compared.now.score - compared.then.score < 0
    assert table.loc["technical", "score_then"] == compared.then.engines["technical"].score
    assert np.isnan(table.loc["fundamental", "score_change"])
    assert compared.names == ("2018-09-20", "2018-12-31")


def test_evidence_is_gained_or_lost_or_neither(compared):
    then, now = (
        {f"{each.name} ({name})" for name, signal in view.engines.items() for each in signal.evidence}
        for view in (compared.then, compared.now)
    )
    assert set(compared.gained) == now - then
    assert set(compared.lost) == then - now
    assert "Below SMA-200 (technical)" in compared.gained
    assert "Above SMA-200 (technical)" in compared.lost


def test_an_analysis_compared_with_itself_differs_in_nothing(compared):
    same = compared.now.compare(compared.now)
    assert (same.gained, same.lost) == ((), ())
    assert "Figures that moved" not in str(same)
    assert same.facts()[0].value == 0


def test_two_symbols_are_called_by_their_names(history):
    other = iq.analyze(iq.History.of(iq.load_bars("^IXIC")[-400:]))
    assert iq.analyze(history).compare(other).names == ("^IXIC", "^GSPC")
    earlier = iq.analyze(history, as_of="2018-09-20").compare(other)
    assert earlier.names == ("^IXIC 2018-12-31", "^GSPC 2018-09-20")
    assert earlier.title == "Analysis compared: ^IXIC 2018-12-31 and ^GSPC 2018-09-20"


def test_the_confidence_changes_by_points(compared):
    fact = next(fact for fact in compared.facts() if fact.label == "Change of the confidence")
    then, now = (round(100 * view.confidence, 4) for view in (compared.then, compared.now))
    assert float(format_fact(fact).removesuffix(" points")) == pytest.approx(now - then, abs=0.051)
    assert format_fact(fact)[0] == ("+" if now > then else "-")


def test_only_one_symbols_price_levels_move(compared, history):
    def figures(of, title):
        return {row[1] for table in of.tables() if table.title == title for row in table.rows}

    titles = {
        line.title: compared.now.units.get(line.feature)
        for panels in compared.now.panels.values()
        for panel in panels
        for line in panel.lines
    }
    levels = {title for title, unit in titles.items() if unit in ("price", "money", "amount", "shares")}
    assert figures(compared, "Figures that moved") & levels
    other = iq.analyze(iq.History.of(iq.load_bars("^IXIC")[-400:]))
    differing = figures(iq.analyze(history).compare(other), "Figures that differ")
    assert differing
    assert not differing & levels


def test_text_and_html_state_the_same_cells(compared):
    text = re.sub(r"\s+", " ", str(compared))
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", compared._repr_html_())).replace("&#x27;", "'")
    for table in compared.tables():
        for cell in (cell for row in table.rows for cell in row):
            assert cell in text
            assert cell.replace(">", "&gt;") in plain


def test_the_chart_draws_each_engine_of_both(compared):
    figure = analysis_comparison_chart(compared)
    then, now = (trace for trace in figure.data if trace.showlegend is not False)
    assert (then.name, now.name) == compared.names
    assert list(now.y) == ["Combined", "Technical", "Fundamental", "Quant", "Sentiment"]
    np.testing.assert_array_equal(np.asarray(now.x, dtype=float), compared.to_frame()["score_now"])
