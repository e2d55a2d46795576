import numpy as np
import pytest

import investiq as iq
from investiq.figures.audit import audit_chart


@pytest.fixture(scope="module")
def close():
    return iq.load_bars("^GSPC", start="2012", end="2012").frame["close"]


@pytest.fixture(scope="module")
def centred(close):
    return iq.audit(lambda close: close.rolling(5, center=True).mean(), close)


def test_the_line_is_what_all_data_say_and_the_dots_what_was_said_at_the_time(centred, close):
    line, dots = audit_chart(centred).data
    assert (line.name, dots.name) == ("With all data", "Known at the time")
    # The leak is at bar 2: bars 0 to 26. The window of bar 2 is bars 0 to 4; at the time no bar had a full window.
    assert list(line.x[:2]) == [str(day.date()) for day in close.index[:2]]
    assert len(line.y) == 27
    assert line.y[2] == pytest.approx(close.iloc[:5].mean())
    assert np.isnan(dots.y).all()


def test_the_first_leak_is_marked(centred):
    figure = audit_chart(centred, theme="dark")
    assert figure.layout.shapes[0].x0 == 2
    assert [note.text for note in figure.layout.annotations] == [" first leak"]


def test_without_a_leak_the_facts_are_drawn(close):
    figure = audit_chart(iq.audit(lambda close: close, close))
    assert figure.data[0].type == "table"


def test_sample_data_are_marked():
    figure = iq.audit(
        lambda bars: np.append(bars.close[1:], np.nan), iq.load_bars("^GSPC", start="2012", end="2012")
    ).figure()
    assert "SAMPLE" in [note.text for note in figure.layout.annotations]
