"""The cross-check calls the libraries themselves, and explains only what it can recompute."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, MissingDependencyError
from investiq.interop import cross_checking
from investiq.interop.cross_checking import cross_check
from investiq.interop.second_opinions import Answer
from investiq.metrics.conventions import Convention

DAILY = Convention(periods_per_year=252, risk_free=0.02)


def changes(symbol, start="2012"):
    close = iq.load_bars(symbol, start=start).adjusted().frame["close"]
    return close.pct_change().iloc[1:].rename(symbol)


@pytest.fixture(scope="module")
def returns():
    return changes("^IXIC")


@pytest.fixture(scope="module")
def check(returns):
    # The benchmark begins two years later.
    return cross_check(returns, changes("^GSPC", "2014"), convention=DAILY)


@pytest.fixture(scope="module")
def golden():
    """GA-01: equity 100, 110, 99, 104.5, 121, 114.95."""
    equity = pd.Series([100, 110, 99, 104.5, 121, 114.95], index=pd.bdate_range("2024-01-01", periods=6))
    return cross_check(equity.pct_change().iloc[1:], convention=Convention(periods_per_year=252))


def line(check, metric, tool):
    (found,) = [each for each in check.lines if (each.metric, each.tool) == (metric, tool)]
    return found


def test_every_difference_is_recomputed_by_the_rules_of_the_library(check):
    assert not check.unexplained
    for each in check.lines:
        if each.verdict == "differs by convention":
            assert each.as_theirs == pytest.approx(each.theirs, rel=1e-10)
            assert each.explanation
            assert abs(each.difference) > 1e-10 * abs(each.theirs)


def test_both_libraries_answer_for_every_metric(check):
    assert len(check.lines) == 46
    assert not [each for each in check.lines if math.isnan(each.theirs) or math.isnan(each.ours)]


@pytest.mark.parametrize(
    ("metric", "tool"),
    [
        ("Sharpe ratio", "quantstats"),
        ("Sortino ratio", "quantstats"),
        ("Omega ratio", "quantstats"),
        ("Volatility", "empyrical"),
        ("Max drawdown", "empyrical"),
        ("Tail ratio", "empyrical"),
        ("Skewness", "quantstats"),
        ("Beta", "empyrical"),
        ("R-squared", "quantstats"),
    ],
)
def test_numbers_without_a_convention_between_them_are_equal(check, metric, tool):
    assert line(check, metric, tool).verdict == "equal"


@pytest.mark.parametrize(
    ("metric", "tool", "words"),
    [
        ("CAGR", "quantstats", "years by the calendar, theirs: years by the count of returns"),
        ("Calmar ratio", "empyrical", "the last 36 months, theirs: since inception"),
        ("Sharpe ratio", "empyrical", r"risk-free 7.85849e-05 a period, theirs: risk-free 7.93651e-05 a period"),
        ("Sortino ratio", "empyrical", "theirs: target 0 a period"),
        ("Ulcer index", "quantstats", "averaged over points, theirs: averaged over periods less one"),
        ("Value at risk", "quantstats", "assumes a normal distribution and gives a return"),
        ("Expected shortfall", "empyrical", "ours weights the one on the edge"),
        ("Kelly fraction", "quantstats", "a bet with two outcomes"),
        ("Alpha", "quantstats", "does not use the risk-free rate"),
        ("Information ratio", "empyrical", "theirs is per period"),
        ("Probabilistic Sharpe ratio", "quantstats", "bias-corrected skewness"),
    ],
)
def test_a_difference_of_convention_names_the_rule(check, metric, tool, words):
    found = line(check, metric, tool)
    assert found.verdict == "differs by convention"
    assert words in found.explanation


def test_the_value_at_risk_of_empyrical_is_ours_with_the_other_sign(check):
    found = line(check, "Value at risk", "empyrical")
    assert found.theirs == pytest.approx(-found.ours, rel=1e-12)
    assert found.ours > 0


def test_relative_metrics_are_of_the_common_times_and_the_note_says_so(check, returns):
    (note,) = [each for each in check.notes if each.code == "partial_benchmark"]
    assert note.rows == returns.size - changes("^GSPC", "2014").size
    # numpy on the joined dates.
    joined = pd.concat([returns, changes("^GSPC", "2014")], axis=1, join="inner")
    covariance = np.cov(joined.to_numpy().T)
    assert line(check, "Beta", "quantstats").theirs == pytest.approx(covariance[0, 1] / covariance[1, 1], rel=1e-10)


def test_the_golden_account_gives_the_hand_values_on_both_sides(golden):
    # GA-02: Sharpe 4.88317, Sortino 10.37877, Omega 2.089669, gain-to-pain 1.089669; max drawdown 10 %.
    for tool in ("quantstats", "empyrical"):
        assert line(golden, "Sharpe ratio", tool).theirs == pytest.approx(4.88317, abs=5e-6)
        assert line(golden, "Sharpe ratio", tool).verdict == "equal"
        assert line(golden, "Sortino ratio", tool).theirs == pytest.approx(10.37877, abs=5e-6)
        assert line(golden, "Omega ratio", tool).theirs == pytest.approx(2.089669, abs=5e-7)
        assert line(golden, "Max drawdown", tool).theirs == pytest.approx(-0.10, abs=1e-12)
    assert line(golden, "Gain-to-pain ratio", "quantstats").theirs == pytest.approx(1.089669, abs=5e-7)


def test_the_golden_account_shows_the_ulcer_index_of_quantstats_by_its_rule(golden):
    # sqrt((10^2 + 5^2 + 5^2) / 6) = 5 %; over 5 - 1 points 6.1237 %.
    found = line(golden, "Ulcer index", "quantstats")
    assert found.ours == pytest.approx(0.05, abs=1e-12)
    assert found.theirs == pytest.approx(math.sqrt(0.015 / 4), abs=1e-12)
    assert found.verdict == "differs by convention"


def test_a_number_that_ours_refuses_is_not_comparable_with_the_reason(golden):
    found = line(golden, "Tail ratio", "empyrical")
    assert math.isnan(found.ours)
    assert found.verdict == "not comparable"
    assert found.explanation == "ours: the tail ratio needs 20 returns, received 5"
    assert not golden.unexplained


def test_other_frequencies_and_conventions_leave_nothing_unexplained(returns):
    monthly = (1 + returns).resample("ME").prod() - 1
    monthly.iloc[5] = 0.0
    convention = Convention(periods_per_year=12, risk_free=0.03, ddof=0, target=0.001, growth="periods")
    benchmark = ((1 + changes("^GSPC")).resample("ME").prod() - 1).tz_convert(None)
    checked = cross_check(monthly.tz_convert(None), benchmark, convention=convention)
    assert not checked.unexplained
    assert line(checked, "Volatility", "quantstats").explanation == "ours: ddof 0, theirs: ddof 1"
    assert line(checked, "CAGR", "empyrical").verdict == "equal"
    assert line(checked, "Hit rate", "quantstats").verdict == "differs by convention"
    assert line(checked, "Sortino ratio", "quantstats").verdict == "differs by convention"


def test_ours_are_population_moments_where_the_convention_says_so(returns):
    # As in iq.measure: Bacon's moments, which are empyrical's.
    checked = cross_check(returns, convention=Convention.named("bacon", periods_per_year=252))
    measured = iq.measure(returns, convention=checked.convention)
    for metric in ("Skewness", "Excess kurtosis"):
        assert line(checked, metric, "empyrical").verdict == "equal"
        assert line(checked, metric, "quantstats").explanation == "ours: ddof 0, theirs: ddof 1"
        assert line(checked, metric, "quantstats").ours == measured[metric]


def test_the_split_of_the_rate_is_named_for_the_alpha_that_takes_it(check):
    assert "compounds the mean of a period" in line(check, "Alpha", "empyrical").explanation
    assert "theirs: risk-free 7.93651e-05 a period" in line(check, "Alpha", "empyrical").explanation
    assert "a period" not in line(check, "Alpha", "quantstats").explanation


def test_gains_alone_leave_lines_that_cannot_be_compared(returns):
    checked = cross_check(returns.abs() + 0.001, convention=DAILY)
    assert not checked.unexplained
    for metric in ("Calmar ratio", "Ulcer index", "Martin ratio", "Recovery factor", "Tail ratio"):
        assert line(checked, metric, "quantstats").verdict in ("not comparable", "equal", "differs by convention")
    assert line(checked, "Martin ratio", "quantstats").explanation.endswith("there is no drawdown to divide by")


def test_a_difference_that_the_rules_do_not_give_is_unexplained_and_loud(returns, check, monkeypatch):
    real = {}
    for each in check.lines:
        real.setdefault(each.tool, {})[each.metric] = Answer(each.theirs)
    real["quantstats"]["Volatility"] = Answer(real["quantstats"]["Volatility"].value * (1 + 1e-9))
    monkeypatch.setattr(cross_checking, "ask_tools", lambda *_: real)
    checked = cross_check(returns, changes("^GSPC", "2014"), convention=DAILY)
    assert [(each.metric, each.tool) for each in checked.unexplained] == [("Volatility", "quantstats")]
    assert "by their rules we compute 0." in checked.unexplained[0].explanation
    assert "Not explained by convention: Volatility (quantstats)" in str(checked)
    facts = {fact.label: fact.value for fact in checked.facts()}
    assert facts["Differ unexplained"] == 1
    row = checked.tables()[0].rows[0]
    assert (row[0], row[3]) == ("Volatility", "unexplained")
    assert row[1] != row[2]


def test_counts_of_the_facts_are_those_of_the_table(check):
    facts = {fact.label: fact.value for fact in check.facts()}
    table = check.to_frame()
    assert facts["Equal"] == (table["verdict"] == "equal").sum()
    assert facts["Differ by convention"] == (table["verdict"] == "differs by convention").sum()
    assert facts["Numbers compared"] == len(table) == facts["Equal"] + facts["Differ by convention"]
    assert ("empyrical", version("empyrical-reloaded")) in {(fact.label, fact.value) for fact in check.provenance()}


def test_without_one_library_its_column_is_missing_with_the_reason(returns, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "quantstats" else found(name))
    checked = cross_check(returns, convention=DAILY)
    missing = line(checked, "Sharpe ratio", "quantstats")
    assert math.isnan(missing.theirs)
    assert "quantstats is not installed; " in missing.explanation
    assert "pip install quantstats" in missing.explanation
    assert line(checked, "Volatility", "empyrical").verdict == "equal"
    assert "library_missing" in {note.code for note in checked.notes}
    assert checked.title == "Cross-check of ^IXIC with empyrical"


def test_without_both_it_says_how_to_install_them(returns, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install quantstats empyrical-reloaded"):
        cross_check(returns, convention=DAILY)


def test_a_price_column_does_not_name_the_returns(returns):
    assert cross_check(returns.rename("close"), convention=DAILY).title.startswith("Cross-check of returns with")


def test_input_that_cannot_be_compared_is_refused(returns):
    with pytest.raises(DataError, match="as a Series indexed by time, was ndarray"):
        cross_check(returns.to_numpy(), convention=DAILY)
    with pytest.raises(DataError, match="was the string 'SPY'"):
        cross_check(returns, "SPY", convention=DAILY)
    with pytest.raises(DataError, match="have no time in common"):
        cross_check(returns.iloc[:100], returns.iloc[200:], convention=DAILY)
    with pytest.raises(DataError, match="one index has a zone and the other none"):
        cross_check(returns, returns.tz_localize(None), convention=DAILY)
    with pytest.raises(DataError, match="twice"):
        cross_check(pd.concat([returns.iloc[:2], returns.iloc[1:4]]), convention=DAILY)
    with pytest.raises(DataError, match="look like prices"):
        cross_check((1 + returns).cumprod() * 100, convention=DAILY)


def test_the_caller_imports_neither_library():
    code = """
