"""Arrays of numbers from whatever was passed."""

from __future__ import annotations

from typing import Any

import numpy as np

from investiq.core.errors import DataError
from investiq.metrics.inputs import FloatArray

__all__: list[str] = []  # what metrics do with their data; no metric itself


def numbers(name: str, data: Any) -> FloatArray:
    """Return `data` as a float64 array of whatever shape.

    Raises
    ------
    DataError
        If it holds text or other things that are no numbers, or rows of unlike lengths.

    Examples
    --------
    >>> numbers("sums", ["a"])
    Traceback (most recent call last):
        ...
    investiq.core.errors.DataError: sums must be numbers: could not convert string to float: 'a'
    """
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers: {error}") from None
