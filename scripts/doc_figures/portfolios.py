"""Figures of docs/portfolios.md: the weights of a portfolio between two rebalancings, and what each symbol brought."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.figures.portfolio import contribution_chart, weights_chart


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    panel = iq.load_panel(["SYN001", "SYN002", "SYN003", "SYN004"], start="2015")
    result = iq.backtest(iq.strategies.BuyAndHold(), panel, rebalance="month_start", lot=None)
    return {"portfolios_weights": weights_chart(result), "portfolios_contributions": contribution_chart(result)}
