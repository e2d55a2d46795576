"""The loaders: one call from a symbol to bars or records with their origin."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from investiq.core.types import Interval, Session, parse_interval
from investiq.history.bars import Bars
from investiq.history.instants import When
from investiq.market import bundled
from investiq.market.building import recheck
from investiq.market.caching import Cache
from investiq.market.coverage import Wanted
from investiq.market.freshness import next_due
from investiq.market.refusing import as_error
from investiq.market.serving import cache_entry, generation_of, recorded_key, refuse_without_vendor, wanted_bars
from investiq.market.store import Store, open_store
from investiq.market.updating import Update, actions_missing, update
from investiq.runtime import clock

__all__ = ["Provider", "is_bundled", "load_bars", "updated_bars"]

Provider = Literal["sample", "synthetic", "massive", "alpaca", "alphavantage", "twelvedata", "finnhub", "yfinance"]
_LOCAL: Final = ("sample", "synthetic")
_BARS: Final = Cache[Bars](size=256)


def load_bars(
    symbol: str,
    start: When | None = None,
    end: When | None = None,
    *,
    provider: Provider | None = None,
    interval: Interval = "1d",
    as_of: When | None = None,
    recorded_by: When | None = None,
    session: Session = "regular",
) -> Bars:
    """Return the bars of `symbol` in [start, end], as traded, with their passport.

    Offline and without keys: real index series of the sample and invented,
    watermarked shares (see `list_symbols`). With the key of a vendor, any symbol
    that it serves: what is stored and fresh is read from the store, the rest is
    fetched, stored and read back. For your own file use `read_bars`.

    Parameters
    ----------
    symbol : str
        Such as ``"^GSPC"``, ``"SYN001"`` or ``"AAPL"``.
    start, end : str, date, datetime or datetime64, optional
        First and last label, both inclusive; ``"2014"`` and ``"2014-03"`` name
        whole periods. Without a start as far back as the provider goes.
    provider : str, optional
        By default the one whose symbol it is (sample, synthetic), else the
        first vendor of the chain that has the whole series (docs/settings.md).
    interval : str, default "1d"
        Sample series are daily; synthetic ones also ``"5min"``, the last 60 sessions.
    as_of : str, date, datetime or datetime64, optional
        A time of knowledge: only bars complete by then. By default all.
    recorded_by : str, date, datetime or datetime64, optional
        Read what the store held at that moment, corrections after it left out;
        nothing is fetched. Series that ship with the installation never change.
    session : {"regular", "extended"}
        Of intraday bars: with the hours before and after the session or without.

    Returns
    -------
    Bars
        Loaded once in a process: a second call returns the same arrays. What
        could not be had (newest bars, corporate actions, an earlier start) is a
        note of the passport.

    Raises
    ------
    UnknownSymbolError
        If no provider serves `symbol`.
    StaleDataError
        If `as_of` lies after the session that a series of the sample ends with.
    VendorError
        If every vendor that was asked failed and nothing is stored;
        `NotEntitledError` and `RateLimitedError` say which way.
    DataError
        If the range is reversed or holds no bar, or the interval is not served.

    Examples
    --------
    >>> bars = load_bars("^GSPC", start="2018-12")
    >>> len(bars), bars.passport.provider
    (19, 'sample')
    """
    wanted = wanted_bars(symbol, start, end, provider, parse_interval(interval), as_of, session)
    if is_bundled(symbol, provider):
        return bundled.load(symbol, start, end, provider=provider, interval=wanted.interval, as_of=as_of)
    store = open_store()
    if recorded_by is not None:
        return store.bars(recorded_key(wanted, store), start=start, end=end, as_of=as_of, recorded_by=recorded_by)
    refuse_without_vendor(wanted, store)
    done = update(wanted, store)
    return updated_bars(done, wanted, store, start, end, as_of)


def is_bundled(symbol: str, provider: str | None) -> bool:
    """Return whether a symbol comes with the installation, not from a vendor."""
    return provider in _LOCAL or (provider is None and symbol in bundled.HOMES)


def updated_bars(
    done: Update, wanted: Wanted, store: Store, start: When | None, end: When | None, as_of: When | None
) -> Bars:
    """Return the bars of a series that was brought up to date, with the cautions of that."""
    if done.key is None:
        raise as_error(done)
    facts = store.facts(done.key)
    notes = list(done.notes)
    if reason := facts.get("actions"):
        notes.append(actions_missing(wanted.symbol, done.key.provider, reason))
    entry = cache_entry(done.key, wanted, generation_of(done.key, store))
    if (found := _BARS.get(entry)) is None:
        found = store.bars(done.key, start=start, end=end, as_of=as_of)
        terms = {name: timedelta(minutes=float(facts.get(f"{name}_minutes", "0"))) for name in ("delay", "settle")}
        _BARS.put(entry, found, next_due(found.passport.calendar, found.interval, clock.now(), **terms))
    notes += bundled.range_clipped(found, start, None)
    return recheck(found, notes) if notes else found
