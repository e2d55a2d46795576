"""The figure of an information coefficient: its sum over time, and what each group of scores earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.information_result import InformationCoefficient

__all__ = ["information_chart"]


def information_chart(result: InformationCoefficient, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the running sum of the information coefficient, and the forward return by group of scores.

    Parameters
    ----------
    result : InformationCoefficient
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        The sum rises steadily where the coefficient is stable; groups are
        ordered from the lowest score to the highest.
    """
    colors = theme_of(theme)
    groups = [str(place) for place in range(1, len(result.quantile_returns) + 1)]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Sum of IC",
            "x": result.coefficients.index,
            "y": result.coefficients.cumsum().to_numpy(),
            "line": {"color": colors.series[0], "width": 1.8},
            "hovertemplate": "%{x|%Y-%m-%d}: %{y:.2f}<extra></extra>",
        },
        {
            "type": "bar",
            "name": "Forward return",
            "x": groups,
            "y": np.array(result.quantile_returns),
            "xaxis": "x2",
            "yaxis": "y2",
            "marker": {"color": colors.series[1]},
            "hovertemplate": "group %{x}: %{y:.2%}<extra></extra>",
        },
    ]
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                f"{result.title}: mean {result.mean:.3f}",
                f"t {format_value(result.t_statistic, 'ratio')} (Newey-West) · ICIR "
                f"{format_value(result.information_ratio, 'ratio')} · {result.dates:,} dates, "
                f"{result.names_per_date:.0f} names",
            ),
            "height": 440,
            "hovermode": "closest",
            "showlegend": False,
            "xaxis": {"domain": [0.0, 0.58], "showspikes": False},
            "yaxis": {"title": {"text": "Sum of the coefficient"}},
            "xaxis2": {
                "domain": [0.7, 1.0],
                "anchor": "y2",
                "type": "category",
                "showspikes": False,
                "title": {"text": "Group of scores, lowest to highest"},
            },
            "yaxis2": {
                "anchor": "x2",
                "tickformat": ".2%",
                "title": {"text": f"Return over {result.horizon_words} (%)"},
            },
        },
    )
