"""Where the returns behind a result come from: their times, their period, their fingerprint."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np

from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray, Floats, InstantArray, days_between, instants_of

__all__: list[str] = []  # parts of every result on returns

# Declared periods a year and those of the stamps may differ by holidays and gaps, not by a frequency.
_SAME_FREQUENCY: Final = 1.6


def ends_of(returns: Floats) -> InstantArray | None:
    """Return the times of a Series that is indexed by time; None of any other."""
    import pandas as pd

    is_timed = isinstance(getattr(returns, "index", None), pd.DatetimeIndex)
    return instants_of(returns, None) if is_timed else None


def frequency_notes(ends: InstantArray | None, convention: Convention) -> tuple[Note, ...]:
    """Return the caution that the times do not fit the declared periods of a year, if so.

    Examples
    --------
    >>> months = np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[us]")
    >>> [note.text for note in frequency_notes(months, Convention(periods_per_year=252))]
    ['the returns are 30.5 days apart on average, about 12 a year, declared are 252']
    """
    if ends is None or ends.size < 3:
        return ()
    days = days_between(ends[0], ends[-1]) / (ends.size - 1)
    if days <= 0:
        return ()
    seen = convention.days_per_year / days
    if 1 / _SAME_FREQUENCY < seen / convention.periods_per_year < _SAME_FREQUENCY:
        return ()
    text = (
        f"the returns are {days:.3g} days apart on average, about {seen:.3g} a year, "
        f"declared are {convention.periods_per_year:g}"
    )
    return (Note(code="other_frequency", text=text),)


def origin(returns: FloatArray, ends: InstantArray | None) -> tuple[Fact, Fact]:
    """Return the period of returns and their fingerprint, two lines of provenance.

    Examples
    --------
    >>> [fact.value for fact in origin(np.array([0.5, -0.25]), None)]
    ['2 returns without times', 'c72a21ee29414d54 of the returns']
    """
    digest = hashlib.sha256(np.ascontiguousarray(returns, dtype=np.float64).tobytes()).hexdigest()
    return Fact("Period", period_words(ends, returns.size)), Fact("SHA-256", f"{digest[:16]} of the returns")


def period_words(ends: InstantArray | None, count: int) -> str:
    """Return the first and last time in words: dates alone where no two times share one."""
    if ends is None or not ends.size:
        return f"{count:,} returns without times"
    days: Any = ends.astype("datetime64[D]")
    shown = days if (days[1:] > days[:-1]).all() else ends.astype("datetime64[m]")
    first, last = (str(each).replace("T", " ") for each in shown[[0, -1]])
    return f"{first} to {last}, {count:,} returns"
