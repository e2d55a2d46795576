"""The risk radar: one sector per axis, with the target it is held against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from investiq.figures.heading import heading
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.analysis.radar import RadarAxis, RiskRadar

__all__ = ["radar_chart"]

_HIGH: Final = 60.0
_RAISED: Final = 40.0
# Height in px of the two lines at the top of the circle, which stand above it.
_LABEL: Final = 36


def radar_chart(radar: RiskRadar, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the axes of a risk radar as sectors from 0 to 100; an axis without its inputs stays empty and says n/a.

    Above 60 a sector is red and marked ``▲▲``, above 40 orange and ``▲``; the dashed line joins the targets.

    Parameters
    ----------
    radar : RiskRadar
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = radar_chart(iq.risk_radar(iq.analyze("^GSPC", as_of="2013-05-20")))
    >>> [trace.name for trace in figure.data]
    ['Risk', 'Target']
    """
    import plotly.graph_objects as go

    colors = theme_of(theme)
    names = [_label(axis) for axis in radar.axes]
    sectors = {
        "type": "barpolar",
        "name": "Risk",
        "r": [axis.score for axis in radar.axes],
        "theta": names,
        "marker": {
            "color": [_color(axis, colors) for axis in radar.axes],
            "line": {"color": colors.surface, "width": 1},
        },
        "opacity": 0.85,
        "hovertemplate": "%{r:.1f} of 100<extra>%{theta}</extra>",
    }
    targets = {
        "type": "scatterpolar",
        "mode": "lines+markers",
        "name": "Target",
        "r": [axis.target for axis in (*radar.axes, radar.axes[0])],
        "theta": [*names, names[0]],
        "line": {"color": colors.text, "width": 1.2, "dash": "dash"},
        "marker": {"size": 4, "color": colors.text},
        "hovertemplate": "target %{r:.0f}<extra></extra>",
    }
    line = {"gridcolor": colors.grid, "linecolor": colors.border}
    mark = f" · {radar.watermark} data" if radar.watermark else ""
    above = heading(radar.title, f"{radar.headline}{mark}")
    return go.Figure(
        data=[sectors, targets],
        layout={
            "template": template(colors),
            **above,
            "height": 450,
            "margin": {"l": 70, "r": 70, "b": 40, "t": above["margin"]["t"] + _LABEL},
            "hovermode": "closest",
            "showlegend": False,
            "polar": {
                "bgcolor": colors.surface,
                "radialaxis": {
                    **line,
                    "range": [0, 100],
                    "tickvals": [25, 50, 75],
                    "angle": 90,
                    "tickangle": 90,
                    "tickfont": {"size": 10, "color": colors.muted},
                },
                "angularaxis": {**line, "rotation": 90, "direction": "clockwise", "tickfont": {"size": 11}},
            },
        },
    )


def _label(axis: RadarAxis) -> str:
    if math.isnan(axis.score):
        return f"{axis.name.capitalize()}<br>n/a"
    sign = " ▲▲" if axis.score > _HIGH else " ▲" if axis.score > _RAISED else ""
    return f"{axis.name.capitalize()}<br>{axis.score:.0f}{sign}"


def _color(axis: RadarAxis, theme: Theme) -> str:
    return theme.down if axis.score > _HIGH else theme.series[1] if axis.score > _RAISED else theme.series[0]
