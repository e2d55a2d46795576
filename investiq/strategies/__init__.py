"""The strategies, and `Strategy` and `PanelStrategy` to derive one's own from."""

from investiq.strategies.base import Column, PanelStrategy, Strategy
from investiq.strategies.breakout import Breakout
from investiq.strategies.buy_and_hold import BuyAndHold
from investiq.strategies.crossover import Crossover
from investiq.strategies.donchian_trend import DonchianTrend
from investiq.strategies.engine_view import EngineView
from investiq.strategies.mean_reversion import MeanReversion
from investiq.strategies.momentum import Momentum
from investiq.strategies.trend_crossover import TrendCrossover

__all__ = [
    "Breakout",
    "BuyAndHold",
    "Column",
    "Crossover",
    "DonchianTrend",
    "EngineView",
    "MeanReversion",
    "Momentum",
    "PanelStrategy",
    "Strategy",
    "TrendCrossover",
]
