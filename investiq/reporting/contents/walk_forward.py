"""The page on a walk-forward and on overfitting: what is computed for it, its cards, checks, cautions and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from investiq.backtesting.monte_carlo import monte_carlo
from investiq.backtesting.sweeps import sweep
from investiq.backtesting.validating import walk_forward
from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Fact, format_value
from investiq.core.notes import Note, merge_notes
from investiq.metrics.assessing import assess
from investiq.metrics.assessment import Check
from investiq.metrics.deflation import ACCEPTED_ABOVE
from investiq.metrics.ratios import sharpe_ratio
from investiq.reporting.contents.basis import bars_of, costs_of, last_moment, manifest_of, period_words
from investiq.reporting.contents.reading import read_grid, read_strategy_class
from investiq.reporting.parts import head
from investiq.reporting.passing import Handed
from investiq.runtime.progress import watched

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.monte_carlo import MonteCarlo
    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.sweep_plateau import Plateau
    from investiq.backtesting.sweep_result import SweepResult
    from investiq.backtesting.walk_forward_result import WalkForward
    from investiq.core.facts import Unit
    from investiq.metrics.assessment import Assessment

__all__ = ["WalkForwardPage", "prepare"]

# The tests that need every return take this many cells at most, at equal steps: 200 take some five seconds.
_MOST_TRIALS: Final = 200
_PATHS: Final = 1_000
# Out of sample half of the annual return in sample is the customary bar (Pardo 2008).
_EFFICIENT_FROM: Final = 0.5
_DEFLATED: Final = "Deflated Sharpe ratio"
# The cells of the sweep are what the best was chosen from; the study's ledger also counts what was tried before, and
# each cell on each training window.
GRID_CHECK: Final = "Deflated Sharpe ratio, cells of this grid"
LEDGER_CHECK: Final = "Deflated Sharpe ratio, all trials of the study"
_UNITS: Final[Mapping[str, str]] = {
    "train_first": "date",
    "train_last": "date",
    "test_first": "date",
    "test_last": "date",
    "annual_return_in_sample": "fraction",
    "annual_return_out_of_sample": "fraction",
    "sharpe_in_sample": "ratio",
    "sharpe_out_of_sample": "ratio",
    "efficiency": "ratio",
    "total_return": "fraction",
    "cagr": "fraction",
    "volatility": "fraction",
    "max_drawdown": "fraction",
    "win_rate": "fraction",
    "exposure": "fraction",
    "sharpe_ratio": "ratio",
    "mar_ratio": "ratio",
    "profit_factor": "ratio",
    "trades": "count",
    "final_equity": "money",
    "fees": "money",
    "lowest": "fraction",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class WalkForwardPage:
    """What the template shows; made by `prepare`.

    Attributes
    ----------
    sweep : SweepResult
    walk : WalkForward
    best : BacktestResult
        The cell of the highest Sharpe ratio over the whole period.
    assessment : Assessment
        Of the best cell, given every cell.
    paths : MonteCarlo
        Of the best cell.
    plateau : Plateau or None
        None where the grid has no neighbours.
    request : mapping
        The parameters of the page.
    cautions : tuple of Note
        What was left out.
    """

    sweep: SweepResult
    walk: WalkForward
    best: BacktestResult
    assessment: Assessment
    paths: MonteCarlo
    plateau: Plateau | None
    request: Mapping[str, Any]
    cautions: tuple[Note, ...]

    @property
    def title(self) -> str:
        """What was walked."""
        return f"{self.request['strategy']} on {self.best.subject}: walk-forward and overfitting"

    @property
    def head(self) -> str:
        """The head of the page."""
        passport, request = self.best.bars.passport, self.request
        windows = f"trained on {request['train_sessions']:,} sessions, tested on the next {request['test_sessions']:,}, {request['scheme']}"
        lines = [
            f"{period_words(self.best.bars)} · {passport.provider}, {passport.calendar} sessions, {passport.currency}",
            f"{request['grid']} · {windows} · {self.best.options.costs.describe()}",
        ]
        return head("InvestIQ walk-forward", self.title, lines, self.best.watermark)

    @cached_property
    def summary(self) -> list[str]:
        """The executive summary; every number is one of the results."""
        from investiq.reporting.contents.walk_forward_words import paragraphs

        return paragraphs(self)

    @cached_property
    def out_of_sample(self) -> dict[str, Fact]:
        """The facts of the stitched account by their labels."""
        return {fact.label: fact for fact in self.walk.facts()}

    @cached_property
    def held(self) -> tuple[float, float]:
        """Return and annual Sharpe ratio of buying and holding over the tested days, before costs."""
        closes = self.walk.closes
        return float(closes[-1] / closes[0] - 1), sharpe_ratio(closes[1:] / closes[:-1] - 1, self.walk.convention)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the walk, of the grid and of the best cell; each passed, failed, or not made with its reason."""
        tested = self.out_of_sample
        near, evidence = self.plateau, self.best.evidence
        sharpe, efficiency = tested["Sharpe ratio"], tested["Walk-forward efficiency"]
        rule = f"above that of buying and holding over the same days, {format_value(self.held[1], 'ratio')}"
        return (
            _check("Sharpe ratio out of sample", sharpe.value, "ratio", rule, sharpe.value > self.held[1], sharpe.note),
            _check(
                "Walk-forward efficiency",
                efficiency.value,
                "ratio",
                f"at least {_EFFICIENT_FROM:g}",
                efficiency.value >= _EFFICIENT_FROM,
                efficiency.note,
            ),
            Check(
                name="Plateau",
                value=float("nan") if near is None else near.share_near,
                unit="fraction",
                rule="half of the best cell's neighbours, or more, within 10 % of it",
                passed=None if near is None else not near.is_island,
                reason="the grid has no neighbours" if near is None else "",
            ),
            _check(
                LEDGER_CHECK,
                evidence.deflated,
                "fraction",
                f"above {ACCEPTED_ABOVE * 100:g} %",
                evidence.deflated > ACCEPTED_ABOVE,
                evidence.reasons.get("deflated", evidence.reasons.get("trials", "")),
            ),
            *(replace(each, name=GRID_CHECK) if each.name == _DEFLATED else each for each in self.assessment.checks),
        )

    @property
    def cards(self) -> list[Fact]:
        """What a reader asks for first."""
        tested, evidence = self.out_of_sample, {fact.label: fact for fact in self.best.evidence.facts()}
        by_name = {check.name: check for check in self.checks}
        overfit, spa = by_name["Probability of overfitting"], by_name["Superior predictive ability"]
        passed = sum(check.passed is True for check in self.checks)
        return [
            Fact("Checks passed", f"{passed} of {len(self.checks)}", "", "all of them are below"),
            replace(tested["Sharpe ratio"], label="Sharpe ratio out of sample"),
            Fact("Sharpe of buying and holding", self.held[1], "ratio", "same days, before costs"),
            tested["Walk-forward efficiency"],
            Fact(overfit.name, overfit.value, overfit.unit, "PBO; noise gives 50 %", overfit.reason),
            Fact(spa.name, spa.value, spa.unit, "p-value against buying and holding", spa.reason),
            evidence[_DEFLATED],
            evidence["Trials"],
        ]

    @property
    def notes(self) -> tuple[Note, ...]:
        """The cautions of sweep, walk, best cell and paths, each once."""
        return merge_notes(
            self.cautions, self.sweep.notes, self.walk.notes, self.best.notes, self.assessment.notes, self.paths.notes
        )

    @property
    def checks_frame(self) -> pd.DataFrame:
        """One row a check: value as text, what passes, and the answer, or why there is none."""
        import pandas as pd

        rows = [
            (check.name, format_value(check.value, check.unit), check.rule, _answer(check)) for check in self.checks
        ]
        columns = ["check", "value", "asked for", "answer"]
        return pd.DataFrame(rows, columns=columns).set_index("check")

    @property
    def plateau_facts(self) -> list[Fact]:
        """The best cell and its neighbours, and the best neighbourhood; nothing without a plateau."""
        found = self.plateau
        if found is None:
            return []
        return [
            Fact("Best cell", found.best_parameters, "", f"Sharpe ratio {format_value(found.best_value, 'ratio')}"),
            Fact("Neighbours near it", found.share_near, "fraction", f"of {found.neighbours}, within {found.within * 100:g} % of it"),
            Fact("Mean of its neighbourhood", found.neighbourhood_mean, "ratio", f"place {found.rank_by_neighbourhood} among all"),
            Fact("Best neighbourhood", found.robust_parameters, "", f"Sharpe ratio {format_value(found.robust_value, 'ratio')}, "
                 f"mean {format_value(found.robust_neighbourhood_mean, 'ratio')}"),
        ]  # fmt: skip

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        paths = [fact for fact in self.paths.facts() if "percentile" not in fact.label]
        return Handed(
            title=self.title,
            subject=self.best.subject,
            as_of=last_moment(self.best.bars),
            summary=tuple(self.summary),
            numbers=(*self.cards[1:], *self._tested_facts(), *(_renamed(fact) for fact in paths)),
            notes=self.notes,
            tables={
                "Checks": self.checks_frame,
                "Folds": self.walk.to_frame(),
                "Cells": self.sweep.to_frame(),
                "Monte Carlo paths": self.paths.to_frame(),
            },
            units=_UNITS,
            manifest=manifest_of("walk_forward", [self.best.bars], self.request, seed=self.request["seed"]),
            watermark=self.best.watermark,
        )

    def _tested_facts(self) -> list[Fact]:
        shown = {fact.label for fact in self.cards}
        return [fact for label, fact in self.out_of_sample.items() if label not in shown]


