"""What a user's file shows about itself against what was declared of it."""

from __future__ import annotations

import dataclasses

from investiq.history.bars import Bars
from investiq.market.building import recheck
from investiq.market.cleaning import quarantine

__all__ = ["gated"]


def gated(bars: Bars) -> Bars:
    """Return bars with bad prints quarantined, as the bars of vendors are when they are stored."""
    return recheck(dataclasses.replace(bars, flags=quarantine(bars)))
