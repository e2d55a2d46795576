"""Figures of docs/validation.md."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq


def figures() -> dict[str, go.Figure]:
    """Return the figures by name."""
    grid = {"fast": range(5, 55, 5), "slow": range(60, 210, 10), "weight": 1.0}
    walk = iq.walk_forward(iq.strategies.Crossover, "^GSPC", folds=6, **grid)
    paths = iq.cross_validate(iq.strategies.Crossover, "^GSPC", purge=50, **grid)
    result = iq.backtest(iq.strategies.Crossover(), "^GSPC", weight=1.0)
    return {
        "walk_forward": walk.figure(),
        "cross_validation": paths.figure(),
        "monte_carlo": iq.monte_carlo(result).figure(),
    }
