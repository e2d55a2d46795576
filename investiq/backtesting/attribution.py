"""`Waterfall`: from the gross profit of a run to the net one, cost by cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from investiq.backtesting import pairing, postings
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["Waterfall", "waterfall_of"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Waterfall(Result):
    """What each kind of cost took from the profit of a run; amounts are signed as they changed the account.

    Attributes
    ----------
    subject : str
        Title of the backtest.
    capital : float
        Opening capital, USD: what fractions are of.
    commission, slippage, impact, borrow : float
        Costs, <= 0.
    interest, dividends : float
        Earned less paid.
    net : float
        Change of the equity.
    """

    kind: ClassVar[str] = "waterfall"

    subject: str
    capital: float
    commission: float
    slippage: float
    impact: float
    borrow: float
    interest: float
    dividends: float
    net: float
    mark: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def gross(self) -> float:
        """What the prices alone would have earned: all that is not one of the others."""
        return self.net - sum(amount for _, amount in self.steps())

    def steps(self) -> tuple[tuple[str, float], ...]:
        """Return the steps between gross and net, in order."""
        return (
            ("Commission", self.commission),
            ("Slippage", self.slippage),
            ("Market impact", self.impact),
            ("Borrow fees", self.borrow),
            ("Interest", self.interest),
            ("Dividends", self.dividends),
        )

    @property
    def title(self) -> str:
        """One line that names the result."""
        return f"From gross to net: {self.subject}"

    @property
    def watermark(self) -> str | None:
        """That of the backtest."""
        return self.mark

    def facts(self) -> list[Fact]:
        """Return each step in money and as a share of the opening capital."""
        lines = (("Gross profit", self.gross), *self.steps(), ("Net profit", self.net))
        share = [f"{amount / self.capital * 100:+,.2f} % of the opening capital" for _, amount in lines]
        return [Fact(label, amount, "money", of) for (label, amount), of in zip(lines, share, strict=True)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step: amount (USD), share (of the opening capital), total (after the step)."""
        import pandas as pd

        lines = [("Gross profit", self.gross), *self.steps()]
        frame = pd.DataFrame(
            {"amount": [amount for _, amount in lines]}, index=pd.Index([label for label, _ in lines], name="step")
        )
        frame["share"] = frame["amount"] / self.capital
        frame["total"] = frame["amount"].cumsum()
        frame.loc["Net profit"] = (self.net, self.net / self.capital, self.net)
        return frame


def waterfall_of(result: BacktestResult) -> Waterfall:
    """Return where the profit of `result` went.

    Slippage and impact are what fills cost against the price that allowed them.
    The fills themselves stay as they were: a run without costs would have bought
    other quantities.
    """
    fills, flows = result.run.fills, result.run.cash_flows

    def flowed(*kinds: float) -> float:
        return float(sum(flows[flows[:, 1] == kind, 3].sum() for kind in kinds))

    return Waterfall(
        subject=result.title,
        capital=float(result.options.initial_capital),
        commission=0.0 - float(fills[:, postings.FEE].sum()),
        slippage=0.0 - float(fills[:, postings.SLIPPAGE].sum()),
        impact=0.0 - float(fills[:, postings.IMPACT].sum()),
        borrow=flowed(pairing.BORROW),
        interest=flowed(pairing.INTEREST, pairing.DEBIT_INTEREST),
        dividends=flowed(pairing.DIVIDEND),
        net=float(result.run.equity[-1]) - float(result.options.initial_capital),
        mark=result.watermark,
    )
