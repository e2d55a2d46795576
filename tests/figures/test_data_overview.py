"""The charts of the data page show the counts of the overview."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.figures.data_overview import data_coverage_map, findings_chart


@pytest.fixture(scope="module")
def overview(tmp_path_factory):
    # Of May 2016, which had 21 sessions, ten are taken away.
    rows = iq.load_bars("SYN001", "2016", "2016").frame[["open", "high", "low", "close", "volume"]]
    may = rows.index[rows.index.month == 5]
    path = tmp_path_factory.mktemp("gap") / "gap.csv"
    rows.drop(may[5:15]).rename_axis("date").tz_convert(None).to_csv(path)
    return iq.data_overview(
        [iq.read_bars("MINE", path, price_basis="as_traded"), iq.load_bars("SYN002", "2016", "2017")]
    )


def test_a_cell_holds_what_was_counted(overview):
    [cells] = data_coverage_map(overview).data
    row, column = list(cells.y).index("MINE"), list(cells.x).index("2016-05-15")
    assert cells.customdata[row][column].tolist() == [11, 21]
    # A gap lies on the lower part of the scale, a full month at its top.
    assert cells.z[row][column] == pytest.approx(0.98 * 11 / 21)
    assert cells.z[row][0] == 1.0


def test_a_month_without_an_expected_session_is_blank(overview):
    [cells] = data_coverage_map(overview).data
    assert np.isnan(cells.z[list(cells.y).index("MINE")][12:]).all()
    assert (cells.z[list(cells.y).index("SYN002")][12:] == 1.0).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sixty_series_stay_legible(theme):
    bars = iq.load_bars("SYN002", "2016", "2017")
    overview = iq.data_overview([dataclasses.replace(bars, symbol=f"S{number}") for number in range(60)])
    figure = data_coverage_map(overview, theme=theme)
    assert len(figure.layout.yaxis.tickvals) == 60
    rows = figure.layout.height - figure.layout.margin.t
    assert rows / 60 > figure.layout.yaxis.tickfont.size + 2


def test_findings_are_counted_by_check_errors_first(overview):
    traces = findings_chart(overview).data
    found = overview.findings_frame()
    assert [trace.name for trace in traces] == [name for name in ("error", "caution", "info") if (found["severity"] == name).any()]  # fmt: skip
    drawn = {
        label.partition(" ")[2]: int(count) for trace in traces for label, count in zip(trace.y, trace.x, strict=True)
    }
    assert drawn["missing sessions"] == 1


def test_records_alone_cannot_be_drawn():
    with pytest.raises(DataError, match="no series of this overview has sessions"):
        data_coverage_map(iq.data_overview("^VIX"))
    with pytest.raises(DataError, match="no check found anything"):
        findings_chart(iq.data_overview("^VIX"))
