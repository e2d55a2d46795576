"""The backtest of a value at risk: pairs row by row, and what each form of it says."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import investiq as iq
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.conditional_volatility import garch
from investiq.metrics.conventions import Convention
from investiq.metrics.exceedances import kupiec_test
from investiq.metrics.filtered_tail import (
    filtered_expected_shortfall,
    filtered_value_at_risk,
    rolling_filtered_value_at_risk,
)
from investiq.metrics.tail import expected_shortfall, rolling_value_at_risk, value_at_risk
from investiq.metrics.tail_tests import var_backtest

DAILY = Convention(periods_per_year=252)
NOISE = np.random.default_rng(3).normal(0.0, 0.01, 200)


@pytest.fixture(scope="module")
def market():
    bars = iq.load_bars("^GSPC", start="2006", end="2008")
    return pd.Series(np.diff(bars.close) / bars.close[:-1], index=bars.index[1:])


def with_exceedances(count, *rows, loss=-0.03):
    returns = np.full(count, 0.001)
    returns[list(rows)] = loss
    return returns


@pytest.mark.parametrize(("number", "zone"), [(4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")])
def test_basels_zones_for_250_days_at_99_percent(number, zone):
    # Basel 1996, table 2: green to 4, yellow 5 to 9, red from 10.
    tested = var_backtest(with_exceedances(250, *range(0, 10 * number, 10)), np.full(250, 0.02), 0.99)
    assert (tested.exceedances, tested.zone) == (number, zone)
    assert tested.cumulative == pytest.approx(stats.binom.cdf(number, 250, 0.01), rel=1e-9)


def test_a_return_at_the_value_at_risk_is_not_an_exceedance():
    returns = np.array([-0.02, -0.020001, 0.02, 0.05] * 5)
    tested = var_backtest(returns, np.full(20, 0.02))
    assert tested.exceedances == 5
    assert tested.to_frame()["is_exceeded"].tolist() == [False, True, False, False] * 5


def test_forecasts_that_do_not_exist_yet_are_left_out_and_noted(market):
    tested = var_backtest(market, rolling_value_at_risk(market, 250), 0.95)
    assert tested.count == len(market) - 250
    assert tested.index[0] == market.index[250]
    assert tested.expected == pytest.approx(0.05 * tested.count)
    assert [note.code for note in tested.notes] == ["no_forecast_yet"]


def test_historical_simulation_fails_in_the_crisis_of_2008(market):
    # Known of the method (Pritsker 2006): it reacts late, so exceedances are too many.
    tested = var_backtest(market, rolling_value_at_risk(market, 250), 0.95)
    assert tested.exceedances > 1.5 * tested.expected
    assert tested.proportion.p_value < 0.01
    assert tested.coverage.statistic == pytest.approx(tested.proportion.statistic + tested.independence.statistic)
    assert "rejected by proportion" in tested.verdict


def test_a_right_model_is_rejected_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    p_values = [
        var_backtest(rng.normal(0, 0.01, 500), np.full(500, 0.01 * 1.6448536), 0.95).proportion.p_value
        for _ in range(300)
    ]
    # 99.9 % interval of a binomial with p 0.05 and 300 draws: 0.013 to 0.097.
    assert 0.013 <= np.mean(np.array(p_values) < 0.05) <= 0.097


def test_the_shortfall_statistic_by_hand():
    # 4 exceedances of -0.03 among 100 at 95 %, shortfall forecast 0.024: 1 - 4 x 0.03 / (0.024 x 100 x 0.05) = 0.
    returns = with_exceedances(100, 10, 40, 41, 90)
    tested = var_backtest(returns, np.full(100, 0.02), 0.95, expected_shortfall=np.full(100, 0.024))
    assert tested.shortfall == pytest.approx(0.0, abs=1e-12)
    # Twice the losses: 1 - 4 x 0.06 / 0.12 = -1: worse than forecast.
    worse = var_backtest(2 * returns, np.full(100, 0.02), 0.95, expected_shortfall=np.full(100, 0.024))
    assert worse.shortfall == pytest.approx(-1.0, abs=1e-12)
    assert "Expected shortfall Z2" in str(worse)
    assert math.isnan(var_backtest(returns, np.full(100, 0.02)).shortfall)


def test_a_shortfall_forecast_that_is_missing_or_not_a_loss_is_refused():
    returns, risk = with_exceedances(100, 10, 40, 41, 90), np.full(100, 0.02)
    late = np.where(np.arange(100) < 30, np.nan, 0.024)
    with pytest.raises(DataError, match="begins 30 rows after value_at_risk"):
        var_backtest(returns, risk, expected_shortfall=late)
    # Where the value at risk begins as late, both are there.
    begun = var_backtest(returns, np.where(np.isnan(late), np.nan, risk), expected_shortfall=late)
    # 3 exceedances of -0.03 among 70: 1 - 3 x 0.03 / (0.024 x 70 x 0.05).
    assert begun.shortfall == pytest.approx(1 - 0.09 / 0.084)
    with pytest.raises(DataError, match="expected_shortfall is 0 at its least, not above 0 at row 7"):
        var_backtest(returns, risk, expected_shortfall=np.where(np.arange(100) == 7, 0.0, 0.024))


def test_lists_are_pairs_row_by_row_too():
    returns = with_exceedances(100, 10, 40)
    assert var_backtest(returns.tolist(), [0.02] * 100).exceedances == 2


def test_no_exceedance_leaves_independence_undecided_and_says_so():
    tested = var_backtest(np.full(250, 0.001), np.full(250, 0.02), 0.99)
    # P(none of 250 at 1 %) = 0.99^250.
    assert tested.cumulative == pytest.approx(0.99**250, rel=1e-12)
    assert tested.proportion.statistic == pytest.approx(5.02517, abs=1e-5)
    assert math.isnan(tested.coverage.p_value)
    assert "no period follows an exceedance" in str(tested)
    assert {note.code for note in tested.notes} == {"few_exceedances"}
    assert tested.verdict == "rejected by proportion"


def test_ten_exceedances_carry_no_caution_and_a_p_value_above_5_percent_no_verdict():
    ten = var_backtest(with_exceedances(250, *range(5, 245, 25)), np.full(250, 0.02))
    assert (ten.exceedances, ten.notes) == (10, ())
    # 19 of 250 at 95 %: 2 [19 ln(0.076 / 0.05) + 231 ln(0.924 / 0.95)] = 3.10, p 0.08.
    many = var_backtest(with_exceedances(250, *range(5, 245, 13)), np.full(250, 0.02))
    assert many.exceedances == 19
    assert 0.05 < many.proportion.p_value < 0.10
    assert "proportion" not in many.verdict


def test_series_that_are_shifted_or_of_other_lengths_are_refused_not_joined(market):
    risk = rolling_value_at_risk(market, 250)
    with pytest.raises(DataError, match="different times: row by row they are no pairs"):
        var_backtest(market, risk.set_axis(market.index + pd.Timedelta(days=1)))
    with pytest.raises(DataError, match=r"shape \(\d+,\), expected \(\d+,\): one forecast for each return"):
        var_backtest(market, risk.iloc[1:])


def test_gaps_negative_losses_and_no_forecasts_are_refused(market):
    risk = rolling_value_at_risk(market, 250)
    with pytest.raises(DataError, match="lacks 1 forecasts after its first, the next at row 300"):
        var_backtest(market, risk.where(np.arange(len(risk)) != 300))
    with pytest.raises(DataError, match="losses are positive here; pass -value_at_risk"):
        var_backtest(market, -risk)
    with pytest.raises(InsufficientDataError, match="holds no forecast among"):
        var_backtest(market, risk * np.nan)
    with pytest.raises(ConfigError, match=r"95 % is 0\.95"):
        var_backtest(market, risk, 95)


def test_the_card_states_counts_conventions_and_period(market):
    text = str(var_backtest(market, rolling_value_at_risk(market, 250), 0.95))
    assert text.startswith("Backtest of the 95 % value at risk: rejected by")
    for words in ("Exceedances", "Basel zone", "chi-squared(2)", "Period", "forecast before its return"):
        assert words in text


@pytest.mark.parametrize(
    "call",
    [
        lambda level: value_at_risk(NOISE, level),
        lambda level: expected_shortfall(NOISE, level),
        lambda level: rolling_value_at_risk(NOISE, 100, level),
        lambda level: var_backtest(NOISE, np.full(NOISE.size, 0.02), level),
        lambda level: kupiec_test(5, 100, level),
        lambda level: filtered_value_at_risk(garch(NOISE, DAILY), level),
        lambda level: filtered_expected_shortfall(garch(NOISE, DAILY), level),
        lambda level: rolling_filtered_value_at_risk(NOISE, DAILY, level, window=100),
    ],
)
def test_the_share_of_the_tail_is_no_level(call):
    with pytest.raises(ConfigError, match=r"confidence must lie in \[0\.5, 1\), was 0\.05; 95 % is 0\.95, not 0\.05"):
        call(0.05)


@pytest.mark.parametrize(
    ("times", "period"),
    [
        (pd.date_range("2024-01-02", periods=40, freq="D", tz="UTC"), "2024-01-02 to 2024-02-10, 40 returns"),
        (pd.date_range("2024-01-02 09:00", periods=40, freq="h"), "2024-01-02 09:00 to 2024-01-04 00:00, 40 returns"),
        (None, "40 returns without times"),
    ],
)
def test_the_period_is_told_in_dates_where_each_has_one_return(times, period):
    returns = np.full(40, 0.001)
    series = returns if times is None else pd.Series(returns, index=times)
    lines = {fact.label: fact.value for fact in var_backtest(series, np.full(40, 0.02)).provenance()}
    assert lines["Period"] == period
    assert lines["SHA-256"] == f"{hashlib.sha256(returns.tobytes()).hexdigest()[:16]} of the returns"
