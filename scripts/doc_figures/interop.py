"""Figure of docs/interop.md: one strategy here and in vectorbt."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    bars = iq.load_bars("^GSPC", start="2014")
    strategy = iq.strategies.Crossover(fast=5, slow=20)
    parity = iq.compare_with_vectorbt(strategy, bars, costs=iq.Costs(), trailing_stop=0.03)
    return {"interop_parity": parity.figure()}
