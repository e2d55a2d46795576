"""The page that compares strategies: its summary written from the numbers, its cards, cautions and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from investiq.backtesting.strategy_comparing import compare_strategies
from investiq.core.facts import Fact, format_value
from investiq.core.notes import Note, merge_notes
from investiq.metrics.deflation import ACCEPTED_ABOVE
from investiq.reporting.contents.basis import bars_of, costs_of, last_moment, listed, manifest_of, period_words, plural
from investiq.reporting.contents.reading import read_strategies
from investiq.reporting.parts import head
from investiq.reporting.passing import Handed
from investiq.runtime.progress import watched

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.strategy_comparison import StrategyComparison

__all__ = ["ComparisonPage", "prepare"]

_HEADLINES: Final = ("Total return", "Sharpe ratio", "Max drawdown")
_UNITS: Final[Mapping[str, str]] = {
    "difference": "ratio",
    "standard_error": "ratio",
    "low": "ratio",
    "high": "ratio",
    "p_value": "p_value",
    "adjusted": "p_value",
    "depth": "fraction",
    "peak": "date",
    "trough": "date",
    "recovery": "date",
    "bars_down": "bars",
    "bars_to_recover": "bars",
    "trials": "count",
    "effective_trials": "count",
    "sharpe": "ratio",
    "expected_by_luck": "ratio",
    "deflated": "fraction",
    "pbo": "fraction",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonPage:
    """What the template shows; made by `prepare`.

    Attributes
    ----------
    comparison : StrategyComparison
    request : mapping
        The parameters of the page.
    """

    comparison: StrategyComparison
    request: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Names and symbol."""
        return f"{listed(list(self.comparison.results))} on {self.comparison.first.subject}"

    @property
    def head(self) -> str:
        """The head of the page."""
        first = self.comparison.first
        passport = first.bars.passport
        lines = [
            f"{period_words(first.bars)} · {passport.provider}, {passport.calendar} sessions, {passport.currency}",
            f"{format_value(first.options.initial_capital, 'money')} USD, all of it invested at each entry · {first.options.costs.describe()}",
        ]
        return head("InvestIQ strategy comparison", self.title, lines, self.comparison.watermark)

    @cached_property
    def summary(self) -> list[str]:
        """The executive summary; every number is one of the comparison."""
        found = self.comparison
        if not found.best:
            return [self._holding(), "No strategy traded, so there is no Sharpe ratio to compare."]
        return [self._holding(), self._ranking(), self._doubt(), self._luck(), self._losses()]

    @property
    def cards(self) -> list[Fact]:
        """What a reader asks for first."""
        found = self.comparison
        held = Fact(
            "Sharpe of buying and holding",
            found.number("Sharpe ratio", found.benchmark_name),
            "ratio",
            found.benchmark_name,
        )
        shown = [fact for fact in found.facts() if fact.label not in ("Strategies", "Pairs compared")]
        return [*shown[:1], held, *shown[1:]]

    @property
    def notes(self) -> tuple[Note, ...]:
        """The cautions of the runs, and those of a comparison."""
        text = (
            "the strategies were compared over the whole period with parameters that were chosen with sight of it: "
            "the template walk_forward tests a choice on later bars"
        )
        return merge_notes(self.comparison.notes, (Note(code="in_sample", text=text),))

    def handed(self) -> Handed:
        """Return what the page states, for its maker."""
        found = self.comparison
        bars = found.first.bars
        headlines = [
            Fact(f"{name}: {label}", found.number(label, name), found.units[label])
            for name in found.accounts
            for label in _HEADLINES
        ]
        return Handed(
            title=f"Strategy comparison: {self.title}",
            subject=found.first.subject,
            as_of=last_moment(bars),
            summary=tuple(self.summary),
            numbers=(*found.facts(), *headlines),
            notes=self.notes,
            tables=self._tables(),
            units=_UNITS,
            manifest=manifest_of(found.kind, [bars], self.request, seed=found.seed),
            watermark=found.watermark,
        )

    def _tables(self) -> dict[str, pd.DataFrame]:
        found = self.comparison
        return {
            "Metrics": found.to_frame(),
            "Differences of Sharpe": found.differences,
            "Correlations": found.correlations.rename_axis("account"),
            "Deepest drawdowns": found.drawdowns,
            "Trials": found.evidence,
        }

    def _holding(self) -> str:
        found, held = self.comparison, self.comparison.benchmark_name
        first, last = (str(each) for each in found.first.data.ts[[0, -1]].astype("datetime64[D]"))
        return (
            f"From {first} to {last} ({found.first.data.ts.size:,} bars) buying and holding {found.first.subject} returned "
            f"{found.text_of('Total return', held)}, {found.text_of('CAGR', held)} a year, with a Sharpe ratio of "
            f"{found.text_of('Sharpe ratio', held)} and a deepest loss of {found.text_of('Max drawdown', held)}. The strategies "
            "had the same bars, costs, opening capital and convention."
        )

    def _ranking(self) -> str:
        found = self.comparison
        ratios = {name: found.number("Sharpe ratio", name) for name in found.results}
        ranked = sorted((name for name in ratios if ratios[name] == ratios[name]), key=lambda name: -ratios[name])
        told = [
            f"{name} {found.text_of('Sharpe ratio', name)} (standard error {found.text_of('Standard error of Sharpe', name)}, "
            f"total return {found.text_of('Total return', name)})"
            for name in ranked
        ]
        held = found.number("Sharpe ratio", found.benchmark_name)
        above = [name for name in ranked if ratios[name] > held]
        count = f"{listed(above)} lie{'s' if len(above) == 1 else ''}" if above else "none of them lies"
        silent = [name for name in ratios if name not in ranked]
        idle = f" {listed(silent)} did not trade." if silent else ""
        return f"By Sharpe ratio: {', '.join(told)}; {count} above buying and holding.{idle}"

    def _doubt(self) -> str:
        found = self.comparison
        pairs, level = found.differences, format_value(1 - found.confidence, "fraction")
        sure = pairs[pairs["is_beyond_doubt"]]
        if len(sure):
            told = [self._lead(row) for row in sure.to_dict("records")]
            return f"Beyond doubt, at {level} after correcting for {plural(len(pairs), 'pair')}: {'; '.join(told)}."
        tested = pairs.dropna(subset=["p_value"])
        if tested.empty:
            return f"No difference of Sharpe ratios could be tested: {pairs['reason'].iloc[0]}."
        nearest = self._lead(tested.sort_values("adjusted").to_dict("records")[0])
        return (
            f"No difference of Sharpe ratios is beyond doubt at {level} after correcting for {plural(len(pairs), 'pair')}. "
            f"The nearest to it: {nearest}."
        )

    def _lead(self, row: Mapping[Any, Any]) -> str:
        """Return a difference with its error, the account ahead named first."""
        ahead, behind = (row["first"], row["second"]) if row["difference"] > 0 else (row["second"], row["first"])
        return (
            f"{ahead} over {behind} by {format_value(abs(row['difference']), 'ratio')} (standard error "
            f"{format_value(row['standard_error'], 'ratio')}, adjusted p-value {format_value(row['adjusted'], 'p_value')})"
        )

    def _luck(self) -> str:
        found = self.comparison
        known = found.evidence.to_dict("index")[found.best]
        if math.isnan(known["trials"]):
            return f"The Sharpe ratio of {found.best} is not deflated: {known['reason']}."
        counted = plural(int(known["trials"]), "trial is", "trials are")
        worth = (
            f"{counted} counted in the ledger under {known['study']!r}, worth "
            f"{format_value(known['effective_trials'], 'count')} independent"
        )
        if math.isnan(known["deflated"]):
            return f"{worth}; there is no deflated Sharpe ratio: {known['reason']}."
        accepted = "above" if known["deflated"] > ACCEPTED_ABOVE else "not above"
        return (
            f"{worth}: the best of as many without skill would be expected to show a Sharpe ratio of "
            f"{format_value(known['expected_by_luck'], 'ratio')}. The deflated Sharpe ratio of {found.best} is "
            f"{format_value(known['deflated'], 'fraction')}, {accepted} the {format_value(ACCEPTED_ABOVE, 'fraction')} asked for."
        )

    def _losses(self) -> str:
        found = self.comparison
        falls = [f"{name} {found.text_of('Max drawdown', name)}" for name in found.results]
        names = list(found.results)
        pairs = [
            (float(found.correlations[one].to_dict()[other]), one, other)
            for place, one in enumerate(names)
            for other in names[place + 1 :]
        ]
        known = sorted(pair for pair in pairs if not math.isnan(pair[0]))
        alike = ""
        if known:
            value, one, other = known[-1]
            alike = f" {one} and {other} move most alike, with a correlation of {format_value(value, 'ratio')} of their returns per bar."
        return f"Deepest losses from a peak: {', '.join(falls)}.{alike}"


@watched(lambda *_: None)
def prepare(
    *,
    symbol: str,
    start: str,
    end: str,
    strategies: str,
    commission_bps: float,
    slippage_bps: float,
    seed: int,
) -> ComparisonPage:
    """Run the strategies and compare them.

    Parameters
    ----------
    symbol, start, end : str
        Empty dates are the first and the last there are.
    strategies : str
        As `read_strategies` takes them.
    commission_bps, slippage_bps : float
        Of each side of a trade.
    seed : int
        Of the bootstrap.
    """
    request = {
        "symbol": symbol, "start": start, "end": end, "strategies": strategies,
        "commission_bps": commission_bps, "slippage_bps": slippage_bps, "seed": seed,
    }  # fmt: skip
    chosen = read_strategies(strategies)
    found = compare_strategies(
        chosen,
        bars_of(symbol, start, end),
        weight=1.0,
        lot=None,
        costs=costs_of(commission_bps, slippage_bps),
        seed=seed,
    )
    return ComparisonPage(comparison=found, request=request)
