"""The macro overlay: market trend, rates, inflation, volatility and risk appetite, and what a symbol owes to rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.calendar import periods_per_year
from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import ROLES, Role, known_counts, known_instants
from investiq.engines.rules import FloatArray
from investiq.engines.supplementary.pairs import joint_returns, rolling_regression, trailing_return
from investiq.engines.supplementary.topics import Topic
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.records import Records
from investiq.indicators.trend import sma
from investiq.indicators.volatility import historical_volatility

__all__ = ["TOPIC", "macro_features"]

WINDOW: Final = 20
SENSITIVITY_WINDOW: Final = 252
MARKET_MOVE: Final = 0.02
BOND_MOVE: Final = 0.015
# In percentage points of the 10-year yield, over 20 of its own days.
YIELD_MOVE: Final = 0.25
GOLD_RISE, GOLD_FALL = 0.03, -0.02
HIGH_VOLATILITY, LOW_VOLATILITY = 0.25, 0.12
STRONG_APPETITE: Final = 0.03
REGIME_APPETITE: Final = 0.02
# Records by the first of these names that the history holds, in percent.
_YIELDS: Final = ("^TNX", "DGS10")
_FEAR: Final = ("^VIX",)
# A series that ended tells nothing of today.
_MOST_AGE: Final = np.timedelta64(10, "D")

UNITS: Final[dict[str, Unit]] = {
    "macro_market_return": "fraction",
    "macro_market_trend": "",
    "macro_bond_return": "fraction",
    "macro_yield_change": "ratio",
    "macro_rates": "",
    "macro_gold_return": "fraction",
    "macro_inflation": "",
    "macro_volatility": "fraction",
    "macro_volatility_level": "",
    "macro_vix": "ratio",
    "macro_appetite": "fraction",
    "macro_appetite_level": "",
    "macro_risk_regime": "",
    "macro_rate_beta": "ratio",
    "macro_rate_beta_error": "ratio",
}


def macro_features(history: History) -> dict[str, FloatArray]:
    """Return the macro overlay at each row, from the benchmark, a bond fund, gold, and records where there are any.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        Returns and changes over 20 bars of each series by itself, as of its newest bar
        known at the row, 10 days old at most. ``macro_market_trend``: 1 where the market
        rose more than 2 % and its mean of 20 closes lies above that of 50, -1
        mirrored. ``macro_rates``: 1 easing (the 10-year yield fell 0.25 points, or
        without records of it the bond fund rose 1.5 %), -1 tightening.
        ``macro_inflation``: 1 where gold rose 3 %, -1 where it fell 2 %, a weak
        proxy. ``macro_volatility_level``: 1 above 25 % a year, -1 below 12 %.
        ``macro_appetite``: market less bonds, its level 2, 1, -1 or -2 at 3 %, 0 and
        -3 %; ``macro_risk_regime``: 1 risk-on, -1 risk-off, 0 between.
        ``macro_rate_beta``: slope on the bond fund beside the market, 252 common
        dates, with its standard error.
    """
    main = history.bars()
    market = None if history.benchmark is None else history.series[history.benchmark]
    bonds, gold = _playing(history, "bonds"), _playing(history, "gold")
    rise, bond_rise, gold_rise = (
        _seen(main, each, lambda bars: trailing_return(bars.adjusted("total").close, WINDOW))
        for each in (market, bonds, gold)
    )
    trend, volatility = _seen(main, market, _trend), _seen(main, market, _volatility)
    change = _seen_record(main, _first(history, _YIELDS), lambda values: values[WINDOW:] - values[:-WINDOW])
    appetite = rise - bond_rise
    rates = np.where(
        np.isnan(change), _level(bond_rise, -BOND_MOVE, BOND_MOVE), _level(-change, -YIELD_MOVE, YIELD_MOVE)
    )
    strength = np.select(
        [appetite > STRONG_APPETITE, appetite > 0, appetite > -STRONG_APPETITE], [2.0, 1.0, -1.0], -2.0
    )
    regime = ((appetite > REGIME_APPETITE) & (rise > 0)).astype(float) - ((appetite < -REGIME_APPETITE) & (rise < 0))
    beta, error = _rate_beta(main, market, bonds)
    return {
        "macro_market_return": rise,
        "macro_market_trend": np.where(
            np.isnan(rise + trend),
            np.nan,
            ((rise > MARKET_MOVE) & (trend > 0)).astype(float) - ((rise < -MARKET_MOVE) & (trend < 0)),
        ),
        "macro_bond_return": bond_rise,
        "macro_yield_change": change,
        "macro_rates": rates,
        "macro_gold_return": gold_rise,
        "macro_inflation": _level(gold_rise, GOLD_FALL, GOLD_RISE),
        "macro_volatility": volatility,
        "macro_volatility_level": _level(volatility, LOW_VOLATILITY, HIGH_VOLATILITY),
        "macro_vix": _seen_record(main, _first(history, _FEAR), lambda values: values),
        "macro_appetite": appetite,
        "macro_appetite_level": np.where(np.isnan(appetite), np.nan, strength),
        "macro_risk_regime": np.where(np.isnan(appetite), np.nan, regime),
        "macro_rate_beta": beta,
        "macro_rate_beta_error": error,
    }


def _playing(history: History, role: Role) -> Bars | None:
    """Return the bars of a role, those of the main symbol too: a bond fund tells of rates on its own page."""
    return next((history.series[name] for name in ROLES[role] if name in history.series), None)


def _seen(main: Bars, other: Bars | None, measure: Callable[[Bars], FloatArray]) -> FloatArray:
    """Return a measure of the other symbol's own bars, at each row the newest one known."""
    if other is None or not len(other):
        return np.full(len(main), np.nan)
    return _newest(main, measure(other), other.known_at)


