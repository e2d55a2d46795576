"""The figure of two readings of a series: where their returns part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from investiq.figures.theme import ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.market.data_diff import DataDiff

__all__ = ["data_diff_chart"]


def data_diff_chart(result: DataDiff, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the change of each bar's total return, and the bars that only one reading has.

    Parameters
    ----------
    result : DataDiff
    theme : {"light", "dark"}

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-12")
    >>> figure = data_diff_chart(iq.compare_data(bars[:-2], bars))
    >>> len(figure.data[1].x)  # the two bars that were added
    2
    """
    colors = theme_of(theme)
    moved = result.return_change != 0
    marks = [
        _marks("Bars added", result.added, "triangle-up", colors.entry),
        _marks("Bars removed", result.removed, "triangle-down", colors.exit),
    ]
    watermark = result.watermark
    return go.Figure(
        data=[
            {
                "type": "bar",
                "name": "Change of the total return",
                "x": result.return_labels[moved],
                "y": result.return_change[moved],
                "marker": {"color": colors.series[0], "line": {"color": colors.series[0], "width": 1}},
                "hovertemplate": "%{x|%Y-%m-%d %H:%M}: %{y:+.4%}<extra></extra>",
            },
            *marks,
        ],
        layout={
            "template": template(colors),
            "title": {"text": result.title, "subtitle": {"text": result.why}},
            "height": 420,
            "xaxis": {"type": "date", "range": _range(result)},
            "yaxis": {"title": {"text": "Total return, after minus before (%)"}, "tickformat": ".2%", "zeroline": True},
            "showlegend": True,
            "margin": {"t": 96},
            "annotations": [watermark_note(watermark, colors)] if watermark else [],
        },
    )


def _marks(name: str, labels: NDArray[np.datetime64], symbol: str, color: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} ({labels.size})",
        "x": labels,
        "y": np.zeros(labels.size),
        "marker": {"symbol": symbol, "color": color, "size": 8},
        "hovertemplate": "%{x|%Y-%m-%d %H:%M}<extra>" + name + "</extra>",
    }


def _range(result: DataDiff) -> list[np.datetime64]:
    first = min(result.before.ts[0], result.after.ts[0])
    last = max(result.before.ts[-1], result.after.ts[-1])
    room = (last - first) // 50
    return [first - room, last + room]
