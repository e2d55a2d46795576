"""The log of a run: what became of the decisions and orders that did not fill, and what was posted without a fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.backtesting import general_state as g
from investiq.backtesting.decisions import BOTH, SELL
from investiq.backtesting.postings import Grid, rounded

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

__all__ = ["log_lines"]

BELOW_THRESHOLD: Final = "below threshold"
BOTH_DROPPED: Final = "conflicting signals: both dropped"
EXIT_KEPT: Final = "conflicting signals: exit kept"
SHORT_DISABLED: Final = "short disabled: ignored"
AFTER_LAST: Final = "signal after last bar: dropped"
TEXTS: Final[dict[float, str]] = {
    g.LOG_TOO_SMALL: "entry skipped: below one lot",
    g.LOG_EXIT_CANCELLED: "exit order cancelled: already flat",
    g.LOG_REJECTED: "entry rejected: buying power",
    g.LOG_CANCELLED: "entry order cancelled: already in position",
    g.LOG_CARRIED: "no trade in bar: order carried",
    g.LOG_EXPIRED: "order expired: no trade",
    g.LOG_MISSED: "order expired: no bar",
    g.LOG_BELOW: BELOW_THRESHOLD,
    g.LOG_BOTH_DROPPED: BOTH_DROPPED,
    g.LOG_EXIT_KEPT: EXIT_KEPT,
    g.LOG_SHORT_DISABLED: SHORT_DISABLED,
    g.LOG_AFTER_LAST: AFTER_LAST,
    g.LOG_LIMIT_EXPIRED: "limit expired",
    g.LOG_STOP_EXPIRED: "stop expired",
    g.LOG_HALT_RESET: "circuit breaker: reset",
    g.LOG_BLOCKED_HALT: "entry blocked: circuit breaker",
    g.LOG_BLOCKED_CALL: "entry blocked: margin call",
    g.LOG_BELOW_MINIMUM: "entry skipped: below minimum notional",
    g.LOG_OUTSIDE: "entry cancelled: filled outside its stop and target",
    g.LOG_MAX_POSITIONS: "entry rejected: max positions",
    g.LOG_DAY_ENTRIES: "entry rejected: max entries per day",
    g.LOG_SESSION: "entry rejected: outside entry hours",
    g.LOG_NOT_SHORTABLE: "entry rejected: not shortable",
    g.LOG_DELISTED: "order cancelled: delisted",
    g.LOG_REBALANCE_DROPPED: "rebalance order dropped: no trade in bar",
    g.LOG_REBALANCE_SMALL: "rebalance order skipped: below minimum notional",
    g.LOG_POSITION_CLOSED: "entry order cancelled: position closed",
    g.LOG_CANCELLED_HALT: "entry order cancelled: circuit breaker",
    g.LOG_CANCELLED_CALL: "entry order cancelled: margin call",
    g.LOG_RUINED: "decision dropped: ruin",
    g.LOG_NO_PRICE: "entry skipped: no price",
}
CENTS: Final = Grid(1.0, 100.0)
BASIS_POINTS: Final = Grid(1.0, 10_000.0)
# Those that tell an amount; `count` is another one where two are told.
_TOLD: Final[dict[float, Callable[[float, float], str]]] = {
    g.LOG_RESIDUAL: lambda value, _: f"residual {_shares(value)} cancelled",
    g.LOG_HALTED: lambda value, _: f"circuit breaker: drawdown {rounded(value, BASIS_POINTS):.2%}",
    g.LOG_MARGIN_CALL: lambda value, count: f"margin call: equity {_money(value)} < {_money(count)}",
    g.LOG_RANGE: lambda value, _: f"range unknown: level at {value:.0%}",
    g.LOG_RUIN: lambda value, _: f"ruin: equity {_money(value)}",
    g.LOG_INTEREST: lambda value, _: f"interest {_money(value)}",
    g.LOG_DEBIT: lambda value, _: f"debit interest {_money(value)}",
    g.LOG_BORROW: lambda value, _: f"borrow fee {_money(value)}",
    g.LOG_CASH_IN_LIEU: lambda value, _: f"cash in lieu {_money(value)}",
}


def log_lines(run: Run) -> list[tuple[int, str]]:
    """Return (bar, text) in the order of the bars; a decision of bar t is answered in bar t + 1.

    The general kernel writes every line. The fast loops write what only they can
    know; what follows from decisions and positions is derived here, so that a run
    that nobody reads does not pay for it.
    """
    if run.events.shape[1] == g.EVENT_COLUMNS:
        return [(int(bar), _text(code, count, value)) for bar, code, count, _, value in run.events.tolist()]
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


def _text(code: float, count: float, value: float) -> str:
    return TEXTS[code] if code in TEXTS else _TOLD[code](value, count)


def _shares(quantity: float) -> str:
    return f"{quantity:.6f}".rstrip("0").rstrip(".")


def _money(amount: float) -> str:
    """Return an amount to the cent, a half as the posting would round it."""
    return f"{rounded(amount, CENTS):.2f}"
