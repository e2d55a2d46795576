"""The figure of an assessment: the Sharpe ratio, its bootstrap draws, and what luck alone would show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.assessment import Assessment

__all__ = ["assessment_chart"]

_BINS = 60


def assessment_chart(result: Assessment, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the bootstrap draws of the annual Sharpe ratio with its interval, zero, and the best expected by luck.

    Parameters
    ----------
    result : Assessment
    theme : {"light", "dark"}

    Examples
    --------
    >>> import investiq as iq
    >>> returns = iq.load_bars("^GSPC", start="2009").frame["close"].pct_change().iloc[1:]
    >>> figure = assessment_chart(iq.assess(returns, convention=iq.Convention(periods_per_year=252)))
    >>> figure.layout.xaxis.title.text
    'Sharpe ratio, annual'
    """
    colors = theme_of(theme)
    interval = result.interval
    counts, edges = np.histogram(interval.draws, bins=_BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    top = float(counts.max())
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": f"{interval.draws.size:,} bootstrap draws",
            "x": middles,
            "y": counts,
            "width": edges[1] - edges[0],
            "marker": {"color": colors.fill, "line": {"color": colors.series[0], "width": 0.6}},
            "hovertemplate": "Sharpe %{x:.2f}: %{y} draws<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{interval.confidence * 100:g} % interval, {interval.low:.2f} to {interval.high:.2f}",
            "x": [interval.low, interval.high],
            "y": [top * 0.03] * 2,
            "line": {"color": colors.text, "width": 2},
            "marker": {"symbol": "line-ns", "size": 12, "line": {"color": colors.text, "width": 2}},
            "hovertemplate": "%{x:.2f}<extra></extra>",
        },
        _line(f"observed, {interval.estimate:.2f}", interval.estimate, top, colors.series[0], "solid"),
    ]
    if result.deflated is not None and result.effective is not None:
        best = result.deflated.expected_maximum * math.sqrt(result.convention.periods_per_year)
        name = f"best expected by luck of {result.effective.number:.0f} trials, {best:.2f}"
        traces.append(_line(name, best, top, colors.series[1], "dash"))
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(result.title, _answers(result), (trace["name"] for trace in traces)),
            "height": 460,
            "bargap": 0,
            "hovermode": "closest",
            "xaxis": {"title": {"text": "Sharpe ratio, annual"}, "showspikes": False},
            "yaxis": {"title": {"text": "Bootstrap draws"}, "rangemode": "tozero"},
            "shapes": [_zero(colors)],
        },
    )


def _line(name: str, at: float, top: float, color: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [at, at],
        "y": [0, top],
        "line": {"color": color, "width": 2.5, "dash": dash},
        "hovertemplate": f"{name}<extra></extra>",
    }


def _zero(colors: Theme) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": colors.muted, "width": 1, "dash": "dot"},
    }


def _answers(result: Assessment) -> str:
    failed = [each.name for each in result.checks if each.passed is False]
    unanswered = [each.name for each in result.checks if each.passed is None]
    parts = [f"{len(result.checks) - len(failed) - len(unanswered)} of {len(result.checks)} checks passed"]
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    if unanswered:
        parts.append(f"{len(unanswered)} without an answer: trials not passed or too few")
    return " · ".join(parts)
