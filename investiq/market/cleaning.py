"""The quality gate: which bars are most likely bad prints, judged by the bars around them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.notes import Note
from investiq.history.bars import Bars
from investiq.history.flags import Flag
from investiq.history.instants import label_text

__all__ = [
    "GATE_RETURN",
    "OUTLIER_SCORE",
    "REVERT_SCORE",
    "REVERT_SHARE",
    "VOLUME_RATIO",
    "WARNINGS",
    "WICK_SCORE",
    "WINDOW",
    "Gated",
    "long_wicks",
    "odd_volumes",
    "quality_gate",
    "quarantine",
    "robust_scores",
    "simple_moves",
    "spikes_that_revert",
    "usual_moves",
]

FloatArray = NDArray[np.float64]
RowArray = NDArray[np.intp]

# Three months of sessions: long enough for a median, short enough to follow the volatility.
WINDOW: Final = 60
# Makes the median absolute deviation the standard deviation of a normal sample.
_MAD_SCALE: Final = 1.4826
# On 20,679 real returns of the sample, a move beyond 6 that is taken back within a bar by four fifths happens never; a
# planted error of one day is found in 91-99 % of places at 30 %, in 27-83 % at 10 %. Tails as fat as the generator's do it twice
# in 251,600 bars.
REVERT_SCORE: Final = 6.0
REVERT_SHARE: Final = 0.20
# Beyond 10: two days of the S&P 500 in twenty years (2007-02-27, 2018-02-05), none of the Nasdaq, all real.
OUTLIER_SCORE: Final = 10.0
# Never in the indices, once in crude oil (1991-01-17); 13 times in VIX: for prices only.
GATE_RETURN: Final = 0.30
# The longest real one in the sample is 10.2 (Nasdaq, 2010-05-06).
WICK_SCORE: Final = 15.0
# Of the median of the 60 bars before: the indices stay between 0.12 and 2.5, a share may have ten times on a day of news.
VOLUME_RATIO: Final = 20.0
WARNINGS: Final = {
    "outliers": f"{{rows}} move(s) beyond {OUTLIER_SCORE:g} times the usual of the {WINDOW} bars before, real more often than not",
    "large_returns": f"{{rows}} move(s) above {GATE_RETURN:.0%} a bar: a bad print, or news",
    "long_wicks": f"{{rows}} bar(s) whose high or low lies {WICK_SCORE:g} times the usual move outside the bar",
    "odd_volumes": f"{{rows}} bar(s) with {VOLUME_RATIO:g} times or a {VOLUME_RATIO:g}th of the usual volume",
}
_SHOWN: Final = 3


class Gated(NamedTuple):
    """What the gate found.

    Attributes
    ----------
    flags : ndarray of int32, shape (n_bars,)
        With `Flag.QUARANTINED` where it belongs, and all that was set before.
    reasons : dict of int to str
        Of each quarantined row.
    doubtful : dict of str to ndarray of rows
        ``"outliers"``, ``"large_returns"``, ``"long_wicks"``, ``"odd_volumes"``: warned of, not quarantined.
    notes : tuple of Note
        The warnings in words; `history.checks` tells of the quarantined from the flags.
    """

    flags: NDArray[np.int32]
    reasons: dict[int, str]
    doubtful: dict[str, RowArray]
    notes: tuple[Note, ...]


def quality_gate(bars: Bars, *, is_price: bool = True) -> Gated:
    """Return the flags of bars with bad prints quarantined, and warnings about the rest.

    Judged are the total-adjusted closes, so that a recorded split or dividend is
    no move. A jump that the next bar takes back is quarantined: daily and longer
    bars only, and never the last one, since the next must be seen. What is merely
    large is real more often than not and only warned of.

    Parameters
    ----------
    bars : Bars
        Raw or total-adjusted. An earlier verdict in the flags is dropped and made
        anew, so that a corrected bar is free again.
    is_price : bool, default True
        False for a volatility, a rate or a spot price that may jump by 30 % in a
        day: no warning about the size of a return.

    Returns
    -------
    Gated
        `flags` hold `Flag.QUARANTINED` and what was set before. Rows are never
        dropped; see `Bars.without_quarantined`.

    Examples
    --------
    >>> import investiq as iq
    >>> quality_gate(iq.load_bars("^GSPC")).notes[0].text
    '^GSPC: 2 move(s) beyond 10 times the usual of the 60 bars before, real more often than not: 2007-02-27 -3.5%, 2018-02-05 -4.1%'
    """
    adjusted = bars if bars.basis == "total" else bars.adjusted("total")
    close = adjusted.close
    moves, usual = simple_moves(close), usual_moves(close)
    flags = quarantine(bars)
    bad = np.flatnonzero(flags & Flag.QUARANTINED)
    reasons = {int(row): _reason(moves, usual, close, int(row)) for row in bad}
    explained = np.union1d(bad, bad + 1)
    with np.errstate(invalid="ignore"):
        outliers = np.flatnonzero(np.abs(moves) > OUTLIER_SCORE * usual)
        large = np.flatnonzero(np.abs(moves) > (GATE_RETURN if is_price else np.inf))
    doubtful = {
        "outliers": np.setdiff1d(outliers, explained),
        "large_returns": np.setdiff1d(large, explained),
        "long_wicks": long_wicks(adjusted, usual),
        "odd_volumes": odd_volumes(adjusted.volume),
    }
    notes = [_warning(bars, code, rows, moves) for code, rows in doubtful.items() if rows.size]
    return Gated(flags, reasons, doubtful, tuple(notes))


def quarantine(bars: Bars) -> NDArray[np.int32]:
    """Return the flags of bars with bad prints quarantined: the verdict of `quality_gate` without its warnings."""
    flags = bars.flags & ~np.int32(Flag.QUARANTINED)
    if bars.interval in ("1d", "1w", "1mo"):
        adjusted = bars if bars.basis == "total" else bars.adjusted("total")
        flags[spikes_that_revert(adjusted.close)] |= np.int32(Flag.QUARANTINED)
    return flags


def simple_moves(close: FloatArray) -> FloatArray:
    """Return close over the close before less one, shape (n_bars,), NaN at the first."""
    moves = np.full(close.size, np.nan)
    moves[1:] = close[1:] / close[:-1] - 1
    return moves


def usual_moves(close: FloatArray) -> FloatArray:
    """Return the usual size of a return at each bar, 1.4826 times the median absolute deviation of the 60 before it.

    Shape (n_bars,); NaN where there are fewer, or where more than half of them are equal.
    """
    usual = np.full(close.size, np.nan)
    rows = np.arange(WINDOW + 1, close.size)
    usual[rows] = _usual_at(close, rows)
    return usual


def _usual_at(close: FloatArray, rows: RowArray) -> FloatArray:
    """Return `usual_moves` at `rows`, each of which has enough bars before it."""
    if not rows.size:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(simple_moves(close)[1:], WINDOW)[rows - WINDOW - 1]
    middle = np.median(windows, axis=1)
    deviation = np.median(np.abs(windows - middle[:, np.newaxis]), axis=1)
    return np.where(deviation > 0, _MAD_SCALE * deviation, np.nan)


def robust_scores(close: FloatArray) -> FloatArray:
    """Return the size of each return over the usual size at its bar, shape (n_bars,)."""
    scores: FloatArray = np.abs(simple_moves(close)) / usual_moves(close)
    return scores


def spikes_that_revert(close: FloatArray) -> RowArray:
    """Return the rows whose jump the next bar takes back: score above 6, two-bar return below a fifth of the jump."""
    both = np.full(close.size, np.inf)
    both[1:-1] = np.abs(close[2:] / close[:-2] - 1)
    sizes = np.abs(simple_moves(close))
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(both < REVERT_SHARE * sizes)
        rows = rows[rows > WINDOW]
        found: RowArray = rows[sizes[rows] / _usual_at(close, rows) > REVERT_SCORE]
        return found


def long_wicks(bars: Bars, usual: FloatArray) -> RowArray:
    """Return the rows whose high or low lies 15 times the usual return beyond open and close."""
    above = bars.high / np.maximum(bars.open, bars.close) - 1
    below = 1 - bars.low / np.minimum(bars.open, bars.close)
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(np.maximum(above, below) > WICK_SCORE * usual)


def odd_volumes(volume: FloatArray) -> RowArray:
    """Return the rows whose volume is 20 times, or a 20th, of the median of the 60 bars before; zeros are another matter."""
    rows = np.zeros(0, dtype=np.intp)
    if volume.size <= WINDOW:
        return rows
    before = np.lib.stride_tricks.sliding_window_view(volume, WINDOW)[:-1]
    usual = np.median(before, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = volume[WINDOW:] / usual
        odd = (volume[WINDOW:] > 0) & (usual > 0) & ((ratio > VOLUME_RATIO) | (ratio < 1 / VOLUME_RATIO))
    return np.flatnonzero(odd) + WINDOW


def _reason(moves: FloatArray, usual: FloatArray, close: FloatArray, row: int) -> str:
    both = close[row + 1] / close[row - 1] - 1
    return (
        f"return {moves[row]:+.1%}, {abs(moves[row]) / usual[row]:.1f} times the usual, and only {both:+.1%} over this bar "
        "and the next: the jump was taken back"
    )


def _warning(bars: Bars, code: str, rows: RowArray, moves: FloatArray) -> Note:
    is_move = code in ("outliers", "large_returns")
    shown = ", ".join(
        label_text(bars.ts[row], bars.interval) + (f" {moves[row]:+.1%}" if is_move else "") for row in rows[:_SHOWN]
    )
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    words = WARNINGS[code].format(rows=rows.size)
    return Note(code=code, text=f"{bars.symbol}: {words}: {shown}{more}", rows=int(rows.size))
