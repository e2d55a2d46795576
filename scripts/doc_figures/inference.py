"""Figures of docs/metrics/inference.md and docs/metrics/factors.md."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

import investiq as iq
from investiq.figures.theme import template, theme_of
from investiq.metrics.bootstrap import bootstrap_sharpe_interval
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import expected_maximum_sharpe
from investiq.metrics.factors import factor_model
from investiq.metrics.path_simulation import simulate_paths

YEARS = (1, 5, 20)
DASHES = ("solid", "dash", "dot")


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    daily = iq.load_bars("^GSPC").frame["close"].pct_change().iloc[1:]
    return {
        "metrics_bootstrap_sharpe": bootstrap_sharpe_interval(daily, Convention(periods_per_year=252)).figure(),
        "metrics_luck_of_a_search": luck_of_a_search(),
        "metrics_simulated_paths": simulate_paths(daily).figure(),
        "metrics_factor_model": factor_model(
            monthly("^IXIC"), iq.load_records("FF3"), convention=Convention(periods_per_year=12)
        ).figure(),
    }


def monthly(symbol: str) -> pd.Series:
    """Return the simple returns of calendar months."""
    closes = iq.load_bars(symbol).frame["close"]
    return closes.resample("ME").last().pct_change().iloc[1:]


def luck_of_a_search() -> go.Figure:
    """Best annual Sharpe ratio that independent trials without skill are expected to show, by their number."""
    colors = theme_of("light")
    trials = np.geomspace(2, 10_000, 80)
    lines = []
    for years, color, dash in zip(YEARS, colors.series, DASHES, strict=True):
        # The annual Sharpe ratio of a trial without skill has variance 1 / years.
        luck = [expected_maximum_sharpe(each, 1 / years) for each in trials]
        name = f"{years} year{'s' if years > 1 else ''} of data"
        lines.append(
            go.Scatter(x=trials, y=luck, name=name, mode="lines", line={"color": color, "dash": dash, "width": 2})
        )
    return go.Figure(
        data=lines,
        layout={
            "template": template(colors),
            "title": {
                "text": "What the best of many trials shows without any skill",
                "subtitle": {"text": "expected maximum Sharpe ratio (annual) of independent trials"},
            },
            "height": 420,
            "hovermode": "x unified",
            "xaxis": {
                "type": "log",
                "range": [np.log10(2), 4.06],
                "title": {"text": "Effective number of independent trials"},
                "tickvals": [2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
                "tickformat": ",",
            },
            "yaxis": {"title": {"text": "Expected maximum Sharpe ratio (annual)"}, "rangemode": "tozero"},
        },
    )
