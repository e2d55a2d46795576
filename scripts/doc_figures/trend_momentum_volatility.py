"""Figures of docs/indicators/trend_momentum_volatility.md: the families on one price, and starts that fade."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.figures.theme import Theme, template, theme_of
from investiq.indicators.bands import bollinger, keltner, squeeze
from investiq.indicators.direction import adx
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.trend import ema
from investiq.indicators.volatility import atr

START, END = "2015-04-01", "2016-03-31"
STARTED_BARS = 120


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    return {"indicators_families": families(colors), "indicators_starts": starts(colors)}


def families(colors: Theme) -> go.Figure:
    """Draw the bands around the close with its squeezes, and RSI, MACD and ADX below."""
    frame = iq.load_bars("^GSPC").adjusted().frame
    shown = slice(START, END)
    close, bands, channel = (
        each.loc[shown] for each in (frame["close"], bollinger(frame["close"]), keltner(frame, 20, 1.5, atr_window=20))
    )
    state, lines = squeeze(frame).loc[shown], macd(frame["close"]).loc[shown]
    strength, movement = rsi(frame["close"]).loc[shown], adx(frame).loc[shown]
    figure = make_subplots(rows=4, shared_xaxes=True, vertical_spacing=0.03, row_heights=[0.46, 0.18, 0.18, 0.18])
    edge = {"width": 0}
    figure.add_scatter(x=bands.index, y=bands["lower"], line=edge, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=bands.index, y=bands["upper"], line=edge, fill="tonexty", fillcolor=colors.fill, name="Bollinger (20, 2)"
    )
    for name in ("lower", "upper"):
        figure.add_scatter(
            x=channel.index,
            y=channel[name],
            line={"color": colors.series[1], "width": 1.4, "dash": "dash"},
            name="Keltner (EMA 20, 1.5 ATR 20)",
            showlegend=name == "upper",
        )
    figure.add_scatter(x=close.index, y=close, line={"color": colors.text, "width": 1.6}, name="Close")
    inside = state["on"] == 1
    figure.add_scatter(
        x=close.index[inside],
        y=close[inside],
        mode="markers",
        marker={"symbol": "diamond", "size": 7, "color": colors.series[2]},
        name="Squeeze on",
    )
    blue, orange = ({"color": color, "width": 1.6} for color in colors.series[:2])
    figure.add_scatter(x=close.index, y=strength, line=blue, showlegend=False, row=2, col=1)
    figure.add_bar(
        x=close.index,
        y=lines["histogram"],
        marker={"color": colors.faint, "line": {"width": 0}},
        showlegend=False,
        row=3,
        col=1,
    )
    figure.add_scatter(x=close.index, y=lines["macd"], line=blue, showlegend=False, row=3, col=1)
    figure.add_scatter(x=close.index, y=lines["signal"], line=orange | {"dash": "dash"}, showlegend=False, row=3, col=1)
    figure.add_scatter(x=close.index, y=movement["adx"], line=blue | {"width": 2.2}, showlegend=False, row=4, col=1)
    for name, line in (("plus_di", {"dash": "dot"}), ("minus_di", {"dash": "dash"})):
        figure.add_scatter(x=close.index, y=movement[name], line=orange | line, showlegend=False, row=4, col=1)
    for row, level in ((2, 30), (2, 70), (4, 20)):
        figure.add_hline(y=level, line={"color": colors.faint, "width": 1, "dash": "dot"}, row=row, col=1)
    for row, title in enumerate(("Index points", "RSI (14)", "MACD (points)", "ADX, ± DI (14)"), 1):
        figure.update_yaxes(title_text=title, nticks=5, row=row, col=1)
    figure.update_layout(
        template=template(colors),
        height=760,
        bargap=0.1,
        title={
            "text": "Bands, momentum and direction of ^GSPC",
            "subtitle": {
                "text": "daily bars, April 2015 to March 2016; MACD with its signal (dashed), ADX with +DI (dotted) and -DI (dashed); SAMPLE data"
            },
        },
    )
    return figure


def starts(colors: Theme) -> go.Figure:
    """Draw how the values of two starts approach each other, as a share of the later level."""
    bars = iq.load_bars("^GSPC").adjusted()
    close = bars.close
    pairs = {
        "ADX (14): Wilder's sums, TA-Lib's": (adx(bars).adx, adx(bars, start="talib").adx),
        "EMA (26): from the mean, from the first close": (ema(close, 26), ema(close, 26, start="first")),
        "ATR (14): without and with the first bar": (atr(bars), atr(bars, start="stockcharts")),
        "MACD (12, 26): own start, TA-Lib's": (macd(close).macd, macd(close, start="talib").macd),
    }
    figure = go.Figure()
    looks = zip(pairs.items(), (*colors.series, colors.muted), ("solid", "dash", "dot", "dashdot"), strict=True)
    for (name, (one, other)), color, dash in looks:
        level = np.nanmean(np.abs(one[:STARTED_BARS]))
        apart = np.abs(one - other)[:STARTED_BARS] / level
        figure.add_scatter(
            x=np.arange(STARTED_BARS),
            y=np.where(apart > 0, apart, np.nan),
            name=name,
            line={"color": color, "width": 2, "dash": dash},
        )
    figure.update_yaxes(
        type="log", exponentformat="power", title_text="Difference / mean level, log scale", range=[-8, 0.3], dtick=1
    )
    figure.update_xaxes(title_text="Bars since the first")
    figure.update_layout(
        template=template(colors),
        height=460,
        legend={"orientation": "v", "x": 0.01, "xanchor": "left", "y": 0.02, "yanchor": "bottom"},
        title={
            "text": "How long two starts of one indicator differ",
            "subtitle": {
                "text": "^GSPC from 4 January 1999, ratio to the mean level of the first 120 bars; SAMPLE data"
            },
        },
    )
    return figure
