"""The figure of an audit: what a column says with all data, beside what it said at the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.figures.heading import heading
from investiq.figures.tables import facts_figure
from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.auditing.report import AuditReport, Leak, Surroundings

__all__ = ["audit_chart"]

_ALL, _THEN = "With all data", "Known at the time"


def audit_chart(result: AuditReport, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the leaking column around its first leak.

    Parameters
    ----------
    result : AuditReport
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A line of the values with all data, a dot for each value that the function
        gave when only the bars up to that one were known; a dot off the line is a
        value that was not known. Without a leak, or where its column holds no
        numbers, the facts are shown.
    """
    colors, around = theme_of(theme), result.surroundings
    if around is None or np.isnan(around.full).all():
        return facts_figure(result.title, result.facts(), result.watermark, theme=theme)
    leak = next((each for each in result.leaks if each.label in around.labels), result.leaks[0])
    traces = _traces(around, colors)
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(result.title, leak.text, (trace["name"] for trace in traces)),
            "height": 440,
            "xaxis": {
                "type": "category",
                "title": {"text": "Bar"},
                "nticks": 8,
                "tickangle": 0,
                "range": [-0.5, len(around.labels) - 0.5],
            },
            "yaxis": {"title": {"text": leak.column}},
            **_marks(result, leak, around, colors),
        },
    )


def _traces(around: Surroundings, colors: Theme) -> list[dict[str, Any]]:
    labels = list(around.labels)
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": _ALL,
            "x": labels,
            "y": around.full,
            "line": {"color": colors.series[0], "width": 2, "shape": "hvh" if _has_steps(around.full) else "linear"},
            "hovertemplate": "%{y:.6g}",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": _THEN,
            "x": labels,
            "y": around.then,
            "marker": {"color": colors.series[1], "size": 7, "symbol": "diamond"},
            "hovertemplate": "%{y:.6g}",
        },
    ]


def _has_steps(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Return whether few values recur, as those of decisions do."""
    return np.unique(values[~np.isnan(values)]).size <= 4


def _marks(result: AuditReport, leak: Leak, around: Surroundings, colors: Theme) -> dict[str, Any]:
    annotations = [watermark_note(result.watermark, colors)] if result.watermark else []
    if leak.label not in around.labels:
        return {"annotations": annotations}
    place = around.labels.index(leak.label)
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "x",
                "yref": "y domain",
                "x0": place,
                "x1": place,
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "line": {"color": colors.muted, "width": 1, "dash": "dot"},
            }
        ],
        "annotations": [
            *annotations,
            {
                "x": place,
                "y": 1,
                "yref": "y domain",
                "xanchor": "left",
                "yanchor": "top",
                "text": " first leak" if leak.is_first else " first leak found",
                "showarrow": False,
                "font": {"color": colors.muted, "size": 11},
            },
        ],
    }
