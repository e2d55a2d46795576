"""Everything about a symbol that its provider has, in one history: what is missing is named with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from investiq.core.errors import ConfigError, InvestIQError, NotEntitledError, RateLimitedError, UnknownSymbolError
from investiq.core.notes import Note
from investiq.engines.joining import ROLES
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.instants import When
from investiq.history.records import Records
from investiq.market import bundled
from investiq.market.loading import Provider, load_bars
from investiq.market.record_loading import RECORD_KINDS, RecordKind, load_records
from investiq.market.routing import vendor
from investiq.market.vendors import sample
from investiq.runtime.progress import progress

__all__ = ["Gathered", "gather"]

# What stands for the market where a provider serves the symbol; the first is enough.
_MARKETS: Final[Mapping[str, tuple[str, ...]]] = {
    "sample": ("^GSPC",),
    "synthetic": ("SYN-MKT",),
    "vendor": ("SPY",),
    "file": (),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """A history with what could not be had for it.

    Attributes
    ----------
    history : History
    notes : tuple of Note
        One per reason, naming all that it keeps out.
    """

    history: History
    notes: tuple[Note, ...]


def gather(data: str | Bars, *, provider: Provider | None = None, as_of: When | None = None) -> Gathered:
    """Return the bars of a symbol with its benchmark, the series that play a role, and every kind of records.

    Only the bars themselves must be there. Everything else is taken where it can be
    had; what a provider does not serve, is not configured for or failed to deliver
    becomes a note with the reason.

    Parameters
    ----------
    data : str or Bars
        A symbol, or its bars as loaded, which are kept as they are.
    provider : str, optional
        As in `load_bars`, for the bars and the records of the symbol.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge at which everything is cut.

    Raises
    ------
    UnknownSymbolError, VendorError
        If there are no bars of the symbol.

    Examples
    --------
    >>> found = gather("^IXIC")
    >>> found.history.benchmark, sorted(found.history.series), [note.code for note in found.notes]
    ('^GSPC', ['^GSPC', '^IXIC'], ['not_gathered'])
    """
    main = load_bars(data, provider=provider) if isinstance(data, str) else data
    missing: dict[str, list[str]] = {}
    series, benchmark = _series(main, missing)
    records = _records(main, provider, as_of, missing)
    history = History.of(main, *series, benchmark=benchmark, records=records)
    notes = tuple(
        Note(code="not_gathered", text=f"not in the history: {', '.join(names)} ({reason})", severity="info")
        for reason, names in missing.items()
    )
    return Gathered(history=history if as_of is None else history.until(as_of), notes=notes)


def _series(main: Bars, missing: dict[str, list[str]]) -> tuple[list[Bars], Bars | None]:
    """Return the series that play a role, and the benchmark."""
    source = main.passport.provenance
    if source == "file":
        _miss(missing, "other series", "the bars are of a file, and a provider does not know what they are")
        return [], None
    if main.interval != "1d":
        _miss(missing, "other series", f"they are daily, the bars are of {main.interval}")
        return [], None
    wanted = [*_MARKETS[source], *_roles(source)]
    found = {main.symbol: main}
    with progress(len(wanted), f"gathering series for {main.symbol}") as advance:
        for name in wanted:
            if name not in found:
                _try(name, lambda name=name: found.update({name: load_bars(name)}), missing)  # type: ignore[misc]
            advance()
    market = next((found[name] for name in _MARKETS[source] if name in found and name != main.symbol), None)
    others = [bars for name, bars in found.items() if name != main.symbol and bars is not market]
    return others, market


def _roles(source: str) -> list[str]:
    """Return the symbols that play a role, of the same origin: invented shares never meet real series."""
    if source in ("sample", "synthetic"):
        return [name for names in ROLES.values() for name in names if bundled.HOMES.get(name) == source]
    return [names[0] for names in ROLES.values() if names]


def _records(main: Bars, provider: Provider | None, as_of: When | None, missing: dict[str, list[str]]) -> list[Records]:
    source = main.passport.provenance
    if source == "file":
        _miss(missing, "records", "the bars are of a file; pass a History that holds your own")
        return []
    if source == "sample":
        _miss(missing, "records of a company", "the sample holds indices, which have none")
        return [load_records(name) for name in sample.RECORD_NAMES]
    found: list[Records] = []
    with progress(len(RECORD_KINDS), f"gathering records of {main.symbol}") as advance:
        for kind in RECORD_KINDS:
            if reason := _not_served(kind, main, provider):
                _miss(missing, kind, reason)
            else:
                _try(kind, lambda kind=kind: found.append(_load(main, kind, provider, as_of)), missing)  # type: ignore[misc]
            advance()
    for each in [each for each in found if not len(each)]:
        found.remove(each)
        _miss(missing, each.kind, next((note.text for note in each.notes), "the provider has none"))
    return found


def _load(main: Bars, kind: RecordKind, provider: Provider | None, as_of: When | None) -> Records:
    # Invented news reach back as far as the bars; a vendor's are those of a year.
    is_local = main.passport.provenance == "synthetic"
    since = main.ts[0] if kind == "news" and is_local and len(main) else None
    chosen: Provider | None = "synthetic" if is_local else provider
    return load_records(main.symbol, kind, provider=chosen, start=since, as_of=as_of)


def _not_served(kind: RecordKind, main: Bars, provider: Provider | None) -> str:
    """Return why the one provider that is asked cannot have these records, or an empty text."""
    name = "synthetic" if main.passport.provenance == "synthetic" else provider
    if name is None:
        return ""
    served = vendor(name).capabilities.datasets
    return "" if kind in served else f"{name} does not serve them"


def _try(name: str, load: Callable[[], object], missing: dict[str, list[str]]) -> None:
    try:
        load()
    except InvestIQError as error:
        _miss(missing, name, f"{_status(error)}: {error}")


def _status(error: InvestIQError) -> str:
    match error:
        case RateLimitedError():
            return "rate limited"
        case NotEntitledError():
            return "not entitled"
        case ConfigError():
            return "not configured"
        case UnknownSymbolError():
            return "not served"
        case _:
            return "failed"


def _miss(missing: dict[str, list[str]], name: str, reason: str) -> None:
    missing.setdefault(reason, []).append(name)
