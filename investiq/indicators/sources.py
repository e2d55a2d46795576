"""What an indicator is given: the column it reads, and what would make its values wrong without a sign of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.history.as_traded import refuse_splits

__all__: list[str] = []

FloatArray = NDArray[np.float64]


def is_labelled(source: Any) -> bool:
    """Return whether `source` is a Series or a DataFrame, and not an array, `Bars` or a `Panel`."""
    return hasattr(source, "to_numpy")


def picked(source: Any, name: str) -> Any:
    """Return the column `name` of `Bars`, of a `Panel` or of a DataFrame; a Series or an array as it is."""
    if isinstance(source, np.ndarray):
        return source
    if is_labelled(source):
        is_frame = getattr(source, "ndim", 1) == 2
        return source[name] if is_frame and name in source.columns else source
    values = getattr(source, name, None)
    if not isinstance(values, np.ndarray):
        return source
    refuse_splits(source)
    return values


def labels_of(source: Any) -> Any:
    """Return the index of a Series, a DataFrame, `Bars` or a `Panel`; None for an array."""
    index = getattr(source, "index", None)
    if index is not None or not hasattr(source, "ts"):
        return index
    import pandas as pd

    return pd.DatetimeIndex(source.ts, tz="UTC", name="ts")


def refuse_disorder(values: Any, name: str) -> None:
    """Refuse a Series whose labels do not ascend: its rows would be read in the wrong order, or twice."""
    index = getattr(values, "index", None)
    # Both are kept by the index, which the columns of a frame share.
    if index is None or (index.is_monotonic_increasing and index.is_unique):
        return
    if not index.is_unique:
        row = int(np.argmax(index.duplicated()))
        raise DataError(
            f"{name} has {int(index.duplicated().sum())} labels more than once, first {index[row]} in row {row}; "
            "keep one row for each: data[~data.index.duplicated()]"
        )
    row = next(row for row in range(1, len(index)) if not index[row - 1 : row + 1].is_monotonic_increasing)
    raise DataError(
        f"the labels of {name} must ascend, oldest first, but {index[row]} in row {row} comes after "
        f"{index[row - 1]}; sort_index() first, or later bars would be read as past ones"
    )


def refuse_infinite(columns: Sequence[FloatArray], names: Sequence[str], symbol: int = -1) -> None:
    """Refuse infinite values, which are no gaps; called only where a value is not finite."""
    for place, values in enumerate(columns):
        wrong = np.isinf(values)
        if count := int(np.count_nonzero(wrong)):
            at = np.argwhere(wrong)[0]
            symbol = int(at[0]) if values.ndim == 2 else symbol
            raise DataError(
                f"{names[place] if place < len(names) else 'bars'} holds {count} infinite value{'s' if count > 1 else ''}, "
                f"first {values[tuple(at)]} in row {at[-1]}{f' of symbol {symbol}' if symbol >= 0 else ''}; "
                f"a missing value is NaN, so repair or blank {'them' if count > 1 else 'it'}"
            )


def inputs_of(compute: Callable[..., Any]) -> tuple[str, ...]:
    """Return what a computation calls its inputs, which says what they are; nothing where it does not name them."""
    code = getattr(compute, "__code__", None)
    return () if code is None else code.co_varnames[: code.co_argcount]


def refuse_negative(volume: FloatArray) -> None:
    """Refuse a volume below 0, which nobody can have traded."""
    if np.fmin.reduce(volume, axis=None, initial=0.0) < 0:
        wrong = np.argwhere(volume < 0)
        raise DataError(
            f"volume holds {len(wrong)} value{'s' if len(wrong) > 1 else ''} below 0, first {volume[tuple(wrong[0])]:g} "
            f"in row {wrong[0][-1]}{f' of symbol {wrong[0][0]}' if volume.ndim == 2 else ''}; "
            "repair them, or blank them with NaN"
        )


def renaming(source: Any, names: Sequence[str]) -> str:
    """Return what a DataFrame has in other letters than `names`, and how to rename it."""
    found = [str(each) for each in getattr(source, "columns", ()) if str(each).lower() in names and each not in names]
    return f"; found {', '.join(found)}: rename(columns=str.lower)" if found else ""
