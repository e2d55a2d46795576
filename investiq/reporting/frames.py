"""Tables of a report as plain values and back, without loss: floats keep their bits, instants their zone."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from investiq.core.errors import ReportError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fingerprints", "frame_from_plain", "frame_to_plain", "with_levels"]

# Numbers that JSON has no words for; `float` reads these.
_WORDS: Final = frozenset({"inf", "-inf"})


def with_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose named levels of the index are its first columns; an index without a name only counts."""
    levels = [name for name in frame.index.names if name is not None]
    flat = frame.reset_index(level=levels) if levels else frame
    flat = flat.reset_index(drop=True)
    flat.columns = [str(name) for name in flat.columns]
    if not flat.columns.is_unique:
        twice = sorted(flat.columns[flat.columns.duplicated()])
        raise ReportError(f"a table of a report needs columns of different names, has {', '.join(twice)} twice")
    return flat


def frame_to_plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as a list of columns with name, type and values that JSON can hold; a mapping would lose their order."""
    flat = with_levels(frame)
    return [
        {"name": name, "type": _type(flat[name]), "values": [_plain(cell) for cell in flat[name]]}
        for name in flat.columns
    ]


def frame_from_plain(columns: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table that `frame_to_plain` wrote, with its levels as columns."""
    import pandas as pd

    return pd.DataFrame({each["name"]: _series(each["type"], each["values"]) for each in columns})


def fingerprints(columns: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the SHA-256 of each column that `frame_to_plain` wrote, by name."""
    return {
        each["name"]: hashlib.sha256(json.dumps(each["values"], ensure_ascii=False).encode()).hexdigest()
        for each in columns
    }


def _type(column: pd.Series[Any]) -> str:
    import pandas as pd

    kind = column.dtype.kind
    if kind == "M":
        return "instant" if isinstance(column.dtype, pd.DatetimeTZDtype) else "date"
    return {"f": "float", "i": "int", "u": "int", "b": "bool"}.get(kind, "text")


def _plain(cell: Any) -> Any:
    import pandas as pd

    if cell is None or cell is pd.NaT or cell is pd.NA:
        return None
    if hasattr(cell, "item"):
        cell = cell.item()
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell if math.isfinite(cell) else str(cell)
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    return cell if isinstance(cell, (bool, int, str)) else str(cell)


def _series(kind: str, values: list[Any]) -> Any:
    import pandas as pd

    if kind == "float":
        return pd.Series([float(cell) if cell in _WORDS else cell for cell in values], dtype="float64")
    if kind in ("instant", "date"):
        return pd.Series(pd.to_datetime(values, utc=kind == "instant", format="ISO8601"))
    # A missing whole number or truth value has made its column one of floats or objects already.
    return pd.Series(values, dtype={"int": "int64", "bool": "bool"}.get(kind, "object"))
