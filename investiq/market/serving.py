"""What all loaders share: what is wanted, which stored series serves, and what a cached entry is made of."""

from __future__ import annotations

from typing import get_args

from investiq.core.errors import DataError, UnknownSymbolError
from investiq.core.types import Interval, Session
from investiq.history.instants import When, instant
from investiq.market import bundled
from investiq.market.caching import CacheKey
from investiq.market.coverage import Wanted, held_series
from investiq.market.refusing import nothing_stored, without_vendor
from investiq.market.routing import chain
from investiq.market.series import SeriesKey
from investiq.market.store import Store
from investiq.runtime.settings import vendor_name

__all__ = ["cache_entry", "generation_of", "recorded_key", "refuse_without_vendor", "wanted_bars"]


def wanted_bars(
    symbol: str,
    start: When | None,
    end: When | None,
    provider: str | None,
    interval: Interval,
    as_of: When | None,
    session: Session,
) -> Wanted:
    """Return what is wanted of a symbol's bars, or refuse a range or session that makes no sense."""
    if session not in get_args(Session):
        raise DataError(f"session must be 'regular' or 'extended', was {session!r}")
    if session == "extended" and interval in ("1d", "1w", "1mo"):
        raise DataError(f"{interval} bars have no extended session; ask for it with an intraday interval")
    low = None if start is None else instant(start, day_ends=False)
    high = None if end is None else instant(end)
    if low is not None and high is not None and low > high:
        raise DataError(f"{symbol}: start {start} lies after end {end}; exchange them")
    return Wanted(
        dataset="bars",
        symbol=symbol,
        start=low,
        end=high,
        interval=interval,
        session=session,
        provider=None if provider is None else vendor_name(provider),
        as_of=None if as_of is None else instant(as_of),
    )


def refuse_without_vendor(wanted: Wanted, store: Store) -> None:
    """Refuse what nobody can be asked for and nothing is stored of."""
    if wanted.provider is not None or chain() or held_series(wanted, store):
        return
    if wanted.dataset == "bars":
        bundled.served(wanted.symbol, None, without_vendor(store))
    raise UnknownSymbolError(f"no {wanted.dataset} of {wanted.symbol!r} are stored{without_vendor(store)}")


def recorded_key(wanted: Wanted, store: Store) -> SeriesKey:
    """Return the stored series that a reading of an earlier recording is about."""
    providers = () if wanted.provider else tuple(each.name for each in chain())
    held = held_series(wanted, store, providers) or held_series(wanted, store)
    if not held:
        raise nothing_stored(wanted, store)
    return held[0].key


def generation_of(key: SeriesKey, store: Store) -> str:
    """Return which store holds a series and when it, with the actions behind bars, was last recorded: else it is another thing."""
    keys = (key, key.actions) if key.dataset == "bars" else (key,)
    return " ".join([str(store.root), *(store.facts(each)["recorded_at"] for each in keys if each in store)])


def cache_entry(key: SeriesKey, wanted: Wanted, generation: str) -> CacheKey:
    """Return the key under which a reading is kept in memory."""
    return CacheKey(
        key.dataset, key.provider, key.feed, key.symbol, key.interval, wanted.start, wanted.end, key.session,
        wanted.as_of, None, generation,
    )  # fmt: skip
