"""One source against another: the same bars of a symbol, day by day, under stated tolerances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.market.source_check import Breach, SourceCheck, source_of

__all__ = ["IEX_BANDS", "TOLERANCES", "Tolerance", "VolumeBand", "compare_sources"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far two sources may lie apart: a breach exceeds both limits.

    Attributes
    ----------
    relative : float
        Of the mean of both values, as a fraction.
    absolute : float
        In the field's own unit.
    """

    relative: float
    absolute: float

    def __post_init__(self) -> None:
        if not (0 <= self.relative < math.inf and 0 <= self.absolute < math.inf):
            raise DataError(f"a tolerance must be >= 0 and finite, was {self.relative} and {self.absolute}")


class VolumeBand(NamedTuple):
    """The share of consolidated volume that IEX may print, where that volume is at least `above`."""

    above: float
    low: float
    high: float


# Prices of one venue and of the consolidated tape: 2 % and two cents. Volume of two consolidated sources: late prints and
# odd lots, chosen.
TOLERANCES: Final[Mapping[str, Tolerance]] = {
    **dict.fromkeys(("open", "high", "low", "close", "vwap"), Tolerance(relative=0.02, absolute=0.02)),
    "volume": Tolerance(relative=0.05, absolute=1_000.0),
}
# By the consolidated volume of the day, in shares.
IEX_BANDS: Final = (
    VolumeBand(1_000_000.0, 0.001, 0.30),
    VolumeBand(100_000.0, 0.0, 0.60),
    VolumeBand(0.0, 0.0, 2.0),
)


def compare_sources(a: Bars, b: Bars, tolerances: Mapping[str, Tolerance] = TOLERANCES) -> SourceCheck:
    """Compare two sources of one symbol, bar by bar.

    A value breaks its tolerance where it exceeds both the relative and the
    absolute limit. IEX is one venue: its volume is not compared with
    consolidated volume but must be a plausible share of it (`IEX_BANDS`).

    Parameters
    ----------
    a, b : Bars
        Of the same symbol and interval, prices as traded, in one currency.
    tolerances : mapping of str to Tolerance, optional
        By field: open, high, low, close, vwap, volume. A field left out is not
        compared.

    Returns
    -------
    SourceCheck

    Raises
    ------
    DataError
        If symbol, interval, currency, session or price basis differ: what is
        adjusted on one side only differs for that reason alone.
    InsufficientDataError
        If they have no bar in common.

    Examples
    --------
    >>> import investiq as iq
    >>> bars = iq.load_bars("SYN001", start="2019")
    >>> compare_sources(bars, bars).agrees
    True
    """
    _refuse_unlike(a, b)
    unknown = sorted(set(tolerances) - set(TOLERANCES))
    if unknown:
        raise DataError(f"there is no tolerance for {', '.join(unknown)}; fields are {', '.join(TOLERANCES)}")
    ts, rows_a, rows_b = np.intersect1d(a.ts, b.ts, assume_unique=True, return_indices=True)
    if not ts.size:
        spans = " and ".join(f"{source_of(each)} {_span(each)}" for each in (a, b))
        raise InsufficientDataError(f"{a.symbol}: the sources have no bar in common: {spans}; load the same dates")
    breaches: list[Breach] = []
    compared, largest = {}, {}
    is_venue = _is_venue_against_tape(a, b)
    for name, tolerance in tolerances.items():
        left, right = getattr(a, name), getattr(b, name)
        if left is None or right is None or (name == "volume" and is_venue):
            continue
        compared[name], largest[name], found = _differences(name, tolerance, ts, left[rows_a], right[rows_b])
        breaches += found
    if is_venue and "volume" in tolerances and a.interval == "1d":
        compared["volume ratio"], largest["volume ratio"], found = _ratios(a, b, ts, rows_a, rows_b)
        breaches += found
    return SourceCheck(
        a=a,
        b=b,
        common=ts.size,
        only_a=_lacking(a.ts, ts),
        only_b=_lacking(b.ts, ts),
        compared=compared,
        largest=largest,
        breaches=tuple(sorted(breaches, key=lambda each: each.ts)),
        notes=tuple(_cautions(a, b, is_venue)),
    )


