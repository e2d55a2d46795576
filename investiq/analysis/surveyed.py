"""What a market overview looks at: daily bars that are there without a network, kinds kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from investiq.core.errors import DataError, InvestIQError, near_matches
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.instants import When
from investiq.history.panel import Panel
from investiq.market.bundled import HOMES
from investiq.market.loading import load_bars
from investiq.market.store import SeriesKey, Store, open_store
from investiq.market.universes import is_universe, load_universe
from investiq.market.vendors.synthetic import SYMBOLS
from investiq.metrics.pairing import is_one_market

__all__ = ["ALL", "GROUPS", "Universe", "benchmark_of", "group_name", "loaded_symbols", "sector_of", "surveyed"]

Surveyed = str | Panel | Iterable[str] | Iterable[Bars] | None

ALL: Final = "all"
GROUPS: Final = ("sample indices", "synthetic companies", "synthetic indices", "stored series")
_FILES: Final = "own files"
# What stands for the market of a group; the bars of a file say nothing of the market that they belong to.
_BENCHMARKS: Final[Mapping[str, str]] = {
    "sample indices": "^GSPC",
    "synthetic companies": "SYN-MKT",
    "synthetic indices": "SYN-MKT",
    "stored series": "SPY",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Universe:
    """Bars by group, as they were asked for.

    Attributes
    ----------
    name : str
    groups : mapping of str to list of Bars
        Those of real data before invented ones, then the largest first.
    failures : mapping of str to str
        Symbols without bars, and why.
    notes : tuple of Note
    """

    name: str
    groups: Mapping[str, list[Bars]]
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def surveyed(universe: Surveyed, as_of: When | None) -> Universe:
    """Return the daily bars of a universe as they were known at `as_of`, by group.

    Raises
    ------
    DataError
        If there is none, bars are adjusted or not daily, or a symbol comes twice.
    InvestIQError
        If not one symbol could be loaded: the error of the first.
    """
    name, members, notes = _members(universe, as_of)
    found: list[Bars] = []
    failures: dict[str, str] = {}
    first: InvestIQError | None = None
    store = open_store()
    for each in members:
        try:
            bars = each if isinstance(each, Bars) else _offline(each, store)
            known = bars if as_of is None else bars.until(as_of)
            if not len(known):
                raise DataError(f"{bars.symbol}: no bar was known at {as_of}; pass a later as_of")
            found.append(known)
        except InvestIQError as error:
            failures[each.symbol if isinstance(each, Bars) else each] = str(error)
            first = first or error
    if not found:
        raise first or DataError(f"the universe {name} holds no daily bars; pass symbols, bars or a panel")
    return Universe(name=name, groups=_grouped(found), failures=failures, notes=notes)


def loaded_symbols(group: str = ALL) -> list[str]:
    """Return the symbols whose daily bars are there without a network, of one group or of all.

    Examples
    --------
    >>> loaded_symbols("sample indices")
    ['^GSPC', '^IXIC']
    """
    if group != ALL and group not in GROUPS:
        known = (ALL, *GROUPS)
        raise DataError(f"there is no group {group!r}{near_matches(group, known)}; known are {', '.join(known)}")
    stored = [key.symbol for key in open_store().keys("bars") if key.interval == "1d" and key.symbol not in HOMES]
    homes = {
        **{symbol: _local_group(symbol) for symbol in HOMES},
        **dict.fromkeys(stored, "stored series"),
    }
    return [symbol for symbol, home in homes.items() if group in (ALL, home)]


def _local_group(symbol: str) -> str:
    if HOMES[symbol] == "sample":
        return "sample indices"
    return "synthetic companies" if sector_of(symbol) else "synthetic indices"


def sector_of(symbol: str) -> str:
    """Return the sector under which a synthetic share is listed, empty where there is none.

    Examples
    --------
    >>> sector_of("SYN001"), sector_of("SYN-MKT"), sector_of("^GSPC")
    ('SYN-TECH', '', '')
    """
    return SYMBOLS.get(symbol, "").partition(", sector ")[2]


def group_name(bars: Bars) -> str:
    """Return the kind of series that `bars` are: kinds are never measured together."""
    match bars.passport.provenance:
        case "sample":
            return "sample indices"
        case "synthetic":
            return "synthetic indices" if bars.passport.currency == "index points" else "synthetic companies"
        case "file":
            return _FILES
        case _:
            return "stored series"


def benchmark_of(group: str, as_of: When | None) -> tuple[Bars | None, str]:
    """Return what stands for the market of a group, or None with the reason."""
    symbol = next((name for kind, name in _BENCHMARKS.items() if group.startswith(kind)), None)
    if symbol is None:
        return None, "the bars are of files, which do not say their market; pass benchmark="
    try:
        bars = _stored(symbol, open_store()) if symbol not in HOMES else load_bars(symbol)
    except InvestIQError as error:
        return None, f"{error}; pass benchmark="
    bars = bars if as_of is None else bars.until(as_of)
    return (bars, "") if len(bars) else (None, f"no bar of {symbol} was known at {as_of}")


def _members(universe: Surveyed, as_of: When | None) -> tuple[str, list[str | Bars], tuple[Note, ...]]:
    members: list[str | Bars]
    name = ""
    notes: tuple[Note, ...] = ()
    if universe is None or (isinstance(universe, str) and universe in (ALL, *GROUPS)):
        name = universe or ALL
        members = list(loaded_symbols(name))
    elif isinstance(universe, str) and is_universe(universe):
        known = load_universe(universe, as_of)
        name, members, notes = known.name, list(known), known.notes
    else:
        members = [universe] if isinstance(universe, str) else list(universe)
    for each in members:
        if not isinstance(each, str | Bars):
            raise DataError(f"a universe holds symbols or Bars, one was {each!r}; load bars with iq.load_bars first")
        if isinstance(each, Bars) and (each.interval != "1d" or each.basis != "raw"):
            raise DataError(
                f"{each.symbol}: an overview takes daily bars as traded, these are {each.basis} of {each.interval}; "
                "pass them before adjusted() or resampled()"
            )
    symbols = [each.symbol if isinstance(each, Bars) else each for each in members]
    if twice := sorted({each for each in symbols if symbols.count(each) > 1}):
        raise DataError(f"{', '.join(twice)} stand(s) in the universe more than once; pass each symbol once")
    if not members:
        raise DataError(f"the universe {name or 'passed'} has no members; pass symbols, bars or a panel")
    return name or (symbols[0] if len(symbols) == 1 else f"{len(symbols):,} symbols"), members, tuple(notes)


def _offline(symbol: str, store: Store) -> Bars:
    if symbol in HOMES:
        return load_bars(symbol)
    if any(key.symbol == symbol for key in _keys(store)):
        return _stored(symbol, store)
    return load_bars(symbol)


def _stored(symbol: str, store: Store) -> Bars:
    keys = [key for key in _keys(store) if key.symbol == symbol]
    if not keys:
        raise DataError(f"no daily bars of {symbol} are stored; load them once with iq.load_bars({symbol!r})")
    # Of several providers the one that reaches furthest.
    return store.bars(max(keys, key=lambda key: store.facts(key)["last"]))


def _keys(store: Store) -> list[SeriesKey]:
    return [key for key in store.keys("bars") if key.interval == "1d"]


def _grouped(found: list[Bars]) -> dict[str, list[Bars]]:
    """Return the bars by kind; a kind that spans markets with other sessions is one group a market."""
    groups: dict[str, list[Bars]] = {}
    for bars in found:
        name, number = group_name(bars), 1
        key = name
        while key in groups and not is_one_market(groups[key][0], bars):
            number += 1
            key = f"{name}, {bars.passport.calendar}" if number == 2 else f"{name}, {bars.passport.calendar} {number}"
        groups.setdefault(key, []).append(bars)
    ordered = sorted(groups, key=lambda each: (groups[each][0].passport.provenance == "synthetic", -len(groups[each])))
    return {each: groups[each] for each in ordered}
