"""Figures of docs/metrics/overfitting.md: crossovers of the S&P 500, judged together."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

import investiq as iq
from investiq.indicators.trend import sma
from investiq.metrics.overfitting import probability_of_backtest_overfitting
from investiq.metrics.snooping import superior_predictive_ability


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    close = iq.load_bars("^GSPC").frame["close"]
    daily = close.pct_change()
    trials = pd.DataFrame(
        {
            f"{fast}/{slow}": (sma(close, fast) > sma(close, slow)).shift(1, fill_value=False) * daily
            for fast in range(5, 55, 5)
            for slow in range(60, 260, 20)
        }
    ).iloc[260:]
    return {
        "metrics_overfitting": probability_of_backtest_overfitting(trials).figure(),
        "metrics_snooping": superior_predictive_ability(trials, daily.iloc[260:]).figure(),
    }
