"""What the lines of `iq.measure` derive from the returns, each once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from investiq.core.errors import DataError
from investiq.metrics import drawdown_events, growth, returns, rolling
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray, InstantArray
from investiq.metrics.summary import RECOMMENDED_RETURNS

__all__: list[str] = []  # parts of `measuring`


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Returns that were checked, with what every line derives from them.

    Attributes
    ----------
    returns : ndarray of float64, shape (n_periods,)
    ends : ndarray of datetime64, shape (n_periods,), or None
        End of each period; None where the returns came without times.
    convention : Convention
        Counts periods instead of days where there are no times.
    pair : tuple of (ndarray, ndarray), optional
        Returns and benchmark over the periods that both have.
    """

    returns: FloatArray
    ends: InstantArray | None
    convention: Convention
    pair: tuple[FloatArray, FloatArray] | None = None

    @cached_property
    def equity(self) -> FloatArray:
        """Wealth of one unit, opening point first."""
        return growth.wealth_of(self.returns)

    @cached_property
    def points(self) -> InstantArray | None:
        """Times of `equity`: the opening point stands one declared period before the first end."""
        if self.ends is None:
            return None
        opening = self.ends[0] - np.timedelta64(round(growth.period_days(self.convention) * 86_400e6), "us")
        return np.concatenate((np.array([opening], dtype=self.ends.dtype), self.ends))

    @cached_property
    def recoveries(self) -> drawdown_events.RecoveryStatistics:
        """Of `equity`."""
        return drawdown_events.recovery_statistics(self.equity)

    @cached_property
    def sharpes(self) -> FloatArray:
        """Sharpe ratio of each full window of `ROLLING_SESSIONS`."""
        return rolling.rolling_sharpe(self.returns, self.convention)

    @cached_property
    def volatilities(self) -> FloatArray:
        """Volatility of each full window of `ROLLING_SESSIONS`."""
        return rolling.rolling_volatility(self.returns, self.convention)

    @property
    def basis(self) -> str:
        """Count of returns and periods of a year, in words."""
        return f"{self.returns.size:,} returns, {self.convention.periods_per_year:g} periods a year"

    @property
    def caution(self) -> str:
        """What is said of every ratio on a short history."""
        few = self.returns.size < RECOMMENDED_RETURNS
        return f"fewer than {RECOMMENDED_RETURNS} returns: very uncertain" if few else ""

    def compounded(self, every: Literal["month", "year"]) -> FloatArray:
        """Return the compound return of each calendar month or year."""
        if self.ends is None:
            raise DataError(f"the returns have no times: pass a Series indexed by time for a line of {every}s")
        return returns.compounded(self.returns, self.ends, every)[1]
