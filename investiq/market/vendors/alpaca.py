"""Alpaca: US shares through its official client, from one venue (iex) or the consolidated tape (sip)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import SecretStr

from investiq.core.errors import ConfigError, NotEntitledError
from investiq.core.notes import Note
from investiq.history.instants import aware
from investiq.market.building import SETTLE_SHARES
from investiq.market.contract import Capabilities, Payload, Request, Vendor
from investiq.market.gate.gate import asking_for, gate_of
from investiq.market.gate.plans import plan_of
from investiq.market.gate.redaction import key_id_of
from investiq.market.vendors import alpaca_records as records
from investiq.market.vendors.alpaca_client import Keys, opened, translated
from investiq.market.vendors.sessions import SERVED, asked_minutes, seat_bars
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.runtime.settings import Settings

__all__ = ["Alpaca", "from_settings"]

Feed = Literal["iex", "sip"]

# Of the vendor's bars and corporate actions, and of its news.
_FIRST_BAR: Final = datetime(2016, 1, 1, tzinfo=UTC)
_FIRST_NEWS: Final = datetime(2015, 1, 1, tzinfo=UTC)
# Declared events lie ahead; the vendor ends at today unless told otherwise.
_AHEAD: Final = timedelta(days=365)
# Asked inside the delay, the vendor refuses the whole request.
_MARGIN: Final = timedelta(minutes=1)
_ONE_VENUE: Final = Note(
    code="one_venue",
    text="bars of the feed iex are the trades of one exchange, a few per cent of all: never compare its volume with consolidated figures",
)


class Alpaca(Vendor):
    """Bars, actions and records of US shares.

    Parameters
    ----------
    key : SecretStr or None
        Key id.
    secret : SecretStr or None
    plan : str, default "basic"
        A plan of `plans.yaml`.
    feed : {"iex", "sip"}, default "iex"
        Two different series; ``"sip"`` under the plan basic ends 15 minutes ago.
    base_url : str, optional
        Of a proxy or a test server for data and listing alike; the vendor's own otherwise.

    Raises
    ------
    ConfigError
        If a key is missing, or there is no such plan or feed.
    """

    name = "alpaca"
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset(("bars", "actions", "news", "options", "snapshot", "listing")),
        intervals=SERVED,
        is_production_ready=True,
        supports_universe=True,
        supports_active_universe=True,
        supports_corp_actions=True,
        supports_intraday_bars=True,
        production_feed_parity=True,
        survivorship_safe=False,
    )

    def __init__(
        self,
        key: SecretStr | None,
        *,
        secret: SecretStr | None,
        plan: str = "basic",
        feed: Feed = "iex",
        base_url: str | None = None,
    ) -> None:
        if key is None or secret is None:
            absent = "APCA_API_KEY_ID" if key is None else "APCA_API_SECRET_KEY"
            raise ConfigError(f"alpaca needs a key id and a secret key; set {absent} in the environment or in .env")
        if feed not in ("iex", "sip"):
            raise ConfigError(f"feed must be 'iex' or 'sip', was {feed!r}")
        self._keys = Keys(key, secret)
        self._plan = plan_of(self.name, plan)
        self._feed: Feed = feed
        self._base_url = base_url
        self._clients: dict[type, Any] = {}
        # A real-time feed of one venue under every plan; the plan's delay is that of the tape.
        self._delay = self._plan.delay if feed == "sip" else timedelta(0)

    def bars(self, request: Request) -> Payload:
        """Return bars as traded (`adjustment=raw`), oldest first, every page."""
        from alpaca.data.enums import Adjustment, DataFeed
        from alpaca.data.historical import StockHistoricalDataClient
        from alpaca.data.requests import StockBarsRequest
        from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

        is_daily = request.interval == "1d"
        start, notes = _reach(request.start)
        # The last hour asked for is made of half hours after its label.
        latest = clock.now() if request.end is None else aware(request.end) + timedelta(hours=0 if is_daily else 4)
        unit = TimeFrameUnit.Day if is_daily else TimeFrameUnit.Minute
        asked = StockBarsRequest(
            symbol_or_symbols=request.symbol,
            timeframe=TimeFrame(1 if is_daily else asked_minutes(request.interval), unit),
            start=start,
            end=self._before_delay(latest + timedelta(days=1) if is_daily else latest),
            adjustment=Adjustment.RAW,
            feed=DataFeed(self._feed),
        )
        with self._asking("bars", f"bars of {request.symbol}"):
            found = self._client(StockHistoricalDataClient).get_stock_bars(asked)
        table, remarks = seat_bars(found.get(request.symbol) or [], records.BARS, request, self.name)
        return Payload(
            table=table,
            feed=self._feed,
            delay=self._delay,
            settle=SETTLE_SHARES if is_daily else timedelta(0),
            source=self._source("/v2/stocks/bars, adjustment=raw"),
            notes=notes + remarks + ((_ONE_VENUE,) if self._feed == "iex" else ()),
        )

    def actions(self, request: Request) -> Payload:
        """Return splits, dividends and the events that end or rename a share."""
        from alpaca.data.historical.corporate_actions import CorporateActionsClient
        from alpaca.data.requests import CorporateActionsRequest

        start, notes = _reach(request.start)
        # Bars run through a change of the symbol, the vendor's actions do not: those under the names before are asked for
        # too. A change after the range asked for tells the name inside it, so that every request runs to the end.
        end = clock.now() + _AHEAD
        names, found = [request.symbol], records.Groups()
        while True:
            asked = CorporateActionsRequest(symbols=names[-1:], start=start.date(), end=end.date(), limit=None)
            with self._asking("actions", f"corporate actions of {names[-1]}"):
                groups = self._client(CorporateActionsClient).get_corporate_actions(asked)
            for group, events in groups.items():
                known = found.setdefault(group, [])
                known += [event for event in events if event not in known]
            earlier = records.earlier_name(groups, names[-1])
            if earlier is None or earlier[0] in names:
                break
            names.append(earlier[0])
            end = aware(earlier[1])
        table, remarks = records.actions(found, names, request.end)
        return self._payload(table, notes + remarks, "/v1/corporate-actions")

    def news(self, request: Request) -> Payload:
        """Return articles, the newest first from the vendor and cut to the limit."""
        from alpaca.data.historical import NewsClient
        from alpaca.data.requests import NewsRequest

        asked = NewsRequest(
            symbols=request.symbol,
            start=_FIRST_NEWS if request.start is None else aware(request.start),
            end=None if request.end is None else aware(request.end),
            sort="desc",
            limit=request.limit,
            include_content=False,
        )
        with self._asking("news", f"news of {request.symbol}"):
            found = self._client(NewsClient).get_news(asked)
        table, notes = records.news(found.get("news") or [])
        return self._payload(table, notes, "/v1beta1/news")

    def options(self, request: Request) -> Payload:
        """Return every contract of the chain, or with a limit a part that says so."""
        from alpaca.data.historical import OptionHistoricalDataClient
        from alpaca.data.requests import OptionChainRequest

        asked = OptionChainRequest(underlying_symbol=request.symbol)
        with self._asking("options", f"the option chain of {request.symbol}"):
            client = self._client(OptionHistoricalDataClient)
            found = client.get_option_chain(asked)
        table, notes = records.options(found, request.limit)
        return self._payload(table, notes, "/v1beta1/options/snapshots")

    def snapshot(self, request: Request) -> Payload:
        """Return the newest trade, quote, minute and day of a share, each with its age."""
        from alpaca.data.enums import DataFeed
        from alpaca.data.historical import StockHistoricalDataClient
        from alpaca.data.requests import StockSnapshotRequest

        asked = StockSnapshotRequest(symbol_or_symbols=request.symbol, feed=DataFeed(self._feed))
        with self._asking("snapshot", f"a snapshot of {request.symbol}"):
            client = self._client(StockHistoricalDataClient)
            found = client.get_stock_snapshot(asked)
        table, notes = records.snapshot(found.get(request.symbol), request.symbol)
        return self._payload(table, notes + ((_ONE_VENUE,) if self._feed == "iex" else ()), "/v2/stocks/snapshots")

    def listing(self, request: Request) -> Payload:
        """Return every share that Alpaca trades or traded; those delisted before it listed them are not among them."""
        from alpaca.trading.client import TradingClient
        from alpaca.trading.enums import AssetClass, AssetStatus
        from alpaca.trading.requests import GetAssetsRequest

        with self._asking("listing", "the listing"):
            client = self._client(TradingClient)
            found = [
                asset
                for status in (AssetStatus.ACTIVE, AssetStatus.INACTIVE)
                for asset in client.get_all_assets(GetAssetsRequest(status=status, asset_class=AssetClass.US_EQUITY))
            ]
        table, notes = records.listing(found)
        return self._payload(table, notes, "/v2/assets, active and inactive")

    def _client(self, kind: type) -> Any:
        """Return the client of a kind, opened at its first use: its connections serve all requests after."""
        if kind not in self._clients:
            gate = gate_of(self.name, key_id_of(self._keys.key, self._keys.secret), self._plan)
            self._clients[kind] = opened(kind, self._keys, gate, self._base_url)
        return self._clients[kind]

    @contextmanager
    def _asking(self, dataset: str, what: str) -> Iterator[None]:
        """Name the setting of the key and the feed in a refusal, for the feed is the usual cause."""
        try:
            with asking_for(dataset), translated(what):
                yield
        except NotEntitledError as error:
            raise NotEntitledError(
                f"{error}; asked with the key of APCA_API_KEY_ID for {what} of the feed {self._feed!r}: "
                "sip needs a paid plan for the last 15 minutes, ALPACA_FEED=iex does not"
            ) from None

    def _before_delay(self, end: datetime) -> datetime:
        return min(end, clock.now() - self._delay - _MARGIN) if self._delay else end

    def _payload(self, table: pd.DataFrame, notes: tuple[Note, ...], what: str) -> Payload:
        return Payload(table=table, feed=self._feed, delay=self._delay, source=self._source(what), notes=notes)

    def _source(self, what: str) -> str:
        return f"{self._base_url or 'https://data.alpaca.markets'}: {what} (feed {self._feed}, plan {self._plan.name})"


def from_settings(settings: Settings) -> Alpaca | None:
    """Return the provider of the settings, None where no key is configured.

    Raises
    ------
    ConfigError
        If only one of the two keys is set.
    """
    if settings.alpaca_key_id is None and settings.alpaca_secret_key is None:
        return None
    return Alpaca(
        settings.alpaca_key_id,
        secret=settings.alpaca_secret_key,
        plan=settings.alpaca_plan,
        feed=settings.alpaca_feed,
        base_url=settings.alpaca_url,
    )


def _reach(start: np.datetime64 | None) -> tuple[datetime, tuple[Note, ...]]:
    """Return the first moment to ask for, and a note where the vendor does not go back to the one wanted."""
    wanted = _FIRST_BAR if start is None else aware(start)
    if wanted >= _FIRST_BAR:
        return wanted, ()
    words = (
        f"the history of alpaca begins in {_FIRST_BAR:%Y-%m}; rows from {wanted:%Y-%m-%d} were asked for and those before "
        "are missing"
    )
    return _FIRST_BAR, (Note(code="history_of_plan", text=words),)
