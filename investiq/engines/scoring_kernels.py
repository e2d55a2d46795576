"""The place of each value in its own past, compiled: one sorted window that moves along."""

from __future__ import annotations

import numpy as np

from investiq.core.compiling import jit

__all__: list[str] = []


@jit
def trailing_places(values, window, minimum, shares):  # type: ignore[no-untyped-def]
    """Return the rank of each value among the `window` before it, then their quantiles at `shares`.

    Row 0 of the result is ``(count below + 0.5 * count equal) / count``; the others
    interpolate between the sorted values (Hyndman and Fan's type 7). NaN where fewer
    than `minimum` of the past are known; the rank also where the value is not.
    """
    places = np.full((1 + shares.size, values.size), np.nan)
    ordered = np.empty(window)
    held = 0
    for row in range(values.size):
        value = values[row]
        if held >= minimum:
            if value == value:
                below = np.searchsorted(ordered[:held], value)
                equal = 0
                while below + equal < held and ordered[below + equal] == value:
                    equal += 1
                places[0, row] = (below + 0.5 * equal) / held
            for which in range(shares.size):
                position = shares[which] * (held - 1)
                first = int(position)
                upper = ordered[min(first + 1, held - 1)]
                places[1 + which, row] = ordered[first] + (position - first) * (upper - ordered[first])
        if row >= window and values[row - window] == values[row - window]:
            place = np.searchsorted(ordered[:held], values[row - window])
            for each in range(place, held - 1):
                ordered[each] = ordered[each + 1]
            held -= 1
        if value == value:
            place = np.searchsorted(ordered[:held], value)
            for each in range(held, place, -1):
                ordered[each] = ordered[each - 1]
            ordered[place] = value
            held += 1
    return places
