"""`StrategyComparison`: metrics side by side, differences with their errors, and what the ledger says about each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from investiq.backtesting.describing import strategy_title
from investiq.core.errors import InsufficientDataError
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.deflation import ACCEPTED_ABOVE
from investiq.metrics.drawdown_events import drawdown_table
from investiq.metrics.multiple_testing import adjust_p_values
from investiq.metrics.sharpe_comparison import sharpe_difference

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["StrategyComparison"]

_METRICS: Final = (
    "Total return",
    "CAGR",
    "Volatility",
    "Sharpe ratio",
    "Standard error of Sharpe",
    "Sortino ratio",
    "Max drawdown",
    "Longest drawdown",
    "Exposure",
    "Closed trades",
    "Win rate",
    "Profit factor",
    "Total fees",
    "Total slippage",
    "Final equity",
)
# What the first run says of itself alone.
_OF_ONE_RUN: Final = (
    "Strategy",
    "Study",
    "Trial",
    "Trials",
    "Effective trials",
    "Deflated Sharpe ratio",
    "Probability of overfitting",
    "Minimum track record",
)
_DIFFERENCES: Final = ("difference", "standard_error", "low", "high", "p_value")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StrategyComparison(Result):
    """What `compare_strategies` returns.

    Attributes
    ----------
    results : mapping of str to BacktestResult
        Over the same bars, at the same costs, in the order they were given.
    confidence : float
        Of the intervals; one less is the level at which a difference is beyond doubt.
    draws, seed : int
        Of the bootstrap of each difference.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "strategy_comparison"

    results: Mapping[str, BacktestResult]
    confidence: float = 0.95
    draws: int = 2_000
    seed: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def first(self) -> BacktestResult:
        """The first of the runs, which has the bars, the costs and the convention of all."""
        return next(iter(self.results.values()))

    @property
    def benchmark(self) -> BacktestResult:
        """Buying and holding under the same costs."""
        return self.first.benchmark

    @property
    def benchmark_name(self) -> str:
        """What buying and holding is called beside the strategies."""
        return f"Buy and hold {self.benchmark.subject}"

    @cached_property
    def accounts(self) -> dict[str, BacktestResult]:
        """The strategies by name, and buying and holding last."""
        return {**self.results, self.benchmark_name: self.benchmark}

    @property
    def title(self) -> str:
        """How many strategies, and on what."""
        return f"{len(self.results)} strategies on {self.first.subject}"

    @property
    def headline(self) -> str:
        """The highest Sharpe ratio, and how many differences are beyond doubt."""
        sure = int(self.differences["is_beyond_doubt"].sum())
        best = self.best
        said = f"highest Sharpe ratio: {best}" if best else "no strategy has a Sharpe ratio"
        return f"{said} · {sure} of {len(self.differences)} differences of Sharpe ratios beyond doubt"

    @property
    def watermark(self) -> str | None:
        """That of the data."""
        return self.first.watermark

    @property
    def best(self) -> str:
        """The strategy of the highest Sharpe ratio; empty where none has one."""
        ratios = self.metrics.loc["Sharpe ratio", list(self.results)].astype(float)
        return "" if ratios.isna().all() else str(ratios.idxmax())

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Unit of each metric."""
        known = {fact.label: fact for fact in self.first.facts()}
        return {label: known[label].unit for label in _METRICS if label in known}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row a metric, a column each account; NaN where one is undefined."""
        import pandas as pd

        columns = {
            name: {fact.label: fact.value for fact in result.facts() if fact.label in self.units}
            for name, result in self.accounts.items()
        }
        return pd.DataFrame(columns, index=pd.Index(list(self.units), name="metric")).astype(float)

    @cached_property
    def returns(self) -> pd.DataFrame:
        """Returns per bar, index `ts`, a column each account."""
        import pandas as pd

        return pd.DataFrame({name: result.returns for name, result in self.accounts.items()})

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """Pearson's correlation of the returns per bar; NaN beside an account that never moves."""
        return self.returns.corr()

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a pair: `difference` of annual Sharpe ratios, first less second.

        Columns: first, second, difference, standard_error, low, high (annual),
        p_value (two-sided), adjusted (Holm, for the number of pairs),
        is_beyond_doubt, better (the name, or empty), reason (why there is none).
        """
        import pandas as pd

        rows = [self._difference(first, second) for first, second in combinations(self.accounts, 2)]
        frame = pd.DataFrame(rows, columns=["first", "second", *_DIFFERENCES, "reason"])
        tested = frame["p_value"].notna()
        frame["adjusted"] = math.nan
        if tested.any():
            values = frame.loc[tested, "p_value"].to_numpy()
            frame.loc[tested, "adjusted"] = np.asarray(adjust_p_values(values, "holm").adjusted)
        frame["is_beyond_doubt"] = frame["adjusted"] <= 1 - self.confidence + 1e-12
        ahead = frame["first"].where(frame["difference"] > 0, frame["second"])
        frame["better"] = ahead.where(frame["is_beyond_doubt"], "")
        return frame.rename_axis("pair")

    def _difference(self, first: str, second: str) -> tuple[object, ...]:
        one, other = self.returns[first], self.returns[second]
        try:
            found = sharpe_difference(
                one, other, self.first.convention, confidence=self.confidence, draws=self.draws, seed=self.seed
            )
        except InsufficientDataError as error:
            return (first, second, *(math.nan for _ in _DIFFERENCES), str(error))
        return (first, second, *(getattr(found, name) for name in _DIFFERENCES), "")

    @cached_property
    def drawdowns(self) -> pd.DataFrame:
        """The deepest drawdown of each account: depth (<= 0), peak, trough, recovery, bars_down, bars_to_recover, is_ongoing."""
        import pandas as pd

        deepest = {
            name: drawdown_table(result.account, result.instants, top=1) for name, result in self.accounts.items()
        }
        return pd.concat(deepest, names=["account"]).droplevel(-1)

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """What the ledger says about each strategy: study, trials, effective_trials, sharpe, expected_by_luck, deflated, pbo, reason."""
        import pandas as pd

        rows = {}
        for name, result in self.results.items():
            found = result.evidence
            rows[name] = {
                "study": found.study,
                "trials": math.nan if found.is_refused else found.trials,
                "effective_trials": found.effective_trials,
                "sharpe": found.sharpe,
                "expected_by_luck": found.expected_maximum,
                "deflated": found.deflated,
                "pbo": found.pbo,
                "reason": found.reasons.get("deflated", found.reasons.get("trials", "")),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strategy")

    def facts(self) -> list[Fact]:
        """Return which strategy is ahead, by how much, and what the number of trials leaves of it."""
        facts = [Fact("Strategies", len(self.results), "count", "beside buying and holding")]
        if not (best := self.best):
            return [*facts, Fact("Highest Sharpe ratio", math.nan, "ratio", note="no strategy traded")]
        pairs = self.differences
        against = pairs[(pairs["first"] == best) & (pairs["second"] == self.benchmark_name)].iloc[0]
        known = self.evidence.loc[best]
        level = f"{self.confidence * 100:g} % interval {against['low']:.2f} to {against['high']:.2f}"
        return [
            *facts,
            Fact("Highest Sharpe ratio", self.number("Sharpe ratio", best), "ratio", self._annual, best),
            Fact(
                "Its lead over buying and holding", float(against["difference"]), "ratio",
                "" if against["reason"] else f"difference of annual Sharpe ratios, ddof 0; {level}", str(against["reason"]),
            ),
            Fact("Standard error of the lead", float(against["standard_error"]), "ratio", "Newey-West", str(against["reason"])),
            Fact("Pairs compared", len(pairs), "count", "each strategy with each other one and with buying and holding"),
            Fact(
                "Pairs beyond doubt", int(pairs["is_beyond_doubt"].sum()), "count",
                f"p-value, adjusted by Holm for {len(pairs)} pairs, at most {1 - self.confidence:.4g}",
            ),
            Fact("Trials", known["trials"], "count", f"in the ledger under {known['study']!r}", str(known["reason"])),
            Fact("Deflated Sharpe ratio", known["deflated"], "fraction", f"of {best}; accepted above {ACCEPTED_ABOVE * 100:g} %", str(known["reason"])),
        ]  # fmt: skip

    @property
    def _annual(self) -> str:
        convention = self.first.convention
        return f"annual, {convention.periods_per_year:g} periods, ddof {convention.ddof}, risk-free {convention.risk_free * 100:g} %"

    def tables(self) -> list[Table]:
        """Return metrics, differences, correlations, drawdowns and trials."""
        from investiq.backtesting.strategy_sheets import sheets

        return sheets(self)

    def provenance(self) -> list[Fact]:
        """Return how the differences were measured, and the data and rules of the runs."""
        return [
            Fact("Differences", f"studentised circular block bootstrap of pairs (Ledoit and Wolf 2008), {self.draws:,} draws, seed {self.seed}"),
            Fact("Several pairs", "p-values adjusted by Holm's method"),
            *(Fact("Strategy", f"{name}: {strategy_title(result.strategy)}") for name, result in self.results.items()),
            *(fact for fact in self.first.provenance() if fact.label not in _OF_ONE_RUN),
        ]  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return the metrics with their units."""
        frame = self.metrics.copy()
        frame.insert(0, "unit", [self.units[str(label)] for label in frame.index])
        return frame

    def text_of(self, metric: str, name: str) -> str:
        """Return one metric of one account as a reader sees it."""
        return format_value(self.number(metric, name), self.units[metric])

    def number(self, metric: str, name: str) -> float:
        """Return one metric of one account."""
        return float(self.metrics[name].to_dict()[metric])
