"""Round trips: the fills of a run, paired first in, first out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import postings
from investiq.backtesting.running import grid_of
from investiq.core.orders import FillReason

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["FILL_REASONS", "RoundTrips", "round_trips"]

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]

# A profit that is this share of the entry is what binary arithmetic leaves of none.
DUST: Final = 1e-12

_NAMES: Final[tuple[FillReason, ...]] = get_args(FillReason)
# The codes count in the order of the names.
FILL_REASONS: Final[dict[int, FillReason]] = dict(enumerate(_NAMES))


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundTrips:
    """One value per round trip, in the order of entry; only the last can be open.

    Attributes
    ----------
    entry_bar, exit_bar : ndarray of int64, shape (n_trades,)
        `exit_bar` is -1 while open.
    quantity, entry_price, exit_price : ndarray of float64, shape (n_trades,)
        Slippage included; `exit_price` is NaN while open.
    entry_notional : ndarray of float64, shape (n_trades,)
        Posted value of the entry, before its fee.
    pnl : ndarray of float64, shape (n_trades,)
        Net of fees and slippage; while open, at the last close.
    fees, slippage : ndarray of float64, shape (n_trades,)
        Money paid on both sides so far.
    exit_reason : ndarray of int64, shape (n_trades,)
        Code of the exit fill; -1 while open.
    """

    entry_bar: IntegerArray
    exit_bar: IntegerArray
    quantity: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    entry_notional: FloatArray
    pnl: FloatArray
    fees: FloatArray
    slippage: FloatArray
    exit_reason: IntegerArray

    @property
    def returns(self) -> FloatArray:
        """Net profit over the entry notional, as a fraction."""
        return self.pnl / self.entry_notional

    @property
    def is_closed(self) -> NDArray[np.bool_]:
        """Whether the round trip has ended."""
        return self.exit_bar >= 0


def round_trips(run: Run, last_close: float, posting: float | None) -> RoundTrips:
    """Pair the fills of `run`: each entry with the exit that follows it.

    A position is entered and left as a whole, so first in, first out is the pairing
    of entry k with exit k; only a last entry can be without one.

    Parameters
    ----------
    run : Run
    last_close : float
        Values a position that is still open.
    posting : float or None
        Unit to which every cash amount of the run was rounded.
    """
    # Fills alternate: one position, entered and left as a whole.
    entries, exits = run.fills[0::2], run.fills[1::2]
    pnl = -(entries[:, postings.NOTIONAL] + entries[:, postings.FEE])
    fees = entries[:, postings.FEE].copy()
    slippage = entries[:, postings.SLIPPAGE].copy()
    exit_price = np.full(len(entries), np.nan)
    exit_bar = np.full(len(entries), -1, dtype=np.int64)
    reason = exit_bar.copy()
    closed = len(exits)
    pnl[:closed] += exits[:, postings.NOTIONAL] - exits[:, postings.FEE]
    pnl[closed:] += entries[closed:, postings.QUANTITY] * last_close
    pnl[:closed] = _without_dust(pnl[:closed], entries[:closed, postings.NOTIONAL], posting)
    fees[:closed] += exits[:, postings.FEE]
    slippage[:closed] += exits[:, postings.SLIPPAGE]
    exit_price[:closed] = exits[:, postings.PRICE]
    exit_bar[:closed] = exits[:, postings.BAR]
    reason[:closed] = exits[:, postings.REASON]
    return RoundTrips(
        entry_bar=entries[:, postings.BAR].astype(np.int64),
        exit_bar=exit_bar,
        quantity=entries[:, postings.QUANTITY],
        entry_price=entries[:, postings.PRICE],
        exit_price=exit_price,
        entry_notional=entries[:, postings.NOTIONAL],
        pnl=pnl,
        fees=fees,
        slippage=slippage,
        exit_reason=reason,
    )


def _without_dust(pnl: FloatArray, notional: FloatArray, posting: float | None) -> FloatArray:
    """Return sums of posted amounts as the multiple of the posting unit that they are, so that a flat trade is exactly 0."""
    if posting is None:
        return np.where(np.abs(pnl) <= DUST * notional, 0.0, pnl)
    grid = grid_of(posting)
    # The addition turns -0.0 into 0.0.
    rounded: FloatArray = np.rint(pnl * grid.divisor / grid.multiplier) * grid.multiplier / grid.divisor + 0.0
    return rounded
