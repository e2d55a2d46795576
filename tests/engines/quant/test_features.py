"""Each rolling column against the metric of its window, and against other libraries."""

import dataclasses
import math

import empyrical
import numpy as np
import pytest
import scipy.stats

import investiq as iq
from investiq.engines.quant.features import FEATURES, WORDS, quant_features
from investiq.engines.quant.ratios import win_rates
from investiq.engines.quant.returns import sample_of
from investiq.metrics.autocorrelated_sharpe import autocorrelation_adjusted_sharpe
from investiq.metrics.conventions import Convention
from investiq.metrics.drawdowns import max_drawdown
from investiq.metrics.exceedances import kupiec_test
from investiq.metrics.jumps import jump_days
from investiq.metrics.mean_reversion import half_life
from investiq.metrics.persistence import autocorrelation, variance_ratio
from investiq.metrics.ratios import (
    kelly_fraction,
    omega_ratio,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
    volatility,
)
from investiq.metrics.tail import expected_shortfall, value_at_risk

YEAR = Convention(periods_per_year=252)
ROWS = (400, 1000, 2100, 2519)
# 4.5 % a year offline, as a simple share of each day.
RATE = 0.045 / 252


@pytest.fixture(scope="module")
def bars(sample):
    return sample[-2520:]


@pytest.fixture(scope="module")
def table(bars):
    return quant_features(iq.History.of(bars))


@pytest.fixture(scope="module", params=ROWS)
def at(request, bars, table):
    """A row, the returns up to it (the last is its own), and its features."""
    row = request.param
    close = bars.adjusted("total").close[: row + 1]
    return close, close[1:] / close[:-1] - 1, table.iloc[row]


def close_to(expected):
    return pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_the_table_has_every_column_and_says_when_each_row_was_known(table, bars):
    assert table.index.equals(bars.index)
    assert list(table.columns) == ["known_at", "n_obs", *FEATURES, *WORDS]
    assert table["known_at"].dt.tz_convert(None).to_numpy().tolist() == bars.known_at.tolist()


def test_ratios_are_the_metrics_of_their_windows(at):
    _, returns, row = at
    short, year = returns[-60:] - RATE, returns[-252:] - RATE
    assert row["sharpe_ratio"] == close_to(sharpe_ratio(short, YEAR))
    assert row["sharpe_standard_error"] == close_to(sharpe_standard_error(short, YEAR))
    assert row["sharpe_ratio_year"] == close_to(sharpe_ratio(year, YEAR))
    assert row["sharpe_ratio_lo"] == close_to(autocorrelation_adjusted_sharpe(year, YEAR, lags=4))
    assert row["sortino_ratio"] == close_to(sortino_ratio(year, YEAR))
    assert row["omega_ratio"] == close_to(omega_ratio(short, YEAR))
    assert row["kelly_fraction"] == close_to(kelly_fraction(year, YEAR))
    assert row["kelly_standard_error"] == close_to(1 / (returns[-252:].std(ddof=1) * math.sqrt(252)))
    assert row["volatility"] == close_to(volatility(returns[-30:], YEAR))


def test_ratios_are_those_of_empyrical(at):
    _, returns, row = at
    # empyrical takes the rate of a day for Sharpe and Sortino.
    assert row["sharpe_ratio"] == close_to(empyrical.sharpe_ratio(returns[-60:], risk_free=RATE))
    assert row["sortino_ratio"] == close_to(empyrical.sortino_ratio(returns[-252:], required_return=RATE))
    assert row["max_drawdown"] == close_to(empyrical.max_drawdown(returns[-251:]))


def test_tails_and_shape_are_the_metrics_of_their_windows(at):
    close, returns, row = at
    year = returns[-252:]
    assert row["var_95"] == close_to(value_at_risk(year))
    assert row["cvar_95"] == close_to(expected_shortfall(year))
    assert row["rachev_ratio"] == close_to(expected_shortfall(-year) / expected_shortfall(year))
    assert row["skewness"] == close_to(scipy.stats.skew(year, bias=False))
    assert row["excess_kurtosis"] == close_to(scipy.stats.kurtosis(year, bias=False))
    assert row["max_drawdown"] == close_to(max_drawdown(close[-252:]))
    peak = 251 - np.argmax(close[-252:][::-1])
    assert row["drawdown"] == close_to(close[-1] / close[-252:].max() - 1)
    assert row["drawdown_bars"] == 251 - peak


