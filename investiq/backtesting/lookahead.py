"""A check that decisions do not read the future: some of them are taken again with all later bars cut off."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.decisions import BOTH, BUY, SELL, from_codes
from investiq.core.errors import DataError
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.strategies import Breakout, BuyAndHold, Crossover
from investiq.strategies.base import Strategy

__all__ = ["PREFIXES", "check_decisions", "sampled_bars"]

# Decisions taken again, half of them among the bars on which something was decided.
PREFIXES: Final = 12
# Fixed, so that equal runs are checked, and pass or fail, alike.
SEED: Final = 20240105
# Held to the same law by the tests of the package, on many more prefixes.
_BUILT_IN: Final = (BuyAndHold, Crossover, Breakout)
_WORDS: Final = {0: "nothing", BUY: "buy", SELL: "sell", BOTH: "buy and sell"}


def check_decisions(strategy: Strategy, bars: Bars, decisions: NDArray[np.int8]) -> None:
    """Refuse a strategy whose decision of a bar changes when all later bars are cut off.

    Samples `PREFIXES` bars, so that passing is no proof.

    Parameters
    ----------
    strategy : Strategy
        Those of the package are not checked here.
    bars : Bars
    decisions : ndarray of int8, shape (n_bars,)
        What it decided on all of `bars`.

    Raises
    ------
    DataError
        If a decision differs.
    """
    if type(strategy) in _BUILT_IN:
        return
    for bar in sampled_bars(decisions, strategy.warmup):
        alone = int(from_codes(strategy.decide(bars[: bar + 1]), bar + 1).codes[-1])
        if alone != decisions[bar]:
            raise DataError(
                f"{strategy.name} reads later bars, or does not decide alike twice: for {label_text(bars.ts[bar], bars.interval)} "
                f"(bar {bar}) it decided {_WORDS[int(decisions[bar])]} with all {len(bars)} bars, and {_WORDS[alone]} with the "
                "bars up to that one; decide each bar from bars up to it only"
            )


def sampled_bars(decisions: NDArray[np.int8], warmup: int) -> list[int]:
    """Return the bars to check, ascending: one of each part of the run from `warmup` on, and of its decisions.

    The last bar is none, since its decision is dropped; the one before it always is.
    """
    last = decisions.size - 2
    possible = np.arange(warmup, last + 1)
    decided = possible[decisions[possible] != 0]
    random = np.random.default_rng(SEED)
    parts = [*np.array_split(possible[:-1], PREFIXES // 2 - 1), *np.array_split(decided, PREFIXES // 2)]
    return sorted({last, *(int(random.choice(part)) for part in parts if part.size)})
