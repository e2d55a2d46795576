"""Figures of docs/sweeps.md."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

import investiq as iq


def figures() -> dict[str, go.Figure]:
    """Return the figures by name."""
    options = {"weight": 1.0, "lot": None, "max_volume_participation": None}
    pairs = iq.sweep(iq.strategies.Crossover, "^GSPC", fast=range(5, 61, 5), slow=range(80, 301, 10), **options)
    levels = iq.sweep(
        iq.strategies.Crossover,
        "^GSPC",
        stop_loss=np.linspace(0.01, 0.10, 10),
        take_profit=np.linspace(0.02, 0.20, 10),
        trailing_stop=[0.03, 0.05, 0.10],
        **options,
    )
    one = iq.sweep(iq.strategies.Crossover, "^GSPC", fast=20, slow=range(30, 201, 5), **options)
    return {
        "sweeps_pairs": pairs.figure(),
        "sweeps_levels": levels.figure(metric="total_return"),
        "sweeps_line": one.figure(),
    }
