"""`iq.indicators` and `iq.metrics`: every public name of their modules, each loaded on first use."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import investiq as iq

# Modules whose names are parts of other modules and are not called by a user.
PARTS = {
    "indicators": set(),
    "metrics": {
        "bootstrap_kernels",
        "bootstrap_statistics",
        "factor_alignment",
        "overfitting_kernels",
        "pairing",
        "snooping_sample",
        "summary",
        "trial_matrix",
    },
}
PACKAGES = pytest.mark.parametrize("package", sorted(PARTS))


def modules_of(package):
    path = importlib.import_module(f"investiq.{package}").__path__
    return {info.name for info in pkgutil.iter_modules(path)}


def public_names(package):
    """Functions and classes in the `__all__` of the modules that are not parts of others."""
    for name in sorted(modules_of(package) - PARTS[package]):
        module = importlib.import_module(f"investiq.{package}.{name}")
        for each in module.__all__:
            value = getattr(module, each)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield each, value


@PACKAGES
def test_a_namespace_holds_every_public_name_of_its_modules(package):
    namespace = getattr(iq, package)
    expected = dict(public_names(package))
    assert set(namespace.__all__) == set(expected) == set(dir(namespace))
    assert {name: getattr(namespace, name) for name in expected} == expected


@PACKAGES
def test_no_module_bears_the_name_of_a_public_function(package):
    assert not modules_of(package) & set(getattr(iq, package).__all__)


@PACKAGES
def test_parts_are_modules_that_exist(package):
    assert modules_of(package) >= PARTS[package]


@PACKAGES
def test_a_name_that_is_not_there_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=f"module 'investiq.{package}' has no attribute 'sharp_ratio'"):
        getattr(iq, package).sharp_ratio


@PACKAGES
def test_names_used_elsewhere_lead_to_names_that_are_here_and_hide_none(package):
    elsewhere = importlib.import_module(f"investiq.{package}.other_names").ELSEWHERE
    here = set(getattr(iq, package).__all__)
    assert not elsewhere.keys() & here
    assert {each for names in elsewhere.values() for each in names.split(", ") if each} <= here


@pytest.mark.parametrize(
    ("package", "name", "end"),
    [
        ("indicators", "bbands", "; did you mean 'bollinger'?"),
        ("indicators", "roc", "; did you mean 'rate_of_change'?"),
        ("indicators", "stoch", "; did you mean 'stochastic'?"),
        ("indicators", "vwap", "; did you mean 'session_vwap' or 'rolling_vwap' or 'anchored_vwap'?"),
        ("indicators", "willr", "; did you mean 'williams_r'?"),
        ("indicators", "bolinger", "; did you mean 'bollinger'?"),
        ("indicators", "supertrend", ": there is none here"),
        ("indicators", "qwxyz", "attribute 'qwxyz'"),
        ("metrics", "PBO", "; did you mean 'probability_of_backtest_overfitting'?"),
        ("metrics", "psr", "; did you mean 'probabilistic_sharpe_ratio'?"),
        ("metrics", "var", "; did you mean 'value_at_risk'?"),
        ("metrics", "cvar", "; did you mean 'expected_shortfall'?"),
        ("metrics", "sharpe", "; did you mean 'sharpe_ratio'?"),
    ],
)
def test_a_familiar_name_leads_to_the_one_here(package, name, end):
    with pytest.raises(AttributeError) as raised:
        getattr(getattr(iq, package), name)
    assert str(raised.value).endswith(end)


@PACKAGES
def test_the_namespace_itself_loads_no_library(package):
    code = (
        f"import sys, investiq.{package}; print([name for name in ('numpy', 'pandas', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
