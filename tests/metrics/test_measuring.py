"""`iq.measure`: one table of every metric."""

from __future__ import annotations

import itertools
import math

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics import drawdown_ratios, ratios
from investiq.metrics.conventions import Convention
from investiq.metrics.growth import wealth
from investiq.metrics.measuring import measure

DAYS = pd.date_range("2015-01-02", periods=1_500, freq="B", tz="UTC", name="ts")


@pytest.fixture(scope="module")
def daily():
    return pd.Series(np.random.default_rng(9).normal(4e-4, 0.01, 1_500), index=DAYS, name="fund")


@pytest.fixture(scope="module")
def measures(daily):
    return measure(daily, periods_per_year=252, risk_free=0.02)


def test_the_table_holds_the_numbers_of_the_functions(daily, measures):
    convention = Convention(periods_per_year=252, risk_free=0.02)
    equity = wealth(daily, convention)
    assert measures["Sharpe ratio"] == ratios.sharpe_ratio(daily, convention)
    assert measures["Omega ratio"] == ratios.omega_ratio(daily, convention)
    assert measures["Calmar ratio"] == drawdown_ratios.calmar_ratio(equity, convention)
    assert measures["Burke ratio"] == drawdown_ratios.burke_ratio(equity, convention)
    assert measures["Half Kelly"] == ratios.kelly_fraction(daily, convention) / 2


def test_beta_states_its_method_and_over_how_many_periods(daily):
    facts = {fact.label: fact for fact in measure(daily, daily * 0.5, periods_per_year=252).facts()}
    assert facts["Beta"].convention == "slope of excess returns, least squares over 1,500 periods"


def test_lines_are_what_numpy_and_pandas_say(daily):
    # The last tenth falls, so that current, recent and overall values differ.
    returns = daily - np.where(np.arange(daily.size) < 1_350, 0.0, 0.002)
    found = measure(returns, daily * 0.5, periods_per_year=252, risk_free=0.02)
    r, rate = returns.to_numpy(), 1.02 ** (1 / 252) - 1
    equity = np.concatenate(([1.0], np.cumprod(1 + r)))
    falls = equity / np.maximum.accumulate(equity) - 1
    water = np.flatnonzero(falls == 0)
    spells = [falls[a:b] for a, b in itertools.pairwise(water) if b - a > 1]
    deepest = np.sort([*(each.min() for each in spells), falls[water[-1] :].min()])[:3]
    growth = equity[-1] ** (365.25 / ((DAYS[-1] - DAYS[0]).days + 365.25 / 252)) - 1
    months = (1 + returns).groupby([DAYS.year, DAYS.month]).prod() - 1
    years = (1 + returns).groupby(DAYS.year).prod() - 1
    worst_first = np.sort(r)
    expected = {
        "Mean return": r.mean(),
        "Best month": months.max(),
        "Worst month": months.min(),
        "Hit rate of months": (months > 0).mean(),
        "Best year": years.max(),
        "Worst year": years.min(),
        "Recent volatility": r[-63:].std(ddof=1) * 252**0.5,
        "Recent Sharpe ratio": (r[-63:].mean() - rate) / r[-63:].std(ddof=1) * 252**0.5,
        "Gain-to-pain ratio, monthly": months.sum() / -months[months < 0].sum(),
        "Kelly fraction": (r.mean() - rate) / r.var(ddof=1),
        "Current drawdown": falls[-1],
        "Time under water": (falls < 0).mean(),
        "Recovered drawdowns": len(spells),
        "Mean recovery": np.mean([each.size - each.argmin() for each in spells]),
        "Longest recovery": max(each.size - each.argmin() for each in spells),
        "Mean drawdown length": np.mean([each.size for each in spells]),
        "Conditional drawdown 95 %": -np.sort(falls)[:76].mean(),  # 5 % of 1,501 points
        "Ulcer index": np.sqrt(np.mean(falls**2)),
        "Pain index": -falls.mean(),
        "CAGR": growth,
        "MAR ratio": growth / -falls.min(),
        "Martin ratio": (growth - 0.02) / np.sqrt(np.mean(falls**2)),
        "Pain ratio": (growth - 0.02) / -falls.mean(),
        "Burke ratio": (growth - 0.02) / np.sqrt(np.sum(deepest**2)),
        "Sterling ratio": growth / (0.1 - deepest.mean()),
        "Expected shortfall 95 %": -worst_first[:75].mean(),
        "Expected shortfall 99 %": -worst_first[:15].mean(),
        "Benchmark total return": np.prod(1 + daily * 0.5) - 1,
    }
    assert {label: found[label] for label in expected} == pytest.approx(expected, rel=1e-9)


