"""The conventions that a published number carries."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from typing import Any, Final, Literal, TypeAlias

from investiq.core.errors import ConfigError, near_matches

__all__ = ["PROFILES", "Convention", "ProfileName"]

ProfileName: TypeAlias = Literal["investiq", "quantstats", "empyrical", "bacon"]

# Rules of quantstats 0.0.86 and empyrical-reloaded 0.7.1, read from their code; of Bacon, C. (2008), "Practical
# Portfolio Performance Measurement and Attribution", 2nd ed., chapter 4.
PROFILES: Final[dict[str, dict[str, Any]]] = {
    "investiq": {},
    "quantstats": {"growth": "periods", "calmar_months": None, "drawdown_mean": "periods_less_one"},
    "empyrical": {
        "growth": "periods",
        "calmar_months": None,
        "drawdown_mean": "periods",
        "risk_free_split": "divide",
        "target": 0.0,
    },
    "bacon": {
        "growth": "periods",
        "drawdown_mean": "periods",
        "risk_free_split": "divide",
        "ratio_return": "geometric",
        "ddof": 0,
    },
}
# What a caller sets for the data at hand, under any profile.
_OF_THE_DATA: Final = ("periods_per_year", "risk_free")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How returns are annualised, averaged and compared.

    Attributes
    ----------
    periods_per_year : float
        252 for daily bars of US shares; declared, never counted from stamps.
    risk_free : float, default 0.0
        Annual risk-free rate as a fraction below 1: 0.02 is 2 %.
    target : float, optional
        Minimum acceptable return per period of the Sortino and Omega ratios, as
        a fraction; None, the default, means the risk-free return of a period.
    ddof : {0, 1}, default 1
        Delta degrees of freedom of standard deviations. With 1, skewness and
        kurtosis are bias-corrected too; with 0 they are population moments.
    days_per_year : float, default 365.25
        Calendar days in a year of the CAGR.
    growth : {"calendar", "periods"}
        Whether the years of the CAGR are calendar days over `days_per_year`,
        or the number of returns over `periods_per_year`.
    risk_free_split : {"compound", "divide"}
        The risk-free return of a period:
        ``(1 + risk_free) ** (1 / periods_per_year) - 1``, or
        ``risk_free / periods_per_year``.
    ratio_return : {"arithmetic", "geometric"}
        Numerator of the Sharpe and Sortino ratios: the mean excess return times
        `periods_per_year`, or the CAGR less the annual rate.
    calmar_months : int, optional
        Window of the Calmar ratio; None means since inception, which is the MAR ratio.
    drawdown_mean : {"points", "periods", "periods_less_one"}
        What the Ulcer and pain indices divide by: the points of the equity
        curve with its opening one, the returns, or the returns less one.

    Examples
    --------
    >>> Convention.named("empyrical", periods_per_year=12).describe()
    'profile empyrical: simple returns, 12 periods a year, ddof 1, risk-free 0 % a year (divided), \
Sortino target 0 % a period, CAGR over 12-period years, Calmar since inception, drawdowns averaged over periods'
    """

    periods_per_year: float
    risk_free: float = 0.0
    target: float | None = None
    ddof: int = 1
    days_per_year: float = 365.25
    growth: Literal["calendar", "periods"] = "calendar"
    risk_free_split: Literal["compound", "divide"] = "compound"
    ratio_return: Literal["arithmetic", "geometric"] = "arithmetic"
    calmar_months: int | None = 36
    drawdown_mean: Literal["points", "periods", "periods_less_one"] = "points"

    def __post_init__(self) -> None:
        for name in ("periods_per_year", "risk_free", "target", "days_per_year"):
            refuse_no_number(name, getattr(self, name), may_be_none=name == "target")
        if not 0 < self.periods_per_year < math.inf:
            raise ConfigError(f"periods_per_year must be positive and finite, was {self.periods_per_year}")
        if not -1 < self.risk_free < math.inf:
            raise ConfigError(f"risk_free must be an annual fraction above -1 (0.045 is 4.5 %), was {self.risk_free}")
        if self.risk_free >= 1:
            raise ConfigError(
                f"risk_free is an annual fraction, {self.risk_free:g} would be {self.risk_free * 100:g} % a year; "
                f"0.02 is 2 %: pass {self.risk_free / 100:g} for {self.risk_free:g} %"
            )
        if self.target is not None and not -1 < self.target < math.inf:
            raise ConfigError(
                f"target must be the fraction of one period, above -1, or None (the risk-free return), was {self.target}"
            )
        if self.ddof not in (0, 1):
            raise ConfigError(f"ddof must be 0 or 1, was {self.ddof}")
        if not 0 < self.days_per_year < math.inf:
            raise ConfigError(f"days_per_year must be positive and finite, was {self.days_per_year}")
        if self.calmar_months is not None and not self.calmar_months > 0:
            raise ConfigError(f"calmar_months must be positive or None (since inception), was {self.calmar_months}")
        for name, known in _CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise ConfigError(f"{name} must be {_or(known)}, was {value!r}{near_matches(str(value), known)}")

    @classmethod
    def named(cls, profile: ProfileName, *, periods_per_year: float = 252, risk_free: float = 0.0) -> Convention:
        """Return the conventions of a library or a book, to reproduce its numbers.

        Parameters
        ----------
        profile : {"investiq", "quantstats", "empyrical", "bacon"}
            ``"quantstats"`` is version 0.0.86, ``"empyrical"`` empyrical-reloaded
            0.7.1, ``"bacon"`` Bacon's book of 2008.
        periods_per_year : float, default 252
        risk_free : float, default 0.0
            Annual, as a fraction, under every profile. empyrical itself takes
            it per period, and its Sortino ratio does not use it.

        Raises
        ------
        ConfigError
            If there is no such profile.
        """
        if profile not in PROFILES:
            raise ConfigError(
                f"there is no profile {profile!r}{near_matches(str(profile), PROFILES)}; use {_or(PROFILES)}"
            )
        return cls(periods_per_year=periods_per_year, risk_free=risk_free, **PROFILES[profile])

    @property
    def profile(self) -> str:
        """The name of the profile whose rules these are, or ``"custom"``."""
        mine = {name: getattr(self, name) for name in _DEFAULTS}
        return next((name for name, rules in PROFILES.items() if mine == _DEFAULTS | rules), "custom")

    @property
    def risk_free_per_period(self) -> float:
        """The risk-free return of one period, as a fraction."""
        if self.risk_free_split == "divide":
            return self.risk_free / self.periods_per_year
        return float((1 + self.risk_free) ** (1 / self.periods_per_year) - 1)

    @property
    def target_per_period(self) -> float:
        """The minimum acceptable return of one period, as a fraction."""
        return self.risk_free_per_period if self.target is None else self.target

    @property
    def target_per_year(self) -> float:
        """The minimum acceptable return of one year, compounded, as a fraction."""
        return self.risk_free if self.target is None else float((1 + self.target) ** self.periods_per_year - 1)

    def describe_target(self) -> str:
        """Return the target of the Sortino ratio in words."""
        rate = " (the risk-free rate)" if self.target is None else ""
        return f"target {self.target_per_period * 100:.4g} % a period{rate}"

    def describe_growth(self) -> str:
        """Return how the years of the CAGR are counted."""
        years = f"{self.days_per_year:g}-day" if self.growth == "calendar" else f"{self.periods_per_year:g}-period"
        return f"CAGR over {years} years"

    def describe(self) -> str:
        """Return the convention in one line; rules that are not InvestIQ's own are all named."""
        rules = [
            f"simple returns, {self.periods_per_year:g} periods a year, ddof {self.ddof}",
            f"risk-free {self.risk_free * 100:g} % a year{' (divided)' if self.risk_free_split == 'divide' else ''}",
            f"Sortino {self.describe_target()}",
            self.describe_growth(),
        ]
        if self.ratio_return == "geometric":
            rules.append("ratios of the CAGR")
        if self.calmar_months != _DEFAULTS["calmar_months"]:
            rules.append(f"Calmar {f'over {self.calmar_months} months' if self.calmar_months else 'since inception'}")
        if self.drawdown_mean != _DEFAULTS["drawdown_mean"]:
            rules.append(f"drawdowns averaged over {self.drawdown_mean.replace('_', ' ')}")
        named = "" if self.profile in ("investiq", "custom") else f"profile {self.profile}: "
        return named + ", ".join(rules)


