"""What limits a backtest: cautions about its data and about what its number of trades and bars can show."""

from __future__ import annotations

import dataclasses
import math
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import general_state, kernel, postings
from investiq.backtesting.holdings import shares_of
from investiq.backtesting.inputs import Decided
from investiq.backtesting.order_notes import order_notes
from investiq.backtesting.price_sheet import PriceSheet, carried
from investiq.backtesting.running import Run
from investiq.backtesting.trades import FILL_REASONS, round_trips
from investiq.core.notes import Note, merge_notes
from investiq.core.types import BASIS_WORDS
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.checks import row_checks
from investiq.history.panel import Panel

__all__ = ["LEAST_DAYS", "LEAST_DEFLATED", "LEAST_TRADES", "MOST_SHARE", "deflation_note", "notes_of"]

# Below 30 round trips an average of trades, and below one year an annual figure, mostly shows chance.
LEAST_TRADES: Final = 30
LEAST_DAYS: Final = 365
# Ambiguous exits, and fills that the volume cut, above this share may have made the result.
MOST_SHARE: Final = 0.05
# A deflated Sharpe ratio below this probability is what luck among the trials would also give (Bailey and Lopez de Prado 2014).
LEAST_DEFLATED: Final = 0.95

_IN_SAMPLE: Final = Note(
    code="no_out_of_sample",
    text="every bar was known when the parameters were chosen: no part of the period was held out",
)
_AMPLE_VOLUME: Final = Note(
    code="volume_not_modelled",
    text="fills assume that the market takes any size at the price: volume participation and market impact are not modelled",
    severity="info",
)
_NO_IMPACT: Final = Note(
    code="impact_not_modelled",
    text="fills assume that the market takes the allowed share of a bar's volume at the price: market impact is not modelled",
    severity="info",
)
_SAME_CLOSE: Final = Note(
    code="same_close_fills",
    text="orders fill at the close that decided them, which nobody can do: for comparison with other engines only",
)
_SURVIVORS: Final = Note(
    code="survivorship_unknown",
    text="whether the symbols were members at the time, and which dead ones are missing, is not known: survivors flatter a result",
)

# Events of entries that came to nothing, as code and words of the note that counts them.
_UNFILLED: Final = {
    kernel.EVENT_REJECTED: ("entries_rejected", "rejected: the cash did not cover them"),
    kernel.EVENT_TOO_SMALL: ("entries_too_small", "skipped: the weight buys less than one lot"),
    kernel.EVENT_MISSED: ("entries_expired", "cancelled: no bar came within five sessions"),
}

# Reasons of fills that no volume limits.
_UNLIMITED: Final = [code for code, name in FILL_REASONS.items() if name in ("end_of_data", "delisted")]

_DATA_NOTES: WeakKeyDictionary[Bars, tuple[Note, ...]] = WeakKeyDictionary()


def notes_of(
    data: Bars | Panel,
    run: Run,
    benchmark: Bars | None = None,
    *,
    options: RunOptions | None = None,
    decided: Decided | None = None,
) -> tuple[Note, ...]:
    """Return the cautions of a run: about its data, then about those of a benchmark of its own, then about the run.

    Parameters
    ----------
    data : Bars or Panel
    run : Run
    benchmark : Bars, optional
    options : RunOptions, optional
        Those of the run; by default ``RunOptions()``.
    decided : tuple of Signal or ndarray, optional
        Signals or target weights of the run, where it had such.
    """
    options = RunOptions() if options is None else options
    compared = () if benchmark is None else _benchmark_notes(data, benchmark)
    return merge_notes(_about(data), compared, _run_notes(data, run, options, decided))


def deflation_note(deflated_sharpe: float, trials: int) -> Note | None:
    """Return the caution about a deflated Sharpe ratio below 0.95, or None; NaN, which has a reason of its own, has none.

    Examples
    --------
    >>> deflation_note(0.62, trials=40).text
    'after 40 trials the deflated Sharpe ratio is 0.62, below 0.95: luck among so many would also show this result'
    """
    if not deflated_sharpe < LEAST_DEFLATED:
        return None
    tried, luck = (f"{trials:,} trials", "luck among so many") if trials > 1 else ("1 trial", "luck")
    # Rounded down: 0.9496 is not shown as 0.95.
    shown = math.floor(deflated_sharpe * 100) / 100
    return Note(
        code="deflated_sharpe",
        text=f"after {tried} the deflated Sharpe ratio is {shown:.2f}, below {LEAST_DEFLATED:g}: {luck} would also show this result",
        rows=trials,
    )


def _about(data: Bars | Panel) -> tuple[Note, ...]:
    """Return the notes about the data."""
    if isinstance(data, Bars):
        return _data_notes(data)
    notes = merge_notes(data.notes, *(_data_notes(bars) for bars in data))
    if any("surviv" in note.text or "surviv" in note.code for note in data.notes):
        return notes
    return merge_notes(notes, (_SURVIVORS,))


def _benchmark_notes(data: Bars | Panel, benchmark: Bars) -> list[Note]:
    """Return the cautions about a benchmark's data that the traded bars do not bear already, each under its symbol."""
    symbol = benchmark.symbol
    own = _data_notes(data) if isinstance(data, Bars) and symbol == data.symbol else ()
    return [
        dataclasses.replace(note, text=f"benchmark {symbol}: {note.text.removeprefix(f'{symbol}: ')}")
        for note in _data_notes(benchmark)
        if note not in own
    ]


