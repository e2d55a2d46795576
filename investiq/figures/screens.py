"""The chart of a screen: the scores of many symbols by engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.analysis.screening import Screen

__all__ = ["screen_chart"]

_COLUMNS: Final = {
    "Combined": "score",
    "Technical": "technical_score",
    "Fundamental": "fundamental_score",
    "Quant": "quant_score",
    "Sentiment": "sentiment_score",
}


def screen_chart(screen: Screen, *, most: int = 30, theme: ThemeName = "light") -> go.Figure:
    """Draw the combined score and that of each engine for the matches with the highest scores.

    Bullish is blue and bearish orange, centred on zero; the number is written in its
    cell. An engine that says nothing leaves its cell empty.

    Parameters
    ----------
    screen : Screen
    most : int, default 30
        Symbols drawn.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> screen_chart(iq.screen(["^GSPC"], as_of="2013-05-20")).data[0].y[0]
    '^GSPC'
    """
    colors = theme_of(theme)
    rows = screen.matches.head(most)
    shown = {title: column for title, column in _COLUMNS.items() if column in rows.columns}
    values = rows[list(shown.values())].to_numpy(dtype=float)
    bars = [f"{bar:%Y-%m-%d}" for bar in rows["bar"]] if len(rows) else []
    more = f", the first {most}" if len(screen.matches) > most else ""
    cells = {
        "type": "heatmap",
        "x": list(shown),
        "y": list(rows.index),
        "z": values,
        "zmin": -100,
        "zmax": 100,
        "colorscale": [list(stop) for stop in colors.diverging],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [["" if np.isnan(value) else f"{value:+.0f}" for value in row] for row in values],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": colors.text},
        "customdata": np.repeat(np.array(bars, dtype=object)[:, np.newaxis], len(shown), axis=1),
        "hoverongaps": False,
        "hovertemplate": "%{y}, %{x}: %{z:+.1f} of ±100 at the bar of %{customdata}<extra></extra>",
    }
    return go.Figure(
        data=[cells],
        layout={
            "template": template(colors),
            "title": {
                "text": screen.title,
                "subtitle": {
                    "text": f"scores, -100 to 100{more} · {screen.where or 'no condition'}"
                    + (f" · {screen.watermark} data" if screen.watermark else "")
                },
            },
            "height": 196 + 24 * max(len(rows), 3),
            "hovermode": "closest",
            "xaxis": {"side": "top", "showgrid": False, "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "showspikes": False},
            "margin": {"t": 118, "l": 90, "b": 38},
            "annotations": [_watermark(screen.watermark, colors)] if screen.watermark else [],
        },
    )


def _watermark(text: str, theme: Theme) -> dict[str, Any]:
    # Below the cells: across them it would run through the numbers.
    low = {
        "y": 0,
        "yanchor": "top",
        "x": 1,
        "xanchor": "right",
        "opacity": 0.5,
        "font": {"size": 16, "color": theme.muted},
    }
    return watermark_note(text, theme) | low
