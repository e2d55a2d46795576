"""`Panel`: many symbols on one calendar, as symbol-major contiguous arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, UnknownSymbolError, near_matches
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.core.types import Interval
from investiq.history.adjust import Action
from investiq.history.bars import Adjustment, Bars, Basis
from investiq.history.instants import When

__all__ = ["Panel"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Panel:
    """Bars of several symbols on the union of their labels; a missing bar is NaN.

    Attributes
    ----------
    symbols : tuple of str
    interval : str
    ts : ndarray of datetime64[us], shape (n_bars,)
    open, high, low, close, volume, split_factor, total_factor : ndarray, shape (n_symbols, n_bars)
        As in `Bars`; NaN where the symbol has no bar.
    known_at : ndarray of datetime64[us], shape (n_symbols, n_bars)
        NaT where the symbol has no bar.
    passports : sequence of Passport
    basis : {"raw", "split", "total"}
        Whether `adjusted` has been applied.
    """

    symbols: tuple[str, ...]
    interval: Interval
    ts: NDArray[np.datetime64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    split_factor: NDArray[np.float64]
    total_factor: NDArray[np.float64]
    known_at: NDArray[np.datetime64]
    flags: NDArray[np.int32]
    passports: Sequence[Passport]
    actions: tuple[tuple[Action, ...], ...]
    notes: tuple[Note, ...] = ()
    basis: Basis = "raw"

    @classmethod
    def of(cls, members: Sequence[Bars], notes: Sequence[Note] = ()) -> Panel:
        """Align `members` on the union of their labels."""
        if not members:
            raise DataError("a panel needs at least one Bars")
        symbols = tuple(bars.symbol for bars in members)
        if len(set(symbols)) != len(symbols):
            raise DataError(f"each symbol may appear once in a panel; found {', '.join(symbols)}")
        intervals = {bars.interval for bars in members}
        bases = {bars.basis for bars in members}
        if len(intervals) > 1 or len(bases) > 1:
            raise DataError(
                f"a panel holds bars of one interval and one basis; found intervals {sorted(intervals)} and bases {sorted(bases)}"
            )
        ts = np.unique(np.concatenate([bars.ts for bars in members]))
        names = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
        arrays: dict[str, Any] = {name: np.full((len(members), ts.size), np.nan) for name in names}
        known_at = np.full((len(members), ts.size), np.datetime64("NaT", "us"), dtype="datetime64[us]")
        flags = np.zeros(known_at.shape, dtype=np.int32)
        for row, bars in enumerate(members):
            at = np.searchsorted(ts, bars.ts)
            for name in names:
                arrays[name][row, at] = getattr(bars, name)
            known_at[row, at] = bars.known_at
            flags[row, at] = bars.flags
        for array in (ts, known_at, flags, *arrays.values()):
            array.flags.writeable = False
        return cls(
            symbols=symbols,
            interval=members[0].interval,
            basis=members[0].basis,
            ts=ts,
            known_at=known_at,
            flags=flags,
            passports=tuple(bars.passport for bars in members),
            actions=tuple(bars.actions for bars in members),
            notes=tuple(notes),
            **arrays,
        )

    def __len__(self) -> int:
        return len(self.symbols)

    def __iter__(self) -> Iterator[Bars]:
        return (self.bars(symbol) for symbol in self.symbols)

    def __repr__(self) -> str:
        return f"<Panel of {len(self)} symbols x {self.ts.size:,} {self.interval} bars: {', '.join(self.symbols[:6])}>"

    def until(self, as_of: When) -> Panel:
        """Return what was known at `as_of`: each bar with ``known_at <= as_of``."""
        return Panel.of([bars.until(as_of) for bars in self], self.notes)

    def first(self, count: int) -> Panel:
        """Return the first `count` labels of the panel; a symbol that has no bar among them is left out."""
        if not 1 <= count <= self.ts.size:
            raise DataError(f"count must lie between 1 and the {self.ts.size} labels, was {count}")
        end = self.ts[count - 1]
        cut = [bars[: int(np.searchsorted(bars.ts, end, side="right"))] for bars in self]
        return Panel.of([bars for bars in cut if len(bars)], self.notes)

    def adjusted(self, how: Adjustment = "total") -> Panel:
        """Return the panel with prices x factor, for returns and indicators (never for orders); see `Bars.adjusted`.

        Parameters
        ----------
        how : {"total", "split"}
            ``"total"`` undoes splits and dividends, ``"split"`` splits only.
            Volume is divided by the split factor in both.

        Raises
        ------
        DataError
            If `how` is neither, or the panel is already adjusted the other way.
        """
        if how not in ("total", "split"):
            raise DataError(f"how must be 'total' or 'split', was {how!r}")
        if self.basis == how:
            return self
        if self.basis != "raw":
            raise DataError(f"this panel is already {self.basis}-adjusted; start from the raw panel")
        factor = self.total_factor if how == "total" else self.split_factor
        arrays = {name: getattr(self, name) * factor for name in ("open", "high", "low", "close")}
        arrays["volume"] = self.volume / self.split_factor
        for array in arrays.values():
            array.flags.writeable = False
        return dataclasses.replace(self, **arrays, basis=how)

    def bars(self, symbol: str) -> Bars:
        """Return one member as `Bars`, without the labels at which it has no bar."""
        if symbol not in self.symbols:
            raise UnknownSymbolError(
                f"the panel has no {symbol!r}{near_matches(symbol, self.symbols)}; it holds {', '.join(self.symbols)}"
            )
        row = self.symbols.index(symbol)
        here = ~np.isnat(self.known_at[row])
        names = ("open", "high", "low", "close", "volume", "split_factor", "total_factor", "known_at", "flags")
        return Bars(
            symbol=symbol,
            interval=self.interval,
            ts=self.ts[here],
            passport=self.passports[row],
            actions=self.actions[row],
            basis=self.basis,
            **{name: getattr(self, name)[row][here] for name in names},
        )
