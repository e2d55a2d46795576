"""Figure of docs/metrics/tail.md: a filtered value at risk through the crisis of 2008."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.metrics.conventions import Convention
from investiq.metrics.filtered_tail import rolling_filtered_value_at_risk
from investiq.metrics.tail_tests import var_backtest


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    closes = iq.load_bars("^GSPC", start="2003", end="2010").adjusted().frame["close"]
    returns = closes.pct_change().iloc[1:]
    forecasts = rolling_filtered_value_at_risk(returns, Convention(periods_per_year=252), window=750, refit_every=125)
    return {"metrics_var_backtest": var_backtest(returns, forecasts.value_at_risk, 0.95).figure()}
