"""`Bars`: one symbol's bars as frozen contiguous arrays with their data passport."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.core.passport import Passport
from investiq.core.types import Interval
from investiq.history.adjust import Action, held_through
from investiq.history.flags import Flag
from investiq.history.instants import When, instant, label_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Adjustment", "Bars"]

Adjustment = Literal["total", "split"]
Basis = Literal["raw", "split", "total"]
FloatArray = NDArray[np.float64]
InstantArray = NDArray[np.datetime64]

_FLOATS: Final = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
# How the lines of a passport are called beside those of a part of its series.
_LOADED: Final = {"Period": "Loaded series", "Condition": "Loaded condition", "As of": "Loaded as of"}
_ARRAYS: Final = ("ts", *_FLOATS[:5], "known_at", *_FLOATS[5:])
# What a source may know of a bar beyond its prices, with the dtype.
_EXTRAS: Final[dict[str, Any]] = {"flags": np.int32, "vwap": np.float64, "trades": np.float64}


def _no_flags() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` if nobody can write to its memory, else a read-only copy of it."""
    owner: Any = array
    # A read-only view does not protect: pandas hands out such views of columns that it may change later.
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        if owner.base is None:
            return array
        owner = owner.base
    if isinstance(owner, bytes):
        return array
    array = array.copy()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bars:
    """Bars of one symbol, as traded, each with the moment it became known.

    Attributes
    ----------
    symbol : str
    interval : str
        Such as ``"1d"``.
    ts : ndarray of datetime64[us], shape (n_bars,)
        Labels in UTC: opening instant, or the session date at 00:00 for daily
        and longer bars. Strictly ascending.
    open, high, low, close : ndarray of float64, shape (n_bars,)
        Prices as traded (`basis` ``"raw"``), positive and consistent.
    volume : ndarray of float64, shape (n_bars,)
        Shares traded, >= 0, NaN where the source has none.
    known_at : ndarray of datetime64[us], shape (n_bars,)
        When the bar was complete and available, in UTC. Strictly ascending and after `ts`.
    split_factor, total_factor : ndarray of float64, shape (n_bars,)
        Forward factors, 1.0 at the first bar of the loaded series; adjusted
        price = raw price x factor.
    passport : Passport
        Describes the series as loaded; a slice keeps it.
    flags : ndarray of int32, shape (n_bars,)
        Bits of `history.flags.Flag`, by default 0: nothing to say of the bar.
    vwap, trades : ndarray of float64, shape (n_bars,), or None
        Volume-weighted average price as traded and number of trades, NaN where
        unknown; None where the source has neither.
    actions : tuple of Action
        Those behind the factors: ex-dates after the first bar and up to the last.
    basis : {"raw", "split", "total"}
        Whether `adjusted` has been applied.

    Raises
    ------
    DataError
        If the arrays differ in length, are not ascending, or a bar is
        inconsistent (high below low, price not positive, and so on).

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("^GSPC", start="2018-12-27")
    >>> len(bars), float(bars.close[-1])
    (3, 2506.850098)
    """

    symbol: str
    interval: Interval
    ts: InstantArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    known_at: InstantArray
    split_factor: FloatArray
    total_factor: FloatArray
    passport: Passport
    flags: NDArray[np.int32] = field(default_factory=_no_flags)
    vwap: FloatArray | None = None
    trades: FloatArray | None = None
    actions: tuple[Action, ...] = ()
    basis: Basis = "raw"

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            kind = np.float64 if name in _FLOATS else "datetime64[us]"
            object.__setattr__(self, name, _frozen(np.ascontiguousarray(getattr(self, name), dtype=kind)))
        if not self.flags.size:
            object.__setattr__(self, "flags", np.zeros(self.ts.size, dtype=np.int32))
        for name, kind in self._extras():
            object.__setattr__(self, name, _frozen(np.ascontiguousarray(getattr(self, name), dtype=kind)))
        object.__setattr__(self, "actions", held_through(self.actions, self.ts))
        self._check()

    def _extras(self) -> list[tuple[str, Any]]:
        return [(name, kind) for name, kind in _EXTRAS.items() if getattr(self, name) is not None]

    def _check(self) -> None:
        size = self.ts.size
        for name in (*_ARRAYS, *(name for name, _ in self._extras())):
            if getattr(self, name).shape != (size,):
                raise DataError(
                    f"{self.symbol}: {name} has shape {getattr(self, name).shape}, expected ({size},) like ts"
                )
        if size == 0:
            return
        self._refuse(~(np.diff(self.ts) > np.timedelta64(0, "us")), 1, "ts must ascend without duplicates")
        self._refuse(~(np.diff(self.known_at) > np.timedelta64(0, "us")), 1, "known_at must ascend without duplicates")
        self._refuse(~(self.known_at > self.ts), 0, "known_at must lie after ts")
        for name in ("open", "high", "low", "close"):
            prices = getattr(self, name)
            self._refuse(~((prices > 0) & (prices < np.inf)), 0, f"{name} must be a positive finite price")
        self._refuse(self.high < self.low, 0, "high lies below low")
        self._refuse(self.high < np.maximum(self.open, self.close), 0, "high lies below open or close")
        self._refuse(self.low > np.minimum(self.open, self.close), 0, "low lies above open or close")
        self._refuse((self.volume < 0) | np.isinf(self.volume), 0, "volume must be >= 0, or NaN where unknown")
        for name in ("split_factor", "total_factor"):
            factor = getattr(self, name)
            self._refuse(~((factor > 0) & (factor < np.inf)), 0, f"{name} must be positive")

    def _refuse(self, bad: NDArray[np.bool_], offset: int, rule: str) -> None:
        if not bad.any():
            return
        row = int(np.argmax(bad)) + offset
        values = ", ".join(f"{name} {getattr(self, name)[row]:g}" for name in _FLOATS[:5])
        raise DataError(
            f"{self.symbol}: {rule}; {int(bad.sum())} bar(s) break this, first at {label_text(self.ts[row], self.interval)} "
            f"(row {row}: {values}); repair or drop them before building Bars"
        )

    def __len__(self) -> int:
        return int(self.ts.size)

    def __repr__(self) -> str:
        if not len(self):
            return f"<Bars {self.symbol} {self.interval}: empty>"
        mark = f" [{self.passport.watermark}]" if self.passport.watermark else ""
        basis = "" if self.basis == "raw" else f", {self.basis}-adjusted"
        return (
            f"<Bars {self.symbol} {self.interval}: {len(self):,} bars, {label_text(self.ts[0], self.interval)} to "
            f"{label_text(self.ts[-1], self.interval)}, {self.passport.provider}{basis}>{mark}"
        )

    def _repr_html_(self) -> str:
        from html import escape

        lines = "".join(
            f"<tr><td style='text-align:left'>{escape(label)}</td><td style='text-align:left'>{escape(value)}</td></tr>"
            for label, value in self.describe()
        )
        return f"<b>{escape(repr(self)[1:].replace('>', ''))}</b><table>{lines}</table>{self.tail().to_html()}"

    def __getitem__(self, rows: slice) -> Bars:
        """Return a slice of the bars; the passport is kept."""
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            raise DataError(
                f"Bars takes a slice without gaps such as bars[-250:], not {rows!r}; bars.frame takes labels"
            )
        changes: dict[str, Any] = {name: getattr(self, name)[rows] for name in _ARRAYS}
        changes |= {name: getattr(self, name)[rows] for name, _ in self._extras()}
        return self._derived(**changes, actions=held_through(self.actions, changes["ts"]))

    def with_passport(self, passport: Passport) -> Bars:
        """Return the same bars under another passport."""
        return self._derived(passport=passport)

    def _derived(self, **changes: Any) -> Bars:
        """Return a copy with `changes`, unchecked: what follows from checked bars needs no second check."""
        derived = object.__new__(Bars)
        derived.__setstate__(self.__getstate__() | changes)
        return derived

    @property
    def frame(self) -> pd.DataFrame:
        """The bars as a DataFrame of your own, index `ts` (UTC).

        Columns: open, high, low, close, volume, known_at, split_factor,
        total_factor; vwap and trades where the source has them, flags where a
        bar has one.
        """
        # Built once; a shallow copy shares memory until it is written to, and then only the copy changes.
        return self._frame.copy(deep=False)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=self.index)
        frame["known_at"] = pd.DatetimeIndex(self.known_at, tz="UTC")
        frame["split_factor"] = self.split_factor
        frame["total_factor"] = self.total_factor
        for name, _ in self._extras():
            if name != "flags" or getattr(self, name).any():
                frame[name] = getattr(self, name)
        return frame

    @cached_property
    def index(self) -> pd.DatetimeIndex:
        """The labels as a DatetimeIndex named ``ts``, datetime64[us, UTC]."""
        import pandas as pd

        return pd.DatetimeIndex(self.ts, tz="UTC", name="ts")

    def head(self, count: int = 5) -> pd.DataFrame:
        """Return the first bars as a DataFrame."""
        return self[:count].frame

    def tail(self, count: int = 5) -> pd.DataFrame:
        """Return the last bars as a DataFrame."""
        return self[len(self) - min(count, len(self)) :].frame

    def until(self, as_of: When) -> Bars:
        """Return the bars with ``known_at <= as_of``.

        Parameters
        ----------
        as_of : str, date, datetime or datetime64
            A time of knowledge in UTC (or aware), never a label. A date alone
            means the end of that day.

        Notes
        -----
        The last bar is never `Flag.QUARANTINED`: it takes the next to see that.
        """
        cut = int(np.searchsorted(self.known_at, instant(as_of), side="right"))
        known = self[:cut]
        if cut == 0 or not known.flags[-1] & Flag.QUARANTINED:
            return known
        flags = known.flags.copy()
        flags[-1] &= ~int(Flag.QUARANTINED)
        return known._derived(flags=_frozen(flags))

    def between(self, start: When | None = None, end: When | None = None) -> Bars:
        """Return the bars whose labels lie in [start, end], both inclusive.

        Raises
        ------
        DataError
            If the range is reversed or holds no bar.
        """
        low = instant(start, day_ends=False) if start is not None else None
        high = instant(end) if end is not None else None
        if low is not None and high is not None and low > high:
            raise DataError(f"{self.symbol}: start {start} lies after end {end}; exchange them")
        first = 0 if low is None else int(np.searchsorted(self.ts, low, side="left"))
        last = len(self) if high is None else int(np.searchsorted(self.ts, high, side="right"))
        if first >= last:
            span = (
                f"{label_text(self.ts[0], self.interval)} to {label_text(self.ts[-1], self.interval)}"
                if len(self)
                else "no bars at all"
            )
            raise DataError(
                f"{self.symbol}: no bars between {start or 'the beginning'} and {end or 'the end'}; "
                f"{self.passport.provider} holds {span}; choose dates inside"
            )
        return self[first:last]

    def without_quarantined(self) -> Bars:
        """Return the bars without those held to be bad prints.

        The return of a bar after one that was left out spans two bars or more; a
        note in the passport says where. Factors and actions stay as they are: an
        action of a dropped bar takes effect at the next.
        """
        bad = (self.flags & Flag.QUARANTINED) != 0
        if not bad.any():
            return self
        changes: dict[str, Any] = {name: getattr(self, name)[~bad] for name in _ARRAYS}
        changes |= {name: getattr(self, name)[~bad] for name, _ in self._extras()}
        dates = ", ".join(label_text(ts, self.interval) for ts in self.ts[bad][:3])
        more = f" and {bad.sum() - 3} more" if bad.sum() > 3 else ""
        note = Note(
            code="quarantined_dropped",
            text=(
                f"{self.symbol}: {bad.sum()} quarantined bar(s) were left out ({dates}{more}): "
                "the return of the bar after each spans two bars or more, and that they were bad was seen a bar later only"
            ),
            rows=int(bad.sum()),
        )
        notes = (*(each for each in self.passport.notes if each.code != "quarantined"), note)
        return self._derived(
            **changes,
            actions=held_through(self.actions, changes["ts"]),
            passport=dataclasses.replace(self.passport, notes=notes),
        )

    def adjusted(self, how: Adjustment = "total") -> Bars:
        """Return bars with prices x factor, for returns and indicators (never for orders).

        Parameters
        ----------
        how : {"total", "split"}
            ``"total"`` undoes splits and dividends, ``"split"`` splits only.
            Volume is divided by the split factor in both.

        Notes
        -----
        Factors run forward from 1.0 at the first bar, so a later action never
        changes an earlier adjusted price. Divide a level by its row's factor to
        get the price as traded.
        """
        if how not in ("total", "split"):
            raise DataError(f"how must be 'total' or 'split', was {how!r}")
        if self.basis == how:
            return self
        if self.basis != "raw":
            raise DataError(f"{self.symbol}: these bars are already {self.basis}-adjusted; start from the raw bars")
        factor = self.total_factor if how == "total" else self.split_factor
        prices = {name: getattr(self, name) * factor for name in ("open", "high", "low", "close")}
        # A product of consistent prices and one factor stays consistent: rounding is monotone.
        if self.vwap is not None:
            prices["vwap"] = self.vwap * factor
        return self._derived(**prices, volume=self.volume / self.split_factor, basis=how)

    def resampled(self, interval: Interval, *, partial: bool = False) -> Bars:
        """Return bars of a longer interval, complete ones only unless `partial`; see `history.resample.resample`."""
        from investiq.history.resample import resample

        return resample(self, interval, partial=partial)

    def describe(self) -> list[tuple[str, str]]:
        """Return the passport as (label, value) lines; of a part of the loaded series also which part.

        What the passport says of the whole is then labelled as such: its end and its condition may be later facts.
        """
        lines = self.passport.describe()
        if self.fingerprint == self.passport.sha256 or not len(self):
            return lines
        first, last = (label_text(ts, self.interval) for ts in self.ts[[0, -1]])
        return [
            *((_LOADED.get(label, label), value) for label, value in lines),
            ("Bars used", f"{first} to {last}, {len(self):,} bars"),
            ("SHA-256 of these", self.fingerprint[:16]),
        ]

    @cached_property
    def factor(self) -> FloatArray:
        """What one multiplied raw prices by to get these prices, shape (n_bars,)."""
        if self.basis == "raw":
            return np.ones(len(self))
        return self.total_factor if self.basis == "total" else self.split_factor

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the canonical rows (ts, OHLCV, known_at, factors; little-endian)."""
        digest = hashlib.sha256(f"investiq bars 1 {self.symbol} {self.interval} {self.basis}".encode())
        for name in _ARRAYS:
            # Without a copy where the machine is little-endian itself; stamps have no buffer but that of their numbers.
            array = getattr(self, name).view(np.float64 if name in _FLOATS else np.int64)
            digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False))
        return digest.hexdigest()

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        for name in (*_ARRAYS, *(name for name, _ in self._extras())):
            getattr(self, name).flags.writeable = False
