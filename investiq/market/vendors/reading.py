"""From the rows of a vendor's answer to canonical columns: one declared map a dataset, every refused row counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import VendorError
from investiq.core.notes import Note
from investiq.market.datasets import LAYOUTS
from investiq.market.vendors.values import (
    day,
    epochs,
    is_absent,
    joined,
    moment,
    number,
    numbers,
    text,
    values_at,
    yes_or_no,
)

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Dataset, Request

__all__ = ["Field", "Kind", "Reading", "records_of", "with_newest", "within"]

Kind = Literal[
    "text", "symbol", "texts", "boolean", "number", "size", "price", "factor", "date", "instant",
    "seconds", "milliseconds", "nanoseconds",
]  # fmt: skip


class Field(NamedTuple):
    """Where a canonical column comes from: a vendor's field, and how it is written there.

    Attributes
    ----------
    name : str
        A key or an attribute, or a path of them joined by ``"/"``.
    kind : str
        ``"size"`` is a number without its sign, ``"price"`` one of which zero means that there is none,
        ``"factor"`` one above zero; ``"symbol"`` a text that may be ``"NAN"``
        or ``"NONE"``; ``"texts"`` a list, joined by ``"|"``; ``"date"`` is ISO
        8601; ``"instant"`` an aware ISO 8601 time; the units of time count from
        1970, zero meaning none.
    is_required : bool
        Whether a row without it is refused, as one without a required column
        of the dataset always is.
    """

    name: str
    kind: Kind
    is_required: bool = False


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


class Reading:
    """The rows of one answer: those that can be read become tables, the others are counted by reason.

    A row is refused if a required value is missing or unreadable, or any other
    value is there and not of its declared kind.

    Parameters
    ----------
    dataset : str
    provider : str
    symbol : str, optional
        For messages.

    Examples
    --------
    >>> reading = Reading("short_interest", "massive")
    >>> fields = {"settlement_date": Field("on", "date"), "short_interest": Field("shares", "number")}
    >>> len(reading.table([{"on": "2024-01-12", "shares": "1000"}, {"on": "soon", "shares": 10}], fields))
    1
    >>> print(reading.notes()[0].text)
    1 of the 2 rows of short_interest from massive were left out: 1 without a readable settlement_date (on = 'soon', \
expected a date such as 2024-01-31)
    """

    def __init__(self, dataset: Dataset, provider: str, symbol: str = "") -> None:
        self._dataset = dataset
        self._provider = provider
        self._symbol = symbol
        self._kept = 0
        self._refused: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def table(self, rows: Sequence[Any], fields: Mapping[str, Field]) -> pd.DataFrame:
        """Return the rows that can be read, in the order given.

        Parameters
        ----------
        rows : sequence
            Mappings, or objects with attributes.
        fields : mapping of str to Field
            Column to its origin; those beyond the dataset are for the adapter
            to compute with.

        Returns
        -------
        DataFrame
            Text as ``str``, numbers as float64, times as datetime64[us, UTC];
            missing values as NaN or NaT; columns typed without rows too.
        """
        import pandas as pd

        if not rows:
            return _no_rows(tuple((column, field.kind) for column, field in fields.items())).copy()
        refused = np.zeros(len(rows), dtype=bool)
        columns: dict[str, Any] = {}
        for column, field, is_required in self._ordered(fields):
            values = values_at(rows, field.name.split("/"))
            columns[column], missing = _typed(field.kind, values)
            missing &= ~refused
            unreadable = _are_there(field.kind, values, missing)
            wrong = missing if is_required else unreadable
            reason = f"without a readable {column}" if is_required else f"with an unreadable {column}"
            reason = _WITHOUT.get((self._dataset, column), reason)
            self.refuse(reason, int(wrong.sum()))
            if unreadable.any():
                self._examples.setdefault(reason, _shown(field, values[int(unreadable.argmax())]))
            refused |= wrong
        self._kept += int((~refused).sum())
        table = pd.DataFrame({column: columns[column] for column in fields})
        return table.loc[~refused].reset_index(drop=True) if refused.any() else table

    def refuse(self, reason: str, count: int = 1) -> None:
        """Count rows as left out that were not read into a table."""
        if count:
            self._refused[reason] += count

    def take_back(self, reason: str, rows: NDArray[np.bool_]) -> None:
        """Count as left out those `rows` of a table that cannot be used after all."""
        count = int(rows.sum())
        self._kept -= count
        self.refuse(reason, count)

    def notes(self) -> tuple[Note, ...]:
        """Return the note that says how many rows were left out and why, or nothing.

        Raises
        ------
        VendorError
            If rows came and every one was refused: that is a failure, not an
            empty answer.
        """
        count = self._refused.total()
        if not count:
            return ()
        what = "bars" if self._dataset == "bars" else f"rows of {self._dataset}"
        reasons = ", ".join(
            f"{number} {reason}{self._examples.get(reason, '')}" for reason, number in self._refused.most_common()
        )
        if not self._kept:
            of_symbol = f" of {self._symbol}" if self._symbol else ""
            raise VendorError(
                f"{self._provider} sent {count} {what}{of_symbol} and none could be read: {reasons}; "
                "its format may have changed: report it, and use another provider meanwhile"
            )
        words = f"{count} of the {count + self._kept} {what} from {self._provider} were left out: {reasons}"
        return (Note(code="rows_refused", text=words, rows=count),)

    def _ordered(self, fields: Mapping[str, Field]) -> list[tuple[str, Field, bool]]:
        """Return fields and whether each is required, in the order in which reasons are given: stamp, close, required."""
        layout = LAYOUTS[self._dataset].columns
        needed = {
            name for name, field in fields.items() if field.is_required or (name in layout and layout[name].required)
        }
        order = sorted(fields, key=lambda name: (name != "ts", name != "close", name not in needed))
        return [(name, fields[name], name in needed) for name in order]


def within(table: pd.DataFrame, label: str, request: Request) -> pd.DataFrame:
    """Return the rows of the requested range, oldest first, an exact repetition once, at most `limit` newest.

    Two different rows of one label stay: which of them is right is for the schema to say.
    """
    import pandas as pd

    is_settled = table[label].is_monotonic_increasing and table[label].is_unique
    kept = table if is_settled else table.drop_duplicates().sort_values(label, kind="stable")
    for bound, is_start in ((request.start, True), (request.end, False)):
        if bound is not None:
            edge = pd.Timestamp(bound, tz="UTC")
            kept = kept[kept[label] >= edge] if is_start else kept[kept[label] <= edge]
    if request.limit is not None:
        kept = kept.tail(request.limit)
    return kept.reset_index(drop=True)


def with_newest(table: pd.DataFrame, stamps: Sequence[str], reading: Reading) -> pd.DataFrame:
    """Return snapshots stamped `ts` with the newest of their own `stamps`; one without any is refused."""
    found = table.assign(ts=table[list(stamps)].max(axis=1))
    reading.take_back(_WITHOUT["snapshot", "ts"], found["ts"].isna().to_numpy())
    return found.dropna(subset="ts")


_PART_OF_PRICES: Final = "with a close but not all of open, high and low"
_WITHOUT: Final = {
    ("bars", "ts"): "without a readable stamp",
    ("bars", "close"): "without a close",
    **{("bars", name): _PART_OF_PRICES for name in ("open", "high", "low")},
    # A price of unknown age is not used.
    ("snapshot", "ts"): "without its time",
}
_MOST_SHOWN: Final = 60


@lru_cache(maxsize=64)
def _no_rows(kinds: tuple[tuple[str, Kind], ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({column: _typed(kind, ())[0] for column, kind in kinds})


def _typed(kind: Kind, values: Sequence[Any]) -> tuple[Any, NDArray[np.bool_]]:
    """Return a column of a frame, and which of its values are missing."""
    import pandas as pd

    if kind in _NUMBERS:
        read = _NUMBERS[kind](numbers(values))
        return read, np.isnan(read)
    if kind in _STAMPS:
        stamps = _STAMPS[kind](values)
        return pd.DatetimeIndex(stamps, tz="UTC"), np.isnat(stamps)
    reader = _TEXTS[kind]
    # An absent text is none to read: "n/a" would be one.
    texts = [reader(None if kind in _WORDS and is_absent(value) else value) for value in values]
    return pd.Series(texts, dtype="str"), np.array([text is None for text in texts], dtype=bool)


def _are_there(kind: Kind, values: Sequence[Any], missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the `missing` values are something that cannot be read, and not nothing."""
    there = np.zeros(len(values), dtype=bool)
    for row in np.flatnonzero(missing).tolist():
        is_none = is_absent(values[row]) or (kind in _ZERO_IS_NONE and number(values[row]) == 0)
        there[row] = not is_none
    return there


