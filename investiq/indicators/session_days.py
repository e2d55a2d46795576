"""Which rows of bars belong to one session, and which labels they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.core.calendar import time_zone
from investiq.core.errors import DataError
from investiq.history.instants import instant
from investiq.indicators.observations import FloatArray

__all__: list[str] = []


def session_days(bars: Any, calendar: str | None = None) -> FloatArray | None:
    """Return the date of each row on the exchange's clock, as days since 1970; None where each row is a session or more.

    Parameters
    ----------
    bars : Bars, Panel or DataFrame
        Daily by its `interval`; a DataFrame has none, and is daily if no two rows
        share a date in UTC.
    calendar : str, optional
        Of a DataFrame or a Panel: without it, rows that share a date are refused.

    Raises
    ------
    DataError
        If several rows share a date and no calendar is known.
    """
    if getattr(bars, "interval", None) in ("1d", "1w", "1mo"):
        return None
    stamps = _stamps(bars)
    if stamps is None:
        return None
    calendar = calendar or getattr(getattr(bars, "passport", None), "calendar", None)
    if calendar is None:
        days = stamps.astype("datetime64[D]")
        if (np.diff(days) == np.timedelta64(0, "D")).any():
            raise DataError(
                "several bars share a date, so that they are intraday, but not of which exchange: "
                "pass Bars, or calendar= such as 'XNYS'"
            )
        return None
    import pandas as pd

    local = pd.DatetimeIndex(stamps, tz="UTC").tz_convert(time_zone(calendar)).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]").astype(np.float64)


def labels_of(bars: Any, when: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the labels of `bars` and `when`, one or several, as arrays that compare."""
    # An index, a Series or an array has a length and is no Sequence.
    is_several = isinstance(when, Sequence) or np.ndim(when) == 1
    several = list(when) if is_several and not isinstance(when, str) else [when]
    if not several:
        raise DataError("anchor holds no time; pass at least one")
    stamps = _stamps(bars)
    if stamps is not None:
        labels, wanted = stamps, np.array([instant(each, day_ends=False) for each in several])
    else:
        labels, wanted = bars.index.to_numpy(), np.array(several)
        if labels.dtype.kind not in "iuf" or wanted.dtype.kind not in "iuf":
            raise DataError(
                f"anchor {several[0]!r} and an index of {labels.dtype} do not compare; "
                "pass a DataFrame with an index of times or of numbers, and an anchor of the same kind"
            )
    if labels.size and not (labels[1:] > labels[:-1]).all():
        raise DataError("the labels of bars must ascend without duplicates; sort them first")
    return labels, wanted


def same_for_all(values: FloatArray, like: FloatArray) -> FloatArray:
    """Return one value per bar in the shape of `like`: the same for each symbol of a panel."""
    return np.broadcast_to(values, like.shape)


def _stamps(bars: Any) -> NDArray[np.datetime64] | None:
    """Return the labels in UTC, None where they are no times."""
    if isinstance(getattr(bars, "ts", None), np.ndarray):
        return bars.ts.astype("datetime64[us]")  # type: ignore[no-any-return]
    import pandas as pd

    index = bars.index
    if not isinstance(index, pd.DatetimeIndex):
        return None
    utc = index.tz_convert(None) if index.tz is not None else index
    return utc.to_numpy().astype("datetime64[us]")
