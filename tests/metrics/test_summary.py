import math

import empyrical
import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.metrics import drawdown_ratios, drawdowns, growth, ratios, trades
from investiq.metrics.conventions import Convention
from investiq.metrics.returns import simple_returns
from investiq.metrics.summary import performance_facts

DAILY = Convention(periods_per_year=252)


def account(n, seed=7):
    rng = np.random.default_rng(seed)
    equity = np.concatenate(([1e5], 1e5 * np.cumprod(1 + rng.normal(5e-4, 0.01, n))))
    ts = np.datetime64("2010-01-03", "us") + np.arange(n + 1) * np.timedelta64(1, "D")
    return equity, ts


def table(equity, ts, pnl=(), invested=None, **extra):
    invested = np.ones(max(len(equity) - 1, 0), dtype=bool) if invested is None else invested
    facts = performance_facts(np.asarray(equity, dtype=float), ts, np.array(pnl, dtype=float), invested, DAILY, **extra)
    return {fact.label: fact for fact in facts}


def test_the_table_holds_the_same_numbers_as_the_functions():
    equity, ts = account(1_500)
    pnl = np.array([100.0, -50.0, 0.0, 75.0])
    invested = np.arange(1_500) % 3 > 0
    facts = table(equity, ts, pnl, invested, trade_returns=pnl / 1e4, fees=12.5, slippage=3.25)
    returns = simple_returns(equity)
    expected = {
        "Total return": growth.total_return(equity),
        "CAGR": growth.cagr(equity, DAILY, ts),
        "Volatility": ratios.volatility(returns, DAILY),
        "Sharpe ratio": ratios.sharpe_ratio(returns, DAILY),
        "Standard error of Sharpe": ratios.sharpe_standard_error(returns, DAILY),
        "Sortino ratio": ratios.sortino_ratio(returns, DAILY),
        "Best day": returns.max(),
        "Worst day": returns.min(),
        "Max drawdown": drawdowns.max_drawdown(equity),
        "Longest drawdown": drawdowns.longest_drawdown(equity)[0],
        "Calmar ratio": drawdown_ratios.calmar_ratio(equity, DAILY, ts),
        "MAR ratio": drawdown_ratios.mar_ratio(equity, DAILY, ts),
        "Recovery factor": drawdown_ratios.recovery_factor(equity),
        "Exposure": trades.exposure(invested),
        "Closed trades": 4,
        "Win rate": 0.5,
        "Profit factor": 3.5,
        "Average win": 87.5,
        "Average loss": -50.0,
        "Average trade": 125 / 4 / 1e4,
        "Total fees": 12.5,
        "Total slippage": 3.25,
    }
    assert list(facts) == list(expected)
    assert [facts[label].value for label in expected] == pytest.approx(list(expected.values()), rel=1e-12)


@pytest.mark.parametrize(
    ("periods", "risk_free"), [(252, 0.0), (252, 0.03), (252, -0.005), (52, 0.03), (12, 0.12), (98_280, 0.05)]
)
def test_the_ratios_of_the_table_are_empyricals(periods, risk_free):
    equity, ts = account(1_500)
    convention = Convention(periods_per_year=periods, risk_free=risk_free)
    facts = {
        fact.label: fact for fact in performance_facts(equity, ts, np.array([]), np.ones(1_500, dtype=bool), convention)
    }
    returns = equity[1:] / equity[:-1] - 1
    per_period = (1 + risk_free) ** (1 / periods) - 1  # compounded: 0.0117 % a day for 3 % a year
    sharpe = empyrical.sharpe_ratio(returns, risk_free=per_period, annualization=periods)
    sortino = empyrical.sortino_ratio(returns, required_return=per_period, annualization=periods)
    assert facts["Sharpe ratio"].value == pytest.approx(sharpe, rel=1e-9)
    assert facts["Sortino ratio"].value == pytest.approx(sortino, rel=1e-9)
    # Lo (2002), from empyrical's ratio of one period: sqrt((1 + SR^2 / 2) / n), annualised.
    error = math.sqrt((1 + sharpe**2 / periods / 2) / 1_500 * periods)
    assert facts["Standard error of Sharpe"].value == pytest.approx(error, rel=1e-9)


def test_the_table_prints_the_risk_free_rate_and_the_target_that_it_used():
    equity, ts = account(400)
    facts = performance_facts(
        equity, ts, np.array([]), np.ones(400, dtype=bool), Convention(periods_per_year=252, risk_free=0.03)
    )
    printed = {fact.label: fact.convention for fact in facts}
    assert printed["Sharpe ratio"].endswith("risk-free 3 % a year")
    # 1.03 ** (1 / 252) - 1 = 0.000117305.
    assert printed["Sortino ratio"].endswith("target 0.01173 % a period (the risk-free rate)")


def test_the_table_says_which_window_and_convention_each_ratio_has():
    equity, ts = account(1_500)  # 2010-01-03 to 2014-02-11
    facts = table(equity, ts)
    assert facts["Calmar ratio"].convention.endswith("last 36 months, from 2011-02-11")
    assert facts["MAR ratio"].convention.endswith("since inception")
    assert facts["Sharpe ratio"].convention == "1,500 returns, 252 periods a year, ddof 1, risk-free 0 % a year"


def test_flat_trades_are_shown():
    equity, ts = account(40)
    assert table(equity, ts, [5.0, 0.0, -1.0, 0.0])["Win rate"].convention == "1 won, 1 lost, 2 flat, after costs"


