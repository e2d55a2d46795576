"""`review_trade`: one round trip of a backtest in the bars around it, its levels and excursions measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.explaining import ExplainedFill, FillExplanation
from investiq.backtesting.trade_annotating import checked_trade
from investiq.backtesting.trade_levels import level_path
from investiq.backtesting.trade_reviewed import Excursion, ReviewedTrade
from investiq.core.errors import ConfigError
from investiq.core.notes import Note

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.history.bars import Bars

__all__ = ["Excursion", "ReviewedTrade", "review_trade"]

FloatArray = NDArray[np.float64]


def review_trade(result: BacktestResult, trade: int, *, around: int = 20) -> ReviewedTrade:
    """Return one round trip of a backtest in the bars around it.

    Parameters
    ----------
    result : BacktestResult
    trade : int
        Row of ``result.trades``, from 0; titles and pages count from 1.
    around : int, default 20
        Bars before the entry and after the exit.

    Returns
    -------
    ReviewedTrade
        Its prices are those of the shares of the entry: where a split lies inside
        the window, the bars on the other side of it are rescaled, and it says so.

    Raises
    ------
    DataError
        If there is no such trade.
    ConfigError
        If `around` is negative.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2015")
    >>> result = iq.backtest(iq.strategies.Crossover(), bars, trailing_stop=0.05, weight=1.0, lot=None)
    >>> review = iq.review_trade(result, 0)
    >>> review.ended_by, bool(review.held[1] - review.held[0] == result.trades["bars_held"][0])
    ('signal', True)
    """
    if isinstance(around, bool) or not isinstance(around, int) or around < 0:
        raise ConfigError(f"around is a number of bars >= 0, was {around!r}")
    number = checked_trade(result, trade)
    explanation = result.explain(number)
    trips, bars = result.round_trips, explanation.bars
    begun = int(np.searchsorted(bars.ts, explanation.entry.ts))
    last = explanation.exit.ts if explanation.exit is not None else bars.ts[-1]
    # A settlement after a symbol's last bar belongs to no bar of its own.
    ended = max(int(np.searchsorted(bars.ts, last, side="right")) - 1, begun)
    first = max(begun - around, 0)
    window = bars[first : ended + around + 1]
    scale = window.split_factor / bars.split_factor[begun]
    held = (begun - first, ended - first)
    levels = level_path(result, number)
    # The labels of the run may be more than those of the symbol.
    labels = result.prices.ts[int(trips.entry_bar[number]) :][: levels.stop.size]
    inside = np.isin(labels, window.ts)
    placed = []
    for level in levels:
        row = np.full(len(window), np.nan)
        row[np.searchsorted(window.ts, labels[inside])] = level[inside]
        placed.append(row * scale)
    worst, best = _excursions(result, number, explanation, window, scale, held)
    return ReviewedTrade(
        number=number,
        count=int(trips.pnl.size),
        run=result.title,
        symbol=explanation.symbol,
        explanation=explanation,
        window=window,
        scale=scale,
        held=held,
        stop=placed[0],
        trail=placed[1],
        target=placed[2],
        worst=worst,
        best=best,
        trade={str(name): value for name, value in explanation.trade.iloc[0].items()},
        notes=_notes(result, explanation),
    )


def _excursions(
    result: BacktestResult,
    number: int,
    explanation: FillExplanation,
    window: Bars,
    scale: FloatArray,
    held: tuple[int, int],
) -> tuple[Excursion, Excursion]:
    """Return the worst and the best price of a round trip, and where each was reached."""
    entry = explanation.entry
    side = 1.0 if entry.side == "buy" else -1.0
    risk = abs(entry.price - explanation.stop)
    found = []
    for fraction in (explanation.adverse, explanation.favourable):
        price = entry.price * (1.0 + side * fraction)
        moved = abs(price - entry.price)
        found.append(
            Excursion(
                price=price,
                fraction=fraction,
                money=fraction * entry.price * entry.quantity,
                r_multiple=math.copysign(moved, fraction) / risk if risk > 0 else math.nan,
                row=_row_of(price, explanation.exit, window, scale, held),
            )
        )
    return found[0], found[1]


def _row_of(price: float, leave: ExplainedFill | None, window: Bars, scale: FloatArray, held: tuple[int, int]) -> int:
    """Return the row in which `price` was reached: the first extreme that equals it, else that of the exit or of the entry."""
    rows = slice(held[0], held[1] + 1)
    for reached in (window.low, window.high, window.close):
        close_by = np.isclose(reached[rows] * scale[rows], price, rtol=1e-9)
        if close_by.any():
            return held[0] + int(np.argmax(close_by))
    at_exit = leave is not None and math.isclose(leave.price * float(scale[held[1]]), price, rel_tol=1e-9)
    return held[1] if at_exit else held[0]


def _notes(result: BacktestResult, explanation: FillExplanation) -> tuple[Note, ...]:
    notes = list(explanation.notes)
    if result.options.max_entries > 1 or isinstance(result.decided, np.ndarray):
        notes.append(
            Note(
                code="levels_of_position",
                text="levels are those of the position, which several entries may have built; "
                "profit, excursions and R are those of this round trip, paired first in, first out",
                severity="info",
            )
        )
    if bool(explanation.trade["is_ambiguous"].iloc[0]):
        notes.append(
            Note(
                code="ambiguous_exit",
                text="stop and target both lay inside the bar of the exit: which came first is not known, "
                f"and the {result.options.both_inside} was taken; shorter bars would tell",
            )
        )
    return tuple(notes)
