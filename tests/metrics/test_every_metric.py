"""Laws that every metric of the package obeys on awkward series: a number, or a refusal that says why.

A metric joins by standing in its module's ``__all__`` with a first parameter of a name in `SERIES`.
What else it must be given stands in `ARGUMENTS`.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import re
from dataclasses import fields, is_dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import investiq.metrics
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.result import Result
from investiq.metrics.conventions import Convention

DAILY = Convention(periods_per_year=252)
MONTHLY = Convention(periods_per_year=12, growth="periods")
N = 60


def stamped(values, *, freq="B", zone="UTC"):
    index = pd.date_range("2020-01-01", periods=len(values), freq=freq, tz=zone, name="ts")
    return pd.Series(np.asarray(values, dtype=float), index=index)


NOISE = np.random.default_rng(1).normal(2e-4, 0.01, N)
RETURNS = {
    "empty": stamped([]),
    "one point": stamped([0.01]),
    "all NaN": stamped(np.full(N, np.nan)),
    "leading NaN": stamped(np.concatenate(([np.nan] * 3, NOISE[3:]))),
    "constant": stamped(np.full(N, 0.001)),
    "zero": stamped(np.zeros(N)),
    "all negative": stamped(-np.abs(NOISE) - 1e-4),
    "loses everything": stamped(np.concatenate((NOISE[:40], [-1.0], NOISE[41:]))),
    "infinite": stamped(np.concatenate((NOISE[:40], [np.inf], NOISE[41:]))),
    "prices": stamped(100 * np.cumprod(1 + NOISE)),
    "zoned": stamped(NOISE),
    "naive": stamped(NOISE, zone=None),
    "monthly": stamped(NOISE * 4, freq="ME"),
    "array": NOISE,
}
REFUSED = {"empty", "all NaN", "leading NaN", "infinite", "prices"}

# Series of other kinds are made from the returns, so that each awkwardness reaches every metric.
SERIES = {
    "returns": lambda returns: returns,
    "equity": lambda returns: (
        100 * np.cumprod(1 + returns) if isinstance(returns, np.ndarray) else 100 * (1 + returns).cumprod()
    ),
    "pnl": lambda returns: np.asarray(returns) * 1e4,
    "trade_returns": lambda returns: np.asarray(returns),
}
# What a parameter without a default is given, by its name.
ARGUMENTS = {
    "convention": lambda first: MONTHLY if is_monthly(first) else DAILY,
    "benchmark": lambda first: first * 0.5 + wave(first),
    "value_at_risk": lambda first: np.abs(wave(first)) + 0.01,
    "risk": lambda first: np.full(len(first), 50.0),
    "held": lambda first: np.arange(len(first)) % 30,
    "entry_ts": lambda first: np.datetime64("2024-01-01", "us") + np.arange(len(first)) * np.timedelta64(1, "D"),
    "trials": lambda first: 10,
    "sharpe_variance": lambda first: 0.001,
    "factors": lambda first: pd.DataFrame({"market": wave(first), "size": np.roll(wave(first), 3)}),
    "ts": lambda first: np.datetime64("2024-01-01", "us") + np.arange(len(first)) * np.timedelta64(1, "D"),
    "is_invested": lambda first: np.ones(max(len(first) - 1, 0), dtype=bool),
}
# Optional parameters that are given all the same: what a time index cannot tell, and what would take long.
OPTIONS = {
    "convention": ARGUMENTS["convention"],
    "periods_per_year": lambda first: 12 if is_monthly(first) else 252,
    "draws": lambda first: 200,
    "paths": lambda first: 200,
    # A Series has its times; an array that stands for points in time is given them.
    "ts": lambda first: None if hasattr(first, "index") else ARGUMENTS["ts"](first),
}
OWN_OPTIONS = {
    **{name: {"convention": lambda first: "investiq"} for name in ("assess", "factor_model", "measure")},
    "rolling_filtered_value_at_risk": {"window": lambda first: 50, "refit_every": lambda first: 100},
}
# Metrics whose first parameter has the name of a series but is a table or has a test of its own law.
ELSEWHERE = {"align_factors", "block_of", "information_coefficient", "performance_facts", "trial_matrix"}
NEEDS_TIMES = {"factor_model"}
# No record is long enough to show a Sharpe ratio that is not there.
INFINITE = {"minimum_track_record_length"}


def wave(first):
    values = 0.01 * np.sin(np.arange(len(first)) * 1.7)
    return values if isinstance(first, np.ndarray) else pd.Series(values, index=first.index)


def is_monthly(first):
    index = getattr(first, "index", None)
    return index is not None and len(index) > 1 and (index[1] - index[0]).days > 20


def metrics():
    """Return every public metric of a series, by module and name, with the kind of its series."""
    found = {}
    for module in pkgutil.iter_modules(investiq.metrics.__path__):
        loaded = importlib.import_module(f"investiq.metrics.{module.name}")
        for name in getattr(loaded, "__all__", ()):
            function = getattr(loaded, name)
            if inspect.isfunction(function) and name not in ELSEWHERE:
                first = next(iter(inspect.signature(function).parameters), "")
                if first in SERIES:
                    found[f"{module.name}.{name}"] = (function, first)
    return found


METRICS = metrics()


def called(function, kind, returns):
    """Return the metric of a series made from `returns`."""
    first = SERIES[kind](returns)
    arguments = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        own = OWN_OPTIONS.get(function.__name__, {})
        if parameter.default is inspect.Parameter.empty:
            assert name in ARGUMENTS, f"{function.__name__} needs {name}: say in ARGUMENTS what it is given"
            arguments[name] = ARGUMENTS[name](first)
        elif name in own or name in OPTIONS:
            arguments[name] = (own.get(name) or OPTIONS[name])(first)
    return function(first, **arguments)


def numbers(result, *, is_reasoned=False):
    """Yield each number of a result, and whether it may be NaN."""
    if isinstance(result, Result):
        for fact in result.facts():
            if isinstance(fact.value, (int, float)) and not isinstance(fact.value, bool):
                yield fact.label, float(fact.value), bool(fact.note)
    elif isinstance(result, tuple) and hasattr(result, "_fields"):
        for name, value in result._asdict().items():
            yield from ((f"{name} {label}", number, True) for label, number, _ in numbers(value, is_reasoned=True))
    elif is_dataclass(result):
        for each in fields(result):
            value = getattr(result, each.name)
            yield from ((f"{each.name} {label}", number, True) for label, number, _ in numbers(value, is_reasoned=True))
    elif isinstance(result, pd.DataFrame):
        for name, column in result.select_dtypes("number").items():
            yield from ((str(name), float(value), True) for value in column)
    elif isinstance(result, (np.ndarray, pd.Series)):
        if np.asarray(result).dtype.kind in "fi":
            yield from (("value", float(value), True) for value in np.asarray(result, dtype=float))
    elif isinstance(result, tuple):
        for value in result:
            yield from numbers(value, is_reasoned=is_reasoned)
    elif isinstance(result, (int, float, np.floating)) and not isinstance(result, bool):
        yield "result", float(result), is_reasoned


def complaint(function, kind, case):
    """Return what is wrong with the answer of a metric to one awkward series, or an empty text."""
    try:
        result = called(function, kind, RETURNS[case])
    except DataError as reason:
        text = str(reason)
        if len(text) < 15 or (case in ("empty", "one point") and not re.search(r"\d|\bno\b", text)):
            return f"refuses without saying why: {text!r}"
        needs_times = case == "array" and function.__name__ in NEEDS_TIMES
        if (
            case in ("zoned", "naive", "monthly", "array")
            and not needs_times
            and not isinstance(reason, InsufficientDataError)
        ):
            return f"refuses a sound series: {text!r}"
        return ""
    is_series = isinstance(result, (np.ndarray, pd.Series)) and len(result) == len(RETURNS[case])
    if kind == "returns" and case in REFUSED and not (case == "empty" and is_series):
        return "accepts it"
    if function.__name__ in INFINITE:
        return ""
    for label, number, may_be_nan in numbers(result):
        if math.isinf(number) or (math.isnan(number) and not may_be_nan):
            return f"{label} is {number} without a reason"
    return ""


@pytest.mark.parametrize("name", METRICS)
def test_an_awkward_series_gives_numbers_or_a_refusal_that_says_why(name):
    # Warnings are errors here: a division by zero inside would be seen too.
    found = {case: complaint(*METRICS[name], case) for case in RETURNS}
    assert not (wrong := {case: text for case, text in found.items() if text}), wrong


@pytest.mark.parametrize("name", [name for name, (_, kind) in METRICS.items() if kind == "returns"])
def test_the_zone_of_the_times_changes_no_number(name):
    def values(case):
        try:
            return [number for _, number, _ in numbers(called(*METRICS[name], RETURNS[case]))]
        except InsufficientDataError:
            return []

    np.testing.assert_array_equal(values("zoned"), values("naive"))


def test_nearly_all_metrics_are_walked():
    assert len(METRICS) > 80


def conventional():
    """Return every public function of metrics with a parameter `convention`, by name."""
    found = {}
    for module in pkgutil.iter_modules(investiq.metrics.__path__):
        loaded = importlib.import_module(f"investiq.metrics.{module.name}")
        for name in getattr(loaded, "__all__", ()):
            function = getattr(loaded, name)
            if inspect.isfunction(function) and "convention" in inspect.signature(function).parameters:
                found[f"{module.name}.{name}"] = function
    return found


CONVENTIONAL = conventional()
# First arguments that are no series of returns.
FIRST = {
    "bars": lambda: SimpleNamespace(
        **{
            each: 1.0 + np.arange(3.0) + edge
            for each, edge in (("open", 0.0), ("high", 0.5), ("low", -0.5), ("close", 0.1))
        }
    ),
    "trial_returns": lambda: np.column_stack([NOISE, -NOISE]),
}


@pytest.mark.parametrize("name", CONVENTIONAL)
def test_bare_periods_are_no_convention(name):
    function = CONVENTIONAL[name]
    arguments = {}
    first = RETURNS["zoned"]
    for each, parameter in inspect.signature(function).parameters.items():
        if each == "convention":
            arguments[each] = 252
        elif each in SERIES:
            arguments[each] = SERIES[each](first)
        elif parameter.default is inspect.Parameter.empty:
            arguments[each] = FIRST[each]() if each in FIRST else ARGUMENTS[each](first)
    advice = r"convention must be a Convention, was 252; pass iq\.Convention\(periods_per_year=252\)"
    with pytest.raises(ConfigError, match=advice):
        function(**arguments)
