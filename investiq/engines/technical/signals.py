"""The signals of the technical engine: the rules of its topics.

Each row of the table of features suffices for its own signals. Volatility has no
direction and does not vote.
"""

from __future__ import annotations

from typing import Final

from investiq.engines.rules import VoteRule
from investiq.engines.technical.features import TOPICS

__all__ = ["SIGNALS"]

SIGNALS: Final[tuple[VoteRule, ...]] = tuple(rule for topic in TOPICS for rule in topic.rules)
