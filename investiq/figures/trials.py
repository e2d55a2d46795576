"""Figures of the ledger: how the trials of a study spread, and runs side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.heading import heading
from investiq.figures.tables import facts_figure
from investiq.figures.theme import Theme, ThemeName, template, theme_of, watermark_note

if TYPE_CHECKING:
    from investiq.backtesting.comparing import RunComparison
    from investiq.backtesting.evidence_result import Evidence
    from investiq.backtesting.trials import TrialTable

__all__ = ["comparison_chart", "evidence_chart", "trials_chart"]

_FEW: Final = 2
_DASHES: Final = ("solid", "dash", "dot", "dashdot")


def evidence_chart(result: Evidence, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the Sharpe ratios of a study's trials, the selected one, and what the best of as many would show by luck.

    Parameters
    ----------
    result : Evidence
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A histogram; of fewer than two ratios, the facts.
    """
    colors = theme_of(theme)
    known = result.sharpes[~np.isnan(result.sharpes)]
    if known.size < _FEW:
        return facts_figure(result.title, result.facts(), result.watermark, theme=theme)
    edges = np.histogram_bin_edges(known, bins=int(min(40, max(8, math.sqrt(known.size) * 2))))
    counts, _ = np.histogram(known, edges)
    middles = (edges[1:] + edges[:-1]) / 2
    bars = {
        "type": "bar",
        "name": "Trials",
        "x": middles,
        "y": counts,
        "width": edges[1] - edges[0],
        "marker": {"color": colors.series[0], "line": {"color": colors.surface, "width": 1}},
        "hovertemplate": "Sharpe ratio near %{x:.2f}: %{y:,} trials<extra></extra>",
    }
    marks = [
        ("Selected", result.sharpe, colors.text, "solid"),
        ("Best by luck", result.expected_maximum, colors.exit, "dash"),
    ]
    shown = [mark for mark in marks if not math.isnan(mark[1])]
    top = float(counts.max())
    lines: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{name} {value:.2f}",
            "x": [value, value],
            "y": [0, top * 1.06],
            "line": {"color": color, "width": 2.4, "dash": dash},
            "hovertemplate": f"{name}: %{{x:.3f}}<extra></extra>",
        }
        for name, value, color, dash in shown
    ]
    ends = [edges[0], edges[-1], *(value for _, value, _, _ in shown)]
    room = 0.04 * (max(ends) - min(ends))
    return go.Figure(
        data=[bars, *lines],
        layout={
            "template": template(colors),
            **heading(result.title, _summary(result), ["Trials", *(line["name"] for line in lines)]),
            "height": 440,
            "hovermode": "closest",
            "bargap": 0,
            "xaxis": {
                "title": {"text": "Annual Sharpe ratio"},
                "range": [min(ends) - room, max(ends) + room],
                "showspikes": False,
            },
            "yaxis": {"title": {"text": "Trials"}, "rangemode": "tozero"},
            "annotations": _mark(result.watermark, colors),
        },
    )


def _summary(result: Evidence) -> str:
    parts = [
        f"{result.trials:,} trials worth {result.effective_trials:,.1f} independent ones",
        f"deflated Sharpe ratio {format_value(result.deflated, 'fraction')}",
        f"PBO {format_value(result.pbo, 'fraction')}",
        result.selected_label,
    ]
    return " · ".join(part for part in parts if part)


def trials_chart(result: TrialTable, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the Sharpe ratio of each entry of the ledger against the time of its first run.

    Parameters
    ----------
    result : TrialTable
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Entries in sample are dots, those out of sample diamonds. Sweeps, which
        stand for many trials, have no ratio of their own and are left out.
    """
    colors = theme_of(theme)
    looks = (
        ("In sample", "in_sample", colors.series[0], "circle"),
        ("Out of sample", "out_of_sample", colors.series[1], "diamond"),
    )
    traces: list[dict[str, Any]] = []
    for name, sample, color, symbol in looks:
        entries = [each for each in result.entries if each.sample == sample and not math.isnan(each.sharpe)]
        if entries:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": [entry.created_at for entry in entries],
                    "y": [entry.sharpe for entry in entries],
                    "text": [f"{entry.text}<br>{entry.study}" for entry in entries],
                    "marker": {"color": color, "symbol": symbol, "size": 8},
                    "hovertemplate": "%{text}<br>Sharpe ratio %{y:.2f}<extra></extra>",
                }
            )
    if not traces:
        return facts_figure(result.title, result.facts(), result.watermark, theme=theme)
    cells = sum(entry.cells for entry in result.entries)
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(
                result.title,
                f"{len(result.entries):,} entries, {cells:,} trials, {len(result.studies):,} studies",
                (trace["name"] for trace in traces),
            ),
            "height": 440,
            "hovermode": "closest",
            "xaxis": {"title": {"text": "First run (UTC)"}, "showspikes": False},
            "yaxis": {"title": {"text": "Annual Sharpe ratio"}},
            "annotations": _mark(result.watermark, colors),
        },
    )


def comparison_chart(result: RunComparison, *, theme: ThemeName = "light") -> go.Figure:
    """Draw the equity of runs over each other, each from 100 %.

    Parameters
    ----------
    result : RunComparison
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Without equity, as of entries of the ledger, the facts.
    """
    colors = theme_of(theme)
    if result.equity is None:
        return facts_figure(result.title, result.facts(), result.watermark, theme=theme)
    traces = [
        _equity_line(result, name, colors.series[place % len(colors.series)], _DASHES[place % len(_DASHES)])
        for place, name in enumerate(result.names)
    ]
    return go.Figure(
        data=traces,
        layout={
            "template": template(colors),
            **heading(result.title, _choices(result), result.names),
            "height": 460,
            "yaxis": {"title": {"text": "Equity (% of its beginning)"}, "tickformat": ".0%"},
            "annotations": _mark(result.watermark, colors),
        },
    )


def _equity_line(result: RunComparison, name: str, color: str, dash: str) -> dict[str, Any]:
    assert result.equity is not None
    equity = result.equity[name].dropna()
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": equity.index,
        "y": (equity / equity.iloc[0]).to_numpy(),
        "line": {"color": color, "dash": dash, "width": 1.7},
        "hovertemplate": "%{y:.1%}<extra>%{fullData.name}</extra>",
    }


def _choices(result: RunComparison) -> str:
    labels = [str(label) for label in result.choices.index]
    return f"they differ in {', '.join(labels)}" if labels else "chosen alike"


def _mark(watermark: str | None, theme: Theme) -> list[dict[str, Any]]:
    return [watermark_note(watermark, theme)] if watermark else []
