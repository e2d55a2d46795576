"""Figures of docs/indicators/structure_timeframes.md: when swings are known, and what a longer timeframe shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.figures.theme import Theme, template, theme_of
from investiq.indicators.divergences import rsi_divergence
from investiq.indicators.momentum import rsi
from investiq.indicators.swings import swing_points
from investiq.indicators.timeframes import on_timeframe

START, END = "2018-08-24", "2018-10-12"
UNIT = "price (index points)"


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    return {
        "indicators_swings_divergence": swings_and_divergence(colors),
        "indicators_weekly_rsi": weekly_rsi(colors),
    }


def swings_and_divergence(colors: Theme) -> go.Figure:
    """Candles with each swing at its extreme and a tick at the bar that confirms it; a divergence from the RSI below."""
    frame = iq.load_bars("^GSPC", start="2017").adjusted().frame
    swings, found, strength = swing_points(frame), rsi_divergence(frame), rsi(frame["close"])
    shown = frame.index[(frame.index >= START) & (frame.index <= END)]
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    figure.add_candlestick(**candles(frame.loc[shown], colors), row=1, col=1)
    for column, symbol, name, color in (
        ("swing_high", "triangle-down", "Swing high", colors.exit),
        ("swing_low", "triangle-up", "Swing low", colors.entry),
    ):
        confirming = shown[swings.loc[shown, column].notna()]
        extremes = frame.index[frame.index.get_indexer(confirming) - 2]
        level = swings.loc[confirming, column]
        lift = 7 if column == "swing_high" else -7
        waits_x, waits_y = broken_lines(extremes, confirming, level)
        figure.add_scatter(
            x=waits_x, y=waits_y, mode="lines", line={"color": color, "width": 1.5}, showlegend=False, row=1, col=1
        )
        figure.add_scatter(
            x=extremes, y=level + lift, mode="markers", marker={"symbol": symbol, "size": 9, "color": color},
            name=name, row=1, col=1,
        )  # fmt: skip
        figure.add_scatter(
            x=confirming, y=level, mode="markers", showlegend=column == "swing_high", name="known: two bars later",
            marker={"symbol": "line-ns", "size": 10, "line": {"width": 2, "color": color}}, row=1, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=shown, y=strength.loc[shown], line={"color": colors.series[2], "width": 1.5}, showlegend=False, row=2, col=1
    )
    for known_on in shown[found.loc[shown, "bearish"] == 1]:
        mark_divergence(figure, frame, found.loc[known_on], known_on, colors)
    finish(figure, colors, "^GSPC daily: swings and a bearish divergence", "drawn at the extreme, known two bars later")
    figure.update_yaxes(title_text=UNIT, row=1)
    figure.update_yaxes(title_text="RSI(14)", row=2)
    figure.update_layout(height=620)
    return figure


def mark_divergence(figure: go.Figure, frame: pd.DataFrame, event: pd.Series, known_on: Any, colors: Theme) -> None:
    """Draw the two peaks of price and oscillator as lines, and when it is known."""
    here = frame.index.get_loc(known_on)
    dates = [frame.index[here - int(event[f"bearish_age_{which}"])] for which in ("first", "second")]
    for row, what in ((1, "price"), (2, "oscillator")):
        values = [event[f"bearish_{what}_{which}"] for which in ("first", "second")]
        figure.add_scatter(
            x=dates, y=values, mode="lines+markers", line={"color": colors.text, "width": 2, "dash": "dash"},
            marker={"size": 5}, showlegend=False, row=row, col=1,
        )  # fmt: skip
    figure.add_vline(x=known_on, line={"color": colors.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=known_on, y=event["bearish_oscillator_second"], text=f" bearish, known {known_on:%d %b}", xanchor="left",
        showarrow=False, font={"color": colors.text, "size": 11}, row=2, col=1,
    )  # fmt: skip


def weekly_rsi(colors: Theme) -> go.Figure:
    """Draw the weekly RSI as each day knows it, and as a chart that looks ahead would show it."""
    bars = iq.load_bars("^GSPC", start="2017").adjusted()
    known = on_timeframe(bars, "1w", lambda weeks: rsi(weeks.close))["value"].loc["2018-09-17":"2018-12-28"]
    weekly = bars.resampled("1w")
    ahead = pd.Series(rsi(weekly.close), index=weekly.index).loc[known.index[0] : known.index[-1]]
    figure = go.Figure()
    figure.add_scatter(
        x=known.index,
        y=known,
        line={"color": colors.series[0], "width": 2.5, "shape": "hv"},
        name="as each day knows it",
    )
    figure.add_scatter(
        x=ahead.index, y=ahead, line={"color": colors.series[1], "width": 1.5, "dash": "dash", "shape": "hv"},
        name="from the first day of the week on: four days of look-ahead",
    )  # fmt: skip
    finish(figure, colors, "^GSPC: weekly RSI(14) beside daily bars", "a step comes with the last session of its week")
    figure.update_yaxes(title_text="RSI(14) of weekly closes")
    return figure


def candles(frame: pd.DataFrame, colors: Theme) -> dict[str, Any]:
    """Return the candles of a frame, rising ones hollow."""
    return {
        **{name: frame[name] for name in ("open", "high", "low", "close")},
        "x": frame.index,
        "increasing": {"line": {"color": colors.up, "width": 1}, "fillcolor": colors.surface},
        "decreasing": {"line": {"color": colors.down, "width": 1}, "fillcolor": colors.down},
        "showlegend": False,
    }


def broken_lines(starts: pd.DatetimeIndex, ends: pd.DatetimeIndex, level: pd.Series) -> tuple[list[Any], list[Any]]:
    """Return one level line from each start to its end, with gaps between."""
    x = [each for pair in zip(starts, ends, [None] * len(ends), strict=True) for each in pair]
    return x, [each for value in level for each in (value, value, np.nan)]


def finish(figure: go.Figure, colors: Theme, title: str, subtitle: str) -> None:
    """Give the figure its theme and its words; days without a session take no room."""
    figure.update_layout(
        template=template(colors), title={"text": title, "subtitle": {"text": subtitle}}, hovermode=False
    )
    figure.update_xaxes(rangeslider_visible=False, rangebreaks=[{"bounds": ["sat", "mon"]}])
