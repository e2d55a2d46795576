"""`stream_bars`: from the name of a provider and the settings to a stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from investiq.core.errors import ConfigError, DataError
from investiq.core.types import Interval, Session, parse_interval
from investiq.history.instants import When, instant
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import guard_logs, key_id_of
from investiq.market.streaming.backfilling import Backfill, vendor_backfill
from investiq.market.streaming.connecting import Connection
from investiq.market.streaming.grid import Grid
from investiq.market.streaming.listening import Source
from investiq.market.streaming.sources.alpaca import AlpacaDialect
from investiq.market.streaming.sources.massive import MassiveDialect
from investiq.market.streaming.sources.playback import Playback
from investiq.market.streaming.streams import BarStream
from investiq.market.streaming.terms import Sink, Wishes
from investiq.runtime.settings import load_settings, vendor_name

if TYPE_CHECKING:
    from investiq.market.contract import Vendor
    from investiq.market.store import Store
    from investiq.runtime.settings import Settings

__all__ = ["StreamProvider", "stream_bars"]

StreamProvider = Literal["alpaca", "massive"]
_PROVIDERS: Final = ("alpaca", "massive")


class _Live(NamedTuple):
    source: Connection
    vendor: Vendor | None


def stream_bars(
    symbols: Sequence[str],
    *,
    provider: StreamProvider | Playback,
    interval: Interval = "1min",
    session: Session = "regular",
    since: When | None = None,
    provisional: bool = False,
    trades: bool = False,
    quotes: bool = False,
    store: Store | None = None,
) -> BarStream:
    """Return a stream of bars: iterate over it, with ``for`` or ``async for``.

    Nothing is connected before the iteration begins. Each bar is final exactly
    once; what the stream could not bring is a `Gap`, never silence.

    Parameters
    ----------
    symbols : sequence of str
        Each once; `BarStream.subscribe` and `unsubscribe` change them later.
    provider : {"alpaca", "massive"} or Playback
        A vendor with a key in the settings, or a recording, which needs none.
    interval : str, default "1min"
        Up to ``"4h"`` from a vendor's minutes; ``"1d"`` only of recorded daily bars.
    session : {"regular", "extended"}
    since : str, date, datetime or datetime64, optional
        Label of the newest bar that you have: the stream begins with the bars
        after it, fetched first. By default with the bar under way.
    provisional : bool, default False
        Show bars also before they are final.
    trades, quotes : bool, default False
        Show these too. A newer one replaces one that was not read yet.
    store : Store, optional
        Keep final bars and their corrections there.

    Returns
    -------
    BarStream
        Yields `StreamBar`, `Gap`, `ConnectionChange`, and where wanted `Trade`
        and `Quote`; each tells its `kind`: ``"bar"``, ``"gap"``,
        ``"connection"``, ``"trade"``, ``"quote"``.

    Raises
    ------
    ConfigError
        If the provider is unknown or has no key, or the interval is not streamed.
    DataError
        If there is no symbol.

    Examples
    --------
    >>> import investiq as iq
    >>> week = iq.load_bars("SYN001", start="2019-12-23", end="2019-12-27")
    >>> with iq.stream_bars(["SYN001"], provider=iq.Playback(week), interval="1d") as stream:
    ...     print([f"{event.ts:%d %b}" for event in stream if event.kind == "bar"])
    ['23 Dec', '24 Dec', '26 Dec', '27 Dec']
    """
    if isinstance(symbols, str) or not symbols:
        raise DataError(f"symbols must be a list with at least one symbol, was {symbols!r}; write ['AAPL']")
    wishes = Wishes(
        interval=parse_interval(interval),
        session=session,
        provisional=provisional,
        trades=trades,
        quotes=quotes,
        since=None if since is None else _aware(since),
    )
    if isinstance(provider, Playback):
        return BarStream(provider, symbols, wishes, sink=_sink(store, provider, wishes, "playback of a recording"))
    name = vendor_name(provider)
    if name not in _PROVIDERS:
        raise ConfigError(
            f"provider must be one of {', '.join(_PROVIDERS)}, or an iq.Playback of a recording, was {provider!r}"
        )
    guard_logs()
    settings = load_settings()
    live = _alpaca(settings, wishes) if name == "alpaca" else _massive(settings, wishes)
    backfill: Backfill | None = None
    if live.vendor is not None:
        backfill = vendor_backfill(live.vendor, Grid(live.source.market, session), "1min")
    sink = _sink(store, live.source, wishes, f"stream of {live.source.name}, minute bars, backfilled over HTTP")
    return BarStream(live.source, symbols, wishes, backfill=backfill, sink=sink)


def _alpaca(settings: Settings, wishes: Wishes) -> _Live:
    from investiq.market.vendors import alpaca

    key_id, secret = settings.alpaca_key_id, settings.alpaca_secret_key
    if key_id is None or secret is None:
        raise ConfigError(
            "alpaca needs a key to stream; set INVESTIQ_ALPACA_KEY_ID and INVESTIQ_ALPACA_SECRET_KEY, "
            "or play a recording with iq.Playback"
        )
    key_id_of(key_id, secret)
    feed = settings.alpaca_feed
    dialect = AlpacaDialect(
        key_id, secret, feed=feed, url=settings.alpaca_stream_url, trades=wishes.trades, quotes=wishes.quotes
    )
    # The socket has no delay: the feed iex is real time on every plan, and sip is refused without the plan for it.
    return _Live(Connection(dialect, feed=feed), alpaca.from_settings(settings))


def _massive(settings: Settings, wishes: Wishes) -> _Live:
    from investiq.market.vendors import massive

    key = settings.massive_api_key
    if key is None:
        raise ConfigError(
            "massive needs a key to stream; set INVESTIQ_MASSIVE_API_KEY, or play a recording with iq.Playback"
        )
    key_id_of(key)
    delay = plan_of("massive", settings.massive_plan).delay
    dialect = MassiveDialect(
        key,
        is_delayed=delay > timedelta(0),
        url=settings.massive_stream_url,
        trades=wishes.trades,
        quotes=wishes.quotes,
        seconds=wishes.provisional,
    )
    return _Live(Connection(dialect, delay=delay), massive.from_settings(settings))


def _sink(store: Store | None, source: Source, wishes: Wishes, words: str) -> Sink | None:
    if store is None:
        return None
    from investiq.market.streaming.sinking import StoreSink

    late = [f"{int(each.total_seconds() // 60)} min" for each in (source.delay, source.settle) if each]
    facts = {
        "provenance": "vendor",
        "calendar": source.market,
        "currency": "USD",
        "price_basis": "as_traded",
        "known_at_rule": " + ".join(["end of the bar, early closes included", *late]),
        "source": words,
    }
    return StoreSink(store, provider=source.name, feed=source.feed, session=wishes.session, facts=facts)


def _aware(when: When) -> datetime:
    moment: datetime = instant(when, day_ends=False).astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
