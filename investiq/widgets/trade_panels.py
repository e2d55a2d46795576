"""The parts of the trade page that are HTML: facts, why it was filled so, and the sums by exit and tag."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from investiq.core.facts import Fact, Table, format_fact

if TYPE_CHECKING:
    from investiq.backtesting.explaining import FillExplanation
    from investiq.backtesting.trade_outcomes import TradeLog
    from investiq.backtesting.trade_reviewing import ReviewedTrade

__all__ = ["card_facts", "facts_block", "groups_block", "why_block"]

_CARDS: Final = ("P&L", "Return", "R multiple", "MAE of the entry", "MFE of the entry", "Held")
_ARROWS: Final = {1: ("▲", "iq-up"), -1: ("▼", "iq-down")}


def card_facts(review: ReviewedTrade) -> list[Fact]:
    """Return the numbers that matter most, and what ended the trade."""
    facts = {fact.label: fact for fact in review.facts()}
    leave = review.explanation.exit
    rule = "marked at the last close" if leave is None else f"{leave.rule.partition(': ')[0]} of the order of events"
    ended = Fact("Ended by", review.ended_by, "", rule)
    return [*(facts[label] for label in _CARDS), ended]


def facts_block(review: ReviewedTrade) -> str:
    """Return every number of the trade with its convention, but for the rules that `why_block` tells."""
    facts = [fact for fact in review.facts() if not fact.label.endswith(" rule")]
    rows = "".join(_fact_row(fact) for fact in facts)
    return f'<table class="iq-table"><tbody>{rows}</tbody></table>'


def why_block(explanation: FillExplanation) -> str:
    """Return the rule behind each fill, and what other fills would have earned."""
    parts = []
    for fill, table in zip(explanation.fills(), explanation.tables(), strict=True):
        step, _, words = fill.rule.partition(": ")
        parts.append(
            f"<h4>{escape(fill.role.capitalize())}: {escape(step)} of the order of events</h4>"
            f'<p>{escape(words[:1].upper() + words[1:])}.</p><div class="iq-wide iq-scroll">{_lines(table)}</div>'
        )
    if explanation.exit is None:
        parts.append('<h4>Exit</h4><p class="iq-quiet">The position is still open; it is marked at the last close.</p>')
    return "".join(parts)


def groups_block(log: TradeLog) -> str:
    """Return what became of the closed trades by exit and by tag."""
    tables = log.tables()
    parts = [f'<div class="iq-wide iq-scroll">{_lines(table)}</div>' for table in tables]
    if not any(table.title == "By tag" for table in tables):
        parts.append('<p class="iq-quiet">No closed trade has a tag yet: tags group the trades here.</p>')
    else:
        parts.append(
            '<p class="iq-quiet">A trade with two tags counts in both. Tags given after the outcome was seen prove nothing.</p>'
        )
    return f'<div class="iq-groups">{"".join(parts)}</div>'


def _fact_row(fact: Fact) -> str:
    words = "; ".join(part for part in (fact.convention, fact.note) if part)
    remark = f'<br><span class="iq-quiet">{escape(words)}</span>' if words else ""
    return f'<tr><td>{escape(fact.label)}{remark}</td><td class="iq-n">{escape(format_fact(fact))}</td></tr>'


def _lines(table: Table) -> str:
    heads = "".join(f'<th scope="col"{_side(table, each)}>{escape(each)}</th>' for each in table.columns)
    rows = "".join(
        "<tr>" + "".join(_cell(table, column, text) for column, text in zip(table.columns, row, strict=True)) + "</tr>"
        for row in table.rows
    )
    return f'<table class="iq-table"><caption>{escape(table.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _side(table: Table, column: str) -> str:
    return ' class="iq-n"' if column in table.numbers else ""


def _cell(table: Table, column: str, text: str) -> str:
    if column not in table.signed:
        return f"<td{_side(table, column)}>{escape(text)}</td>"
    sign = -1 if text.startswith("-") else 1 if text.strip("0., %") and text != "n/a" else 0
    arrow, style = _ARROWS.get(sign, ("", ""))
    return f'<td class="iq-n {style}">{escape(text)} <span aria-hidden="true">{arrow}</span></td>'
