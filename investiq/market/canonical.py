"""One hash for equal rows: over values and not over bytes of files, so it holds across versions of the file format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["canonical_hash", "columns_of"]


def canonical_hash(title: str, columns: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of a table.

    Parameters
    ----------
    title : str
        What the rows are, part of the hash.
    columns : mapping of str to ndarray
        Floats, integers, booleans, datetimes, or texts as objects (None where
        missing), in the order of the rows.

    Returns
    -------
    str
        The columns count by name, in alphabetical order; numbers are
        little-endian, every NaN is the same NaN and -0.0 is 0.0.

    Examples
    --------
    >>> one = canonical_hash("rows", {"a": np.array([0.0]), "b": np.array(["x"], dtype=object)})
    >>> one == canonical_hash("rows", {"b": np.array(["x"], dtype=object), "a": np.array([-0.0])})
    True
    """
    digest = hashlib.sha256(f"investiq rows 1 {title}".encode())
    for name in sorted(columns):
        array = columns[name]
        digest.update(f"\n{name} {array.dtype.kind} {array.size}\n".encode())
        digest.update(_little_endian(array))
    return digest.hexdigest()


def _little_endian(array: NDArray[Any]) -> bytes:
    if array.dtype.kind == "f":
        return np.where(np.isnan(array), np.nan, array + 0.0).astype("<f8").tobytes()
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]").astype("<i8").tobytes()
    if array.dtype.kind in "iub":
        return array.astype("<i8").tobytes()
    texts = [None if text is None else str(text).encode() for text in array.tolist()]
    return b"".join(b"-" if text is None else b"%d:" % len(text) + text for text in texts)


def columns_of(frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame as arrays that `canonical_hash` takes."""
    return {str(name): _plain(frame[name]) for name in frame.columns}


def _plain(values: pd.Series) -> NDArray[Any]:
    if getattr(values.dtype, "tz", None) is not None:
        stamps: NDArray[Any] = values.dt.tz_convert(None).to_numpy()
        return stamps
    if values.dtype.kind in "fiub":
        numbers: NDArray[Any] = values.to_numpy()
        return numbers
    texts: NDArray[Any] = values.astype(object).where(values.notna(), None).to_numpy()
    return texts
