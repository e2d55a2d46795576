"""What indicators are called elsewhere, in TA-Lib, pandas-ta and on chart pages."""

from __future__ import annotations

from typing import Final

__all__: list[str] = []

ELSEWHERE: Final[dict[str, str]] = {
    "ad": "accumulation_distribution",
    "adl": "accumulation_distribution",
    "bb": "bollinger",
    "bbands": "bollinger",
    "bollinger_bands": "bollinger",
    "cmf": "chaikin_money_flow",
    "dmi": "adx",
    "donchian_channel": "donchian",
    "hv": "historical_volatility",
    "kalman": "local_level, local_linear_trend",
    "kc": "keltner",
    "keltner_channel": "keltner",
    "linreg": "linear_trend",
    "mfi": "money_flow_index",
    "mom": "price_change",
    "pivots": "floor_pivots",
    "roc": "rate_of_change",
    "smma": "rma",
    "stddev": "bollinger, zscore",
    "stoch": "stochastic",
    "stochf": "stochastic",
    "supertrend": "",
    "tr": "true_range",
    "trange": "true_range",
    "vwap": "session_vwap, rolling_vwap, anchored_vwap",
    "vpvr": "volume_profile",
    "willr": "williams_r",
    "zigzag": "swing_points",
}
