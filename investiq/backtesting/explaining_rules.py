"""The rule behind each kind of fill, in words with the prices that allowed it."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["AT_OPEN", "LEVELS", "rule_text"]

# Fills at the open of a bar that were decided at the close before.
AT_OPEN: Final = frozenset(
    {"signal", "signal_carried", "reversal", "rebalance", "time", "circuit_breaker", "margin_call", "stop_carried"}
)
# Exits at a stop or target.
LEVELS: Final = frozenset({"stop", "stop_gap", "target", "target_gap", "trail", "trail_gap"})

_FORCED: Final = {
    "circuit_breaker": "the drawdown of the close before reached the limit: everything is sold at the open",
    "margin_call": "equity fell below the maintenance margin at the close before: everything is sold at the open",
    "time": "the position had been held for the bars allowed: it is closed at the open",
}


def rule_text(
    reason: str,
    side: str,
    is_entry: bool,
    prices: tuple[float, float, float, float],
    raw: float,
    before: float,
    level: float,
) -> str:
    """Return the step of the law that allowed a fill.

    Parameters
    ----------
    reason : str
        One of `core.orders.FillReason`.
    side : {"buy", "sell"}
    is_entry : bool
    prices : (float, float, float, float)
        Open, high, low and close of the bar.
    raw : float
        Price before slippage.
    before : float
        Close of the bar before, NaN for none.
    level : float
        Stop or target that stood at the entry, NaN where it is not known.

    Examples
    --------
    >>> rule_text("stop", "sell", False, (99.0, 100.0, 94.0, 97.0), 95.0, 100.0, 95.0)
    'step 13: the low of 94.00 reached the stop of 95.00, which fills there and pays slippage'
    """
    open_, high, low, close = prices
    extreme = f"low of {low:,.2f}" if side == "sell" else f"high of {high:,.2f}"
    other = f"high of {high:,.2f}" if side == "sell" else f"low of {low:,.2f}"
    stop = "trailing stop" if reason.startswith("trail") else "stop"
    at = "" if math.isnan(level) else f", {level:,.2f} at the entry"
    decided = "" if math.isnan(before) else f" of {before:,.2f}"
    match reason:
        case "signal" | "reversal":
            step, what = (10, "an entry") if is_entry else (8, "an exit")
            return f"step {step}: {what} decided at the close before{decided} fills at the first price after it, the open of {open_:,.2f}"
        case "signal_carried" | "stop_carried":
            return f"step 7: what an earlier bar left of the order fills at the next open, {open_:,.2f}"
        case "stop" | "trail":
            return f"step 13: the {extreme} reached the {stop} of {raw:,.2f}, which fills there and pays slippage"
        case "stop_gap" | "trail_gap":
            known = "" if reason == "trail_gap" else at
            return f"step 7: the open of {open_:,.2f} lay at or beyond the {stop}{known}: the first price there was"
        case "target" | "limit" if not is_entry:
            return f"step 13: the {other} went through the target of {raw:,.2f}, a resting limit order that fills at its price"
        case "target_gap":
            return f"step 7: the open of {open_:,.2f} lay beyond the target{at}: a limit order fills at the better open"
        case "limit":
            return f"step 12: the {extreme if side == 'sell' else other} went through the limit of {raw:,.2f}, which fills at its price"
        case "limit_gap":
            return f"step {11 if is_entry else 7}: the open of {open_:,.2f} was better than the limit, so the order fills there"
        case "stop_entry":
            return f"steps 11 and 12: the price reached the order's stop; it fills at {raw:,.2f} and pays slippage"
        case "rebalance":
            return f"step 9: the weight at the close before was off its target; traded at {raw:,.2f}, sales first"
        case "delisted":
            return f"step 1: the symbol had no further bar; its position is settled at {raw:,.2f}"
        case "end_of_data":
            return f"step 18: the last bar; what is open is sold at its close of {close:,.2f}, with slippage and fee"
    return f"step 7: {_FORCED.get(reason, 'forced at the open')}, {open_:,.2f}"
