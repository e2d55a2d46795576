import math

import numpy as np
import pytest
from scipy import stats

from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.resampling import bootstrap_indices
from investiq.metrics.trade_bootstrap import bootstrap_trades


def test_intervals_are_those_of_the_same_trades_in_numpy():
    pnl = np.random.default_rng(1).normal(20, 100, 60)
    pnl[::7] = 0.0
    found = bootstrap_trades(pnl, draws=400, seed=5)
    drawn = pnl[bootstrap_indices(60, 400, scheme="iid", seed=5)]
    gains, losses = np.where(drawn > 0, drawn, 0).sum(axis=1), -np.where(drawn < 0, drawn, 0).sum(axis=1)
    expected = {
        "win_rate": (drawn > 0).mean(axis=1),
        "profit_factor": gains / losses,
        "average_trade": drawn.mean(axis=1),
    }
    for name, values in expected.items():
        interval = getattr(found, name)
        assert interval.draws == pytest.approx(values, rel=1e-9)
        ordered = np.sort(values)
        # The 2.5 % quantile of 400 is the 10th smallest, the 97.5 % one the 390th.
        assert (interval.low, interval.high) == pytest.approx((ordered[9], ordered[389]), rel=1e-9)


def test_a_win_rate_of_half_has_the_interval_of_the_binomial_law():
    # 100 trades: quantiles of Binomial(100, 0.5) are 40 and 60.
    found = bootstrap_trades(np.array([1.0, -1.0] * 50), draws=20_000)
    assert (found.win_rate.low, found.win_rate.high) == tuple(stats.binom.ppf([0.025, 0.975], 100, 0.5) / 100)
    assert found.win_rate.standard_error == pytest.approx(0.05, rel=0.02)


def test_draws_without_a_loss_make_the_upper_bound_infinite():
    # One loss in ten trades: missing from a draw with probability 0.9^10 = 0.35.
    found = bootstrap_trades(np.array([1.0] * 9 + [-1.0]), draws=1000).profit_factor
    assert found.high == math.inf
    assert found.estimate == 9.0
    assert 0 < found.low < 9
    assert found.notes[0].rows == pytest.approx(349, abs=60)
    assert math.isfinite(found.standard_error)


def test_too_few_or_unbroken_trades_are_refused():
    with pytest.raises(InsufficientDataError, match="need 10 trades, received 9"):
        bootstrap_trades(np.array([1.0, -1.0, 1.0] * 3))
    with pytest.raises(InsufficientDataError, match="no losing trade"):
        bootstrap_trades(np.ones(20))
    with pytest.raises(DataError, match="NaN"):
        bootstrap_trades(np.array([np.nan] * 20))
