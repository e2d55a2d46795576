"""What the walk-forward page says in words: the verdict first, every number one of the results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from investiq.core.facts import format_fact, format_value
from investiq.reporting.contents.basis import listed, plural

if TYPE_CHECKING:
    from investiq.reporting.contents.walk_forward import WalkForwardPage

__all__ = ["paragraphs"]


def paragraphs(page: WalkForwardPage) -> list[str]:
    """Return the verdict, what was tried, what came of it out of sample, how likely it is luck, and what may come."""
    return [_verdict(page), _tried(page), _walked(page), _luck(page), _paths(page)]


def _verdict(page: WalkForwardPage) -> str:
    failed = [check.name for check in page.checks if check.passed is False]
    silent = [check.name for check in page.checks if check.passed is None]
    passed = len(page.checks) - len(failed) - len(silent)
    count = f"{passed} of {plural(len(page.checks), 'check')} passed"
    unmade = f" Not made: {listed(silent)}." if silent else ""
    if failed:
        return f"Verdict: luck or selection is not excluded. {count}; it fails on {listed(failed)}.{unmade}"
    if silent:
        return f"Verdict: nothing speaks against it, but not every check could be made. {count}.{unmade}"
    return f"Verdict: luck and selection alone are an unlikely explanation. {count}."


def _tried(page: WalkForwardPage) -> str:
    swept = page.sweep
    frame = swept.to_frame()
    known = frame["sharpe_ratio"].dropna()
    ran = len(frame) - len(swept.reasons)
    axes = " x ".join(f"{len(axis.values)} {axis.name}" for axis in swept.grid.axes)
    told = (
        f"{plural(len(swept), 'combination')} of {swept.grid.strategy_class.__name__} ({axes}) were tried, {ran:,} could run. "
        f"The best by Sharpe ratio, {page.best.title.partition(' on ')[0]}, shows {format_value(float(known.max()), 'ratio')} over the "
        f"whole period; the median of all is {format_value(float(known.median()), 'ratio')}."
    )
    near = page.plateau
    if near is None:
        return told
    of_all = f"{format_value(near.share_near, 'fraction')} of its {plural(near.neighbours, 'neighbour')}"
    stands = "It is an island" if near.is_island else "It stands on a plateau"
    return f"{told} {stands}: {of_all} come within {near.within * 100:g} % of it."


def _walked(page: WalkForwardPage) -> str:
    facts, request = page.out_of_sample, page.request
    total, sharpe = page.held
    efficiency, lost = facts["Walk-forward efficiency"], facts["Sharpe ratio lost out of sample"]
    won = sum(fold.test_return > 0 for fold in page.walk.folds)
    kept = (
        f"Its annual return is {format_fact(efficiency)} times that in sample"
        if not math.isnan(efficiency.value)
        else f"It has no efficiency: {efficiency.note}"
    )
    gone = "" if math.isnan(lost.value) else f", with {format_fact(lost)} of the Sharpe ratio per bar lost"
    return (
        f"Chosen anew on {request['train_sessions']:,} sessions and traded on the next {request['test_sessions']:,} "
        f"({request['scheme']}, {plural(len(page.walk.folds), 'fold')}) it returned {format_fact(facts['Total return'])} out of "
        f"sample, with a Sharpe ratio of {format_fact(facts['Sharpe ratio'])} and a deepest loss of "
        f"{format_fact(facts['Max drawdown'])}; buying and holding over the same days returned {format_value(total, 'fraction')} "
        f"before costs, with {format_value(sharpe, 'ratio')}. {kept}{gone}; {won} of {plural(len(page.walk.folds), 'fold')} gained."
    )


def _luck(page: WalkForwardPage) -> str:
    found, evidence = page.assessment, page.best.evidence
    told = []
    if found.overfitting is not None:
        told.append(
            f"The probability of overfitting is {format_value(found.overfitting.pbo, 'fraction')}: in so many splits of the past the "
            "best half-way lies in the lower half of all on the rest"
        )
    if evidence.is_refused:
        told.append(f"The ledger cannot be asked: {evidence.reasons['trials']}")
    else:
        if found.deflated is not None and found.effective is not None:
            told.append(
                f"Against the cells of this grid alone, worth {format_value(found.effective.number, 'count')} independent trials, "
                f"the deflated Sharpe ratio is {format_value(found.deflated.probability, 'fraction')}"
            )
        told.append(
            f"The ledger counts {plural(evidence.trials, 'trial')} in this study, each training window of the walk among them, worth "
            f"{format_value(evidence.effective_trials, 'count')} independent; the best of as many without skill is expected to show a "
            f"Sharpe ratio of {format_value(evidence.expected_maximum, 'ratio')}, and the deflated Sharpe ratio is "
            f"{format_value(evidence.deflated, 'fraction')}"
        )
    if found.snooping is not None:
        told.append(
            f"That no combination beats buying and holding cannot be ruled out with a p-value of "
            f"{format_value(found.snooping.p_value, 'p_value')} (SPA)"
            if found.snooping.p_value >= 0.05
            else f"Some combination beats buying and holding with a p-value of {format_value(found.snooping.p_value, 'p_value')} (SPA)"
        )
    return ". ".join(told) + "."


def _paths(page: WalkForwardPage) -> str:
    facts = {fact.label: format_fact(fact) for fact in page.paths.facts()}
    return (
        f"{facts['Paths']} paths made of blocks of the best combination's own returns, at costs of 0.8 to 1.2 times those assumed, "
        f"return {facts['Total return, median']} in the median and {facts['Total return, 5th percentile']} to "
        f"{facts['Total return, 95th percentile']} in nine of ten cases; {facts['Probability of profit']} end with a profit, "
        f"{facts['Probability of ruin']} lose half on the way, and the median of the deepest losses is "
        f"{facts['Max drawdown, median']}. A past that was chosen for its result is what they are made of."
    )
