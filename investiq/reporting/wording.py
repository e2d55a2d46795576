"""What a tear sheet says in words: a summary written from the numbers, and the cautions that belong to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from investiq.backtesting.describing import NOT_COUNTED
from investiq.core.facts import ACCOUNT_CURRENCY, Fact, format_fact, format_value
from investiq.core.notes import Note, merge_notes
from investiq.metrics.deflation import ACCEPTED_ABOVE

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["cautions", "executive_summary", "held_text", "period_of"]

# A normal variable lies within 1.96 standard errors of its mean 95 % of the time.
_Z_95: Final = 1.96


def executive_summary(result: BacktestResult) -> list[str]:
    """Return three or four sentences with the numbers of the result and of buying and holding.

    Every number is a fact of the result; nothing is computed here.
    """
    own, held = _by_label(result.facts()), _by_label(result.benchmark.facts())
    return [_growth(result, own, held), _risk(result, own, held), _losses(own, held), _activity(result, own)]


def cautions(result: BacktestResult) -> tuple[Note, ...]:
    """Return the result's own notes and those that a report must add before anyone relies on it."""
    was, it = ("were", "they") if len(result.prices.symbols) > 1 else ("was", "it")
    choice = Note(
        code="chosen_symbol",
        text=f"{result.subject} {was} chosen by hand: how {it} came to be chosen, and what did not survive, is not in these numbers",
    )
    return merge_notes(result.notes, (_of_trials(result), choice))


def period_of(result: BacktestResult) -> tuple[str, str]:
    """Return the days of the first and the last bar."""
    first, last = result.data.ts[[0, -1]].astype("datetime64[D]")
    return str(first), str(last)


def held_text(result: BacktestResult) -> str:
    """Return what the benchmark of a result holds."""
    held = result.benchmark
    return f"{held.subject} in equal parts" if len(held.prices.symbols) > 1 else held.subject


def _of_trials(result: BacktestResult) -> Note:
    """Return what the ledger of trials says about the Sharpe ratio, or why it says nothing."""
    found = result.evidence
    if result.ticket is None or found.is_refused:
        reason = (
            NOT_COUNTED if result.ticket is None else f"the Sharpe ratio is not deflated: {found.reasons['trials']}"
        )
        return Note(code="sharpe_not_deflated", text=reason)
    said = _by_label(found.facts())

    def number(label: str) -> str:
        fact = said[label]
        return f"not given ({fact.note})" if math.isnan(fact.value) else format_fact(fact)

    tried = "1 trial is" if found.trials == 1 else f"{found.trials:,} trials are"
    text = (
        f"{tried} counted in the study, worth {found.effective_trials:,.1f} independent; deflated Sharpe ratio "
        f"{number('Deflated Sharpe ratio')}, probability of overfitting (PBO) {number('Probability of overfitting')}, "
        f"minimum track record {number('Minimum track record')} against the {found.count:,} there are"
    )
    return Note(
        code="trials_counted",
        text=text,
        rows=found.trials,
        severity="info" if found.deflated > ACCEPTED_ABOVE else "caution",
    )


def _by_label(facts: list[Fact]) -> dict[str, Fact]:
    return {fact.label: fact for fact in facts}


def _growth(result: BacktestResult, own: dict[str, Fact], held: dict[str, Fact]) -> str:
    first, last = period_of(result)
    return (
        f"From {first} to {last} ({result.data.ts.size:,} bars) the strategy returned "
        f"{format_fact(own['Total return'])} after costs{_a_year(own)}; buying and holding {held_text(result)} "
        f"at the same costs returned {format_fact(held['Total return'])}{_a_year(held)}."
    )


def _a_year(facts: dict[str, Fact]) -> str:
    """Return the annual rate as the end of a clause; nothing where it would be extrapolated."""
    return "" if facts["CAGR"].note else f", {format_fact(facts['CAGR'])} a year"


def _risk(result: BacktestResult, own: dict[str, Fact], held: dict[str, Fact]) -> str:
    sharpe, error = own["Sharpe ratio"], own["Standard error of Sharpe"]
    if math.isnan(sharpe.value):
        return f"A Sharpe ratio cannot be given: {sharpe.note}."
    text = (
        f"Its Sharpe ratio is {format_fact(sharpe)} with a standard error of {format_fact(error)} "
        f"(buy and hold: {format_fact(held['Sharpe ratio'])})"
    )
    rate = format_value(result.convention.risk_free, "fraction")
    if abs(sharpe.value) <= _Z_95 * error.value:
        return f"{text}: zero lies within {_Z_95} standard errors, so no return above the risk-free {rate} a year is shown."
    side = "above" if sharpe.value > 0 else "below"
    return f"{text}: zero lies more than {_Z_95} standard errors away, a return {side} the risk-free {rate} a year."


def _losses(own: dict[str, Fact], held: dict[str, Fact]) -> str:
    longest = own["Longest drawdown"]
    tail = f", {longest.note}" if longest.note else ""
    return (
        f"Its deepest loss from a peak was {format_fact(own['Max drawdown'])} "
        f"(buy and hold: {format_fact(held['Max drawdown'])}); the longest time under water was {format_fact(longest)}{tail}."
    )


def _activity(result: BacktestResult, own: dict[str, Fact]) -> str:
    trades = own["Closed trades"]
    if not trades.value:
        return f"It closed no trade and held a position on {format_fact(own['Exposure'])} of the bars."
    plural = "round trip" if trades.value == 1 else "round trips"
    return (
        f"It held a position on {format_fact(own['Exposure'])} of the bars and closed {format_fact(trades)} {plural}, "
        f"of which {format_fact(own['Win rate'])} won; fees took {format_fact(own['Total fees'])} and slippage "
        f"{format_fact(own['Total slippage'])} of an opening capital of "
        f"{format_value(result.options.initial_capital, 'money')} {ACCOUNT_CURRENCY}."
    )
