"""A vendor's table to the canonical types of its dataset; naive stamps and unknown columns are refused by name."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from investiq.core.errors import DataError, near_matches
from investiq.market.datasets import ALL_LAYOUTS, AnyKind, Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["INSTANT", "BadRow", "typed"]

INSTANT: Final = "datetime64[us, UTC]"
_STAMPS: Final = ("instant", "date")


class BadRow(NamedTuple):
    """A row that cannot be what it should be, by its label in the checked frame, and why."""

    label: int
    reason: str


def typed(dataset: AnyKind, table: pd.DataFrame, symbol: str) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return `table` in the types of its dataset, rows numbered from 0, and what could not be read by row.

    Parameters
    ----------
    dataset : str
    table : DataFrame
        Columns of the dataset; optional ones may be absent.
    symbol : str
        For messages.

    Returns
    -------
    frame : DataFrame
        All columns of the layout in its order.
    unreadable : dict of int to str
        Row and reason, where a value is no number.

    Raises
    ------
    DataError
        If a column is unknown or a required one absent, or stamps have no
        zone, are no stamps, or are dates with a time of day.
    """
    import pandas as pd

    layout = ALL_LAYOUTS[dataset]
    what = f"{dataset} of {symbol}" if symbol else dataset
    if unknown := [str(name) for name in table.columns if name not in layout.columns]:
        raise DataError(
            f"{what}: unknown column(s) {', '.join(unknown)}{near_matches(unknown[0], layout.columns)}; "
            f"expected {', '.join(layout.columns)}"
        )
    absent = [name for name, column in layout.columns.items() if column.required and name not in table.columns]
    if absent and len(table):
        raise DataError(f"{what}: no column {', '.join(absent)}; found {', '.join(map(str, table.columns))}")
    if table.empty:
        return _no_rows(dataset).copy(), {}
    source = table.reset_index(drop=True)
    unreadable: dict[int, str] = {}
    columns: dict[str, Any] = {}
    for name, column in layout.columns.items():
        if name not in source.columns:
            columns[name] = _nothing(column, len(source))
        elif column.type in _STAMPS:
            columns[name] = _stamps(source[name], column, f"{what}: {name}")
        elif column.type == "number":
            columns[name] = _numbers(source[name], name, unreadable)
        else:
            columns[name] = _texts(source[name])
    return pd.DataFrame(columns, index=source.index), unreadable


@lru_cache(maxsize=16)
def _no_rows(dataset: AnyKind) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: _nothing(column, 0) for name, column in ALL_LAYOUTS[dataset].columns.items()})


def _nothing(column: Column, size: int) -> Any:
    import pandas as pd

    if column.type in _STAMPS:
        return pd.Series(pd.DatetimeIndex([pd.NaT] * size, tz="UTC").as_unit("us"))
    return np.full(size, np.nan) if column.type == "number" else pd.Series([None] * size, dtype="str")


def _stamps(values: pd.Series, column: Column, what: str) -> pd.Series:
    import pandas as pd

    if values.dtype == INSTANT:
        return _dates(values, what) if column.type == "date" else values
    if values.isna().all():
        nothing: pd.Series = _nothing(column, len(values))
        return nothing
    # A table that was put together row by row holds objects.
    if values.dtype == object and all(hasattr(value, "tzinfo") for value in values.dropna()):
        zones = [value.tzinfo for value in values.dropna()]
        if None not in zones:
            values = pd.to_datetime(values, utc=True)
        else:
            raise _naive(values, what)
    if pd.api.types.is_datetime64_dtype(values.dtype):
        raise _naive(values, what)
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        found = values.dropna().iloc[0]
        raise DataError(f"{what} must be stamps in UTC, was {values.dtype} such as {found!r}; parse it in the adapter")
    stamps: pd.Series = values.dt.tz_convert("UTC").dt.as_unit("us")
    return _dates(stamps, what) if column.type == "date" else stamps


def _dates(stamps: pd.Series, what: str) -> pd.Series:
    instants = stamps.dt.tz_convert(None).to_numpy()
    off = ~np.isnat(instants) & (instants != instants.astype("datetime64[D]"))
    if off.any():
        raise DataError(
            f"{what} must be dates at 00:00 UTC, {int(off.sum())} have a time of day such as "
            f"{stamps[off].iloc[0]:%Y-%m-%d %H:%M}; read the date in the exchange's zone first"
        )
    return stamps


def _naive(values: pd.Series, what: str) -> DataError:
    return DataError(
        f"{what}: stamps such as {values.dropna().iloc[0]} carry no zone; convert them to UTC from the vendor's zone"
    )


def _numbers(values: pd.Series, name: str, unreadable: dict[int, str]) -> pd.Series:
    import pandas as pd

    if values.dtype == np.float64 and not np.isinf(values.to_numpy()).any():
        return values
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = (numbers.isna() & values.notna()) | np.isinf(numbers)
    for row in numbers.index[wrong]:
        unreadable.setdefault(int(row), f"{name} {values[row]!s} is no finite number")
    cleaned: pd.Series = numbers.mask(wrong)
    return cleaned


def _texts(values: pd.Series) -> pd.Series:
    # Kept as they came, markup included: whoever shows them escapes them. A text without a sign says nothing.
    texts: pd.Series = values.astype("str")
    is_silent = (texts.str.strip() == "").to_numpy(dtype=bool, na_value=False)
    said: pd.Series = texts.mask(is_silent) if is_silent.any() else texts
    return said
