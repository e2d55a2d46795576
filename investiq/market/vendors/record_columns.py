"""Columns of your own records: their names and values as they stand in a file, to those of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from investiq.core.errors import DataError, near_matches
from investiq.market.columns import INSTANT, BadRow
from investiq.market.datasets import ALL_LAYOUTS, AnyKind, OwnKind
from investiq.market.stamps import read_stamps
from investiq.market.tables import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explained", "named", "parsed"]

# A row of each kind, as errors show it.
_EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "statements": {"period_end": "2024-03-31", "fiscal_period": "Q1", "filed_at": "2024-05-02", "revenue": 9.1e9},
    "earnings": {"period_end": "2024-03-31", "reported_at": "2024-05-01T16:30:00-04:00", "eps_actual": 1.5},
    "news": {"id": "1", "title": "ACME raises its guidance", "published_utc": "2024-05-01T20:30:00Z"},
    "options": {
        "ts": "2024-05-01T20:00:00Z", "contract": "ACME240621C00100000", "contract_type": "call", "strike": 100.0,
        "expiration": "2024-06-21", "implied_volatility": 0.25,
    },
    "insiders": {
        "transaction_date": "2024-05-01", "filed_at": "2024-05-03", "name": "J. Doe", "code": "P", "shares": 1000,
    },
    "short_interest": {"settlement_date": "2024-04-30", "publication_date": "2024-05-09", "short_interest": 2.5e6},
    "actions": {"kind": "dividend", "ex_date": "2024-05-10", "cash": 0.25, "declared_at": "2024-05-01"},
    "profile": {"effective_date": "2024-04-26", "filed_at": "2024-05-02", "sector": "Technology"},
    "analyst_targets": {"known_at": "2024-05-02T12:00:00Z", "target": 120.0, "contributors": 14},
    "analyst_ratings": {"known_at": "2024-05-02T12:00:00Z", "firm": "A Broker", "action": "upgrade", "rating": "Buy"},
    "earnings_texts": {"known_at": "2024-05-01T20:30:00Z", "text": "Revenue growth was strong ..."},
    "series": {"ts": "2024-05-01", "value": 5.25, "known_at": "2024-05-01T16:15:00-04:00"},
}  # fmt: skip
# Without one of these no row can say when it became known.
_KNOWN_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "statements": ("accepted_at", "filed_at"),
    "earnings": ("reported_at", "reported_date"),
    "insiders": ("accepted_at", "filed_at"),
    "short_interest": ("publication_date",),
    "profile": ("accepted_at", "filed_at"),
}
# A date, at midnight UTC if it has a time; and a time of day, with or without an offset.
_DATE: Final = r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?\s*(?:Z|\+00:?00)?)?"
_INSTANT: Final = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?"


def explained(text: str, kind: AnyKind) -> DataError:
    """Return an error with a row of the kind as it should be."""
    return DataError(f"{text}; a row looks like {dict(_EXAMPLES[kind])}")


def named(table: Table, kind: AnyKind, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns of a table under the names of the kind.

    Parameters
    ----------
    table : Table
    kind : str
    names : mapping of str to str
        The table's names where they differ, by those of the kind.

    Raises
    ------
    DataError
        If a column is none of the kind's, two are the same one, a required one
        is missing, or none says when a row became known.
    """
    layout = ALL_LAYOUTS[kind]
    known = tuple(dict.fromkeys((*layout.columns, "known_at")))
    if strange := [name for name in names if name not in known]:
        raise DataError(f"columns names {strange[0]!r}, which is no column of {kind}: {', '.join(known)}")
    given = {table.column(name, names, ()): name for name in names}
    found: dict[str, str] = {}
    for column in map(str, table.frame.columns):
        word = given.get(column, column.strip().casefold())
        # The frame of `Records` has the label as its index, which is called ts; the symbol has chosen the rows.
        found[column] = layout.label if word == "ts" and layout.label not in given.values() else word
    found = {column: name for column, name in found.items() if name not in ("symbol", "ticker")}
    held = f"found {', '.join(found)}"
    if unknown := [column for column, name in found.items() if name not in known]:
        raise explained(
            f"{table.name}: {', '.join(unknown)} is no column of {kind}{near_matches(unknown[0], known)}; {held}; expected "
            f'some of {", ".join(known)}; drop it, or say which of them it is with columns={{"...": "{unknown[0]}"}}',
            kind,
        )
    if twice := [name for name in known if list(found.values()).count(name) > 1]:
        raise explained(f"{table.name}: more than one column is {twice[0]}; {held}; drop the others", kind)
    needed = [name for name, column in layout.columns.items() if column.required and not _has_default(kind, name)]
    if missing := [name for name in needed if name not in found.values()]:
        raise explained(
            f"{table.name} has no column {', '.join(missing)}; {held}; {kind} need {', '.join(needed)}; "
            f'add it, or say what it is called, as in columns={{"{missing[0]}": "..."}}',
            kind,
        )
    stamps = _KNOWN_BY.get(kind, ())
    if stamps and not set(stamps) & set(found.values()):
        raise explained(f"{table.name}: nothing says when a row became known; {held}; add {' or '.join(stamps)}", kind)
    return table.frame[list(found)].set_axis(list(found.values()), axis=1)


