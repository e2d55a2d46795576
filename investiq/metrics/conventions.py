"""The conventions that a published number carries."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.core.errors import ConfigError

__all__ = ["Convention"]


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How returns are annualised and compared.

    Attributes
    ----------
    periods_per_year : float
        252 for daily bars of US shares; declared, never counted from stamps.
    risk_free : float, default 0.0
        Annual risk-free rate as a fraction; per period it is
        ``(1 + risk_free) ** (1 / periods_per_year) - 1``.
    target : float, optional
        Minimum acceptable return per period of the Sortino ratio, as a fraction;
        None, the default, means the risk-free return of a period.
    ddof : int, default 1
        Delta degrees of freedom of standard deviations.
    days_per_year : float, default 365.25
        Calendar days in a year of the CAGR.
    """

    periods_per_year: float
    risk_free: float = 0.0
    target: float | None = None
    ddof: int = 1
    days_per_year: float = 365.25

    def __post_init__(self) -> None:
        if not self.periods_per_year > 0:
            raise ConfigError(f"periods_per_year must be positive, was {self.periods_per_year}")
        if not self.risk_free > -1:
            raise ConfigError(f"risk_free must be an annual fraction above -1 (0.045 is 4.5 %), was {self.risk_free}")
        if self.ddof not in (0, 1):
            raise ConfigError(f"ddof must be 0 or 1, was {self.ddof}")

    @property
    def risk_free_per_period(self) -> float:
        """The risk-free return of one period, as a fraction."""
        return float((1 + self.risk_free) ** (1 / self.periods_per_year) - 1)

    @property
    def target_per_period(self) -> float:
        """The minimum acceptable return of one period, as a fraction."""
        return self.risk_free_per_period if self.target is None else self.target

    def describe_target(self) -> str:
        """Return the target of the Sortino ratio in words."""
        rate = " (the risk-free rate)" if self.target is None else ""
        return f"target {self.target_per_period * 100:.4g} % a period{rate}"

    def describe(self) -> str:
        """Return the convention in one line."""
        return (
            f"simple returns, {self.periods_per_year:g} periods a year, ddof {self.ddof}, "
            f"risk-free {self.risk_free * 100:g} % a year, Sortino {self.describe_target()}, "
            f"CAGR over {self.days_per_year:g}-day years"
        )
