"""The figure of a Markov switching fit: returns coloured by their state, and how probable the wildest state was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.markov_result import MarkovSwitching

__all__ = ["markov_chart"]


def markov_chart(result: MarkovSwitching, *, theme: ThemeName = "light") -> go.Figure:
    """Draw each return in the colour of its likeliest state, and below the filtered probability of high volatility.

    Parameters
    ----------
    result : MarkovSwitching
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Above, percent per period; below, a probability between 0 and 1.

    Examples
    --------
    >>> from investiq.metrics.markov import markov_switching
    >>> returns = 0.01 * np.random.default_rng(0).standard_normal(200)
    >>> markov_chart(markov_switching(returns)).layout.yaxis2.title.text
    'P(high volatility)'
    """
    colors = theme_of(theme)
    frame = result.to_frame()
    periods: Any = np.arange(1, len(frame) + 1) if result.index is None else frame.index
    tints = (colors.series[0], colors.series[2], colors.series[1]) if len(result.names) == 3 else colors.series[:2]
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": periods[rows],
            "y": frame["return"].to_numpy()[rows],
            "name": name.replace("_", " ").capitalize(),
            "marker": {"color": tint, "size": 3},
            "hovertemplate": "%{y:.2%}<extra>%{fullData.name}</extra>",
        }
        for name, tint in zip(result.names, tints, strict=True)
        for rows in [(frame["state"] == name).to_numpy()]
    ]
    below = {
        "type": "scatter",
        "mode": "lines",
        "x": periods,
        "y": frame[result.names[-1]].to_numpy(),
        "name": "P(high volatility)",
        "yaxis": "y2",
        "line": {"color": tints[-1], "width": 1.2},
        "fill": "tozeroy",
        "fillcolor": colors.loss,
        "hovertemplate": "%{y:.2f}<extra>P(high volatility)</extra>",
    }
    number = {"title": {"text": "Period"}} if result.index is None else {}
    return go.Figure(
        data=[*traces, below],
        layout={
            "template": template(colors),
            **heading(result.title, _summary(result), [*(trace["name"] for trace in traces), below["name"]]),
            "height": 560,
            "xaxis": {"anchor": "y2", **number},
            "yaxis": {"title": {"text": "Return per period (%)"}, "tickformat": ".1%", "domain": [0.42, 1.0]},
            "yaxis2": {"title": {"text": "P(high volatility)"}, "range": [0, 1], "domain": [0.0, 0.36]},
        },
    )


def _summary(result: MarkovSwitching) -> str:
    own = result.parameters
    deviations = " and ".join(format_value(float(each), "fraction") for each in own.volatilities)
    return (
        f"deviations per period {deviations}; lasting {' and '.join(f'{each:,.0f}' for each in own.durations)} periods"
    )
