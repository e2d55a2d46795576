"""The newest price of a symbol: which one it is, how old it is, and whether it may still be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from investiq.core import sessions
from investiq.core.errors import DataError
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.passport import Provenance
from investiq.core.result import Result
from investiq.history.bars import Bars
from investiq.market import quote_ladder as ladders
from investiq.market.answers import insist
from investiq.market.contract import Answer, Request
from investiq.market.loading import Provider, load_bars
from investiq.market.quote_ladder import PriceSource, Rung, Snapshot
from investiq.market.routing import ask
from investiq.market.vendors import sample, synthetic
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Quote", "quote"]

_DAY_FIELDS: Final = ("open", "high", "low", "close", "volume")
_NOTHING: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Quote(Result):
    """The newest price of a symbol; made by `quote`.

    Attributes
    ----------
    symbol : str
    price : float
        As traded.
    price_source : {"last trade", "quote midpoint", "minute close", "daily close"}
    at, now : datetime
        Of the price, and when it was asked for; UTC.
    stale : bool
        No price is within its limit (`quote_ladder.AGE_LIMITS`); this is the newest.
    session : datetime64[us]
        That the price belongs to.
    rungs : tuple of Rung
        The ladder, the preferred price first.
    bid, ask : float
        NaN where unknown.
    day : mapping of str to float
        Open, high, low, close and volume of `day_session`.
    day_session, previous_session : datetime64[us]
        NaT where no such day is known.
    previous_close : float
    provider, currency : str
    origin : {"sample", "synthetic", "file", "vendor"}
    """

    kind: ClassVar[str] = "quote"
    symbol: str
    price: float
    price_source: PriceSource
    at: datetime
    now: datetime
    stale: bool
    session: np.datetime64
    rungs: tuple[Rung, ...]
    bid: float
    ask: float
    day: Mapping[str, float]
    day_session: np.datetime64
    previous_close: float
    previous_session: np.datetime64
    provider: str
    currency: str
    origin: Provenance
    notes: tuple[Note, ...] = ()

    @property
    def age(self) -> timedelta:
        """Time since the price by the clock, nights included."""
        return max(self.now - self.at, timedelta(0))

    @property
    def change(self) -> float:
        """Simple return since the close of a session before that of the price; NaN where none is known."""
        is_before = not np.isnat(self.previous_session) and self.previous_session < self.session
        return self.price / self.previous_close - 1 if is_before else math.nan

    @property
    def title(self) -> str:
        """The symbol."""
        return f"Quote of {self.symbol}"

    @property
    def watermark(self) -> str | None:
        """``"SAMPLE"`` or ``"SYNTHETIC"`` where the price is no market's own."""
        return self.origin.upper() if self.origin in ("sample", "synthetic") else None

    def facts(self) -> list[Fact]:
        """Return the price, its source and age, the change, the quote and the day."""
        before = "" if np.isnat(self.previous_session) else f"from the close of {_date(self.previous_session)}"
        unknown = "no close of an earlier session is known" if math.isnan(self.change) else ""
        facts = [
            Fact("Price", self.price, "price", f"{self.price_source}, {self.currency}", "stale" if self.stale else ""),
            Fact("At", self.at, "time", f"session {_date(self.session)}"),
            Fact("Age", str(timedelta(seconds=round(self.age.total_seconds()))), "", "by the clock, nights included"),
            Fact("Change", self.change, "fraction", before, unknown),
        ]
        for label, value in (("Bid", self.bid), ("Ask", self.ask)):
            facts.append(Fact(label, value, "price", "", "not told" if math.isnan(value) else ""))
        for name, value in self.day.items():
            unit: Unit = "shares" if name == "volume" else "price"
            missing = "not told" if math.isnan(value) else ""
            facts.append(Fact(name.capitalize(), value, unit, f"session {_date(self.day_session)}", missing))
        return facts

    def tables(self) -> list[Table]:
        """Return the ladder."""
        rows = tuple(
            (
                each.source,
                format_value(each.price, "price"),
                str(each.at.astype("datetime64[s]")).replace("T", " ") if each.is_there else "",
                "; ".join(filter(None, ("stale" if each.is_stale else "", each.remark))),
            )
            for each in self.rungs
        )
        return [Table("Ladder of prices", ("Source", "Price", "At (UTC)", "Remark"), rows, numbers=("Price",))]

    def provenance(self) -> list[Fact]:
        """Return the provider and the moment."""
        return [
            Fact("Provider", f"{self.provider} ({self.origin})"),
            Fact("Asked at", f"{self.now:%Y-%m-%d %H:%M:%S} UTC"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the ladder: source, price, at, is_stale, remark."""
        import pandas as pd

        frame = pd.DataFrame([(each.source, each.price) for each in self.rungs], columns=["source", "price"])
        frame["at"] = pd.DatetimeIndex(np.array([each.at for each in self.rungs], dtype="datetime64[us]"), tz="UTC")
        frame["is_stale"] = [each.is_stale for each in self.rungs]
        frame["remark"] = [each.remark for each in self.rungs]
        return frame


def quote(symbol: str, *, provider: Provider | None = None) -> Quote:
    """Return the newest price of a symbol, with its source and age.

    The first of last trade, quote midpoint, minute close and daily close that is
    not older than its limit. The bid alone is never the price, and a close of
    an earlier session says so. If all are too old the newest is given,
    marked `stale`.

    Parameters
    ----------
    symbol : str
    provider : str, optional
        By default the local one for a sample or synthetic symbol, else the
        configured vendors in turn.

    Returns
    -------
    Quote

    Raises
    ------
    DataError
        If the source has no price at all.
    VendorError
        If no vendor answered.
    ConfigError
        If the symbol is not local and no vendor is configured.

    Examples
    --------
    >>> found = quote("^GSPC")
    >>> found.price, found.price_source, found.stale
    (2506.850098, 'daily close', True)
    """
    is_local = symbol in sample.BAR_SYMBOLS or symbol in synthetic.SYMBOLS
    if provider in ("sample", "synthetic") or (provider is None and is_local):
        return _of_bars(load_bars(symbol, provider=provider))
    answer = insist(ask(Request.of("snapshot", symbol), provider), "try again, or name another provider")
    return _of_answer(symbol, answer)


def _of_bars(bars: Bars) -> Quote:
    """Return the last close of bars that are all there is."""
    now, market, row = clock.now(), bars.passport.calendar, -1
    before = len(bars) > 1
    found = Snapshot(
        day_close=float(bars.close[row]),
        day_at=bars.ts[row],
        previous_close=float(bars.close[-2]) if before else math.nan,
        previous_date=bars.ts[-2] if before else _NOTHING,
    )
    day = {name: float(getattr(bars, name)[row]) for name in _DAY_FIELDS}
    passport = bars.passport
    return _made(bars.symbol, found, day, now, market, passport.provider, passport.provenance, passport.currency)


def _of_answer(symbol: str, answer: Answer) -> Quote:
    row = answer.table.iloc[-1].to_dict()
    assert answer.payload is not None  # with every answer that has rows
    # Each value has the type of its field.
    values: dict[str, Any] = {
        name: _instant(row.get(name)) if _is_time(name) else _number(row.get(name)) for name in Snapshot._fields
    }
    found = Snapshot(**values)
    day = {name: _number(row.get(f"day_{name}")) for name in _DAY_FIELDS}
    payload, currency = answer.payload, row.get("currency")
    return _made(
        symbol,
        found,
        day,
        answer.retrieved_at,
        payload.calendar,
        answer.provider,
        "vendor",
        currency if isinstance(currency, str) else payload.currency,
        payload.delay,
        payload.notes,
    )


def _made(
    symbol: str,
    found: Snapshot,
    day: Mapping[str, float],
    now: datetime,
    market: str,
    provider: str,
    origin: Provenance,
    currency: str,
    delay: timedelta = timedelta(0),
    notes: tuple[Note, ...] = (),
) -> Quote:
    moment = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "us")
    rungs = ladders.ladder(found, moment, market, delay)
    best = ladders.chosen(rungs)
    if best is None:
        told = "; ".join(f"{each.source}: {each.remark}" for each in rungs)
        raise DataError(f"{provider} has no price of {symbol} ({told}); check the symbol, or name another provider")
    has_day = found.day_close > 0 and not np.isnat(found.day_at)
    return Quote(
        symbol=symbol,
        price=best.price,
        price_source=best.source,
        at=_aware(best.at),
        now=now,
        stale=best.is_stale,
        session=best.session,
        rungs=rungs,
        bid=found.bid,
        ask=found.ask,
        day=dict(day) if has_day else {},
        day_session=ladders.day_of(found.day_at, market) if has_day else _NOTHING,
        previous_close=found.previous_close,
        previous_session=ladders.previous_day(found, moment, market) if found.previous_close > 0 else _NOTHING,
        provider=provider,
        currency=currency,
        origin=origin,
        notes=(*notes, *_cautions(symbol, best, moment, market, delay)),
    )


def _cautions(symbol: str, best: Rung, now: np.datetime64, market: str, delay: timedelta) -> list[Note]:
    notes = []
    if best.is_stale:
        limit = int((ladders.AGE_LIMITS[best.source] + delay).total_seconds() // 60)
        text = (
            f"{symbol}: the newest price, a {best.source} of {str(best.at.astype('datetime64[m]')).replace('T', ' ')} UTC, is "
            f"older than {limit} minutes of open market"
        )
        notes.append(Note(code="stale_price", text=text))
    today = ladders.trading_day(now, market)
    if best.session < today and now < sessions.opens(market, np.array([today]))[0]:
        text = f"{symbol}: the session of {_date(today)} has not opened; the price is of {_date(best.session)}"
        notes.append(Note(code="before_the_open", text=text))
    if delay:
        minutes = int(delay.total_seconds() // 60)
        notes.append(
            Note(code="delayed_plan", text=f"{symbol}: the plan's prices are {minutes} minutes old", severity="info")
        )
    return notes


def _is_time(name: str) -> bool:
    return name == "ts" or name.endswith(("_at", "_date"))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _instant(value: Any) -> np.datetime64:
    """Return a cell of a canonical table, an aware Timestamp or NaT, as datetime64[us] in UTC."""
    if value is None or value != value:
        return _NOTHING
    stamp: np.datetime64 = value.tz_convert(None).to_datetime64().astype("datetime64[us]")
    return stamp


def _aware(at: np.datetime64) -> datetime:
    moment: datetime = at.item()  # type: ignore[assignment]  # microseconds always become a datetime
    return moment.replace(tzinfo=UTC)


def _date(session: np.datetime64) -> str:
    return str(session.astype("datetime64[D]"))
