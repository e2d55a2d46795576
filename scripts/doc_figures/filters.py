"""Figures of docs/indicators/filters.md: three filters of one price, and an uncertainty that means something."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.figures.theme import Theme, template, theme_of
from investiq.indicators.filters import signal_frame
from investiq.indicators.kalman_filters import local_level
from investiq.indicators.kalman_fitting import fit_local_level
from investiq.indicators.state_space import Variances

SHOWN = slice("2018-08-01", "2018-12-31")
# A chosen noise of half a percent, so that the Kalman level smooths about as much as the other two.
SMOOTH = Variances(observation=1e-4, level=1e-5, slope=1e-7)


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    return {"indicators_filters": three_filters(colors), "indicators_uncertainty": uncertainty(colors)}


def three_filters(colors: Theme) -> go.Figure:
    """Draw the close with the Kalman level, the Butterworth filter and the EMA."""
    frame = iq.load_bars("^GSPC", start="2016").adjusted().frame
    table = signal_frame(frame, SMOOTH).loc[SHOWN]
    figure = go.Figure()
    figure.add_scatter(
        x=table.index, y=frame.loc[SHOWN, "close"], name="Close", line={"color": colors.faint, "width": 1}
    )
    for name, words, color, dash in (
        ("filtered_price", "Kalman level", colors.series[0], "solid"),
        ("butterworth_price", "Butterworth, order 2, cutoff 0.2", colors.series[1], "dash"),
        ("ema_price", "EMA 10", colors.series[2], "dot"),
    ):
        figure.add_scatter(x=table.index, y=table[name], name=words, line={"color": color, "width": 2, "dash": dash})
    figure.update_layout(
        template=template(colors),
        title={
            "text": "^GSPC daily: three causal filters",
            "subtitle": {"text": "each point is made of the closes up to its own day"},
        },
        yaxis_title="price (index points)",
        height=460,
    )
    figure.update_xaxes(rangebreaks=[{"bounds": ["sat", "mon"]}])
    return figure


def uncertainty(colors: Theme) -> go.Figure:
    """Draw the innovations, and the two errors of the level: of the variances alone, and scaled by the innovations."""
    closes = iq.load_bars("^GSPC", start="2010").adjusted().frame["close"]
    table = local_level(closes, fit_local_level(closes.loc[:"2016"]).variances).loc["2017":]
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.45, 0.55])
    figure.add_bar(
        x=table.index, y=table["innovation_z"], name="Innovation", marker={"color": colors.faint}, row=1, col=1
    )
    for name, words, color, dash in (
        ("level_error", "level_error: the same for every day", colors.series[1], "dash"),
        ("uncertainty", "uncertainty: scaled by recent innovations", colors.series[0], "solid"),
    ):
        line = {"color": color, "width": 2, "dash": dash}
        figure.add_scatter(x=table.index, y=table[name], name=words, line=line, row=2, col=1)
    figure.update_layout(
        template=template(colors),
        title={
            "text": "^GSPC: how sure a local level is of itself",
            "subtitle": {"text": "variances fitted to 2010-2016, filtered from 2017 on"},
        },
        height=560,
        bargap=0,
    )
    figure.update_yaxes(title_text="Innovation (deviations)", row=1)
    figure.update_yaxes(title_text="Error of the level (%)", tickformat=".2%", rangemode="tozero", row=2)
    return figure
