import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import pearsonr, spearmanr

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.information import information_coefficient


def frame(values):
    days = pd.date_range("2024-01-01", periods=len(values), freq="B", tz="UTC")
    return pd.DataFrame(values, index=days).rename(columns=str)


def panel(dates=120, names=60, seed=0):
    generator = np.random.default_rng(seed)
    returns = 0.02 * generator.standard_normal((dates, names))
    scores = generator.standard_normal((dates, names))
    # The next two periods follow the score a little.
    returns[1:] += 0.004 * scores[:-1]
    returns[2:] += 0.003 * scores[:-2]
    return frame(scores), frame(returns)


@pytest.mark.parametrize(("method", "oracle"), [("spearman", spearmanr), ("pearson", pearsonr)])
def test_each_date_has_the_coefficient_of_scipy(method, oracle):
    scores, returns = panel()
    scores.iloc[3, :20] = np.nan
    returns.iloc[10, 5] = np.nan
    scores.iloc[6] = scores.iloc[6].round()  # ties
    found = information_coefficient(scores, returns, horizon=3, lag=2, method=method)
    # 120 dates less the last 2 + 3 - 1 = 4.
    assert found.dates == 116
    for t in (0, 3, 6, 7, 8, 9, 115):
        forward = (1 + returns.iloc[t + 2 : t + 5]).prod(skipna=False) - 1
        both = scores.iloc[t].notna() & forward.notna()
        expected = oracle(scores.iloc[t][both], forward[both]).statistic
        assert found.coefficients.iloc[t] == pytest.approx(expected, abs=1e-12)
        assert found.coefficients.index[t] == scores.index[t]


def test_mean_deviation_ratio_and_hit_rate_by_hand():
    # Three names; ranks of the score 1 2 3. Next returns rank 1 2 3 (IC 1), 2 1 3 (IC 0.5), 3 2 1 (IC -1).
    scores = frame([[1.0, 2, 3]] * 4)
    returns = frame([[0.0, 0, 0], [0.01, 0.02, 0.03], [0.02, 0.01, 0.03], [0.03, 0.02, 0.01]])
    found = information_coefficient(scores, returns, horizon=1, quantiles=3)
    assert found.coefficients.tolist() == pytest.approx([1, 0.5, -1])
    assert found.mean == pytest.approx(0.5 / 3)
    # Squares 2.25 less 3 x (1/6)^2 = 2.1667, over 2.
    assert found.sd == pytest.approx(math.sqrt((2.25 - 3 / 36) / 2))
    assert found.information_ratio == pytest.approx(found.mean / found.sd)
    assert found.hit_rate == pytest.approx(2 / 3)
    # Without overlap the t statistic is mean / (sd / sqrt(n)).
    assert found.t_statistic == pytest.approx(found.mean / (found.sd / math.sqrt(3)))
    # Groups of one name: 0.01 0.02 0.03; 0.02 0.01 0.02; 0.03 0.03 0.01.
    assert found.quantile_returns == pytest.approx((0.02, 0.05 / 3, 0.07 / 3))
    assert found.score_autocorrelation == pytest.approx(1)
    assert found.turnover == 0
    assert math.isnan(found.decay[5])


def test_the_t_statistic_is_that_of_statsmodels_with_one_lag_less_than_the_horizon():
    scores, returns = panel()
    for horizon in (1, 2, 10):
        found = information_coefficient(scores, returns, horizon=horizon)
        fit = sm.OLS(found.coefficients.to_numpy(), np.ones(found.dates)).fit(
            cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "use_correction": True}
        )
        assert found.t_statistic == pytest.approx(fit.tvalues[0], rel=1e-10)


