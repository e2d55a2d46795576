"""Figures of docs/analysis.md: an analysis, and a screen of several symbols."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    symbols = [*(f"SYN00{number}" for number in range(1, 6)), "^GSPC"]
    return {
        "analysis": iq.analyze("SYN001").figure(),
        "screen": iq.screen(symbols, as_of="2018-12-31").figure(),
    }
