"""The tables of an analysis: engines side by side, evidence with values and dates, risk, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from investiq.analysis.orchestrator import HORIZONS
from investiq.core.facts import Table, format_value
from investiq.core.types import signal_label
from investiq.engines.base import Line, Panel
from investiq.engines.signals import EngineSignal, Evidence
from investiq.history.history import History

if TYPE_CHECKING:
    from investiq.analysis.result import Analysis

__all__ = ["HORIZON_WORDS", "beside", "brief_sheets", "evidence_lines", "horizon_parts", "sheets"]

HORIZON_WORDS: Final[Mapping[str, str]] = {
    "short_term": "Days to weeks",
    "medium_term": "Weeks to months",
    "long_term": "Months to quarters",
}
# What is shown before the evidence of each engine is unfolded.
_MOST_SHOWN: Final = 10
# Named beside an engine's score: on its side, and against it.
_MOST_FOR: Final = 2
_MOST_AGAINST: Final = 1
# Bars of six years: from here on no window of a feature is longer than the past.
_LONG_PAST: Final = 6 * 252
# Panels that stand open: what can be lost is read before what is merely known.
_RISK: Final = "risk"


def sheets(analysis: Analysis) -> list[Table]:
    """Return all tables of an analysis, in the order in which they are read."""
    speaking = [each for each in analysis.engines.values() if each.evidence]
    is_long = sum(len(each.evidence) for each in speaking) > _MOST_SHOWN
    found = [
        _engines(analysis),
        _horizons(analysis),
        _adjustments(analysis),
        *([_strongest_of_all(analysis, speaking)] if is_long else []),
        *(_evidence(each, analysis, is_folded=is_long) for each in speaking),
        *_panels(analysis),
        _missing(analysis),
    ]
    return [table for table in found if table.rows]


def brief_sheets(analysis: Analysis) -> list[Table]:
    """Return the tables that are read first: engines, horizons, the strongest evidence, and what is missing."""
    speaking = [each for each in analysis.engines.values() if each.evidence]
    found = [_engines(analysis), _horizons(analysis), _strongest_of_all(analysis, speaking), _missing(analysis)]
    return [table for table in found if table.rows]


def evidence_lines(analysis: Analysis) -> Iterator[str]:
    """Return one line per engine and one per signal of it."""
    for signal in analysis.engines.values():
        yield f"{signal.engine}: {_said(signal)}"
        yield from (
            f"  {each.direction * each.weight:+.2g} {each.name} ({each.text}; {_day(each, analysis)})"
            for each in signal.evidence
        )


def beside(history: History) -> str:
    """Return what stands in a history beside its main symbol."""
    series = [name for name in history.series if name not in (history.symbol, history.benchmark)]
    parts = [
        f"benchmark {history.benchmark}" if history.benchmark else "no benchmark",
        *([f"series {', '.join(series)}"] if series else []),
        *([f"records {', '.join(history.tables)}"] if history.tables else []),
    ]
    return "; ".join(parts)


def _said(signal: EngineSignal) -> str:
    if math.isnan(signal.score):
        return f"no score, {signal.reason}"
    return f"{signal.score:+.1f} ({signal.label}), confidence {format_value(signal.confidence, 'fraction')}"


def _engines(analysis: Analysis) -> Table:
    weights = analysis.weights
    rows = [
        (
            name.capitalize(),
            _signed(signal.score),
            signal.label or "silent",
            format_value(signal.confidence, "fraction"),
            format_value(weights[name], "fraction"),
            f"{len(signal.evidence)} / {len(signal.votes)}" if signal.label else "n/a",
            _strongest(signal),
        )
        for name, signal in analysis.engines.items()
    ]
    columns = (
        "Engine",
        "Score",
        "Signal",
        "Confidence",
        "Weight",
        "Signals / groups",
        "Strongest for and against its score, or why it is silent",
    )
    return Table(
        f"Engines at the bar of {analysis.bar}",
        columns,
        tuple(rows),
        columns[3:6],
        signed=("Score",),
        scales=("Score",),
    )


def _strongest(signal: EngineSignal) -> str:
    if math.isnan(signal.score):
        return signal.reason
    side = -1 if signal.score < 0 else 1
    same = [each for each in signal.evidence if each.direction == side][:_MOST_FOR]
    against = [each for each in signal.evidence if each.direction != side][:_MOST_AGAINST]
    told = [
        ", ".join(f"{'+' if each.direction > 0 else '-'} {each.name}" for each in found)
        for found in (same, against)
        if found
    ]
    tags = f" [{', '.join(signal.tags)}]" if signal.tags else ""
    return ("; ".join(told) or "no signal") + tags


def _strongest_of_all(analysis: Analysis, signals: Sequence[EngineSignal]) -> Table:
    """Return the signals with the largest votes, each weighed by the part of its engine in the score."""
    found = [(signal.engine, each) for signal in signals for each in signal.evidence]
    weights = analysis.weights
    heaviest = sorted(found, key=lambda each: -each[1].weight * weights[each[0]])[:_MOST_SHOWN]
    rows = tuple(
        (
            each.name,
            f"{each.direction * each.weight:+.2g}",
            engine,
            format_value(each.value, each.unit),
            _day(each, analysis),
            each.text,
        )
        for engine, each in heaviest
    )
    title = f"Strongest evidence, {len(rows)} of {len(found)} signals, by vote and weight of the engine"
    columns = ("Signal", "Vote", "Engine", "Value", "Known", "In words")
    return Table(title, columns, rows, ("Value",), signed=("Vote",))


def _evidence(signal: EngineSignal, analysis: Analysis, *, is_folded: bool) -> Table:
    rows = (
        (
            each.name,
            f"{each.direction * each.weight:+.2g}",
            each.group,
            format_value(each.value, each.unit),
            format_value(each.threshold, each.unit),
            _day(each, analysis),
            each.text,
        )
        for each in signal.evidence
    )
    columns = ("Signal", "Vote", "Group", "Value", "Threshold", "Known", "In words")
    title = f"{signal.engine.capitalize()} evidence ({_said(signal)})"
    return Table(title, columns, tuple(rows), ("Value", "Threshold"), signed=("Vote",), is_folded=is_folded)


def _day(evidence: Evidence, analysis: Analysis) -> str:
    return analysis.bar if evidence.known is None else str(evidence.known)


def horizon_parts(analysis: Analysis, name: str) -> str:
    """Return the engines that a horizon's score is made of, with the weights in it, and those that are silent."""
    mix = HORIZONS[f"{name}_score"]
    given = analysis.weights
    speaking = [engine for engine in mix if not math.isnan(given.get(engine, math.nan))]
    total = sum(mix[engine] for engine in speaking)
    silent = [engine for engine in mix if engine not in speaking]
    shares = ", ".join(f"{mix[engine] / total * 100:.0f} % {engine}" for engine in speaking)
    if not silent:
        return shares if len(speaking) > 1 else speaking[0]
    hushed = f"{' and '.join(silent)} {'is' if len(silent) == 1 else 'are'} silent"
    alone = f"{speaking[0]} alone" if len(speaking) == 1 else shares
    return f"{alone}; {hushed}" if alone else hushed


