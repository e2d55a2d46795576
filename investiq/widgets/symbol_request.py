"""What the symbol page is asked for, and the numbers that answer it: no widget here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from investiq.core.errors import ConfigError
from investiq.core.facts import Fact
from investiq.core.types import BASIS_WORDS

if TYPE_CHECKING:
    import investiq as iq
    from investiq.analysis.analyzing import Analysis
    from investiq.backtesting.result import BacktestResult
    from investiq.strategies.base import Strategy

__all__ = ["SymbolRequest", "basis_points", "card_facts"]

_CARDS: Final = ("Total return", "CAGR", "Sharpe ratio", "Max drawdown")
# All of the traded value.
_WHOLE_BPS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class SymbolRequest:
    """What the controls said when the button was pressed.

    Attributes
    ----------
    symbol : str
    start, end : date, optional
        First and last session, both inclusive.
    commission, slippage : str
        Each side, in basis points, as typed.
    make_strategy : callable
        Returns the strategy, or raises what is wrong with its parameters.
    """

    symbol: str
    start: date | None
    end: date | None
    commission: str
    slippage: str
    make_strategy: Callable[[], Strategy]

    def load(self) -> iq.Bars:
        """Return the bars of the range."""
        import investiq as iq

        return iq.load_bars(self.symbol, *(None if day is None else day.isoformat() for day in (self.start, self.end)))

    def backtest(self, bars: iq.Bars) -> BacktestResult:
        """Return the run of the strategy on `bars`: all of the equity per entry, in fractions of a share.

        Raises
        ------
        ConfigError
            If a cost or a parameter of the strategy cannot be used; no other value takes its place.
        """
        import investiq as iq

        commission, slippage = self._costs_bps()
        costs = iq.Costs(commission_rate=commission / 10_000, slippage_bps=slippage)
        return iq.backtest(self.make_strategy(), bars, costs=costs, weight=1.0, lot=None)

    def terms_in_words(self) -> str:
        """Return size and costs of the run in one line."""
        commission, slippage = self._costs_bps()
        return (
            f"100 % weight, fractional quantities; {commission:g} bps commission, {slippage:g} bps slippage, each side"
        )

    def _costs_bps(self) -> tuple[float, float]:
        return basis_points("Commission", self.commission), basis_points("Slippage", self.slippage)


def basis_points(name: str, text: str) -> float:
    """Return a cost in basis points as typed.

    Raises
    ------
    ConfigError
        If `text` is empty, no number, or outside [0, 10000).
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < _WHOLE_BPS:
        found = repr(text.strip()) if text.strip() else "empty"
        raise ConfigError(
            f"{name} must be a number of basis points in [0, {_WHOLE_BPS:g}), was {found}; 10 is 0.1 % of the traded value"
        )
    return value


def card_facts(bars: iq.Bars, analysis: Analysis | None, result: BacktestResult | None) -> list[Fact]:
    """Return the numbers that stand out on the page; what failed is n/a and names the panel that says why."""
    passport = bars.passport
    basis = f"{bars.ts[-1].astype('datetime64[D]')}, {BASIS_WORDS[passport.price_basis]}, {passport.currency}"
    facts = [Fact("Close", float(bars.close[-1]), "price", basis)]
    if analysis is not None:
        facts.append(Fact("Score", analysis.score, "score", analysis.label or analysis.reason))
    else:
        facts.append(Fact("Score", math.nan, "score", note="see Engine view"))
    by_label = {} if result is None else {fact.label: fact for fact in result.facts()}
    return facts + [by_label.get(label, Fact(label, math.nan, note="see Backtest")) for label in _CARDS]
