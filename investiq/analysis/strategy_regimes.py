"""Classes of a market by which strategies are chosen and sized: trending, ranging, volatile or calm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.history.bars import Bars
from investiq.indicators.volatility import atr, historical_volatility

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RISK_MULTIPLIERS", "STRATEGIES", "StrategyRegime", "risk_multipliers", "strategy_regimes"]

FloatArray = NDArray[np.float64]

StrategyRegime = Literal["trending_bullish", "trending_bearish", "ranging", "volatile", "calm", "unknown"]
_NAMES: Final = np.array(get_args(StrategyRegime))

# What suits each class, most fitting first.
STRATEGIES: Final[dict[StrategyRegime, tuple[str, ...]]] = {
    "trending_bullish": ("momentum", "breakout", "trend following"),
    "trending_bearish": ("inverse",),
    "ranging": ("mean reversion", "range trading"),
    "volatile": ("small positions", "tight stops"),
    "calm": ("position building", "swing trading"),
    "unknown": (),
}
RISK_MULTIPLIERS: Final[dict[StrategyRegime, float]] = {
    "trending_bullish": 1.2,
    "trending_bearish": 1.2,
    "ranging": 1.0,
    "volatile": 0.5,
    "calm": 1.1,
    "unknown": 0.3,
}

WINDOW: Final = 20
LEAST_BARS: Final = 50
# Daily returns, as the limits of the ATR are: 0.03 is 3 %.
WILD: Final = 0.03
QUIET: Final = 0.01
STEADY: Final = 0.025
WIDE_RANGE: Final = 0.03
NARROW_RANGE: Final = 0.01
T_STATISTIC: Final = 2.0
EFFICIENT: Final = 0.5
INEFFICIENT: Final = 0.3
MOMENTUM: Final = 0.05


def strategy_regimes(bars: Bars) -> pd.DataFrame:
    """Return the class of a market at each bar, from its last 20 returns.

    Each class gathers points and the largest sum wins, of equals the first here:

    ================= ========================================================
    trending bullish  50 for a drift with t above 2 and an efficiency above
                      0.5; 20 for a change above 5 %
    trending bearish  its mirror
    ranging           40 for an efficiency below 0.3 and a deviation below
                      2.5 % a bar
    volatile          40 for a deviation above 3 %; 20 for an ATR above 3 %
    calm              30 for a deviation below 1 %; 20 for an ATR below 1 %
    ================= ========================================================

    Parameters
    ----------
    bars : Bars
        Raw; the limits are those of daily bars.

    Returns
    -------
    DataFrame of shape (n_bars, 7)
        Index `ts`; `known_at`; `regime`; `confidence`, its points over 100;
        `t_statistic`, `efficiency`, `deviation`, `atr_share`. ``"unknown"``, with a
        confidence of 0, for the first 49 bars and where no class has points.

    Notes
    -----
    The t-statistic is that of the mean log return. One of a line through prices
    would be above 2 on most windows of a random walk, whose residuals are not
    independent. Efficiency is the net change over the sum of the absolute ones.

    Examples
    --------
    >>> import investiq as iq
    >>> regimes = strategy_regimes(iq.load_bars("^GSPC"))
    >>> regimes.loc["2008-10-10", "regime"], float(regimes.loc["2008-10-10", "confidence"])
    ('volatile', 0.6)
    """
    import pandas as pd

    prices = bars.adjusted("total")
    close = prices.close
    deviation = historical_volatility(close, WINDOW, periods_per_year=1)
    drift = _change(np.log(close))
    walked = _change(np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(close))))])[: close.size])
    t_statistic, efficiency = (np.full(close.size, np.nan) for _ in range(2))
    np.divide(drift / WINDOW, deviation / np.sqrt(WINDOW), out=t_statistic, where=deviation > 0)
    np.divide(np.abs(drift), walked, out=efficiency, where=walked > 0)
    atr_share = atr(prices) / close
    change = np.exp(drift) - 1
    is_straight = efficiency > EFFICIENT
    points = np.stack(
        [
            50.0 * ((t_statistic > T_STATISTIC) & is_straight) + 20.0 * (change > MOMENTUM),
            50.0 * ((t_statistic < -T_STATISTIC) & is_straight) + 20.0 * (change < -MOMENTUM),
            40.0 * ((efficiency < INEFFICIENT) & (deviation < STEADY)),
            40.0 * (deviation > WILD) + 20.0 * (atr_share > WIDE_RANGE),
            30.0 * (deviation < QUIET) + 20.0 * (atr_share < NARROW_RANGE),
        ]
    )
    points[:, : LEAST_BARS - 1] = 0.0
    best = points.max(axis=0)
    columns = {
        "known_at": pd.DatetimeIndex(bars.known_at, tz="UTC"),
        "regime": _NAMES[np.where(best > 0, points.argmax(axis=0), len(_NAMES) - 1)],
        "confidence": best / 100,
        "t_statistic": t_statistic,
        "efficiency": efficiency,
        "deviation": deviation,
        "atr_share": atr_share,
    }
    return pd.DataFrame(columns, index=bars.index)


def risk_multipliers(regimes: pd.Series[str], *, allow_more: bool = False) -> FloatArray:
    """Return the factor of a position's risk in each class.

    1.2 in a trend either way, 1.1 calm, 1.0 ranging, 0.5 volatile, 0.3 unknown.

    Parameters
    ----------
    regimes : Series of str, shape (n_rows,)
        As `strategy_regimes` returns them.
    allow_more : bool, default False
        Whether a factor may exceed 1. By default none does: a class told from 20
        bars is no reason to risk more than the limits allow.

    Returns
    -------
    ndarray of shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> risk_multipliers(pd.Series(["trending_bullish", "volatile"]))
    array([1. , 0.5])
    """
    factors = regimes.map(RISK_MULTIPLIERS).to_numpy(dtype=float)
    return factors if allow_more else np.minimum(factors, 1.0)


def _change(values: FloatArray) -> FloatArray:
    change = np.full(values.size, np.nan)
    change[WINDOW:] = values[WINDOW:] - values[:-WINDOW]
    return change
