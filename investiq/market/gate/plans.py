"""What each plan of a vendor allows: the dated table `plans.yaml`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from investiq.core.errors import ConfigError, near_matches

__all__ = ["Plan", "plan_names", "plan_of"]

_TABLE: Final = Path(__file__).parents[1] / "plans.yaml"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The terms of one plan.

    Attributes
    ----------
    provider, name : str
    per_minute : int
        Requests in any minute.
    per_second, per_day : int, optional
        Requests in any second and in any 24 hours, where the plan bounds them.
    delay : timedelta
        How late its prices are: a term of `known_at`.
    history_years : float, optional
        How far back its history goes; None where no bound is known.
    as_of : date
        When the table was compared with the vendor's page.
    source : str
        That page.

    Raises
    ------
    ConfigError
        If a rate is not positive or the delay is negative.
    """

    provider: str
    name: str
    per_minute: int
    per_second: int | None = None
    per_day: int | None = None
    delay: timedelta = timedelta(0)
    history_years: float | None = None
    as_of: date
    source: str

    def __post_init__(self) -> None:
        rates = {"per_minute": self.per_minute, "per_second": self.per_second, "per_day": self.per_day}
        for field, value in rates.items():
            if value is not None and value < 1:
                raise ConfigError(f"{self.provider} {self.name}: {field} must be at least 1 request, was {value}")
        if self.delay < timedelta(0):
            raise ConfigError(f"{self.provider} {self.name}: delay must not be negative, was {self.delay}")


def plan_of(provider: str, name: str) -> Plan:
    """Return the terms of a plan.

    Parameters
    ----------
    provider : str
        Such as ``"massive"``.
    name : str
        Such as ``"free"``.

    Raises
    ------
    ConfigError
        If the table knows no such provider or plan; the message lists what it knows.

    Examples
    --------
    >>> plan_of("massive", "free").per_minute
    5
    """
    plans = _plans_of(provider)
    if name not in plans:
        raise ConfigError(
            f"{provider} has no plan {name!r}{near_matches(name, plans)}; expected one of {', '.join(plans)}; "
            f"set INVESTIQ_{provider.upper()}_PLAN to the plan that you pay for"
        )
    return plans[name]


def plan_names(provider: str) -> tuple[str, ...]:
    """Return the names of a provider's plans, the cheapest first.

    Raises
    ------
    ConfigError
        If the table knows no such provider.
    """
    return tuple(_plans_of(provider))


def _plans_of(provider: str) -> dict[str, Plan]:
    table = _read_table()
    if provider not in table:
        raise ConfigError(
            f"no plans are known of {provider!r}{near_matches(provider, table)}; known are {', '.join(table)}"
        )
    return table[provider]


@lru_cache(maxsize=1)
def _read_table() -> dict[str, dict[str, Plan]]:
    import yaml

    document = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return {
        provider: {
            name: _plan(provider, name, terms, document["as_of"], entry["source"])
            for name, terms in entry["plans"].items()
        }
        for provider, entry in document["providers"].items()
    }


def _plan(provider: str, name: str, terms: dict[str, Any], as_of: date, source: str) -> Plan:
    rest = {key: value for key, value in terms.items() if key != "delay_minutes"}
    delay = timedelta(minutes=terms["delay_minutes"])
    return Plan(provider=provider, name=name, delay=delay, as_of=as_of, source=source, **rest)
