"""What is known of instruments without a vendor: names, types, and changes of tickers with their dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from investiq.core.errors import DataError
from investiq.history.instants import When, instant

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Instrument", "TickerChange", "bundled", "list_ticker_changes", "ticker_changes", "ticker_now", "ticker_on"]


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A share, a fund or an index by the name under which it is searched."""

    symbol: str
    name: str
    exchange: str
    type: str
    currency: str = "USD"


@dataclass(frozen=True, kw_only=True)
class TickerChange:
    """A company's new ticker.

    Attributes
    ----------
    old, new : str
    effective : date
        First session under `new`.
    company : str
    reused : bool
        Whether another share has `old` today: without a date it means that one.
    """

    old: str
    new: str
    effective: date
    company: str
    reused: bool = False


def ticker_on(symbol: str, day: When) -> str:
    """Return the ticker that a company had on a day.

    Parameters
    ----------
    symbol : str
        A ticker of the company, of any time; one that was reused means its
        present owner.
    day : str, date, datetime or datetime64

    Returns
    -------
    str
        `symbol` itself where no change is known (`list_ticker_changes`).

    Examples
    --------
    >>> ticker_on("META", "2015-01-02"), ticker_on("FB", "2024-01-02")
    ('FB', 'META')
    """
    when = instant(day).astype("datetime64[D]")
    found = ticker_now(symbol)
    for change in reversed(ticker_changes()):
        if change.old == found:
            break  # until then it was the ticker of another company
        if change.new == found and when < np.datetime64(change.effective):
            found = change.old
    return found


def ticker_now(symbol: str, meant_on: When | None = None) -> str:
    """Return the newest ticker of a company.

    Parameters
    ----------
    symbol : str
    meant_on : str, date, datetime or datetime64, optional
        The day on which `symbol` was its ticker. By default any, and one that
        was reused means its present owner.

    Examples
    --------
    >>> ticker_now("SQ"), ticker_now("GOOG"), ticker_now("GOOG", meant_on="2013-01-02")
    ('XYZ', 'GOOG', 'GOOGL')
    """
    when = None if meant_on is None else instant(meant_on).astype("datetime64[D]")
    for change in ticker_changes():
        is_later = not change.reused if when is None else when < np.datetime64(change.effective)
        if change.old == symbol and is_later:
            symbol, when = change.new, np.datetime64(change.effective)
    return symbol


def list_ticker_changes() -> pd.DataFrame:
    """Return the changes of tickers that are known here: old, new, effective, company, reused.

    Examples
    --------
    >>> list_ticker_changes().set_index("old").loc["SQ", "new"]
    'XYZ'
    """
    import pandas as pd

    rows = [(each.old, each.new, each.effective, each.company, each.reused) for each in ticker_changes()]
    table = pd.DataFrame(rows, columns=["old", "new", "effective", "company", "reused"])
    return table.astype({"effective": "datetime64[us]"})


@lru_cache(maxsize=1)
def ticker_changes() -> tuple[TickerChange, ...]:
    """Return the bundled changes, in the order of their dates."""
    changes = [TickerChange(**each) for each in _stated("aliases")["changes"]]
    dates = [each.effective for each in changes]
    if dates != sorted(dates):
        raise DataError("aliases.yaml must list the changes of tickers in the order of their dates")
    return tuple(changes)


@lru_cache(maxsize=1)
def bundled() -> Mapping[str, Instrument]:
    """Return the instruments of the bundled universes by their symbol."""
    stated = _stated("instruments")
    return MappingProxyType(
        {
            symbol: Instrument(symbol=symbol, name=name, exchange=exchange, type=kind)
            for kind in ("CS", "ETF")
            for exchange, names in stated[kind].items()
            for symbol, name in names.items()
        }
    )


def _stated(file: str) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load((resources.files("investiq.market") / f"{file}.yaml").read_text("utf-8"))
    return found
