"""The probabilistic layer: what filters and hidden states say of each bar, for other engines and models to use."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from investiq.core.facts import Unit
from investiq.engines.base import causal_table
from investiq.engines.probabilistic.filtering import FilteredTrend, fitted_trend
from investiq.engines.probabilistic.regimes import (
    UNCERTAIN_RANK,
    priors,
    ranked_regime_codes,
    regime_scale,
    success_probability,
    trailing_moments,
)
from investiq.engines.probabilistic.switching import high_volatility_probability
from investiq.engines.scoring import percentile_rank
from investiq.history.history import History
from investiq.indicators.filters import butterworth
from investiq.indicators.trend import ema

__all__ = ["FEATURES", "MONEY", "ProbabilisticLayer", "raw_odds"]

FloatArray = NDArray[np.float64]

# In the currency of the bars, as traded on their row's day.
MONEY: Final = ("prob_filtered_price", "prob_butterworth_price", "prob_ema_price")
# Every feature with the unit in which it is shown.
FEATURES: Final[dict[str, Unit]] = {
    **dict.fromkeys(MONEY, "price"),
    "prob_velocity": "fraction",
    "prob_velocity_ratio": "ratio",
    "prob_uncertainty": "fraction",
    "prob_uncertainty_rank": "fraction",
    "prob_forecast_error": "fraction",
    "prob_innovation": "fraction",
    "prob_innovation_z": "ratio",
    "prob_is_fitted": "",
    "prob_volatility": "fraction",
    "prob_volatility_rank": "fraction",
    "prob_momentum": "fraction",
    "prob_regime": "",
    "prob_success_probability": "fraction",
    "prob_win_share": "fraction",
    "prob_payoff": "ratio",
    "prob_prior_volatility": "fraction",
    "prob_markov_high_vol": "fraction",
    "prob_size_scale": "fraction",
}
EMA_WINDOW: Final = 10
# Returns of which a regime speaks, and returns of the priors.
REGIME_WINDOW: Final = 20
PRIOR_WINDOW: Final = 60


class ProbabilisticLayer:
    """Filtered price, regimes, hidden states and raw odds of every bar. It does not vote.

    Attributes
    ----------
    name, version : str
    units : mapping of str to str
        Every feature with its unit.

    Notes
    -----
    Volatility and momentum are deviation and mean of the last 20 log returns, per
    bar. `prob_uncertainty` is the error of the next level, and `prob_forecast_error` that
    of the next price, as forecast at the row, in log returns. `prob_regime` is a
    place in `regimes.REGIMES`, told by ranks in the trailing 252 bars.
    `prob_success_probability` is raw: see `analysis.assess_probabilities` before a
    size rests on it. `prob_is_fitted` is 0 while the variances of the filter are a
    fixed ratio, until the first year that begins with 250 bars before it.

    Examples
    --------
    >>> import investiq as iq
    >>> table = ProbabilisticLayer().features(iq.History.of(iq.load_bars("^GSPC", start="2005", end="2009")))
    >>> bool(table["prob_markov_high_vol"].loc["2008-10"].min() > 0.9)
    True
    """

    name: ClassVar[str] = "probabilistic"
    version: ClassVar[str] = "1"
    units: ClassVar[dict[str, Unit]] = FEATURES

    def features(self, history: History) -> pd.DataFrame:
        """Return the causal table of features.

        Parameters
        ----------
        history : History
            Only the main symbol's bars are read.

        Returns
        -------
        DataFrame of shape (n_bars, 2 + len(FEATURES))
            Index `ts`; `known_at`, `n_obs` and `FEATURES`, NaN where the past is too
            short.
        """
        bars = history.bars().adjusted("total")
        close = bars.close
        trend = fitted_trend(close, bars.ts)
        unsure = _uncertainty_rank(trend)
        codes, volatility_rank = ranked_regime_codes(close, unsure, REGIME_WINDOW)
        volatility, momentum = trailing_moments(close, REGIME_WINDOW)
        win_share, payoff = priors(close, PRIOR_WINDOW)
        columns = {
            "prob_filtered_price": trend.level,
            "prob_butterworth_price": butterworth(close),
            "prob_ema_price": ema(close, EMA_WINDOW),
            "prob_velocity": trend.velocity,
            "prob_velocity_ratio": trend.velocity_ratio,
            "prob_uncertainty": trend.uncertainty,
            "prob_uncertainty_rank": unsure,
            "prob_forecast_error": trend.forecast_error,
            "prob_innovation": trend.innovation,
            "prob_innovation_z": trend.innovation_z,
            "prob_is_fitted": trend.is_fitted,
            "prob_volatility": volatility,
            "prob_volatility_rank": volatility_rank,
            "prob_momentum": momentum,
            "prob_regime": codes,
            "prob_success_probability": success_probability(trend.velocity_ratio, trend.uncertainty, codes),
            "prob_win_share": win_share,
            "prob_payoff": payoff,
            "prob_prior_volatility": trailing_moments(close, PRIOR_WINDOW)[0],
            "prob_markov_high_vol": high_volatility_probability(close, bars.ts),
            "prob_size_scale": regime_scale(codes, unsure, UNCERTAIN_RANK),
        }
        for name in MONEY:
            columns[name] = columns[name] / bars.factor
        return causal_table(history, {name: columns[name] for name in FEATURES})


def raw_odds(close: FloatArray, ts: NDArray[np.datetime64]) -> FloatArray:
    """Return `prob_success_probability` alone, which needs no hidden states.

    Parameters
    ----------
    close : ndarray of shape (n_bars,)
        Adjusted.
    ts : ndarray of datetime64, shape (n_bars,)
        Labels.
    """
    trend = fitted_trend(close, ts)
    codes, _ = ranked_regime_codes(close, _uncertainty_rank(trend), REGIME_WINDOW)
    return success_probability(trend.velocity_ratio, trend.uncertainty, codes)


def _uncertainty_rank(trend: FilteredTrend) -> FloatArray:
    # Rounded, so that errors equal but for the last bits of a recursion rank as equal.
    return percentile_rank(np.round(trend.uncertainty, 12))
