"""The figures of the data page, without the titles that their panels have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.figures.theme import ThemeName
    from investiq.market.data_survey import DataOverview

__all__ = ["figure_of", "nothing_to_draw"]


def figure_of(name: str, shown: DataOverview, theme: ThemeName) -> go.Figure:
    """Return the figure of a panel: ``"coverage"`` or ``"checks"``."""
    from investiq.figures.data_overview import data_coverage_map, findings_chart

    draw, top = {"coverage": (data_coverage_map, 52), "checks": (findings_chart, 36)}[name]
    figure = draw(shown, theme=theme)
    height = figure.layout.height - figure.layout.margin.t + top
    return figure.update_layout(title=None, margin={"t": top}, height=height)


def nothing_to_draw(name: str, shown: DataOverview) -> str:
    """Return why a panel has no figure; empty where it has one."""
    if name == "coverage":
        return "" if len(shown.coverage()) else "These series hold records, which have no sessions."
    return "" if len(shown.findings_frame()) else "No check found anything in these series."
