"""What the symbol page says in words: verdict, market, horizons, evidence for and against, risk, and what is missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from investiq.analysis.sheets import HORIZON_WORDS, horizon_parts
from investiq.analysis.text import NOT_ADVICE, confidence_word, regime_words
from investiq.core.facts import format_fact, format_value
from investiq.core.types import signal_label
from investiq.reporting.contents.basis import listed, plural

if TYPE_CHECKING:
    from investiq.analysis.result import Analysis
    from investiq.reporting.contents.symbol_analysis import SymbolPage

__all__ = ["paragraphs"]

# Signals named on each side.
_NAMED = 3


def paragraphs(page: SymbolPage) -> list[str]:
    """Return the summary; without a score only what can be said without one."""
    found = page.analysis
    told = [_verdict(found), _market(page)]
    if found.label is not None:
        told += [_horizons(found), _evidence(found)]
    return [*told, _risk(page), _missing(page)]


def _verdict(found: Analysis) -> str:
    closed = f"{found.symbol} closed at {format_value(float(found.bars.close[-1]), 'price')} ({found.bars.passport.currency}) on {found.bar}."
    if found.label is None:
        return f"{closed} There is no view: no engine has enough data. {NOT_ADVICE}."
    speaking = sum(each.label is not None for each in found.engines.values())
    equal = float(found.table["equal_weight_score"].iloc[-1])
    return (
        f"{closed} The engines together say {found.label}: a score of {found.score:+.1f} on a scale of ±100 ({equal:+.1f} with equal "
        f"weights), from {speaking} of {plural(len(found.engines), 'engine')}, with {found.conviction} conviction and "
        f"{confidence_word(found.confidence)} confidence ({format_value(found.confidence, 'fraction')}; raw, no calibrated probability). "
        f"{NOT_ADVICE}."
    )


def _market(page: SymbolPage) -> str:
    found, now = page.analysis, page.spells.iloc[0]
    whose = (
        f"of {found.history.benchmark}"
        if found.history.benchmark
        else f"of {found.symbol} itself, for want of a benchmark"
    )
    row = page.shares.to_dict("index")[regime_words(found.regime)]
    followed = (
        ""
        if math.isnan(row["mean_return"])
        else f", and the bars after them returned {format_value(row['mean_return'], 'fraction')} a year on average, at a volatility of "
        f"{format_value(row['volatility'], 'fraction')}"
    )
    return (
        f"The market's regime ({whose}) is {now['regime']}, for {plural(int(now['bars']), 'bar')} since {now['first']:%Y-%m-%d}. "
        f"{format_value(row['share'], 'fraction')} of all bars were in it{followed}."
    )


def _horizons(found: Analysis) -> str:
    told = []
    for name, score in found.horizons.items():
        words, made = HORIZON_WORDS[name].lower(), horizon_parts(found, name)
        label = signal_label(score)
        told.append(f"{words} no view ({made})" if label is None else f"{words} {score:+.1f} ({label}, of {made})")
    return f"By horizon: {'; '.join(told)}."


def _evidence(found: Analysis) -> str:
    weights = found.weights
    signals = [(name, each) for name, engine in found.engines.items() for each in engine.evidence]
    signals.sort(key=lambda pair: -pair[1].weight * weights[pair[0]])
    side = -1 if found.score < 0 else 1
    named = []
    for direction in (side, -side):
        chosen = [f"{each.name} ({name}: {each.text})" for name, each in signals if each.direction == direction]
        named.append((f"{'; '.join(chosen[:_NAMED])}" if chosen else "no signal", len(chosen)))
    (own, count), (other, against) = named
    return f"Strongest for the score, of {plural(count, 'signal')}: {own}. Against it, of {against:,}: {other}."


def _risk(page: SymbolPage) -> str:
    facts = {fact.label: fact for fact in page.measures.facts()}
    volatility, fall = format_fact(facts["Volatility"]), format_fact(facts["Max drawdown"])
    count = plural(page.measures.returns.size, "return")
    told = [f"over {count} the volatility is {volatility} a year and the deepest loss from a peak {fall}"]
    known = page.analysis.engines["quant"].metrics if "quant" in page.analysis.engines else {}
    now = known.get("volatility", math.nan)
    if not math.isnan(now):
        told.append(f"the last 30 bars stand at {format_value(now, 'fraction')} a year")
    radar = page.radar_fact
    if not math.isnan(radar.value):
        told.append(f"the risk radar at {format_fact(radar)} of 100, {radar.convention.partition(',')[0]}")
    text = "; ".join(told)
    return f"Risk: {text}."


def _missing(page: SymbolPage) -> str:
    silent = [f"{name} ({each.reason})" for name, each in page.analysis.engines.items() if each.label is None]
    topics = [topic.lower() for topic, _ in page.absent.rows]
    told = []
    if silent:
        told.append(
            f"the engines {listed(silent)} have no score" if len(silent) > 1 else f"the engine {silent[0]} has no score"
        )
    if topics:
        told.append(f"nothing is known of {listed(topics)}")
    return f"Missing: {'; '.join(told)}." if told else "Every engine speaks, and something is known of every topic."
