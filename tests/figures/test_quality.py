"""The coverage map and the chart of a vendor's adjustment show the numbers of their results."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.figures.quality import MOST_SYMBOLS, adjustment_chart, coverage_map
from investiq.figures.theme import theme_of


def without(bars, *rows):
    kept = np.delete(np.arange(len(bars)), rows)
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    return dataclasses.replace(bars, **{name: getattr(bars, name)[kept] for name in names})


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^IXIC", "2016", "2017")


def renamed(bars, count):
    return [dataclasses.replace(bars, symbol=f"S{number:03}") for number in range(count)]


def test_one_symbol_is_drawn_by_year_and_month_with_the_missing_sessions_in_the_cells(bars):
    # Rows 30 and 31 of 2016 are 2016-02-17 and 18: February has 20 sessions.
    (heat,) = coverage_map(iq.check_bars(without(bars, 30, 31))).data
    assert list(heat.y) == ["2016", "2017"]
    assert len(heat.x) == 12
    assert heat.customdata[0][1].tolist() == [18, 20]
    assert [text for row in heat.text for text in row if text] == ["2"]


def test_complete_cells_and_gaps_have_different_colours(bars):
    figure = coverage_map(iq.check_bars(without(bars, 30)))
    (heat,) = figure.data
    scale = [stop for stop, _ in heat.colorscale]
    assert heat.z[0][0] == 1.0
    # One of 20 sessions of February is missing: still on the side of the gaps.
    assert heat.z[0][1] == pytest.approx(0.95 * scale[2])
    assert scale[2] == scale[3]


@pytest.mark.parametrize(("length", "unit", "columns"), [(100, "session", 100), (503, "week", 104)])
def test_columns_are_sessions_then_weeks(bars, length, unit, columns):
    # From Monday 2016-01-04 to Friday 2017-12-29 are 728 days with the last weekend: 104 weeks.
    figure = coverage_map(iq.check_bars(renamed(bars[:length], 3)))
    assert f"by {unit}" in figure.layout.title.subtitle.text
    assert len(figure.data[0].x) == columns
    assert list(figure.data[0].y) == ["S000", "S001", "S002"]


def test_ten_years_are_drawn_by_month():
    # 2010 to 2019 are 522 weeks, more than 180, and 120 months.
    figure = coverage_map(iq.check_bars(["SYN001", "SYN010"]))
    assert "by month" in figure.layout.title.subtitle.text
    assert len(figure.data[0].x) == 120


def test_before_its_first_bar_a_symbol_is_blank_and_not_missing(bars):
    late = dataclasses.replace(bars[200:], symbol="LATE")
    (heat,) = coverage_map(iq.check_bars([bars, late])).data
    row = list(heat.y).index("LATE")
    assert np.isnan(heat.z[row][0])
    assert (np.asarray(heat.z[row])[~np.isnan(heat.z[row])] == 1.0).all()


def test_of_too_many_symbols_those_with_gaps_are_drawn(bars):
    few = bars[:80]
    gappy = dataclasses.replace(without(few, 20, 21), symbol="Z-GAPS")
    figure = coverage_map(iq.check_bars([*renamed(few, MOST_SYMBOLS + 4), gappy]))
    assert len(figure.data[0].y) == MOST_SYMBOLS
    assert "Z-GAPS" in figure.data[0].y
    assert "5 series not drawn" in figure.layout.title.subtitle.text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_and_watermark_are_kept(bars, theme):
    figure = iq.check_bars(bars).figure(theme=theme)
    assert figure.layout.template.layout.paper_bgcolor == theme_of(theme).surface
    assert [note.text for note in figure.layout.annotations] == ["SAMPLE"]


def test_weeks_have_no_coverage_and_are_drawn_empty(bars):
    weekly = dataclasses.replace(bars[::1][:5], interval="1w")
    weekly = without(
        dataclasses.replace(weekly, passport=dataclasses.replace(weekly.passport, interval="1w")), 1, 2, 3, 4
    )
    assert len(coverage_map(iq.check_bars(weekly)).data[0].y) == 0


def test_a_disagreement_is_a_step_in_the_chart():
    bars = iq.load_bars("SYN001")
    vendor = bars.adjusted().frame["close"] / bars.total_factor[-1]
    vendor.iloc[:1000] *= 1.02
    lab = iq.check_actions(bars, vendor)
    figure = lab.figure()
    level = next(trace for trace in figure.data if trace.name == "Vendor over ours")
    assert level.y[0] == pytest.approx(0.02)
    assert level.y[-1] == 0.0
    wrong = next(trace for trace in figure.data if trace.name == "Disagrees")
    assert [str(day)[:10] for day in wrong.x] == [str(bars.ts[1000])[:10]]
    assert "1 of 42 ex-dates" in figure.layout.title.subtitle.text
    assert adjustment_chart(lab, theme="dark").layout.template.layout.paper_bgcolor == theme_of("dark").surface
