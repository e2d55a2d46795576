"""One look for every figure: two themes, passed by argument and never registered globally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import plotly.graph_objects as go

from investiq.core.errors import ConfigError, near_matches

__all__ = ["FONT_FAMILY", "THEMES", "Theme", "ThemeName", "template", "theme_of", "watermark_note"]

ThemeName: TypeAlias = Literal["light", "dark"]

FONT_FAMILY: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of one theme, as CSS colours.

    Text stands out from `surface` by 4.5 to 1 or more, lines by 3 to 1; the
    colours of `series` stay apart for a reader who does not see red or green.

    Attributes
    ----------
    name : {"light", "dark"}
    surface, panel, veil : str
        Background of the page, of buttons and hover boxes, and (translucent) of legends over lines.
    text, muted, faint, grid, border : str
    up, down : str
        Rising and falling bars. Rising ones are hollow, falling ones filled.
    series : tuple of str
        Lines over the price; each also has its own dash.
    fill : str
        Translucent area under a line or between two.
    loss : str
        Translucent area of a drawdown.
    entry, exit : str
        Trade markers; their shapes differ too.
    diverging : tuple of (float, str)
        Colour scale centred on zero: losses orange, gains blue.
    """

    name: ThemeName
    surface: str
    panel: str
    veil: str
    text: str
    muted: str
    faint: str
    grid: str
    border: str
    up: str
    down: str
    series: tuple[str, str, str]
    fill: str
    loss: str
    entry: str
    exit: str
    diverging: tuple[tuple[float, str], ...]


_LIGHT: Final = Theme(
    name="light",
    surface="#ffffff",
    panel="#f6f8fa",
    veil="rgba(255, 255, 255, 0.7)",
    text="#1b2733",
    muted="#5b6b7b",
    faint="#8795a3",
    grid="#e9edf2",
    border="#ccd5de",
    up="#0a9981",
    down="#f23645",
    series=("#2378bd", "#c2540a", "#5b2fc4"),
    fill="rgba(35, 120, 189, 0.13)",
    loss="rgba(242, 54, 69, 0.16)",
    entry="#1d5fa8",
    exit="#b84a00",
    diverging=((0.0, "#ee9a4d"), (0.25, "#f8c794"), (0.5, "#f7f8fa"), (0.75, "#b5d3ec"), (1.0, "#74aede")),
)
_DARK: Final = Theme(
    name="dark",
    surface="#131a22",
    panel="#1d2630",
    veil="rgba(19, 26, 34, 0.7)",
    text="#e3e8ee",
    muted="#9aa7b4",
    faint="#677685",
    grid="#232d38",
    border="#3a4654",
    up="#0a9981",
    down="#f23645",
    series=("#6cb2f0", "#f0a04b", "#9a7bff"),
    fill="rgba(108, 178, 240, 0.16)",
    loss="rgba(242, 54, 69, 0.24)",
    entry="#7cbcf5",
    exit="#f5a855",
    diverging=((0.0, "#9a500f"), (0.25, "#6b3d17"), (0.5, "#1d2630"), (0.75, "#1c466f"), (1.0, "#2264a0")),
)
THEMES: Final[dict[str, Theme]] = {"light": _LIGHT, "dark": _DARK}


def theme_of(name: str) -> Theme:
    """Return the theme called `name`.

    Raises
    ------
    ConfigError
        If it is neither ``"light"`` nor ``"dark"``.
    """
    if name not in THEMES:
        raise ConfigError(f"theme must be 'light' or 'dark', was {name!r}{near_matches(str(name), THEMES)}")
    return THEMES[name]


def template(theme: Theme) -> go.layout.Template:
    """Return the theme as a plotly template, for ``layout.template`` of one figure."""
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.border,
        "zerolinecolor": theme.border,
        "tickcolor": theme.border,
        "tickfont": {"color": theme.muted, "size": 11},
        "title": {"font": {"color": theme.muted, "size": 11}, "standoff": 6},
        "automargin": True,
        "zeroline": False,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT_FAMILY, "size": 12, "color": theme.text},
            "paper_bgcolor": theme.surface,
            "plot_bgcolor": theme.surface,
            "colorway": list(theme.series),
            "title": {
                "x": 0.0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1.0,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 14},
                "font": {"size": 16, "color": theme.text},
                "subtitle": {"font": {"size": 12, "color": theme.muted}},
            },
            "legend": {
                "orientation": "h",
                "x": 0.0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "bgcolor": "rgba(0,0,0,0)",
                "font": {"size": 12, "color": theme.text},
                "itemsizing": "trace",
                "itemwidth": 34,
            },
            "hovermode": "x unified",
            "hoversubplots": "axis",
            "hoverlabel": {
                "bgcolor": theme.panel,
                "bordercolor": theme.border,
                "font": {"family": FONT_FAMILY, "size": 12, "color": theme.text},
            },
            "margin": {"l": 12, "r": 16, "t": 96, "b": 12},
            "xaxis": {
                **axis,
                "ticks": "outside",
                "ticklen": 6,
                "showspikes": True,
                "spikemode": "across",
                "spikethickness": 1,
                "spikedash": "solid",
                "spikecolor": theme.muted,
                "spikesnap": "cursor",
            },
            "yaxis": axis,
            "dragmode": "zoom",
            # The share button would send the data to plotly's servers.
            "modebar": {
                "remove": ["sendChartToCloud", "lasso2d", "select2d", "autoScale2d"],
                "bgcolor": "rgba(0,0,0,0)",
                "color": theme.muted,
                "activecolor": theme.text,
            },
        }
    )


def watermark_note(text: str, theme: Theme, *, y: float = 0.5) -> dict[str, Any]:
    """Return the annotation that marks sample and synthetic data, centred at the height `y` of the plot."""
    return {
        "name": "watermark",
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": y,
        "showarrow": False,
        "opacity": 0.14,
        "font": {"size": 72, "color": theme.muted},
    }
