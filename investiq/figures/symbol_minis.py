"""Two small charts beside an analysis: weeks and months of the price, and the raw confidence by engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from investiq.figures.heading import heading
from investiq.figures.price import period_text, price_title, price_unit
from investiq.figures.theme import ThemeName, template, theme_of
from investiq.indicators.trend import sma

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from investiq.analysis.result import Analysis
    from investiq.core.types import Interval
    from investiq.history.bars import Bars

__all__ = ["confidence_chart", "longer_bars_chart"]

# Interval, its word, bars shown, windows of the two averages.
_SPANS: Final[tuple[tuple[Interval, str, int, tuple[int, int]], ...]] = (
    ("1w", "Weekly", 104, (10, 40)),
    ("1mo", "Monthly", 60, (6, 12)),
)
_GUIDES: Final = (0.3, 0.5, 0.7)


def longer_bars_chart(bars: Bars, *, theme: ThemeName = "light") -> go.Figure:
    """Draw weekly and monthly closes side by side, each with two averages; the bar under way is left out.

    Parameters
    ----------
    bars : Bars
        Daily.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = longer_bars_chart(iq.load_bars("^GSPC", start="2014"))
    >>> [trace.name for trace in figure.data]
    ['Weekly close', 'SMA 10', 'SMA 40', 'Monthly close', 'SMA 6', 'SMA 12']
    """
    import plotly.graph_objects as go

    colors = theme_of(theme)
    whole = bars.adjusted("total")
    unit = price_unit(bars)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for place, (interval, word, count, windows) in enumerate(_SPANS):
        longer = whole.resampled(interval)
        close = longer.close / float(whole.factor[-1])
        x = longer.ts[-count:].astype("datetime64[D]")
        axis = "" if place == 0 else "2"
        drawn = [
            (f"{word} close", close, colors.text, "solid"),
            (f"SMA {windows[0]}", sma(close, windows[0]), colors.series[0], "dash"),
            (f"SMA {windows[1]}", sma(close, windows[1]), colors.series[1], "dot"),
        ]
        traces += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": values[-count:].astype(np.float32),
                "name": name,
                "line": {"color": color, "width": 1.3, "dash": dash},
                "hovertemplate": f"%{{y:,.2f}} {unit}<extra>{name}</extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "legend": f"legend{axis}",
            }
            for name, values, color, dash in drawn
        ]
        left = 0.0 if place == 0 else 0.54
        layout[f"xaxis{axis}"] = {"domain": [left, left + 0.46], "anchor": f"y{axis}", "showspikes": False}
        layout[f"yaxis{axis}"] = {"anchor": f"x{axis}", "tickformat": ",", "title": {"text": price_title(bars)}}
        layout[f"legend{axis}"] = {"x": left, "y": 1.0, "yanchor": "bottom", "orientation": "h", "itemwidth": 30, "font": {"size": 11}}  # fmt: skip
    mark = f" · {bars.passport.watermark} data" if bars.passport.watermark else ""
    names = ["Weekly close", "SMA 10", "SMA 40"]
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(f"{bars.symbol}: completed weeks and months", f"{period_text(bars)}{mark}", names),
            "height": 300,
            **layout,
        },
    )


def confidence_chart(analysis: Analysis, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the raw confidence of every engine and of all together; a silent engine has no bar and says so.

    Parameters
    ----------
    analysis : Analysis
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> import investiq as iq
    >>> figure = confidence_chart(iq.analyze("^GSPC", as_of="2013-05-20"))
    >>> list(figure.data[0].y)
    ['Together', 'Technical', 'Fundamental', 'Quant', 'Sentiment']
    """
    import plotly.graph_objects as go

    colors = theme_of(theme)
    known = {"Together": analysis.confidence} | {
        name.capitalize(): each.confidence if not math.isnan(each.score) else math.nan
        for name, each in analysis.engines.items()
    }
    values = list(known.values())
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": list(known),
        "marker": {"color": [colors.text, *[colors.series[0]] * (len(values) - 1)]},
        "text": ["" if math.isnan(each) else f" {each:.0%}" for each in values],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{x:.1%} raw<extra>%{y}</extra>",
    }
    silent = [
        {"x": 0, "y": name, "text": "silent", "xanchor": "left", "showarrow": False, "font": {"color": colors.muted}}
        for name, value in known.items()
        if math.isnan(value)
    ]
    mark = f" · {analysis.watermark} data" if analysis.watermark else ""
    return go.Figure(
        data=[trace],
        layout={
            "template": template(colors),
            **heading("Raw confidence by engine", f"agreement and data, no probability{mark}"),
            "height": 260,
            "hovermode": "closest",
            "annotations": silent,
            "xaxis": {"range": [0, 1.12], "tickvals": [0, *_GUIDES, 1], "tickformat": ".0%", "showspikes": False},
            "yaxis": {"autorange": "reversed"},
        },
    )
