"""The probabilistic layer: causal, in its units, and free of the two errors it replaces."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.probabilistic import filtering, switching
from investiq.engines.probabilistic.filtering import fitted_trend, refit_rows, training_spans
from investiq.engines.probabilistic.layer import FEATURES, MONEY, ProbabilisticLayer, raw_odds
from investiq.engines.probabilistic.regimes import REGIMES, priors, ranked_regime_codes, regime_scale
from investiq.indicators.filters import butterworth
from investiq.indicators.kalman_fitting import fit_local_linear_trend
from investiq.indicators.trend import ema
from investiq.metrics.markov_fitting import fit_switching

LAYER = ProbabilisticLayer()


@pytest.fixture(scope="module")
def history(split_sample):
    """Six years of a share that paid, split and merged."""
    return iq.History.of(split_sample[350:1850])


@pytest.fixture(scope="module")
def table(history):
    return LAYER.features(history)


def days(count, start="2015-01-01"):
    return pd.bdate_range(start, periods=count).to_numpy()


def noisy(count, size, seed=0):
    """Return prices that are a random walk observed with noise, steps and noise scaled by `size`."""
    generator = np.random.default_rng(seed)
    level = np.cumsum(0.01 * generator.standard_normal(count))
    return 100 * np.exp(size * (level + 0.005 * generator.standard_normal(count)))


def test_every_row_is_what_was_known_then(history, table):
    known = history.bars().index
    # Twelve prefixes: heads, both sides of refits, splits and the dividend.
    for row in (0, 1, 25, 90, 249, 330, 350, 500, 780, 901, 1150, 1499):
        cut = history.until(table["known_at"].iloc[row])
        last = LAYER.features(cut).iloc[-1]
        assert last.name == known[row]
        pd.testing.assert_series_equal(last, table.iloc[row], rtol=1e-10, check_names=False)


def test_columns_are_prefixed_and_have_units(table):
    assert list(table.columns) == ["known_at", "n_obs", *FEATURES]
    assert all(name.startswith("prob_") for name in FEATURES)
    assert table[list(FEATURES)].iloc[1300:].drop(columns="prob_payoff").notna().all(axis=None)


def test_prices_stand_beside_those_traded_on_their_day(history, table):
    close = history.bars().close
    for name in MONEY:
        assert (table[name].iloc[50:] / close[50:]).between(0.8, 1.25).all(), name


def test_what_is_no_price_does_not_see_splits(table, sample):
    # The share's total returns are the index's. Rounding moves where the search for variances ends by about 1e-5 of them.
    plain = LAYER.features(iq.History.of(sample[350:1850]))
    free = [name for name in FEATURES if name not in MONEY]
    pd.testing.assert_frame_equal(table[free], plain[free], rtol=1e-3, atol=1e-4)


def test_uncertainty_differs_between_a_calm_and_a_wild_series():
    calm, wild = (fitted_trend(noisy(900, size), days(900)) for size in (1.0, 5.0))
    # Five times the moves: five times the error, before the first fit and after it; a filter of constant variances gave one number.
    for row in (200, 899):
        assert wild.uncertainty[row] / calm.uncertainty[row] == pytest.approx(5, rel=1e-3)
        # And a slope that is five times as large is five times as unsure.
        assert wild.velocity_ratio[row] == pytest.approx(calm.velocity_ratio[row], rel=1e-3)


def test_the_slope_is_measured_by_its_error_before_the_first_fit_too():
    # Under the right ratio of variances the innovations have the size that the filter expects, so a slope over its error is
    # near a standard normal around the true one: here the variances are 1e-4 of the fixed ones.
    generator = np.random.default_rng(12)
    slope = np.cumsum(np.sqrt(1e-7) * generator.standard_normal(240))
    level = np.cumsum(slope + np.sqrt(1e-7) * generator.standard_normal(240))
    trend = fitted_trend(np.exp(level + 1e-3 * generator.standard_normal(240)), days(240))
    assert (trend.is_fitted == 0).all()
    # The slope of the step into row t + 1 is the one that the filter gives at t.
    error = (trend.velocity[30:-1] - slope[31:]) / (trend.velocity[30:-1] / trend.velocity_ratio[30:-1])
    assert np.sqrt(np.mean(error**2)) == pytest.approx(1, abs=0.25)


def test_uncertainty_rises_within_a_series_when_it_turns_wild():
    generator = np.random.default_rng(4)
    moves = np.concatenate([0.005 * generator.standard_normal(700), 0.03 * generator.standard_normal(60)])
    trend = fitted_trend(100 * np.exp(np.cumsum(moves)), days(760))
    assert trend.uncertainty[-1] > 3 * trend.uncertainty[699]


def test_the_error_of_a_forecast_is_that_of_its_surprises():
    # A walk of 1 % a day: the next price is unsure by 1 %, give or take the 20-bar mean of squares (16 % at one deviation).
    generator = np.random.default_rng(6)
    prices = 100 * np.exp(np.cumsum(0.01 * generator.standard_normal(1200)))
    trend = fitted_trend(prices, days(1200))
    assert np.median(trend.forecast_error[300:]) == pytest.approx(0.01, rel=0.1)
    assert np.nanstd(trend.innovation_z[300:]) == pytest.approx(1, abs=0.08)


def rank_in_year(values):
    """Return ranks among up to 252 values before each, from 60 on, one row at a time."""
    ranks = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        past = np.array([each for each in values[max(0, row - 252) : row] if not np.isnan(each)])
        if past.size >= 60 and not np.isnan(value):
            ranks[row] = ((past < value).sum() + 0.5 * (past == value).sum()) / past.size
    return ranks


def test_the_filter_and_its_errors_are_those_of_statsmodels(history, table):
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    bars = history.bars().adjusted()
    first = int(np.flatnonzero(bars.ts >= np.datetime64("2006-01-01"))[0])
    start = first - 1000
    known = fit_local_linear_trend(bars.close[start:first]).variances
    assert known.observation > 0
    model = UnobservedComponents(np.log(bars.close[start:]), "lltrend", use_exact_diffuse=True)
    model.ssm.tolerance = 0
    theirs = model.filter([known.observation, known.level, known.slope])
    z = theirs.forecasts_error[0] / np.sqrt(theirs.forecasts_error_cov[0, 0])
    size = np.sqrt(pd.Series(z[2:] ** 2).ewm(span=20).mean().to_numpy())[998:]
    # Their predicted state is one row ahead.
    ahead = theirs.predicted_state_cov[0, 0, 1:][1000:]
    rows = table.iloc[first:]
    for name, expected in {
        "prob_velocity": theirs.filtered_state[1, 1000:],
        "prob_innovation": theirs.forecasts_error[0, 1000:],
        "prob_innovation_z": z[1000:],
        "prob_uncertainty": np.sqrt(ahead) * size,
        "prob_forecast_error": np.sqrt(ahead + known.observation) * size,
    }.items():
        np.testing.assert_allclose(rows[name], expected, rtol=1e-5, atol=1e-9, err_msg=name)
    level = rows["prob_filtered_price"] * bars.factor[first:]
    np.testing.assert_allclose(level, np.exp(theirs.filtered_state[0, 1000:]), rtol=1e-9)
    np.testing.assert_allclose(rows["prob_ema_price"] * bars.factor[first:], ema(bars.close, 10)[first:])
    np.testing.assert_allclose(rows["prob_butterworth_price"] * bars.factor[first:], butterworth(bars.close)[first:])


def test_states_are_fitted_to_the_thousand_returns_before_the_quarter(history, table):
    bars = history.bars().adjusted()
    returns = np.diff(bars.close) / bars.close[:-1]
    # Return i ends at row i + 1.
    first = int(np.flatnonzero(bars.ts >= np.datetime64("2006-01-01"))[0])
    last = int(np.flatnonzero(bars.ts >= np.datetime64("2006-04-01"))[0])
    states = fit_switching(returns[first - 1001 : first - 1])
    expected = states.filter(returns[first - 1001 : last - 1])[1000:, 1]
    np.testing.assert_allclose(table["prob_markov_high_vol"].iloc[first:last], expected, rtol=1e-9)
    # The first quarter with 250 bars before it has fewer: all there are, and the first bar has none.
    first = refit_after(bars.ts, 250)
    states = fit_switching(returns[: first - 1])
    assert table["prob_markov_high_vol"].first_valid_index() == table.index[first]
    assert table["prob_markov_high_vol"].iloc[first] == pytest.approx(states.filter(returns[:first])[-1, 1], rel=1e-9)


def refit_after(ts, row):
    """Return the first row from `row` on in another quarter than the one before it."""
    months = ts.astype("datetime64[M]").astype(int) // 3
    return next(each for each in range(row, ts.size) if months[each] != months[each - 1])


# By hand from the rule: an uncertain bar has 0.7 of 0.4.
SCALES = {
    "trend_up": 1.0, "calm": 0.85, "sideways": 0.7, "trend_down": 0.6, "high_volatility": 0.5, "uncertain": 0.28,
}  # fmt: skip
BONUS = {
    "trend_up": 0.05, "calm": 0.02, "sideways": 0.0, "trend_down": -0.07, "high_volatility": -0.08, "uncertain": -0.10,
}  # fmt: skip


def test_every_regime_follows_from_its_rule_one_row_at_a_time(history, table):
    logs = np.log(pd.Series(history.bars().adjusted().close)).diff()
    deviation, mean = logs.rolling(20).std(ddof=0).to_numpy(), logs.rolling(20).mean().to_numpy()
    wild = rank_in_year(deviation.round(12))
    unsure = rank_in_year(table["prob_uncertainty"].round(12).to_numpy())
    np.testing.assert_allclose(table["prob_volatility_rank"], wild, atol=0.005)
    np.testing.assert_allclose(table["prob_uncertainty_rank"], unsure, atol=0.005)
    for row in range(81, 1500):
        if unsure[row] > 0.95:
            expected = "uncertain"
        elif wild[row] >= 0.85:
            expected = "high_volatility"
        elif abs(mean[row]) >= 0.2 * deviation[row]:
            expected = "trend_up" if mean[row] > 0 else "trend_down"
        else:
            expected = "calm" if wild[row] <= 0.15 else "sideways"
        found = table.iloc[row]
        assert REGIMES[int(found["prob_regime"])] == expected, row
        assert found["prob_size_scale"] == pytest.approx(SCALES[expected])
        odds = 0.5 + 0.5 * np.tanh(found["prob_velocity_ratio"]) - found["prob_uncertainty"] + BONUS[expected]
        assert found["prob_success_probability"] == pytest.approx(min(max(odds, 0.05), 0.95))
    assert table["prob_regime"].iloc[:81].isna().all()


def test_volatility_and_momentum_are_those_of_trailing_log_returns(history, table):
    logs = np.log(pd.Series(history.bars().adjusted().close, index=table.index)).diff()
    for name, expected in {
        "prob_volatility": logs.rolling(20).std(ddof=0),
        "prob_momentum": logs.rolling(20).mean(),
        "prob_prior_volatility": logs.rolling(60).std(ddof=0),
        "prob_win_share": (logs > 0).where(logs.notna()).astype(float).rolling(60).mean(),
    }.items():
        pd.testing.assert_series_equal(table[name], expected, check_names=False, rtol=1e-8, atol=1e-12)


def test_odds_can_be_had_without_the_states(history, table):
    bars = history.bars().adjusted()
    np.testing.assert_array_equal(raw_odds(bars.close, bars.ts), table["prob_success_probability"])


def test_the_smoothed_price_has_a_gain_of_one(history_of):
    table = LAYER.features(history_of(np.full(300, 80.0)))
    assert table["prob_butterworth_price"].to_numpy() == pytest.approx(80)
    assert table["prob_ema_price"].to_numpy()[9:] == pytest.approx(80)


def test_prices_that_never_move_have_no_states_and_no_fit(history_of):
    table = LAYER.features(history_of(np.full(600, 80.0)))
    assert table["prob_markov_high_vol"].isna().all()
    assert (table["prob_is_fitted"] == 0).all()


def test_no_average_is_centred():
    # A jump at row 150 changes nothing before it, in any column.
    prices = noisy(300, 1.0)
    later = prices.copy()
    later[150:] *= 1.3
    for one, other in zip(fitted_trend(prices, days(300)), fitted_trend(later, days(300)), strict=True):
        np.testing.assert_array_equal(one[:150], other[:150])
    for each, other in zip(*(ranked_regime_codes(p, np.full(300, 0.5)) for p in (prices, later)), strict=True):
        np.testing.assert_array_equal(each[:150], other[:150])


def test_refits_happen_at_the_first_session_of_a_period():
    ts = np.array(["2023-12-28", "2023-12-29", "2024-01-02", "2024-03-28", "2024-04-01", "2025-01-02"], dtype="M8[us]")
    assert refit_rows(ts, "year").tolist() == [2, 5]
    assert refit_rows(ts, "quarter").tolist() == [2, 4, 5]


def test_parameters_are_fitted_to_a_thousand_rows_before_and_to_no_fewer_than_250():
    ts = days(1600, "2015-01-01")
    # Business days of 2015 to 2020: 261 each, 262 in 2016 after the leap day... counted by numpy, not by the code.
    starts = [int(np.searchsorted(ts, np.datetime64(f"{year}-01-01"))) for year in range(2016, 2022)]
    spans = training_spans(ts, "year", 1600)
    assert [first for first, _, _ in spans] == starts
    assert [start for _, _, start in spans] == [max(0, first - 1000) for first in starts]
    assert [last for _, last, _ in spans] == [*starts[1:], 1600]
    assert training_spans(ts[:261], "year", 261) == []


def test_the_probability_of_high_volatility_follows_the_states():
    generator = np.random.default_rng(9)
    sizes = np.tile(np.repeat([0.005, 0.02], 120), 5)
    prices = 100 * np.exp(np.cumsum(sizes * generator.standard_normal(sizes.size)))
    chance = switching.high_volatility_probability(prices, days(sizes.size))
    known = ~np.isnan(chance)
    assert known.sum() > 800
    assert ((chance > 0.5) == (sizes == 0.02))[known].mean() > 0.93


def test_fits_are_remembered_by_their_data(history):
    LAYER.features(history)
    before = filtering._variances.cache_info().misses, switching._states.cache_info().misses
    LAYER.features(history)
    assert (filtering._variances.cache_info().misses, switching._states.cache_info().misses) == before


def test_a_trend_is_seen_at_ordinary_volatility():
    # 252 bars of deviations that alternate about 1 %, then 20 returns of 1.21 % and -0.79 %: their deviation of 1 % ranks
    # in the middle, and their mean of 0.21 % is above a fifth of it.
    generator = np.random.default_rng(3)
    moves = np.concatenate([0.01 * generator.standard_normal(300), np.tile([0.0121, -0.0079], 10)])
    codes, rank = ranked_regime_codes(100 * np.exp(np.cumsum(moves)), np.full(320, 0.5))
    assert 0.15 < rank[-1] < 0.85
    assert REGIMES[int(codes[-1])] == "trend_up"


def test_limits_of_regimes_are_ranks_of_the_own_past():
    # The same path at a hundredth of the size has the same regimes: no fixed limit is left.
    moves = 0.01 * np.random.default_rng(8).standard_normal(400)
    small, large = (ranked_regime_codes(np.exp(np.cumsum(size * moves)), np.full(400, 0.5))[0] for size in (0.01, 1.0))
    np.testing.assert_array_equal(small, large)
    # About 15 % of bars are wild by the rank of their volatility, about 15 % at most calm.
    shares = {name: np.mean(large[80:] == code) for code, name in enumerate(REGIMES)}
    assert 0.05 < shares["high_volatility"] < 0.3
    assert shares["calm"] < 0.25


def test_an_uncertain_rank_comes_before_all_and_cuts_the_size_twice():
    moves = 0.01 * np.random.default_rng(8).standard_normal(400)
    codes, _ = ranked_regime_codes(np.exp(np.cumsum(moves)), np.full(400, 0.951))
    assert REGIMES[int(codes[-1])] == "uncertain"
    # 0.4 x 0.7.
    assert regime_scale(codes[-1:], np.array([0.951]), 0.95) == pytest.approx([0.28])


def test_priors_by_hand():
    # Returns +10 %, -5 %, 0, +2 %: half rise; gains average 6 %, the one loss is 5 %.
    close = 100 * np.cumprod([1, 1.1, 0.95, 1.0, 1.02])
    share, payoff = priors(close, window=4)
    assert (share[-1], payoff[-1]) == pytest.approx((0.5, 1.2))
    assert np.isnan(share[:-1]).all()
    assert np.isnan(priors(100 * np.cumprod([1, 1.1, 1.1]), window=2)[1][-1])