def _has_default(kind: AnyKind, column: str) -> bool:
    """Return whether a column may be left out: what analysts or a company said has the date on which it became known."""
    return column == "ts" and kind in get_args(OwnKind) and kind != "series"


def parsed(
    table: Table, frame: pd.DataFrame, kind: AnyKind, timezone: str | None, calendar: str
) -> tuple[pd.DataFrame, list[BadRow]]:
    """Return the frame with its dates and times of day in UTC and lists as text, and the rows where that cannot be.

    Raises
    ------
    DataError
        If times carry no offset and there is no `timezone`, or no value of a column can be read.
    """
    types = {name: column.type for name, column in ALL_LAYOUTS[kind].columns.items()} | {"known_at": "instant"}
    bad: list[BadRow] = []
    columns: dict[str, Any] = {}
    for name in frame.columns:
        if types[name] not in ("date", "instant"):
            columns[name] = _joined(frame[name]) if types[name] == "texts" else frame[name]
            continue
        try:
            columns[name], wrong = (
                _dates(frame[name]) if types[name] == "date" else _instants(frame[name], timezone, calendar)
            )
        except DataError as error:
            raise explained(f"{table.name}: {name}: {error}", kind) from None
        if wrong and len(wrong) == int(frame[name].notna().sum()):
            raise explained(f"{table.name}: no {name} can be read: {wrong[0].reason}", kind)
        bad += [BadRow(row.label, f"{name} {row.reason}") for row in wrong]
    read = type(frame)(columns, index=frame.index)
    if _has_default(kind, "ts"):
        days = read["known_at"].dt.normalize()
        read["ts"] = read["ts"].fillna(days) if "ts" in read else days
    return read, bad


def _joined(values: pd.Series) -> pd.Series:
    """Return lists of texts as one text each, in the form of the store."""
    joined: pd.Series = values.map(
        lambda each: "|".join(map(str, each)) if isinstance(each, list | tuple | np.ndarray) else each
    )
    return joined


def _dates(values: pd.Series) -> tuple[pd.Series, list[BadRow]]:
    import pandas as pd

    texts, is_given = _texts(values)
    days = texts.str.extract(f"^{_DATE}$", expand=False)
    stamps = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").dt.tz_localize("UTC").dt.as_unit("us")
    bad = [
        BadRow(int(row), f"{texts[row]!r} is no ISO date such as '2024-03-31'")
        for row in stamps.index[stamps.isna() & is_given]
    ]
    return stamps, bad


def _instants(values: pd.Series, timezone: str | None, calendar: str) -> tuple[pd.Series, list[BadRow]]:
    import pandas as pd

    texts, is_given = _texts(values)
    is_time = texts.str.fullmatch(_INSTANT) & pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True).notna()
    bad = [
        BadRow(
            int(row), f"{texts[row]!r} is no ISO time with a time of day and an offset, such as '2024-05-01T20:30:00Z'"
        )
        for row in texts.index[is_given & ~is_time]
    ]
    stamps = pd.Series(pd.NaT, index=values.index, dtype=INSTANT)
    if is_time.any():
        read, unclear = read_stamps(
            texts[is_time], is_daily=False, calendar=calendar, timezone=timezone, date_format=None
        )
        stamps[is_time] = read
        bad += unclear
    return stamps, bad


def _texts(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return values as text, and whether each is given."""
    texts = values.astype("str").str.strip()
    is_given = values.notna() & (texts != "").fillna(False)
    return texts.where(is_given, ""), is_given
