"""What the symbol page is asked for, and the numbers that answer it: no widget here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from investiq.core.facts import Fact

if TYPE_CHECKING:
    import investiq as iq
    from investiq.analysis.analyzing import Analysis
    from investiq.backtesting.result import BacktestResult
    from investiq.strategies.base import Strategy

__all__ = ["SymbolRequest", "card_facts"]

_CARDS: Final = ("Total return", "CAGR", "Sharpe ratio", "Max drawdown")


@dataclass(frozen=True, kw_only=True)
class SymbolRequest:
    """What the controls said when the button was pressed.

    Attributes
    ----------
    symbol : str
    start, end : date, optional
        First and last session, both inclusive.
    commission_bps, slippage_bps : float
        Each side, in basis points.
    make_strategy : callable
        Returns the strategy, or raises what is wrong with its parameters.
    """

    symbol: str
    start: date | None
    end: date | None
    commission_bps: float
    slippage_bps: float
    make_strategy: Callable[[], Strategy]

    def load(self) -> iq.Bars:
        """Return the bars of the range."""
        import investiq as iq

        return iq.load_bars(self.symbol, *(None if day is None else day.isoformat() for day in (self.start, self.end)))

    def backtest(self, bars: iq.Bars) -> BacktestResult:
        """Return the run of the strategy on `bars`: all of the equity per entry, in fractions of a share."""
        import investiq as iq

        costs = iq.Costs(commission_rate=self.commission_bps / 10_000, slippage_bps=self.slippage_bps)
        return iq.backtest(self.make_strategy(), bars, costs=costs, weight=1.0, lot=None)

    def costs_in_words(self) -> str:
        """Return the costs in one line."""
        return f"{self.commission_bps:g} bps commission, {self.slippage_bps:g} bps slippage, each side"


def card_facts(bars: iq.Bars, analysis: Analysis | None, result: BacktestResult | None) -> list[Fact]:
    """Return the numbers that stand out on the page; what failed is left out."""
    facts = [Fact("Close", float(bars.close[-1]), "price", f"{bars.ts[-1].astype('datetime64[D]')}, as traded")]
    if analysis is not None:
        signal = analysis.signal
        facts.append(Fact("Technical score", signal.score, "score", signal.label or signal.reason))
    if result is not None:
        by_label = {fact.label: fact for fact in result.facts()}
        facts += [by_label[label] for label in _CARDS if label in by_label]
    return facts
