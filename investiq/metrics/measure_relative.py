"""The lines of `iq.measure` that compare with a benchmark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from investiq.core.errors import DataError
from investiq.core.facts import Fact, Unit
from investiq.metrics import market_model, relative
from investiq.metrics.conventions import Convention
from investiq.metrics.inputs import FloatArray
from investiq.metrics.summary import computed_fact

__all__: list[str] = []  # parts of `measuring`

_CAPM_LINES: Final[tuple[tuple[str, Unit], ...]] = (
    ("Alpha", "fraction"),
    ("p-value of no alpha", ""),
    ("Beta", "ratio"),
    ("Standard error of beta", "ratio"),
    ("R-squared", "ratio"),
    ("Tracking error", "fraction"),
)


def relative_lines(mine: FloatArray, theirs: FloatArray, convention: Convention) -> Iterator[Fact]:
    """Return the lines over the periods that both have."""
    rate = f"risk-free {convention.risk_free * 100:g} % a year"
    try:
        fit = market_model.capm(mine, theirs, convention)
        found, reason = {fact.label: fact for fact in fit.facts()}, ""
    except DataError as error:
        found, reason = {}, str(error)
    yield Fact("Common periods", mine.size, "count", "joined by date")
    yield Fact("Benchmark total return", float(np.prod(1 + theirs) - 1), "fraction", "over the common periods")
    yield computed_fact(
        "Excess return",
        "fraction",
        lambda: relative.excess_return(mine, theirs),
        "total return - benchmark's; no alpha",
    )
    for label, unit in _CAPM_LINES:
        yield found.get(label, Fact(label, math.nan, unit, "", reason))
    annual: tuple[tuple[str, Unit, Callable[..., float], str], ...] = (
        ("Treynor ratio", "ratio", relative.treynor_ratio, f"mean excess return / beta, {rate}"),
        ("M2", "fraction", relative.modigliani_m2, f"return at the benchmark's risk, {rate}"),
        ("Information ratio", "ratio", relative.information_ratio, "mean active return / tracking error, annual"),
    )
    for label, unit, compute, text in annual:
        yield computed_fact(label, unit, lambda compute=compute: compute(mine, theirs, convention), text)  # type: ignore[misc]
    yield computed_fact(
        "Up capture", "ratio", lambda: relative.up_capture(mine, theirs), "periods in which the benchmark rose"
    )
    yield computed_fact(
        "Down capture", "ratio", lambda: relative.down_capture(mine, theirs), "periods in which the benchmark fell"
    )
