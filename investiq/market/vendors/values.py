"""Single values as vendors send them: numbers, texts, days and instants, each read in one way for every vendor."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "day",
    "epoch",
    "epochs",
    "is_absent",
    "joined",
    "moment",
    "number",
    "numbers",
    "text",
    "values_at",
    "yes_or_no",
]

_NOT_A_TIME: Final = np.datetime64("NaT", "us")
# How vendors write that they have nothing.
_NOTHING: Final = frozenset({"", "none", "null", "nan", "-", "n/a"})
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_PLAIN: Final = frozenset({int, float, type(None)})
# Clocks of trades and news begin later, and a count in another unit falls outside.
_EARLIEST: Final = np.datetime64("1980-01-01", "us")
_LATEST: Final = np.datetime64("2100-01-01", "us")


def values_at(rows: Sequence[Any], path: Sequence[str]) -> list[Any]:
    """Return the value at `path` of each row, a key of a mapping or an attribute; None where there is none.

    Examples
    --------
    >>> values_at([{"day": {"close": 2.0}}, {"day": None}, {}], ["day", "close"])
    [2.0, None, None]
    """
    found = list(rows)
    for part in path:
        kinds = set(map(type, found))
        if all(issubclass(kind, Mapping) for kind in kinds):
            found = [row.get(part) for row in found]
        elif not any(issubclass(kind, Mapping) for kind in kinds):
            found = [getattr(row, part, None) for row in found]
        else:
            found = [row.get(part) if isinstance(row, Mapping) else getattr(row, part, None) for row in found]
    return found


def is_absent(value: object) -> bool:
    """Return whether a vendor says that it has no value, in contrast to one that cannot be read.

    Examples
    --------
    >>> is_absent(None), is_absent("N/A"), is_absent([]), is_absent(0), is_absent("soon")
    (True, True, True, False, False)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if isinstance(value, list | dict):
        return all(is_absent(each) for each in value)
    return isinstance(value, str) and value.strip().casefold() in _NOTHING


def number(value: object) -> float:
    """Return `value` as a float, NaN where it is missing, no number or not finite.

    Examples
    --------
    >>> number("10.5"), number(0), number(None), number("n/a")
    (10.5, 0.0, nan, nan)
    """
    if value is None or isinstance(value, bool):
        return math.nan
    try:
        read = float(value)  # type: ignore[arg-type]  # whatever the vendor sent; the except is the check
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return read if math.isfinite(read) else math.nan


def numbers(values: Sequence[object]) -> NDArray[np.float64]:
    """Return `number` of each value, in one step where all of them are plain numbers or missing.

    Examples
    --------
    >>> numbers([10, 10.5, None, float("inf")]), numbers(["10.5", True])
    (array([10. , 10.5,  nan,  nan]), array([10.5,  nan]))
    """
    if set(map(type, values)) <= _PLAIN:
        try:
            read = np.array(values, dtype=np.float64)
        except OverflowError:  # an integer beyond any float, missing like an infinite one
            pass
        else:
            read[np.isinf(read)] = np.nan
            return read
    return np.array([number(value) for value in values], dtype=np.float64)


def text(value: object) -> str | None:
    """Return `value` as text without surrounding spaces, None where there is none."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip() or None


def joined(values: object) -> str | None:
    """Return the texts of a list as ``"a|b"``, None where there is none."""
    if not isinstance(values, list):
        return None
    return "|".join(filter(None, (text(value) for value in values))) or None


def yes_or_no(value: object) -> str | None:
    """Return ``"true"`` or ``"false"``, None where `value` is neither; 1 and 0 are meant so too."""
    return {"true": "true", "1": "true", "false": "false", "0": "false"}.get(str(value).strip().lower())


def day(value: object) -> np.datetime64:
    """Return an ISO date as datetime64[us] at 00:00, NaT where it is missing or unreadable.

    Examples
    --------
    >>> print(day("2024-03-08"), day("soon"))
    2024-03-08T00:00:00.000000 NaT
    """
    if isinstance(value, date):
        return np.datetime64(value.isoformat()[:10], "us")
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value[:10]):
        return _NOT_A_TIME
    try:
        return np.datetime64(value[:10], "us")
    except ValueError:
        return _NOT_A_TIME


def moment(value: object) -> np.datetime64:
    """Return an ISO instant with an offset as UTC datetime64[us], NaT where it is missing, naive or unreadable.

    Examples
    --------
    >>> print(moment("2024-03-08T09:30:00-05:00"), moment("2024-03-08T09:30:00"))
    2024-03-08T14:30:00.000000 NaT
    """
    if isinstance(value, datetime):
        read = value
    elif isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            return _NOT_A_TIME
    else:
        return _NOT_A_TIME
    if read.tzinfo is None:
        return _NOT_A_TIME
    return _plausible(np.datetime64(read.astimezone(UTC).replace(tzinfo=None), "us"))


def epoch(value: object, unit: str) -> np.datetime64:
    """Return a count of `unit` (``"s"``, ``"ms"``, ``"us"`` or ``"ns"``) since 1970 as datetime64[us], NaT where it is none.

    A count in another unit falls outside the years 1980 to 2099 and is NaT too.

    Examples
    --------
    >>> print(epoch(1_709_908_200_000, "ms"), epoch("soon", "ms"))
    2024-03-08T14:30:00.000000 NaT
    """
    count = number(value)
    if math.isnan(count) or abs(count) > 2**63:
        return _NOT_A_TIME
    # Exact for the whole numbers that vendors send: no float holds all nanoseconds.
    per = _PER_SECOND[unit]
    micros = value * 10**6 // per if isinstance(value, int) else round(count * (10**6 / per))
    if not -(2**62) < micros < 2**62:
        return _NOT_A_TIME
    return _plausible(np.datetime64(micros, "us"))


def epochs(values: Sequence[object], unit: str) -> NDArray[np.datetime64]:
    """Return `epoch` of each value, in one step where all of them are whole numbers of 64 bits.

    Examples
    --------
    >>> print(epochs([1_709_908_200_000, 0], "ms"))
    ['2024-03-08T14:30:00.000000'                        'NaT']
    """
    if set(map(type, values)) == {int}:
        try:
            counts = np.array(values, dtype=np.int64)
        except OverflowError:
            pass
        else:
            return _epochs(counts, _PER_SECOND[unit])
    return np.array([epoch(value, unit) for value in values], dtype="datetime64[us]")


def _epochs(counts: NDArray[np.int64], per: int) -> NDArray[np.datetime64]:
    if per > 10**6:
        micros = counts // (per // 10**6)
    else:
        # Of a count so large that its microseconds have no 64 bits the year is none of ours.
        factor = 10**6 // per
        limit = 2**62 // factor
        micros = np.where((counts > -limit) & (counts < limit), counts, 0) * factor
    when = micros.astype("datetime64[us]")
    when[(when < _EARLIEST) | (when >= _LATEST)] = _NOT_A_TIME
    return when


def _plausible(when: np.datetime64) -> np.datetime64:
    return when if _EARLIEST <= when < _LATEST else _NOT_A_TIME
