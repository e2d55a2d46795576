"""The strategies: `BuyAndHold`, `Crossover`, `Breakout`, and `Strategy` to derive one's own from."""

from investiq.strategies.base import Strategy
from investiq.strategies.breakout import Breakout
from investiq.strategies.buy_and_hold import BuyAndHold
from investiq.strategies.crossover import Crossover

__all__ = ["Breakout", "BuyAndHold", "Crossover", "Strategy"]
