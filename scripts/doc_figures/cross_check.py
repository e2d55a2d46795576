"""Figure of docs/metrics/cross_check.md: our numbers beside those of quantstats and empyrical."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.metrics.conventions import Convention


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    returns, benchmark = (
        iq.load_bars(symbol, start="2009").adjusted().frame["close"].pct_change().iloc[1:].rename(symbol)
        for symbol in ("^IXIC", "^GSPC")
    )
    check = iq.cross_check(returns, benchmark, convention=Convention(periods_per_year=252, risk_free=0.02))
    return {"metrics_cross_check": check.figure()}
