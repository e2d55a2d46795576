"""From the rows of a vendor's answer to canonical columns: one declared map a dataset, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from investiq.core.errors import VendorError

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Request

__all__ = ["Field", "Kind", "records_of", "table_of", "within"]

Kind = Literal["text", "texts", "number", "price", "date", "instant", "seconds"]

# How vendors write that they have nothing.
_NOTHING: Final = frozenset({"", "none", "null", "nan", "-", "n/a"})


class Field(NamedTuple):
    """Where a canonical column comes from: a vendor's field, and how it is written there.

    ``"price"`` is a number of which zero means that there is none; ``"date"``
    is ISO 8601; ``"instant"`` an aware ISO 8601 time; ``"seconds"`` Unix time;
    ``"texts"`` a list, joined by ``"|"``.
    """

    name: str
    kind: Kind


def records_of(document: Any, vendor: str, what: str) -> list[dict[str, Any]]:
    """Return `document` if it is a list of records.

    Raises
    ------
    VendorError
        If it is anything else: an answer of another form is a failure, not an empty one.
    """
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        return document
    raise VendorError(
        f"{vendor} answered {what} with {type(document).__name__} where a list of records was expected; "
        "its format may have changed: report it, and use another provider meanwhile"
    )


def table_of(rows: Sequence[Mapping[str, Any]], fields: Mapping[str, Field], vendor: str) -> pd.DataFrame:
    """Return `rows` as canonical columns.

    Parameters
    ----------
    rows : sequence of mapping
    fields : mapping of str to Field
        Canonical column to its origin.
    vendor : str
        Named in errors.

    Returns
    -------
    DataFrame
        Text as ``str``, numbers as float64, times as datetime64[us, UTC];
        missing values as NaN or NaT; columns typed without rows too.

    Raises
    ------
    VendorError
        If a value is neither missing nor of its declared kind.

    Examples
    --------
    >>> table = table_of([{"c": "10.5"}, {"c": None}], {"close": Field("c", "number")}, "a vendor")
    >>> table["close"].tolist()
    [10.5, nan]
    """
    import pandas as pd

    columns = {}
    for column, field in fields.items():
        values = [_present(row.get(field.name)) for row in rows]
        try:
            columns[column] = _READERS[field.kind](values)
        except (ValueError, TypeError, OverflowError) as error:
            wrong = next((value for value in values if value is not None and not _reads(field.kind, value)), values)
            raise VendorError(
                f"{vendor} gave {field.name} = {wrong!r}, expected {_EXPECTED[field.kind]}; "
                "its format may have changed: report it, and use another provider meanwhile"
            ) from error
    return pd.DataFrame(columns)


def within(table: pd.DataFrame, label: str, request: Request) -> pd.DataFrame:
    """Return the rows of the requested range, oldest first, an exact repetition once, at most `limit` newest.

    Two different rows of one label stay: which of them is right is for the schema to say.
    """
    import pandas as pd

    kept = table.drop_duplicates().sort_values(label, kind="stable")
    for bound, is_start in ((request.start, True), (request.end, False)):
        if bound is not None:
            edge = pd.Timestamp(bound, tz="UTC")
            kept = kept[kept[label] >= edge] if is_start else kept[kept[label] <= edge]
    if request.limit is not None:
        kept = kept.tail(request.limit)
    return kept.reset_index(drop=True)


def _present(value: Any) -> Any:
    """Return a value, or None where the vendor has none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return None if isinstance(value, str) and value.strip().casefold() in _NOTHING else value


def _texts(values: list[Any]) -> pd.Series:
    import pandas as pd

    return pd.Series([None if value is None else str(value) for value in values], dtype="str")


def _joined(values: list[Any]) -> pd.Series:
    if any(not isinstance(value, list) for value in values if value is not None):
        raise TypeError("not a list")
    return _texts([None if not value else "|".join(str(item) for item in value) for value in values])


def _numbers(values: list[Any]) -> pd.Series:
    import pandas as pd

    if any(isinstance(value, bool) for value in values):
        raise TypeError("not a number")
    return pd.Series([np.nan if value is None else float(value) for value in values], dtype="float64")


def _prices(values: list[Any]) -> pd.Series:
    numbers = _numbers(values)
    return numbers.where(numbers != 0)


def _dates(values: list[Any]) -> pd.Series:
    import pandas as pd

    days = [None if value is None else str(value)[:10] for value in values]
    stamps = pd.to_datetime(pd.Series(days, dtype="object"), format="%Y-%m-%d", utc=True)
    return stamps.astype("datetime64[us, UTC]")


def _instants(values: list[Any]) -> pd.Series:
    import pandas as pd

    stamps = [None if value is None else pd.Timestamp(value) for value in values]
    if any(stamp is not None and stamp.tzinfo is None for stamp in stamps):
        raise ValueError("a time without a zone")
    return pd.to_datetime(pd.Series(stamps, dtype="object"), utc=True).astype("datetime64[us, UTC]")


def _seconds(values: list[Any]) -> pd.Series:
    import pandas as pd

    # Zero is how vendors write a time that they do not have; nothing was traded electronically in 1970.
    micros = [None if not value else round(float(value) * 1e6) for value in values]
    return pd.to_datetime(pd.Series(micros, dtype="Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")


def _reads(kind: Kind, value: Any) -> bool:
    try:
        _READERS[kind]([value])
    except (ValueError, TypeError, OverflowError):
        return False
    return True


_READERS: Final[dict[Kind, Callable[[list[Any]], Any]]] = {
    "text": _texts,
    "texts": _joined,
    "number": _numbers,
    "price": _prices,
    "date": _dates,
    "instant": _instants,
    "seconds": _seconds,
}
_EXPECTED: Final[dict[Kind, str]] = {
    "text": "text",
    "texts": "a list",
    "number": "a number",
    "price": "a number",
    "date": "a date such as 2024-01-31",
    "instant": "a time with its zone, such as 2024-01-31T21:00:00Z",
    "seconds": "Unix seconds",
}
