"""`ImportedAccount`: the account of a run that another library made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.core.result import Result
from investiq.metrics.conventions import Convention

if TYPE_CHECKING:
    import pandas as pd

    from investiq.metrics.measuring import Measures

__all__ = ["ImportedAccount"]

_SHOWN: Final = ("Total return", "CAGR", "Volatility", "Sharpe ratio", "Sortino ratio", "Max drawdown")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ImportedAccount(Result):
    """What is known of a run of another library: no strategy, options or rules, but its account and its fills.

    Its tables are those of `BacktestResult` where it has them. What the other library
    does not record is missing, with the reason among the notes.

    Attributes
    ----------
    name : str
        What was traded.
    made_by : str
        Library and version.
    opening_capital : float
        Cash before the first bar, which has no row of its own.
    equity : DataFrame
        At each close, index `ts`: equity, cash, net (value of the positions) and
        drawdown (fraction, <= 0; the opening capital counts as a peak).
    returns : Series
        Simple returns per bar, the first from the opening capital.
    positions : DataFrame
        Shares at each close, a column for each symbol, negative for a short.
    fills : DataFrame
        Columns as in `BacktestResult.fills`.
    convention : Convention
    passports : tuple of Passport
        Of the bars that its closes were found equal to; empty where none were given.
    """

    kind: ClassVar[str] = "imported_account"

    name: str
    made_by: str
    opening_capital: float
    equity: pd.DataFrame
    returns: pd.Series[float]
    positions: pd.DataFrame
    fills: pd.DataFrame
    convention: Convention
    passports: tuple[Passport, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Library and symbols."""
        return f"Account made by {self.made_by} on {self.name}"

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"`` where the bars it was compared with are."""
        marks = {passport.watermark for passport in self.passports}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @cached_property
    def measures(self) -> Measures:
        """Our metrics of its returns."""
        from investiq.metrics.measuring import measure

        return measure(self.returns, convention=self.convention)

    def facts(self) -> list[Fact]:
        """Return the end of the account, the main metrics of its returns, its fills and its fees."""
        lines = {fact.label: fact for fact in self.measures.facts()}
        return [
            Fact("Final equity", float(self.equity["equity"].iloc[-1]), "money", f"from {self.opening_capital:,.2f}"),
            *(lines[label] for label in _SHOWN),
            Fact("Fills", len(self.fills), "count"),
            Fact("Fees", float(self.fills["fee"].sum()), "money", "slippage is in the prices"),
        ]

    def provenance(self) -> list[Fact]:
        """Return who made it, on what data, under which convention."""
        data = ", ".join(f"{each.symbol} {each.provider}" for each in self.passports)
        return [
            Fact("Made by", self.made_by, "", "not run by InvestIQ, and no trial of its ledger"),
            Fact("Data", data or "not given", "", "closes equal those of the account" if data else "no passport"),
            Fact("Convention", self.convention.describe()),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the account, as `equity`."""
        return self.equity