def _refuse_unlike(a: Bars, b: Bars) -> None:
    for what, one, other in (
        ("symbols", a.symbol, b.symbol),
        ("intervals", a.interval, b.interval),
        ("currencies", a.passport.currency, b.passport.currency),
        ("sessions", a.passport.session, b.passport.session),
    ):
        if one != other:
            raise DataError(f"the {what} differ: {one} and {other}; compare the same bars of two sources")
    bases = [_basis(each) for each in (a, b)]
    if bases[0] != bases[1]:
        raise DataError(
            f"{a.symbol}: the price bases differ: {source_of(a)} {bases[0]}, {source_of(b)} {bases[1]}; load both as traded, "
            "or compare adjusted series with iq.check_actions"
        )
    if a.basis != "raw":
        raise DataError(
            f"{a.symbol}: these bars are {a.basis}-adjusted, with factors that begin at 1 at each series' own first bar; "
            "pass the raw bars"
        )


def _basis(bars: Bars) -> str:
    if bars.basis != "raw":
        return f"{bars.basis}-adjusted"
    # Rebuilt from split-adjusted prices they are as traded, too.
    return "as_traded" if bars.passport.price_basis == "unsplit" else bars.passport.price_basis


def _is_venue_against_tape(a: Bars, b: Bars) -> bool:
    return (a.passport.feed == "iex") != (b.passport.feed == "iex")


def _differences(
    name: str, tolerance: Tolerance, ts: NDArray[np.datetime64], left: FloatArray, right: FloatArray
) -> tuple[int, float, list[Breach]]:
    """Return how many values both know, the largest relative difference, and the breaches."""
    both = np.isfinite(left) & np.isfinite(right)
    apart = np.abs(right - left)
    middle = (np.abs(left) + np.abs(right)) / 2
    relative = np.divide(apart, middle, out=np.zeros_like(apart), where=both & (middle > 0))
    # 0.52 - 0.50 is a little more than two cents in binary.
    slack = 1 + 1e-9
    wrong = both & (relative > tolerance.relative * slack) & (apart > tolerance.absolute * slack)
    limit = f"{tolerance.relative:.1%} and {tolerance.absolute:,g}"
    breaches = [
        Breach(
            ts=ts[row],
            field=name,
            a=float(left[row]),
            b=float(right[row]),
            difference=float(right[row] - left[row]),
            limit=f"{relative[row]:.1%} and {apart[row]:,.6g} apart, at most {limit}",
        )
        for row in np.flatnonzero(wrong)
    ]
    return int(both.sum()), float(relative[both].max()) if both.any() else math.nan, breaches


def _ratios(
    a: Bars, b: Bars, ts: NDArray[np.datetime64], rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]
) -> tuple[int, float, list[Breach]]:
    """Return how many days have a share of IEX in the volume, the largest, and those outside their band."""
    left, right = a.volume[rows_a], b.volume[rows_b]
    venue, tape = (left, right) if a.passport.feed == "iex" else (right, left)
    known = np.isfinite(venue) & (tape > 0)
    ratio = np.divide(venue, tape, out=np.full(tape.size, np.nan), where=known)
    breaches = []
    for row in np.flatnonzero(known):
        band = next(each for each in IEX_BANDS if tape[row] >= each.above)
        if not band.low <= ratio[row] <= band.high:
            limit = (
                f"IEX share {ratio[row]:.4f}, expected {band.low:g} to {band.high:g} from {band.above:,.0f} shares on"
            )
            values = float(left[row]), float(right[row])
            breaches.append(
                Breach(
                    ts=ts[row],
                    field="volume ratio",
                    a=values[0],
                    b=values[1],
                    difference=float(ratio[row]),
                    limit=limit,
                )
            )
    return int(known.sum()), float(ratio[known].max()) if known.any() else math.nan, breaches


def _lacking(own: NDArray[np.datetime64], common: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    inside = own[(own >= common[0]) & (own <= common[-1])]
    return np.setdiff1d(inside, common, assume_unique=True)


def _cautions(a: Bars, b: Bars, is_venue: bool) -> list[Note]:
    notes = []
    if (a.passport.provider, a.passport.feed) == (b.passport.provider, b.passport.feed):
        text = f"both series come from {source_of(a)}: that they agree shows nothing about either"
        notes.append(Note(code="one_source", text=text))
    if is_venue:
        text = "IEX is one venue, a few per cent of volume: relative volume and dollar volume of it compare with no other feed"
        notes.append(Note(code="one_venue", text=text, severity="info"))
        if a.interval != "1d":
            text = f"the shares of IEX in volume are known of days, not of {a.interval} bars: volume was not compared"
            notes.append(Note(code="volume_not_compared", text=text))
    return notes


def _span(bars: Bars) -> str:
    if not len(bars):
        return "without bars"
    return " to ".join(label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
