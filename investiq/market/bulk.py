"""Many series at once: threads over the one path that single loading takes, straight to disk, resumable."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from investiq.core.errors import ConfigError, DataError
from investiq.core.notes import Note
from investiq.core.types import Interval, Session, parse_interval
from investiq.history.instants import When
from investiq.market.contract import Dataset
from investiq.market.coverage import Wanted
from investiq.market.fetch_report import FetchLine, FetchReport
from investiq.market.ingesting import STORED
from investiq.market.record_loading import wanted_records
from investiq.market.routing import chain, no_vendor, vendor
from investiq.market.serving import wanted_bars
from investiq.market.store import open_store
from investiq.market.update_pool import CONCURRENCY, Orders, update_all
from investiq.market.updating import Update
from investiq.runtime.settings import VENDORS, vendor_name

__all__ = ["fetch", "fetch_async"]


@dataclass
class _Tally:
    """Lines so far, by position, and the articles seen: one that comes under several symbols is new once."""

    lines: dict[int, list[FetchLine]] = field(default_factory=dict)
    notes: Counter[Note] = field(default_factory=Counter)
    articles: set[int] = field(default_factory=set)

    def add(self, at: int, done: Update) -> None:
        fresh = {hash(each) for each in done.ids} - self.articles
        self.articles |= fresh
        line = FetchLine.of(done)
        if done.dataset == "news":
            line = dataclasses.replace(line, new=min(line.new, len(fresh)))
        self.lines[at] = [line] if done.actions is None else [line, FetchLine.of(done.actions)]
        self.notes.update(done.notes)


def fetch(
    symbols: Sequence[str],
    dataset: Dataset | Sequence[Dataset] = "bars",
    *,
    start: When | None = None,
    end: When | None = None,
    interval: Interval = "1d",
    session: Session = "regular",
    provider: str | None = None,
    concurrency: int = CONCURRENCY,
    limit: int | None = None,
    refresh: bool = False,
) -> FetchReport:
    """Fetch many series into the store, and report on each one.

    Each series takes the path of `load_bars` and `load_records`: the same
    adapters, the official clients among them, behind the same limiter, in
    threads that wait for replies together. What arrives goes to disk at once,
    so memory does not grow with the number of symbols. What is stored and fresh
    is not asked for again: after an interrupt, or on the next day, the same
    call goes on where it stopped.

    Works in a script and in a notebook, whose loop it does not touch; use
    `fetch_async` where the loop must go on.

    Parameters
    ----------
    symbols : sequence of str
    dataset : str or sequence of str, default "bars"
        ``"bars"``, ``"actions"``, ``"statements"``, ``"earnings"``, ``"news"``,
        ``"insiders"``, ``"short_interest"`` or ``"options"``. Bars come with
        their corporate actions.
    start, end, interval, session, provider
        As in `load_bars`.
    concurrency : int, default 100
        Most requests in flight; no more than the plan of the first vendor allows in a minute.
    limit : int, optional
        Most rows of a series of records, the newest first to be kept.
    refresh : bool, default False
        Ask for the whole range even where it is stored.

    Returns
    -------
    FetchReport
        One line per symbol and dataset: the failure of one hides no other.

    Raises
    ------
    ConfigError
        If no vendor is configured, or `concurrency` is not positive.
    DataError
        If a dataset is not stored, or the range is reversed.
    """
    orders = _orders(symbols, dataset, start, end, interval, session, provider, concurrency, limit, refresh)
    return _run(orders, threading.Event())


async def fetch_async(
    symbols: Sequence[str],
    dataset: Dataset | Sequence[Dataset] = "bars",
    *,
    start: When | None = None,
    end: When | None = None,
    interval: Interval = "1d",
    session: Session = "regular",
    provider: str | None = None,
    concurrency: int = CONCURRENCY,
    limit: int | None = None,
    refresh: bool = False,
) -> FetchReport:
    """Fetch many series into the store while the event loop goes on; arguments as in `fetch`.

    A cancelled task asks for nothing more; what is on its way is still stored.
    """
    orders = _orders(symbols, dataset, start, end, interval, session, provider, concurrency, limit, refresh)
    stop = threading.Event()
    try:
        return await asyncio.to_thread(_run, orders, stop)
    finally:
        stop.set()


def _orders(
    symbols: Sequence[str],
    dataset: Dataset | Sequence[Dataset],
    start: When | None,
    end: When | None,
    interval: Interval,
    session: Session,
    provider: str | None,
    concurrency: int,
    limit: int | None,
    refresh: bool,
) -> Orders:
    if isinstance(symbols, str):
        raise DataError(f"symbols must be a list of symbols, was the text {symbols!r}; write [{symbols!r}]")
    if concurrency < 1:
        raise ConfigError(f"concurrency must be at least 1 request, was {concurrency}")
    datasets: Sequence[Dataset] = (dataset,) if isinstance(dataset, str) else dataset
    if unknown := [each for each in datasets if each not in STORED]:
        raise DataError(f"dataset must be of {', '.join(STORED)}, was {unknown[0]!r}")
    if provider is not None and vendor_name(provider) not in VENDORS:
        raise DataError(
            f"provider must be a vendor: {', '.join(VENDORS)}; was {provider!r}, whose data need no fetching"
        )
    if limit is not None and limit < 1:
        raise DataError(f"limit must be at least 1 row, was {limit}")
    vendors = chain() if provider is None else (vendor(provider),)
    if not vendors:
        raise ConfigError(no_vendor())
    wanted = [
        wanted_bars(symbol, start, end, provider, parse_interval(interval), None, session)
        if each == "bars"
        else wanted_records(symbol, each, start=start, end=end, provider=provider, limit=limit)
        for each in dict.fromkeys(datasets)
        for symbol in dict.fromkeys(symbols)
    ]
    return Orders(wanted=wanted, store=open_store(), vendors=vendors, concurrency=concurrency, refresh=refresh)


def _run(orders: Orders, stop: threading.Event) -> FetchReport:
    begun = time.monotonic()
    tally = _Tally()
    # An interrupt ends in the report, which names what is left.
    with suppress(KeyboardInterrupt):
        update_all(orders, tally.add, f"fetch {_words(orders.wanted)}", stop)
    return _report(orders, tally, time.monotonic() - begun)


def _report(orders: Orders, tally: _Tally, elapsed: float) -> FetchReport:
    left = [each for at, each in enumerate(orders.wanted) if at not in tally.lines]
    notes = [_shared(note, tally.notes) for note in {each.code: each for each in tally.notes}.values()]
    if left:
        text = (
            f"stopped with {len(left)} of {len(orders.wanted)} series not asked for; what was done is stored: the same call "
            "goes on with the rest"
        )
        notes.append(Note(code="interrupted", text=text, rows=len(left)))
    return FetchReport(
        lines=tuple(line for at in sorted(tally.lines) for line in tally.lines[at]),
        remaining=tuple((each.symbol, each.dataset) for each in left),
        articles=len(tally.articles),
        elapsed=elapsed,
        notes=tuple(notes),
    )


def _shared(note: Note, all_notes: Iterable[Note]) -> Note:
    """Return one note for all series that have one of its code."""
    alike = [each for each in all_notes if each.code == note.code]
    if len(alike) == 1:
        return note
    return dataclasses.replace(note, text=f"{len(alike)} series, such as {alike[0].text}", rows=None)


def _words(wanted: Sequence[Wanted]) -> str:
    return ", ".join(dict.fromkeys(each.dataset for each in wanted)) or "nothing"
