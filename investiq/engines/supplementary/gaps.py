"""Overnight gaps: how unusual the open was, and whether the day took it back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.rules import FloatArray, Table
from investiq.engines.scoring import percentile_rank
from investiq.engines.supplementary.topics import Adjustment, Topic
from investiq.history.bars import Bars
from investiq.history.history import History

__all__ = ["TOPIC", "gap_features"]

# Ranks of a gap in its own trailing 252, and the plain bound until 60 are known.
HIGH_RANK: Final = 0.90
LOW_RANK: Final = 0.10
PLAIN_BOUND: Final = 0.02
# Of confidence, where the session closes against its gap.
REVERSED: Final = 0.02

UNITS: Final[dict[str, Unit]] = {
    "gap_overnight": "fraction",
    "gap_rank": "fraction",
    "gap_direction": "",
    "gap_reversed": "",
}


def gap_features(history: History) -> dict[str, FloatArray]:
    """Return the overnight gap of each session, its rank and direction, and whether the close took it back.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``gap_overnight``, open over the close before, less 1; NaN on the first bar,
        on ex-dates of splits and dividends, and on intraday bars. ``gap_rank`` in its
        trailing 252. ``gap_direction``: 1 for a rise above the 90th percentile, -1 for
        a fall below the 10th (2 % either way until 60 gaps are known), else 0.
        ``gap_reversed``: 1 where the close of a session that fell at the open lies
        above its open, -1 where that of one that rose lies below, else 0.
    """
    bars = history.bars()
    gap = np.full(len(bars), np.nan)
    if bars.interval == "1d":
        gap[1:] = bars.open[1:] / bars.close[:-1] - 1
        gap[_ex_dates(bars)] = np.nan
    rank = percentile_rank(gap)
    is_plain = np.isnan(rank)
    up = (gap > 0) & np.where(is_plain, gap > PLAIN_BOUND, rank > HIGH_RANK)
    down = (gap < 0) & np.where(is_plain, gap < -PLAIN_BOUND, rank < LOW_RANK)
    direction = np.where(np.isnan(gap), np.nan, up.astype(float) - down)
    against = (down & (bars.close > bars.open)).astype(float) - (up & (bars.close < bars.open))
    return {
        "gap_overnight": gap,
        "gap_rank": rank,
        "gap_direction": direction,
        "gap_reversed": np.where(np.isnan(gap), np.nan, against),
    }


def _ex_dates(bars: Bars) -> NDArray[np.bool_]:
    changed = np.zeros(len(bars), dtype=bool)
    changed[1:] = bars.total_factor[1:] != bars.total_factor[:-1]
    return changed


def _reversal(t: Table) -> FloatArray:
    return REVERSED * np.nan_to_num(t["gap_reversed"])


TOPIC: Final = Topic(
    name="gaps",
    units=UNITS,
    features=gap_features,
    adjustments=(
        Adjustment(
            names=("Gap Down Reversed", "Gap Up Faded"),
            fact="gap",
            amount=_reversal,
            value="gap_overnight",
            texts=(
                "opened {gap_overnight} below the close before (rank {gap_rank}) and closed above its open",
                "opened {gap_overnight} above the close before (rank {gap_rank}) and closed below its open",
            ),
        ),
    ),
    panels=(
        Panel("Overnight gap", (Line("Gap", "gap_overnight", "open over the close before; no ex-dates", "gap_rank"),)),
    ),
    needs="daily bars",
)
