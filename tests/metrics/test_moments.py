"""The compiled passes give what numpy gives."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.metrics.drawdowns import extent
from investiq.metrics.moments import account_moments


@pytest.mark.parametrize("seed", range(6))
def test_the_pass_over_an_account_is_numpys(seed):
    rng = np.random.default_rng(seed)
    equity = 1e5 * np.cumprod(np.concatenate(([1.0], 1 + rng.normal(3e-4, 0.01, 700 + seed))))
    if seed % 2:
        equity = np.round(equity, -3)  # many equal points and peaks reached exactly
    returns = equity[1:] / equity[:-1] - 1
    found = account_moments(equity, 0.001)
    assert found.undefined == -1
    assert found.mean == pytest.approx(returns.mean(), rel=1e-11, abs=1e-16)
    assert found.squares == pytest.approx(returns.var() * returns.size, rel=1e-12)
    assert found.shortfalls == pytest.approx((np.minimum(returns - 0.001, 0) ** 2).sum(), rel=1e-12)
    assert (found.best, found.worst) == (returns.max(), returns.min())
    assert (found.depth, found.longest, found.is_ongoing) == extent(equity)


def test_equity_that_only_rises_is_never_under_water():
    found = account_moments(np.array([100.0, 101.0, 101.0, 102.0]), 0.0)
    assert (found.depth, found.longest, found.is_ongoing) == (0.0, 0, False)


def test_equity_that_is_lost_is_told_by_its_row():
    found = account_moments(np.array([100.0, 50.0, 0.0, 0.0]), 0.0)
    assert found.undefined == 2
    assert np.isnan(found.mean)
    assert (found.depth, found.longest, found.is_ongoing) == (-1.0, 3, True)
    # Lost in the last row only: every return exists.
    assert account_moments(np.array([100.0, 50.0, 0.0]), 0.0).undefined == -1
