"""Figure of docs/strategies.md: when two strategies decide, on the same two years."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import investiq as iq
from investiq.figures.theme import template, theme_of
from investiq.strategies import DonchianTrend, MeanReversion, Strategy


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    bars = iq.load_bars("^GSPC", start="2010", end="2013")
    theme = theme_of("light")
    shown = slice(252, len(bars))
    rows: list[tuple[str, Strategy]] = [
        ("Breakout in an uptrend: DonchianTrend()", DonchianTrend()),
        ("Mean reversion: MeanReversion()", MeanReversion()),
    ]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09, subplot_titles=[title for title, _ in rows]
    )
    for row, (_, strategy) in enumerate(rows, start=1):
        buys, sells = _round_trips(strategy.decide(bars))
        figure.add_scatter(
            x=bars.ts[shown], y=bars.close[shown], mode="lines", name="^GSPC, close",
            line={"color": theme.muted, "width": 1.2}, showlegend=row == 1, row=row, col=1,
        )  # fmt: skip
        for bars_of, name, color, symbol in (
            (buys, "buy, decided at the close", theme.series[0], "triangle-up"),
            (sells, "first sell after it", theme.series[1], "triangle-down"),
        ):
            at = bars_of[bars_of >= shown.start]
            figure.add_scatter(
                x=bars.ts[at], y=bars.close[at], mode="markers", name=name, legendgroup=name, showlegend=row == 1,
                marker={"color": color, "symbol": symbol, "size": 11, "line": {"color": theme.surface, "width": 1}},
                row=row, col=1,
            )  # fmt: skip
        figure.update_yaxes(title="USD", row=row, col=1)
    figure.update_layout(
        template=template(theme),
        title="Two strategies on ^GSPC, 2011 to 2013: decisions, without stops and time limits",
        height=640,
        margin={"t": 110, "l": 60, "r": 20, "b": 40},
        legend={"orientation": "h", "y": 1.06, "x": 0, "yanchor": "bottom"},
    )
    return {"strategies": figure}


def _round_trips(decisions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the buys from flat, and the first sell after each."""
    buys, sells, holds = [], [], False
    for bar in np.flatnonzero(decisions).tolist():
        if decisions[bar] == 1 and not holds:
            buys.append(bar)
            holds = True
        elif decisions[bar] == -1 and holds:
            sells.append(bar)
            holds = False
    return np.array(buys, dtype=int), np.array(sells, dtype=int)
