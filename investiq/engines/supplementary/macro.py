"""The macro overlay: market trend, rates, inflation, volatility and risk appetite, and what a symbol owes to rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from investiq.core.facts import Unit
from investiq.engines.base import Line, Panel
from investiq.engines.joining import closes_on, known_counts, known_instants, series_of
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
        Returns and changes over 20 bars. ``macro_market_trend``: 1 where the market
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
    own_benchmark = history.benchmark == history.symbol
    market = main if own_benchmark else series_of(history, "market")
    bonds, gold = series_of(history, "bonds"), series_of(history, "gold")
    closes = _closes(main, market)
    rise, bond_rise, gold_rise = (_change(_closes(main, each)) for each in (market, bonds, gold))
    trend = _on_known(closes, lambda known: sma(known, 20) - sma(known, 50))
    volatility = _on_known(closes, lambda known: historical_volatility(known, WINDOW, periods_per_year=252))
    change = _record_change(main, _first(history, _YIELDS))
    appetite = rise - bond_rise
    rates = np.where(
        np.isnan(change), _level(bond_rise, -BOND_MOVE, BOND_MOVE), -_level(change, -YIELD_MOVE, YIELD_MOVE)
    )
    strength = np.select(
        [appetite > STRONG_APPETITE, appetite > 0, appetite > -STRONG_APPETITE], [2.0, 1.0, -1.0], -2.0
    )
    regime = ((appetite > REGIME_APPETITE) & (rise > 0)).astype(float) - ((appetite < -REGIME_APPETITE) & (rise < 0))
    beta, error = _rate_beta(main, None if own_benchmark else market, bonds)
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
        "macro_vix": _latest(main, _first(history, _FEAR)),
        "macro_appetite": appetite,
        "macro_appetite_level": np.where(np.isnan(appetite), np.nan, strength),
        "macro_risk_regime": np.where(np.isnan(appetite), np.nan, regime),
        "macro_rate_beta": beta,
        "macro_rate_beta_error": error,
    }


def _closes(main: Bars, other: Bars | None) -> FloatArray:
    if other is None:
        return np.full(len(main), np.nan)
    return main.adjusted("total").close if other is main else closes_on(main, other)


def _change(closes: FloatArray) -> FloatArray:
    return _on_known(closes, lambda known: trailing_return(known, WINDOW))


def _on_known(closes: FloatArray, measure: Any) -> FloatArray:
    """Return a measure of consecutive known closes, at the rows that have one."""
    known = np.isfinite(closes)
    found = np.full(closes.size, np.nan)
    if known.any():
        found[known] = measure(closes[known])
    return found


def _level(values: FloatArray, low: float, high: float) -> FloatArray:
    return np.where(np.isnan(values), np.nan, (values > high).astype(float) - (values < low))


def _first(history: History, names: tuple[str, ...]) -> Records | None:
    return next((found for name in names if (found := history.find_records(name)) is not None), None)


def _by_time(records: Records) -> tuple[FloatArray, Any]:
    """Return the values of a series of records as they became known, and when."""
    known = known_instants(records)
    order = np.argsort(known, kind="stable")
    column = next(name for name in records.frame.columns if name != "known_at")
    return records.frame[column].to_numpy(dtype=float)[order], known[order]


def _latest(main: Bars, records: Records | None) -> FloatArray:
    found = np.full(len(main), np.nan)
    if records is not None and len(records):
        values, known = _by_time(records)
        count = known_counts(main, known)
        found[count > 0] = values[count[count > 0] - 1]
    return found


def _record_change(main: Bars, records: Records | None) -> FloatArray:
    found = np.full(len(main), np.nan)
    if records is not None and len(records) > WINDOW:
        values, known = _by_time(records)
        count = known_counts(main, known)
        enough = count > WINDOW
        found[enough] = values[count[enough] - 1] - values[count[enough] - 1 - WINDOW]
    return found


def _rate_beta(main: Bars, market: Bars | None, bonds: Bars | None) -> tuple[FloatArray, FloatArray]:
    if bonds is None:
        nothing = np.full(len(main), np.nan)
        return nothing, nothing
    joint = joint_returns(main, bonds) if market is None else joint_returns(main, bonds, market)
    slopes, errors = rolling_regression(joint.main, joint.others, SENSITIVITY_WINDOW)
    return tuple(joint.at_rows(each[0], SENSITIVITY_WINDOW) for each in (slopes, errors))  # type: ignore[return-value]


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    return {1.0: ("RISK-ON",), -1.0: ("RISK-OFF",)}.get(row["macro_risk_regime"], ())


def _why_missing(row: Mapping[str, Any]) -> dict[str, str]:
    bonds, gold = "no bond fund in the history", "no gold in the history"
    reasons = {
        "macro_market_return": "no benchmark in the history",
        "macro_market_trend": "no benchmark in the history",
        "macro_volatility": "no benchmark in the history",
        "macro_bond_return": bonds,
        "macro_yield_change": "no records of the 10-year yield in the history",
        "macro_gold_return": gold,
        "macro_inflation": gold,
        "macro_vix": "no records of the VIX in the history",
        "macro_appetite": bonds,
        "macro_risk_regime": bonds,
        "macro_rate_beta": f"{bonds}, or fewer than {SENSITIVITY_WINDOW + 1} common dates",
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
                Line("Market volatility", "macro_volatility", "20 log returns x sqrt(252)"),
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
