"""Cash and position of a run that changes them at its fills only, built when they are first read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.postings import BAR, QUANTITY, SIDE

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["FromFills", "Steps"]

FloatArray = NDArray[np.float64]


class Steps(NamedTuple):
    """What an account of one symbol, long only, holds from fill to fill; every sale is of all of it.

    Attributes
    ----------
    opening : float
        Cash before the first fill.
    balances : ndarray of float64, shape (n_fills,)
        Cash after each fill.
    fills : ndarray of float64, shape (n_fills, FILL_COLUMNS)
    n_bars : int
    """

    opening: float
    balances: FloatArray
    fills: FloatArray
    n_bars: int

    @property
    def cash(self) -> FloatArray:
        """At each close."""
        return self._held(self.opening, self.balances)

    @property
    def position(self) -> FloatArray:
        """Shares at each close."""
        return self._held(0.0, np.where(self.fills[:, SIDE] > 0.0, self.fills[:, QUANTITY], 0.0))

    def bars_invested(self) -> int:
        """Return the number of bars with a position at the close."""
        # Purchases and sales take turns, and sums of whole numbers are exact.
        between = -int(np.dot(self.fills[:, SIDE], self.fills[:, BAR]))
        return between + self.n_bars if len(self.fills) % 2 else between

    def _closes(self) -> NDArray[np.int64]:
        """Return the closes before the first fill, and from each fill to the next: none where both are of one bar."""
        return np.diff(self.fills[:, BAR], prepend=0.0, append=self.n_bars).astype(np.int64)

    def _held(self, first: float, after: FloatArray) -> FloatArray:
        path = np.repeat(np.concatenate(([first], after)), self._closes())
        path.setflags(write=False)
        return path


class FromFills:
    """A field that is given like any other, or built from `Run.steps` by its name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, run: Run | None, owner: type | None = None) -> Any:
        if run is None:
            # So that a dataclass sees a field without a default.
            raise AttributeError(self._name)
        # Without a setter this is only asked until the instance has a value of its own.
        value = run.__dict__[self._name] = getattr(run.__dict__["steps"], self._name)
        return value
