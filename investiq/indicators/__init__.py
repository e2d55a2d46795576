"""Indicators: causal functions of prices, each loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from investiq.indicators.bands import bollinger, keltner, squeeze, zscore
    from investiq.indicators.candles import candle_patterns
    from investiq.indicators.direction import adx, linear_trend
    from investiq.indicators.divergences import divergence, macd_divergence, rsi_divergence
    from investiq.indicators.filters import butterworth, signal_frame
    from investiq.indicators.ichimoku_cloud import ichimoku
    from investiq.indicators.kalman_filters import local_level, local_linear_trend
    from investiq.indicators.kalman_fit import KalmanFit
    from investiq.indicators.kalman_fitting import fit_local_level, fit_local_linear_trend
    from investiq.indicators.levels import donchian
    from investiq.indicators.momentum import macd, price_change, rate_of_change, rsi
    from investiq.indicators.money_flow import accumulation_distribution, chaikin_money_flow, money_flow_index
    from investiq.indicators.oscillators import cci, stochastic, williams_r
    from investiq.indicators.pivots import floor_pivots
    from investiq.indicators.profiles import VolumeProfile, rolling_volume_profile, volume_profile
    from investiq.indicators.retracements import fibonacci
    from investiq.indicators.state_space import Variances, kalman_log_likelihood
    from investiq.indicators.structure import market_structure, relative_strength
    from investiq.indicators.swings import support_resistance, swing_points
    from investiq.indicators.timeframes import feature_table, on_timeframe, timeframe_alignment
    from investiq.indicators.trend import ema, rma, sma, wma
    from investiq.indicators.volatility import atr, atr_ratio, historical_volatility, true_range
    from investiq.indicators.volume import obv, volume_ratio, volume_zscore
    from investiq.indicators.weighted_prices import anchored_vwap, rolling_vwap, session_vwap

_HOMES: Final[dict[str, str]] = {
    "KalmanFit": "kalman_fit",
    "Variances": "state_space",
    "VolumeProfile": "profiles",
    "accumulation_distribution": "money_flow",
    "adx": "direction",
    "anchored_vwap": "weighted_prices",
    "atr": "volatility",
    "atr_ratio": "volatility",
    "bollinger": "bands",
    "butterworth": "filters",
    "candle_patterns": "candles",
    "cci": "oscillators",
    "chaikin_money_flow": "money_flow",
    "divergence": "divergences",
    "donchian": "levels",
    "ema": "trend",
    "feature_table": "timeframes",
    "fibonacci": "retracements",
    "fit_local_level": "kalman_fitting",
    "fit_local_linear_trend": "kalman_fitting",
    "floor_pivots": "pivots",
    "historical_volatility": "volatility",
    "ichimoku": "ichimoku_cloud",
    "kalman_log_likelihood": "state_space",
    "keltner": "bands",
    "linear_trend": "direction",
    "local_level": "kalman_filters",
    "local_linear_trend": "kalman_filters",
    "macd": "momentum",
    "macd_divergence": "divergences",
    "market_structure": "structure",
    "money_flow_index": "money_flow",
    "obv": "volume",
    "on_timeframe": "timeframes",
    "price_change": "momentum",
    "rate_of_change": "momentum",
    "relative_strength": "structure",
    "rma": "trend",
    "rolling_volume_profile": "profiles",
    "rolling_vwap": "weighted_prices",
    "rsi": "momentum",
    "rsi_divergence": "divergences",
    "session_vwap": "weighted_prices",
    "signal_frame": "filters",
    "sma": "trend",
    "squeeze": "bands",
    "stochastic": "oscillators",
    "support_resistance": "swings",
    "swing_points": "swings",
    "timeframe_alignment": "timeframes",
    "true_range": "volatility",
    "volume_profile": "profiles",
    "volume_ratio": "volume",
    "volume_zscore": "volume",
    "williams_r": "oscillators",
    "wma": "trend",
    "zscore": "bands",
}

__all__ = [
    "KalmanFit",
    "Variances",
    "VolumeProfile",
    "accumulation_distribution",
    "adx",
    "anchored_vwap",
    "atr",
    "atr_ratio",
    "bollinger",
    "butterworth",
    "candle_patterns",
    "cci",
    "chaikin_money_flow",
    "divergence",
    "donchian",
    "ema",
    "feature_table",
    "fibonacci",
    "fit_local_level",
    "fit_local_linear_trend",
    "floor_pivots",
    "historical_volatility",
    "ichimoku",
    "kalman_log_likelihood",
    "keltner",
    "linear_trend",
    "local_level",
    "local_linear_trend",
    "macd",
    "macd_divergence",
    "market_structure",
    "money_flow_index",
    "obv",
    "on_timeframe",
    "price_change",
    "rate_of_change",
    "relative_strength",
    "rma",
    "rolling_volume_profile",
    "rolling_vwap",
    "rsi",
    "rsi_divergence",
    "session_vwap",
    "signal_frame",
    "sma",
    "squeeze",
    "stochastic",
    "support_resistance",
    "swing_points",
    "timeframe_alignment",
    "true_range",
    "volume_profile",
    "volume_ratio",
    "volume_zscore",
    "williams_r",
    "wma",
    "zscore",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from investiq.core.errors import unknown_name
        from investiq.indicators.other_names import ELSEWHERE

        raise unknown_name("investiq.indicators", name, __all__, ELSEWHERE)
    value = getattr(importlib.import_module(f"investiq.indicators.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
