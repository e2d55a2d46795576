import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.figures.screens import screen_chart
from investiq.figures.theme import theme_of


@pytest.fixture(scope="module")
def screen():
    # An index has no statements and no news: two engines are silent.
    return iq.screen(["^GSPC", "^IXIC", "SYN001"], as_of="2012-12-31")


def test_every_cell_is_the_score_of_its_symbol_and_engine(screen):
    [cells] = screen_chart(screen).data
    scores = pd.DataFrame(cells.z, index=cells.y, columns=cells.x)
    columns = {"Combined": "score", "Technical": "technical_score", "Quant": "quant_score"}
    for symbol in ("^GSPC", "^IXIC", "SYN001"):
        # Asked for one by one, an analysis says the same.
        last = iq.analyze(symbol, as_of="2012-12-31").table.iloc[-1]
        for title, column in columns.items():
            assert scores.loc[symbol, title] == pytest.approx(last[column], abs=1e-9)


def test_the_highest_score_stands_on_top(screen):
    figure = screen_chart(screen)
    combined = np.asarray(figure.data[0].z)[:, 0]
    assert (np.diff(combined) <= 0).all()
    assert figure.layout.yaxis.autorange == "reversed"


def test_a_silent_engine_leaves_its_cell_empty(screen):
    [cells] = screen_chart(screen).data
    row, column = list(cells.y).index("^GSPC"), list(cells.x).index("Fundamental")
    assert np.isnan(cells.z[row][column])
    assert cells.text[row][column] == ""
    assert cells.hoverongaps is False


def test_colours_are_centred_on_zero(screen):
    for theme in ("light", "dark"):
        [cells] = screen_chart(screen, theme=theme).data
        assert (cells.zmin, cells.zmax) == (-100, 100)
        assert cells.colorscale[2] == (0.5, theme_of(theme).diverging[2][1])


def test_no_more_symbols_are_drawn_than_asked_for_and_the_subtitle_says_so(screen):
    figure = screen_chart(screen, most=2)
    assert list(figure.data[0].y) == list(screen.matches.index[:2])
    assert "the first 2" in figure.layout.title.subtitle.text
    assert "the first" not in screen_chart(screen).layout.title.subtitle.text


def test_the_watermark_stands_below_the_numbers(screen):
    [note] = screen_chart(screen).layout.annotations
    assert "SAMPLE" in note.text
    assert "SYNTHETIC" in note.text
    assert (note.y, note.yanchor) == (0, "top")


def test_a_screen_without_matches_is_an_empty_chart_with_its_condition():
    nothing = iq.screen(["^GSPC"], where="score > 100", as_of="2012-12-31")
    figure = screen_chart(nothing)
    assert len(figure.data[0].y) == 0
    assert "score > 100" in figure.layout.title.subtitle.text
