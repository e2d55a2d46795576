"""The chart of a session: moves in units of each symbol's usual day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go

from investiq.analysis.closing_tables import UNUSUAL
from investiq.figures.heading import heading
from investiq.figures.theme import ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.analysis.closing_result import DailyClose

__all__ = ["daily_close_chart"]

_SHOWN: Final = 30


def daily_close_chart(digest: DailyClose, *, most: int = _SHOWN, theme: ThemeName = "light") -> go.Figure:
    """Draw the moves of a session in usual days, the largest first; two usual days are marked.

    Parameters
    ----------
    digest : DailyClose
    most : int, default 30
        Symbols drawn.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = daily_close_chart(iq.daily_close("sample indices", session="2018-12-26", signals=0))
    >>> list(figure.data[0].y)
    ['^GSPC', '^IXIC']
    """
    colors = theme_of(theme)
    rows = digest.moves.dropna(subset=["z"]).head(most)
    z = rows["z"].to_numpy(dtype=float)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": z,
        "y": list(rows.index),
        "marker": {"color": [colors.series[0] if value >= 0 else colors.series[1] for value in z]},
        "text": [
            f"{'▲' if value > 0 else '▼' if value < 0 else ''} {change:+.1%}"
            for value, change in zip(z, rows["change"], strict=True)
        ],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 10, "color": colors.muted},
        "customdata": np.stack([rows["change"], rows["usual_day"], rows["volume_ratio"], rows["gap"]], axis=-1),
        "hovertemplate": "%{y}: %{x:+.2f} usual days of %{customdata[1]:.2%}<br>change %{customdata[0]:+.2%}, gap "
        "%{customdata[3]:+.2%}<br>volume %{customdata[2]:.2f} x usual<extra></extra>",
    }
    reach = max(UNUSUAL, float(np.abs(z).max()) if z.size else 0.0) * 1.25
    more = f", the largest {most} of {len(digest.moves):,}" if len(digest.moves) > most else ""
    mark = f" · {digest.watermark} data" if digest.watermark else ""
    guides = [
        {
            "type": "line",
            "x0": level,
            "x1": level,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"color": colors.muted, "width": 1, "dash": "dot"},
        }
        for level in (-UNUSUAL, UNUSUAL)
    ]
    words = f"change over the deviation of the 60 returns before{more}; dotted: 2 usual days{mark}"
    return go.Figure(
        data=[bars],
        layout={
            "template": template(colors),
            **heading(digest.title, words),
            "height": 160 + 19 * max(len(rows), 3),
            "hovermode": "closest",
            "shapes": guides,
            "xaxis": {"title": {"text": "usual days"}, "range": [-reach, reach], "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "tickfont": {"size": 10}, "dtick": 1},
            "bargap": 0.25,
        },
    )  # fmt: skip
