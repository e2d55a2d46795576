"""A scenario: everything that happens to an account, in the one form that both engines take.

The compiled kernel and the decimal simulator are given the same scenario and the
same options, so that each can be held to the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, UnknownSymbolError, near_matches
from investiq.core.orders import Signal

__all__ = ["Delisting", "Dividend", "Scenario", "Split"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """New shares for old, at the open of bar `bar`; `ratio` 2.0 is two for one, 0.125 one for eight."""

    bar: int
    ratio: float
    symbol: str = ""


@dataclass(frozen=True, kw_only=True)
class Dividend:
    """Cash per share, after a split of the same bar.

    Attributes
    ----------
    bar : int
        The ex-date's bar.
    amount : float
        USD per share.
    pay_bar : int or None
        Bar at whose open the cash arrives, at least `bar`; None where that is
        after the data: the receivable stays.
    reduces_orders : bool
        False for do-not-reduce: levels and orders stay as they are.
    """

    bar: int
    amount: float
    pay_bar: int | None
    symbol: str = ""
    reduces_orders: bool = True


@dataclass(frozen=True, kw_only=True)
class Delisting:
    """The end of a symbol; `bar` is the first bar of the scenario after its last one.

    `value_change` settles the position at last close x (1 + value_change); None for
    the run's `delisting_return`.
    """

    bar: int
    symbol: str = ""
    value_change: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """Market, actions and decisions of a run.

    Arrays are symbol-major and contiguous. Bars stand on the merged labels of all
    symbols.

    Attributes
    ----------
    symbols : tuple of str
        Ascending, which is the order of events within a step.
    ts : ndarray of datetime64[us], shape (n_bars,)
    sessions : ndarray of int64, shape (n_bars,)
        Number of each bar's session, counted by the calendar; non-decreasing.
    open, high, low, close : ndarray of float64, shape (n_symbols, n_bars)
        As traded; NaN where a symbol has no bar.
    volume : ndarray of float64, shape (n_symbols, n_bars)
        Shares; NaN where it is not known, which counts as ample.
    signals : tuple of Signal
        In any order of bars; those of one bar keep theirs.
    targets : ndarray of float64, shape (n_symbols, n_bars), optional
        Target weights decided at each close; NaN where none was. They fill as the
        rebalancing of the next bar (``fill="next_open"``) or of the same close.
    splits, dividends, delistings : tuple
    atr : ndarray of float64, shape (n_symbols, n_bars), optional
        Average true range at each close, in money as traded; NaN while too short. In
        a gap of this and the next columns the last value counts, restated for splits.
    size_multiplier : ndarray of float64, shape (n_symbols, n_bars), optional
        Of entries decided at each close, such as that of a regime; NaN is 1.
    volatility, average_volume : ndarray of float64, shape (n_symbols, n_bars), optional
        Daily volatility and average daily volume known at each close, for market
        impact and ``volume_basis="adv20"``; NaN while too short: no impact, no cap.
    sweep_rates, debit_rates : ndarray of float64, shape (n_bars,), optional
        Annual rates of each bar in place of the options' constants, which NaN leaves.
    borrow_rates : ndarray of float64, shape (n_symbols, n_bars), optional
    shortable : ndarray of bool, shape (n_symbols, n_bars), optional
        Whether a short may be opened in a bar.
    entries_allowed : ndarray of bool, shape (n_bars,), optional
        Whether entries may fill in a bar, as session rules say.

    Raises
    ------
    DataError
        If shapes differ, times do not ascend, or an event or signal lies outside.
    UnknownSymbolError
        If a signal or an action names a symbol that is not traded.
    """

    symbols: tuple[str, ...]
    ts: NDArray[np.datetime64]
    sessions: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    signals: tuple[Signal, ...] = ()
    targets: NDArray[np.float64] | None = None
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    delistings: tuple[Delisting, ...] = ()
    atr: NDArray[np.float64] | None = None
    size_multiplier: NDArray[np.float64] | None = None
    volatility: NDArray[np.float64] | None = None
    average_volume: NDArray[np.float64] | None = None
    sweep_rates: NDArray[np.float64] | None = None
    debit_rates: NDArray[np.float64] | None = None
    borrow_rates: NDArray[np.float64] | None = None
    shortable: NDArray[np.bool_] | None = None
    entries_allowed: NDArray[np.bool_] | None = None
    _rows: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not self.symbols or list(self.symbols) != sorted(set(self.symbols)):
            raise DataError(f"symbols must be distinct and ascending, were {self.symbols}")
        self._rows.update({symbol: row for row, symbol in enumerate(self.symbols)})
        if self.ts.size > 1 and not (self.ts[1:] > self.ts[:-1]).all():
            raise DataError("bars must ascend in time without duplicates; sort them first")
        grid, line = (len(self.symbols), self.ts.size), (self.ts.size,)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and name != "ts":
                expected = line if name in ("sessions", "sweep_rates", "debit_rates", "entries_allowed") else grid
                if value.shape != expected:
                    raise DataError(f"{name} must have shape {expected}, had {value.shape}")
        self._check_events()

    @property
    def n_bars(self) -> int:
        """Number of bars on the merged labels."""
        return int(self.ts.size)

    def row(self, symbol: str) -> int:
        """Return the row of `symbol`; an empty name is that of the only symbol.

        Raises
        ------
        UnknownSymbolError
            If it is not traded here, or is empty among several.
        """
        if symbol == "" and len(self.symbols) == 1:
            return 0
        if symbol not in self._rows:
            raise UnknownSymbolError(
                f"no symbol {symbol!r} in this run{near_matches(symbol, self.symbols)}; it trades {', '.join(self.symbols)}"
            )
        return self._rows[symbol]

    def _check_events(self) -> None:
        events: Sequence[Any] = (*self.signals, *self.splits, *self.dividends, *self.delistings)
        for event in events:
            self.row(event.symbol)
            if not 0 <= event.bar < self.n_bars:
                raise DataError(
                    f"a {type(event).__name__.lower()} is of bar {event.bar}; the run has bars 0 to {self.n_bars - 1}"
                )
        for split in self.splits:
            if not (split.ratio > 0 and math.isfinite(split.ratio)):
                raise DataError(f"the ratio of a split must be positive, was {split.ratio} in bar {split.bar}")
        for dividend in self.dividends:
            if not (dividend.amount > 0 and math.isfinite(dividend.amount)):
                raise DataError(f"a dividend must be positive, was {dividend.amount} in bar {dividend.bar}")
            if dividend.pay_bar is not None and dividend.pay_bar < dividend.bar:
                raise DataError(f"a dividend of bar {dividend.bar} cannot be paid before it, in {dividend.pay_bar}")
