"""How far a stored series goes, and what it lacks of what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from investiq.core.types import Interval, Session
from investiq.history.instants import instant, label_text
from investiq.market.caching import TIME_TO_LIVE
from investiq.market.contract import Dataset, Request
from investiq.market.freshness import expected_last, is_behind
from investiq.market.routing import feed_of
from investiq.market.series import SeriesKey
from investiq.market.store import Store
from investiq.runtime import clock
from investiq.runtime.settings import load_settings

__all__ = ["Held", "Wanted", "held_series", "is_patient", "missing_from", "reaches_back"]

# A vendor that lacked the newest bars is asked for them again after this.
_PATIENCE: Final = timedelta(minutes=15)
_UNBOUNDED: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A series, the part of it that is wanted, and who may serve it.

    Attributes
    ----------
    dataset, symbol, start, end, interval, session, limit
        As of a `Request`.
    provider : str, optional
        By default the chain's.
    as_of : datetime64[us], optional
        The latest time of knowledge that matters.
    """

    dataset: Dataset
    symbol: str
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    interval: Interval = "1d"
    session: Session = "regular"
    limit: int | None = None
    provider: str | None = None
    as_of: np.datetime64 | None = None

    def request(self, start: np.datetime64 | None, end: np.datetime64 | None) -> Request:
        """Return the request for a range of the series."""
        return Request(
            dataset=self.dataset,
            symbol=self.symbol,
            start=start,
            end=end,
            interval=self.interval,
            session=self.session,
            limit=self.limit,
        )


@dataclass(frozen=True, kw_only=True)
class Held:
    """A stored series, and what its facts say about how far it goes.

    Attributes
    ----------
    key : SeriesKey
    first_asked : datetime64[us]
        It is complete from here on; NaT for as far back as the provider goes.
    first, last : datetime64[us]
        Labels of the first and the last row.
    last_asked : datetime64[us]
        End of the last request; NaT for up to its retrieval.
    retrieved_at : datetime
    status, reason : str
        Of the last answer: ``"ok"`` or ``"stale"``.
    calendar, price_basis : str
    delay, settle : timedelta
        Terms of `known_at`.
    actions : str
        Why the corporate actions of bars could not be had when they were last
        asked for; empty if they could.
    """

    key: SeriesKey
    first_asked: np.datetime64
    first: np.datetime64
    last: np.datetime64
    last_asked: np.datetime64
    retrieved_at: datetime
    status: str
    reason: str
    calendar: str
    price_basis: str
    delay: timedelta
    settle: timedelta
    actions: str = ""


def held_series(wanted: Wanted, store: Store, providers: Sequence[str] = ()) -> list[Held]:
    """Return the stored series that could serve: those of `providers`, in their order, or of all where that is empty."""
    keys = [
        key
        for key in store.keys(wanted.dataset, wanted.provider, wanted.symbol)
        if (wanted.dataset != "bars" or (key.interval, key.session) == (wanted.interval, wanted.session))
        and (not providers or key.provider in providers)
        # Feeds of one vendor are different series: the one that the settings choose, not the one that is there.
        and key.feed in ("", feed_of(key.provider) or key.feed)
    ]
    if providers:
        keys.sort(key=lambda key: providers.index(key.provider))
    return [_held(key, store) for key in keys]


def missing_from(held: Held, wanted: Wanted) -> str:
    """Return what a stored series lacks of what is wanted, in words; an empty text if nothing."""
    if not reaches_back(held, wanted):
        return f"{held.key} is stored from {label_text(held.first_asked, '1d')} on"
    if wanted.dataset != "bars":
        return _outdated(held, wanted)
    now = clock.now() if wanted.as_of is None else min(clock.now(), _aware(wanted.as_of))
    expected = expected_last(
        held.calendar,
        wanted.interval,
        now,
        delay=held.delay,
        settle=held.settle,
        grace=timedelta(minutes=load_settings().freshness_minutes),
        end=wanted.end,
    )
    is_before_the_range = wanted.start is not None and expected < wanted.start
    if is_before_the_range or not is_behind(held.last, expected, wanted.interval):
        return ""
    found, due = (label_text(label, wanted.interval) for label in (held.last, expected))
    return f"newest stored {wanted.symbol} bar of {held.key.provider} is {found}, expected {due}"


def reaches_back(held: Held, wanted: Wanted) -> bool:
    """Return whether the series is complete from the start that is wanted."""
    return bool(np.isnat(held.first_asked)) or (wanted.start is not None and bool(wanted.start >= held.first_asked))


def is_patient(held: Held) -> bool:
    """Return whether the provider said only minutes ago that it has no newer bars."""
    return held.status == "stale" and clock.now() - held.retrieved_at < _PATIENCE


def _outdated(held: Held, wanted: Wanted) -> str:
    """Return why records have to be asked for again: what came to be known since they were retrieved is not there."""
    retrieved = instant(held.retrieved_at)
    if not np.isnat(held.last_asked) and (wanted.end is None or wanted.end > held.last_asked):
        return f"{held.key} is stored up to {label_text(held.last_asked, '1d')}"
    was_known_then = wanted.as_of is not None and wanted.as_of <= retrieved
    if was_known_then or clock.now() - held.retrieved_at < TIME_TO_LIVE[wanted.dataset]:
        return ""
    return f"{held.key} was retrieved at {held.retrieved_at:%Y-%m-%d %H:%M} UTC"


def _held(key: SeriesKey, store: Store) -> Held:
    facts = store.facts(key)
    return Held(
        key=key,
        first_asked=_label(facts.get("asked_first", "")),
        first=_label(facts["first"]),
        last=_label(facts["last"]),
        last_asked=_label(facts.get("asked_last", "")),
        retrieved_at=datetime.fromisoformat(facts.get("retrieved_at") or f"{facts['recorded_at']}+00:00"),
        status=facts.get("status", "ok"),
        reason=facts.get("reason", ""),
        calendar=facts.get("calendar", "XNYS"),
        price_basis=facts.get("price_basis", "as_traded"),
        delay=timedelta(minutes=float(facts.get("delay_minutes", "0"))),
        settle=timedelta(minutes=float(facts.get("settle_minutes", "0"))),
        actions=facts.get("actions", ""),
    )


def _label(text: str) -> np.datetime64:
    return np.datetime64(text, "us") if text else _UNBOUNDED


def _aware(moment: np.datetime64) -> datetime:
    plain: datetime = moment.astype("datetime64[us]").item()
    return plain.replace(tzinfo=UTC)