def test_value_at_risk_is_tested_by_what_came_after_it(at):
    _, returns, row = at
    if len(returns) < 504:
        assert np.isnan(row["var_95_exceedances"])
        return
    count = sum(returns[t] < np.quantile(returns[t - 252 : t], 0.05) for t in range(len(returns) - 252, len(returns)))
    assert row["var_95_exceedances"] == count
    assert row["var_95_kupiec_p"] == close_to(kupiec_test(count, 252).p_value)


def test_the_backtest_of_the_value_at_risk_needs_504_returns(table):
    assert np.isnan(table["var_95_exceedances"].iloc[503])
    assert np.isfinite(table["var_95_exceedances"].iloc[504])


def test_jumps_are_those_of_the_metric(at):
    _, returns, row = at
    # The metric judges what follows its first 60 returns.
    found = jump_days(returns[-312:], 60)
    assert found.judged == 252
    assert row["jump_days"] == found.count
    assert row["jump_share"] == close_to(found.share)
    assert row["jump_intensity"] == close_to(found.intensity)
    assert row["jump_score"] == close_to(found.table["score"].iloc[-1])


def test_persistence_is_that_of_the_metrics(at):
    _, returns, row = at
    lag, ratio = autocorrelation(returns[-252:]), variance_ratio(returns[-252:], 5)
    assert (row["autocorrelation_lag1"], row["autocorrelation_z"]) == close_to((lag.value, lag.statistic))
    assert (row["variance_ratio"], row["variance_ratio_z"]) == close_to((ratio.value, ratio.statistic))


def test_the_half_life_is_that_of_the_quarter_before(bars, table):
    # 2018-10-01 opens the last quarter: the 504 closes before it.
    start = table.index.get_loc("2018-10-01")
    found = half_life(np.log(bars.adjusted("total").close[start - 504 : start]))
    assert table["mean_reversion_p"].iloc[start:].to_numpy() == pytest.approx(found.adf_p_value)
    assert table["mean_reversion_p"].iloc[start - 1] != pytest.approx(found.adf_p_value, abs=1e-6)


def test_momentum_skips_the_last_month(at):
    # T-18: P[t-21] / P[t-252] - 1, not the year's return less the month's.
    close, _, row = at
    assert row["momentum_factor"] == close_to(close[-22] / close[-253] - 1)
    assert row["recent_return"] == close_to(close[-1] / close[-21] - 1)


def test_momentum_needs_253_bars(table):
    assert np.isnan(table["momentum_factor"].iloc[251])
    assert np.isfinite(table["momentum_factor"].iloc[252])


def test_win_rates_are_counted_with_an_exact_test(at):
    close, returns, row = at
    # Called at the 252 closes before the last.
    momentum = np.sign(returns[-253:-1]) * np.sign(returns[-252:])
    average = np.array([close[t - 9 : t + 1].mean() for t in range(close.size - 253, close.size - 1)])
    reversion = -np.sign(close[-253:-1] - average) * np.sign(returns[-252:])
    for name, right in (("momentum", momentum), ("mean_reversion", reversion)):
        won, called = int((right > 0).sum()), int((right != 0).sum())
        assert row[f"{name}_win_rate"] == close_to(won / called)
        assert row[f"{name}_win_p"] == close_to(scipy.stats.binomtest(won, called).pvalue)


def walk_of(signs, size=0.01):
    return 100 * np.cumprod(1 + size * np.asarray(signs, dtype=float))


def rules_of(history_of, signs):
    found = win_rates(sample_of(history_of(walk_of(signs), spread=0.0)))
    return {name: values[-1] for name, values in found.items()}


def test_a_proven_rule_calls_what_it_expects_now(history_of):
    # A sign that is followed by its opposite: a close above the average of ten, after a rise, falls next.
    signs = np.tile([1, -1], 200)
    up, down = rules_of(history_of, signs[:-1]), rules_of(history_of, signs)
    assert (up["best_strategy"], up["best_strategy_call"], down["best_strategy_call"]) == (-1.0, -1.0, 1.0)
    # Runs of twenty go on nineteen times of twenty.
    runs = np.tile(np.repeat([1, -1], 20), 10)
    up, down = rules_of(history_of, runs[:-25]), rules_of(history_of, runs[:-5])
    assert (up["best_strategy"], up["best_strategy_call"], down["best_strategy_call"]) == (1.0, 1.0, -1.0)


def test_a_rule_is_proven_at_half_of_five_percent_and_on_the_winning_side_only(history_of):
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(150):
        # Drifts of every strength between following the last sign and turning it.
        turn = rng.uniform(0.4, 0.6)
        found = rules_of(history_of, np.cumprod(np.where(rng.random(300) < turn, -1, 1)))
        name = "momentum" if found["momentum_win_rate"] >= found["mean_reversion_win_rate"] else "mean_reversion"
        rate, p_value = found[f"{name}_win_rate"], found[f"{name}_win_p"]
        proven = p_value < 0.025 and rate > 0.5
        assert (found["win_rate"], found["best_strategy"] != 0) == (rate, proven)
        assert proven or found["best_strategy_call"] == 0
        seen.add((proven, bool(0.025 <= p_value < 0.05)))
    assert {(True, False), (False, False), (False, True)} <= seen


