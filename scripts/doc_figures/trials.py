"""Figures of docs/trials.md: crossings of the S&P 500, counted."""

from __future__ import annotations

import os
import tempfile

import plotly.graph_objects as go

import investiq as iq

STUDY = "crossings of the S&P 500"


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image, from a ledger of their own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INVESTIQ_DATA_DIR"] = folder
        bars = iq.load_bars("^GSPC", start="2004", end="2013")
        results = {
            (fast, slow): iq.backtest(
                iq.strategies.Crossover(fast=fast, slow=slow), bars, weight=1.0, lot=None, study=STUDY
            )
            for fast in range(5, 45, 5)
            for slow in range(50, 210, 10)
        }
        return {
            "trials_evidence": iq.trials(STUDY).evidence().figure(),
            "trials_comparison": iq.compare_runs(results[20, 150], results[10, 150]).figure(),
        }
