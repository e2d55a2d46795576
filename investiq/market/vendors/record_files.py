"""Your own records: statements, news, ratings or a series from a CSV, a Parquet file or a DataFrame, through the vendors' border."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from investiq.core.errors import DataError, near_matches
from investiq.history.records import Records
from investiq.market.columns import BadRow, typed
from investiq.market.datasets import ALL_LAYOUTS, AnyKind, OwnKind
from investiq.market.known_times import KNOWN_AT_RULES, known_times
from investiq.market.record_loading import RECORD_KINDS, RecordKind
from investiq.market.record_rows import on_rejected
from investiq.market.schemas import canonical
from investiq.market.tables import Table, labelled, read_table, rows_of_symbol
from investiq.market.vendors.record_columns import explained, named, parsed
from investiq.runtime import clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_records"]

_KINDS: Final[tuple[AnyKind, ...]] = (*RECORD_KINDS, *get_args(OwnKind))
_WITHOUT_UNIT: Final = ("series", "earnings_texts", "analyst_ratings", "news")


def read_records(
    source: str | os.PathLike[str] | pd.DataFrame,
    kind: RecordKind | OwnKind,
    symbol: str,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    calendar: str = "XNYS",
    unit: str | None = None,
) -> Records:
    """Return your own statements, news, ratings or other records, checked row by row as a vendor's are.

    Parameters
    ----------
    source : str, path or DataFrame
        ``.csv``, ``.csv.gz``, ``.txt``, ``.parquet`` or ``.pq``, or the table
        itself. One with a column ``symbol`` or ``ticker`` may hold several; the
        rows of this symbol are taken.
    kind : str
        ``"statements"``, ``"earnings"``, ``"news"``, ``"options"``,
        ``"insiders"``, ``"short_interest"``, ``"actions"`` or ``"profile"``, in
        the columns of `market.datasets`, of which only the required ones must be
        there. Or what no vendor serves, whose rows say in a column known_at when
        they became known: ``"analyst_targets"`` (target, and where known high,
        low, contributors, median_upside), ``"analyst_ratings"`` (firm, action,
        rating), ``"earnings_texts"`` (text), ``"series"`` (ts, the day, and value).
    symbol : str
        The company's; of a series its name, such as ``"DGS3MO"``.
    columns : mapping of str to str, optional
        Names in the source where they differ: ``{"value": "DGS3MO"}``; case does
        not matter.
    timezone : str, optional
        Of times of day without an offset, such as ``"America/New_York"``.
    calendar : str, default "XNYS"
        Exchange calendar of the symbol, for ends of days and sessions in `known_at`.
    unit : str, optional
        Of the amounts; by default USD, none for news, texts, ratings and a series.

    Returns
    -------
    Records
        Named ``"statements:ACME"``, a series by its own name, for
        ``iq.History.of(bars, records=[...])``. Its provider is ``"file"``; its
        source names the file with its SHA-256, for a DataFrame that of
        ``records.frame.to_csv()``. Rows that were refused are counted in its notes.

    Raises
    ------
    DataError
        If the kind is unknown, a column is missing or none of the kind's, times
        of day have no offset and no `timezone` is given, nothing says when rows
        became known, or no row can be used.

    Notes
    -----
    `known_at` follows from the stamps of a row by one rule a kind, told by
    `Records.known_at_rule`: a statement counts from its filing. Where a kind has
    such stamps, a column known_at is compared, and a row that differs is refused.
    Dates are ISO 8601.

    Examples
    --------
    >>> import pandas as pd
    >>> yields = pd.DataFrame(
    ...     {
    ...         "ts": ["2024-05-01", "2024-05-02"],
    ...         "value": [5.25, 5.24],
    ...         "known_at": ["2024-05-01T16:15:00-04:00", "2024-05-02T16:15:00-04:00"],
    ...     }
    ... )
    >>> read_records(yields, "series", "DGS3MO", unit="percent")
    <Records DGS3MO (series): 2 rows, percent, file>
    """
    if kind not in _KINDS:
        raise DataError(f"kind must be one of {', '.join(_KINDS)}, was {kind!r}{near_matches(str(kind), _KINDS)}")
    if not isinstance(symbol, str) or not symbol.strip():
        raise DataError(f"symbol must say whose records these are, such as 'ACME' or 'DGS3MO', was {symbol!r}")
    table = rows_of_symbol(_table(source), symbol)
    frame, bad = parsed(table, named(table, kind, dict(columns or {})), kind, timezone, calendar)
    frame = _without(frame, bad)
    bad += _contradicting(frame, kind, symbol, calendar)
    sound = _without(frame, bad)
    own = [name for name in sound.columns if name in ALL_LAYOUTS[kind].columns]
    rows = canonical(kind, sound[own], symbol=symbol, retrieved_at=clock.now(), calendar=calendar)
    bad += [BadRow(int(sound.index[row.label]), row.reason) for row in rows.rejected]
    refused = on_rejected(kind, sorted(bad), len(table.frame), f"{kind} of {symbol}", table.unit)
    if rows.table.empty:
        raise explained(f"{table.name}: no row can be used: {refused[0].text}", kind)
    found = rows.table.rename(columns={ALL_LAYOUTS[kind].label: "ts"}).set_index("ts")
    digest = table.sha256 or hashlib.sha256(found.to_csv().encode()).hexdigest()
    return Records(
        kind=kind,
        name=symbol if kind == "series" else f"{kind}:{symbol}",
        frame=found,
        provider="file",
        source=f"{table.name}, SHA-256 {digest}",
        known_at_rule=KNOWN_AT_RULES[kind],
        unit=("" if kind in _WITHOUT_UNIT else "USD") if unit is None else unit,
        notes=(*refused, *(note for note in rows.notes if note.code != "refused_rows")),
    )


def _table(source: str | os.PathLike[str] | pd.DataFrame) -> Table:
    import pandas as pd

    if isinstance(source, str | os.PathLike):
        return read_table(Path(source))
    if not isinstance(source, pd.DataFrame):
        raise DataError(
            f"source must be the path of a CSV or Parquet file, or a DataFrame, was {type(source).__name__}; "
            "make one of rows with pandas.DataFrame(rows)"
        )
    if source.empty:
        raise DataError("the DataFrame holds no rows; expected at least one")
    frame = labelled(source)
    return Table(name="a DataFrame", frame=frame.set_axis(pd.RangeIndex(len(frame))), unit="row", sha256="")


def _without(frame: pd.DataFrame, bad: list[BadRow]) -> pd.DataFrame:
    return frame.drop(index=sorted({row.label for row in bad} & set(frame.index))) if bad else frame


def _contradicting(frame: pd.DataFrame, kind: AnyKind, symbol: str, calendar: str) -> list[BadRow]:
    """Return the rows that claim to have been known at another time than their stamps say."""
    if "known_at" not in frame.columns or "known_at" in ALL_LAYOUTS[kind].columns:
        return []
    rest, _ = typed(kind, frame.drop(columns="known_at"), symbol)
    known = known_times(kind, rest, calendar)
    if known is None or not len(frame):
        return []
    known.index = frame.index
    claimed = frame["known_at"]
    return [
        BadRow(
            int(row),
            f"known_at {claimed[row]:%Y-%m-%d %H:%M} UTC differs from {known[row]:%Y-%m-%d %H:%M} UTC, which follows from its "
            f"stamps ({KNOWN_AT_RULES[kind]}); leave known_at out or correct them",
        )
        for row in frame.index[claimed.notna() & known.notna() & (claimed != known)]
    ]
