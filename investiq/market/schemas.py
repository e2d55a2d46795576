"""The schemas of every dataset at the border: pandera finds the bad rows, the words are ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.adjust import ActionKind
from investiq.market.columns import INSTANT, BadRow, typed
from investiq.market.datasets import ALL_LAYOUTS, AnyKind
from investiq.market.known_times import KNOWN_AT_RULES, known_times
from investiq.market.record_rows import each_once, on_future, on_order, on_rejected

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BadRow", "Canonical", "bad_bars", "canonical"]

_PRICES: Final = ("open", "high", "low", "close")
_WORDS: Final = {
    "not_nullable": "{column} is missing",
    "price": "{column} {value:g} is no positive price",
    "volume": "volume {value:g} is not >= 0",
    "high_low": "high {high:g} lies below low {low:g}",
    "high_body": "high {high:g} lies below open {open:g} or close {close:g}",
    "low_body": "low {low:g} lies above open {open:g} or close {close:g}",
    "unique": "its stamp appears more than once",
}


@lru_cache(maxsize=1)
def _bar_schema() -> Any:
    import pandera.pandas as pa

    price = pa.Check(lambda values: (values > 0) & (values < np.inf), error="price")
    volume = pa.Check(lambda values: (values >= 0) & (values < np.inf), error="volume")
    # Comparisons with a missing price are False: its own column names it.
    shape = [
        pa.Check(lambda rows: ~(rows["high"] < rows["low"]), error="high_low"),
        pa.Check(lambda rows: ~(rows["high"] < rows[["open", "close"]].max(axis=1)), error="high_body"),
        pa.Check(lambda rows: ~(rows["low"] > rows[["open", "close"]].min(axis=1)), error="low_body"),
        pa.Check(lambda rows: ~rows["ts"].duplicated(keep=False), error="unique"),
    ]
    columns = {name: pa.Column(float, price) for name in _PRICES}
    columns |= {"ts": pa.Column(INSTANT), "volume": pa.Column(float, volume, nullable=True)}
    return pa.DataFrameSchema(columns, checks=shape, strict=True)


def bad_bars(frame: pd.DataFrame) -> list[BadRow]:
    """Return every row of `frame` that breaks an invariant of bars, in order.

    Parameters
    ----------
    frame : DataFrame
        Columns ts (UTC), open, high, low, close, volume; the index holds the
        labels (such as line numbers) by which rows are named.
    """
    if _are_bars(frame):
        return []
    import pandera.errors

    try:
        _bar_schema().validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    found: dict[BadRow, None] = {}
    for check, column, value, label in zip(
        cases["check"], cases["column"], cases["failure_case"], cases["index"], strict=True
    ):
        row = frame.loc[int(label)]
        words = _WORDS[check].format(column=column, value=value, **{name: row[name] for name in _PRICES})
        found[BadRow(int(label), words)] = None
    return sorted(found)


def _are_bars(frame: pd.DataFrame) -> bool:
    """Return whether the schema has nothing to say, by its own rules in numpy: pandera takes forty times as long to find that."""
    if sorted(frame.columns) != sorted(("ts", *_PRICES, "volume")) or frame["ts"].dtype != INSTANT:
        return False
    if any(frame[name].dtype != np.float64 for name in (*_PRICES, "volume")):
        return False
    ts = frame["ts"].dt.tz_convert(None).to_numpy()
    prices = opens, high, low, close = [frame[name].to_numpy() for name in _PRICES]
    volume = frame["volume"].to_numpy()
    return bool(
        all(((price > 0) & (price < np.inf)).all() for price in prices)
        and (np.isnan(volume) | ((volume >= 0) & (volume < np.inf))).all()
        and (high >= np.maximum(np.maximum(opens, close), low)).all()
        and (low <= np.minimum(opens, close)).all()
        and not np.isnat(ts).any()
        and np.unique(ts).size == ts.size
    )


# What a value must be, where it is there.
_POSITIVE: Final[dict[AnyKind, tuple[str, ...]]] = {
    "options": ("strike",),
    "analyst_targets": ("target", "high", "low"),
    "snapshot": ("last", "minute_close", "day_open", "day_high", "day_low", "day_close", "previous_close"),
}
_NOT_NEGATIVE: Final[dict[AnyKind, tuple[str, ...]]] = {
    "options": ("bid", "ask", "last", "volume", "open_interest", "implied_volatility"),
    "insiders": ("shares", "price", "value", "shares_after"),
    "short_interest": ("short_interest", "average_daily_volume", "days_to_cover"),
    "profile": ("shares_outstanding", "float_shares"),
}
_CHOICES: Final[dict[AnyKind, dict[str, tuple[str, ...]]]] = {
    "actions": {"kind": get_args(ActionKind)},
    "statements": {"fiscal_period": ("Q1", "Q2", "Q3", "Q4", "FY")},
    "options": {"contract_type": ("call", "put")},
}
# A label that a record describes cannot lie after the record was known.
_DESCRIBES_THE_PAST: Final[tuple[AnyKind, ...]] = (
    "statements", "insiders", "short_interest", "profile", "analyst_targets", "analyst_ratings", "earnings_texts", "series",
)  # fmt: skip
_FIRST_FISCAL_YEAR: Final = 1900
_PANDERA_TYPES: Final = {"instant": INSTANT, "date": INSTANT, "number": "float64", "text": "str", "texts": "str"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Canonical:
    """A vendor's table after the border.

    Attributes
    ----------
    table : DataFrame
        Every column of the layout in its type, and `known_at` unless it is a
        search or a listing; ascending, each fact once.
    notes : tuple of Note
        What was refused, dropped or put in order, with numbers and examples.
    rejected : tuple of BadRow
        Rows that did not pass, by their position in the vendor's table, each with its reasons.
    """

    table: pd.DataFrame
    notes: tuple[Note, ...] = ()
    rejected: tuple[BadRow, ...] = ()


def canonical(
    dataset: AnyKind, table: pd.DataFrame, *, symbol: str, retrieved_at: datetime, calendar: str = "XNYS"
) -> Canonical:
    """Return a vendor's records typed, checked, in order and each once, with the time at which each became known.

    Parameters
    ----------
    dataset : str
        Any but bars, whose `known_at` follows from calendar and plan.
    table : DataFrame
        In the columns of the dataset (`market.datasets`), any order of rows.
    symbol : str
        For messages.
    retrieved_at : datetime
        Aware. `known_at` never depends on it; stamps after it are reported.
    calendar : str, default "XNYS"
        Exchange calendar of the symbol.

    Raises
    ------
    DataError
        If columns are unknown or absent, or stamps are naive: the adapter is
        wrong. A wrong row is not an error but rejected, counted and reported.

    Notes
    -----
    A row without any stamp from which `known_at` follows is no record. Of rows
    with one key, equal ones count once; of different ones the version known
    last is kept, and where that does not decide none is.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Timestamp("2024-03-04 14:00", tz="UTC")
    >>> news = pd.DataFrame({"id": ["1"], "title": ["A split"], "published_utc": [day]})
    >>> canonical("news", news, symbol="AAPL", retrieved_at=day).table["known_at"].iloc[0] == day
    True
    """
    if dataset == "bars":
        raise DataError("bars are no records: check them with bad_bars and take known_at from their calendar")
    what = f"{dataset} of {symbol}" if symbol else dataset
    frame, unreadable = typed(dataset, table, symbol)
    if frame.empty:
        has_clock = dataset in KNOWN_AT_RULES
        return Canonical(table=frame.assign(known_at=frame[ALL_LAYOUTS[dataset].label]) if has_clock else frame)
    # A value that is no number is missing now; its row has its own reason.
    bad = [row for row in _bad_records(dataset, frame) if row.label not in unreadable]
    bad += [BadRow(row, reason) for row, reason in unreadable.items()]
    notes = list(on_order(frame, ALL_LAYOUTS[dataset].label, what))
    frame, years = _without_wrong_years(frame, what)
    known = known_times(dataset, frame, calendar)
    if known is not None:
        frame["known_at"] = known
        bad += _untimely(dataset, frame)
    sound = frame.drop(index=sorted({row.label for row in bad})) if bad else frame
    kept, repeats, contradicting = each_once(dataset, sound, what)
    bad = sorted([*bad, *contradicting])
    notes += [
        *years,
        *repeats,
        *on_rejected(dataset, bad, len(frame), what),
        *on_future(dataset, kept, retrieved_at, what),
    ]
    return Canonical(table=_in_order(dataset, kept), notes=tuple(notes), rejected=tuple(bad))


def _in_order(dataset: AnyKind, frame: pd.DataFrame) -> pd.DataFrame:
    layout = ALL_LAYOUTS[dataset]
    labels = frame[layout.label]
    if labels.is_monotonic_increasing and labels.is_unique:
        return frame.reset_index(drop=True)
    return frame.sort_values(list(dict.fromkeys([layout.label, *layout.key])), kind="stable", ignore_index=True)


@lru_cache(maxsize=16)
def _record_schema(dataset: AnyKind) -> Any:
    import pandera.pandas as pa

    columns = {}
    for name, column in ALL_LAYOUTS[dataset].columns.items():
        checks = []
        if name in _POSITIVE.get(dataset, ()):
            checks.append(pa.Check.gt(0, error="must be above 0"))
        if name in _NOT_NEGATIVE.get(dataset, ()):
            checks.append(pa.Check.ge(0, error="must not be negative"))
        if (choices := _CHOICES.get(dataset, {}).get(name)) is not None:
            checks.append(pa.Check.isin(choices, error=f"must be one of {', '.join(choices)}"))
        columns[name] = pa.Column(_PANDERA_TYPES[column.type], checks, nullable=not column.required)
    return pa.DataFrameSchema(columns, strict=True)


def _bad_records(dataset: AnyKind, frame: pd.DataFrame) -> list[BadRow]:
    if _are_records(dataset, frame):
        return []
    import pandera.errors

    try:
        _record_schema(dataset).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    return [
        BadRow(
            int(label), f"{column} is missing" if check == "not_nullable" else f"{column} {check}, was {_shown(value)}"
        )
        for check, column, value, label in zip(
            cases["check"], cases["column"], cases["failure_case"], cases["index"], strict=True
        )
    ]


def _are_records(dataset: AnyKind, frame: pd.DataFrame) -> bool:
    """Return whether the schema has nothing to say, by its own rules without pandera."""
    columns = ALL_LAYOUTS[dataset].columns
    if list(frame.columns) != list(columns):
        return False
    if any(frame[name].dtype != _PANDERA_TYPES[column.type] for name, column in columns.items()):
        return False
    # A comparison with a missing value is False: only a required one may not be missing.
    return (
        not any(frame[name].isna().any() for name, column in columns.items() if column.required)
        and not any((frame[name].to_numpy() <= 0).any() for name in _POSITIVE.get(dataset, ()))
        and not any((frame[name].to_numpy() < 0).any() for name in _NOT_NEGATIVE.get(dataset, ()))
        and all(frame[name].dropna().isin(known).all() for name, known in _CHOICES.get(dataset, {}).items())
    )


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _without_wrong_years(frame: pd.DataFrame, what: str) -> tuple[pd.DataFrame, list[Note]]:
    """Return the frame with fiscal years that are none, such as 0, as missing."""
    if "fiscal_year" not in frame.columns:
        return frame, []
    wrong = frame["fiscal_year"] < _FIRST_FISCAL_YEAR
    if not wrong.any():
        return frame, []
    first = frame["fiscal_year"][wrong].iloc[0]
    text = f"{what}: {int(wrong.sum())} fiscal year(s) such as {first:g} are none and count as missing"
    cleaned = frame.assign(fiscal_year=frame["fiscal_year"].mask(wrong))
    return cleaned, [Note(code="fiscal_year_missing", text=text, rows=int(wrong.sum()), severity="info")]


def _untimely(dataset: AnyKind, frame: pd.DataFrame) -> list[BadRow]:
    known, label = frame["known_at"], ALL_LAYOUTS[dataset].label
    bad = [BadRow(int(row), "no stamp says when it became known") for row in frame.index[known.isna()]]
    if dataset in _DESCRIBES_THE_PAST:
        early = known < frame[label]
        bad += [
            BadRow(
                int(row),
                f"{label} {frame[label][row]:%Y-%m-%d} lies after it was known, {known[row]:%Y-%m-%d %H:%M} UTC",
            )
            for row in frame.index[early]
        ]
    return bad
