"""Figure of docs/metrics/persistence.md: variance ratios by horizon, with the band of a random walk."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.figures.theme import template, theme_of
from investiq.metrics.persistence import variance_ratio

HORIZONS = range(2, 41)


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    close = iq.load_bars("^GSPC").adjusted().frame["close"]
    found = [variance_ratio(close.pct_change().iloc[1:], q) for q in HORIZONS]
    values = [each.value for each in found]
    # The distance from 1 over the statistic is the standard error.
    bands = [1.96 * (each.value - 1) / each.statistic for each in found]
    x = list(HORIZONS)
    edge = {"width": 0.6, "color": colors.faint}
    traces = [
        {"x": x, "y": [1 - each for each in bands], "line": edge, "showlegend": False, "hoverinfo": "skip"},
        {
            "x": x,
            "y": [1 + each for each in bands],
            "line": edge,
            "fill": "tonexty",
            "fillcolor": colors.fill,
            "name": "Random walk, 95 %",
        },
        {"x": x, "y": values, "line": {"color": colors.series[1], "width": 2.2}, "name": "S&P 500"},
    ]
    layout = {
        "template": template(colors),
        "title": {
            "text": "Variance ratio of the S&P 500 by horizon",
            "subtitle": {"text": "daily returns 1999 to 2018, errors robust to changing volatility · SAMPLE data"},
        },
        "xaxis": {"title": {"text": "Horizon (sessions)"}},
        "yaxis": {"title": {"text": "Variance ratio (1 for a random walk)"}},
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 1,
                "y1": 1,
                "line": {"color": colors.muted, "width": 1, "dash": "dot"},
            }
        ],
    }
    return {
        "metrics_variance_ratio": go.Figure([{"type": "scatter", "mode": "lines", **each} for each in traces], layout)
    }
