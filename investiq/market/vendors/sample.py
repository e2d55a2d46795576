"""The `sample` provider: real series that the arch package ships, read without importing arch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core import calendar
from investiq.core.errors import MissingDependencyError
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.records import Records
from investiq.market.building import build_bars, nothing, payload_of
from investiq.market.contract import Capabilities, Payload, Request, Vendor

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AS_OF", "BAR_SYMBOLS", "RECORD_NAMES", "Sample", "load", "load_table"]

_DAY: Final = np.timedelta64(1, "D")
# The sample's own "now": the close of the last session of the index series.
AS_OF: Final = datetime(2018, 12, 31, 21, 0, tzinfo=UTC)
BAR_SYMBOLS: Final = {"^GSPC": "S&P 500 index", "^IXIC": "Nasdaq Composite index"}
_BAR_SETS: Final = {"^GSPC": "sp500", "^IXIC": "nasdaq"}


@dataclass(frozen=True, kw_only=True)
class _Table:
    dataset: str
    columns: dict[str, str]
    kind: str
    unit: str
    known: str
    title: str


_DAILY_VIX = "close of the next XNYS session"
_DAILY_WTI = "close of the fifth XNYS session after the date (published about weekly)"
_MONTHLY_30 = "month end + 30 days"
_MONTHLY_45 = "month end + 45 days"
_TABLES: Final[dict[str, _Table]] = {
    "^VIX": _Table(
        dataset="vix",
        columns={"vix": "close"},
        kind="series",
        unit="index points",
        known=_DAILY_VIX,
        title="CBOE volatility index",
    ),
    "WTI": _Table(
        dataset="wti",
        columns={"DCOILWTICO": "close"},
        kind="series",
        unit="USD per barrel",
        known=_DAILY_WTI,
        title="WTI crude oil, Cushing spot",
    ),
    "FF3": _Table(
        dataset="frenchdata",
        columns={"Mkt-RF": "market", "SMB": "smb", "HML": "hml", "RF": "risk_free"},
        kind="factors",
        unit="fraction per month",
        known=_MONTHLY_30,
        title="Fama-French three factors, monthly",
    ),
    "MACRO:CORE_CPI": _Table(
        dataset="core-cpi",
        columns={"CPILFESL": "value"},
        kind="macro",
        unit="index",
        known=_MONTHLY_45,
        title="US core consumer price index",
    ),
    "MACRO:AAA": _Table(
        dataset="default",
        columns={"AAA": "value"},
        kind="macro",
        unit="percent a year",
        known=_MONTHLY_30,
        title="Moody's AAA bond yield",
    ),
    "MACRO:BAA": _Table(
        dataset="default",
        columns={"BAA": "value"},
        kind="macro",
        unit="percent a year",
        known=_MONTHLY_30,
        title="Moody's BAA bond yield",
    ),
    "BRENT.M": _Table(
        dataset="crude",
        columns={"Brent": "close"},
        kind="series",
        unit="USD per barrel",
        known=_MONTHLY_30,
        title="Brent crude oil, monthly",
    ),
    "WTI.M": _Table(
        dataset="crude",
        columns={"WTI": "close"},
        kind="series",
        unit="USD per barrel",
        known=_MONTHLY_30,
        title="WTI crude oil, monthly",
    ),
}
RECORD_NAMES: Final = {name: table.title for name, table in _TABLES.items()}

_DATE_FORMATS: Final = {"crude": "%Y-%m-%d", "frenchdata": "%Y%m"}

_PRICE_INDEX: Final = Note(
    code="price_index",
    text="price index, dividends not included: a total return cannot be had from it",
    severity="info",
)


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = importlib.util.find_spec("arch")
    if spec is None or spec.origin is None:
        raise MissingDependencyError("arch", "all", "the sample data set")
    return Path(spec.origin).parent / "data"


def _read(dataset: str) -> pd.DataFrame:
    """Return the rows of a set; the first column, ``Date``, is datetime64[us]."""
    import pandas as pd

    path = _folder() / dataset.replace("-", "_") / f"{dataset}.csv.gz"
    if not path.exists():
        return _ask_arch(dataset)
    frame = pd.read_csv(path, na_values=["."], dtype={"Date": str})
    frame["Date"] = pd.to_datetime(frame["Date"], format=_DATE_FORMATS.get(dataset, "%m/%d/%Y"))
    return frame


def _ask_arch(dataset: str) -> pd.DataFrame:
    """Return the rows of a set from arch's own loader, seconds slower: its files are no public interface."""
    import pandas as pd

    frame: pd.DataFrame = importlib.import_module(f"arch.data.{dataset.replace('-', '_')}").load()
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index[0].year == 1970:
        # arch 8 reads the French data's 192607 as so many nanoseconds after 1970.
        frame.index = pd.to_datetime(frame.index.as_unit("ns").asi8.astype(str), format="%Y%m")
    return frame.rename_axis("Date").reset_index()


