"""The figure of two readings: returns that part, and bars that only one has."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq


@pytest.fixture(scope="module")
def diff():
    """The S&P 500 of December 2018 without its last two bars, and with a close corrected by 1 % on 20 December."""
    bars = iq.load_bars("^GSPC", start="2018-12")
    row = int(np.flatnonzero(bars.ts == np.datetime64("2018-12-20"))[0])
    close, high = bars.close.copy(), bars.high.copy()
    close[row] *= 1.01
    high[row] = max(high[row], close[row])
    return iq.compare_data(bars[:-2], dataclasses.replace(bars, close=close, high=high))


def test_a_bar_stands_where_a_return_changed(diff):
    figure = diff.figure()
    changes = figure.data[0]
    # The close of the 20th takes part in its own return and in that of the 21st.
    assert [str(label)[:10] for label in changes.x] == ["2018-12-20", "2018-12-21"]
    np.testing.assert_allclose(changes.y, diff.return_change[diff.return_change != 0])


def test_bars_that_were_added_are_marked_and_counted(diff):
    added, removed = diff.figure().data[1:]
    assert added.name == "Bars added (2)"
    assert [str(label)[:10] for label in added.x] == ["2018-12-28", "2018-12-31"]
    assert removed.name == "Bars removed (0)"


def test_the_figure_states_why_and_carries_the_watermark(diff):
    figure = diff.figure(theme="dark")
    assert figure.layout.title.subtitle.text == diff.why
    assert [note.text for note in figure.layout.annotations] == ["SAMPLE"]
    assert figure.layout.template.layout.paper_bgcolor == "#131a22"
