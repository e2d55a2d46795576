"""`BootstrapInterval`: an estimate, its interval, and how it was resampled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from investiq.core.facts import Fact, Unit
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.inputs import FloatArray
from investiq.metrics.resampling import Scheme

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BootstrapInterval"]

Method: TypeAlias = Literal["percentile", "studentized", "bca"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BootstrapInterval(Result):
    """An estimate with its bootstrap interval; made by `bootstrap_interval` and its kin.

    Attributes
    ----------
    name : str
        The statistic, in words.
    unit : str
    estimate, low, high : float
        Of the sample, and the bounds of the interval.
    standard_error : float
        Standard deviation of the draws.
    confidence : float
    method : {"percentile", "studentized", "bca"}
    scheme : {"stationary", "circular", "iid"}
    block : float
        Length of a block in rows; its mean under ``"stationary"``.
    count : int
        Rows of the sample.
    seed : int
    draws : ndarray of shape (n_draws,)
        The statistic of each draw.
    convention : str
        How the statistic was computed.
    origin : tuple of Fact
        Period and fingerprint of returns; empty for trades.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "bootstrap"
    name: str
    unit: Unit
    estimate: float
    low: float
    high: float
    standard_error: float
    confidence: float
    method: Method
    scheme: Scheme
    block: float
    count: int
    seed: int
    draws: FloatArray
    convention: str
    origin: tuple[Fact, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """One line that names the statistic."""
        return f"{self.name}: {self.confidence * 100:g} % bootstrap interval"

    def facts(self) -> list[Fact]:
        """Return the estimate, its interval and its standard error."""
        how = f"{self.method}, {self.draws.size:,} draws"
        return [
            Fact(self.name, self.estimate, self.unit, self.convention),
            Fact(f"Lower bound, {self.confidence * 100:g} %", self.low, self.unit, how),
            Fact(f"Upper bound, {self.confidence * 100:g} %", self.high, self.unit, how),
            Fact("Bootstrap standard error", self.standard_error, self.unit, "standard deviation of the draws"),
        ]

    def provenance(self) -> list[Fact]:
        """Return how the sample was resampled, its period and its fingerprint."""
        blocks = {
            "iid": "single rows",
            "circular": f"circular blocks of {self.block:g} rows",
            "stationary": f"stationary bootstrap, blocks of {self.block:.4g} rows on average",
        }[self.scheme]
        return [Fact("Resampling", f"{blocks}, of {self.count:,} rows, seed {self.seed}"), *self.origin]

    def to_frame(self) -> pd.DataFrame:
        """Return one row: estimate, low, high, standard_error, confidence."""
        import pandas as pd

        columns = ("estimate", "low", "high", "standard_error", "confidence")
        return pd.DataFrame([[getattr(self, each) for each in columns]], index=[self.name], columns=list(columns))

    def scaled(self, factor: float, unit: Unit, convention: str) -> BootstrapInterval:
        """Return the interval of the statistic times `factor` > 0, as for annualising."""
        numbers = {each: getattr(self, each) * factor for each in ("estimate", "low", "high", "standard_error")}
        return replace(self, **numbers, draws=self.draws * factor, unit=unit, convention=convention)
