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
    "WINDOW",
    "Gated",
    "long_wicks",
    "odd_volumes",
    "quality_gate",
    "robust_scores",
    "spikes_that_revert",
]

FloatArray = NDArray[np.float64]
RowArray = NDArray[np.intp]

# Three months of sessions: long enough for a median, short enough to follow the volatility.
WINDOW: Final = 60
# Makes the median absolute deviation the standard deviation of a normal sample.
_MAD_SCALE: Final = 1.4826
# On 20,679 real returns of the sample, a move beyond 6 that is taken back within a bar by four fifths happens never; a
# planted error of one day is found in 91-99 % of places at 30 %, in 27-83 % at 10 %.
REVERT_SCORE: Final = 6.0
REVERT_SHARE: Final = 0.20
# Beyond 10: two days of the S&P 500 in twenty years (2007-02-27, 2018-02-05), none of the Nasdaq, all real.
OUTLIER_SCORE: Final = 10.0
# Never in the indices, once in crude oil (1991-01-17); 13 times in VIX: for prices only.
GATE_RETURN: Final = 0.30
# The longest real one in the sample is 10.2 (Nasdaq, 2000-04-04).
WICK_SCORE: Final = 15.0
# Of the median of the 60 bars before: the indices stay between 0.12 and 2.5, a share may have ten times on a day of news.
VOLUME_RATIO: Final = 20.0
_SHOWN: Final = 3


class Gated(NamedTuple):
    """Flags of every bar, shape (n_bars,), reasons for those quarantined by row, and notes."""

    flags: NDArray[np.int32]
    reasons: dict[int, str]
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
    '^GSPC: 2 move(s) beyond 10 times the usual of the 60 bars before: 2007-02-27 -3.5%, 2018-02-05 -4.1%; real more often than not'
    """
    adjusted = bars if bars.basis == "total" else bars.adjusted("total")
    close = adjusted.close
    scores = robust_scores(close)
    bad = spikes_that_revert(close, scores) if bars.interval in ("1d", "1w", "1mo") else np.zeros(0, dtype=np.intp)
    moves = simple_moves(close)
    reasons = {int(row): _reason(moves, scores, close, int(row)) for row in bad}
    flags = bars.flags & ~np.int32(Flag.QUARANTINED)
    flags[bad] |= np.int32(Flag.QUARANTINED)
    explained = np.union1d(bad, bad + 1)
    with np.errstate(invalid="ignore"):
        outliers = np.setdiff1d(np.flatnonzero(scores > OUTLIER_SCORE), explained)
        large = np.setdiff1d(np.flatnonzero(np.abs(moves) > GATE_RETURN), explained) if is_price else explained[:0]
    notes = [
        _warning(bars, "quarantine", bad, moves, "were quarantined: the next bar takes the jump back"),
        _warning(bars, "outliers", outliers, moves, "", "real more often than not", score=True),
        _warning(bars, "large_returns", large, moves, f"above {GATE_RETURN:.0%} a bar", "a bad print, or news?"),
        _shape_warning(bars, "long_wicks", long_wicks(adjusted, scores, moves), "a high or low far outside the bar"),
        _shape_warning(bars, "odd_volumes", odd_volumes(adjusted.volume), f"{VOLUME_RATIO:g} times the usual volume"),
    ]
    return Gated(flags, reasons, tuple(note for note in notes if note is not None))


def simple_moves(close: FloatArray) -> FloatArray:
    """Return close over the close before less one, shape (n_bars,), NaN at the first."""
    moves = np.full(close.size, np.nan)
    moves[1:] = close[1:] / close[:-1] - 1
    return moves


def robust_scores(close: FloatArray) -> FloatArray:
    """Return the size of each return over the usual size of the 60 before it, shape (n_bars,).

    abs(r) / (1.4826 MAD), with the median absolute deviation of the 60 returns
    before; NaN where there are fewer, or where more than half of them are equal.
    """
    moves = simple_moves(close)
    scores = np.full(close.size, np.nan)
    if close.size < WINDOW + 2:
        return scores
    windows = np.lib.stride_tricks.sliding_window_view(moves[1:], WINDOW)[:-1]
    middle = np.median(windows, axis=1)
    deviation = np.median(np.abs(windows - middle[:, np.newaxis]), axis=1)
    usual = np.where(deviation > 0, _MAD_SCALE * deviation, np.nan)
    scores[WINDOW + 1 :] = np.abs(moves[WINDOW + 1 :]) / usual
    return scores


def spikes_that_revert(close: FloatArray, scores: FloatArray) -> RowArray:
    """Return the rows whose jump the next bar takes back: score above 6, two-bar return below a fifth of the jump."""
    if close.size < WINDOW + 3:
        return np.zeros(0, dtype=np.intp)
    moves = simple_moves(close)
    both = np.full(close.size, np.inf)
    both[1:-1] = np.abs(close[2:] / close[:-2] - 1)
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((scores > REVERT_SCORE) & (both < REVERT_SHARE * np.abs(moves)))


def long_wicks(bars: Bars, scores: FloatArray, moves: FloatArray) -> RowArray:
    """Return the rows whose high or low lies 15 times the usual return beyond open and close."""
    above = bars.high / np.maximum(bars.open, bars.close) - 1
    below = 1 - bars.low / np.minimum(bars.open, bars.close)
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = np.abs(moves) / scores
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


def _reason(moves: FloatArray, scores: FloatArray, close: FloatArray, row: int) -> str:
    both = close[row + 1] / close[row - 1] - 1
    return (
        f"return {moves[row]:+.1%}, {scores[row]:.1f} times the usual, and only {both:+.1%} over this bar and the next: "
        "the jump was taken back"
    )


def _warning(
    bars: Bars, code: str, rows: RowArray, moves: FloatArray, what: str, doubt: str = "", *, score: bool = False
) -> Note | None:
    if not rows.size:
        return None
    words = f"beyond {OUTLIER_SCORE:g} times the usual of the {WINDOW} bars before" if score else what
    shown = ", ".join(f"{label_text(bars.ts[row], bars.interval)} {moves[row]:+.1%}" for row in rows[:_SHOWN])
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    text = f"{bars.symbol}: {rows.size} move(s) {words}: {shown}{more}{f'; {doubt}' if doubt else ''}"
    return Note(code=code, text=text, rows=int(rows.size))


def _shape_warning(bars: Bars, code: str, rows: RowArray, what: str) -> Note | None:
    if not rows.size:
        return None
    shown = ", ".join(label_text(bars.ts[row], bars.interval) for row in rows[:_SHOWN])
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    return Note(code=code, text=f"{bars.symbol}: {rows.size} bar(s) with {what}: {shown}{more}", rows=int(rows.size))