def test_scores_meet_the_returns_after_them_and_not_their_own():
    returns = panel()[1]
    own = information_coefficient(returns, returns, horizon=1)
    assert abs(own.mean) < 0.1
    ahead = information_coefficient(returns.shift(-1), returns, horizon=1)
    assert ahead.mean == pytest.approx(1)
    later = information_coefficient(returns.shift(-3), returns, horizon=1, lag=3)
    assert later.mean == pytest.approx(1)
    with pytest.raises(ConfigError, match="earned before it was known"):
        information_coefficient(returns, returns, lag=0)


def test_decay_is_the_mean_coefficient_at_each_horizon():
    scores, returns = panel(dates=200)
    found = information_coefficient(scores, returns, horizon=2, decay_horizons=(1, 2, 30))
    for horizon in (1, 2, 30):
        assert found.decay[horizon] == information_coefficient(scores, returns, horizon=horizon).mean
    assert found.decay[2] > found.decay[30] > 0


def test_turnover_counts_the_new_names_of_the_highest_group():
    # Highest two of four names: {c, d}, {b, d}, {a, b}: one new of two, then one new of two (a).
    scores = frame([[1.0, 2, 3, 4], [1, 4, 2, 3], [4, 3, 1, 2], [4, 3, 1, 2]])
    returns = frame(0.01 * np.random.default_rng(0).standard_normal((4, 4)))
    found = information_coefficient(scores, returns, horizon=1, quantiles=2)
    # The last date keeps both: (0.5 + 0.5 + 0) / 3.
    assert found.turnover == pytest.approx(1 / 3)


def test_turnover_compares_neighbouring_dates_only():
    # The second date is not scored; from the third to the fourth the highest half stays.
    scores = frame([[1.0, 2, 3, 4], [np.nan] * 4, [4, 3, 2, 1], [4, 3, 2, 1]])
    returns = frame(0.01 * np.random.default_rng(0).standard_normal((4, 4)))
    assert information_coefficient(scores, returns, horizon=1, quantiles=2).turnover == 0


def test_equal_scores_are_split_in_the_order_of_the_columns():
    # One low score and 39 equal ones: columns 0 to 19 below, 20 to 39 above.
    scores = frame([[0.0] + [1.0] * 39] * 3)
    returns = frame([0.001 * np.arange(40.0)] * 3)
    found = information_coefficient(scores, returns, horizon=1, quantiles=2)
    assert found.quantile_returns == pytest.approx((0.0095, 0.0295))


def test_the_autocorrelation_of_scores_is_of_their_ranks_and_a_coefficient_of_zero_no_hit():
    scores = frame([[1.0, 2, 3], [1, 2, 300], [1, 2, 3]])
    # Ranks 1.5 3 1.5 against 1 2 3: -1 x -0.5 + 1 x -0.5 = 0; then 1.
    returns = frame([[0.0, 0, 0], [0.01, 0.02, 0.01], [0.01, 0.02, 0.03]])
    found = information_coefficient(scores, returns, horizon=1, quantiles=3)
    assert found.score_autocorrelation == 1
    assert found.hit_rate == 0.5


def test_coverage_is_the_share_of_names_with_a_return_that_are_scored():
    scores, returns = panel(dates=6, names=10)
    scores.iloc[1, :4] = np.nan
    scores.iloc[2] = np.nan
    found = information_coefficient(scores, returns, horizon=1)
    # Five dates have forward returns: 1, 0.6, 0, 1, 1.
    assert found.coverage == pytest.approx(3.6 / 5)
    assert found.dates == 4
    assert {note.code: note.rows for note in found.notes}["dates_left_out"] == 1


def test_tables_are_joined_on_dates_and_names():
    scores, returns = panel()
    turned = scores.iloc[20:, ::-1].drop(columns="7")
    found = information_coefficient(turned, returns, horizon=1)
    plain = information_coefficient(scores.iloc[20:].drop(columns="7"), returns.drop(columns="7"), horizon=1)
    np.testing.assert_allclose(found.coefficients, plain.coefficients, rtol=1e-12)
    assert found.dates == 99


