"""`Account`: a run with its round trips and metrics as bare numbers, for callers that need no result."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from investiq.backtesting.price_sheet import PriceSheet
from investiq.backtesting.running import Run, has_actions
from investiq.backtesting.trades import RoundTrips, round_trips
from investiq.core.types import INTERVAL_MINUTES
from investiq.history.bars import Bars
from investiq.metrics.performance import Figures, Performance, Span

if TYPE_CHECKING:
    from investiq.execution.options import RunOptions
    from investiq.metrics.conventions import Convention

__all__ = ["Account", "account_of"]

_SPANS: WeakKeyDictionary[Bars, dict[Convention, Span]] = WeakKeyDictionary()


class Account(Run):
    """The account of one run, its round trips and its metrics.

    Attributes
    ----------
    round_trips : RoundTrips
        As arrays, in the order of entry.
    figures : Figures
        The metrics of ``performance_facts``, NaN where one is undefined.
    """

    round_trips: RoundTrips
    figures: Figures

    def __init__(self, run: Run, round_trips: RoundTrips, figures: Figures) -> None:
        # The arrays are those of `run`, which were checked and locked there.
        self.__dict__.update(run.__dict__, round_trips=round_trips, figures=figures)


def account_of(run: Run, bars: Bars, options: RunOptions, convention: Convention) -> Account:
    """Return `run` over `bars` with its round trips and metrics."""
    splits = PriceSheet.of(bars).splits if has_actions(bars) else ()
    trips = round_trips(run, float(bars.close[-1]), options.posting_rounding, splits=splits, symbols=(bars.symbol,))
    closed = trips.is_closed
    pnl = trips.pnl[closed]
    measured = Performance(
        float(options.initial_capital),
        run.equity,
        span_of(bars, convention),
        pnl,
        run.exposure,
        convention,
        pnl / trips.entry_notional[closed],
    )
    return Account(run, trips, measured.figures())


def span_of(bars: Bars, convention: Convention) -> Span:
    """Return the time of an account over `bars`, whose opening point lies one interval before the first label."""
    spans = _SPANS.setdefault(bars, {})
    if convention not in spans:
        opening = bars.ts[:1] - np.timedelta64(INTERVAL_MINUTES[bars.interval], "m")
        spans[convention] = Span.of(np.concatenate((opening, bars.ts)), convention)
    return spans[convention]
