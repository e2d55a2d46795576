"""Numbers as cards, and as a figure where a result has no chart of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import plotly.graph_objects as go

from investiq.core.facts import Fact, format_fact
from investiq.figures.theme import FONT_FAMILY, ThemeName, template, theme_of

__all__ = ["facts_figure", "metric_cards"]

# Variables first, so that a page's own stylesheet can take over; the theme's colours otherwise.
_STYLE: Final = """
.iq-metrics-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(172px,1fr));gap:10px;font-family:%(font)s;margin:4px 0}
.iq-metric{background:var(--iq-surface,%(surface)s);color:var(--iq-text,%(text)s);border:1px solid var(--iq-border,%(border)s);
 border-radius:8px;padding:10px 12px;margin:0;min-width:0}
.iq-metric .iq-name{font-size:12px;color:var(--iq-muted,%(muted)s);margin:0}
.iq-metric .iq-number{font-size:20px;line-height:1.35;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.iq-metric .iq-remark{font-size:11px;line-height:1.35;color:var(--iq-muted,%(muted)s);overflow-wrap:anywhere}
""".replace("\n", "")


def metric_cards(facts: Sequence[Fact], theme: ThemeName = "light") -> str:
    """Return facts as cards in HTML: label, number, and below it convention and caution.

    Parameters
    ----------
    facts : sequence of Fact
        A missing number is shown as ``n/a`` with its reason.
    theme : {"light", "dark"}

    Returns
    -------
    str
        A self-contained fragment with its stylesheet; every text is escaped.

    Examples
    --------
    >>> html = metric_cards([Fact("Total return", 0.1495, "fraction", "after costs")])
    >>> "14.95 %" in html and "after costs" in html
    True
    """
    colors = theme_of(theme)
    style = _STYLE % {
        "font": FONT_FAMILY.replace('"', "'"),
        "surface": colors.surface,
        "text": colors.text,
        "border": colors.border,
        "muted": colors.muted,
    }
    return f'<style>{style}</style><div class="iq-metrics-grid">{"".join(_card(fact) for fact in facts)}</div>'


def _card(fact: Fact) -> str:
    remarks = "".join(f'<div class="iq-remark">{escape(text)}</div>' for text in (fact.convention, fact.note) if text)
    return (
        f'<div class="iq-metric"><div class="iq-name">{escape(fact.label)}</div>'
        f'<div class="iq-number">{escape(format_fact(fact))}</div>{remarks}</div>'
    )


def facts_figure(title: str, facts: Sequence[Fact], watermark: str | None, *, theme: ThemeName = "light") -> go.Figure:
    """Return the facts of a result as a figure, for kinds without a chart."""
    colors = theme_of(theme)
    remarks = ["; ".join(part for part in (fact.convention, fact.note) if part) for fact in facts]
    cells = [[fact.label for fact in facts], [format_fact(fact) for fact in facts], remarks]
    plain = [[text.replace("<", "&lt;") for text in column] for column in cells]
    look = {"line": {"color": colors.border}, "height": 26}
    return go.Figure(
        data=[
            {
                "type": "table",
                "columnwidth": [2, 2, 4],
                "header": {
                    "values": ["Fact", "Value", "Convention and remarks"],
                    "align": "left",
                    "fill": {"color": colors.panel},
                    "font": {"color": colors.text},
                    **look,
                },
                "cells": {
                    "values": plain,
                    "align": ["left", "right", "left"],
                    "fill": {"color": colors.surface},
                    "font": {"color": [colors.text, colors.text, colors.muted]},
                    **look,
                },
            }
        ],
        layout={
            "template": template(colors),
            "title": {"text": title, "subtitle": {"text": f"{watermark} data" if watermark else ""}},
            "height": 150 + 26 * (len(facts) + 1),
        },
    )
