"""A vendor without a network: it obeys the contract and answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd

from investiq.core import calendar
from investiq.market.contract import DATASETS, Capabilities, Payload, Request, Vendor

# What a script may be: rows, or an error, or a function of the request that returns or raises one of them.
Script = pd.DataFrame | Payload | Exception | Callable[[Request], object]


def session_bars(first: str, last: str, price: float = 100.0, market: str = "XNYS") -> pd.DataFrame:
    """One daily bar a session; the close rises by 1 a session from `price` on, volume 1,000."""
    ts = calendar.session_dates(market, np.datetime64(first, "us"), np.datetime64(last, "us"))
    close = price + np.arange(ts.size)
    return pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(ts, tz="UTC"),
            "open": close - 0.5,
            "high": close + 1.0,
            "low": close - 1.0,
            "close": close,
            "volume": np.full(ts.size, 1_000.0),
        }
    )


class ScriptedVendor(Vendor):
    """Answers `(dataset, symbol)` from `scripts`; rows outside the range asked for are cut off, as vendors do.

    `requests` lists what was asked, in order.
    """

    name = "scripted"
    capabilities = Capabilities(
        datasets=frozenset(DATASETS), intervals=("1d", "60min", "1min"), supports_intraday_bars=True
    )

    def __init__(
        self,
        scripts: dict[tuple[str, str], Script] | None = None,
        *,
        name: str = "scripted",
        datasets: frozenset[str] | None = None,
        **terms: object,
    ) -> None:
        self.name = name  # type: ignore[misc]  # each test names its own
        if datasets is not None:
            self.capabilities = Capabilities(datasets=datasets)  # type: ignore[misc]
        self.scripts = {} if scripts is None else scripts
        self.terms = {"settle": timedelta(minutes=15), "source": f"script of {name}", **terms}
        self.requests: list[Request] = []
        self._lock = threading.Lock()

    def __getattr__(self, dataset: str) -> Callable[[Request], Payload]:
        if dataset not in DATASETS:
            raise AttributeError(dataset)
        return self._from_script

    def _from_script(self, request: Request) -> Payload:
        with self._lock:
            self.requests.append(request)
        script = self.scripts.get((request.dataset, request.symbol), pd.DataFrame())
        found = script(request) if callable(script) else script
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Payload):
            return found
        return Payload(table=_within(found, request), **self.terms)


def _within(rows: pd.DataFrame, request: Request) -> pd.DataFrame:
    if request.dataset != "bars" or not len(rows):
        return rows
    ts = rows["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    inside = np.ones(ts.size, dtype=bool)
    if request.start is not None:
        inside &= ts >= request.start
    if request.end is not None:
        inside &= ts <= request.end
    return rows[inside].reset_index(drop=True)
