import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics import resampling
from investiq.metrics.path_simulation import simulate_paths
from investiq.metrics.resampling import bootstrap_indices


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(3).standard_normal(500) / 100 + 0.0004


@pytest.mark.parametrize(("scheme", "block"), [("circular", 21), ("stationary", 8.5), ("iid", None)])
def test_paths_are_those_of_the_same_rows_in_numpy(returns, scheme, block):
    found = simulate_paths(returns, horizon=60, paths=300, scheme=scheme, block=block, seed=2)
    rows = bootstrap_indices(500, 300, scheme=scheme, block=block or 1, length=60, seed=2)
    wealth = np.column_stack([np.ones(300), np.cumprod(1 + returns[rows], axis=1)])
    drawdowns = (wealth / np.maximum.accumulate(wealth, axis=1) - 1).min(axis=1)
    assert found.final_returns == pytest.approx(wealth[:, -1] - 1, rel=1e-10)
    assert found.max_drawdowns == pytest.approx(drawdowns, rel=1e-10)
    assert found.probability_of_loss == (wealth[:, -1] < 1).mean()
    assert found.probability_of_drawdown(0.05) == (drawdowns <= -0.05).mean()


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(returns, monkeypatch, cores):
    monkeypatch.setattr(resampling.os, "cpu_count", lambda: 1)
    alone = simulate_paths(returns, paths=20_000, block=10)
    monkeypatch.setattr(resampling.os, "cpu_count", lambda: cores)
    together = simulate_paths(returns, paths=20_000, block=10)
    assert np.array_equal(alone.final_returns, together.final_returns)
    assert np.array_equal(alone.max_drawdowns, together.max_drawdowns)


def test_a_first_period_of_loss_is_a_drawdown():
    found = simulate_paths(np.array([-0.1, -0.1]), horizon=2, paths=5, scheme="iid")
    assert found.max_drawdowns == pytest.approx(0.9 * 0.9 - 1)
    assert found.probability_of_loss == 1.0


def test_rising_paths_have_no_drawdown():
    found = simulate_paths(np.array([0.01, 0.02]), horizon=50, paths=5, scheme="iid")
    assert (found.max_drawdowns == 0).all()


def test_an_account_that_lost_everything_stays_lost():
    found = simulate_paths(np.array([-1.0, 0.5]), horizon=40, paths=50, scheme="iid")
    assert found.final_returns.min() == -1.0
    assert found.max_drawdowns.min() == -1.0


def test_the_mean_of_the_paths_is_the_compounded_mean(returns):
    # Single rows are independent: E[final] = (1 + mean)^20; standard error 0.045 / sqrt(20,000).
    found = simulate_paths(returns, horizon=20, paths=20_000, scheme="iid")
    assert found.final_returns.mean() == pytest.approx((1 + returns.mean()) ** 20 - 1, abs=4 * 0.045 / 20_000**0.5)


def test_a_result_states_its_numbers(returns):
    found = simulate_paths(pd.Series(returns), horizon=30, paths=100, block=5, seed=7)
    assert found.title == "100 resampled paths of 30 periods"
    assert "stationary blocks of 5 rows of 500 returns, seed 7" in str(found)
    assert found.to_frame().loc[0.05, "max_drawdown"] == np.quantile(found.max_drawdowns, 0.05)
    assert {each.label: each.value for each in found.facts()}["Total return, 5th percentile"] == np.quantile(
        found.final_returns, 0.05
    )


def test_long_blocks_in_short_paths_carry_a_caution(returns):
    assert simulate_paths(returns, horizon=60, paths=5, scheme="circular", block=12).notes == ()
    (note,) = simulate_paths(returns, horizon=60, paths=5, scheme="circular", block=13).notes
    assert "only 4.6 blocks of 13" in note.text


def test_what_cannot_be_simulated_is_refused(returns):
    with pytest.raises(InsufficientDataError, match="needs 2 returns, received 1"):
        simulate_paths(returns[:1])
    with pytest.raises(DataError, match="NaN"):
        simulate_paths(np.array([0.01, np.nan]))
    with pytest.raises(ConfigError, match="horizon must be a whole number of at least 1, was 0"):
        simulate_paths(returns, horizon=0)
    with pytest.raises(ConfigError, match=r"horizon must be a whole number of at least 1, was 25\.5"):
        simulate_paths(returns, horizon=25.5)
    with pytest.raises(ConfigError, match=r"fall of 20 %\), was -0.2"):
        simulate_paths(returns, paths=5).probability_of_drawdown(-0.2)
