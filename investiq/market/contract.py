"""What every provider answers to: a `Request` goes in, a typed `Answer` comes out, and failure is never emptiness."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Literal, get_args

import numpy as np

from investiq.core.errors import DataError, InvestIQError, NotEntitledError, RateLimitedError
from investiq.core.notes import Note
from investiq.core.types import Interval, PriceBasis, Session
from investiq.history.instants import When, instant
from investiq.market.gate.gate import asking_for
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATASETS", "Answer", "Attempt", "Capabilities", "Dataset", "Payload", "Request", "Status", "Vendor"]

Dataset = Literal[
    "bars",
    "actions",
    "statements",
    "earnings",
    "news",
    "options",
    "insiders",
    "short_interest",
    "profile",
    "snapshot",
    "search",
    "listing",
]
DATASETS: Final[tuple[Dataset, ...]] = get_args(Dataset)
Status = Literal["ok", "empty", "not_entitled", "rate_limited", "error", "stale"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to a provider.

    Attributes
    ----------
    dataset : str
    symbol : str
        Ours (share classes with a point, ``"BRK.B"``); the query of a
        ``"search"``; empty for a ``"listing"``.
    start, end : datetime64[us], optional
        First and last label, both inclusive, UTC; for records, of their own
        date. None means as far as the plan goes.
    interval : str
        Of bars.
    session : {"regular", "extended"}
        Of intraday bars.
    limit : int, optional
        Most rows wanted, the newest first to be kept.
    """

    dataset: Dataset
    symbol: str = ""
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    interval: Interval = "1d"
    session: Session = "regular"
    limit: int | None = None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        symbol: str = "",
        start: When | None = None,
        end: When | None = None,
        *,
        interval: Interval = "1d",
        session: Session = "regular",
        limit: int | None = None,
    ) -> Request:
        """Return a request from what people write as dates.

        Raises
        ------
        DataError
            If the range is reversed or the limit is not positive.
        """
        low = None if start is None else instant(start, day_ends=False)
        high = None if end is None else instant(end)
        if low is not None and high is not None and low > high:
            raise DataError(f"{symbol}: start {start} lies after end {end}; exchange them")
        if limit is not None and limit < 1:
            raise DataError(f"limit must be at least 1 row, was {limit}")
        return cls(dataset=dataset, symbol=symbol, start=low, end=high, interval=interval, session=session, limit=limit)


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a provider can be asked and trusted with; a use beyond it is refused, not approximated.

    Attributes
    ----------
    datasets : frozenset of str
    intervals : tuple of str
        Of bars.
    is_production_ready : bool
        Whether live decisions may rest on it.
    supports_universe, supports_pit_universe, supports_active_universe : bool
        Lists symbols; as of a past date; those listed today.
    supports_corp_actions, supports_intraday_bars : bool
    production_feed_parity : bool
        Whether its history is the feed that live trading would see.
    survivorship_safe : bool
        Whether delisted names are served.
    """

    datasets: frozenset[Dataset]
    intervals: tuple[Interval, ...] = ("1d",)
    is_production_ready: bool = False
    supports_universe: bool = False
    supports_pit_universe: bool = False
    supports_active_universe: bool = False
    supports_corp_actions: bool = False
    supports_intraday_bars: bool = False
    production_feed_parity: bool = False
    survivorship_safe: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Payload:
    """What an adapter found, in the canonical columns of its dataset (`market.datasets`).

    Attributes
    ----------
    table : DataFrame
        Possibly without rows. Bars: one row a bar with `ts` (the label, UTC),
        open, high, low, close, volume and where known vwap and trades, prices
        as traded (see `price_basis`).
    companions : mapping of str to DataFrame
        Tables of the same answer: ``"actions"``, and ``"adjusted"``, the
        vendor's own adjusted series (`ts`, `close`), which is evidence for the
        corporate-action lab and never a column of bars.
    feed : str
        Such as ``"sip"``; one vendor's feeds are different series.
    price_basis, currency, calendar : str
        Of bars.
    delay, settle : timedelta
        Terms of `known_at`: the plan's delay, and the time for late prints
        (15 minutes for daily bars of US shares).
    source : str
        Where it came from, without any key.
    reason : str
        Why there are no rows, where that is known.
    notes : tuple of Note
    """

    table: pd.DataFrame
    companions: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    feed: str = ""
    price_basis: PriceBasis = "as_traded"
    currency: str = "USD"
    calendar: str = "XNYS"
    delay: timedelta = timedelta(0)
    settle: timedelta = timedelta(0)
    source: str = ""
    reason: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One provider that was asked on the way to an answer."""

    provider: str
    status: Status
    reason: str
    elapsed: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """The typed answer of one provider to one request.

    Attributes
    ----------
    request : Request
    provider : str
    status : {"ok", "empty", "not_entitled", "rate_limited", "error", "stale"}
        Judged on rows received: ``"empty"`` is a valid answer without rows.
    reason : str
        One sentence; empty where the status is ``"ok"``.
    payload : Payload, optional
        With ``"ok"``, ``"empty"`` and ``"stale"``.
    retrieved_at : datetime
    elapsed : float
        Seconds, waiting for a slot of the limiter included.
    retry_at : datetime, optional
        With ``"rate_limited"``, where the vendor said so.
    attempts : tuple of Attempt
        Providers asked before this one, oldest first.
    """

    request: Request
    provider: str
    status: Status
    reason: str = ""
    payload: Payload | None = None
    retrieved_at: datetime
    elapsed: float = 0.0
    retry_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether there are rows."""
        return self.rows > 0

    @property
    def rows(self) -> int:
        """Number of rows received."""
        return 0 if self.payload is None else len(self.payload.table)

    @property
    def table(self) -> pd.DataFrame:
        """The rows.

        Raises
        ------
        DataError
            If the provider gave none; the message is the reason.
        """
        if self.payload is None:
            raise DataError(f"{self.provider} gave no {self.request.dataset} of {self.request.symbol}: {self.reason}")
        return self.payload.table


class Vendor:
    """Base of every provider: dispatches a request to the method of its dataset and types what goes wrong.

    A subclass sets `name` and `capabilities` and defines, for each dataset that
    it declares, a method of that name: ``def bars(self, request) -> Payload``.
    The method returns canonical tables and raises `NotEntitledError`,
    `RateLimitedError`, `VendorError` or `DataError`; it never returns an empty
    table for a failure.
    """

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def fetch(self, request: Request) -> Answer:
        """Return the answer to `request`; every failure on purpose is a status with its reason.

        Errors of our own making (a bug) are not caught.
        """
        begun = time.monotonic()
        answer = self._answer(request)
        return dataclasses.replace(answer, elapsed=time.monotonic() - begun)

    def _answer(self, request: Request) -> Answer:
        if refusal := self.refusal(request):
            return self._failed(request, "error", refusal)
        try:
            with asking_for(request.dataset):
                payload: Payload = getattr(self, request.dataset)(request)
        except RateLimitedError as error:
            return dataclasses.replace(self._failed(request, "rate_limited", str(error)), retry_at=error.retry_at)
        except NotEntitledError as error:
            return self._failed(request, "not_entitled", str(error))
        except InvestIQError as error:
            return self._failed(request, "error", str(error))
        has_rows = len(payload.table) > 0
        missing = payload.reason or f"{self.name} has no {request.dataset} of {request.symbol} in the range"
        return Answer(
            request=request,
            provider=self.name,
            status="ok" if has_rows else "empty",
            reason="" if has_rows else missing,
            payload=payload,
            retrieved_at=clock.now(),
        )

    def refusal(self, request: Request) -> str:
        """Return why the declared capabilities do not cover `request`, or an empty text."""
        able = self.capabilities
        if request.dataset not in able.datasets:
            return f"{self.name} does not serve {request.dataset}; it serves {', '.join(sorted(able.datasets))}"
        if request.dataset == "bars" and request.interval not in able.intervals:
            return f"{self.name} does not serve {request.interval} bars; it serves {', '.join(able.intervals)}"
        return ""

    def _failed(self, request: Request, status: Status, reason: str) -> Answer:
        return Answer(request=request, provider=self.name, status=status, reason=reason, retrieved_at=clock.now())
