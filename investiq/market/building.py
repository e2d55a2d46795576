"""From a provider's arrays to `Bars` with a passport: the same steps for every provider."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import DataError
from investiq.core.facts import ACCOUNT_CURRENCY
from investiq.core.notes import Note, merge_notes
from investiq.core.passport import Passport, Provenance
from investiq.core.types import BASIS_WORDS, Interval, PriceBasis
from investiq.history.adjust import Action, forward_factors
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.flags import Flag
from investiq.history.instants import aware
from investiq.market.contract import Payload, Request

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SETTLE_SHARES", "build_bars", "nothing", "payload_of", "recheck", "row_flags"]

# Prints of the closing auction and the official close arrive after the bell.
SETTLE_SHARES: Final = timedelta(minutes=15)


def build_bars(
    *,
    symbol: str,
    provider: str,
    provenance: Provenance,
    interval: Interval,
    calendar_name: str,
    ts: NDArray[np.datetime64],
    known_at: NDArray[np.datetime64],
    columns: Mapping[str, NDArray[np.float64]],
    price_basis: PriceBasis,
    known_at_rule: str,
    source: str,
    currency: str = "USD",
    feed: str = "",
    as_of: datetime | None = None,
    retrieved_at: datetime | None = None,
    repairs: int = 0,
    actions: Sequence[Action] = (),
    flags: NDArray[np.int32] | None = None,
    notes: Sequence[Note] = (),
) -> Bars:
    """Return checked `Bars` whose passport states origin, gaps, fingerprint and cautions.

    Parameters
    ----------
    columns : mapping
        open, high, low, close, volume, and where known vwap and trades, each of shape (n_bars,).
    actions : sequence of Action
        In any order; the factors follow from them.
    flags : ndarray of int32, optional
        Bits of `history.flags.Flag`; those of actions and of zero volume are set here.

    Raises
    ------
    DataError
        If there is no bar, or an invariant of `Bars` does not hold.
    """
    if ts.size == 0:
        raise DataError(f"{symbol}: {provider} returned no bars")
    factors = forward_factors(
        session_days(ts, interval, calendar_name), columns["close"], actions, calendar=calendar_name, currency=currency
    )
    gaps = calendar.missing_sessions(calendar_name, ts).size if interval == "1d" else 0
    passport = Passport(
        symbol=symbol,
        provider=provider,
        provenance=provenance,
        interval=interval,
        calendar=calendar_name,
        price_basis=price_basis,
        known_at_rule=known_at_rule,
        rows=int(ts.size),
        first=aware(ts[0]),
        last=aware(ts[-1]),
        missing_sessions=int(gaps),
        repairs=repairs,
        sha256="",
        feed=feed,
        as_of=as_of,
        retrieved_at=retrieved_at,
        source=source,
        currency=currency,
    )
    bars = Bars(
        symbol=symbol,
        interval=interval,
        ts=ts,
        known_at=known_at,
        split_factor=factors.split_factor,
        total_factor=factors.total_factor,
        passport=passport,
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
        vwap=columns.get("vwap"),
        trades=columns.get("trades"),
        flags=row_flags(flags, columns["volume"], factors.total_factor),
        actions=tuple(sorted(actions, key=lambda action: action.ex_date)),
    )
    stated = (
        *notes,
        *factors.notes,
        *_adjusted_by_vendor(symbol, price_basis),
        *_in_another_currency(symbol, currency),
    )
    return recheck(bars.with_passport(dataclasses.replace(passport, sha256=bars.fingerprint, notes=stated)))


def payload_of(bars: Bars, request: Request) -> Payload:
    """Return the part of `bars` that `request` asks for as a provider's payload."""
    import pandas as pd

    first = 0 if request.start is None else int(np.searchsorted(bars.ts, request.start, side="left"))
    last = len(bars) if request.end is None else int(np.searchsorted(bars.ts, request.end, side="right"))
    wanted = bars[first : max(first, last)]
    if request.limit is not None:
        wanted = wanted[max(0, len(wanted) - request.limit) :]
    names = [
        name for name in ("open", "high", "low", "close", "volume", "vwap", "trades") if getattr(bars, name) is not None
    ]
    passport = bars.passport
    return Payload(
        table=pd.DataFrame({"ts": wanted.index, **{name: getattr(wanted, name) for name in names}}),
        companions={"actions": _action_table(wanted.actions)},
        feed=passport.feed,
        price_basis=passport.price_basis,
        currency=passport.currency,
        calendar=passport.calendar,
        source=passport.source,
        notes=passport.notes,
    )


