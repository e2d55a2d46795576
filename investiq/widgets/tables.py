"""Tables and cards of a page as HTML. Every value is escaped; a sign and an arrow carry what a colour does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from investiq.core.display import NOTE_SIGNS
from investiq.core.facts import ACCOUNT_CURRENCY, Fact, format_fact, format_value

if TYPE_CHECKING:
    import pandas as pd

    from investiq.analysis.result import Analysis
    from investiq.core.notes import Note
    from investiq.engines.signals import EngineSignal

__all__ = [
    "comparison_table",
    "engine_views",
    "evidence_table",
    "notes_block",
    "signed_percent",
    "trades_table",
    "verdict",
]

TRADE_ROWS: Final = 50
_ARROWS: Final = {1: "▲", -1: "▼", 0: ""}


def signed_percent(value: float) -> str:
    """Return a fraction as percent with its sign.

    Examples
    --------
    >>> signed_percent(0.0123), signed_percent(-0.5), signed_percent(float("nan"))
    ('+1.23 %', '-50.00 %', 'n/a')
    """
    return "n/a" if math.isnan(value) else f"{value * 100:+,.2f} %"


def _table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table; `heads` are (title, is a number), cells are HTML."""
    head = "".join(f'<th scope="col"{_number(is_number)}>{escape(title)}</th>' for title, is_number in heads)
    body = "".join(
        "<tr>" + "".join(cell if cell.startswith("<td") else f"<td{_number(is_number)}>{cell}</td>"
                         for cell, (_, is_number) in zip(row, heads, strict=True)) + "</tr>"
        for row in rows
    )  # fmt: skip
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="iq-table">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _number(is_number: bool) -> str:
    return ' class="iq-n"' if is_number else ""


def _moved(value: float, text: str) -> str:
    """Return a number's cell, coloured by its sign and marked by an arrow."""
    side = 0 if math.isnan(value) or value == 0 else 1 if value > 0 else -1
    style = {1: " iq-up", -1: " iq-down", 0: ""}[side]
    return f'<td class="iq-n{style}">{escape(text)} <span aria-hidden="true">{_ARROWS[side]}</span></td>'


def verdict(signal: EngineSignal | Analysis) -> str:
    """Return the score, its label and the confidence of one engine, or of all together."""
    if math.isnan(signal.score):
        return f'<div class="iq-message" role="status"><b>No score.</b>{escape(signal.reason)}</div>'
    place = (signal.score + 100) / 2
    return (
        f'<div class="iq-verdict"><span class="iq-score">{signal.score:+.1f}</span>'
        f'<span><span class="iq-label">{escape(signal.label or "")}</span><br>'
        f'<span class="iq-quiet">score in [-100, 100] &middot; confidence {format_value(signal.confidence, "fraction")}, raw &middot; '
        f"{signal.n_obs:,} bars known</span></span></div>"
        f'<div class="iq-meter" role="img" aria-label="Score {signal.score:+.1f} between -100 and 100"><s></s>'
        f'<i style="left:{place:.1f}%"></i></div>'
    )


def engine_views(analysis: Analysis) -> str:
    """Return the joint verdict, then by engine its score and every signal, or why it is silent."""
    parts = [verdict(analysis)]
    for name, signal in analysis.engines.items():
        parts.append(f"<h3>{escape(name.capitalize())}{_standing(signal, analysis.weights[name])}</h3>")
        silent = f'<div class="iq-quiet">silent: {escape(signal.reason)}</div>'
        parts.append(silent if math.isnan(signal.score) else evidence_table(signal))
    return "".join(parts)


def _standing(signal: EngineSignal, weight: float) -> str:
    if math.isnan(signal.score):
        return ""
    shown = f"{signal.score:+.1f}, {signal.label}, weight {format_value(weight, 'fraction')}"
    return f' <span class="iq-quiet">{escape(shown)}</span>'


def evidence_table(signal: EngineSignal) -> str:
    """Return every signal that fired, the heaviest first."""
    if not signal.evidence:
        return f'<div class="iq-message" role="status"><b>No signal fired.</b>{escape(signal.reason)}</div>'
    words = {1: "bullish", -1: "bearish"}
    rows = [
        [
            f'{escape(each.name)}<br><span class="iq-quiet">{escape(each.text)}</span>',
            escape(each.group),
            _moved(each.direction, words[each.direction]),
            f"{round(each.direction * each.weight, 2):+g}",
        ]
        for each in signal.evidence
    ]
    return _table([("Signal", False), ("Group", False), ("Says", True), ("Vote", True)], rows)


def comparison_table(strategy: Sequence[Fact], benchmark: Sequence[Fact], names: tuple[str, str]) -> str:
    """Return the metrics of a run beside those of its benchmark, each with its convention.

    Parameters
    ----------
    strategy, benchmark : sequence of Fact
        The lines of `strategy` are shown, with the benchmark's line of the same label.
    names : tuple of str
        Heads of the two columns.
    """
    others = {fact.label: fact for fact in benchmark}
    rows = []
    for fact in strategy:
        convention = f'<br><span class="iq-quiet">{escape(fact.convention)}</span>' if fact.convention else ""
        other = others.get(fact.label)
        rows.append([f"{escape(fact.label)}{convention}", _value(fact), "" if other is None else _value(other)])
    return _table([("Metric", False), (names[0], True), (names[1], True)], rows)


def _value(fact: Fact) -> str:
    text = escape(format_fact(fact))
    return f'<span title="{escape(fact.note)}">{text}</span>' if fact.note else text


def trades_table(trades: pd.DataFrame, currency: str, limit: int = TRADE_ROWS) -> str:
    """Return the newest round trips, at most `limit`, with net results.

    Parameters
    ----------
    trades : DataFrame
        `BacktestResult.trades`.
    currency : str
        Of the prices, from the passport; results and fees are in the account's.
    limit : int, default 50
    """
    rows = []
    for number, outcome in enumerate(trades.iloc[::-1].head(limit).to_dict("records")):
        rows.append(
            [
                str(len(trades) - number),
                format_value(outcome["entry_ts"], "date"),
                format_value(outcome["entry_price"], "price"),
                "open" if outcome["is_open"] else format_value(outcome["exit_ts"], "date"),
                format_value(outcome["exit_price"], "price"),
                format_value(outcome["quantity"], "shares"),
                str(outcome["bars_held"]),
                _moved(outcome["return"], signed_percent(outcome["return"])),
                format_value(outcome["pnl"], "money"),
                format_value(outcome["fees"], "money"),
                escape(str(outcome["exit_reason"]).replace("_", " ")),
            ]
        )
    price, account = f"Price ({currency})", ACCOUNT_CURRENCY
    heads = [("#", True), ("Entry", False), (price, True), ("Exit", False), (price, True), ("Quantity", True),
             ("Bars held", True), ("Return, net", True), (f"P&L, net ({account})", True), (f"Fees ({account})", True),
             ("Exit by", False)]  # fmt: skip
    return f'<div class="iq-scroll" tabindex="0">{_table(heads, rows)}</div>'


def notes_block(notes: Sequence[Note]) -> str:
    """Return the cautions as a list."""
    items = "".join(f"<li><b>{NOTE_SIGNS[note.severity]}</b>{escape(note.text)}</li>" for note in notes)
    return f'<ul class="iq-notes">{items}</ul>'
