"""Figures of docs/explaining_fills.md: one round trip in its bars, the readings of a run, and what costs took."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    result = iq.backtest(
        iq.strategies.Crossover(fast=10, slow=30),
        iq.load_bars("^GSPC", start="2007", end="2018"),
        weight=1.0,
        lot=None,
        stop_loss=0.02,
        take_profit=0.03,
    )
    return {
        "explaining_trade": result.explain(2).figure(),
        "explaining_bracket": result.bracket.figure(),
        "explaining_waterfall": result.waterfall.figure(),
    }
