"""Compiled parts of the volume profile: one window spread over its price buckets."""

from __future__ import annotations

import numpy as np

from investiq.core.compiling import jit

__all__: list[str] = []

# Volumes that differ by less than this share of the whole are the same: the rest is rounding of the spreading.
TIE = 1e-9


@jit
def spread_window(high, low, volume, first, last, volumes):  # type: ignore[no-untyped-def]
    """Spread the volume of bars [first, last) over `volumes`; return bottom, width of a bucket, and total.

    Each bar's volume lies evenly between its low and its high; that of a bar at one
    price lies in the bucket which holds it, the upper one of two that meet there.
    """
    buckets = volumes.size
    bottom, top = low[first], high[first]
    for bar in range(first + 1, last):
        bottom = min(bottom, low[bar])
        top = max(top, high[bar])
    width = (top - bottom) / buckets
    volumes[:] = 0.0
    total = 0.0
    for bar in range(first, last):
        total += volume[bar]
        if width <= 0.0:
            volumes[0] += volume[bar]
            continue
        lowest = min(int((low[bar] - bottom) / width), buckets - 1)
        highest = min(int((high[bar] - bottom) / width), buckets - 1)
        if lowest == highest:
            volumes[lowest] += volume[bar]
            continue
        density = volume[bar] / (high[bar] - low[bar])
        volumes[lowest] += density * (bottom + (lowest + 1) * width - low[bar])
        for bucket in range(lowest + 1, highest):
            volumes[bucket] += density * width
        volumes[highest] += density * (high[bar] - (bottom + highest * width))
    return bottom, width, total


@jit
def fullest(volumes, total):  # type: ignore[no-untyped-def]
    """Return the bucket with the most volume; of several the one nearest to the middle, then the lower."""
    best = 0
    middle = (volumes.size - 1) / 2
    for bucket in range(1, volumes.size):
        lead = volumes[bucket] - volumes[best]
        if lead > TIE * total or (lead >= -TIE * total and abs(bucket - middle) < abs(best - middle)):
            best = bucket
    return best


@jit
def value_area(volumes, total, control, share):  # type: ignore[no-untyped-def]
    """Return the lowest and the highest bucket of the area around `control` that holds `share` of the volume.

    One bucket at a time, on the side whose next bucket holds more; below where both hold the same.
    """
    below, above = control, control
    held = volumes[control]
    while held < (share - TIE) * total:
        next_below = volumes[below - 1] if below > 0 else -1.0
        next_above = volumes[above + 1] if above < volumes.size - 1 else -1.0
        if next_below < 0.0 and next_above < 0.0:
            break
        if next_above - next_below > TIE * total:
            above += 1
            held += next_above
        elif next_below >= 0.0:
            below -= 1
            held += next_below
        else:
            above += 1
            held += next_above
    return below, above


@jit
def largest_beside(volumes, total, bottom, width, price, side):  # type: ignore[no-untyped-def]
    """Return the centre of the fullest bucket below (side -1) or above (1) `price`, NaN without volume there.

    Of several with the same volume the one nearest to the price.
    """
    best, most = -1, 0.0
    for step in range(volumes.size):
        # From the far end towards the price, so that a later tie is nearer.
        bucket = step if side < 0 else volumes.size - 1 - step
        if side * (bottom + (bucket + 0.5) * width - price) <= 0.0:
            break
        if volumes[bucket] > TIE * total and volumes[bucket] >= most - TIE * total:
            best, most = bucket, volumes[bucket]
    return bottom + (best + 0.5) * width if best >= 0 else np.nan


@jit
def profile_rows(high, low, close, volume, window, volumes, share, out):  # type: ignore[no-untyped-def]
    """Write point of control, value area and the levels beside the close of each row into the rows of `out`."""
    for bar in range(window - 1, close.size):
        bottom, width, total = spread_window(high, low, volume, bar + 1 - window, bar + 1, volumes)
        if total <= 0.0:
            continue
        control = fullest(volumes, total)
        below, above = value_area(volumes, total, control, share)
        out[0, bar] = bottom + (control + 0.5) * width
        out[1, bar] = bottom + below * width
        out[2, bar] = bottom + (above + 1) * width
        out[3, bar] = largest_beside(volumes, total, bottom, width, close[bar], -1)
        out[4, bar] = largest_beside(volumes, total, bottom, width, close[bar], 1)
