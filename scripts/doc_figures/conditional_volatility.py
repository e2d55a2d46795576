"""Figure of docs/metrics/volatility.md: a GJR-GARCH fit with its forecast."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    closes = iq.load_bars("^GSPC", start="2014").adjusted().frame["close"]
    fit = garch(closes.pct_change().iloc[1:], Convention(periods_per_year=252), model="gjr")
    return {"metrics_garch": fit.figure(horizon=120)}
