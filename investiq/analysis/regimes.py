"""The regime of the market at each bar: how volatile it is for its own past year, and where it is going."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.engines.probabilistic.crosswalk import MARKET_REGIMES
from investiq.engines.scoring import percentile_rank
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.indicators.trend import sma
from investiq.indicators.volatility import historical_volatility

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["market_regimes", "regime_bars", "regimes_on"]

FloatArray = NDArray[np.float64]

VOLATILITY_WINDOW: Final = 10
TREND_WINDOW: Final = 50
MOMENTUM_WINDOW: Final = 20
# Ranks in the trailing 252 bars.
HIGH_VOLATILITY: Final = 0.85
LOW_VOLATILITY: Final = 0.15
BULL_TREND: Final = 0.70
BULL_MOMENTUM: Final = 0.65
BEAR_TREND: Final = 0.30
BEAR_MOMENTUM: Final = 0.35
# Bars for which a change must hold before it is believed.
CONFIRMATION: Final = 3

_NAMES: Final = np.array(MARKET_REGIMES)


def market_regimes(bars: Bars) -> pd.DataFrame:
    """Return the regime of a market at each of its bars.

    Volatility is high or low where the deviation of the last 10 returns ranks
    above 0.85 or below 0.15 among those of the trailing 252 bars. The trend is up
    where the distance from the 50-bar average ranks above 0.70 and the 20-bar
    return above 0.65, down where they rank below 0.30 and 0.35. Each of the two is
    believed once it has held for 3 bars; until then the last one stands.

    Parameters
    ----------
    bars : Bars
        Raw, of an index or of whatever stands for the market.

    Returns
    -------
    DataFrame of shape (n_bars, 5)
        Index `ts`; `known_at`; `regime`, such as ``"high_vol_bear"``, one of
        `engines.probabilistic.crosswalk.MARKET_REGIMES`; `vol_rank`, `trend_rank`
        and `momentum_rank` in [0, 1], NaN where the past is too short.

    Notes
    -----
    ``"unknown"`` for the first 111 bars: 50 for the average, 60 of its own past to
    rank it in, and the confirmation.

    Examples
    --------
    >>> import investiq as iq
    >>> regimes = market_regimes(iq.load_bars("^GSPC"))
    >>> regimes["regime"].loc["2008-10-10":"2008-10-14"].tolist()
    ['high_vol_bear', 'high_vol_bear', 'high_vol_bear']
    """
    import pandas as pd

    close = bars.adjusted("total").close
    ranks = {
        "vol_rank": _rank(historical_volatility(close, VOLATILITY_WINDOW, periods_per_year=1)),
        "trend_rank": _rank(close / sma(close, TREND_WINDOW) - 1),
        "momentum_rank": _rank(_change(close, MOMENTUM_WINDOW)),
    }
    volatility = _codes(ranks["vol_rank"] > HIGH_VOLATILITY, ranks["vol_rank"] < LOW_VOLATILITY, ranks["vol_rank"])
    trend, momentum = ranks["trend_rank"], ranks["momentum_rank"]
    rising = (trend > BULL_TREND) & (momentum > BULL_MOMENTUM)
    falling = (trend < BEAR_TREND) & (momentum < BEAR_MOMENTUM)
    direction = confirmed(_codes(falling, rising, trend + momentum))
    place = 3 * confirmed(volatility) + direction
    columns = {
        "known_at": pd.DatetimeIndex(bars.known_at, tz="UTC"),
        "regime": _NAMES[np.where(np.isnan(place), len(_NAMES) - 1, place).astype(np.intp)],
        **ranks,
    }
    return pd.DataFrame(columns, index=bars.index)


def regime_bars(history: History) -> Bars:
    """Return the bars that tell the market's regime: the benchmark's, or the main symbol's where there is none."""
    return history.bars(history.benchmark)


def regimes_on(history: History) -> NDArray[Any]:
    """Return the market's regime as it was known at each bar of the main symbol.

    Parameters
    ----------
    history : History
        Only `regime_bars` of it and the times of the main symbol's bars are read.

    Returns
    -------
    ndarray of str, shape (n_bars,)
        ``"unknown"`` where no bar of the market was known.
    """
    market = regime_bars(history)
    names = market_regimes(market)["regime"].to_numpy(dtype=object)
    latest = np.searchsorted(market.known_at, history.bars().known_at, side="right") - 1
    return np.where(latest >= 0, names[latest] if names.size else "unknown", "unknown").astype(str)


def confirmed(codes: FloatArray, bars: int = CONFIRMATION) -> FloatArray:
    """Return the last code that had held for `bars` rows, NaN before the first and wherever there is no code.

    Examples
    --------
    >>> confirmed(np.array([1.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 2.0]))
    array([nan, nan,  1.,  1.,  1.,  1.,  1.,  2.])
    """
    rows = np.arange(codes.size)
    changed = np.ones(codes.size, dtype=bool)
    changed[1:] = codes[1:] != codes[:-1]
    since = np.maximum.accumulate(np.where(changed, rows, 0))
    holds = (rows - since >= bars - 1) & ~np.isnan(codes)
    last = np.maximum.accumulate(np.where(holds, rows, -1))
    return np.where((last >= 0) & ~np.isnan(codes), codes[last], np.nan)


def _codes(two: NDArray[np.bool_], zero: NDArray[np.bool_], known: FloatArray) -> FloatArray:
    """Return 2, 0 or, between them, 1; NaN where nothing is known."""
    return np.where(np.isnan(known), np.nan, np.where(two, 2.0, np.where(zero, 0.0, 1.0)))


def _change(close: FloatArray, window: int) -> FloatArray:
    change = np.full(close.size, np.nan)
    change[window:] = close[window:] / close[:-window] - 1
    return change


def _rank(values: FloatArray) -> FloatArray:
    # Rounded, so that values equal but for the last bits of a sum rank as equal.
    return percentile_rank(np.round(values, 12))
