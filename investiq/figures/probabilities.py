"""The figure of assessed odds: the reliability curve, and hits by regime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.probabilities import ProbabilityAssessment

__all__ = ["reliability_chart"]


def reliability_chart(result: ProbabilityAssessment, *, theme: ThemeName = "light") -> go.Figure:
    """Draw what share of outcomes came true for each forecast, and the hit rate in each regime.

    Parameters
    ----------
    result : ProbabilityAssessment
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        With 95 % intervals; odds that mean what they say lie on the diagonal.
    """
    colors = theme_of(theme)
    curve, regimes = result.reliability, result.by_regime
    names = [str(name).replace("_", " ") for name in regimes.index]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "name": "Odds that mean what they say",
            "line": {"color": colors.muted, "dash": "dot", "width": 1.2},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": curve["forecast"],
            "y": curve["outcome"],
            "name": "Share of rises",
            "line": {"color": colors.series[0], "width": 1.6},
            "error_y": _errors(curve, "outcome"),
            "customdata": curve["count"],
            "hovertemplate": "%{y:.1%} of %{customdata:,}<extra>forecast %{x:.0%}</extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": regimes["hit_rate"],
            "y": names,
            "name": "Hits by regime",
            "xaxis": "x2",
            "yaxis": "y2",
            "marker": {"color": colors.series[1], "size": 8, "symbol": "diamond"},
            "error_x": _errors(regimes, "hit_rate"),
            "hovertemplate": "%{x:.1%}<extra>%{y}</extra>",
        },
    ]
    summary = f"Brier score {result.brier:.3f}, base rate {result.base_brier:.3f}; skill {format_value(result.skill, 'fraction')}"
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(result.title, summary, [trace["name"] for trace in traces]),
            "height": 460,
            "xaxis": {"title": {"text": "Forecast"}, "tickformat": ".0%", "range": [0, 1], "domain": [0.0, 0.54]},
            "yaxis": {"title": {"text": "Share of rises"}, "tickformat": ".0%", "range": [0, 1]},
            "xaxis2": {"title": {"text": "Hit rate"}, "tickformat": ".0%", "domain": [0.72, 1.0], "anchor": "y2"},
            "yaxis2": {"anchor": "x2", "autorange": "reversed"},
        },
    )


def _errors(table: pd.DataFrame, name: str) -> dict[str, Any]:
    up, down = table["upper"] - table[name], table[name] - table["lower"]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1}