import sys
import investiq as iq
returns = iq.load_bars("^GSPC", start="2018").frame["close"].pct_change().iloc[1:]
iq.cross_check(returns, convention=iq.Convention(periods_per_year=252))
print([name for name in ("quantstats", "empyrical", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_figure_shows_every_metric_that_differs(check):
    drawn = {metric for trace in check.figure().data for metric in trace.y}
    assert drawn == {each.metric for each in check.lines if each.verdict == "differs by convention"}
    assert "differ unexplained 0" in check.figure(theme="dark").layout.title.subtitle.text


def test_monthly_returns_declared_as_daily_are_told():
    months = pd.Series(np.tile([0.02, -0.01, 0.015], 8), index=pd.date_range("2020-01-31", periods=24, freq="ME"))
    assert "other_frequency" in [note.code for note in cross_check(months, periods_per_year=252).notes]


def test_undeclared_periods_and_bars_are_refused():
    days = pd.Series([0.01, -0.01], index=pd.date_range("2024-01-02", periods=2))
    with pytest.raises(ConfigError, match="periods_per_year is missing and is never guessed"):
        cross_check(days)
    with pytest.raises(DataError, match=r"pass returns, such as bars\.adjusted\(\)"):
        cross_check(iq.load_bars("^GSPC", start="2018"), periods_per_year=252)  # type: ignore[arg-type]
