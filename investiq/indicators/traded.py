"""Shared by the indicators of volume: their columns, typical price, and sums of trailing windows."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from investiq.indicators.observations import FloatArray, PriceArrays

__all__: list[str] = []

VOLUME_COLUMNS: Final = ("high", "low", "close", "volume")


class TradedArrays(PriceArrays, Protocol):
    """High, low, close and volume as arrays, as `Bars` and `Panel` have them."""

    @property
    def volume(self) -> FloatArray: ...


def typical_price(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the mean of high, low and close."""
    return (high + low + close) / 3


def close_location(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return where the close lies between low (-1) and high (1), 0 where they are the same."""
    spread = high - low
    location: FloatArray = np.divide((close - low) - (high - close), spread, out=np.zeros(close.size), where=spread > 0)
    return location


def rolling_sum(values: FloatArray, window: int) -> FloatArray:
    """Return the sum of each trailing window, added up afresh; NaN in the first ``window - 1`` rows."""
    from investiq.indicators import windows

    sums: FloatArray = windows.rolling_sum(values, window)
    return sums


def ratio_or_nan(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return ``part / whole``, NaN where `whole` is 0 or NaN."""
    ratio: FloatArray = np.divide(part, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return ratio
