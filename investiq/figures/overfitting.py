"""Figures of overfitting and data snooping: how the selected trial did later, and each trial against chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.metrics.overfitting_result import Overfitting
    from investiq.metrics.snooping_result import Snooping

__all__ = ["overfitting_chart", "snooping_chart"]

# Points beyond this hide each other and make the page heavy; every n-th split is drawn.
_MOST_POINTS: Final = 2_000


def overfitting_chart(result: Overfitting, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the logits of CSCV, and the selected trial in sample against out of sample.

    Parameters
    ----------
    result : Overfitting
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        On the left the share of splits by logit, those at or below zero, which
        count as overfitted, in orange; on the right one point a split (2,000 at
        most) with the least-squares line.

    Examples
    --------
    >>> from investiq.metrics.overfitting import probability_of_backtest_overfitting
    >>> noise = 0.01 * np.random.default_rng(0).standard_normal((400, 20))
    >>> overfitting_chart(probability_of_backtest_overfitting(noise, blocks=8)).layout.xaxis.title.text
    'Logit of the rank out of sample'
    """
    colors = theme_of(theme)
    traces = [*_logit_bars(result, colors), *_splits(result, colors)]
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                f"{result.title}: {result.pbo * 100:.1f} %",
                f"{result.logits.size:,} splits of {result.blocks} blocks · loss out of sample in "
                f"{result.loss_probability * 100:.0f} % of them · {result.statistic}",
                (trace["name"] for trace in traces),
            ),
            "height": 440,
            "hovermode": "closest",
            "barmode": "overlay",
            "bargap": 0.04,
            "xaxis": _axis("Logit of the rank out of sample", domain=[0.0, 0.46]),
            "yaxis": {"title": {"text": "Splits (%)"}, "tickformat": ".0%"},
            "xaxis2": _axis("Selected trial in sample", domain=[0.56, 1.0], anchor="y2"),
            "yaxis2": {"title": {"text": "Out of sample"}, "anchor": "x2"},
            "shapes": [
                _rule(colors, "x", x0=0, x1=0, yref="y domain", y0=0, y1=1),
                _rule(colors, "x2 domain", x0=0, x1=1, yref="y2", y0=0, y1=0),
            ],
        },
    )


def snooping_chart(result: Snooping, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the statistic of each trial, best first, against the critical value of the largest.

    Parameters
    ----------
    result : Snooping
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Trials beyond the critical value are diamonds, the others dots.

    Examples
    --------
    >>> from investiq.metrics.snooping import superior_predictive_ability
    >>> noise = 0.01 * np.random.default_rng(0).standard_normal((300, 5))
    >>> snooping_chart(superior_predictive_ability(noise)).layout.xaxis.title.text
    'Trials, best first'
    """
    colors = theme_of(theme)
    table = result.to_frame()
    place, beyond = np.arange(1, len(table) + 1), table["is_beyond_critical"].to_numpy(dtype=bool)
    looks = (
        ("Not beyond chance", ~beyond, colors.faint, "circle", 6),
        ("Superior", beyond, colors.entry, "diamond", 10),
    )
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": place[rows],
            "y": table["statistic"].to_numpy()[rows],
            "text": list(table.index[rows]),
            "marker": {"color": color, "symbol": symbol, "size": size},
            "hovertemplate": "%{text}: %{y:.4g}<extra></extra>",
        }
        for name, rows, color, symbol, size in looks
        if rows.any()
    ]
    shapes = [_rule(colors, "x domain", x0=0, x1=1, yref="y", y0=0, y1=0)]
    marks: list[dict[str, Any]] = []
    if result.names:
        value = result.critical_value
        shapes.append(
            _rule(colors, "x domain", x0=0, x1=1, yref="y", y0=value, y1=value, color=colors.exit, dash="dash")
        )
        marks.append(
            {
                "xref": "x domain",
                "x": 1.0,
                "yref": "y",
                "y": value,
                "xanchor": "right",
                "yanchor": "bottom",
                "showarrow": False,
                "text": f"critical value at {result.level * 100:g} %: {format_value(value, 'ratio' if result.test == 'spa' else '')}",
                "font": {"color": colors.exit, "size": 12},
            }
        )
    scale = "Studentised mean" if result.test == "spa" else "sqrt(n) x mean"
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                f"{result.title}: p-value {format_value(result.p_value, 'p_value')}",
                f"lower {format_value(result.p_lower, 'p_value')}, consistent "
                f"{format_value(result.p_consistent, 'p_value')}, upper {format_value(result.p_upper, 'p_value')} · "
                f"{result.periods:,} periods · {result.draws:,} draws of blocks of {result.block_length:.1f}",
                (trace["name"] for trace in traces),
            ),
            "height": 440,
            "hovermode": "closest",
            "xaxis": _axis("Trials, best first"),
            "yaxis": {"title": {"text": f"{scale} over the benchmark"}},
            "shapes": shapes,
            "annotations": marks,
        },
    )


def _logit_bars(result: Overfitting, theme: Theme) -> list[dict[str, Any]]:
    top = max(1.0, float(np.abs(result.logits).max()))
    # An even number of bins, so that zero is an edge; logits of exactly zero belong to the left.
    count = min(40, 2 * max(4, round(result.logits.size**0.5 / 4)))
    edges = np.linspace(-top, top, count + 1)
    edges[count // 2] = 0.0
    bins = np.clip(np.searchsorted(edges, result.logits, side="left") - 1, 0, count - 1)
    shares = np.bincount(bins, minlength=count) / result.logits.size
    middles = (edges[1:] + edges[:-1]) / 2
    parts = (("Overfitted", middles < 0, theme.series[1], "/"), ("Not overfitted", middles > 0, theme.series[0], ""))
    return [
        {
            "type": "bar",
            "name": name,
            "x": middles[rows],
            "y": shares[rows],
            "width": 2 * top / count,
            "marker": {
                "color": color,
                "pattern": {
                    "shape": shape,
                    "fillmode": "overlay",
                    "fgcolor": theme.surface,
                    "size": 5,
                    "solidity": 0.2,
                },
            },
            "hovertemplate": "logit near %{x:.2f}: %{y:.1%} of splits<extra></extra>",
        }
        for name, rows, color, shape in parts
    ]


def _splits(result: Overfitting, theme: Theme) -> list[dict[str, Any]]:
    every = max(1, -(-result.logits.size // _MOST_POINTS))
    x, y = result.in_sample, result.out_of_sample
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Split",
            "x": x[::every],
            "y": y[::every],
            "xaxis": "x2",
            "yaxis": "y2",
            "marker": {"color": theme.muted, "size": 4, "opacity": 0.5},
            "hovertemplate": "in sample %{x:.4g}, out of sample %{y:.4g}<extra></extra>",
        }
    ]
    if np.isfinite(result.slope):
        ends = np.array([x.min(), x.max()])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"Slope {result.slope:.2f}",
                "x": ends,
                "y": y.mean() + result.slope * (ends - x.mean()),
                "xaxis": "x2",
                "yaxis": "y2",
                "line": {"color": theme.series[2], "width": 2},
                "hoverinfo": "skip",
            }
        )
    return traces


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "showspikes": False, **more}


def _rule(theme: Theme, xref: str, *, color: str | None = None, dash: str = "solid", **ends: Any) -> dict[str, Any]:
    return {"type": "line", "xref": xref, "line": {"color": color or theme.border, "width": 1.5, "dash": dash}, **ends}
