"""The figure of docs/metrics/performance.md."""

from __future__ import annotations

import plotly.graph_objects as go

import investiq as iq
from investiq.figures.measures import measures_chart


def figures() -> dict[str, go.Figure]:
    """Return the figures by name."""
    nasdaq, market = (
        iq.load_bars(symbol).adjusted().frame["close"].pct_change().iloc[1:] for symbol in ("^IXIC", "^GSPC")
    )
    measures = iq.measure(nasdaq.rename("Nasdaq Composite"), market, periods_per_year=252)
    figure = measures_chart(measures, window=252)
    figure.layout.updatemenus = ()
    return {"performance": figure}
