"""The schema of bars at the border: pandera finds the bad rows, the words are ours."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BadRow", "bad_bars"]

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


class BadRow(NamedTuple):
    """A row that cannot be a bar, by its label in the checked frame, and why."""

    label: int
    reason: str


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
    columns |= {"ts": pa.Column("datetime64[us, UTC]"), "volume": pa.Column(float, volume, nullable=True)}
    return pa.DataFrameSchema(columns, checks=shape, strict=True)


def bad_bars(frame: pd.DataFrame) -> list[BadRow]:
    """Return every row of `frame` that breaks an invariant of bars, in order.

    Parameters
    ----------
    frame : DataFrame
        Columns ts (UTC), open, high, low, close, volume; the index holds the
        labels (such as line numbers) by which rows are named.
    """
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