def test_two_rules_that_lose_prove_neither(history_of):
    # Two rises and a fall: the last sign comes again once in three, and above the average one move of three is a fall.
    found = rules_of(history_of, np.tile([1, 1, -1], 100))
    assert (found["momentum_win_rate"], found["mean_reversion_win_rate"]) == pytest.approx((1 / 3, 1 / 3), abs=0.01)
    assert found["momentum_win_p"] < 1e-6
    assert (found["best_strategy"], found["best_strategy_call"]) == (0.0, 0.0)


def test_a_close_at_its_average_calls_nothing_although_the_sum_of_ten_is_rounded(history_of):
    # Level for twelve bars before each move: ten times 0.1 add up to 0.9999999999999999.
    close = 0.1 * 1.01 ** (np.arange(400) // 13)
    found = win_rates(sample_of(history_of(close, spread=0.0)))
    assert np.isnan(found["mean_reversion_win_rate"]).all()


def test_win_rates_do_not_depend_on_the_scale_of_the_price(history_of):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(8).normal(0, 0.01, 400)))
    dear, cheap = (win_rates(sample_of(history_of(level * close, spread=0.0))) for level in (1.0, 1e-12))
    np.testing.assert_allclose(cheap["mean_reversion_win_rate"], dear["mean_reversion_win_rate"])
    assert np.isfinite(dear["mean_reversion_win_rate"][-1])


def test_a_rank_is_among_the_same_statistic_of_the_past(table):
    # T-2: 252 values of the same length before the row, the row excluded.
    for name in ("sharpe", "volatility", "recent_return", "var_95", "cvar_95"):
        column = table[{"sharpe": "sharpe_ratio"}.get(name, name)].to_numpy()
        past, value = column[1500 - 252 : 1500], column[1500]
        expected = ((past < value).sum() + 0.5 * (past == value).sum()) / 252
        assert table[f"{name}_percentile"].iloc[1500] == pytest.approx(expected)


def test_a_deep_fall_has_a_high_rank(table):
    column = -table["drawdown"].to_numpy()
    past, value = column[1700 - 252 : 1700], column[1700]
    expected = ((past < value).sum() + 0.5 * (past == value).sum()) / 252
    assert table["drawdown_percentile"].iloc[1700] == pytest.approx(expected)


def test_sixty_gains_have_no_omega_although_the_year_holds_losses(history_of):
    returns = np.where(np.arange(300) < 230, np.where(np.arange(300) % 2, 0.01, -0.01), 0.005)
    last = quant_features(history_of(100 * np.cumprod(1 + returns), spread=0.0)).iloc[-1]
    assert np.isnan(last["omega_ratio"])
    assert np.isfinite(last["sortino_ratio"])


def test_jumps_are_counted_from_a_full_year_of_scores_on(table):
    # 60 returns before the first score, 252 scores: row 312 is the first.
    assert np.isnan(table["jump_days"].iloc[311])
    assert np.isfinite(table["jump_days"].iloc[312])
    assert np.isfinite(table["jump_score"].iloc[61])
    assert np.isnan(table["jump_score"].iloc[60])


def test_skewness_is_no_zero_and_kurtosis_no_minus_three(table):
    # T-19: returns as fractions over a volatility in percent gave 0 and -3 always.
    assert table["skewness"].abs().median() > 0.1
    assert table["excess_kurtosis"].min() > -2


@pytest.mark.parametrize("name", ["sample", "split_sample"])
def test_a_row_does_not_change_when_the_future_is_cut_off(name, request):
    bars = request.getfixturevalue(name)[:2600]
    other = iq.load_bars("^IXIC")
    # A benchmark with fewer dates.
    kept = np.ones(len(other), dtype=bool)
    kept[::7] = False
    fewer = dataclasses.replace(
        other,
        **{
            each: getattr(other, each)[kept]
            for each in (
                *("ts", "open", "high", "low", "close", "volume", "known_at"),
                *("split_factor", "total_factor", "flags"),
            )
        },
    )
    history = iq.History.of(bars, benchmark=fewer, records=[iq.load_records("FF3")])
    whole = quant_features(history)
    numbers = list(FEATURES)
    for row in (0, 1, 29, 60, 252, 313, 700, 1303, 1499, 1960, 2400, 2599):
        past = quant_features(history.until(bars.known_at[row])).iloc[-1]
        np.testing.assert_allclose(
            past[numbers].to_numpy(dtype=float), whole[numbers].iloc[row].to_numpy(dtype=float), rtol=1e-10, atol=1e-10
        )
        assert past[list(WORDS)].to_list() == whole[list(WORDS)].iloc[row].to_list()