def test_scores_of_some_dates_still_earn_the_periods_between():
    scores, returns = panel()
    weekly = information_coefficient(scores.iloc[::5], returns, horizon=3)
    daily = information_coefficient(scores, returns, horizon=3)
    pd.testing.assert_series_equal(weekly.coefficients, daily.coefficients.iloc[::5], check_freq=False)


def test_scores_of_dates_without_returns_are_counted():
    scores, returns = panel()
    moved = scores.copy()
    # Every tenth row six hours late: no row of the returns.
    moved.index = pd.DatetimeIndex([day + pd.Timedelta(hours=6 * (k % 10 == 4)) for k, day in enumerate(scores.index)])
    found = information_coefficient(moved, returns, horizon=1)
    assert {note.code: note.rows for note in found.notes}["scores_between_rows"] == 12
    assert found.dates == 119 - 12
    # Scores before the first return and after the last lose nothing that could have been used.
    assert information_coefficient(scores, returns.iloc[5:-5], horizon=1).notes == ()


def test_dates_of_equal_scores_have_no_coefficient():
    scores, returns = panel()
    scores.iloc[4] = 0.1
    found = information_coefficient(scores, returns, horizon=1)
    assert scores.index[4] not in found.coefficients.index
    assert found.dates == 118


def test_few_names_and_few_dates_are_cautioned_about():
    assert information_coefficient(*panel(), horizon=1).notes == ()
    few = information_coefficient(*panel(dates=40, names=49), horizon=1)
    assert [note.code for note in few.notes] == ["few_names", "few_dates"]


def test_missing_statistics_are_named_with_their_reason():
    scores, returns = panel(dates=12, names=60)
    found = information_coefficient(scores, returns, horizon=10)
    # Two dates, nine lags.
    assert math.isnan(found.t_statistic)
    facts = {fact.label: fact for fact in found.facts()}
    assert "too few dates" in facts["t statistic"].note
    assert "Newey-West, 9 lags" in str(found)
    perfect = information_coefficient(returns.shift(-1), returns, horizon=1)
    assert math.isnan(perfect.information_ratio)
    assert math.isnan(perfect.t_statistic)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s, r: (s.iloc[:2], r.iloc[:2]), InsufficientDataError, "needs 2 dates of 3 names .*received 1 of 2"),
        (lambda s, r: (s.iloc[:, :2], r), InsufficientDataError, "received 0 of 120"),
        (lambda s, r: (s.iloc[::-1], r), DataError, "scores must ascend"),
        (lambda s, r: (s.rename(columns={"0": "1"}), r), DataError, "each name come once"),
        (lambda s, r: (s.replace(s.iloc[0, 0], np.inf), r), DataError, "scores holds 1 infinite of 7200"),
        (lambda s, r: (s.tz_localize(None), r), DataError, "has a zone"),
        (lambda s, r: (s.rename(columns=lambda name: "x" + name), r), DataError, "share 0 names and 120 dates"),
        (lambda s, r: (s.astype(str) + "x", r), DataError, "scores must be numbers"),
        (lambda s, r: (s, 100 * (1 + r).cumprod()), DataError, "look like prices"),
        (lambda s, r: (s, 100 * r), DataError, "less than losing all"),
        (lambda s, r: (s.to_numpy(), r), DataError, "scores must be a DataFrame"),
    ],
)
def test_bad_tables_are_refused_by_name(change, error, words):
    with pytest.raises(error, match=words):
        information_coefficient(*change(*panel()), horizon=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizon": 0}, "horizon must be a whole number of at least 1, was 0"),
        ({"method": "kendall"}, "'spearman' or 'pearson'"),
        ({"quantiles": 1}, "quantiles must be a whole number of at least 2, was 1"),
        ({"decay_horizons": (1, 0)}, "each of decay_horizons must be a whole number of at least 1, was 0"),
    ],
)
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        information_coefficient(*panel(), **options)
