"""Shape of a distribution of returns."""

from __future__ import annotations

import empyrical
import numpy as np
import pytest
import scipy.stats

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.shape import kurtosis, rachev_ratio, skewness, tail_ratio


@pytest.fixture(scope="module")
def skewed():
    return np.random.default_rng(3).gamma(2.0, 0.01, 400) - 0.02


@pytest.mark.parametrize("corrected", [True, False])
def test_skewness_and_kurtosis_are_scipys(skewed, corrected):
    assert skewness(skewed, bias_corrected=corrected) == pytest.approx(
        scipy.stats.skew(skewed, bias=not corrected), rel=1e-12
    )
    for fisher in (True, False):
        expected = scipy.stats.kurtosis(skewed, fisher=fisher, bias=not corrected)
        assert kurtosis(skewed, excess=fisher, bias_corrected=corrected) == pytest.approx(expected, rel=1e-12)


def test_the_moments_of_bacons_portfolio(bacon_returns):
    # Bacon (2008): skewness -0.08, kurtosis 2.43, excess -0.57, sample excess -0.41.
    assert skewness(bacon_returns, bias_corrected=False) == pytest.approx(-0.08, abs=5e-3)
    assert kurtosis(bacon_returns, excess=False, bias_corrected=False) == pytest.approx(2.43, abs=5e-3)
    assert kurtosis(bacon_returns, bias_corrected=False) == pytest.approx(-0.57, abs=5e-3)
    assert kurtosis(bacon_returns) == pytest.approx(-0.41, abs=5e-3)


def test_the_tail_ratio_is_empyricals_where_there_is_a_losing_tail(skewed):
    assert tail_ratio(skewed) == pytest.approx(empyrical.tail_ratio(skewed), rel=1e-12)


def test_a_series_without_a_losing_tail_has_no_tail_ratio():
    with pytest.raises(InsufficientDataError, match="there is no losing tail"):
        tail_ratio(np.linspace(0.0, 0.1, 50))


def test_rachev_sets_the_best_share_against_the_worst():
    # 5 % of 21 are 1.05: two returns in each tail, (0.10 + 0.08) / (0.05 + 0.03).
    returns = np.array([0.10, 0.08, *([0.0] * 17), -0.03, -0.05])
    assert rachev_ratio(returns) == pytest.approx(2.25)
    assert rachev_ratio(-returns) == pytest.approx(1 / 2.25)


def test_rachev_takes_no_more_than_the_share_for_rounding():
    # 0.07 x 100 is 7.000000000000001 in binary: seven returns in each tail, and the 1 % in none.
    returns = np.array([0.04] * 7 + [0.01] + [0.0] * 84 + [-0.01] + [-0.02] * 7)
    assert rachev_ratio(returns, share=0.07) == pytest.approx(2.0)


def test_what_has_no_shape_is_refused():
    with pytest.raises(InsufficientDataError, match="all 9 returns are equal"):
        skewness(np.full(9, 0.01))
    with pytest.raises(InsufficientDataError, match="kurtosis needs 4 returns, received 3"):
        kurtosis(np.array([0.01, 0.02, 0.04]))
    with pytest.raises(InsufficientDataError, match="needs 20 returns, received 19"):
        rachev_ratio(np.zeros(19))
    with pytest.raises(InsufficientDataError, match="worst 1 of 20 returns are no loss"):
        rachev_ratio(np.full(20, 0.01))
    with pytest.raises(ConfigError, match=r"share must lie in \(0, 0\.5\]"):
        rachev_ratio(np.zeros(30), share=0.6)
