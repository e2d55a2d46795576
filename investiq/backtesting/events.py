"""The log of a run: what became of the decisions and orders that did not fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.backtesting import kernel
from investiq.backtesting.decisions import BOTH, SELL

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["log_lines"]

BELOW_THRESHOLD: Final = "below threshold"
BOTH_DROPPED: Final = "conflicting signals: both dropped"
EXIT_KEPT: Final = "conflicting signals: exit kept"
SHORT_DISABLED: Final = "short disabled: ignored"
AFTER_LAST: Final = "signal after last bar: dropped"
TEXTS: Final[dict[int, str]] = {
    kernel.EVENT_TOO_SMALL: "entry skipped: below one lot",
    kernel.EVENT_EXIT_CANCELLED: "exit order cancelled: already flat",
    kernel.EVENT_REJECTED: "entry rejected: buying power",
    kernel.EVENT_CANCELLED: "entry order cancelled: already in position",
    kernel.EVENT_CARRIED: "no trade in bar: order carried",
    kernel.EVENT_EXPIRED: "order expired: no trade",
    kernel.EVENT_MISSED: "order expired: no bar",
}


def log_lines(run: Run) -> list[tuple[int, str]]:
    """Return (bar, text) in the order of the bars; a decision of bar t is answered in bar t + 1.

    The kernel writes what only it can know; what follows from decisions and
    positions is derived here, so that a run that nobody reads does not pay for it.
    """
    codes = run.decisions.codes[:-1]
    is_long = run.position[:-1] > 0
    lines = [(bar + 1, BELOW_THRESHOLD) for bar in run.decisions.below]
    for rows, text in (
        ((codes == BOTH) & ~is_long, BOTH_DROPPED),
        ((codes == BOTH) & is_long, EXIT_KEPT),
        ((codes == SELL) & ~is_long, SHORT_DISABLED),
    ):
        lines += [(int(bar) + 1, text) for bar in np.flatnonzero(rows)]
    lines.sort(key=lambda line: line[0])
    for bar, code, count in run.events.tolist():
        lines += [(bar, TEXTS[code])] * count
    lines += [(len(run.equity) - 1, AFTER_LAST)] * run.decisions.after_last
    return sorted(lines, key=lambda line: line[0])