def test_splits_and_dividends_are_no_moves(sample, split_sample):
    whole, split = (quant_features(iq.History.of(each[:2000]))[list(FEATURES)] for each in (sample, split_sample))
    # A search for a maximum ends within its tolerance, and two values that are nearly one may change places.
    fitted = [name for name in FEATURES if name.startswith("garch")]
    np.testing.assert_allclose(split[fitted], whole[fitted], rtol=1e-3, atol=0.01)
    np.testing.assert_allclose(split.drop(columns=fitted), whole.drop(columns=fitted), rtol=1e-7, atol=1e-8)


def test_ten_bars_have_rows_and_no_statistics(history_of):
    table = quant_features(history_of(100 + np.arange(10.0)))
    assert len(table) == 10
    assert table[[name for name in FEATURES if name != "quant_risk_free_rate"]].isna().all(axis=None)


def test_one_bar_has_a_row(history_of):
    assert len(quant_features(history_of([100.0]))) == 1


def test_a_flat_price_has_no_ratio_and_no_volatility(history_of):
    last = quant_features(history_of(np.full(1600, 0.1), spread=0.01)).iloc[-1]
    for name in (
        "sharpe_ratio",
        "sharpe_ratio_lo",
        "kelly_fraction",
        "skewness",
        "autocorrelation_z",
        "hurst_exponent",
    ):
        assert np.isnan(last[name]), name
    assert (last["volatility"], last["max_drawdown"], last["recent_return"]) == (0.0, 0.0, 0.0)
    # Every day falls short of the risk-free return: nothing gained over what was lost.
    assert last["omega_ratio"] == 0.0
    assert last["sortino_ratio"] == pytest.approx(-math.sqrt(252))


def test_a_crash_of_a_third_leaves_the_later_windows_exact(sample):
    # Running sums must not carry the crash into windows that do not hold it.
    close = sample.close[:1500] * np.where(np.arange(1500) >= 500, 0.67, 1.0)
    prices = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
    bars = dataclasses.replace(sample[:1500], **prices)
    table = quant_features(iq.History.of(bars))
    year = close[-252:] / close[-253:-1] - 1
    assert table["max_drawdown"].iloc[520] < -0.3
    assert table["jump_score"].iloc[500] < -10
    assert table["excess_kurtosis"].iloc[-1] == pytest.approx(scipy.stats.kurtosis(year, bias=False), rel=1e-8)
    assert table["sharpe_ratio_year"].iloc[-1] == close_to(sharpe_ratio(year - RATE, YEAR))


def test_wild_moves_later_on_leave_the_rows_before_them(history_of):
    # From bar 900 on the price trebles and falls back to a third: no series of returns that a metric would take.
    steps = np.random.default_rng(3).normal(0, 0.01, 1200)
    steps[900:] = np.where(np.arange(300) % 2, np.log(3), -np.log(3))
    history = history_of(100 * np.exp(np.cumsum(steps)), spread=0.0)
    whole, past = quant_features(history)[:900], quant_features(history.until(history.bars().known_at[899]))
    for name in FEATURES:
        np.testing.assert_allclose(whole[name], past[name], rtol=1e-10, atol=1e-10, err_msg=name)
    assert np.isfinite(whole["garch_forecast_vol"].iloc[-1])


def test_a_move_of_a_thousandfold_leaves_nothing_behind_once_it_has_left_the_windows(history_of):
    # A reverse split that no provider told of: its fourth power is 1e12, those of a usual year add up to 1e-5.
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 1200)))
    market = dataclasses.replace(history_of(close[::-1].copy(), spread=0.0).bars(), symbol="MKT")
    broken = close * np.where(np.arange(1200) >= 100, 1000, 1)
    plain, after = (
        quant_features(iq.History.of(history_of(each, spread=0.0).bars(), benchmark=market)).iloc[-1]
        for each in (close, broken)
    )
    names = [
        *("skewness", "excess_kurtosis", "autocorrelation_z", "variance_ratio_z", "volatility", "sharpe_ratio_lo"),
        *("beta", "beta_standard_error", "beta_r2", "beta_stability_p", "low_vol_factor_ratio", "jump_intensity"),
    ]
    np.testing.assert_allclose(after[names].astype(float), plain[names].astype(float), rtol=1e-9)
