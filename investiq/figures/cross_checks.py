"""The figure of a cross-check: how far each number of another library lies from ours, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from investiq.core.facts import format_value
from investiq.figures.theme import Theme, ThemeName, template, theme_of

if TYPE_CHECKING:
    from investiq.interop.cross_check_result import CrossCheck, CrossCheckLine

__all__ = ["cross_check_table"]

# A sign before the words, so that colour is not needed to read them.
_SIGNS: Final = {"equal": "=", "differs by convention": "~", "unexplained": "x", "not comparable": "-"}
_ROW: Final = 24


def cross_check_table(result: CrossCheck, *, theme: ThemeName = "light") -> go.Figure:
    """Draw our numbers beside those of each library, one row a metric.

    Parameters
    ----------
    result : CrossCheck
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        ``=`` equal, ``~`` differs by a convention that we recomputed, ``x``
        unexplained, ``-`` no number on one side. The explanations are in the
        result's own table.
    """
    colors = theme_of(theme)
    metrics = list(dict.fromkeys(line.metric for line in result.lines))
    found = {(line.metric, line.tool): line for line in result.lines}
    ours = {line.metric: line.ours for line in result.lines}
    tools = [tool for tool, _ in result.versions]
    columns = [metrics, [format_value(ours[metric]) for metric in metrics]]
    tints: list[Any] = [colors.text, colors.text]
    for tool in tools:
        lines = [found.get((metric, tool)) for metric in metrics]
        tint = [_tint(line, colors) for line in lines]
        columns += [[_number(line) for line in lines], [_words(line) for line in lines]]
        tints += [tint, tint]
    heads = ["Metric", "InvestIQ", *(head for tool in tools for head in (tool, "against ours"))]
    look = {"line": {"color": colors.border}, "height": _ROW}
    count = result.facts()
    summary = ", ".join(f"{fact.label.lower()} {fact.value}" for fact in count)
    return go.Figure(
        data=[
            {
                "type": "table",
                "columnwidth": [2.2, 1.2, *([1.2, 1.6] * len(tools))],
                "header": {
                    "values": heads,
                    "align": ["left", "right", *(["right", "left"] * len(tools))],
                    "fill": {"color": colors.panel},
                    "font": {"color": colors.text},
                    **look,
                },
                "cells": {
                    "values": columns,
                    "align": ["left", "right", *(["right", "left"] * len(tools))],
                    "fill": {"color": colors.surface},
                    "font": {"color": tints},
                    **look,
                },
            }
        ],
        layout={
            "template": template(colors),
            "title": {"text": result.title, "subtitle": {"text": summary}},
            "height": 120 + _ROW * (len(metrics) + 1),
        },
    )


def _number(line: CrossCheckLine | None) -> str:
    return "" if line is None else format_value(line.theirs)


def _words(line: CrossCheckLine | None) -> str:
    return "" if line is None else f"{_SIGNS[line.verdict]} {line.verdict}"


def _tint(line: CrossCheckLine | None, theme: Theme) -> str:
    if line is None or line.verdict == "not comparable":
        return theme.muted
    return {"equal": theme.text, "differs by convention": theme.series[0], "unexplained": theme.exit}[line.verdict]
