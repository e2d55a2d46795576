"""Which symbols there are: a search by ticker or name, and listings with the names that died."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from investiq.core.errors import DataError
from investiq.market.answers import insist
from investiq.market.contract import Dataset, Request
from investiq.market.instruments import bundled, ticker_changes, ticker_now
from investiq.market.routing import ask, chain
from investiq.market.vendors import sample, synthetic
from investiq.runtime import offline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOCAL", "list_tickers", "search_symbols"]

LOCAL: Final = "local"
# The most that a search returns: what does not stand there calls for a longer query.
MOST: Final = 50
ListingStatus = Literal["all", "listed", "delisted"]

_DAYS: Final = ("listed_at", "delisted_at")
_COLUMNS: Final = ("symbol", "name", "exchange", "type", "currency", "is_active", "source")
# How a row matches, the best first.
_MATCHES: Final = ("ticker", "former ticker", "ticker begins so", "name begins so", "word of the name", "in the name")


class _Row(NamedTuple):
    symbol: str
    name: str
    exchange: str
    type: str
    currency: str
    is_active: bool | None
    source: str


def search_symbols(query: str, limit: int = 20, *, provider: str | None = None) -> pd.DataFrame:
    """Return the symbols that a query may mean, the likeliest first.

    The local table holds the sample, the synthetic shares, what is in the store
    and the members of the bundled universes. With a vendor's key, and unless
    ``INVESTIQ_OFFLINE`` is set, the vendor is searched too.

    Parameters
    ----------
    query : str
        A ticker, a former ticker, or part of a name; case does not matter.
    limit : int, default 20
        Most rows, up to 50.
    provider : str, optional
        ``"local"`` for the local table alone, or one vendor to search beside it.

    Returns
    -------
    DataFrame
        Columns symbol, name, exchange, type, currency, is_active (missing where
        unknown), source (``"sample"``, ``"synthetic"``, ``"store"``, ``"bundled"``
        or a vendor; what is bundled has a name here and no data), match.
        Ranked: exact ticker, former ticker, ticker that begins so, name that
        begins so, word of a name, part of a name. No rows: nothing matches.

    Raises
    ------
    DataError
        If the query is empty or the limit is not in 1 to 50.
    VendorError
        If the vendor could not be searched: a failure is not "nothing found".

    Examples
    --------
    >>> search_symbols("nasdaq", provider="local")[["symbol", "match"]].iloc[0].tolist()
    ['^IXIC', 'name begins so']
    >>> search_symbols("FB", provider="local")[["symbol", "match"]].iloc[0].tolist()
    ['META', 'former ticker']
    """
    import pandas as pd

    wanted = query.strip()
    if not wanted:
        raise DataError("the query is empty; write a ticker or a part of a name")
    if not 1 <= limit <= MOST:
        raise DataError(f"limit must lie in 1 to {MOST}, was {limit}; a longer query finds fewer")
    found: dict[str, tuple[int, _Row]] = {}
    for row in _local():
        if (rank := _rank(wanted, row)) is not None:
            found.setdefault(row.symbol, (rank, row))
    if _asks_vendor("search", provider):
        answer = ask(Request.of("search", wanted, limit=limit), provider)
        insist(answer, 'for the local table alone pass provider="local"', may_be_empty=True)
        for row in _received(answer.table, answer.provider):
            rank = _rank(wanted, row)
            before = found.get(row.symbol)
            # A vendor knows more of a symbol than the bundled name; what it found by other means stands last.
            if before is None or before[1].source == "bundled":
                found[row.symbol] = (len(_MATCHES) if rank is None else rank, row)
    ranked = sorted(found.values(), key=lambda each: (each[0], len(each[1].symbol), each[1].symbol))[:limit]
    table = pd.DataFrame([row for _, row in ranked], columns=list(_COLUMNS))
    matches = [(*_MATCHES, "by the vendor")[rank] for rank, _ in ranked]
    return _typed(table).assign(match=pd.Series(matches, index=table.index, dtype="str"))


def list_tickers(
    status: ListingStatus = "all", *, type: str | None = None, provider: str | None = None
) -> pd.DataFrame:
    """Return every ticker that a vendor lists, with those that died.

    A training set of today's names alone holds survivors only, so both are
    returned unless you choose.

    Parameters
    ----------
    status : {"all", "listed", "delisted"}
        Where the source does not tell, a ticker is in ``"all"`` only.
    type : str, optional
        One type of instrument in the source's own words, such as ``"CS"``.
        Share classes (``BRK.B``) are shares as others and are kept.
    provider : str, optional
        A vendor, or ``"local"``: the sample, the synthetic shares, the store
        and the bundled names. By default the configured vendors, else local.

    Returns
    -------
    DataFrame
        As `search_symbols` returns, with listed_at and delisted_at (NaT where the
        source does not tell) instead of match; sorted by symbol.

    Raises
    ------
    DataError
        If `status` or `type` is unknown.
    VendorError
        If the vendor gave no listing or only a part of one.

    Examples
    --------
    >>> dead = list_tickers("delisted", provider="local")
    >>> len(dead), dead["symbol"].iloc[0], str(dead["delisted_at"].iloc[0].date())
    (16, 'SYN225', '2011-04-26')
    """
    import pandas as pd

    if status not in ("all", "listed", "delisted"):
        raise DataError(f"status must be 'all', 'listed' or 'delisted', was {status!r}")
    if _asks_vendor("listing", provider):
        answer = insist(ask(Request.of("listing"), provider), 'for what is known here pass provider="local"')
        # A ticker that was given to another share stands there twice, with its dates.
        table = _typed(pd.DataFrame(_received(answer.table, answer.provider), columns=list(_COLUMNS)))
        days = {name: answer.table.get(name, pd.Series(dtype=object)) for name in _DAYS}
    else:
        known: dict[str, _Row] = {}
        for row in _local():
            known.setdefault(row.symbol, row)
        table = _typed(pd.DataFrame(known.values(), columns=list(_COLUMNS)))
        told = synthetic.Synthetic().fetch(Request.of("listing")).table.set_index("symbol")
        days = {name: table["symbol"].map(told[name]) for name in _DAYS}
    table = table.assign(
        **{name: each.reindex(table.index).astype("datetime64[us, UTC]") for name, each in days.items()}
    )
    if type is not None:
        types = sorted(table["type"].dropna().unique())
        if type not in types:
            raise DataError(f"no ticker is of type {type!r}; types there are {', '.join(types)}")
        table = table[table["type"] == type]
    if status != "all":
        table = table[table["is_active"].fillna(status == "delisted") == (status == "listed")]
    return table.sort_values("symbol", ignore_index=True)


def _asks_vendor(dataset: Dataset, provider: str | None) -> bool:
    """Return whether a vendor is asked: the one named, else those configured for the dataset, and none offline."""
    if provider == LOCAL:
        return False
    if provider is not None:
        return True
    return not offline.is_requested() and any(dataset in each.capabilities.datasets for each in chain())


def _local() -> Iterator[_Row]:
    """Yield what is known here; where a symbol comes twice, the first can be loaded."""
    for symbol, name in (*sample.BAR_SYMBOLS.items(), *sample.RECORD_NAMES.items()):
        kind = "INDEX" if symbol.startswith("^") else "SERIES"
        yield _Row(symbol, name, "", kind, "", True, "sample")
    for symbol, name in synthetic.SYMBOLS.items():
        life = synthetic.life_of(symbol)
        kind = "INDEX" if "-" in symbol else "CS"
        yield _Row(symbol, name, "synthetic", kind, "USD", life is None or life.ending == "listed", "synthetic")
    names = bundled()
    for symbol in _stored():
        told = names.get(symbol)
        yield _Row(symbol, told.name if told else "", "", told.type if told else "", "", None, "store")
    for each in names.values():
        yield _Row(each.symbol, each.name, each.exchange, each.type, each.currency, None, "bundled")
    for change in ticker_changes():
        if ticker_now(change.new) == change.new:
            yield _Row(change.new, change.company, "", "CS", "USD", None, "bundled")


def _stored() -> list[str]:
    from investiq.market.store import open_store

    return sorted({key.symbol for key in open_store().keys(dataset="bars")})


def _received(table: pd.DataFrame, provider: str) -> Iterator[_Row]:
    words = {"true": True, "false": False}

    def said(row: Mapping[Hashable, Any], name: str) -> str:
        value = row.get(name)
        return value if isinstance(value, str) else ""

    for row in table.to_dict("records"):
        symbol, name, exchange, kind, currency = (said(row, each) for each in _COLUMNS[:5])
        yield _Row(symbol, name, exchange, kind, currency, words.get(said(row, "is_active")), provider)


def _rank(query: str, row: _Row) -> int | None:
    """Return how well a row fits, 0 the best; None where it does not."""
    word, symbol, name = query.casefold(), row.symbol.casefold(), row.name.casefold()
    bare = symbol.lstrip("^")
    tests = (
        word in (symbol, bare),
        any(each.old.casefold() == word and ticker_now(each.new) == row.symbol for each in ticker_changes()),
        symbol.startswith(word) or bare.startswith(word),
        name.startswith(word),
        word in name.split(),
        word in name,
    )
    return tests.index(True) if True in tests else None


def _typed(table: pd.DataFrame) -> pd.DataFrame:

    texts = {name: table[name].astype("str").mask(table[name] == "") for name in _COLUMNS if name != "is_active"}
    return table.assign(**texts, is_active=table["is_active"].astype("boolean"))