@watched(lambda *_: None)
def prepare(
    *,
    symbol: str,
    start: str,
    end: str,
    strategy: str,
    grid: str,
    train_sessions: int,
    test_sessions: int,
    scheme: Literal["rolling", "anchored"],
    commission_bps: float,
    slippage_bps: float,
    seed: int,
) -> WalkForwardPage:
    """Sweep the grid, walk it forward, and test the best cell.

    Parameters
    ----------
    symbol, start, end : str
        Empty dates are the first and the last there are.
    strategy, grid : str
        A class, and axes as `read_grid` takes them.
    train_sessions, test_sessions : int
        Lengths in bars.
    scheme : {"rolling", "anchored"}
    commission_bps, slippage_bps : float
        Of each side of a trade.
    seed : int
        Of every bootstrap.
    """
    request = {
        "symbol": symbol, "start": start, "end": end, "strategy": strategy, "grid": grid, "train_sessions": train_sessions,
        "test_sessions": test_sessions, "scheme": scheme, "commission_bps": commission_bps, "slippage_bps": slippage_bps,
        "seed": seed,
    }  # fmt: skip
    kind, axes, bars = read_strategy_class(strategy), read_grid(grid), bars_of(symbol, start, end)
    options: dict[str, Any] = {**axes, "weight": 1.0, "lot": None, "costs": costs_of(commission_bps, slippage_bps)}
    swept = sweep(kind, bars, **options)
    walked = walk_forward(kind, bars, train=train_sessions, test=test_sessions, scheme=scheme, **options)
    best = swept.run(swept.best())
    trials, cautions = _trials(swept)
    return WalkForwardPage(
        sweep=swept,
        walk=walked,
        best=best,
        assessment=assess(
            best.returns, trials, convention=best.convention, benchmark=best.benchmark.returns, seed=seed
        ),
        paths=monte_carlo(best, paths=_PATHS, seed=seed),
        plateau=_plateau(swept),
        request=request,
        cautions=cautions,
    )


