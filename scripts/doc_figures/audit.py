"""Figure of docs/audit.md: a weekly close that is read before its week is over."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

import investiq as iq


def week_by_its_monday(close: pd.Series[float]) -> pd.Series[float]:
    """Return the close of each week, labelled by its Monday and so carried back over the week."""
    weekly = close.resample("W-MON", label="left", closed="left").last()
    return weekly.reindex(close.index, method="ffill")


def figures() -> dict[str, go.Figure]:
    """Return the figures by the name of their image."""
    close = iq.load_bars("^GSPC", start="2015-01-05").frame["close"]
    return {"audit_weekly_label": iq.audit(week_by_its_monday, close).figure()}
