"""`FillExplanation`: why one round trip was filled as it was, and what else could have been."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from investiq.backtesting import postings
from investiq.backtesting.explaining_rules import AT_OPEN, LEVELS, rule_text
from investiq.backtesting.trades import FILL_REASONS
from investiq.core.errors import DataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.history.instants import label_text

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult
    from investiq.history.bars import Bars

__all__ = ["Alternative", "ExplainedFill", "FillExplanation", "explain"]


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Another price at which a fill could have been booked; everything else as it was.

    Attributes
    ----------
    name : str
    price : float
        With the slippage that it would pay; NaN where it is not known.
    pnl : float
        Net profit of the round trip then, USD.
    note : str
        Why it is not known.
    """

    name: str
    price: float
    pnl: float
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ExplainedFill:
    """One side of a round trip.

    Attributes
    ----------
    role : {"entry", "exit"}
    ts : datetime64
        Label of the bar.
    side : {"buy", "sell"}
    quantity, price, raw_price : float
        Shares; USD with slippage and impact, and without.
    prices : (float, float, float, float)
        Open, high, low and close of the bar.
    reason, rule : str
        The code of the fill, and the step of the law in words.
    alternatives : tuple of Alternative
    """

    role: str
    ts: np.datetime64
    side: str
    quantity: float
    price: float
    raw_price: float
    prices: tuple[float, float, float, float]
    reason: str
    rule: str
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FillExplanation(Result):
    """Both fills of a round trip: the bar, the rule that allowed each, and what else each would have earned.

    Attributes
    ----------
    number : int
        Row of the trade in ``result.trades``.
    symbol : str
    entry, exit : ExplainedFill
        `exit` is None while the position is open.
    pnl, adverse, favourable : float
        USD; excursions as fractions of the entry price.
    stop, target : float
        Levels that stood at the entry, NaN for none.
    bars : Bars
        Of the symbol, as traded.
    trade : DataFrame
        The row of ``result.trades``.
    """

    kind: ClassVar[str] = "fill_explanation"

    number: int
    symbol: str
    entry: ExplainedFill
    exit: ExplainedFill | None
    pnl: float
    adverse: float
    favourable: float
    stop: float
    target: float
    bars: Bars
    trade: pd.DataFrame
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the result."""
        return f"Round trip {self.number} in {self.symbol}: why it was filled so"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.bars.passport.watermark

    def fills(self) -> list[ExplainedFill]:
        """Return the entry and, unless the position is open, the exit."""
        return [self.entry] if self.exit is None else [self.entry, self.exit]

    def facts(self) -> list[Fact]:
        """Return what was filled, by which rule, and what came of it."""
        lines = []
        for fill in self.fills():
            when = label_text(fill.ts, self.bars.interval)
            label = fill.role.capitalize()
            step, _, words = fill.rule.partition(": ")
            lines += [
                Fact(label, fill.price, "price", f"{fill.side} {fill.quantity:,.6g} shares on {when}"),
                Fact(f"{label} rule", step, "", words),
            ]
        return [
            *lines,
            Fact("P&L", self.pnl, "money", "net of costs"),
            Fact("Worst price on the way", self.adverse, "fraction", "of the entry price (MAE)"),
            Fact("Best price on the way", self.favourable, "fraction", "of the entry price (MFE)"),
            *(
                Fact(label, level, "price")
                for label, level in (("Stop at entry", self.stop), ("Target at entry", self.target))
                if not math.isnan(level)
            ),
        ]

    def tables(self) -> list[Table]:
        """Return the alternatives of each fill."""
        columns = ("Instead", "Price (USD)", "P&L (USD)", "Difference (USD)")
        tables = []
        for fill in self.fills():
            rows = tuple(
                (
                    each.name + (f" ({each.note})" if each.note else ""),
                    format_value(each.price, "price"),
                    format_value(each.pnl, "money"),
                    format_value(each.pnl - self.pnl, "money"),
                )
                for each in fill.alternatives
            )
            tables.append(Table(f"Other {fill.role} fills", columns, rows, numbers=columns[1:], signed=columns[3:]))
        return tables

    def to_frame(self) -> pd.DataFrame:
        """Return one row per alternative: fill, alternative, price, pnl, difference, note."""
        import pandas as pd

        rows = [
            {"fill": fill.role, "alternative": each.name, "price": each.price, "pnl": each.pnl,
             "difference": each.pnl - self.pnl, "note": each.note}
            for fill in self.fills()
            for each in fill.alternatives
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["fill", "alternative", "price", "pnl", "difference", "note"])


def explain(result: BacktestResult, number: int) -> FillExplanation:
    """Return why round trip `number` of `result` was filled as it was.

    Raises
    ------
    DataError
        If there is no such row of ``result.trades``.
    """
    trips = result.round_trips
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or not 0 <= number < trips.pnl.size:
        raise DataError(
            f"there is no round trip {number!r}; result.trades has rows 0 to {trips.pnl.size - 1}"
            if trips.pnl.size
            else f"there is no round trip {number!r}: this run has none"
        )
    symbol = result.prices.symbols[int(trips.symbol[number])]
    bars = result.panel.bars(symbol) if len(result.prices.symbols) > 1 else result.bars
    is_out = int(trips.exit_fill[number]) >= 0
    return FillExplanation(
        number=int(number),
        symbol=symbol,
        entry=_explained(result, int(number), bars, is_entry=True),
        exit=_explained(result, int(number), bars, is_entry=False) if is_out else None,
        pnl=float(trips.pnl[number]),
        adverse=float(result.excursions.adverse[number]),
        favourable=float(result.excursions.favourable[number]),
        stop=float(result.levels.stop[number]),
        target=float(result.levels.target[number]),
        bars=bars,
        trade=result.trades.iloc[[number]],
    )


def _explained(result: BacktestResult, number: int, bars: Bars, *, is_entry: bool) -> ExplainedFill:
    trips, prices = result.round_trips, result.prices
    fill = result.run.fills[int((trips.entry_fill if is_entry else trips.exit_fill)[number])]
    ts = prices.ts[int(fill[postings.BAR])]
    # A settlement after a symbol's last bar belongs to no bar of its own: the last one is shown.
    row = max(int(np.searchsorted(bars.ts, ts, side="right")) - 1, 0)
    side = float(fill[postings.SIDE])
    quantity = abs(float((trips.quantity if is_entry else trips.exit_quantity)[number]))
    lost = (fill[postings.SLIPPAGE] + fill[postings.IMPACT]) / fill[postings.QUANTITY]
    raw = float(fill[postings.PRICE] - side * lost)
    ohlc = (float(bars.open[row]), float(bars.high[row]), float(bars.low[row]), float(bars.close[row]))
    explained = ExplainedFill(
        role="entry" if is_entry else "exit",
        ts=ts,
        side="buy" if side > 0 else "sell",
        quantity=quantity,
        price=float(fill[postings.PRICE]),
        raw_price=raw,
        prices=ohlc,
        reason=FILL_REASONS[int(fill[postings.REASON])],
        rule="",
        alternatives=(),
    )
    levels = result.levels
    level = float((levels.target if explained.reason.startswith("target") else levels.stop)[number])
    before = float(bars.close[row - 1]) if row else math.nan
    rule = rule_text(explained.reason, explained.side, is_entry, ohlc, raw, before, level)
    if not is_entry and trips.is_ambiguous[number]:
        rule += f"; stop and target both lay inside the bar, and the {result.options.both_inside} was taken"
    named = _alternatives(result, number, bars, row, explained)
    return dataclasses.replace(explained, rule=rule, alternatives=named)


def _alternatives(
    result: BacktestResult, number: int, bars: Bars, row: int, fill: ExplainedFill
) -> tuple[Alternative, ...]:
    """Return the fills at other prices: of a close and the bar after it, then by the order within the bar.

    The close is the one that decided; an order that rested has none, so it is that of its bar.
    """
    decided, close = (row - 1, "the deciding close") if fill.reason in AT_OPEN else (row, "the close of the bar")
    costs, sign = result.options.costs, 1.0 if fill.side == "buy" else -1.0
    moved = 1.0 + sign * costs.slippage_rate
    follows = decided + 1 < len(bars)
    vwap = getattr(bars, "vwap", None)
    choices = [
        (close, float(bars.close[decided]) * moved if decided >= 0 else math.nan, "it is the first bar"),
        ("the next open", float(bars.open[decided + 1]) * moved if follows else math.nan, "it is the last bar"),
        (
            "the next VWAP",
            float(vwap[decided + 1]) * moved if follows and vwap is not None else math.nan,
            "the bars have none" if vwap is None else "it is the last bar",
        ),
    ]
    if fill.role == "exit" and fill.reason in LEVELS:
        choices += _readings(result, number, bars, row, fill, moved)
    base = float(result.round_trips.pnl[number])
    alternatives = []
    for name, price, note in choices:
        rate = 0.0 if costs.per_share is not None else costs.commission_rate
        rate += costs.sell_fee_rate if fill.side == "sell" else 0.0
        change = fill.quantity * (-sign * (price - fill.price) - rate * (price - fill.price))
        alternatives.append(
            Alternative(name=name, price=price, pnl=base + change, note=note if math.isnan(price) else "")
        )
    return tuple(alternatives)


def _readings(
    result: BacktestResult, number: int, bars: Bars, row: int, fill: ExplainedFill, moved: float
) -> list[tuple[str, float, str]]:
    """Return the exits with the stop first and with the target first; the one that was taken has its own price."""
    names = ("pessimistic: the stop first", "optimistic: the target first")
    if not result.round_trips.is_ambiguous[number]:
        return [(name, math.nan, "only one level lay inside the bar") for name in names]
    entered = int(np.searchsorted(bars.ts, result.prices.ts[int(result.round_trips.entry_bar[number])]))
    split = float(bars.split_factor[entered] / bars.split_factor[row])
    options, levels = result.options, result.levels
    if fill.reason.startswith("target"):
        trails = options.trailing_stop is not None or options.atr_trail is not None
        stop = math.nan if trails else float(levels.stop[number]) * split * moved
        return [(names[0], stop, "where the trailing stop stood is not kept"), (names[1], fill.price, "")]
    target = float(levels.target[number]) * split * (moved if options.target_slippage else 1.0)
    return [(names[0], fill.price, ""), (names[1], target, "the target is not known")]
