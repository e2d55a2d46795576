"""Errors, named for what the caller would do about them.

Every message says what was wrong, what was found, what was expected and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime

__all__ = [
    "ConfigError",
    "DataError",
    "InsufficientDataError",
    "InvestIQError",
    "MissingDependencyError",
    "NotEntitledError",
    "OfflineError",
    "RateLimitedError",
    "ReportError",
    "StaleDataError",
    "UnknownSymbolError",
    "VendorError",
    "install_advice",
    "near_matches",
    "unknown_name",
]


class InvestIQError(Exception):
    """Base of every error that InvestIQ raises on purpose."""


class DataError(InvestIQError):
    """The input is wrong: fix the input."""


class InsufficientDataError(DataError):
    """The formula is undefined on so few observations: pass more data."""


class UnknownSymbolError(DataError):
    """No provider serves the symbol: choose one of those named in the message."""


class StaleDataError(DataError):
    """The newest data is older than expected: reload, or pass an earlier ``as_of``."""


class ConfigError(InvestIQError):
    """A parameter or a setting is out of range: change it."""


class VendorError(InvestIQError):
    """A data vendor failed: retry later."""


class NotEntitledError(VendorError):
    """The vendor's plan or key does not cover the request: change the plan or ask for something else."""


class RateLimitedError(VendorError):
    """The vendor's limit is spent: ask again at `retry_at`."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        self.retry_at = retry_at
        super().__init__(message)


class OfflineError(VendorError):
    """A connection was attempted while ``INVESTIQ_OFFLINE=1``: unset it, or use local data."""


class ReportError(InvestIQError):
    """A report could not be made or written: see the file named in the message."""


class MissingDependencyError(InvestIQError):
    """An optional package is not installed: run the command in the message."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package = package.split(".")[0]
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {self.package!r} of the extra {extra!r}, which is not installed; "
            f"{install_advice(self.package)}"
        )


def install_advice(*packages: str) -> str:
    """Return the command that installs `packages`; InvestIQ itself is on no package index.

    Examples
    --------
    >>> install_advice("quantstats")
    "with InvestIQ's own Python (.venv/bin/python after make setup) run: python -m pip install quantstats"
    """
    return f"with InvestIQ's own Python (.venv/bin/python after make setup) run: python -m pip install {' '.join(packages)}"


def near_matches(word: str, known: Iterable[str], limit: int = 3) -> str:
    """Return ``"; did you mean 'A' or 'B'?"``, or an empty string if nothing is near.

    Examples
    --------
    >>> near_matches("GSPC", ["^GSPC", "^IXIC"])
    "; did you mean '^GSPC'?"
    """
    by_key = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_key, n=limit, cutoff=0.6)
    if not found:
        return ""
    return "; did you mean " + " or ".join(repr(by_key[key]) for key in found) + "?"


def unknown_name(package: str, name: str, known: Iterable[str], elsewhere: Mapping[str, str]) -> AttributeError:
    """Return the error for a name that `package` does not have, with what is called so `elsewhere` or lies near.

    Parameters
    ----------
    package, name : str
    known : iterable of str
        The names that the package has.
    elsewhere : mapping of str to str
        Names in use elsewhere, in small letters, to those of the package (several
        joined by ", "); an empty one: there is no such thing here.

    Examples
    --------
    >>> str(unknown_name("investiq.indicators", "bbands", ["bollinger"], {"bbands": "bollinger"}))
    "module 'investiq.indicators' has no attribute 'bbands'; did you mean 'bollinger'?"
    """
    text = f"module {package!r} has no attribute {name!r}"
    # Python itself asks for names with underscores, and wants no more than the error.
    if name.startswith("_"):
        return AttributeError(text)
    here = elsewhere.get(name.lower())
    if here is None:
        return AttributeError(text + near_matches(name, known))
    if not here:
        return AttributeError(f"{text}: there is none here")
    return AttributeError(f"{text}; did you mean {' or '.join(map(repr, here.split(', ')))}?")
