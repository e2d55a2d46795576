"""Round trips: the fills of a run, paired first in, first out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import pairing
from investiq.backtesting.postings import SYMBOL
from investiq.core.orders import FillReason

if TYPE_CHECKING:
    from investiq.backtesting.running import Run
    from investiq.execution.scenario import Split

__all__ = ["FILL_REASONS", "RoundTrips", "compile_pairing", "round_trips"]

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]

_NAMES: Final[tuple[FillReason, ...]] = get_args(FillReason)
# The codes count in the order of the names.
FILL_REASONS: Final[dict[int, FillReason]] = dict(enumerate(_NAMES))

_NO_SPLITS: Final = np.empty((0, 3))
_NO_FLOWS: Final = np.empty((0, 4))
for _array in (_NO_SPLITS, _NO_FLOWS):
    _array.flags.writeable = False


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundTrips:
    """One value per round trip, in the order of entry: a lot, or the part of one that one exit closed.

    Amounts of a fill that several round trips share are divided by shares.

    Attributes
    ----------
    entry_bar, exit_bar : ndarray of int64, shape (n_trades,)
        `exit_bar` is -1 while open.
    entry_fill, exit_fill : ndarray of int64, shape (n_trades,)
        Rows of the run's fills; `exit_fill` is -1 while open.
    symbol : ndarray of int64, shape (n_trades,)
        Row of the symbol.
    quantity : ndarray of float64, shape (n_trades,)
        Shares at the entry, negative for a short.
    exit_quantity : ndarray of float64, shape (n_trades,)
        The same shares at the exit, or now: after the splits between.
    entry_price, exit_price : ndarray of float64, shape (n_trades,)
        As traded, slippage and impact included; `exit_price` is NaN while open.
    entry_notional : ndarray of float64, shape (n_trades,)
        Posted value of the entry, before its fee.
    pnl : ndarray of float64, shape (n_trades,)
        Net of fees, slippage, impact and borrow fees, with dividends; while open, at the last close.
    fees, slippage, impact : ndarray of float64, shape (n_trades,)
        Money paid on both sides so far.
    dividends : ndarray of float64, shape (n_trades,)
        Received for these shares, cash in lieu of fractions included; negative where a short paid.
    borrow : ndarray of float64, shape (n_trades,)
        Fees paid to borrow these shares, >= 0.
    exit_reason : ndarray of int64, shape (n_trades,)
        Code of the exit fill; -1 while open.
    is_ambiguous : ndarray of bool, shape (n_trades,)
        Whether stop and target both lay inside the bar of the exit.
    """

    entry_bar: IntegerArray
    exit_bar: IntegerArray
    entry_fill: IntegerArray
    exit_fill: IntegerArray
    symbol: IntegerArray
    quantity: FloatArray
    exit_quantity: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    entry_notional: FloatArray
    pnl: FloatArray
    fees: FloatArray
    slippage: FloatArray
    impact: FloatArray
    dividends: FloatArray
    borrow: FloatArray
    exit_reason: IntegerArray
    is_ambiguous: NDArray[np.bool_]

    @property
    def returns(self) -> FloatArray:
        """Net profit over the entry notional, as a fraction."""
        return self.pnl / self.entry_notional

    @property
    def is_closed(self) -> NDArray[np.bool_]:
        """Whether the round trip has ended."""
        return self.exit_bar >= 0


def round_trips(
    run: Run,
    last_close: float | FloatArray,
    posting: float | None,
    *,
    splits: Sequence[Split] = (),
    symbols: Sequence[str] = (),
) -> RoundTrips:
    """Pair the fills of `run`: each exit closes the oldest shares that are open.

    The profits of all round trips and the interest of the account add up to the
    change of its equity.

    Parameters
    ----------
    run : Run
    last_close : float or ndarray of shape (n_symbols,)
        Values positions that are still open.
    posting : float or None
        Unit to which every cash amount of the run was rounded.
    splits : sequence of Split
        Those of the scenario, in the order of time: shares change, what was paid for them does not.
    symbols : sequence of str
        Names of the rows; only read where there are splits.

    Returns
    -------
    RoundTrips
    """
    fills, flows = run.fills, run.cash_flows
    marks = np.array(last_close, dtype=np.float64, ndmin=1)
    order = np.arange(len(fills))
    ratios = _NO_SPLITS
    if splits:
        row_of = {name: row for row, name in enumerate(symbols)}
        ratios = np.array([(each.bar, row_of.get(each.symbol, 0), each.ratio) for each in splits], dtype=np.float64)
    if marks.size > 1:
        order = np.argsort(fills[:, SYMBOL], kind="stable")
        flows = _by_symbol(flows, 2)
        ratios = _by_symbol(ratios, 1)
    ratios.flags.writeable = False
    out = np.empty((pairing.COLUMNS, 2 * len(fills) + 1))
    count = pairing.pair(fills, order, marks, ratios, flows, posting or 0.0, out)
    out = out[:, :count]
    if marks.size > 1:
        out = out[:, np.argsort(out[pairing.ENTRY], kind="stable")]
    whole = out[: pairing.FLOATS].astype(np.int64)
    return RoundTrips(
        entry_bar=whole[pairing.ENTRY_BAR],
        exit_bar=whole[pairing.EXIT_BAR],
        entry_fill=whole[pairing.ENTRY],
        exit_fill=whole[pairing.EXIT],
        symbol=whole[pairing.ROW],
        exit_reason=whole[pairing.WHY],
        is_ambiguous=whole[pairing.BOTH_INSIDE] > 0,
        quantity=out[pairing.SHARES],
        exit_quantity=out[pairing.SHARES_LEFT],
        entry_price=out[pairing.PAID],
        exit_price=out[pairing.RECEIVED],
        entry_notional=out[pairing.VALUE],
        pnl=out[pairing.PROFIT],
        fees=out[pairing.FEES],
        slippage=out[pairing.SLIPPED],
        impact=out[pairing.MOVED],
        dividends=out[pairing.DIVIDENDS],
        borrow=out[pairing.BORROWED],
    )


def compile_pairing() -> None:
    """Compile the pairing, or load it from the disk cache, by pairing nothing."""
    fills = np.empty((0, SYMBOL + 3))
    fills.flags.writeable = False
    out = np.empty((pairing.COLUMNS, 1))
    pairing.pair(fills, np.arange(0), np.ones(1), _NO_SPLITS, _NO_FLOWS, 0.0, out)


def _by_symbol(rows: FloatArray, column: int) -> FloatArray:
    """Return the rows by symbol, those of one in their order."""
    ordered = rows[np.argsort(rows[:, column], kind="stable")]
    ordered.flags.writeable = False
    return ordered
