"""The panels of single topics: earnings, options, insiders and the others, each with its numbers and records."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Final

from investiq.core.facts import format_fact
from investiq.widgets.pieces import Content, Piece, caution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from investiq.analysis.result import Analysis
    from investiq.analysis.topic_views import TopicName
    from investiq.core.facts import Fact, Table
    from investiq.figures.theme import ThemeName

__all__ = ["TOPICS", "facts_table", "folded", "key_numbers", "text_table", "topic_pieces"]

# By name, in reading order: first those that every symbol has. The first paint needs the titles before any engine.
TOPICS: Final[dict[TopicName, str]] = {
    "correlations": "Correlations and beta",
    "relative_strength": "Relative strength",
    "macro": "Macro backdrop",
    "news": "News sentiment",
    "news_velocity": "Change of the news",
    "earnings": "Earnings",
    "dividends": "Dividends",
    "options": "Options",
    "short_interest": "Short interest (squeeze heuristic)",
    "insiders": "Insiders",
}
_HEIGHT_PX: Final = 240


def topic_pieces() -> dict[str, Piece]:
    """Return one piece per topic, in reading order."""
    return {name: Piece(title, partial(_topic, name), _HEIGHT_PX) for name, title in TOPICS.items()}


def _topic(name: TopicName, analysis: Analysis, theme: ThemeName) -> Content:
    from investiq.analysis.topic_views import topic_view
    from investiq.figures.topics import topic_chart

    view = topic_view(analysis, name)
    if view.reason:
        return Content(missing=view.reason)
    tables = [folded(table.title, text_table(table)) for table in view.tables()]
    below = [*(caution(note.text) for note in view.notes), *tables, folded("All numbers", facts_table(view.facts()))]
    return Content(
        above=key_numbers(view.key_facts),
        figure=topic_chart(view, theme=theme),
        below="".join(below),
        subtitle=f"bar of {analysis.bar}",
    )


def key_numbers(facts: Sequence[Fact]) -> str:
    """Return the few numbers that stand out, side by side; the convention is the tooltip."""
    cells = "".join(
        f'<div title="{escape("; ".join(filter(None, (fact.convention, fact.note))))}"><span>{escape(fact.label)}</span>'
        f"<b>{escape(format_fact(fact))}</b></div>"
        for fact in facts
    )
    return f'<div class="iq-keys">{cells}</div>' if cells else ""


def facts_table(facts: Sequence[Fact]) -> str:
    """Return facts as a table: label and convention, value, and the reason where there is none."""
    rows = "".join(
        f'<tr><td>{escape(fact.label)}<br><span class="iq-quiet">{escape("; ".join(filter(None, (fact.convention, fact.note))))}</span></td>'
        f'<td class="iq-n">{escape(format_fact(fact))}</td></tr>'
        for fact in facts
    )
    return f'<table class="iq-table"><tbody>{rows}</tbody></table>'


def text_table(table: Table) -> str:
    """Return a table of a result as HTML; numbers to the right."""
    sides = [' class="iq-n"' if name in table.numbers else "" for name in table.columns]
    head = "".join(
        f'<th scope="col"{side}>{escape(name)}</th>' for name, side in zip(table.columns, sides, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(f'<td{side}>{escape(cell)}</td>' for cell, side in zip(row, sides, strict=True))}</tr>"
        for row in table.rows
    )
    return f'<div class="iq-scroll" tabindex="0"><table class="iq-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(title: str, content: str) -> str:
    """Return `content` behind its title, closed until it is opened."""
    return f'<details class="iq-fold"><summary>{escape(title)}</summary>{content}</details>'
