"""Each template, run for real over a short period: every figure drawn, none empty, the summary on the page."""

from __future__ import annotations

import nbformat
import pytest

from investiq.reporting.exporting import FIGURE_TYPE
from investiq.reporting.making import make_report

RUNS = {
    "symbol_analysis": ({"symbol": "^IXIC", "start": "2017", "end": "2017-12-31"}, 6),
    "strategy_comparison": ({"start": "2016", "end": "2017-12-31"}, 1),
    "walk_forward": (
        {"start": "2015", "end": "2017-12-31", "grid": "fast 5, 10; slow 20, 40", "train_sessions": 250, "test_sessions": 125},
        4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("template", RUNS)
def test_a_template_makes_its_page_with_every_figure(template, tmp_path):
    parameters, figures = RUNS[template]
    report = make_report(template, parameters, tmp_path)
    cells = nbformat.read(report.notebook, as_version=4).cells
    drawn = [output["data"][FIGURE_TYPE] for cell in cells for output in cell.get("outputs", ()) if FIGURE_TYPE in output.get("data", {})]  # fmt: skip
    assert len(drawn) == figures
    assert all(figure["data"] for figure in drawn)
    page = report.path.read_text(encoding="utf-8")
    assert page.count('class="plotly-graph-div"') == figures
    assert report.watermark == "SAMPLE"
    assert report.as_of.date().isoformat() == "2017-12-29"
    assert len(report.summary) >= 4