def test_every_line_is_named_once_has_a_convention_or_is_plain_and_a_gap_has_its_reason(daily):
    for returns in (daily, daily.iloc[:40], daily.to_numpy(), daily * 0.0):
        facts = measure(returns, periods_per_year=252).facts()
        assert len({fact.label for fact in facts}) == len(facts) > 50
        assert all(fact.note for fact in facts if math.isnan(fact.value))
        assert not any(math.isinf(fact.value) for fact in facts)


def test_a_full_history_has_hardly_a_gap(measures):
    missing = [fact.label for fact in measures.facts() if math.isnan(fact.value)]
    assert set(missing) <= {"Value at risk 95 %, Cornish-Fisher"}


def test_the_empyrical_profile_reproduces_empyrical(daily):
    theirs = measure(daily, convention="empyrical", periods_per_year=252)
    values = daily.to_numpy()
    expected = {
        "Total return": empyrical.cum_returns_final(values),
        "CAGR": empyrical.annual_return(values),
        "Volatility": empyrical.annual_volatility(values),
        "Sharpe ratio": empyrical.sharpe_ratio(values),
        "Sortino ratio": empyrical.sortino_ratio(values),
        "Calmar ratio": empyrical.calmar_ratio(values),
        "Omega ratio": empyrical.omega_ratio(values),
        "Max drawdown": empyrical.max_drawdown(values),
        "Tail ratio": empyrical.tail_ratio(values),
        "Downside deviation": empyrical.downside_risk(values),
        "Value at risk 95 %": -empyrical.value_at_risk(values),
    }
    assert {label: theirs[label] for label in expected} == pytest.approx(expected, rel=1e-10)


def test_the_quantstats_profile_reproduces_quantstats(daily):
    theirs = measure(daily, convention="quantstats", periods_per_year=252, risk_free=0.02)
    stats = quantstats.stats
    expected = {
        "CAGR": stats.cagr(daily),
        "Sharpe ratio": stats.sharpe(daily, rf=0.02),
        "Sortino ratio": stats.sortino(daily, rf=0.02),
        "Calmar ratio": stats.calmar(daily),
        "Omega ratio": stats.omega(daily, rf=0.02),
        "Ulcer index": stats.ulcer_index(daily),
        "Max drawdown": stats.max_drawdown(daily),
        "Skewness": stats.skew(daily),
        "Excess kurtosis": stats.kurtosis(daily),
        "Gain-to-pain ratio": stats.gain_to_pain_ratio(daily),
        "Best month": stats.best(daily, aggregate="ME"),
        "Worst year": stats.worst(daily, aggregate="YE"),
    }
    assert {label: theirs[label] for label in expected} == pytest.approx(expected, rel=1e-10)
    assert "profile quantstats" in str(theirs)


def test_periods_per_year_is_asked_for_with_the_usual_numbers(daily):
    with pytest.raises(ConfigError, match=r"252 for daily .* 52 for weekly, 12 for monthly"):
        measure(daily)
    with pytest.raises(ConfigError, match="give them once"):
        measure(daily, convention=Convention(periods_per_year=252), periods_per_year=252)
    with pytest.raises(ConfigError, match="did you mean 'quantstats'"):
        measure(daily, convention="quantstat", periods_per_year=252)  # type: ignore[arg-type]


def test_prices_are_refused(daily):
    with pytest.raises(DataError, match="look like prices"):
        measure(100 * (1 + daily).cumprod(), periods_per_year=252)
    with pytest.raises(InsufficientDataError, match="a table of metrics needs 1 returns, received 0"):
        measure(daily.iloc[:0], periods_per_year=252)


def test_a_benchmark_adds_lines_over_the_common_dates(daily):
    rng = np.random.default_rng(10)
    benchmark = pd.Series(rng.normal(3e-4, 0.009, 1_400), index=DAYS[100:])
    found = measure(daily, benchmark, periods_per_year=252)
    mine = daily.iloc[100:]
    assert found["Common periods"] == 1_400
    assert found["Beta"] == pytest.approx(np.cov(mine, benchmark)[0, 1] / benchmark.var(), rel=1e-9)
    assert found["Excess return"] == pytest.approx((1 + mine).prod() - (1 + benchmark).prod())
    assert found["Tracking error"] == pytest.approx((mine - benchmark).std() * math.sqrt(252))
    assert found["R-squared"] == pytest.approx(np.corrcoef(mine, benchmark)[0, 1] ** 2)
    assert [note.code for note in found.notes] == ["partial_benchmark"]
    # The other lines are of all returns.
    assert found["Sharpe ratio"] == measure(daily, periods_per_year=252)["Sharpe ratio"]


