"""The topics of the supplementary view, in the order in which they are shown."""

from __future__ import annotations

from typing import Final

from investiq.engines.supplementary import (
    correlations,
    dividends,
    earnings,
    earnings_texts,
    gaps,
    insiders,
    macro,
    news_sentiment,
    news_velocity,
    options,
    rotation,
    short_interest,
    smart_money,
    squeeze,
    volatility_proxy,
)
from investiq.engines.supplementary.topics import Topic

__all__ = ["TOPICS"]

TOPICS: Final[tuple[Topic, ...]] = (
    options.TOPIC,
    volatility_proxy.TOPIC,
    insiders.TOPIC,
    short_interest.TOPIC,
    squeeze.TOPIC,
    smart_money.TOPIC,
    dividends.TOPIC,
    earnings.TOPIC,
    earnings_texts.TOPIC,
    gaps.TOPIC,
    rotation.TOPIC,
    correlations.TOPIC,
    macro.TOPIC,
    news_sentiment.TOPIC,
    news_velocity.TOPIC,
)
