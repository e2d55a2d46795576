"""Massive, which was Polygon.io until 2025: US shares through the official client, old name or new."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from pydantic import SecretStr

from investiq.core.errors import ConfigError, NotEntitledError, UnknownSymbolError
from investiq.core.notes import Note
from investiq.history.instants import aware
from investiq.market.building import SETTLE_SHARES
from investiq.market.contract import DATASETS, Capabilities, Payload, Request, Vendor
from investiq.market.gate.plans import plan_of
from investiq.market.vendors import massive_records as records
from investiq.market.vendors import massive_statements as statements
from investiq.market.vendors.massive_client import Connection, connect, documents
from investiq.market.vendors.sessions import SERVED, asked_minutes, seat_bars
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

    from investiq.runtime.settings import Settings

__all__ = ["Massive", "from_settings"]

_PAGE_BARS: Final = 50_000
_PAGE_RECORDS: Final = 1_000
_PAGE_OPTIONS: Final = 250
_PAGE_STATEMENTS: Final = 100
_SEARCHED: Final = 20
_DAYS_A_YEAR: Final = 365.25


class Massive(Vendor):
    """Bars, actions and records of US shares.

    Parameters
    ----------
    key : SecretStr or None
    plan : str, default "free"
        A plan of `plans.yaml`: its rates, its delay and how far back it goes.
    base_url : str, optional
        Of a proxy or a test server; the vendor's own otherwise.

    Raises
    ------
    ConfigError
        If there is no key, or no such plan.
    MissingDependencyError
        If neither ``massive`` nor ``polygon-api-client`` is installed.
    """

    name = "massive"
    # Statements, insiders and the events of a ticker are experimental at the vendor.
    capabilities: ClassVar[Capabilities] = Capabilities(
        datasets=frozenset(DATASETS) - {"earnings", "profile"},
        intervals=SERVED,
        is_production_ready=True,
        supports_universe=True,
        supports_pit_universe=True,
        supports_active_universe=True,
        supports_corp_actions=True,
        supports_intraday_bars=True,
        production_feed_parity=True,
        survivorship_safe=True,
    )

    def __init__(self, key: SecretStr | None, *, plan: str = "free", base_url: str | None = None) -> None:
        if key is None:
            raise ConfigError("massive needs a key and none is set; set MASSIVE_API_KEY in the environment or in .env")
        self._key = key
        self._plan = plan_of(self.name, plan)
        self._base_url = base_url
        self._connected: Connection | None = None

    @property
    def _connection(self) -> Connection:
        # The client is opened at the first request, so that a provider can be listed without its library.
        if self._connected is None:
            self._connected = connect(self._key, self._plan, self._base_url)
        return self._connected

    def bars(self, request: Request) -> Payload:
        """Return bars as traded: `adjusted=False`, oldest first, every page."""
        start, notes = self._reach(request.start)
        end = clock.now() if request.end is None else aware(request.end)
        if request.interval == "1d":
            span: tuple[int, str] = (1, "day")
            bounds: tuple[Any, Any] = (start.date().isoformat(), end.date().isoformat())
        else:
            span = (asked_minutes(request.interval), "minute")
            # The last hour asked for is made of half hours after its label.
            bounds = (_milliseconds(start), _milliseconds(end + timedelta(hours=4)))
        with self._connection.asking("bars", f"bars of {request.symbol}") as client:
            found = list(client.list_aggs(request.symbol, *span, *bounds, adjusted=False, sort="asc", limit=_PAGE_BARS))
        table, remarks = seat_bars(found, records.BARS, request, self.name)
        return Payload(
            table=table,
            delay=self._plan.delay,
            settle=SETTLE_SHARES if request.interval == "1d" else timedelta(0),
            source=self._source("/v2/aggs, adjusted=false"),
            notes=notes + remarks,
        )

    def actions(self, request: Request) -> Payload:
        """Return splits, dividends and changes of the symbol."""
        low, high = _days(request)
        page = {"ticker": request.symbol, "limit": _PAGE_RECORDS}
        with self._connection.asking("actions", f"corporate actions of {request.symbol}") as client:
            # The successor has newer methods, which tell stock dividends and the type of a payment apart.
            list_splits = getattr(client, "list_stocks_splits", client.list_splits)
            list_dividends = getattr(client, "list_stocks_dividends", client.list_dividends)
            splits = list(list_splits(execution_date_gte=low, execution_date_lte=high, **page))
            dividends = list(list_dividends(ex_dividend_date_gte=low, ex_dividend_date_lte=high, **page))
        events, unseen = self._symbol_changes(request)
        table, notes = records.actions(splits, dividends, events, request)
        return self._payload(table, notes + unseen, "splits, dividends and ticker events")

    def _symbol_changes(self, request: Request) -> tuple[list[dict[str, Any]], tuple[Note, ...]]:
        """Return the events of a ticker; the vendor keeps them apart and calls them experimental."""
        try:
            with self._connection.asking("symbol_changes", f"the events of {request.symbol}") as client:
                # An empty list where the vendor knows of no event.
                return getattr(client.get_ticker_events(request.symbol), "events", None) or [], ()
        except UnknownSymbolError:
            return [], ()
        except NotEntitledError as error:
            words = f"changes of the symbol are not covered by the plan, so that none is among the actions: {error}"
            return [], (Note(code="symbol_changes_unknown", text=words),)

    def statements(self, request: Request) -> Payload:
        """Return quarterly and annual statements as filed (an experimental endpoint)."""
        low, high = _days(request)
        with self._connection.asking("statements", f"statements of {request.symbol}") as client:
            found = list(
                documents(
                    client.vx.list_stock_financials,
                    ticker=request.symbol,
                    period_of_report_date_gte=low,
                    period_of_report_date_lte=high,
                    limit=_PAGE_STATEMENTS,
                    sort="period_of_report_date",
                    order="desc",
                )
            )
        table, notes = statements.statements(found, request)
        return self._payload(table, notes, "/vX/reference/financials")

    def news(self, request: Request) -> Payload:
        """Return articles, the newest first from the vendor and cut to the limit."""
        with self._connection.asking("news", f"news of {request.symbol}") as client:
            listed = client.list_ticker_news(
                ticker=request.symbol,
                published_utc_gte=_iso(request.start),
                published_utc_lte=_iso(request.end),
                order="desc",
                sort="published_utc",
                limit=min(request.limit or _PAGE_RECORDS, _PAGE_RECORDS),
            )
            found = list(islice(listed, request.limit))
        table, notes = records.news(found, request)
        return self._payload(table, notes, "/v2/reference/news")

    def options(self, request: Request) -> Payload:
        """Return every contract of the chain, or with a limit a part that says so."""
        with self._connection.asking("options", f"the option chain of {request.symbol}") as client:
            listed = client.list_snapshot_options_chain(request.symbol, params={"limit": _PAGE_OPTIONS})
            found = list(islice(listed, request.limit))
            is_partial = next(listed, None) is not None
        table, notes = records.options(found, request, is_partial=is_partial)
        return self._payload(table, notes, "/v3/snapshot/options")

    def insiders(self, request: Request) -> Payload:
        """Return transactions of Form 4 (an experimental endpoint of the client ``massive``)."""
        list_filings = records.filings_of(self._connection)
        low, _ = _days(request)
        with self._connection.asking("insiders", f"insider filings of {request.symbol}"):
            # A filing follows its transaction, so that only the first day bounds both.
            listed = list_filings(
                tickers=request.symbol, filing_date_gte=low, limit=_PAGE_RECORDS, sort="filing_date.desc"
            )
            found = list(listed)
        table, notes = records.insiders(found, request)
        return self._payload(table, notes, "/stocks/filings/vX/form-4")

    def short_interest(self, request: Request) -> Payload:
        """Return short interest by settlement date, published when FINRA's calendar says."""
        low, high = _days(request)
        with self._connection.asking("short_interest", f"short interest of {request.symbol}") as client:
            listed = client.list_short_interest(
                ticker=request.symbol,
                settlement_date_gte=low,
                settlement_date_lte=high,
                limit=_PAGE_RECORDS,
                sort="settlement_date.desc",
            )
            found = list(islice(listed, request.limit))
        table, notes = records.short_interest(found, request)
        return self._payload(table, notes, "/stocks/v1/short-interest")

    def snapshot(self, request: Request) -> Payload:
        """Return the newest trade, quote, minute and day of a share, each with its age."""
        with self._connection.asking("snapshot", f"a snapshot of {request.symbol}") as client:
            found = client.get_snapshot_ticker("stocks", request.symbol)
        if not found:
            raise UnknownSymbolError(f"massive has no snapshot of {request.symbol}; check the symbol")
        table, notes = records.snapshot(found, request.symbol)
        return self._payload(table, notes, "/v2/snapshot")

    def search(self, request: Request) -> Payload:
        """Return active shares whose ticker or name fits the query."""
        limit = request.limit or _SEARCHED
        with self._connection.asking("search", f"a search for {request.symbol!r}") as client:
            listed = client.list_tickers(search=request.symbol, market="stocks", active=True, limit=limit)
            found = list(islice(listed, limit))
        table, notes = records.listing(found, "search")
        return self._payload(table, notes, "/v3/reference/tickers")

    def listing(self, request: Request) -> Payload:
        """Return every share listed on a day and every other one, with its type; a part is an error, never an answer.

        The day is that of `request.end`, else today.
        """
        _, day = _days(request)
        with self._connection.asking("listing", "the listing") as client:
            found = [
                ticker
                for is_active in (True, False)
                for ticker in client.list_tickers(
                    market="stocks", date=day, active=is_active, sort="ticker", order="asc", limit=_PAGE_RECORDS
                )
            ]
        table, notes = records.listing(found, "listing")
        as_of = "" if day is None else f" on {day}"
        return self._payload(table, notes, f"/v3/reference/tickers, active and not{as_of}")

    def _reach(self, start: np.datetime64 | None) -> tuple[datetime, tuple[Note, ...]]:
        """Return the first moment to ask for, and a note where the plan does not go back to the one wanted."""
        years = self._plan.history_years
        wanted = None if start is None else aware(start)
        if years is None:
            return wanted or records.FIRST_DAY, ()
        earliest = clock.now() - timedelta(days=years * _DAYS_A_YEAR)
        if wanted is None:
            return earliest, ()
        if wanted >= earliest:
            return wanted, ()
        words = (
            f"the plan {self._plan.name!r} of massive goes back {years:g} years, to {earliest:%Y-%m-%d}; "
            f"bars from {wanted:%Y-%m-%d} were asked for and those before are missing"
        )
        return earliest, (Note(code="history_of_plan", text=words),)

    def _payload(self, table: pd.DataFrame, notes: tuple[Note, ...], what: str) -> Payload:
        return Payload(table=table, delay=self._plan.delay, source=self._source(what), notes=notes)

    def _source(self, what: str) -> str:
        return f"{self._connection.base}: {what} (client {self._connection.library}, plan {self._plan.name})"


def from_settings(settings: Settings) -> Massive | None:
    """Return the provider of the settings, None where no key is configured."""
    if settings.massive_api_key is None:
        return None
    return Massive(settings.massive_api_key, plan=settings.massive_plan, base_url=settings.massive_url)


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def _iso(when: np.datetime64 | None) -> str | None:
    return None if when is None else f"{when.astype('datetime64[s]')}Z"


def _days(request: Request) -> tuple[str | None, str | None]:
    bounds = (request.start, request.end)
    low, high = (None if bound is None else str(bound.astype("datetime64[D]")) for bound in bounds)
    return low, high
