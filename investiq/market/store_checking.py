"""What may enter the store: the columns of the dataset in its types, each fact once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.errors import DataError
from investiq.history.flags import Flag
from investiq.market.datasets import LAYOUTS

if TYPE_CHECKING:
    import pandas as pd

    from investiq.market.contract import Dataset

__all__ = ["checked"]

# Set when bars are built from what is stored, so they are not stored themselves.
DERIVED: Final = int(Flag.ACTION | Flag.ZERO_VOLUME)
_INSTANT: Final = "datetime64[us, UTC]"


def checked(dataset: Dataset, table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return `table` in the types of the store.

    Raises
    ------
    DataError
        If a required column or `known_at` is missing or has gaps, a stamp has
        no zone, a column is unknown, or a fact appears twice.
    """
    layout = LAYOUTS[dataset]
    types: dict[str, str] = {"known_at": "instant"}
    types |= {name: column.type for name, column in layout.columns.items()}
    if dataset == "bars":
        types["flags"] = "flags"
    if unknown := [str(name) for name in table.columns if name not in types]:
        raise DataError(f"{what}: unknown column(s) {', '.join(unknown)}; {dataset} have {', '.join(types)}")
    needed = [*(name for name, column in layout.columns.items() if column.required), "known_at"]
    if absent := [name for name in needed if name not in table.columns]:
        raise DataError(f"{what}: no column {', '.join(absent)}; found {', '.join(map(str, table.columns))}")
    import pandas as pd

    if table.empty:
        return _no_rows(tuple((name, types[name]) for name in (*table.columns, *layout.key))).copy()
    plain = table.reset_index(drop=True)
    frame = pd.DataFrame(
        {name: _typed(plain[name], types[name], f"{what}: {name}") for name in plain.columns}, index=plain.index
    )
    gaps = [name for name in needed if types[name] != "number" and frame[name].isna().any()]
    if gaps:
        raise DataError(f"{what}: {', '.join(gaps)} must not be missing in any row; drop these rows or set it")
    if unsaid := [name for name in layout.key if name not in frame.columns]:
        frame = frame.assign(**{name: _nothing(types[name], len(frame)) for name in unsaid})
    # Of bars the key is one column, which pandas compares quicker by itself.
    keys = frame[layout.key[0]] if len(layout.key) == 1 else frame[list(layout.key)]
    twice = keys.duplicated(keep=False)
    if twice.any():
        raise DataError(
            f"{what}: {int(twice.sum())} rows share a key ({', '.join(layout.key)}); keep one of each before storing"
        )
    return frame


@lru_cache(maxsize=32)
def _no_rows(types: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return no rows in the types wanted: an empty column has the type of its maker's habit."""
    import pandas as pd

    return pd.DataFrame({name: _nothing(kind, 0) for name, kind in types})


def _typed(values: pd.Series, kind: str, what: str) -> pd.Series:
    if kind in ("instant", "date"):
        if values.dtype == _INSTANT:
            return values
        if getattr(values.dtype, "tz", None) is None:
            raise DataError(f"{what} must be aware stamps in UTC, was {values.dtype}; convert them where they enter")
        stamps: pd.Series = values.dt.tz_convert("UTC").astype(_INSTANT)
        return stamps
    if kind == "flags":
        return (values.astype("int32") & ~DERIVED).astype("int32")
    if values.dtype == ("float64" if kind == "number" else "str"):
        return values
    plain: pd.Series = values.astype("float64" if kind == "number" else "str")
    return plain


def _nothing(kind: str, size: int) -> pd.Series:
    import pandas as pd

    if kind in ("instant", "date"):
        return pd.Series(pd.NaT, index=range(size), dtype=_INSTANT)
    if kind == "flags":
        return pd.Series(0, index=range(size), dtype="int32")
    return pd.Series(np.nan, index=range(size), dtype="float64" if kind == "number" else "str")
