"""The names of market regimes, and the one number that stands for each of them in a model.

Four vocabularies speak of regimes: the nine of the market, the classes by which
strategies are chosen, the labels of the filtered price, and the states of Markov
switching. Whatever a consumer reads, `market_regime` gives the market's name for it
and `encode_regimes` the number, so that no two models spell a regime differently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, near_matches

__all__ = [
    "CROSSWALK", "ENCODING", "MARKET_REGIMES", "MarketRegime", "Vocabulary", "encode_regimes", "market_regime",
    "one_hot_regimes",
]  # fmt: skip

FloatArray = NDArray[np.float64]

MarketRegime = Literal[
    "low_vol_bull", "low_vol_sideways", "low_vol_bear",
    "normal_bull", "normal_sideways", "normal_bear",
    "high_vol_bull", "high_vol_sideways", "high_vol_bear",
    "unknown",
]  # fmt: skip
MARKET_REGIMES: Final[tuple[MarketRegime, ...]] = get_args(MarketRegime)

Vocabulary = Literal["market", "strategy", "price", "switching"]

# From a market that rises quietly to one that falls wildly. An unknown regime has no place on that line.
ENCODING: Final[dict[MarketRegime, float]] = {
    "low_vol_bull": 1.0,
    "normal_bull": 0.7,
    "high_vol_bull": 0.4,
    "low_vol_sideways": 0.1,
    "normal_sideways": 0.0,
    "high_vol_sideways": -0.2,
    "low_vol_bear": -0.4,
    "normal_bear": -0.7,
    "high_vol_bear": -1.0,
    "unknown": float("nan"),
}

# A name that speaks of the trend alone stands for normal volatility, one of the volatility alone for no trend.
CROSSWALK: Final[dict[Vocabulary, dict[str, MarketRegime]]] = {
    "market": {name: name for name in MARKET_REGIMES},
    "strategy": {
        "trending_bullish": "normal_bull",
        "trending_bearish": "normal_bear",
        "ranging": "normal_sideways",
        "volatile": "high_vol_sideways",
        "calm": "low_vol_sideways",
        "unknown": "unknown",
    },
    "price": {
        "trend_up": "normal_bull",
        "calm": "low_vol_sideways",
        "sideways": "normal_sideways",
        "trend_down": "normal_bear",
        "high_volatility": "high_vol_sideways",
        "uncertain": "unknown",
    },
    "switching": {
        "low_volatility": "low_vol_sideways",
        "middle_volatility": "normal_sideways",
        "high_volatility": "high_vol_sideways",
    },
}


def market_regime(name: str, vocabulary: Vocabulary = "market") -> MarketRegime:
    """Return the market's name for a regime of some vocabulary.

    Parameters
    ----------
    name : str
    vocabulary : {"market", "strategy", "price", "switching"}, default "market"
        Where `name` comes from: `analysis.regimes.market_regimes`,
        `analysis.strategy_regimes`, `engines.probabilistic.regimes`, or the states
        of `metrics.markov_switching`.

    Raises
    ------
    ConfigError
        If there is no such vocabulary.
    DataError
        If the vocabulary has no such name. A name that does not match is never
        taken for "unknown": a model would learn from a constant.

    Examples
    --------
    >>> market_regime("trend_down", "price")
    'normal_bear'
    """
    if vocabulary not in CROSSWALK:
        raise ConfigError(f"no vocabulary is called {vocabulary!r}; known are {', '.join(CROSSWALK)}")
    names = CROSSWALK[vocabulary]
    if name not in names:
        raise DataError(
            f"no {vocabulary} regime is called {name!r}{near_matches(str(name), names)}; known are {', '.join(names)}"
        )
    return names[name]


def encode_regimes(names: Iterable[str], vocabulary: Vocabulary = "market") -> FloatArray:
    """Return the number of each regime: 1 for a quiet rise, 0 for nothing special, -1 for a wild fall.

    Parameters
    ----------
    names : iterable of str, length n_rows
    vocabulary : {"market", "strategy", "price", "switching"}, default "market"

    Returns
    -------
    ndarray of shape (n_rows,)
        NaN where the regime is unknown.

    Raises
    ------
    ConfigError, DataError
        As `market_regime`.

    Examples
    --------
    >>> encode_regimes(["low_vol_bull", "high_vol_bear", "unknown"])
    array([ 1., -1., nan])
    """
    rows = np.asarray(list(names), dtype=object)
    numbers = {name: ENCODING[market_regime(name, vocabulary)] for name in set(rows)}
    return np.array([numbers[name] for name in rows], dtype=float)


def one_hot_regimes(names: Iterable[str], vocabulary: Vocabulary = "market") -> FloatArray:
    """Return one column a market regime, for models that cannot bend a line.

    Parameters
    ----------
    names : iterable of str, length n_rows
    vocabulary : {"market", "strategy", "price", "switching"}, default "market"

    Returns
    -------
    ndarray of shape (n_rows, 10)
        1 in the column of the regime, in the order of `MARKET_REGIMES`, else 0.

    Raises
    ------
    ConfigError, DataError
        As `market_regime`.

    Examples
    --------
    >>> one_hot_regimes(["low_vol_sideways"])[0, :3]
    array([0., 1., 0.])
    """
    places = [MARKET_REGIMES.index(market_regime(name, vocabulary)) for name in names]
    columns: FloatArray = np.eye(len(MARKET_REGIMES))[places]
    return columns
