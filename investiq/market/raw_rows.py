"""Tables of prices before they are bars: what is wrong with their rows, and the bars that the sound rows make."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, near_matches
from investiq.core.passport import Passport
from investiq.core.types import INTERVAL_MINUTES, Interval
from investiq.history.bars import Bars
from investiq.history.scanning import Found
from investiq.market.labels import Labels, check_labels
from investiq.market.stamps import read_stamps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RawRows", "read_rows"]

_PRICES: Final = ("open", "high", "low", "close")
_STAMPS: Final = ("ts", "timestamp", "date", "datetime", "time")


class RawRows(NamedTuple):
    """What a table holds.

    Attributes
    ----------
    faults : dict of str to Found
        Rows that cannot be bars, by check.
    labels : Labels
        Of all rows with a readable stamp, each label once.
    bars : Bars or None
        Of the sound rows, sorted; None where none is sound.
    rows : int
        Of the table.
    bad_labels : ndarray of datetime64[us]
        Labels of rows that are there but are no bars.
    """

    faults: dict[str, Found]
    labels: Labels
    bars: Bars | None
    rows: int
    bad_labels: NDArray[np.datetime64]


def read_rows(frame: pd.DataFrame, symbol: str, interval: Interval, calendar: str) -> RawRows:
    """Return the faults of a table's rows, and `Bars` of those without.

    Parameters
    ----------
    frame : DataFrame
        Columns open, high, low, close and perhaps volume in any case; the stamps
        are the index, or a column ts, timestamp, date, datetime or time.

    Raises
    ------
    DataError
        If a price column or the stamps are missing.
    """
    table = _named(frame)
    faults, stamps = _stamps(table, interval, calendar)
    known = stamps.notna().to_numpy()
    ts = stamps.dt.tz_convert(None).to_numpy().astype("datetime64[us]")[known]
    columns = {name: _numbers(table, name)[known] for name in (*_PRICES, "volume")}
    if (np.diff(ts) < np.timedelta64(0, "us")).any():
        out = np.flatnonzero(np.diff(ts) < np.timedelta64(0, "us")) + 1
        faults["unsorted"] = Found(ts[out], np.full(out.size, np.nan))
    order = np.argsort(ts, kind="stable")
    ts, columns = ts[order], {name: values[order] for name, values in columns.items()}
    sound = np.ones(ts.size, dtype=bool)
    for check, rows, values in _bad_rows(ts, columns):
        faults[check] = Found(ts[rows], values[rows])
        sound[rows] = False
    labels = check_labels(np.unique(ts), interval, calendar)
    bars = _bars(ts[sound], {name: values[sound] for name, values in columns.items()}, symbol, interval, calendar)
    return RawRows(faults, labels, bars, len(frame), np.setdiff1d(ts[~sound], ts[sound]))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with our column names and its stamps in the column `ts`."""
    import pandas as pd

    names = {str(column).strip().casefold(): column for column in frame.columns}
    missing = [name for name in _PRICES if name not in names]
    if missing:
        raise DataError(
            f"the table has no column {missing[0]!r}{near_matches(missing[0], names)}; it has {', '.join(map(str, frame.columns))}"
        )
    picked = {name: frame[names[name]] for name in (*_PRICES, "volume") if name in names}
    stamp = next((names[name] for name in _STAMPS if name in names), None)
    if stamp is None and not isinstance(frame.index, pd.DatetimeIndex):
        raise DataError(f"the table has no stamps: expected a column {', '.join(_STAMPS)}, or an index of dates")
    table = pd.DataFrame(picked).reset_index(drop=True)
    table["ts"] = (frame.index.to_series() if stamp is None else frame[stamp]).to_numpy()
    if stamp is not None and isinstance(frame[stamp].dtype, pd.DatetimeTZDtype):
        table["ts"] = frame[stamp].reset_index(drop=True)
    elif stamp is None and isinstance(frame.index, pd.DatetimeIndex):
        table["ts"] = frame.index
    return table


def _stamps(table: pd.DataFrame, interval: Interval, calendar: str) -> tuple[dict[str, Found], pd.Series]:
    """Return faults of the stamps, and the stamps in UTC."""
    import pandas as pd

    is_daily = interval in ("1d", "1w", "1mo")
    there = table["ts"].notna()
    texts = table.loc[there, "ts"]
    # A naive stamp is read as UTC, as a careless reader would: where that is wrong, the labels show it.
    stamps, bad = read_stamps(texts, is_daily=is_daily, calendar=calendar, timezone="UTC", date_format=None)
    faults: dict[str, Found] = {}
    if not is_daily and _are_naive(texts):
        ts = stamps.dropna().dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        faults["naive_stamps"] = Found(ts, np.full(ts.size, np.nan))
    unreadable = int((~there).sum()) + len(bad)
    if unreadable:
        faults["unreadable_stamp"] = Found(
            np.full(unreadable, np.datetime64("NaT", "us")),
            np.array([*table.index[~there], *(row.label for row in bad)], float),
        )
    return faults, pd.Series(stamps).reindex(table.index)


def _are_naive(texts: pd.Series) -> bool:
    import pandas as pd

    if isinstance(texts.dtype, pd.DatetimeTZDtype):
        return False
    return not texts.astype(str).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).any()


def _numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    import pandas as pd

    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)


def _bad_rows(
    ts: NDArray[np.datetime64], columns: dict[str, NDArray[np.float64]]
) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Return (check, rows, the value judged), each row under every check that it fails."""
    opens, high, low, close = (columns[name] for name in _PRICES)
    prices = np.column_stack([opens, high, low, close])
    gone: NDArray[np.bool_] = np.asarray(np.isnan(prices).any(axis=1))
    wrong = ~gone & np.any((prices <= 0) | np.isinf(prices), axis=1)
    above = np.maximum(np.maximum(opens, close), low) - high
    below = low - np.minimum(opens, close)
    torn = ~gone & ~wrong & ((above > 0) | (below > 0))
    repeated = np.zeros(ts.size, dtype=bool)
    repeated[1:] = ts[1:] == ts[:-1]
    unsound = ~((columns["volume"] >= 0) | np.isnan(columns["volume"]))
    cases: list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]] = [
        ("missing_price", gone, np.isnan(prices).sum(axis=1).astype(float)),
        ("bad_price", wrong, prices.min(axis=1)),
        ("inconsistent_bar", torn, np.maximum(above, below)),
        ("negative_volume", unsound, columns["volume"]),
        ("duplicate_label", repeated, close),
    ]
    return [(check, rows, values) for check, rows, values in cases if rows.any()]


def _bars(
    ts: NDArray[np.datetime64], columns: dict[str, NDArray[np.float64]], symbol: str, interval: Interval, calendar: str
) -> Bars | None:
    """Return bars under a passport that claims nothing: known one interval after their label."""
    if not ts.size:
        return None
    # A month has up to 31 days.
    minutes = INTERVAL_MINUTES[interval] + (1_440 if interval == "1mo" else 0)
    known_at = ts + np.timedelta64(minutes, "m")
    first, last = (moment.item().replace(tzinfo=UTC) for moment in ts[[0, -1]])
    passport = Passport(
        symbol=symbol, provider="table", provenance="file", interval=interval, calendar=calendar, price_basis="as_traded",
        known_at_rule="not stated", rows=ts.size, first=first, last=last, missing_sessions=0, repairs=0, sha256="",
    )  # fmt: skip
    return Bars(
        symbol=symbol,
        interval=interval,
        ts=ts,
        known_at=known_at,
        split_factor=np.ones(ts.size),
        total_factor=np.ones(ts.size),
        passport=passport,
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns["volume"],
    )
