"""Correlations with the market's averages, and how much of the movement the market leaves unexplained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import Role, series_of
from investiq.engines.rules import FloatArray
from investiq.engines.supplementary.pairs import MOST_MISSED, joint_returns, rolling_correlation, rolling_regression
from investiq.engines.supplementary.topics import Topic
from investiq.history.history import History

__all__ = ["TOPIC", "correlation_features"]

WINDOW: Final = 90
SHORT_WINDOW: Final = 30
# 97.5th percentile of the standard normal: Fisher's 95 % band.
_NORMAL: Final = 1.959963984540054
_ROLES: Final[tuple[Role, ...]] = ("market", "nasdaq", "dow", "small_caps")
_BETAS: Final[tuple[Role, ...]] = ("market", "nasdaq")

UNITS: Final[dict[str, Unit]] = {
    **{f"correlation_{role}": "ratio" for role in _ROLES},
    **{f"correlation_beta_{role}": "ratio" for role in _BETAS},
    "correlation_market_lower": "ratio",
    "correlation_market_upper": "ratio",
    "correlation_market_short": "ratio",
    "correlation_diversification": "fraction",
}


def correlation_features(history: History) -> dict[str, FloatArray]:
    """Return correlations of simple returns over the last 90 common dates with each of four averages.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        ``correlation_<role>`` and ``correlation_beta_<role>``, the latter of the
        market and the Nasdaq; the market's Fisher band of 95 %; its correlation over
        30 dates; ``correlation_diversification``, 1 less the share of the variance
        that the market explains. NaN without that series, or with too few common dates.
    """
    main = history.bars()
    found: dict[str, FloatArray] = {name: np.full(len(main), np.nan) for name in UNITS}
    for role in _ROLES:
        other = series_of(history, role)
        if other is None:
            continue
        joint = joint_returns(main, other)
        related = rolling_correlation(joint.main, joint.others[0], WINDOW)
        found[f"correlation_{role}"] = joint.at_rows(related, WINDOW)
        if role in _BETAS:
            slopes, _ = rolling_regression(joint.main, joint.others, WINDOW)
            found[f"correlation_beta_{role}"] = joint.at_rows(slopes[0], WINDOW)
        if role == "market":
            near = rolling_correlation(joint.main, joint.others[0], SHORT_WINDOW)
            found["correlation_market_short"] = joint.at_rows(near, SHORT_WINDOW)
    market = found["correlation_market"]
    # A correlation of exactly 1 has an infinite z and a band of no width.
    with np.errstate(divide="ignore"):
        z = np.arctanh(market)
    half = _NORMAL / np.sqrt(WINDOW - 3)
    found["correlation_market_lower"] = np.tanh(z - half)
    found["correlation_market_upper"] = np.tanh(z + half)
    found["correlation_diversification"] = 1 - market**2
    return found


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: _reason(name) for name in UNITS if np.isnan(row[name])}


def _reason(name: str) -> str:
    role = next((each for each in _ROLES if name.endswith(each)), "market").replace("_", " ")
    needed = SHORT_WINDOW if name == "correlation_market_short" else WINDOW
    return f"no series of {role} in the history, fewer than {needed + 1} common dates, or none among the last {MOST_MISSED} bars"


TOPIC: Final = Topic(
    name="correlations",
    units=UNITS,
    features=correlation_features,
    panels=(
        Panel(
            "Correlations",
            (
                Line("With the market", "correlation_market", f"simple returns, {WINDOW} common dates"),
                Line("Band, lower", "correlation_market_lower", "Fisher, 95 %"),
                Line("Band, upper", "correlation_market_upper", "Fisher, 95 %"),
                Line("With the market, short", "correlation_market_short", f"{SHORT_WINDOW} common dates"),
                Line("With the Nasdaq", "correlation_nasdaq"),
                Line("With the Dow", "correlation_dow"),
                Line("With small caps", "correlation_small_caps"),
                Line(
                    "Beta to the market",
                    "correlation_beta_market",
                    f"slope of simple returns, last {WINDOW} common dates",
                ),
                Line("Diversification", "correlation_diversification", "variance that the market leaves unexplained"),
            ),
        ),
    ),
    needs="a benchmark that is not the symbol itself",
    why_missing=_why_missing,
)
