"""Figures of a portfolio: what it held, and what each symbol brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.figures.heading import heading
from investiq.figures.panes import date_axis
from investiq.figures.theme import ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["contribution_chart", "weights_chart"]

# Areas that a reader can tell apart; the others are one.
_SHOWN: Final = 6
_LIGHT: Final = ("#2378bd", "#c2540a", "#5b2fc4", "#0b7a75", "#b8860b", "#7a8793")


def weights_chart(result: BacktestResult, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the weight of each symbol over time; beyond six, the smaller ones together.

    Parameters
    ----------
    result : BacktestResult
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Shares of equity at each close, in percent; shorts lie below zero.
    """
    colors = theme_of(theme)
    prices = result.prices
    values = result.shares * np.where(result.shares == 0.0, 0.0, prices.marks)
    weights = values / np.where(result.run.equity > 0, result.run.equity, np.nan)
    order = np.argsort(-np.nansum(np.abs(weights), axis=1), kind="stable")
    named = order if order.size <= _SHOWN else order[: _SHOWN - 1]
    lines = [(prices.symbols[row], weights[row]) for row in named]
    if order.size > named.size:
        lines.append((f"{order.size - named.size} others", weights[order[named.size :]].sum(axis=0)))
    x = date_axis(prices.ts)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "x": x, "y": line, "name": name, "stackgroup": "weights",
            "line": {"width": 0.6, "color": _LIGHT[number]}, "hovertemplate": "%{y:.1%}<extra>%{fullData.name}</extra>",
        }
        for number, (name, line) in enumerate(lines)
    ]  # fmt: skip
    if (weights < 0).any():
        for trace in traces:
            del trace["stackgroup"]
            trace["line"]["width"] = 1.4
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(f"Weights: {result.title}", "share of equity at each close", (trace["name"] for trace in traces)),
            "annotations": [watermark_note(result.watermark, colors)] if result.watermark else [],
            "height": 430,
            "yaxis": {"title": {"text": "Weight (% of equity)"}, "tickformat": ".0%"},
        },
    )


def contribution_chart(result: BacktestResult, *, most: int = 20, theme: ThemeName = "light") -> go.Figure:
    """Draw what each symbol added to the total return, the largest first.

    Parameters
    ----------
    result : BacktestResult
    most : int, default 20
        Symbols shown; of more, those that moved the account most.
    theme : {"light", "dark"}
    """
    colors = theme_of(theme)
    table = result.by_symbol
    shown = table.loc[table["contribution"].abs().sort_values(ascending=False).index[:most]]
    shown = shown.sort_values("contribution")
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": shown["contribution"],
        "y": shown.index,
        "marker": {"color": [colors.entry if each >= 0 else colors.exit for each in shown["contribution"]]},
        "customdata": shown[["pnl", "trades", "weight"]].to_numpy(),
        "hovertemplate": (
            "%{y}: %{x:.2%}, P&L %{customdata[0]:+,.2f} USD, %{customdata[1]:.0f} closed trades, mean weight "
            "%{customdata[2]:.1%}<extra></extra>"
        ),
    }
    left = len(table) - len(shown)
    text = "profit / opening capital, costs and dividends included" + (f" · {left} more not shown" if left else "")
    return go.Figure(
        data=[trace],
        layout={
            "template": template(colors),
            **heading(f"Contributions: {result.title}", text),
            "annotations": [watermark_note(result.watermark, colors)] if result.watermark else [],
            "height": 200 + 24 * len(shown),
            "hovermode": "closest",
            "showlegend": False,
            "xaxis": {
                "title": {"text": "Contribution (% of opening capital)"},
                "tickformat": ".1%",
                "showspikes": False,
            },
            "yaxis": {"automargin": True},
        },
    )
