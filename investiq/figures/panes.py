"""Panes one above the other over a single time axis: what every chart through time is built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.theme import Theme, template, watermark_note
from investiq.figures.views import DENSE, open_at, range_buttons, time_axis

__all__ = ["Pane", "area", "band", "columns", "date_axis", "line", "stack"]

FloatArray = NDArray[np.float64]
InstantArray = NDArray[np.datetime64]

# Share of the height left free between two panes.
_GAP: Final = 0.022


@dataclass(frozen=True, kw_only=True)
class Pane:
    """One pane: traces over a y axis of their own.

    Attributes
    ----------
    title : str
        Title of the y axis with its unit.
    traces : list of dict
        Plotly traces without their axes.
    weight : float
        Height relative to the other panes.
    limits : (float, float), optional
        Fixed range; otherwise the range follows the visible data.
    levels : tuple of float
        Horizontal guides.
    ticks : tuple of float
        Where the ticks stand; otherwise plotly chooses.
    tick_words : tuple of str
        What is written at each of `ticks`, in place of the number.
    tick_format : str
        d3 format of the ticks, such as ``".0%"``.
    scale : {"linear", "log"}
    far, near : list of dict
        Traces for a view of more than `DENSE` bars, and those that take their
        place when a button shortens the view. A near trace is hidden in the
        long view; with ``visible`` ``"legendonly"`` it stays in the legend.
    """

    title: str
    traces: list[dict[str, Any]]
    weight: float = 1.0
    limits: tuple[float, float] | None = None
    levels: tuple[float, ...] = ()
    ticks: tuple[float, ...] = ()
    tick_words: tuple[str, ...] = ()
    tick_format: str = ""
    scale: Literal["linear", "log"] = "linear"
    far: list[dict[str, Any]] = field(default_factory=list)
    near: list[dict[str, Any]] = field(default_factory=list)

    @property
    def all_traces(self) -> list[dict[str, Any]]:
        """Every trace, those of a short view hidden at first."""
        return [*self.far, *({"visible": False, **trace} for trace in self.near), *self.traces]


def date_axis(ts: InstantArray) -> InstantArray:
    """Return labels for plotly: dates where every label is one (they travel as ten characters), else seconds."""
    days = ts.astype("datetime64[D]")
    return days if (days == ts).all() else ts.astype("datetime64[s]")


def line(
    x: InstantArray,
    y: FloatArray,
    name: str,
    color: str,
    *,
    width: float = 1.4,
    dash: str = "solid",
    hover: str = "%{y:,.2f}",
    **more: Any,
) -> dict[str, Any]:
    """Return a line trace; `hover` is the text of its value, with its unit."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": f"{hover}<extra>%{{fullData.name}}</extra>",
        **more,
    }


def band(
    x: InstantArray, lower: FloatArray, upper: FloatArray, name: str, *, fill: str, color: str, hover: str
) -> list[dict[str, Any]]:
    """Return a filled band between two hairlines, with one legend entry and one line of hover text.

    `hover` is the text of the upper value; the lower one is ``%{customdata}`` in it.
    """
    return [
        line(x, lower, name, color, width=0.6, legendgroup=name, showlegend=False, hoverinfo="skip")
        | {"hovertemplate": None},
        line(
            x,
            upper,
            name,
            color,
            width=0.6,
            legendgroup=name,
            fill="tonexty",
            fillcolor=fill,
            customdata=lower,
            hover=hover,
        ),
    ]


def columns(
    x: InstantArray, y: FloatArray, name: str, color: str, *, hover: str, tint: list[str] | None = None
) -> dict[str, Any]:
    """Return columns from zero: bars, or one stepped area where more than `DENSE` bars would merge.

    Thousands of bars take the browser a second to draw, the area takes a tenth of it.
    """
    if x.size > DENSE:
        return area(x, y, name, color, hover=hover)
    return {
        "type": "bar",
        "x": x,
        "y": y,
        "name": name,
        "marker": {"color": tint or color, "line": {"width": 0}},
        "hovertemplate": f"{hover}<extra>%{{fullData.name}}</extra>",
    }


def area(x: InstantArray, y: FloatArray, name: str, color: str, *, hover: str) -> dict[str, Any]:
    """Return a filled area between zero and a line that steps half way between two bars."""
    edge = {"color": color, "width": 0.5, "shape": "hvh"}
    return line(x, y, name, color, hover=hover, fill="tozeroy", fillcolor=color) | {"line": edge}