def test_a_benchmark_of_few_common_days_leaves_its_lines_without_a_number(daily):
    found = measure(daily, daily.iloc[:5] + 0.001, periods_per_year=252)
    facts = {fact.label: fact for fact in found.facts()}
    assert math.isnan(facts["Beta"].value) and "received 5" in facts["Beta"].note


def test_returns_without_times_say_what_that_costs(daily):
    found = measure(daily.to_numpy(), periods_per_year=252)
    assert [note.code for note in found.notes] == ["no_times"]
    assert found["CAGR"] == pytest.approx(empyrical.annual_return(daily.to_numpy()), rel=1e-10)
    assert math.isnan(found["Best month"])
    assert found.tables() == []


def test_a_frequency_that_the_stamps_contradict_is_told(daily):
    monthly = daily.iloc[::21]
    assert [note.code for note in measure(monthly, periods_per_year=252).notes][-1] == "other_frequency"
    assert "other_frequency" not in [note.code for note in measure(monthly, periods_per_year=12).notes]


def test_the_opening_point_lies_one_declared_period_before_the_first_return():
    # One return of 21 % on 2024-07-01 with two periods a year: 182.625 days, half a year: 1.21^2 - 1.
    returns = pd.Series([0.21], index=pd.DatetimeIndex(["2024-07-01"], tz="UTC"))
    assert measure(returns, periods_per_year=2)["CAGR"] == pytest.approx(0.4641)


def test_a_loss_of_everything_is_measured_and_told():
    returns = pd.Series([0.01, -1.0, 0.02], index=DAYS[:3])
    found = measure(returns, periods_per_year=252)
    assert (found["Total return"], found["CAGR"], found["Max drawdown"]) == (-1.0, -1.0, -1.0)
    assert "total_loss" in [note.code for note in found.notes]


def test_forms_agree_and_are_of_the_notebook(measures):
    frame = measures.to_frame()
    assert frame.loc["Sharpe ratio", "value"] == measures["Sharpe ratio"]
    assert list(frame["group"].unique())[:3] == ["Growth", "Risk", "Ratios"]
    assert "Measures of fund" in str(measures)
    assert "Sharpe ratio" in measures._repr_html_()
    assert measures.tables()[0].title == "The 5 deepest drawdowns"
    with pytest.raises(DataError, match="did you mean 'Sharpe ratio'"):
        measures["Sharp ratio"]


def test_naive_and_zoned_stamps_give_the_same_numbers(daily, measures):
    naive = measure(daily.tz_localize(None), periods_per_year=252, risk_free=0.02)
    assert naive.to_frame()["value"].equals(measures.to_frame()["value"])


def test_the_chart_has_three_panes_on_one_axis(daily):
    benchmark = pd.Series(np.full(1_500, 2e-4), index=DAYS)
    figure = measure(daily, benchmark, periods_per_year=252).figure()
    assert figure.layout.yaxis.type == "log"
    assert [figure.layout[name].title.text for name in ("yaxis", "yaxis2", "yaxis3")] == [
        "Wealth of 1",
        "Drawdown (%)",
        "Sharpe (63)",
    ]
    assert [trace.name for trace in figure.data][:2] == ["Benchmark", "fund"]
    assert figure.data[1].y[-1] == pytest.approx((1 + daily).prod())
    with pytest.raises(ConfigError, match="window must lie in 2 to 1500 returns, was 1"):
        measure(daily, periods_per_year=252).figure(window=1)


def test_the_public_name_is_the_function():
    assert iq.measure is measure


def test_what_holds_returns_is_answered_before_the_convention():
    with pytest.raises(DataError, match=r"was Bars: pass returns, such as bars\.adjusted\(\)"):
        measure(iq.load_bars("^GSPC", start="2018"))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="benchmark must be a series of returns, was the string 'SPY'"):
        measure(np.array([0.01, -0.01]), "SPY", periods_per_year=252)  # type: ignore[arg-type]
