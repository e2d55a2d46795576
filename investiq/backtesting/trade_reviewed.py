"""`ReviewedTrade`: one round trip as one would go through it with a ruler: bars, levels, excursions, costs, and the rules that filled it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.explaining import FillExplanation
from investiq.core.facts import Fact, Table
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.history.bars import Bars

__all__ = ["Excursion", "ReviewedTrade"]

FloatArray = NDArray[np.float64]

_NO_STOP: Final = "no stop stood at the entry, so nothing says what was risked"


@dataclass(frozen=True, kw_only=True)
class Excursion:
    """The worst or the best price between entry and exit.

    Attributes
    ----------
    price : float
        In the shares of the entry.
    fraction : float
        Distance from the entry price, as a fraction of it; negative against the holder.
    money : float
        The same on the shares of the entry, before costs.
    r_multiple : float
        The same over what the stop put at risk; NaN without a stop.
    row : int
        Row of the window in which it was reached.
    """

    price: float
    fraction: float
    money: float
    r_multiple: float
    row: int


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReviewedTrade(Result):
    """One round trip in its bars; prices are those of the shares of the entry, so that a split moves nothing.

    Attributes
    ----------
    number, count : int
        Row of ``result.trades``, and how many rows it has.
    run : str
        Title of the run.
    symbol : str
    explanation : FillExplanation
        Both fills: rule, prices, and what other fills would have earned.
    window : Bars
        The bars around the trade, as traded.
    scale : ndarray of shape (n_window,)
        Entry-day price over the price as traded: 1 but for splits inside the window.
    held : (int, int)
        First and last row of the window in which the position was held.
    stop, trail, target : ndarray of shape (n_window,)
        Levels in force in each bar, NaN outside the trade and where there was none.
    worst, best : Excursion
    trade : dict
        The row of ``result.trades``.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "trade_review"

    number: int
    count: int
    run: str
    symbol: str
    explanation: FillExplanation
    window: Bars
    scale: FloatArray
    held: tuple[int, int]
    stop: FloatArray
    trail: FloatArray
    target: FloatArray
    worst: Excursion
    best: Excursion
    trade: dict[str, object]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Which trade of how many, counted from 1 as pages show it; `number` is the row, from 0."""
        return f"Trade {self.number + 1} of {self.count}: {self.side} {self.symbol}"

    @property
    def headline(self) -> str:
        """When, how it ended and what it brought."""
        entry, leave = self.explanation.entry, self.explanation.exit
        begun = label_text(entry.ts, self.window.interval)
        ended = "still open" if leave is None else f"to {label_text(leave.ts, self.window.interval)}, {self.ended_by}"
        return f"{begun} {ended} · P&L {self._number('pnl'):+,.2f} USD net ({self._number('return'):+.2%})"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.window.passport.watermark

    @property
    def side(self) -> str:
        """``"long"`` or ``"short"``."""
        return str(self.trade["side"])

    @property
    def ended_by(self) -> str:
        """What ended it, in words."""
        return "still open" if self.explanation.exit is None else str(self.trade["exit_reason"]).replace("_", " ")

    @property
    def has_split(self) -> bool:
        """Whether a split lies inside the window."""
        return bool((self.scale != self.scale[0]).any())

    @property
    def basis(self) -> str:
        """What the prices are, in words."""
        if not self.has_split:
            return "prices as traded"
        day = label_text(self.explanation.entry.ts, self.window.interval)
        return f"prices in shares of {day}: as traded on that day, the split inside the window undone"

    def facts(self) -> list[Fact]:
        """Return what was done, what it brought, how far it went each way, and what it cost."""
        return [*self._fill_facts(), *self._outcome_facts(), *self._excursion_facts(), *self._cost_facts()]

    def tables(self) -> list[Table]:
        """Return what other fills would have earned."""
        return self.explanation.tables()

    def provenance(self) -> list[Fact]:
        """Return the run and what the prices are."""
        return [Fact("Run", self.run), Fact("Prices", self.basis)]

    def to_frame(self) -> pd.DataFrame:
        """Return the window, index `ts`: open, high, low, close, volume (in shares of the entry), stop, trail, target, is_held, scale."""
        import pandas as pd

        window, rows = self.window, np.arange(len(self.window))
        columns = {name: getattr(window, name) * self.scale for name in ("open", "high", "low", "close")}
        return pd.DataFrame(
            {
                **columns,
                "volume": window.volume / self.scale,
                "stop": self.stop,
                "trail": self.trail,
                "target": self.target,
                "is_held": (rows >= self.held[0]) & (rows <= self.held[1]),
                "scale": self.scale,
            },
            index=window.index,
        )

    def _number(self, name: str) -> float:
        return float(self.trade[name])  # type: ignore[arg-type]

    def _fill_facts(self) -> list[Fact]:
        facts = []
        for fill in self.explanation.fills():
            label, when = fill.role.capitalize(), label_text(fill.ts, self.window.interval)
            step, _, words = fill.rule.partition(": ")
            facts += [
                Fact(label, fill.price, "price", f"{fill.side} {fill.quantity:,.6g} shares on {when}, as traded"),
                Fact(f"{label} rule", step, "", words),
            ]
        if self.explanation.exit is not None:
            ambiguous = bool(self.trade["is_ambiguous"])
            words = (
                "stop and target both lay inside the bar of the exit" if ambiguous else "at most one level lay inside"
            )
            facts.append(Fact("Ambiguous exit", "yes" if ambiguous else "no", "", words))
        return facts

    def _outcome_facts(self) -> list[Fact]:
        r_multiple = self._number("r_multiple")
        begun, ended = self.window.ts[self.held[0]], self.window.ts[self.held[1]]
        days = float((ended - begun) / np.timedelta64(1, "D"))
        return [
            Fact(
                "P&L",
                self._number("pnl"),
                "money",
                "net of costs" if not self.trade["is_open"] else "at the last close",
            ),
            Fact("Return", self._number("return"), "fraction", "P&L over the value of the entry"),
            Fact("R multiple", r_multiple, "ratio", "P&L over what the stop put at risk", _why(r_multiple)),
            Fact("Held", int(self._number("bars_held")), "bars", f"{days:,.6g} calendar days"),
        ]

    def _excursion_facts(self) -> list[Fact]:
        facts = []
        for label, each in (("Worst price (MAE)", self.worst), ("Best price (MFE)", self.best)):
            when = label_text(self.window.ts[each.row], self.window.interval)
            facts += [
                Fact(label, each.price, "price", f"on {when}; entry {self.explanation.entry.price:,.2f}"),
                Fact(f"{label[-4:-1]} of the entry", each.fraction, "fraction", f"{each.money:,.2f} USD before costs"),
                Fact(
                    f"{label[-4:-1]} in R",
                    each.r_multiple,
                    "ratio",
                    "over the distance to the stop",
                    _why(each.r_multiple),
                ),
            ]
        return facts

    def _cost_facts(self) -> list[Fact]:
        words = {
            "fees": "commissions of both sides",
            "slippage": "against the price that allowed the fill",
            "impact": "market impact of the size",
            "borrow": "fees for borrowed shares",
            "dividends": "received; negative where a short paid",
        }
        return [
            Fact(name.capitalize(), self._number(name), "money", convention)
            for name, convention in words.items()
            if name in ("fees", "slippage") or self._number(name) != 0.0
        ]


def _why(value: float) -> str:
    return _NO_STOP if math.isnan(value) else ""
