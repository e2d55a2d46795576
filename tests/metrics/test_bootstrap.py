import math

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import IIDBootstrap

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.bootstrap import bootstrap_interval, bootstrap_sharpe_interval
from investiq.metrics.conventions import Convention
from investiq.metrics.ratios import sharpe_ratio
from investiq.metrics.regression import newey_west_lags
from investiq.metrics.resampling import bootstrap_indices

DAILY = Convention(periods_per_year=252)
PLAIN = {
    "mean": lambda x: x.mean(axis=-1),
    "volatility": lambda x: x.std(axis=-1, ddof=1),
    "sharpe": lambda x: x.mean(axis=-1) / x.std(axis=-1, ddof=1),
}


@pytest.fixture(scope="module")
def returns():
    draws = np.random.default_rng(3).standard_t(5, 400)
    return 0.0008 + 0.008 * draws + 0.003 * np.roll(draws, 1)


@pytest.mark.parametrize("scheme", ["iid", "circular", "stationary"])
@pytest.mark.parametrize("statistic", list(PLAIN))
def test_compiled_draws_are_those_of_the_same_rows_in_numpy(returns, scheme, statistic):
    block = None if scheme == "iid" else 6
    found = bootstrap_interval(returns, statistic, scheme=scheme, block=block, draws=300, seed=4)
    rows = bootstrap_indices(400, 300, scheme=scheme, block=block or 1, seed=4)
    expected = PLAIN[statistic](returns[rows])
    assert found.draws == pytest.approx(expected, rel=1e-10)
    assert (found.low, found.high) == pytest.approx(np.quantile(expected, [0.025, 0.975]), rel=1e-10)
    assert found.estimate == pytest.approx(PLAIN[statistic](returns), rel=1e-12)
    assert found.standard_error == pytest.approx(expected.std(ddof=1), rel=1e-10)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_a_function_of_the_user_gives_the_interval_of_the_named_statistic(returns, method):
    options = {"scheme": "circular", "block": 5, "draws": 200, "method": method, "seed": 2}
    named = bootstrap_interval(returns, "sharpe", **options)
    users = bootstrap_interval(returns, PLAIN["sharpe"], **options)
    assert (users.low, users.high) == pytest.approx((named.low, named.high), rel=1e-10)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_iid_intervals_agree_with_arch(returns, method):
    # The bounds are uncertain by 0.02 and 0.03 of the standard error.
    ours = bootstrap_interval(returns, "sharpe", scheme="iid", method=method, draws=20_000, seed=1)
    theirs = IIDBootstrap(returns, seed=2).conf_int(PLAIN["sharpe"], 10_000, method=method).ravel()
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.12 * ours.standard_error)


@pytest.mark.parametrize("statistic", list(PLAIN))
def test_studentized_interval_of_the_same_rows_in_numpy(returns, statistic):
    def error(x):
        """HAC error of one sample by the delta method on the sample's first two moments."""
        lags, m, q = newey_west_lags(x.size), x.mean(), (x**2).mean()
        off = np.column_stack([x - m, x**2 - q])
        long_run = off.T @ off
        for lag in range(1, lags + 1):
            product = off[lag:].T @ off[:-lag]
            long_run += (1 - lag / (lags + 1)) * (product + product.T)
        spread = math.sqrt(q - m * m)
        gradient = {
            "mean": (1.0, 0.0),
            "volatility": (-m / spread, 0.5 / spread),
            "sharpe": (q / spread**3, -0.5 * m / spread**3),
        }[statistic]
        return math.sqrt(np.array(gradient) @ long_run @ gradient) / x.size

    found = bootstrap_interval(returns, statistic, method="studentized", block=5, draws=200, seed=8)
    rows = bootstrap_indices(400, 200, block=5, seed=8)
    distances = [(PLAIN[statistic](x) - found.estimate) / error(x) for x in returns[rows]]
    far, near = np.quantile(distances, [0.025, 0.975])
    expected = found.estimate - near * error(returns), found.estimate - far * error(returns)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-8)


def test_blocks_widen_the_interval_of_a_trending_series():
    from scipy.signal import lfilter

    trending = lfilter([1.0], [1.0, -0.6], np.random.default_rng(7).standard_normal(600)) / 100
    blocks, rows = (bootstrap_interval(trending, "mean", scheme=scheme) for scheme in ("stationary", "iid"))
    assert blocks.block > 5
    # The mean's error grows by sqrt((1 + rho) / (1 - rho)) = 2.
    assert blocks.standard_error / rows.standard_error == pytest.approx(2.0, abs=0.35)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    # 90 % intervals for the Sharpe ratio of 150 normal returns; 300 seeds: standard error 1.7 points.
    samples = 0.1 + np.random.default_rng(12).standard_normal((300, 150))
    for method in ("percentile", "studentized"):
        covered = 0
        for sample in samples / 100:
            found = bootstrap_interval(sample, "sharpe", scheme="iid", method=method, confidence=0.9, draws=300)
            covered += found.low <= 0.1 <= found.high
        assert 0.85 <= covered / 300 <= 0.95


