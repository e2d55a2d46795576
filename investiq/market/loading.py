"""The loaders: one call from a symbol to bars or records with their origin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

from investiq.core.errors import DataError
from investiq.core.types import Interval, Session, parse_interval
from investiq.history.bars import Bars
from investiq.history.instants import When
from investiq.history.panel import Panel
from investiq.market import bundled
from investiq.market.building import recheck
from investiq.market.caching import Cache
from investiq.market.coverage import Wanted
from investiq.market.freshness import next_due
from investiq.market.refusing import as_error
from investiq.market.series import SeriesKey
from investiq.market.serving import cache_entry, generation_of, recorded_key, refuse_without_vendor, wanted_bars
from investiq.market.store import Store, open_store
from investiq.market.updating import Update, actions_missing, update
from investiq.runtime import clock

__all__ = ["Provider", "load_bars", "load_panel"]

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
        Sample and synthetic series are daily.
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
    if _is_bundled(symbol, provider):
        return bundled.load(symbol, start, end, provider=provider, interval=wanted.interval, as_of=as_of)
    store = open_store()
    if recorded_by is not None:
        return store.bars(recorded_key(wanted, store), start=start, end=end, as_of=as_of, recorded_by=recorded_by)
    refuse_without_vendor(wanted, store)
    done = update(wanted, store)
    return _read_bars(done, wanted, store, start, end, as_of)


def load_panel(
    symbols: Sequence[str],
    start: When | None = None,
    end: When | None = None,
    *,
    provider: Provider | None = None,
    interval: Interval = "1d",
    as_of: When | None = None,
    recorded_by: When | None = None,
    session: Session = "regular",
) -> Panel:
    """Return the bars of several symbols, aligned on the union of their labels.

    Many symbols of a vendor are quicker after `fetch`, which asks for all of
    them at once.

    Parameters
    ----------
    symbols : sequence of str
        Each once.
    start, end, provider, interval, as_of, recorded_by, session
        As in `load_bars`.

    Raises
    ------
    DataError
        If a symbol cannot be loaded: a panel without it would be another panel.

    Examples
    --------
    >>> load_panel(["SYN001", "SYN002"], start="2019").close.shape
    (2, 252)
    """
    if isinstance(symbols, str):
        raise DataError(f"symbols must be a list of symbols, was the text {symbols!r}; write [{symbols!r}]")
    terms = {"as_of": as_of, "recorded_by": recorded_by}
    if not symbols or any(_is_bundled(each, provider) for each in symbols):
        return Panel.of(
            [
                load_bars(each, start, end, provider=provider, interval=interval, session=session, **terms)
                for each in symbols
            ]
        )
    store = open_store()
    keys = [
        _key_of(wanted_bars(each, start, end, provider, parse_interval(interval), as_of, session), store, recorded_by)
        for each in symbols
    ]
    return store.panel(keys, start=start, end=end, **terms)


def _is_bundled(symbol: str, provider: str | None) -> bool:
    return provider in _LOCAL or (provider is None and symbol in bundled.HOMES)


def _key_of(wanted: Wanted, store: Store, recorded_by: When | None) -> SeriesKey:
    if recorded_by is not None:
        return recorded_key(wanted, store)
    refuse_without_vendor(wanted, store)
    done = update(wanted, store)
    if done.key is None:
        raise as_error(done)
    return done.key


def _read_bars(
    done: Update, wanted: Wanted, store: Store, start: When | None, end: When | None, as_of: When | None
) -> Bars:
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
