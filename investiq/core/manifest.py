"""The manifest: what is needed to run a result again, and to tell why a number moved."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

__all__ = ["Manifest", "installed_versions", "plain"]

# What a number of a backtest or an analysis can depend on.
PACKAGES: Final = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "arch",
    "numba",
    "llvmlite",
    "ta-lib",
    "exchange_calendars",
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Versions, data, parameters and seed behind one result.

    Attributes
    ----------
    kind : str
        The `kind` of the result.
    code_version : str
        Version of InvestIQ.
    python : str
    packages : mapping of str to str
        Installed versions of what computes.
    data : mapping of str to str
        SHA-256 fingerprint of each series as it was used, by role and symbol such as ``"bars ^GSPC"``.
    parameters : mapping
        The strategy with its parameters, and all options of the run.
    seed : int or None
        None where nothing was random.
    created_at : datetime
        Aware, UTC.
    """

    kind: str
    code_version: str
    python: str
    packages: Mapping[str, str]
    data: Mapping[str, str]
    parameters: Mapping[str, Any]
    seed: int | None
    created_at: datetime = field(compare=False)

    @classmethod
    def of(
        cls,
        *,
        kind: str,
        data: Mapping[str, str],
        parameters: Mapping[str, Any],
        created_at: datetime,
        seed: int | None = None,
    ) -> Manifest:
        """Return a manifest with the versions that are installed here."""
        from investiq import __version__

        return cls(
            kind=kind,
            code_version=__version__,
            python=platform.python_version(),
            packages=installed_versions(),
            data=dict(data),
            parameters=plain(parameters),
            seed=seed,
            created_at=created_at,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain values that JSON can hold."""
        plain_values: dict[str, Any] = plain(asdict(self))
        return plain_values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Manifest:
        """Return the manifest that `to_dict` wrote."""
        return cls(**{**values, "created_at": datetime.fromisoformat(values["created_at"])})


@lru_cache(maxsize=1)
def installed_versions() -> Mapping[str, str]:
    """Return the installed versions of the packages that compute; one that is missing is left out."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: times as ISO text, infinities and NaN as the words that ``float()`` reads.

    An instance of a dataclass, such as a strategy within another one, becomes its name and its parameters.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "name": type(value).__name__,
            "parameters": {each.name: plain(getattr(value, each.name)) for each in fields(value)},
        }
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
