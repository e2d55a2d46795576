"""What a bootstrap draws: a named statistic in compiled code, or a function of the user's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from investiq.core.errors import DataError
from investiq.core.facts import Unit
from investiq.metrics import formulas
from investiq.metrics.inputs import FloatArray
from investiq.metrics.resampling import Scheme, code_of, key_of, over_threads

__all__ = ["NAMES", "Named", "StatisticName", "UserMade"]

StatisticName: TypeAlias = Literal["mean", "volatility", "sharpe"]

# Number in the compiled code, words, unit.
NAMES: Final[dict[str, tuple[int, str, Unit]]] = {
    "mean": (0, "Mean return", "fraction"),
    "volatility": (1, "Volatility", "fraction"),
    "sharpe": (2, "Sharpe ratio", ""),  # per period: two decimals would not do
}
# Resampled values that the general path holds at once: 16 MB.
_CHUNK: Final = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Named:
    """The mean, the volatility or the Sharpe ratio of a period."""

    name: StatisticName
    ddof: int
    risk_free: float

    @property
    def words(self) -> str:
        """The statistic's name for people."""
        return NAMES[self.name][1]

    @property
    def unit(self) -> Unit:
        """Unit of its facts."""
        return NAMES[self.name][2]

    @property
    def convention(self) -> str:
        """How it is computed."""
        ddof = "" if self.name == "mean" else f", ddof {self.ddof}"
        return f"per period{ddof}" + (
            f", risk-free {self.risk_free * 100:.4g} % a period" if self.name == "sharpe" else ""
        )

    def of(self, values: FloatArray) -> float:
        """Return the statistic of a sample."""
        mean = float(values.mean())
        if self.name == "mean":
            return mean
        spread = formulas.standard_deviation(values, mean, self.ddof)
        return spread if self.name == "volatility" else formulas.sharpe(mean, spread, self.risk_free, 1.0)

    def error(self, values: FloatArray, lags: int) -> float:
        """Return the HAC (Bartlett) standard error of the statistic of a sample."""
        from investiq.metrics.bootstrap_kernels import hac_variance

        off = values - values.mean()
        if self.name == "mean":
            influence = off
        else:
            spread = math.sqrt(float(off @ off) / off.size)
            z = off / spread
            bend = (z * z - 1) / 2
            ratio = (float(values.mean()) - self.risk_free) / spread
            influence = spread * bend if self.name == "volatility" else z - ratio * bend
        return math.sqrt(hac_variance(influence, lags) / values.size)

    def draws(
        self, values: FloatArray, scheme: Scheme, block: float, number: int, seed: int, lags: int = -1
    ) -> tuple[FloatArray, FloatArray]:
        """Return the statistic of each draw, NaN where undefined, and its HAC error where `lags` >= 0."""
        from investiq.metrics.bootstrap_kernels import statistic_draws

        key, code = key_of(seed), NAMES[self.name][0]

        def run(first: int, estimates: FloatArray, errors: FloatArray) -> None:
            statistic_draws(
                values, code, self.ddof, self.risk_free, code_of(scheme), block, lags, key, first, estimates, errors
            )

        estimates, errors = np.empty(number), np.full(number, np.nan)
        over_threads(run, number, values.size * (lags + 2), estimates, errors)
        return estimates, errors


@dataclass(frozen=True, kw_only=True)
class UserMade:
    """A function of the user's on an array of returns."""

    function: Callable[[FloatArray], float]
    unit: Unit = ""
    convention: str = "of the returns as they are"

    @property
    def words(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def of(self, values: FloatArray) -> float:
        """Return the statistic of a sample."""
        answer = self.function(values)
        try:
            found = np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"{self.words} returned {answer!r}, expected one number") from None
        if found.ndim:
            raise DataError(f"{self.words} returned an array of shape {found.shape}, expected one number")
        return float(found)

    def draws(
        self, values: FloatArray, scheme: Scheme, block: float, number: int, seed: int
    ) -> tuple[FloatArray, None]:
        """Return the statistic of each draw."""
        from investiq.metrics.bootstrap_kernels import draw_rows

        estimates = np.empty(number)
        step = max(1, _CHUNK // values.size)
        for first in range(0, number, step):
            rows = np.empty((min(step, number - first), values.size), dtype=np.int64)
            draw_rows(key_of(seed), first, values.size, code_of(scheme), block, rows)
            estimates[first : first + step] = [self.of(each) for each in values[rows]]
        return estimates, None
