"""The strategies, and `Strategy` and `PanelStrategy` to derive one's own from."""

from investiq.engines.probabilistic.regimes import REGIMES, regime_codes, regime_scale, success_probability
from investiq.strategies.agents import agent
from investiq.strategies.alphas import (
    AlphaPortfolio,
    book_to_market,
    low_volatility_scores,
    momentum_scores,
    quality_scores,
    reversal_scores,
)
from investiq.strategies.base import Column, PanelStrategy, Strategy
from investiq.strategies.baselines import EqualWeightMonthly, RandomEntries, SixtyForty
from investiq.strategies.brackets import AtrBrackets
from investiq.strategies.breakout import Breakout
from investiq.strategies.buy_and_hold import BuyAndHold
from investiq.strategies.crossover import Crossover
from investiq.strategies.donchian_trend import DonchianTrend
from investiq.strategies.engine_view import EngineView, weighted_view
from investiq.strategies.ensemble import Ensemble
from investiq.strategies.gates import WinRateGate
from investiq.strategies.kelly import kelly_fraction
from investiq.strategies.mean_reversion import MeanReversion
from investiq.strategies.momentum import Momentum
from investiq.strategies.odds import OddsPolicy
from investiq.strategies.opening_range import OpeningRange
from investiq.strategies.portfolio_costs import capacity, holding_period, turnover, turnover_costs
from investiq.strategies.rebuilding import rebuilt
from investiq.strategies.routed import Routed
from investiq.strategies.sized import Sized
from investiq.strategies.sizing import (
    ConfidenceSize,
    FixedMoney,
    FixedShares,
    KellySize,
    RegimeSize,
    RiskSize,
    Sizer,
    VolatilityTarget,
)
from investiq.strategies.timeframe import OnTimeframe
from investiq.strategies.trend_crossover import TrendCrossover
from investiq.strategies.weighting import scores_to_weights, winsorised

__all__ = [
    "REGIMES",
    "AlphaPortfolio",
    "AtrBrackets",
    "Breakout",
    "BuyAndHold",
    "Column",
    "ConfidenceSize",
    "Crossover",
    "DonchianTrend",
    "EngineView",
    "Ensemble",
    "EqualWeightMonthly",
    "FixedMoney",
    "FixedShares",
    "KellySize",
    "MeanReversion",
    "Momentum",
    "OddsPolicy",
    "OnTimeframe",
    "OpeningRange",
    "PanelStrategy",
    "RandomEntries",
    "RegimeSize",
    "RiskSize",
    "Routed",
    "SixtyForty",
    "Sized",
    "Sizer",
    "Strategy",
    "TrendCrossover",
    "VolatilityTarget",
    "WinRateGate",
    "agent",
    "book_to_market",
    "capacity",
    "holding_period",
    "kelly_fraction",
    "low_volatility_scores",
    "momentum_scores",
    "quality_scores",
    "rebuilt",
    "regime_codes",
    "regime_scale",
    "reversal_scores",
    "scores_to_weights",
    "success_probability",
    "turnover",
    "turnover_costs",
    "weighted_view",
    "winsorised",
]
