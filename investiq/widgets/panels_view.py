"""The panels of the joint view: signal, confidence, risk radar, evidence, cautions."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from investiq.core.display import NOTE_SIGNS
from investiq.core.facts import format_value
from investiq.widgets import tables
from investiq.widgets.panels_topics import facts_table, folded, key_numbers, text_table
from investiq.widgets.pieces import Content, Piece, caution

if TYPE_CHECKING:
    from investiq.analysis.result import Analysis
    from investiq.figures.theme import ThemeName

__all__ = ["view_pieces"]


def view_pieces() -> dict[str, Piece]:
    """Return the pieces of the joint view by name."""
    return {
        "signal": Piece("Overall signal", _signal, 300),
        "radar": Piece("Risk radar (heuristic)", _radar, 300),
        "confidence": Piece("Confidence, raw", _confidence, 190),
        "evidence": Piece("Evidence by engine", _evidence, 240),
        "notes": Piece("Notes", _notes, 60),
    }


def _signal(analysis: Analysis, theme: ThemeName) -> Content:
    urgent = "".join(
        f'<div class="iq-message iq-error" role="alert"><b>{NOTE_SIGNS[note.severity]}</b>{escape(note.text)}</div>'
        for note in analysis.urgent_notes()
    )
    named = {table.title.partition(" at ")[0]: table for table in analysis.tables()}
    parts = [urgent, tables.verdict(analysis), _standing(analysis), _engines(analysis)]
    if "Horizons" in named:
        parts.append(f"<h3>Horizons</h3>{text_table(named['Horizons'])}")
    parts.append(f'<p class="iq-words">{escape(analysis.recommendation)}</p>')
    return Content(above="".join(parts), subtitle=f"decided {analysis.table['known_at'].iloc[-1]:%Y-%m-%d %H:%M} UTC")


def _standing(analysis: Analysis) -> str:
    named = {fact.label: fact for fact in analysis.facts()}
    return key_numbers([named[label] for label in ("Conviction", "Coverage", "Market regime", "Score, equal weights")])


def _engines(analysis: Analysis) -> str:
    """Return every engine with its score, its weight and its place, or why it is silent."""
    rows = []
    for name, signal in analysis.engines.items():
        if math.isnan(signal.score):
            told = f'<td colspan="3" class="iq-quiet">silent: {escape(signal.reason)}</td>'
        else:
            side, arrow = ("iq-up", "▲") if signal.score > 0 else ("iq-down", "▼") if signal.score < 0 else ("", "")
            told = (
                f'<td class="iq-n {side}">{signal.score:+.1f} <span aria-hidden="true">{arrow}</span></td>'
                f'<td>{escape(signal.label or "")}</td><td class="iq-n">{format_value(analysis.weights[name], "fraction")}</td>'
            )
        rows.append(f'<tr><th scope="row">{escape(name.capitalize())}</th>{told}</tr>')
    head = '<tr><th scope="col">Engine</th><th scope="col" class="iq-n">Score (±100)</th><th scope="col">Signal</th><th scope="col" class="iq-n">Weight</th></tr>'
    return f'<table class="iq-table"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _confidence(analysis: Analysis, theme: ThemeName) -> Content:
    from investiq.figures.symbol_minis import confidence_chart

    named = {fact.label: fact for fact in analysis.facts()}
    speaking = sum(not math.isnan(each.score) for each in analysis.engines.values())
    shown = [
        named[label] for label in ("Confidence", "Mean confidence of engines", "Conflict penalty", "Supplementary")
    ]
    behind = f"{speaking} of {len(analysis.engines)} engines speak, on {analysis.n_obs:,} bars"
    return Content(
        above=key_numbers(shown[:2]),
        figure=confidence_chart(analysis, theme=theme),
        below=caution(
            f"Raw: agreement of the engines and amount of data. {behind}. Calibrated probability: not available, "
            "no model of past outcomes is fitted; so there is no interval and no reliability curve either."
        )
        + folded("What it is made of", facts_table([*shown, named["Calibrated probability"]])),
        subtitle="not a probability",
    )


def _radar(analysis: Analysis, theme: ThemeName) -> Content:
    from investiq.analysis.radar import risk_radar
    from investiq.figures.radar import radar_chart

    radar = risk_radar(analysis)
    if not radar.known:
        return Content(missing="; ".join(f"{axis.name}: {axis.reason}" for axis in radar.axes))
    inputs = "".join(text_table(table) for table in radar.tables())
    return Content(
        figure=radar_chart(radar, theme=theme),
        below="".join(caution(note.text) for note in radar.notes)
        + folded("Formulas", facts_table(radar.facts()))
        + folded("Inputs", inputs),
        subtitle=f"{radar.level}; {radar.headline}",
    )


def _evidence(analysis: Analysis, theme: ThemeName) -> Content:
    parts = []
    for name, signal in analysis.engines.items():
        if math.isnan(signal.score):
            body = f'<p class="iq-quiet">silent: {escape(signal.reason)}</p>'
        else:
            body = tables.evidence_table(signal)
        shown = "" if math.isnan(signal.score) else f" {signal.score:+.1f}, {len(signal.evidence)} signals"
        parts.append(
            f'<section><h3>{escape(name.capitalize())}<span class="iq-quiet">{escape(shown)}</span></h3>{body}</section>'
        )
    return Content(
        above=f'<div class="iq-evidence">{"".join(parts)}</div>', subtitle="every signal that fired at this bar"
    )


def _notes(analysis: Analysis, theme: ThemeName) -> Content:
    if not analysis.notes:
        return Content(empty="No cautions about these data or methods.")
    return Content(above=tables.notes_block(analysis.notes))