def convention_of(convention: Any) -> Convention:
    """Return a convention that was passed, or say that it is none.

    Raises
    ------
    ConfigError
        If it is anything else, such as the bare periods of a year or the name of a profile.

    Examples
    --------
    >>> convention_of(252)
    Traceback (most recent call last):
        ...
    investiq.core.errors.ConfigError: convention must be a Convention, was 252; pass iq.Convention(periods_per_year=252)
    """
    if isinstance(convention, Convention):
        return convention
    advice = "iq.Convention(periods_per_year=252)"
    if _is_number(convention):
        advice = f"iq.Convention(periods_per_year={convention})"
    elif isinstance(convention, str) and convention in PROFILES:
        advice = f"iq.Convention.named({convention!r}, periods_per_year=252)"
    found = repr(convention) if isinstance(convention, (Real, str)) else type(convention).__name__
    raise ConfigError(f"convention must be a Convention, was {found}; pass {advice}")


def declared_convention(chosen: Any, periods_per_year: Any, risk_free: Any = 0.0) -> Convention:
    """Return the convention of a function that takes one, or a profile's name and the periods of a year.

    Raises
    ------
    ConfigError
        If the periods of a year are not declared, or are given twice.
    """
    refuse_no_number("periods_per_year", periods_per_year, may_be_none=True)
    refuse_no_number("risk_free", risk_free)
    if chosen is not None and not isinstance(chosen, str):
        found = convention_of(chosen)
        if periods_per_year is not None or risk_free != 0.0:
            raise ConfigError("periods_per_year and risk_free are in the Convention that was passed; give them once")
        return found
    if periods_per_year is None:
        raise ConfigError(
            "periods_per_year is missing and is never guessed from the data: pass 252 for daily bars of US shares, "
            "52 for weekly, 12 for monthly returns"
        )
    return Convention.named(chosen or "investiq", periods_per_year=periods_per_year, risk_free=risk_free)  # type: ignore[arg-type]


def refuse_no_number(name: str, value: Any, *, may_be_none: bool = False) -> None:
    """Refuse what is no number, such as a text or a series.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if (value is None and may_be_none) or _is_number(value):
        return
    found = repr(value) if isinstance(value, (str, bool)) or value is None else type(value).__name__
    advice = ": pass excess returns where the rate has dates" if name == "risk_free" and hasattr(value, "iloc") else ""
    raise ConfigError(f"{name} must be one number, was {found}{advice}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and value is not True and value is not False


def _or(names: Any) -> str:
    return " or ".join(repr(name) for name in names)


_DEFAULTS: Final = {
    each.name: each.default
    for each in fields(Convention)
    if each.default is not MISSING and each.name not in _OF_THE_DATA
}
_CHOICES: Final = {
    "growth": ("calendar", "periods"),
    "risk_free_split": ("compound", "divide"),
    "ratio_return": ("arithmetic", "geometric"),
    "drawdown_mean": ("points", "periods", "periods_less_one"),
}