def test_the_annual_interval_is_the_daily_one_times_the_root_of_the_year(returns):
    annual = bootstrap_sharpe_interval(returns, DAILY, block=4, draws=200)
    daily = bootstrap_interval(returns, "sharpe", convention=DAILY, method="studentized", block=4, draws=200)
    assert annual.estimate == pytest.approx(sharpe_ratio(returns, DAILY), rel=1e-12)
    for name in ("low", "high", "standard_error"):
        assert getattr(annual, name) == pytest.approx(getattr(daily, name) * math.sqrt(252), rel=1e-12)
    assert "252 periods a year" in str(annual)


def test_the_convention_sets_risk_free_return_and_ddof(returns):
    convention = Convention(periods_per_year=252, risk_free=0.05, ddof=0)
    per_day = 1.05 ** (1 / 252) - 1
    found = bootstrap_interval(returns, "sharpe", convention=convention, scheme="iid", draws=100)
    chosen = returns[bootstrap_indices(400, 100, scheme="iid")]
    assert found.draws == pytest.approx((chosen.mean(axis=1) - per_day) / chosen.std(axis=1), rel=1e-9)
    assert found.estimate == pytest.approx((returns.mean() - per_day) / returns.std(), rel=1e-12)


def test_a_result_states_how_it_was_made(returns):
    found = bootstrap_interval(pd.Series(returns), np.median, scheme="stationary", block=5, draws=150, seed=6)
    text = str(found)
    assert "median: 95 % bootstrap interval" in text
    assert "percentile, 150 draws" in text
    assert "stationary bootstrap, blocks of 5 rows on average, of 400 rows, seed 6" in text
    assert found.to_frame().loc["median", "estimate"] == np.median(returns)


def test_draws_without_the_statistic_are_left_out_and_noted():
    # Ten returns, nine of them equal: a draw has no spread with probability 0.9^10 = 0.35.
    returns = np.array([0.01] * 9 + [0.02])
    found = bootstrap_interval(returns, "sharpe", scheme="iid", draws=1000)
    assert found.draws.size == pytest.approx(650, abs=60)
    (note,) = found.notes
    assert note.rows == 1000 - found.draws.size
    assert "no spread" in note.text


def test_what_has_no_interval_is_refused(returns):
    with pytest.raises(InsufficientDataError, match="needs 10 returns, received 9"):
        bootstrap_interval(returns[:9])
    with pytest.raises(InsufficientDataError, match="all returns are equal"):
        bootstrap_interval(np.full(30, 0.01), "sharpe", scheme="iid")
    with pytest.raises(DataError, match="NaN"):
        bootstrap_interval(np.append(returns, np.nan))
    with pytest.raises(DataError, match=r"shape \(400,\), expected one number"):
        bootstrap_interval(returns, np.cumsum, block=2)
    with pytest.raises(DataError, match="returned 'high', expected one number"):
        bootstrap_interval(returns, lambda _: "high", block=2)
    with pytest.raises(InsufficientDataError, match="their bias cannot be corrected"):
        bootstrap_interval(returns, lambda x: np.unique(x).size, method="bca", scheme="iid", draws=100)


def test_a_statistic_that_needs_every_block_has_no_acceleration(returns):
    # It was taken as 0 where the jackknife gave NaN, which makes the interval another one without a word.
    def mean_of_all(values):
        return values.mean() if values.size == 400 else np.nan

    one_trade = np.append(np.zeros(49), 0.01)
    for sample, statistic in ((returns[:400], mean_of_all), (one_trade, "sharpe")):
        with pytest.raises(InsufficientDataError, match=r"once a block of 5 of the .* returns is left out"):
            bootstrap_interval(sample, statistic, method="bca", block=5, draws=500)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "sharp"}, "did you mean 'sharpe'"),
        ({"method": "normal"}, "'percentile', 'studentized' or 'bca', was 'normal'"),
        ({"confidence": 95}, r"\(0, 1\), was 95"),
        ({"draws": 50}, "at least 100, was 50"),
        ({"draws": 200.5, "block": 2}, "draws must be a whole number of at least 100, was 200.5"),
        ({"statistic": np.median, "method": "studentized"}, "median has none of"),
    ],
)
def test_settings_out_of_range_are_refused(returns, options, message):
    with pytest.raises(ConfigError, match=message):
        bootstrap_interval(returns, **options)
