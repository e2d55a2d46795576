"""The figure of a volume profile: volume by price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.indicators.profiles import VolumeProfile

__all__ = ["volume_profile_chart"]


def volume_profile_chart(result: VolumeProfile, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the volume of each price bucket, the value area in full colour, the point of control and the last close.

    Parameters
    ----------
    result : VolumeProfile
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Horizontal bars: shares against price.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.indicators.profiles import volume_profile
    >>> figure = volume_profile_chart(volume_profile(iq.load_bars("^GSPC").adjusted()))
    >>> [trace.name for trace in figure.data]
    ['Value area', 'Outside']
    """
    colors = theme_of(theme)
    table = result.to_frame()
    above = heading(result.title, _summary(result), ("Value area", "Outside"))
    return go.Figure(
        data=[
            _bars(table[table["in_value_area"]], "Value area", colors.series[0]),
            _bars(table[~table["in_value_area"]], "Outside", colors.faint),
        ],
        layout={
            "template": template(colors),
            **above,
            "height": 480,
            "bargap": 0.08,
            "barmode": "overlay",
            "hovermode": "closest",
            "xaxis": {"title": {"text": "Volume (shares)"}},
            "yaxis": {"title": {"text": "Price"}},
            "shapes": [_level(result.poc, colors.text, "solid"), _level(result.close, colors.series[1], "dash")],
            # Outside: the longest bar, that of the point of control, ends at the right edge.
            "margin": {**above["margin"], "r": 120},
            "annotations": [
                _label(result.poc, "point of control", colors.text, result.poc >= result.close),
                _label(result.close, "last close", colors.series[1], result.close > result.poc),
            ],
        },
    )


def _bars(table: Any, name: str, color: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": table["volume"],
        "y": (table["low"] + table["high"]) / 2,
        "width": (table["high"] - table["low"]) * 0.92,
        "customdata": table[["low", "high"]],
        "hovertemplate": "%{customdata[0]:,.2f} to %{customdata[1]:,.2f}: %{x:,.3s}<extra>%{fullData.name}</extra>",
        "marker": {"color": color, "line": {"width": 0}},
    }


def _level(price: float, color: str, dash: str) -> dict[str, Any]:
    line = {"color": color, "width": 1.5, "dash": dash}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": price, "y1": price, "line": line}


def _label(price: float, text: str, color: str, is_upper: bool) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 6, "y": price, "showarrow": False}
    # Apart, however near the two levels are.
    return {**place, "yanchor": "bottom" if is_upper else "top", "text": text, "font": {"color": color, "size": 12}}


def _summary(result: VolumeProfile) -> str:
    low, high, poc = (
        format_value(each, "price") for each in (result.value_area_low, result.value_area_high, result.poc)
    )
    words = f"point of control {poc}; 70 % of the volume between {low} and {high}"
    return f"{words}; {result.watermark} data" if result.watermark else words