def test_the_sharpe_ratio_needs_30_returns_and_is_flagged_below_252():
    assert math.isnan(table(*account(29))["Sharpe ratio"].value)
    assert table(*account(29))["Sharpe ratio"].note == "29 returns, needs 30"
    assert table(*account(30))["Sharpe ratio"].note == "fewer than 252 returns: very uncertain"
    assert math.isfinite(table(*account(30))["Sharpe ratio"].value)
    assert table(*account(252))["Sharpe ratio"].note == ""


def test_a_growth_rate_of_less_than_a_year_is_flagged():
    assert table(*account(100))["CAGR"].note == "extrapolated from 100 days: not to be presented as an annual rate"
    assert table(*account(365))["CAGR"].note == ""


def reasons(facts):
    return {label: fact.note for label, fact in facts.items() if math.isnan(fact.value)}


def test_an_account_that_never_traded_gives_reasons_not_zeros():
    equity = np.full(400, 1e5)
    ts = account(399)[1]
    facts = table(equity, ts, invested=np.zeros(399, dtype=bool))
    gaps = reasons(facts)
    assert gaps["Sharpe ratio"] == "all returns are equal: their standard deviation is zero"
    assert gaps["Standard error of Sharpe"] == gaps["Sharpe ratio"]
    assert gaps["Sortino ratio"] == "no return below the target of 0 % a period"
    assert gaps["MAR ratio"].startswith("equity never falls below its peak")
    assert gaps["Calmar ratio"] == "2010-01-03 to 2011-02-06 is shorter than 36 months"
    assert gaps["Win rate"] == gaps["Profit factor"] == "no closed trade"
    assert (facts["Total return"].value, facts["Exposure"].value, facts["Max drawdown"].value) == (0.0, 0.0, 0.0)


def test_profit_factor_without_a_loss_is_missing_with_its_reason():
    facts = table(*account(40), pnl=[10.0])
    assert reasons(facts)["Profit factor"] == "no losing trade"


def test_an_account_that_lost_everything_is_stated():
    equity, ts = account(400)
    equity[-1] = 0.0
    facts = table(equity, ts)
    assert facts["Total return"].value == facts["CAGR"].value == facts["Max drawdown"].value == -1.0
    assert facts["Worst day"].value == -1.0


def test_a_debt_before_the_end_takes_the_returns_away_and_keeps_the_rest():
    equity, ts = account(400)
    equity[200] = -5.0
    facts = table(equity, ts)
    assert reasons(facts)["Sharpe ratio"].startswith("equity falls to -5 at point 200")
    assert math.isfinite(facts["Total return"].value)


def test_a_hole_in_the_equity_is_named_in_every_number_that_needs_it():
    equity, ts = account(400)
    equity[5:8] = np.nan
    facts = table(equity, ts, [1.0, -1.0])
    assert {label for label, note in reasons(facts).items() if "3 NaN or infinite of 401" in note} == {
        *("Total return", "CAGR", "Volatility", "Sharpe ratio", "Standard error of Sharpe", "Sortino ratio"),
        *("Best day", "Worst day", "Max drawdown", "Longest drawdown", "Calmar ratio", "MAR ratio", "Recovery factor"),
    }
    assert facts["Win rate"].value == 0.5


def test_a_hole_in_the_profits_is_named_in_every_number_that_needs_it():
    facts = table(*account(40), pnl=[1.0, np.nan])
    assert {label for label, note in reasons(facts).items() if "1 NaN or infinite of 2" in note} == {
        *("Win rate", "Profit factor", "Average win", "Average loss"),
    }


@pytest.mark.parametrize("points", [0, 1])
def test_an_account_without_a_return_has_a_full_table_of_reasons(points):
    equity, ts = account(3)
    full = table(equity, ts)
    facts = table(equity[:points], ts[:points])
    assert list(facts) == list(full)
    assert "needs 2" in reasons(facts)["Total return"]


def test_every_missing_number_has_a_reason_and_every_number_a_label_once():
    for n in (1, 2, 40, 400):
        facts = table(*account(n))
        assert all(reasons(facts).values())


def test_weekly_accounts_speak_of_periods_not_days():
    equity, ts = account(60)
    facts = performance_facts(equity, ts, np.array([]), np.ones(60, dtype=bool), Convention(periods_per_year=52))
    assert {"Best period", "Worst period"} <= {fact.label for fact in facts}


def test_times_must_fit_the_equity():
    equity, ts = account(10)
    with pytest.raises(DataError, match="expected \\(11,\\) like equity"):
        table(equity, ts[:-1])


@pytest.mark.parametrize("profile", ["quantstats", "empyrical", "bacon"])
def test_the_table_of_another_profile_holds_the_numbers_of_the_functions(profile):
    equity, ts = account(1_500)
    convention = Convention.named(profile, risk_free=0.03)
    facts = performance_facts(equity, ts, np.array([]), np.ones(1_500, dtype=bool), convention)
    found = {fact.label: fact.value for fact in facts}
    returns = simple_returns(equity)
    expected = {
        "CAGR": growth.cagr(equity, convention),
        "Volatility": ratios.volatility(returns, convention),
        "Sharpe ratio": ratios.sharpe_ratio(returns, convention),
        "Sortino ratio": ratios.sortino_ratio(returns, convention),
        "Calmar ratio": drawdown_ratios.calmar_ratio(equity, convention),
        "MAR ratio": drawdown_ratios.mar_ratio(equity, convention),
    }
    assert {label: found[label] for label in expected} == pytest.approx(expected, rel=1e-12)
