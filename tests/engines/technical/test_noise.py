"""What the engine says of series that hold nothing to be said: random walks without drift, from a fixed seed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import investiq as iq
from investiq.engines.technical.engine import TechnicalEngine

ENGINE = TechnicalEngine()
WALKS, BARS, WARM, STEPS, AHEAD = 200, 420, 330, 24, 5


@pytest.fixture(scope="module")
def walks(sample):
    """Signed weights of each rule, scores and the next five returns of 200 walks, after a warm year."""
    rng = np.random.default_rng(41)
    tables, ahead = [], []
    for _ in range(WALKS):
        path = np.exp(np.cumsum(rng.normal(0, 0.01 / np.sqrt(STEPS), (BARS, STEPS)).ravel())).reshape(BARS, STEPS) * 100
        opened = np.r_[100.0, path[:-1, -1]]
        bars = dataclasses.replace(
            sample[:BARS],
            open=opened,
            high=np.maximum(path.max(axis=1), opened),
            low=np.minimum(path.min(axis=1), opened),
            close=path[:, -1],
            volume=rng.lognormal(14, 0.5, BARS),
        )
        tables.append(ENGINE.features(iq.History.of(bars)).iloc[WARM:-AHEAD])
        ahead.append((bars.close[AHEAD:] / bars.close[:-AHEAD] - 1)[WARM:])
    # Each row suffices for itself, so that all are scored at once.
    table = pd.concat(tables)
    columns = {name: table[name].to_numpy(dtype=float) for name in ("n_obs", *ENGINE.units)}
    weights = {rule.names: rule.vote(columns) for rule in ENGINE.rules}
    return weights, ENGINE.score(table)["score"].to_numpy().reshape(WALKS, -1), np.array(ahead)


def rates(walks, *names):
    weight = walks[0][names]
    return (weight > 0).mean(), (weight < 0).mean()


def test_rules_of_ranks_fire_at_their_ranks(walks):
    # %K below the lowest 15 of 100 of its past, above the highest 15.
    assert rates(walks, "Stochastic Low", "Stochastic High") == pytest.approx((0.15, 0.15), abs=0.02)
    # ADX in its highest quarter, which a level of 20 hardly narrows, split between the sides. ADX moves so slowly that
    # 85 rows of a walk are about three: 600 in all, a standard error of 0.018.
    up, down = rates(walks, "Strong Trend Up", "Strong Trend Down")
    assert up + down == pytest.approx(0.25, abs=0.05)
    assert up == pytest.approx(down, abs=0.05)


def test_rules_of_deviations_fire_as_a_normal_distribution_does(walks):
    # Two deviations of the logarithm of independent volumes: 2.3 % above, by half on each side of the bar. The mean and
    # the deviation of 60 values widen it by (1 + 1/60) and 58 degrees of freedom: t(59) beyond 1.98 is 2.6 %.
    up, down = rates(walks, "Volume Spike Up", "Volume Spike Down")
    assert up + down == pytest.approx(stats.t.sf(2.0 / np.sqrt(1 + 1 / 60), 59), abs=0.003)
    assert up == pytest.approx(down, abs=0.004)
    # 20-bar returns overlap, so that 252 of them are some 12: wider tails than 2.3 % below -2.
    bounce, deep = rates(walks, "Oversold Bounce Setup", "")[0], rates(walks, "Deep Oversold", "")[0]
    assert 0.02 < bounce + deep < 0.08
    # Of independent steps a quarter of those after a fall are two falls in a row; both must have fallen on the way.
    assert 0.2 < deep / (bounce + deep) < 0.6


def test_no_rule_prefers_a_side_on_a_walk_without_drift(walks):
    for names, weight in walks[0].items():
        if all(names) and names[0] not in ("Outperforming", "Oversold"):
            up, down = (weight > 0).mean(), (weight < 0).mean()
            assert up > 0, names
            assert abs(up - down) < 0.25 * (up + down) + 0.004, names
    deep, (plain, high) = rates(walks, "Deeply Oversold (Adaptive)", "")[0], rates(walks, "Oversold", "Overbought")
    assert deep + plain == pytest.approx(high, rel=0.25)
    assert 0.3 < deep / (deep + plain) < 0.7  # the heavier rule is not the usual one


def test_the_score_of_a_random_walk_does_not_know_the_next_five_days(walks):
    # One row a week, so that the returns do not overlap: 200 walks x 17 rows. A correlation of nothing has a standard
    # error of 1 / sqrt(3,400) = 0.017.
    scores, ahead = walks[1][:, ::AHEAD].ravel(), walks[2][:, ::AHEAD].ravel()
    assert scores.size == WALKS * 17
    assert abs(stats.spearmanr(scores, ahead).statistic) < 3 / np.sqrt(scores.size)
    assert np.std(scores) > 20  # it does speak
