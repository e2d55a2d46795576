"""The topics of the supplementary view, in the order in which they are shown."""

from __future__ import annotations

from typing import Final

from investiq.engines.supplementary import correlations, dividends, earnings, gaps, macro, rotation
from investiq.engines.supplementary.topics import Topic

__all__ = ["TOPICS"]

TOPICS: Final[tuple[Topic, ...]] = (
    dividends.TOPIC,
    earnings.TOPIC,
    gaps.TOPIC,
    rotation.TOPIC,
    correlations.TOPIC,
    macro.TOPIC,
)