def nothing(reason: str) -> Payload:
    """Return a payload of bars without rows, and why."""
    import pandas as pd

    columns = {name: pd.Series(dtype=float) for name in ("open", "high", "low", "close", "volume")}
    return Payload(table=pd.DataFrame({"ts": pd.Series(dtype="datetime64[us, UTC]"), **columns}), reason=reason)


def _action_table(actions: Sequence[Action]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(
        {
            "kind": [action.kind for action in actions],
            "ex_date": pd.to_datetime([action.ex_date for action in actions], utc=True).as_unit("us"),
            "ratio": [np.nan if action.ratio is None else action.ratio for action in actions],
            "cash": [np.nan if action.cash is None else action.cash for action in actions],
            "currency": [action.currency for action in actions],
            "exchange_rate": [np.nan if action.exchange_rate is None else action.exchange_rate for action in actions],
        }
    )
    return table.astype({"kind": str, "currency": str})


def session_days(ts: NDArray[np.datetime64], interval: Interval, calendar_name: str) -> NDArray[np.datetime64]:
    """Return the session date that each bar belongs to, by which actions take effect.

    A bar before or after the session belongs to its date in the exchange's zone:
    the first trade before the open of an ex-date is ex already.
    """
    if interval in ("1d", "1w", "1mo"):
        return ts
    days, _ = calendar.holding_sessions(calendar_name, ts)
    outside = np.isnat(days)
    if outside.any():
        import pandas as pd

        local = pd.DatetimeIndex(ts[outside], tz="UTC").tz_convert(calendar.time_zone(calendar_name))
        days[outside] = local.tz_localize(None).normalize().to_numpy().astype("datetime64[us]")
    return days


def row_flags(
    flags: NDArray[np.int32] | None, volume: NDArray[np.float64], factor: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return the flags with those that follow from the bars: no volume, and a factor that moves."""
    moves = np.diff(factor, prepend=1.0) != 0
    marked = np.zeros(volume.size, dtype=np.int32) if flags is None else flags.astype(np.int32)
    marked[volume == 0] |= Flag.ZERO_VOLUME
    marked[moves] |= Flag.ACTION
    return marked


def recheck(bars: Bars, more: Sequence[Note] = ()) -> Bars:
    """Return `bars` whose passport carries the cautions that their own rows give reason for, and `more`.

    A caution about 1999 does not concern a series that begins in 2014. All else
    in the passport describes the series as it was loaded.
    """
    notes = merge_notes(row_checks(bars, bars.passport.notes), more)
    return bars.with_passport(dataclasses.replace(bars.passport, notes=notes))


def _adjusted_by_vendor(symbol: str, basis: PriceBasis) -> tuple[Note, ...]:
    if basis not in ("vendor_split", "vendor_total"):
        return ()
    text = (
        f"{symbol}: prices are {BASIS_WORDS[basis]}, so fills, share counts and fees per share "
        "are not those that anyone could have had"
    )
    return (Note(code="vendor_adjusted_prices", text=text),)


def _in_another_currency(symbol: str, currency: str) -> tuple[Note, ...]:
    # Index points are no money at all; that a point counts as one unit of the account is a backtest's own convention.
    if currency in (ACCOUNT_CURRENCY, "index points"):
        return ()
    text = (
        f"{symbol}: prices are in {currency} and nothing is exchanged: the amounts of a backtest on them are in {currency}, "
        f"although this version labels them {ACCOUNT_CURRENCY}"
    )
    return (Note(code="other_currency", text=text),)
