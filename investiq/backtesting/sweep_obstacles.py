"""What the loops of a sweep cannot express: such cells run one by one, through the same engine as a run alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np

from investiq.execution.options import RunOptions
from investiq.execution.sessions import is_absent_for_long
from investiq.history.bars import Bars

__all__ = ["obstacle", "obstacle_of_options"]

# Options that the loops follow, and those that cannot act where every other one is at its default.
_FOLLOWED: Final = frozenset(
    {
        "initial_capital", "weight", "size_at", "lot", "posting_rounding", "level_rounding", "costs", "limit_fill",
        "target_slippage", "open_beyond_target", "stop_from", "level_order", "both_inside", "insufficient", "stop_loss",
        "take_profit", "trailing_stop", "trail_entry_bar", "max_volume_participation", "zero_volume", "end",
    }
)  # fmt: skip
_IDLE: Final = frozenset(
    {
        "confidence_threshold", "limit_expiry", "atr_window", "atr_method", "max_positions", "debit_rate",
        "maintenance_long", "maintenance_short", "borrow_rate", "interest_day_count", "band", "entry_residual",
        "halt_policy", "halt_reset_bars", "halt_reset_drawdown", "delisting_return",
    }
)  # fmt: skip
_DEFAULTS: Final = RunOptions()
_CHECKED: Final = tuple(each.name for each in fields(RunOptions) if each.name not in _FOLLOWED | _IDLE)


def obstacle_of_options(options: RunOptions) -> str:
    """Return why options need the general way; empty where the loops of a sweep follow them.

    Examples
    --------
    >>> obstacle_of_options(RunOptions(trailing_stop=0.05)), obstacle_of_options(RunOptions(hold_bars=10))
    ('', 'hold_bars=10')
    """
    for name in _CHECKED:
        value = getattr(options, name)
        if value != getattr(_DEFAULTS, name):
            return f"{name}={value!r}"
    costs = options.costs
    if costs.sell_fee_rate:
        return f"sell_fee_rate={costs.sell_fee_rate!r}"
    if costs.impact is not None:
        return "market impact"
    if costs.per_share is not None and costs.per_share.maximum_rate:
        return f"maximum_rate={costs.per_share.maximum_rate!r}"
    if options.both_inside == "target" and options.open_beyond_target == "stop_first":
        return "both_inside='target' with open_beyond_target='stop_first'"
    return ""


def obstacle(bars: Bars, options: RunOptions) -> str:
    """Return why a run needs the general way; empty where the loops of a sweep follow it.

    They need options that they know, and bars that can all fill, in a period without actions.
    """
    if reason := obstacle_of_options(options):
        return reason
    if (bars.total_factor[1:] != bars.total_factor[:-1]).any() or (
        bars.split_factor[1:] != bars.split_factor[:-1]
    ).any():
        return "dividends or splits in the period"
    if options.zero_volume == "no_fill" and bool((bars.volume == 0.0).any()):
        return "bars without volume"
    if not np.isfinite(bars.close).all():
        return "bars without a price"
    if is_absent_for_long(bars):
        return "sessions without a bar"
    return ""
