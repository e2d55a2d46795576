"""Streaks of wins and losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.sandbox.stats.runs import runstest_1samp

from investiq.core.errors import InsufficientDataError
from investiq.metrics.trade_streaks import runs_test, streaks

GA06 = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0])


def test_the_worked_streaks():
    found = streaks(GA06)
    assert (found.wins, found.losses) == ((2, 1), (3,))
    assert (found.longest_wins, found.longest_losses, found.mean_wins, found.mean_losses) == (2, 3, 1.5, 3.0)
    assert (found.win_after_win, found.win_after_loss) == (0.5, pytest.approx(1 / 3))


def test_a_flat_trade_ends_both_streaks():
    found = streaks(np.array([1.0, 0.0, 1.0, -1.0, 0.0, -1.0]))
    assert (found.wins, found.losses) == ((1, 1), (1, 1))
    # After the two wins came a flat trade and a loss; after the first loss a flat trade.
    assert (found.win_after_win, found.win_after_loss) == (0.0, 0.0)


def test_a_streak_that_never_was_has_no_mean():
    found = streaks(np.array([2.0]))
    assert (found.longest_losses, found.losses) == (0, ())
    assert math.isnan(found.mean_losses) and math.isnan(found.win_after_win) and math.isnan(found.win_after_loss)


def test_the_runs_test_is_statsmodels():
    pnl = np.random.default_rng(8).normal(0.1, 1.0, 70)
    found = runs_test(pnl)
    z, p = runstest_1samp(pnl > 0, cutoff=0.5, correction=False)
    assert (found.z, found.p_value) == (pytest.approx(z), pytest.approx(p))


def test_clusters_and_alternation_have_opposite_signs():
    assert runs_test(np.repeat([1.0, -1.0], 20)).z < -5
    assert runs_test(np.tile([1.0, -1.0], 20)).z > 5


def test_flat_trades_are_left_out_of_the_runs_test():
    assert runs_test(np.array([1.0, 0.0, 1.0, -1.0, -1.0, 0.0, -1.0, 1.0])) == runs_test(GA06)


def test_one_kind_of_outcome_has_no_order():
    with pytest.raises(InsufficientDataError, match="received 3 and 0"):
        runs_test(np.ones(3))
    with pytest.raises(InsufficientDataError, match="received 1 and 1"):
        runs_test(np.array([1.0, -1.0]))
    with pytest.raises(InsufficientDataError, match="need one closed trade, received 0"):
        streaks(np.array([]))
