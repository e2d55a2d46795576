"""The figure of a cross-check: how far the numbers of other libraries lie from ours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from investiq.figures.heading import heading
from investiq.figures.tables import facts_figure
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.interop.cross_check_result import CrossCheck, CrossCheckLine

__all__ = ["cross_check_chart"]

_ROW: Final = 24
# Of a library, so that colour, which tells the verdict, is not needed to tell them apart.
_SYMBOLS: Final = ("circle", "diamond", "square")


def cross_check_chart(result: CrossCheck, *, theme: ThemeName = "light") -> go.Figure:
    """Draw how far each number of another library that is not ours lies from ours, relative to ours.

    Parameters
    ----------
    result : CrossCheck
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        One row a metric, the largest difference on top, on a logarithmic axis.
        Numbers that are equal, or have no size to compare with, are only counted;
        without any difference the counts alone are shown.
    """
    colors = theme_of(theme)
    apart = [(_distance(line), line) for line in result.lines if _distance(line) > 0]
    if not apart:
        return facts_figure(result.title, result.facts(), result.watermark, theme=theme)
    apart.sort(key=lambda pair: pair[0])
    rows = list(dict.fromkeys(line.metric for _, line in apart))
    traces = [
        trace
        for verdict, color in (("differs by convention", colors.series[0]), ("unexplained", colors.exit))
        for (tool, _), symbol in zip(result.versions, _SYMBOLS, strict=False)
        if (trace := _dots(apart, verdict, tool, color, symbol))
    ]
    summary = ", ".join(f"{fact.label.lower()} {fact.value}" for fact in result.facts())
    above = heading(result.title, summary, (trace["name"] for trace in traces))
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **above,
            "height": above["margin"]["t"] + _ROW * len(rows) + 60,
            "hovermode": "closest",
            "xaxis": {
                "type": "log",
                "title": {"text": "Difference from ours, share of ours (%)"},
                "tickformat": "~%",
                "dtick": 1,
                "showspikes": False,
            },
            "yaxis": _rows_axis(rows, colors),
        },
    )


def _distance(line: CrossCheckLine) -> float:
    """Return the size of the difference over that of our number; 0 where they are equal or it has no size."""
    if line.verdict in ("equal", "not comparable") or not line.ours:
        return 0.0
    share = abs(line.difference / line.ours)
    return share if math.isfinite(share) else 0.0


def _dots(
    apart: list[tuple[float, CrossCheckLine]], verdict: str, tool: str, color: str, symbol: str
) -> dict[str, Any]:
    chosen = [(share, line) for share, line in apart if (line.verdict, line.tool) == (verdict, tool)]
    if not chosen:
        return {}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{tool}, {verdict}",
        "x": [share for share, _ in chosen],
        "y": [line.metric for _, line in chosen],
        "customdata": [[line.ours, line.theirs, line.explanation] for _, line in chosen],
        "marker": {"color": color, "symbol": symbol, "size": 9},
        "hovertemplate": "%{y}: ours %{customdata[0]:.6g}, theirs %{customdata[1]:.6g}<br>%{customdata[2]}"
        "<extra>%{fullData.name}</extra>",
    }


def _rows_axis(rows: list[str], colors: Theme) -> dict[str, Any]:
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": rows,
        "range": [-0.6, len(rows) - 0.4],
        "tickfont": {"size": 12, "color": colors.text},
    }
