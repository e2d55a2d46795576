"""Figure of docs/supplementary.md: implied volatility of an invented share, what it is compared with, and the volatility that came."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.figures.theme import template, theme_of


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    colors = theme_of("light")
    history = iq.History.of(iq.load_bars("SYN001"), records=[iq.load_records("SYN001", "options")])
    table = SupplementaryView().features(history).iloc[-500:]
    lines = [
        ("options_atm_iv", "Implied, 30 days, at the money", colors.series[0], 2.2),
        ("volatility_historical", "Historical, 20 sessions (the proxy)", colors.muted, 1.2),
    ]
    traces = [
        {"x": table.index, "y": table[name], "name": label, "line": {"color": color, "width": width}}
        for name, label, color, width in lines
    ]
    layout = {
        "template": template(colors),
        "title": {
            "text": "Implied and historical volatility of SYN001",
            "subtitle": {"text": "each day's chain as it was known at the close · SYNTHETIC data"},
        },
        "yaxis": {"title": {"text": "Volatility a year"}, "tickformat": ".0%"},
    }
    return {
        "supplementary_volatility": go.Figure([{"type": "scatter", "mode": "lines", **each} for each in traces], layout)
    }
