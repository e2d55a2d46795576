"""Figure of docs/metrics/black_scholes.md: implied volatility by strike and expiry of one invented chain."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

import investiq as iq
from investiq.figures.theme import template, theme_of
from investiq.metrics import implied_volatility


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    frame = iq.load_records("SYN010", "options").frame
    chain = frame[(frame["known_at"] == frame["known_at"].max()) & (frame["bid"] > 0)]
    is_call = (chain["contract_type"] == "call").to_numpy()
    days = (chain["expiration"] - chain.index.normalize()).dt.days.to_numpy()
    spot, strike = chain["underlying_price"].to_numpy(), chain["strike"].to_numpy()
    middle = ((chain["bid"] + chain["ask"]) / 2).to_numpy()
    found = implied_volatility(middle, spot, strike, days / 365, 0.02, is_call=is_call).value
    is_out = np.where(is_call, strike >= spot, strike < spot)
    traces = [
        {
            "x": strike[rows] / spot[rows] - 1,
            "y": found[rows],
            "name": f"{left} days",
            "line": {"color": color, "width": 2},
            "marker": {"size": 6},
        }
        for left, color in zip(np.unique(days), colors.series, strict=False)
        for rows in [np.flatnonzero((days == left) & is_out)[np.argsort(strike[(days == left) & is_out])]]
    ]
    layout = {
        "template": template(colors),
        "title": {
            "text": "Implied volatility by strike and time to expiry",
            "subtitle": {"text": "SYN010, last chain, contracts out of the money with a bid · SYNTHETIC data"},
        },
        "xaxis": {"title": {"text": "Strike to price"}, "tickformat": "+.0%"},
        "yaxis": {"title": {"text": "Implied volatility a year"}, "tickformat": ".0%"},
    }
    return {
        "metrics_black_scholes": go.Figure(
            [{"type": "scatter", "mode": "lines+markers", **each} for each in traces], layout
        )
    }
