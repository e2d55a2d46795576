"""From bars and records to the series of a data overview: quality, freshness, delay and fingerprint of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from investiq.core import calendar as calendars
from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.history.instants import When, label_text
from investiq.history.records import Records
from investiq.market import bundled
from investiq.market.canonical import canonical_hash, columns_of
from investiq.market.data_series import DataSeries, Freshness
from investiq.market.freshness import expected_last, is_behind
from investiq.market.loading import load_bars
from investiq.market.quality import check_bars
from investiq.market.series import SeriesKey
from investiq.market.store import Store
from investiq.market.vendors import sample
from investiq.runtime.settings import load_settings

__all__ = ["Opened", "described", "opened"]

_NONE: Final[Mapping[str, str]] = {}
# These ship with the installation: what they lack at the end will never come.
_CLOSED: Final = ("sample", "synthetic")
_SESSION_BARS: Final = ("1w", "1mo")


class Opened:
    """Rows as they were known, with what the store says of them.

    Parameters
    ----------
    data : Bars or Records
    symbol : str
    facts : mapping of str to str
        The store's, such as ``delay_minutes``; empty for what is not stored.
    feed, kind : str
    is_stored : bool
    """

    def __init__(
        self,
        data: Bars | Records,
        symbol: str,
        facts: Mapping[str, str] = _NONE,
        feed: str = "",
        kind: str = "bars",
        is_stored: bool = False,
    ) -> None:
        self.data, self.symbol, self.facts, self.feed, self.kind = data, symbol, facts, feed, kind
        self.is_stored = is_stored

    @property
    def provider(self) -> str:
        """Who served the rows."""
        return self.data.passport.provider if isinstance(self.data, Bars) else self.data.provider


def opened(what: str | Bars | SeriesKey, store: Store, as_of: When | None) -> Opened:
    """Return what ships with the installation, is stored, or was passed, as it was known at `as_of`.

    Raises
    ------
    DataError
        If nothing of it was known by then.
    """
    if isinstance(what, SeriesKey):
        facts = store.facts(what)
        data: Bars | Records = (
            store.bars(what, as_of=as_of) if what.dataset == "bars" else store.records(what, as_of=as_of)
        )
        if as_of is not None and not len(data):
            raise DataError(f"{what}: nothing was known at {as_of}; pass a later as_of")
        return Opened(data, what.symbol, facts, what.feed, what.dataset, is_stored=True)
    if isinstance(what, Bars):
        data, kind = what, "bars"
    elif what in sample.RECORD_NAMES:
        data = bundled.load_table(what, None)
        kind = data.kind
    else:
        data, kind = load_bars(what), "bars"
    known = data if as_of is None else data.until(as_of)
    symbol = what.symbol if isinstance(what, Bars) else what
    if not len(known):
        raise DataError(f"{symbol}: nothing was known at {as_of}; pass a later as_of")
    return Opened(known, symbol, kind=kind)


def described(found: Opened, name: str, moment: datetime) -> DataSeries:
    """Return a series with its quality, and with its freshness at `moment`."""
    data = found.data
    delay = _delay(found)
    if isinstance(data, Records):
        return DataSeries(
            name=name, symbol=found.symbol, provider=found.provider, feed=found.feed, kind=found.kind, data=data,
            fingerprint=canonical_hash(found.symbol, columns_of(data.frame.rename_axis("ts").reset_index())),
            quality=None, findings=(), delay_minutes=delay, freshness="not judged",
            freshness_reason="no calendar says when the next row is due", sessions_behind=float("nan"),
        )  # fmt: skip
    report = check_bars(data)
    state, reason, behind = _freshness(found, data, moment)
    return DataSeries(
        name=name, symbol=found.symbol, provider=found.provider, feed=found.feed, kind="bars", data=data,
        fingerprint=data.fingerprint, quality=report.series[0], findings=report.findings, delay_minutes=delay,
        freshness=state, freshness_reason=reason, sessions_behind=behind,
    )  # fmt: skip


def _delay(found: Opened) -> float:
    if isinstance(found.data, Bars) and found.provider in _CLOSED:
        return 0.0  # both providers of the installation state "no delay"
    return float(found.facts.get("delay_minutes", "nan"))


def _freshness(found: Opened, bars: Bars, moment: datetime) -> tuple[Freshness, str, float]:
    """Return the verdict on the last bar, why, and how many sessions it lies behind."""
    stated = bars.passport
    if any(note.code == "delisted" for note in stated.notes):
        return "ended", f"trading ended on {label_text(bars.ts[-1], '1d')}: no bar is due", float("nan")
    delay, settle = (timedelta(minutes=float(found.facts.get(f"{name}_minutes", "0"))) for name in ("delay", "settle"))
    grace = timedelta(minutes=load_settings().freshness_minutes)
    due = expected_last(stated.calendar, bars.interval, moment.astimezone(UTC), delay=delay, settle=settle, grace=grace)
    last, expected = (label_text(each, bars.interval) for each in (bars.ts[-1], due))
    if not is_behind(bars.ts[-1], due, bars.interval):
        return "fresh", f"last bar {last}, due {expected}", 0.0
    missing = float("nan")
    if bars.interval not in _SESSION_BARS:
        missing = float(calendars.session_dates(stated.calendar, bars.ts[-1] + np.timedelta64(1, "D"), due).size)
    if stated.provenance in _CLOSED:
        return "ended", f"the {stated.provider} data end with {last} and do not go on; due was {expected}", missing
    return "behind", f"last bar {last}, due {expected}", missing