def _horizons(analysis: Analysis) -> Table:
    rows = [
        (HORIZON_WORDS[name], _signed(score), signal_label(score) or "no view", horizon_parts(analysis, name))
        for name, score in analysis.horizons.items()
    ]
    return Table(
        "Horizons", ("Horizon", "Score", "Signal", "Made of"), tuple(rows), signed=("Score",), scales=("Score",)
    )


def _adjustments(analysis: Analysis) -> Table:
    extra, side = analysis.supplementary, math.copysign(1.0, analysis.score) if analysis.score else 0.0
    rows = [
        (
            each.name,
            _percent(each.amount * side if each.is_directional else each.amount),
            each.topic.replace("_", " "),
            each.text,
        )
        for each in extra.adjustments
    ]
    if math.isnan(analysis.score):
        rows = []
    columns = ("Observation", "Confidence", "Topic", "In words")
    title = f"Supplementary: {_percent(analysis.adjustment)} of confidence in this call, at most 10 % either way"
    return Table(title, columns, tuple(rows), signed=("Confidence",))


def _panels(analysis: Analysis) -> Iterator[Table]:
    """Yield the panels of every engine and topic, those about risk open, the others folded; only what has a value."""
    extra = analysis.supplementary
    known = {name: {**each.metrics, **each.words} for name, each in analysis.engines.items()}
    known["supplementary"] = {**extra.metrics, **extra.words}
    found = [_panel(name, panel, known[name], analysis) for name, panels in analysis.panels.items() for panel in panels]
    yield from sorted(found, key=lambda each: each.is_folded)


def _panel(name: str, panel: Panel, known: Mapping[str, Any], analysis: Analysis) -> Table:
    rows = tuple(_line(line, known, analysis) for line in panel.lines if not _is_missing(known.get(line.feature)))
    title = f"{name.capitalize()}: {panel.title[:1].lower()}{panel.title[1:]}"
    is_risk = _RISK in panel.title.lower()
    return Table(title, ("Figure", "Value", "Rank", "Remark"), rows, ("Value", "Rank"), is_folded=not is_risk)


def _line(line: Line, known: Mapping[str, Any], analysis: Analysis) -> tuple[str, ...]:
    rank = known.get(line.rank)
    return (
        line.title,
        format_value(known[line.feature], analysis.units.get(line.feature, "")),
        "" if _is_missing(rank) else format_value(rank, "fraction"),
        line.remark,
    )


def _missing(analysis: Analysis) -> Table:
    """Return the features without a value of the engines that speak, and the topics without data, by reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    speaking = {name: each.missing for name, each in analysis.engines.items() if not math.isnan(each.score)}
    for name, missing in {**speaking, "supplementary": analysis.supplementary.missing}.items():
        for feature, reason in missing.items():
            grouped.setdefault((name, reason or _why(feature, analysis)), []).append(feature)
    for topic, reason in analysis.supplementary.failed.items():
        grouped.setdefault(("supplementary", f"failed: {reason}"), []).append(topic.replace("_", " "))
    for topic, reason in analysis.supplementary.absent.items():
        grouped.setdefault(("supplementary", reason), []).append(topic.replace("_", " "))
    rows = tuple((name.capitalize(), reason, ", ".join(features)) for (name, reason), features in grouped.items())
    return Table("Without a value, and why", ("Engine", "Reason", "What"), rows, is_folded=True)


def _why(feature: str, analysis: Analysis) -> str:
    """Return why a feature of which nobody gives a reason has no value."""
    if feature in analysis.table and len(known := analysis.table[feature].dropna()):
        return f"none at this bar; its newest value is of {known.index[-1]:%Y-%m-%d}"
    bars = len(analysis.bars)
    return "no data for it in the history" if bars >= _LONG_PAST else f"too short a past: {bars} bars"


def _is_missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _signed(score: float) -> str:
    return "n/a" if math.isnan(score) else f"{score:+.1f}"


def _percent(change: float) -> str:
    return "n/a" if math.isnan(change) else f"{100 * change:+.1f} %"
