"""`data_overview`: every series that is there without a network, with coverage, quality, freshness and origin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from investiq.core.errors import DataError, InvestIQError, UnknownSymbolError, near_matches
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.instants import When, instant
from investiq.market.bundled import HOMES
from investiq.market.data_reading import Opened, described, opened
from investiq.market.data_survey import DataOverview
from investiq.market.series import SeriesKey
from investiq.market.store import Store, open_store
from investiq.market.universes import is_universe, load_universe
from investiq.market.vendors import sample, synthetic
from investiq.runtime import clock

__all__ = ["LISTED", "SCOPES", "DataOverview", "data_overview"]

SCOPES: Final = ("all", "sample", "synthetic", "stored")
# Of the invented shares a few stand for all: they are made from one generator, one of them ended early.
LISTED: Final = ("SYN-MKT", "SYN001", "SYN002", "SYN003", "SYN225")

_Wanted = str | Bars | SeriesKey


def data_overview(
    symbols: str | Bars | Iterable[str | Bars] | None = None, *, as_of: When | None = None
) -> DataOverview:
    """Return what data are there, how complete they are, what is wrong with them and where they come from.

    Nothing is fetched.

    Parameters
    ----------
    symbols : str, Bars, or iterable of these, optional
        ``"all"`` (the default): every series of the sample and of the store,
        and five of the invented ones; ``"sample"``, ``"synthetic"`` or
        ``"stored"`` alone; a name of `list_universes`; a symbol, of which every
        stored series is listed; or bars.
    as_of : str, date, datetime or datetime64, optional
        Time of knowledge: only rows with ``known_at <= as_of`` count, and a
        series is fresh if it had the bar that was due then. By default all
        rows; freshness is then judged now if stored series are among them,
        else at the newest row, since what ships with the installation never
        goes on.

    Returns
    -------
    DataOverview
        Sessions are those of the exchange's calendar from the first bar of a
        series to its last; that newer ones are absent is told by its freshness.
        What could not be read is in `failures`.

    Raises
    ------
    UnknownSymbolError
        If not one of the symbols is there.
    DataError
        If nothing was known at `as_of`, or a symbol is passed twice.

    Examples
    --------
    >>> import investiq as iq
    >>> overview = iq.data_overview(["^GSPC", "^IXIC"], as_of="2018-06-29")
    >>> series = overview.of("^GSPC")
    >>> len(series.data), series.missing.size, series.verdict, series.freshness
    (4905, 0, 'caution', 'fresh')
    """
    store = open_store()
    name, wanted, failures, notes = _wanted(symbols, as_of, store)
    found: list[Opened] = []
    first: InvestIQError | None = None
    for each in wanted:
        try:
            found.append(opened(each, store, as_of))
        except InvestIQError as error:
            failures[_name_of(each)] = str(error)
            first = first or error
    if not found:
        raise first or _nothing(failures, name, store)
    moment = _moment(found, as_of)
    series = tuple(described(each, label, moment) for each, label in zip(found, _names(found), strict=True))
    return DataOverview(scope=name, as_of=moment, series=series, failures=failures, notes=(*notes, *_failed(failures)))


def _wanted(
    symbols: str | Bars | Iterable[str | Bars] | None, as_of: When | None, store: Store
) -> tuple[str, list[_Wanted], dict[str, str], tuple[Note, ...]]:
    """Return the name of what is wanted, its series, the symbols that are not there, and notes."""
    if symbols is None or (isinstance(symbols, str) and symbols in SCOPES):
        scope = "all" if symbols is None else symbols
        return scope, _scope(scope, store), {}, _listed(scope)
    notes: tuple[Note, ...] = ()
    if isinstance(symbols, str) and is_universe(symbols):
        universe = load_universe(symbols, as_of)
        title, asked, notes = universe.name, list[str | Bars](universe), universe.notes
    else:
        asked = [symbols] if isinstance(symbols, str | Bars) else list(symbols)
        title = _name_of(asked[0]) if len(asked) == 1 else f"{len(asked):,} symbols"
    if not asked:
        raise DataError(f"no symbol was passed; pass symbols, bars, or one of {', '.join(SCOPES)}")
    names = [_name_of(each) for each in asked]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"{', '.join(twice)} was passed more than once; pass each symbol once")
    held = _held(store)
    wanted: list[_Wanted] = []
    failures: dict[str, str] = {}
    for each in asked:
        there: list[_Wanted] = [each] if isinstance(each, Bars) else _series_of(each, held)
        wanted += there
        if not there:
            failures[_name_of(each)] = f"no series of {_name_of(each)} is there{_near(_name_of(each), held)}"
    return title, wanted, failures, notes


def _scope(scope: str, store: Store) -> list[_Wanted]:
    parts: dict[str, list[_Wanted]] = {
        "sample": [*sample.BAR_SYMBOLS, *sample.RECORD_NAMES],
        "synthetic": list(LISTED),
        "stored": list(store.keys()),
    }
    return [each for name, part in parts.items() if scope in ("all", name) for each in part]


def _held(store: Store) -> Mapping[str, list[SeriesKey]]:
    held: dict[str, list[SeriesKey]] = {}
    for key in store:
        held.setdefault(key.symbol, []).append(key)
    return held


def _series_of(symbol: str, held: Mapping[str, list[SeriesKey]]) -> list[_Wanted]:
    own: list[_Wanted] = [symbol] if symbol in HOMES or symbol in sample.RECORD_NAMES else []
    return [*own, *held.get(symbol, [])]


def _near(symbol: str, held: Mapping[str, list[SeriesKey]]) -> str:
    return near_matches(symbol, [*HOMES, *sample.RECORD_NAMES, *held])


def _listed(scope: str) -> tuple[Note, ...]:
    if scope not in ("all", "synthetic"):
        return ()
    text = (
        f"{len(LISTED)} of {len(synthetic.SYMBOLS)} invented series are listed, as one generator makes them all; "
        "name others to see them"
    )
    return (Note(code="synthetic_listed", text=text, severity="info"),)


def _name_of(each: _Wanted) -> str:
    if isinstance(each, str):
        return each
    return each.symbol if isinstance(each, Bars) else str(each.path)


def _names(found: list[Opened]) -> list[str]:
    """Return a name for each: its symbol, and what tells it apart where others share that."""
    seen = Counter(each.symbol for each in found)
    names = []
    for each in found:
        form = each.data.interval if isinstance(each.data, Bars) else each.kind
        parts = [each.symbol, each.provider, each.feed, form]
        names.append(each.symbol if seen[each.symbol] == 1 else " ".join(part for part in parts if part))
    # Bars of one feed, interval and provider differ by their hours alone.
    again = Counter(names)
    return [
        f"{name} {each.data.passport.session}" if again[name] > 1 and isinstance(each.data, Bars) else name
        for name, each in zip(names, found, strict=True)
    ]


def _moment(found: list[Opened], as_of: When | None) -> datetime:
    if as_of is not None:
        return _aware(as_of)
    if any(each.is_stored for each in found):
        return clock.now()
    return max(_newest(each) for each in found)


def _newest(found: Opened) -> datetime:
    data = found.data
    if isinstance(data, Bars):
        return _aware(data.known_at[-1])
    newest: datetime = data.frame["known_at"].max().to_pydatetime()
    return newest


def _aware(when: When) -> datetime:
    plain: datetime = instant(when).astype("datetime64[us]").item()
    return plain.replace(tzinfo=UTC)


def _failed(failures: Mapping[str, str]) -> tuple[Note, ...]:
    if not failures:
        return ()
    shown = "; ".join(f"{name}: {reason}" for name, reason in list(failures.items())[:3])
    more = f"; and {len(failures) - 3:,} more" if len(failures) > 3 else ""
    return (Note(code="not_there", text=f"{len(failures):,} could not be shown: {shown}{more}", rows=len(failures)),)


def _nothing(failures: Mapping[str, str], name: str, store: Store) -> InvestIQError:
    if failures:
        reasons = "; ".join(list(failures.values())[:3])
        return UnknownSymbolError(f"{reasons}; iq.list_symbols() lists what is there, iq.fetch stores more")
    return DataError(f"nothing is there under {name!r}: the store at {store.root} is empty; iq.fetch fills it")
