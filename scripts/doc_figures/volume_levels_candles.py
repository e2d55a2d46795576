"""Figures of docs/indicators/volume_levels_candles.md: price levels, and what the volume says."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.figures.theme import Theme, template, theme_of
from investiq.indicators.ichimoku_cloud import ichimoku
from investiq.indicators.money_flow import chaikin_money_flow, money_flow_index
from investiq.indicators.profiles import volume_profile
from investiq.indicators.volume import obv, volume_zscore
from investiq.indicators.weighted_prices import anchored_vwap, rolling_vwap

START = "2018-04-02"
ANCHOR = "2018-10-01"


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    return {"indicators_price_levels": price_levels(colors), "indicators_volume": volumes(colors)}


def price_levels(colors: Theme) -> go.Figure:
    """Draw candles with the cloud and two averages, and volume by price beside them."""
    bars = iq.load_bars("^GSPC", start="2017").adjusted()
    frame = bars.frame
    cloud, anchored, rolling = (
        each.loc[START:] for each in (ichimoku(frame), anchored_vwap(frame, ANCHOR), rolling_vwap(frame))
    )
    shown = frame.loc[START:]
    profile = volume_profile(bars, window=len(shown))
    figure = make_subplots(cols=2, shared_yaxes=True, column_widths=[0.8, 0.2], horizontal_spacing=0.01)
    edge = {"width": 1, "color": "rgba(35, 120, 189, 0.35)"}
    figure.add_scatter(x=cloud.index, y=cloud["span_b"], line=edge, showlegend=False)
    figure.add_scatter(
        x=cloud.index,
        y=cloud["span_a"],
        line=edge,
        fill="tonexty",
        fillcolor=colors.fill,
        name="Ichimoku cloud (9, 26, 52)",
    )
    figure.add_candlestick(
        x=shown.index,
        open=shown["open"],
        high=shown["high"],
        low=shown["low"],
        close=shown["close"],
        increasing={"line": {"color": colors.up, "width": 1}, "fillcolor": colors.surface},
        decreasing={"line": {"color": colors.down, "width": 1}, "fillcolor": colors.down},
        showlegend=False,
    )
    line(figure, rolling, "VWAP of 20 bars", colors.series[1], "solid")
    line(figure, anchored, f"VWAP since {ANCHOR}", colors.series[2], "dash")
    table = profile.to_frame()
    for is_value, name, color in ((True, "Value area (70 %)", colors.series[0]), (False, "outside it", colors.faint)):
        rows = table[table["in_value_area"] == is_value]
        figure.add_bar(
            x=rows["volume"] / 1e9,
            y=(rows["low"] + rows["high"]) / 2,
            width=(rows["high"] - rows["low"]) * 0.9,
            orientation="h",
            marker={"color": color, "line": {"width": 0}},
            name=name,
            row=1,
            col=2,
        )
    figure.add_hline(y=profile.poc, line={"color": colors.text, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=0.0,
        xref="x domain",
        y=profile.poc,
        yanchor="bottom",
        xanchor="left",
        showarrow=False,
        text="point of control",
    )
    titled(
        figure,
        colors,
        "Where ^GSPC was traded, and its levels",
        "index points, daily bars, April to December 2018; SAMPLE data",
    )
    figure.update_layout(barmode="overlay", height=520, legend_traceorder="normal")
    figure.update_xaxes(rangeslider_visible=False, col=1)
    figure.update_xaxes(title_text="Billion shares", col=2)
    figure.update_yaxes(title_text="Index points", col=1)
    return figure


def volumes(colors: Theme) -> go.Figure:
    """Draw the close above on-balance volume, the two money flows and the z-score of volume."""
    frame = iq.load_bars("^GSPC", start="2017").adjusted().frame
    panes = {
        "Close (points)": frame["close"],
        "OBV (billion)": obv(frame) / 1e9,
        "CMF (20)": chaikin_money_flow(frame),
        "MFI (14)": money_flow_index(frame),
        "Volume z (60)": volume_zscore(frame["volume"]),
    }
    figure = make_subplots(
        rows=len(panes), shared_xaxes=True, vertical_spacing=0.03, row_heights=[0.3, 0.2, 0.17, 0.17, 0.16]
    )
    for row, (name, series) in enumerate(panes.items(), 1):
        series = series.loc[START:]
        if row in (3, 5):
            figure.add_bar(
                x=series.index, y=series, marker={"color": colors.series[0], "line": {"width": 0}}, row=row, col=1
            )
        else:
            figure.add_scatter(x=series.index, y=series, line={"color": colors.series[0], "width": 1.6}, row=row, col=1)
        figure.update_yaxes(title_text=name, nticks=5, row=row, col=1)
    for row, level in ((3, 0.05), (3, -0.05), (4, 50), (5, 2)):
        figure.add_hline(y=level, line={"color": colors.series[1], "width": 1, "dash": "dot"}, row=row, col=1)
    titled(
        figure,
        colors,
        "What the volume of ^GSPC says",
        "daily bars, April to December 2018; dotted: money flow beyond 0.05, an even index of 50, a z-score of 2; SAMPLE data",
    )
    figure.update_layout(height=720, showlegend=False, bargap=0.1)
    return figure


def line(figure: go.Figure, series: Any, name: str, color: str, dash: str) -> None:
    """Add a line to the price pane."""
    figure.add_scatter(
        x=series.index, y=series, name=name, line={"color": color, "width": 2, "dash": dash}, row=1, col=1
    )


def titled(figure: go.Figure, colors: Theme, title: str, subtitle: str) -> None:
    """Give the figure its look and title."""
    figure.update_layout(template=template(colors), title={"text": title, "subtitle": {"text": subtitle}})