def _trials(swept: SweepResult) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return the returns of every cell that ran, of many as many as the tests can take, the best among them."""
    import pandas as pd

    ran = [cell for cell in range(len(swept)) if cell not in swept.reasons]
    cautions: tuple[Note, ...] = ()
    if len(ran) > _MOST_TRIALS:
        best = int(str(swept.best().name))
        steps = np.linspace(0, len(ran) - 1, _MOST_TRIALS).round().astype(int)
        taken = sorted({best, *(ran[place] for place in steps)})
        text = (
            f"deflation, PBO and SPA of the checks take {len(taken)} of the {len(ran):,} cells, at equal steps; the ledger "
            "counts all"
        )
        ran, cautions = taken, (Note(code="trials_sampled", text=text, rows=len(taken)),)
    return pd.DataFrame({f"cell {cell}": swept.run(cell).returns for cell in ran}), cautions


def _plateau(swept: SweepResult) -> Plateau | None:
    try:
        return swept.plateau()
    except InsufficientDataError:
        return None


def _check(name: str, value: float, unit: Unit, rule: str, is_passed: bool, reason: str) -> Check:
    is_missing = value != value
    return Check(
        name=name,
        value=value,
        unit=unit,
        rule=rule,
        passed=None if is_missing else bool(is_passed),
        reason=reason if is_missing else "",
    )


def _answer(check: Check) -> str:
    return f"not made: {check.reason}" if check.passed is None else "✓ passed" if check.passed else "✗ failed"


def _renamed(fact: Fact) -> Fact:
    return Fact(f"Monte Carlo: {fact.label}", fact.value, fact.unit, fact.convention, fact.note)
