"""Figures of tail risk: a value at risk against the returns that followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.tail_tests import VarBacktest

__all__ = ["value_at_risk_chart"]


def value_at_risk_chart(result: VarBacktest, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the returns, minus the value at risk forecast for each, and the exceedances.

    Parameters
    ----------
    result : VarBacktest
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Percent per period against time, or against the number of the period
        where the series have no times. Exceedances are marked by crosses.

    Examples
    --------
    >>> import numpy as np
    >>> from investiq.metrics.tail_tests import var_backtest
    >>> figure = value_at_risk_chart(var_backtest(np.tile([0.01, -0.03], 20), np.full(40, 0.02)))
    >>> [trace.name for trace in figure.data]
    ['Return', '- VaR 95 %', 'Exceedance']
    """
    colors = theme_of(theme)
    x = np.arange(1, result.count + 1) if result.index is None else result.index
    exceeded = result.is_exceeded
    level = f"- VaR {result.confidence * 100:g} %"
    hover = "%{y:.2%}<extra>%{fullData.name}</extra>"
    traces: list[dict[str, Any]] = [
        _trace(x, result.returns, "Return", hover, mode="markers", marker={"color": colors.faint, "size": 3.5}),
        _trace(x, -result.value_at_risk, level, hover, mode="lines", line={"color": colors.series[0], "width": 1.8}),
        _trace(
            x[exceeded],
            result.returns[exceeded],
            "Exceedance",
            hover,
            mode="markers",
            marker={"color": colors.exit, "size": 8, "symbol": "x-thin", "line": {"color": colors.exit, "width": 2}},
        ),
    ]
    axis = {"title": {"text": "Period"}} if result.index is None else {}
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(result.title, _summary(result), (trace["name"] for trace in traces)),
            "height": 480,
            "xaxis": axis,
            "yaxis": {"title": {"text": "Return per period (%)"}, "tickformat": ".1%"},
            "shapes": [_zero(colors)],
        },
    )


def _trace(x: Any, y: Any, name: str, hover: str, **look: Any) -> dict[str, Any]:
    return {"type": "scatter", "x": x, "y": y, "name": name, "hovertemplate": hover, **look}


def _zero(theme: Theme) -> dict[str, Any]:
    span = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "layer": "below"}
    return {**span, "line": {"color": theme.border, "width": 1}}


def _summary(result: VarBacktest) -> str:
    tests = (("Kupiec", result.proportion), ("independence", result.independence), ("both", result.coverage))
    shown = ", ".join(f"{name} p {format_value(test.p_value, 'p_value')}" for name, test in tests)
    return (
        f"{result.exceedances} exceedances of {result.count:,} periods, {result.expected:.1f} expected · {shown} · "
        f"Basel zone {result.zone}"
    )
