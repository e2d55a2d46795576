"""Decisions of a run: one int8 per bar, after the confidence gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.orders import Signal

__all__ = ["BOTH", "BUY", "SELL", "Decisions", "from_codes", "from_signals"]

BUY: Final = 1
SELL: Final = -1
BOTH: Final = 2

# Confidences closer than this share of each other are equal where the gate decides.
_EQUAL: Final = 1e-9

_ALL_SURE: Final = np.empty(0)
_ALL_SURE.flags.writeable = False


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What the kernel is given, and what the gate kept from it.

    Attributes
    ----------
    codes : ndarray of int8, shape (n_bars,)
        0 none, 1 buy, -1 sell, 2 both, decided at each close.
    confidence : ndarray of float64, shape (n_bars,) or (0,)
        Of the buy where there is one; empty means 1 throughout.
    below : tuple of int
        Bars with a signal below the threshold, once for each signal, without the last bar.
    after_last : int
        Signals decided on the last bar: no bar is left to fill them.
    """

    codes: NDArray[np.int8]
    confidence: NDArray[np.float64] = field(default_factory=lambda: _ALL_SURE)
    below: tuple[int, ...] = ()
    after_last: int = 0


def from_codes(codes: NDArray[np.int8], n_bars: int) -> Decisions:
    """Return decisions of confidence 1, which pass every gate.

    Raises
    ------
    DataError
        If `codes` is not int8 of shape (n_bars,), or holds another code.
    """
    if not isinstance(codes, np.ndarray) or codes.dtype != np.int8 or codes.shape != (n_bars,):
        found = f"{codes.dtype} of shape {codes.shape}" if isinstance(codes, np.ndarray) else type(codes).__name__
        raise DataError(f"decisions must be an int8 array of shape ({n_bars},), one per bar; were {found}")
    if n_bars and not (np.minimum.reduce(codes) >= SELL and np.maximum.reduce(codes) <= BOTH):
        wrong = np.flatnonzero((codes < SELL) | (codes > BOTH))[0]
        raise DataError(f"a decision is 0, 1 (buy), -1 (sell) or 2 (both); bar {wrong} holds {codes[wrong]}")
    codes = np.ascontiguousarray(codes)
    if codes.flags.writeable:
        codes = codes.copy()
        codes.setflags(write=False)
    return Decisions(codes=codes, after_last=abs(int(codes[-1])) if n_bars else 0)


def from_signals(signals: Iterable[Signal], n_bars: int, threshold: float) -> Decisions:
    """Return the signals that reach the threshold as one code per bar.

    The gate comes first: a sell below the threshold does not cancel a buy above
    it. Of several buys of one bar the most confident counts.

    Raises
    ------
    DataError
        If a signal names no bar of the run.
    """
    buy = np.zeros(n_bars, dtype=bool)
    sell = np.zeros(n_bars, dtype=bool)
    confidence = np.zeros(n_bars)
    below: list[int] = []
    after_last = 0
    for signal in signals:
        if signal.bar >= n_bars:
            raise DataError(f"a signal names bar {signal.bar}; the run has bars 0 to {n_bars - 1}")
        if signal.bar == n_bars - 1:
            after_last += 1
        elif signal.confidence < threshold and threshold - signal.confidence > _EQUAL * threshold:
            below.append(signal.bar)
        elif signal.side == "buy":
            buy[signal.bar] = True
            confidence[signal.bar] = max(confidence[signal.bar], signal.confidence)
        else:
            sell[signal.bar] = True
    codes = np.where(buy & sell, BOTH, buy.astype(np.int8) - sell.astype(np.int8)).astype(np.int8)
    codes.flags.writeable = confidence.flags.writeable = False
    return Decisions(codes=codes, confidence=confidence, below=tuple(sorted(below)), after_last=after_last)
