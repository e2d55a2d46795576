"""Small markets for the tests of execution."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from investiq.core.orders import Signal
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.price_bars import PriceBar

FREE = Costs(commission_rate=0, slippage_bps=0)


def options(**changes: Any) -> RunOptions:
    """The set-up of the golden cases with changes: half of 100,000, whole shares, free, open at the end."""
    base: dict[str, Any] = {
        "weight": 0.5,
        "confidence_threshold": 0.0,
        "end": "mark",
        "costs": FREE,
        "max_volume_participation": None,
    }
    return RunOptions(**{**base, **changes})


def market(text: str, start: date = date(2024, 1, 1)) -> list[PriceBar]:
    """Bars of open/high/low/close or open/high/low/close/volume on consecutive days, separated by semicolons."""
    bars = []
    for day, item in enumerate(text.split(";")):
        numbers = [Decimal(part) for part in item.strip().split("/")]
        volume = numbers[4] if len(numbers) == 5 else None
        prices = dict(zip(("open", "high", "low", "close"), numbers, strict=False))
        bars.append(PriceBar(ts=start + timedelta(days=day), volume=volume, **prices))
    return bars


def flat_market(length: int, start: date = date(2024, 1, 1)) -> list[PriceBar]:
    """Bars of 100/101/99/100."""
    return market(" ; ".join(["100/101/99/100"] * length), start)


def signals(text: str) -> list[Signal]:
    """Signals of ``0 buy, 1 sell 0.7``: bar, side and, unless it is 1, confidence."""
    made = []
    for item in text.split(","):
        bar, side, *confidence = item.split()
        made.append(Signal(bar=int(bar), side=side, confidence=float(confidence[0]) if confidence else 1.0))  # type: ignore[arg-type]  # refused by Signal otherwise
    return made