def _data_notes(bars: Bars) -> tuple[Note, ...]:
    """Return the notes of the passport, with what they say about rows told anew for the bars that were used."""
    if bars not in _DATA_NOTES:
        _DATA_NOTES[bars] = merge_notes(row_checks(bars, bars.passport.notes), filter(None, (_vendor_adjusted(bars),)))
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


def _paid_early(run: Run) -> Note | None:
    """Return that dividends arrive on their ex-dates: the actions of a series do not know when they are paid."""
    count = int((run.cash_flows[:, 1] == general_state.FLOW_DIVIDEND).sum())
    if not count:
        return None
    return Note(
        code="dividends_paid_on_ex_date",
        text=f"the pay dates of {count} dividend(s) are not known; their cash arrives on the ex-date, some weeks early",
        rows=count,
        severity="info",
    )


def _run_notes(data: Bars | Panel, run: Run, options: RunOptions, decided: Decided | None) -> list[Note]:
    prices = PriceSheet.of(data)
    notes = [_IN_SAMPLE]
    if options.costs.impact is None:
        notes.append(_AMPLE_VOLUME if options.max_volume_participation is None else _NO_IMPACT)
    if options.fill == "same_close":
        notes.append(_SAME_CLOSE)
    notes += _trade_notes(prices, run, options)
    notes += filter(None, (_unfilled(run, code, *words) for code, words in _UNFILLED.items()))
    notes += order_notes(prices.ts, run, options, decided)
    notes += filter(None, (_capped(data, prices, run, options), _stale(prices, run), _paid_early(run)))
    days = float((prices.ts[-1] - prices.ts[0]) / np.timedelta64(1, "D"))
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


def _trade_notes(prices: PriceSheet, run: Run, options: RunOptions) -> list[Note]:
    """Return the cautions about the number of round trips and about how their exits were decided."""
    trips = round_trips(run, prices.last_marks, options.posting_rounding, splits=prices.splits, symbols=prices.symbols)
    closed = int(np.count_nonzero(trips.is_closed))
    notes = []
    if closed < LEAST_TRADES:
        notes.append(
            Note(
                code="few_trades",
                text=f"{closed} closed round trip(s), fewer than {LEAST_TRADES}: statistics of trades mostly show chance",
                rows=closed,
            )
        )
    ambiguous = int(np.count_nonzero(trips.is_ambiguous))
    if closed and ambiguous > MOST_SHARE * closed:
        notes.append(
            Note(
                code="ambiguous_exits",
                text=(
                    f"{ambiguous} of {closed} exits ({ambiguous / closed:.1%}) were decided in a bar that held both stop and "
                    "target: which came first is not known; see result.bracket, or use shorter bars"
                ),
                rows=ambiguous,
            )
        )
    return notes


def _capped(data: Bars | Panel, prices: PriceSheet, run: Run, options: RunOptions) -> Note | None:
    """Return how many fills used up the volume that their bar allowed, where they are many."""
    share = options.max_volume_participation
    fills = run.fills[~np.isin(run.fills[:, postings.REASON], _UNLIMITED)]
    if share is None or not len(fills):
        return None
    bar, row = fills[:, postings.BAR].astype(np.int64), fills[:, postings.SYMBOL].astype(np.int64)
    keys, group = np.unique(row * prices.ts.size + bar, return_inverse=True)
    traded = np.bincount(group, weights=fills[:, postings.QUANTITY], minlength=keys.size)
    room = share * np.where(prices.volume[row, bar] > 0.0, prices.volume[row, bar], np.inf)
    if options.volume_basis == "adv20":
        room = np.fmin(room, share * _volumes_before(data, prices, options)[row, bar])
    # What is left is less than a lot.
    full = traded[group] > room - (options.lot or 1e-9 * room)
    count = int(np.count_nonzero(full))
    if count <= MOST_SHARE * len(fills):
        return None
    return Note(
        code="volume_cap",
        text=(
            f"{count} of {len(fills)} fills ({count / len(fills):.1%}) took all of the {share:.0%} of a bar's volume that was "
            "allowed: the strategy is too large for this market"
        ),
        rows=count,
    )


def _volumes_before(data: Bars | Panel, prices: PriceSheet, options: RunOptions) -> NDArray[np.float64]:
    """Return the average volume that was known before each bar, in shares of the bar."""
    from investiq.backtesting.preparing import scenario_of

    average = scenario_of(data, (), options).average_volume
    before = np.full(prices.close.shape, np.nan)
    if average is not None:
        factor = carried(prices.split_factor)
        before[:, 1:] = average[:, :-1] * factor[:, :-1] / factor[:, 1:]
    return before


def _stale(prices: PriceSheet, run: Run) -> Note | None:
    """Return on how many bars a position was valued at an older close, or None."""
    stale = np.isnan(prices.close) & (shares_of(run) != 0.0)
    count = int(np.count_nonzero(stale))
    if not count:
        return None
    symbols = [symbol for symbol, rows in zip(prices.symbols, stale.any(axis=1).tolist(), strict=True) if rows]
    return Note(
        code="stale_marks",
        text=f"positions in {', '.join(symbols[:5])} were valued at an older close {count} time(s): the symbol had no bar",
        rows=count,
    )


def _unfilled(run: Run, event: int, code: str, what: str) -> Note | None:
    """Return how many entries met with `event`, or None."""
    count = int(run.events[run.events[:, 1] == event, 2].sum())
    return Note(code=code, text=f"{count} entry order(s) were {what}", rows=count) if count else None