def load(symbol: str) -> Bars:
    """Return the whole series of an index, one bar per XNYS session from 1999 to 2018.

    Parameters
    ----------
    symbol : {"^GSPC", "^IXIC"}

    Returns
    -------
    Bars
        Index levels as published; `known_at` is the XNYS close (an index needs
        no settling time); both factors are 1.0.
    """
    dataset = _BAR_SETS[symbol]
    frame = _read(dataset)
    ts = frame["Date"].to_numpy().astype("datetime64[us]")
    return build_bars(
        symbol=symbol,
        provider="sample",
        provenance="sample",
        interval="1d",
        calendar_name="XNYS",
        ts=ts,
        known_at=calendar.known_at(ts, "1d", "XNYS"),
        columns={
            name: frame[name.title()].to_numpy(dtype=np.float64) for name in ("open", "high", "low", "close", "volume")
        },
        price_basis="as_traded",
        known_at_rule="XNYS close of the session, early closes included; no delay",
        source=f"arch package, {dataset}.csv.gz ({BAR_SYMBOLS[symbol]})",
        currency="index points",
        as_of=AS_OF,
        notes=(_PRICE_INDEX,),
    )


def load_table(name: str) -> Records:
    """Return a close-only, factor or macro series of the sample, cut at `AS_OF`."""
    import pandas as pd

    table = _TABLES[name]
    frame = _read(table.dataset)
    labels = frame["Date"].to_numpy().astype("datetime64[us]")
    values = frame[list(table.columns)].rename(columns=table.columns).astype(float)
    if table.kind == "factors":
        values = values / 100.0
    values.index = pd.DatetimeIndex(labels, tz="UTC", name="ts")
    values["known_at"] = pd.DatetimeIndex(_known(labels, table.known), tz="UTC")
    missing = int(values.isna().any(axis=1).sum())
    values = values.dropna()
    notes = (
        (
            Note(
                code="missing_values",
                text=f"{missing} rows without a value were dropped",
                rows=missing,
                severity="info",
            ),
        )
        if missing
        else ()
    )
    records = Records(
        kind=table.kind,
        name=name,
        frame=values,
        provider="sample",
        source=f"arch package, {table.dataset}.csv.gz ({table.title})",
        known_at_rule=table.known,
        unit=table.unit,
        notes=notes,
    )
    return records.until(AS_OF)


class Sample(Vendor):
    """The sample under the contract of every provider; what is not in it is empty, with that reason."""

    name = "sample"
    capabilities = Capabilities(datasets=frozenset(("bars",)))

    def bars(self, request: Request) -> Payload:
        """Return an index series, or no rows for any other symbol."""
        if request.symbol not in BAR_SYMBOLS:
            return nothing(f"{request.symbol} is not in the sample set; it holds {', '.join(BAR_SYMBOLS)}")
        return payload_of(load(request.symbol), request)


def _known(labels: NDArray[np.datetime64], rule: str) -> NDArray[np.datetime64]:
    if rule == _DAILY_VIX:
        return calendar.nth_session_close("XNYS", labels, 1)
    if rule == _DAILY_WTI:
        return calendar.nth_session_close("XNYS", labels, 5)
    days = 30 if rule == _MONTHLY_30 else 45
    month_end = (labels.astype("datetime64[M]") + np.timedelta64(1, "M")).astype("datetime64[D]") - _DAY
    # A date without a time counts as the end of that day.
    next_day: NDArray[np.datetime64] = (month_end + np.timedelta64(days + 1, "D")).astype("datetime64[us]")
    return next_day - np.timedelta64(1, "us")
