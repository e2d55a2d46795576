"""The checks of the quality report: their severity, what they mean, and what they find in bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.core.notes import Severity
from investiq.history import scanning
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.scanning import Found, Moves
from investiq.market.cleaning import Gated, simple_moves

__all__ = ["CHECKS", "MOST_EXAMPLES", "Check", "Example", "Finding", "bar_findings", "finding"]

MOST_EXAMPLES: Final = 100


class Check(NamedTuple):
    """One check: how serious it is, what it says, and the number of an example."""

    severity: Severity
    words: str
    value: str = ""
    unit: Unit = ""


CHECKS: Final[dict[str, Check]] = {
    "unreadable_stamp": Check("error", "stamp missing or unreadable", "row", "count"),
    "missing_price": Check("error", "open, high, low or close is missing", "prices missing", "count"),
    "bad_price": Check("error", "a price is zero, negative or infinite", "lowest price", "price"),
    "inconsistent_bar": Check("error", "high or low contradicts the other prices", "by", "price"),
    "negative_volume": Check("error", "volume is negative or infinite", "volume", ""),
    "duplicate_label": Check("error", "the label appears more than once", "second close", "price"),
    "daily_label_time": Check("error", "a daily label carries a time of day"),
    "shifted_labels": Check("error", "all labels lie a day beside their sessions"),
    "exchange_time_as_utc": Check("error", "exchange time is labelled UTC"),
    "clock_change_missed": Check("error", "labels an hour off on one side of a change of clocks"),
    "off_session": Check("error", "label on no session, or off the interval's grid"),
    "early_known_at": Check("error", "called known before the bar had ended: a look into the future", "hours early", "ratio"),
    "quarantined": Check("error", "most likely a bad print: the next bar takes the jump back", "return", "fraction"),
    "mixed_adjustment": Check("error", "adjusted and unadjusted prices in one series", "return", "fraction"),
    "naive_stamps": Check("caution", "stamps carry no offset and were read as UTC"),
    "unsorted": Check("caution", "rows are not in the order of time"),
    "possible_splits": Check("caution", "return close to a split ratio, no action recorded", "return", "fraction"),
    "extreme_moves": Check("caution", "return above 50 % that fits no split", "return", "fraction"),
    "price_spikes": Check("caution", "return above 20 %", "return", "fraction"),
    "outliers": Check("caution", "return beyond 10 times the usual of the 60 bars before", "return", "fraction"),
    "long_wicks": Check("caution", "high or low far outside open and close", "range", "fraction"),
    "odd_volumes": Check("caution", "20 times, or a 20th of, the usual volume", "volume", "count"),
    "missing_sessions": Check("caution", "session of the calendar without a bar"),
    "stale_closes": Check("caution", "five or more equal closes in a row", "bars", "count"),
    "open_repeats_previous_close": Check("caution", "open copies the close before on more than 5 % of days", "open", "price"),
    "zero_volume": Check("caution", "no volume on a day with prices"),
    "missing_volume": Check("caution", "volume unknown on some bars only"),
    "late_known_at": Check("caution", "known only after the close of the next session", "days late", "ratio"),
    "revised": Check("info", "corrected by the source after it was recorded"),
}  # fmt: skip


class Example(NamedTuple):
    """One row that a check found: its label, the number judged (NaN without one) and what else is known of it."""

    ts: np.datetime64
    value: float
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """All that one check found in one series.

    Attributes
    ----------
    symbol, check : str
    severity : {"info", "caution", "error"}
    count : int
        Rows concerned; runs, sessions or stamps where these are what is counted.
    text : str
        What the check says, or the words of the source's own note.
    examples : tuple of Example
        At most 100, in the order of time.
    """

    symbol: str
    check: str
    severity: Severity
    count: int
    text: str
    examples: tuple[Example, ...] = ()


def finding(symbol: str, check: str, found: Found, texts: dict[int, str] | None = None, text: str = "") -> Finding:
    """Return what `check` found as a `Finding`; `texts` tell more of a row, by its position in `found`."""
    shown = [
        Example(ts, float(value), (texts or {}).get(number, ""))
        for number, (ts, value) in enumerate(zip(found.ts[:MOST_EXAMPLES], found.values[:MOST_EXAMPLES], strict=True))
    ]
    return Finding(
        symbol=symbol,
        check=check,
        severity=CHECKS[check].severity,
        count=int(found.ts.size),
        text=text or CHECKS[check].words,
        examples=tuple(shown),
    )


def bar_findings(
    bars: Bars, gated: Gated, bad_labels: NDArray[np.datetime64], *, labels_hold: bool, has_known_at: bool
) -> Iterator[Finding]:
    """Yield what the checks find in bars whose flags hold the gate's verdict.

    Parameters
    ----------
    bars : Bars
    gated : Gated
    bad_labels : ndarray of datetime64[us]
        Labels of rows that are there but are no bars: not missing.
    labels_hold : bool
        False where all labels are shifted: then neither sessions nor times of
        knowledge can be compared with them.
    has_known_at : bool
        False where the source states no times of knowledge: there is nothing to judge.
    """
    symbol = bars.symbol
    moves = scanning.classified_moves(bars)
    bad = np.flatnonzero(bars.flags & Flag.QUARANTINED)
    simple = simple_moves(bars.close if bars.basis == "total" else bars.adjusted("total").close)
    reasons = {number: gated.reasons.get(int(row), "") for number, row in enumerate(bad)}
    yield finding(symbol, "quarantined", Found.at(bars, bad, simple[bad]), reasons)
    yield finding(symbol, "mixed_adjustment", Found.at(bars, moves.mixed, moves.values[moves.mixed]))
    yield finding(symbol, "possible_splits", *_splits(bars, moves))
    yield finding(symbol, "extreme_moves", Found.at(bars, moves.extreme, moves.values[moves.extreme]))
    yield finding(symbol, "price_spikes", Found.at(bars, moves.spikes, moves.values[moves.spikes]))
    named = np.concatenate([moves.mixed, moves.splits, moves.extreme, moves.spikes])
    outliers = np.setdiff1d(gated.doubtful["outliers"], named)
    outliers = outliers[~np.isnan(moves.values[outliers])]
    yield finding(symbol, "outliers", Found.at(bars, outliers, moves.values[outliers]))
    wicks = gated.doubtful["long_wicks"]
    yield finding(symbol, "long_wicks", Found.at(bars, wicks, bars.high[wicks] / bars.low[wicks] - 1))
    volumes = gated.doubtful["odd_volumes"]
    yield finding(symbol, "odd_volumes", Found.at(bars, volumes, bars.volume[volumes]))
    yield finding(symbol, "stale_closes", scanning.stale_runs(bars))
    yield finding(symbol, "open_repeats_previous_close", scanning.repeated_opens(bars)[0])
    yield finding(symbol, "zero_volume", scanning.zero_volume(bars))
    unknown = np.flatnonzero(np.isnan(bars.volume))
    yield finding(symbol, "missing_volume", Found.at(bars, unknown if unknown.size < len(bars) else unknown[:0]))
    yield finding(symbol, "revised", scanning.flagged(bars, Flag.REVISED))
    if labels_hold:
        missing = scanning.missing_sessions(bars)
        absent = ~np.isin(missing.ts, bad_labels.astype("datetime64[D]").astype("datetime64[us]"))
        yield finding(symbol, "missing_sessions", Found(missing.ts[absent], missing.values[absent]))
    if labels_hold and has_known_at:
        yield finding(symbol, "early_known_at", scanning.early_known_at(bars))
        yield finding(symbol, "late_known_at", scanning.late_known_at(bars))


def _splits(bars: Bars, moves: Moves) -> tuple[Found, dict[int, str]]:
    """Return the possible splits, each with what the volume beside it says."""
    texts = {}
    for number, row in enumerate(moves.splits):
        ratio, traded = 1 / (1 + moves.values[row]), scanning.volume_beside(bars, int(row))
        if np.isnan(traded):
            texts[number] = f"ratio {ratio:.3g}; volume unknown"
            continue
        # New shares trade in the old value: after 4:1 four times as many.
        speaks = abs(np.log(traded / ratio)) < abs(np.log(traded))
        texts[number] = (
            f"ratio {ratio:.3g}; volume x {traded:.3g}: {'supports' if speaks else 'does not support'} a split"
        )
    return Found.at(bars, moves.splits, moves.values[moves.splits]), texts