def _shown(field: Field, value: Any) -> str:
    return f" ({field.name} = {repr(value)[:_MOST_SHOWN]}, expected {_EXPECTED[field.kind]})"


def _instants(read: Callable[[Any], np.datetime64], values: Sequence[Any]) -> NDArray[np.datetime64]:
    return np.array([read(value) for value in values], dtype="datetime64[us]")


_TEXTS: Final[dict[Kind, Callable[[Any], str | None]]] = {
    "text": text,
    "symbol": text,
    "texts": joined,
    "boolean": yes_or_no,
}
_WORDS: Final = frozenset({"text", "texts"})
_NUMBERS: Final[dict[Kind, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "number": lambda read: read,
    "size": np.abs,
    "price": lambda read: np.where(read == 0, np.nan, read),
    "factor": lambda read: np.where(read > 0, read, np.nan),
}
_STAMPS: Final[dict[Kind, Callable[[Sequence[Any]], NDArray[np.datetime64]]]] = {
    "date": partial(_instants, day),
    "instant": partial(_instants, moment),
    "seconds": partial(epochs, unit="s"),
    "milliseconds": partial(epochs, unit="ms"),
    "nanoseconds": partial(epochs, unit="ns"),
}
_ZERO_IS_NONE: Final = frozenset({"price", "seconds", "milliseconds", "nanoseconds"})
_EXPECTED: Final[dict[Kind, str]] = {
    "text": "text",
    "symbol": "text",
    "texts": "a list",
    "boolean": "true or false",
    "number": "a number",
    "size": "a number",
    "price": "a number",
    "factor": "a number above 0",
    "date": "a date such as 2024-01-31",
    "instant": "a time with its zone, such as 2024-01-31T21:00:00Z",
    "seconds": "Unix seconds",
    "milliseconds": "Unix milliseconds",
    "nanoseconds": "Unix nanoseconds",
}
