"""What every topic of the technical engine starts from, and the few steps that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line
from investiq.engines.rules import FloatArray, Table, VoteRule
from investiq.engines.scoring import percentile_rank, z_score
from investiq.history.bars import Bars
from investiq.history.history import History

__all__ = ["BoolArray", "Inputs", "Topic", "above", "crosses", "distance", "mark", "rank", "ratio", "weighing", "z_of"]

BoolArray = NDArray[np.bool_]
Words = NDArray[np.str_]
Columns = dict[str, FloatArray | Words]

# Differences below this share of a price are rounding: a flat price does not cross its own averages.
ROUNDING: Final = 1e-9
NO_VOLUME: Final = "no volume"
NO_RANGE: Final = "high and low of the bars are the same"


@dataclass(frozen=True)
class Prices:
    """Total-adjusted prices and split-adjusted volume without the last bits, which an adjustment may change."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


@dataclass(frozen=True)
class Inputs:
    """What a topic reads.

    Attributes
    ----------
    history : History
    raw, bars : Bars
        Of the main symbol, as traded and total-adjusted.
    prices : Prices
        Of `bars`, rounded, for what asks whether two prices are equal.
    done : dict of str to ndarray
        Columns of the topics before this one, prices still adjusted.
    """

    history: History
    raw: Bars
    bars: Bars
    prices: Prices
    done: dict[str, FloatArray]


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A group of features with the rules and the lines that show them.

    Attributes
    ----------
    units : mapping of str to str
        Every number with its unit; prices are as traded on their row's day.
    columns : callable
        From the inputs to the columns named in `units` and `words`.
    rules : tuple of VoteRule
    lines : tuple of Line
    words : tuple of str
    tags : callable
        From a row to what it is marked with.
    needs : mapping of str to (int, str)
        By feature, the bars after which only one reason is left for a missing value, and that reason.
    """

    units: Mapping[str, Unit]
    columns: Callable[[Inputs], Columns]
    rules: tuple[VoteRule, ...] = ()
    lines: tuple[Line, ...] = ()
    words: tuple[str, ...] = ()
    tags: Mapping[str, Callable[[Table], BoolArray]] = field(default_factory=dict)
    needs: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def inputs_of(history: History) -> Inputs:
    """Return what the topics read from a history."""
    raw = history.bars()
    bars = raw.adjusted("total")
    names = ("open", "high", "low", "close", "volume")
    return Inputs(history, raw, bars, Prices(*(_rounded(getattr(bars, name)) for name in names)), {})


def _rounded(values: FloatArray) -> FloatArray:
    """Return float64 rounded to 40 of its 52 binary digits, a part in 10**12."""
    mantissa, exponent = np.frexp(values)
    rounded: FloatArray = np.ldexp(np.round(mantissa * 2.0**40), exponent - 40)
    return rounded


def crosses(difference: FloatArray, scale: FloatArray) -> FloatArray:
    """Return 1 where `difference` becomes positive, -1 where it becomes negative, else 0.

    A difference that touches zero and turns back does not cross. NaN until the
    difference has been known for two rows.

    Examples
    --------
    >>> crosses(np.array([-1.0, 0.0, 2.0, 0.0, 1.0, -1.0]), np.ones(6))
    array([nan,  0.,  1.,  0.,  0., -1.])
    """
    side = np.where(np.abs(difference) <= ROUNDING * np.abs(scale), 0.0, np.sign(difference))
    # Carry the last side over zeros.
    last = np.maximum.accumulate(np.where(side == 0, 0, np.arange(side.size)))
    side = side[last]
    before = np.concatenate(([np.nan], side[:-1]))[: side.size]
    crossed = np.where(side * before < 0, side, 0.0)
    crossed[np.isnan(difference) | np.isnan(np.concatenate(([np.nan], difference[:-1]))[: side.size])] = np.nan
    return crossed


def above(one: FloatArray, other: FloatArray) -> BoolArray:
    """Return where `one` lies above `other` by more than rounding."""
    return one - other > ROUNDING * np.abs(other)


def mark(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return 1 where `one` lies above `other`, -1 where it lies below, 0 where they are equal; NaN where one is."""
    side = above(one, other).astype(float) - above(other, one)
    side[np.isnan(one) | np.isnan(other)] = np.nan
    return side


def ratio(values: FloatArray, by: FloatArray) -> FloatArray:
    """Return `values` over `by`, NaN where `by` is not above 0."""
    quotient = np.full(values.size, np.nan)
    np.divide(values, by, out=quotient, where=by > 0)
    return quotient


def distance(value: FloatArray, level: FloatArray) -> FloatArray:
    """Return how far `value` lies above `level`, as a fraction of it."""
    return ratio(value, level) - 1


def change(close: FloatArray, rows: int) -> FloatArray:
    """Return the simple return over `rows` rows."""
    changed = np.full(close.size, np.nan)
    changed[rows:] = close[rows:] / close[:-rows] - 1
    return changed


def rank(values: FloatArray) -> FloatArray:
    """Return `percentile_rank` of values whose last bits, those of a recursion, are cut off."""
    return percentile_rank(np.round(values, 9))


def z_of(values: FloatArray) -> FloatArray:
    """Return `z_score` of values whose last bits are cut off."""
    return z_score(np.round(values, 12))


def weighing(weight: float, direction: Callable[[Table], FloatArray]) -> Callable[[Table], FloatArray]:
    """Return a vote of a fixed weight."""
    return lambda t: weight * direction(t)


def column(name: str) -> Callable[[Table], FloatArray]:
    """Return the vote of a column that holds 1, 0 and -1."""
    return lambda t: np.nan_to_num(t[name])
