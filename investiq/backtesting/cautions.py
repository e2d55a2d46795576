"""What limits a backtest: cautions about its data and about what its number of trades and bars can show."""

from __future__ import annotations

import dataclasses
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from investiq.backtesting import kernel
from investiq.backtesting.running import Run
from investiq.core.notes import Note, merge_notes
from investiq.core.types import BASIS_WORDS
from investiq.history.bars import Bars
from investiq.history.checks import row_checks

__all__ = ["LEAST_DAYS", "LEAST_TRADES", "notes_of"]

# Below 30 round trips an average of trades, and below one year an annual figure, mostly shows chance.
LEAST_TRADES: Final = 30
LEAST_DAYS: Final = 365

_IN_SAMPLE: Final = Note(
    code="no_out_of_sample",
    text="every bar was known when the parameters were chosen: no part of the period was held out",
)
_AMPLE_VOLUME: Final = Note(
    code="volume_not_modelled",
    text="fills assume that the market takes any size at the price: volume participation and market impact are not modelled",
    severity="info",
)

# Events of entries that came to nothing, as code and words of the note that counts them.
_UNFILLED: Final = {
    kernel.EVENT_REJECTED: ("entries_rejected", "rejected: the cash did not cover them"),
    kernel.EVENT_TOO_SMALL: ("entries_too_small", "skipped: the weight buys less than one lot"),
    kernel.EVENT_MISSED: ("entries_expired", "cancelled: no bar came within five sessions"),
}

_DATA_NOTES: WeakKeyDictionary[Bars, tuple[Note, ...]] = WeakKeyDictionary()


def notes_of(bars: Bars, run: Run, benchmark: Bars | None = None) -> tuple[Note, ...]:
    """Return the cautions of a run: about its data, then about those of a benchmark of its own, then about the run."""
    compared = () if benchmark is None else _benchmark_notes(bars, benchmark)
    return merge_notes(_data_notes(bars), compared, _run_notes(bars, run))


def _benchmark_notes(bars: Bars, benchmark: Bars) -> list[Note]:
    """Return the cautions about a benchmark's data that the traded bars do not bear already, each under its symbol."""
    symbol = benchmark.symbol
    own = _data_notes(bars) if symbol == bars.symbol else ()
    return [
        dataclasses.replace(note, text=f"benchmark {symbol}: {note.text.removeprefix(f'{symbol}: ')}")
        for note in _data_notes(benchmark)
        if note not in own
    ]


def _data_notes(bars: Bars) -> tuple[Note, ...]:
    """Return the notes of the passport, with what they say about rows told anew for the bars that were used."""
    if bars not in _DATA_NOTES:
        _DATA_NOTES[bars] = merge_notes(
            row_checks(bars, bars.passport.notes), filter(None, (_vendor_adjusted(bars), _uncredited_dividends(bars)))
        )
    return _DATA_NOTES[bars]


def _vendor_adjusted(bars: Bars) -> Note | None:
    basis = bars.passport.price_basis
    if basis not in ("vendor_split", "vendor_total"):
        return None
    return Note(
        code="vendor_adjusted_prices",
        text=(
            f"{bars.symbol}: prices are {BASIS_WORDS[basis]}, so fills, share counts and fees per share "
            "are not those that anyone could have had"
        ),
    )


def _uncredited_dividends(bars: Bars) -> Note | None:
    """Return the dividends inside the period, which no position receives, or None.

    With a dividend of D on a prior close of C the total factor grows by 1 / (1 - D / C), so the yield is 1 less its inverse.
    """
    dividends = bars.total_factor / bars.split_factor
    growth = dividends[1:] / dividends[:-1]
    # A factor that is carried on is the same number; a quotient of products may differ in its last digits.
    yields = 1.0 - 1.0 / growth[np.abs(growth - 1.0) > 1e-12]
    if not yields.size:
        return None
    return Note(
        code="dividends_not_credited",
        text=(
            f"{bars.symbol}: {yields.size} dividend(s) inside the period, together {yields.sum():.2%} of the prices before them, "
            "are not paid to positions by this version: total returns are too low by what was held through them"
        ),
        rows=int(yields.size),
    )


def _run_notes(bars: Bars, run: Run) -> list[Note]:
    notes = [_IN_SAMPLE, _AMPLE_VOLUME]
    closed = int(np.count_nonzero(run.fills[:, 1] < 0))
    if closed < LEAST_TRADES:
        notes.append(
            Note(
                code="few_trades",
                text=f"{closed} closed round trip(s), fewer than {LEAST_TRADES}: statistics of trades mostly show chance",
                rows=closed,
            )
        )
    notes += filter(None, (_unfilled(run, code, *words) for code, words in _UNFILLED.items()))
    days = float((bars.ts[-1] - bars.ts[0]) / np.timedelta64(1, "D"))
    if days < LEAST_DAYS:
        notes.append(
            Note(
                code="under_one_year",
                text=f"the period is {days:.0f} days, under one year: annual figures are extrapolated",
            )
        )
    if run.decisions.after_last:
        notes.append(
            Note(
                code="signal_after_last_bar",
                text=f"{run.decisions.after_last} signal(s) decided on the last bar were dropped: no bar is left to fill them",
                rows=run.decisions.after_last,
                severity="info",
            )
        )
    return notes


def _unfilled(run: Run, event: int, code: str, what: str) -> Note | None:
    """Return how many entries met with `event`, or None."""
    count = int(run.events[run.events[:, 1] == event, 2].sum())
    return Note(code=code, text=f"{count} entry order(s) were {what}", rows=count) if count else None