def stack(
    panes: Sequence[Pane],
    *,
    ts: InstantArray,
    theme: Theme,
    title: str,
    subtitle: str,
    watermark: str | None,
    height: int,
    view: str = "All",
) -> go.Figure:
    """Return the panes over one time axis, the first on top.

    Parameters
    ----------
    panes : sequence of Pane
    ts : ndarray of datetime64, shape (n_bars,)
        Labels of the bars. Weekends and holidays are cut out of the axis; in
        more than ten years of daily bars, where they are thinner than a pixel,
        only after a button has shortened the view.
    watermark : str or None
        ``"SAMPLE"`` or ``"SYNTHETIC"``: written across the first pane and into the subtitle.
    height : int
        Pixels.
    view : str, default "All"
        The button whose view the figure opens at; the rest is a click away.
    """
    layout: dict[str, Any] = {
        "template": template(theme),
        "title": {"text": title, "subtitle": {"text": subtitle + (f" · {watermark} data" if watermark else "")}},
        "height": height,
        "showlegend": True,
        "annotations": [],
        "shapes": [],
    }
    traces: list[dict[str, Any]] = []
    domains = _domains([pane.weight for pane in panes])
    names = _axis_names(panes)
    for row, (pane, name, domain) in enumerate(zip(panes, names, domains, strict=True)):
        legend = "legend" if row == 0 else f"legend{row + 1}"
        _place(pane, name, domain, legend, layout, traces, theme)
        if row > 0:
            layout[legend] = _pane_legend(domain[1], theme)
    axis = time_axis(ts, min(trace["x"][0] for trace in traces))
    layout["xaxis"] = {**axis, "anchor": names[-1]}
    if watermark:
        layout["annotations"].append(watermark_note(watermark, theme, y=sum(domains[0]) / 2))
    layout["margin"] = {"t": 96 + 22 * (_legend_rows(panes[0]) - 1)}
    layout["updatemenus"] = range_buttons(dict(zip(map(_key, names), panes, strict=True)), ts, axis, theme)
    figure = go.Figure(data=traces, layout=layout)
    if view != "All":
        open_at(figure, view)
    return figure


def _axis_names(panes: Sequence[Pane]) -> list[str]:
    return ["y" if row == 0 else f"y{row + 1}" for row in range(len(panes))]


def _key(name: str) -> str:
    return f"yaxis{name[1:]}"


def _domains(weights: Sequence[float]) -> list[tuple[float, float]]:
    """Return the share of the height of each pane, from the top down."""
    free = 1.0 - _GAP * (len(weights) - 1)
    top, total, domains = 1.0, sum(weights), []
    for weight in weights:
        bottom = top - free * weight / total
        domains.append((max(bottom, 0.0), top))
        top = bottom - _GAP
    return domains


def _place(
    pane: Pane,
    name: str,
    domain: tuple[float, float],
    legend: str,
    layout: dict[str, Any],
    traces: list[dict[str, Any]],
    theme: Theme,
) -> None:
    axis: dict[str, Any] = {"title": {"text": pane.title}, "type": pane.scale, "anchor": "x", "domain": domain}
    if pane.limits is not None:
        axis["range"] = list(pane.limits)
    if pane.ticks:
        axis["tickvals"] = list(pane.ticks)
    if pane.tick_words:
        axis["ticktext"] = list(pane.tick_words)
    if pane.tick_format:
        axis["tickformat"] = pane.tick_format
    layout[_key(name)] = axis
    is_named = legend == "legend" or len(pane.near) + len(pane.traces) > 1  # one line alone is named by its axis title
    traces.extend(
        {"showlegend": is_named, **trace, "xaxis": "x", "yaxis": name, "legend": legend} for trace in pane.all_traces
    )
    layout["shapes"].extend(
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": name,
            "y0": level,
            "y1": level,
            "layer": "below",
            "line": {"color": theme.border, "width": 1, "dash": "dot"},
        }
        for level in pane.levels
    )


def _legend_rows(pane: Pane) -> int:
    """Return how many rows the legend on top takes in a column of a page, some 650 pixels wide."""
    shown = [trace["name"] for trace in (*pane.far, *pane.traces) if trace.get("showlegend", True)]
    return 1 + sum(60 + 7 * len(name) for name in shown) // 650


def _pane_legend(top: float, theme: Theme) -> dict[str, Any]:
    """Return the legend of a lower pane: small, inside its upper left corner."""
    return {
        "orientation": "h",
        "x": 0.0,
        "xanchor": "left",
        "y": top,
        "yanchor": "top",
        "itemwidth": 30,
        "itemsizing": "trace",
        "bgcolor": theme.veil,
        "font": {"size": 11, "color": theme.text},
    }