def _newest(main: Bars, values: FloatArray, known: NDArray[np.datetime64]) -> FloatArray:
    found = np.full(len(main), np.nan)
    newest = known_counts(main, known) - 1
    is_fresh = (newest >= 0) & (main.known_at - known[newest] <= _MOST_AGE)
    found[is_fresh] = values[newest[is_fresh]]
    return found


def _trend(market: Bars) -> FloatArray:
    close = market.adjusted("total").close
    return sma(close, 20) - sma(close, 50)


def _volatility(market: Bars) -> FloatArray:
    years = periods_per_year(market.interval, market.passport.calendar)
    return historical_volatility(market.adjusted("total").close, WINDOW, periods_per_year=years)


def _level(values: FloatArray, low: float, high: float) -> FloatArray:
    return np.where(np.isnan(values), np.nan, (values > high).astype(float) - (values < low))


def _first(history: History, names: tuple[str, ...]) -> Records | None:
    return next((found for name in names if (found := history.find_records(name)) is not None), None)


def _seen_record(main: Bars, records: Records | None, measure: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return a measure of the values of a series of records, at each row the newest one known; without its first rows where it is shorter."""
    if records is None or not len(records):
        return np.full(len(main), np.nan)
    column = next(name for name in records.frame.columns if name != "known_at")
    values, known = records.frame[column].to_numpy(dtype=float), known_instants(records)
    # Days without a value, and what is told again or after a later day, are left out.
    has = np.isfinite(values)
    values, known, labels = values[has], known[has], records.labels[has]
    order = np.lexsort((labels, known))
    latest = np.maximum.accumulate(labels[order])
    order = order[np.diff(latest, prepend=np.datetime64("NaT")) != np.timedelta64(0, "us")]
    found = measure(values[order])
    return _newest(main, found, known[order][order.size - found.size :]) if found.size else np.full(len(main), np.nan)


def _rate_beta(main: Bars, market: Bars | None, bonds: Bars | None) -> tuple[FloatArray, FloatArray]:
    if bonds is None or bonds is main:
        nothing = np.full(len(main), np.nan)
        return nothing, nothing
    joint = joint_returns(main, bonds) if market is None or market is main else joint_returns(main, bonds, market)
    slopes, errors = rolling_regression(joint.main, joint.others, SENSITIVITY_WINDOW)
    return tuple(joint.at_rows(each[0], SENSITIVITY_WINDOW) for each in (slopes, errors))  # type: ignore[return-value]


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    return {1.0: ("RISK-ON",), -1.0: ("RISK-OFF",)}.get(row["macro_risk_regime"], ())


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    few = f"or fewer than {WINDOW + 1} bars of it"
    market, bonds, gold = (f"no {each} in the history, {few}" for each in ("benchmark", "bond fund", "gold"))
    both = "needs the benchmark and a bond fund"
    reasons = {
        "macro_market_return": market,
        "macro_market_trend": "no benchmark in the history, or fewer than 50 bars of it",
        "macro_volatility": market,
        "macro_volatility_level": market,
        "macro_bond_return": bonds,
        "macro_yield_change": "no records of the 10-year yield in the history",
        "macro_rates": "no bond fund and no records of the 10-year yield",
        "macro_gold_return": gold,
        "macro_inflation": gold,
        "macro_vix": "no records of the VIX in the history",
        "macro_appetite": both,
        "macro_appetite_level": both,
        "macro_risk_regime": both,
        "macro_rate_beta": f"no bond fund in the history, or fewer than {SENSITIVITY_WINDOW + 1} common dates",
        "macro_rate_beta_error": "no rate beta",
    }
    return {name: why for name, why in reasons.items() if np.isnan(row[name])}


TOPIC: Final = Topic(
    name="macro",
    units=UNITS,
    features=macro_features,
    panels=(
        Panel(
            "Macro",
            (
                Line("Market, 20 bars", "macro_market_return", "total return of the benchmark"),
                Line("Market trend", "macro_market_trend", "1 up, -1 down: 2 % and the averages of 20 and 50 agree"),
                Line("Bonds, 20 bars", "macro_bond_return", "a long bond fund: proxy for rates"),
                Line("10-year yield, 20 days", "macro_yield_change", "percentage points"),
                Line("Rates", "macro_rates", "1 easing, -1 tightening"),
                Line("Gold, 20 bars", "macro_gold_return", "a weak proxy for fears of inflation"),
                Line("Market volatility", "macro_volatility", "20 log returns x sqrt(bars a year)"),
                Line("VIX", "macro_vix", "points"),
                Line("Risk appetite", "macro_appetite", "market less bonds, 20 bars"),
                Line("Rate beta", "macro_rate_beta", "slope on bonds beside the market, 252 common dates"),
                Line("Rate beta, standard error", "macro_rate_beta_error"),
            ),
        ),
    ),
    needs="a benchmark",
    tags=_tags,
    why_missing=_why_missing,
)
