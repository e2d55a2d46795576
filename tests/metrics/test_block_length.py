import numpy as np
import pytest
from arch.bootstrap import optimal_block_length as archs

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.block_length import optimal_block_length, politis_white_block_length


def autoregression(rho, size, seed):
    from scipy.signal import lfilter

    return lfilter([1.0], [1.0, -rho], np.random.default_rng(seed).standard_normal(size))


@pytest.mark.parametrize("size", [20, 50, 333, 2520])
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.999])
def test_block_lengths_agree_with_arch(size, rho):
    series = autoregression(rho, size, 5)
    for each in (series, series**2):
        theirs = archs(each).iloc[0]
        assert politis_white_block_length(each) == pytest.approx((theirs["stationary"], theirs["circular"]), rel=1e-8)


@pytest.mark.parametrize(("rho", "closed_form"), [(0.7, 53.2), (0.5, 32.9), (0.2, 15.1)])
def test_block_lengths_of_an_autoregression_are_near_the_closed_form(rho, closed_form):
    # (2 rho / (1 - rho^2))^(2/3) T^(1/3) at T = 20,000; single draws stray by 30 %, the median of 20 by 10 %.
    assert (2 * rho / (1 - rho**2)) ** (2 / 3) * 20_000 ** (1 / 3) == pytest.approx(closed_form, abs=0.1)
    found = [politis_white_block_length(autoregression(rho, 20_000, seed)) for seed in range(20)]
    assert np.median([each.stationary for each in found]) == pytest.approx(closed_form, rel=0.1)
    # The circular bootstrap takes 1.5^(1/3) as much.
    assert np.median([each.circular / each.stationary for each in found]) == pytest.approx(1.5 ** (1 / 3), rel=1e-9)


def test_the_larger_length_of_returns_and_their_squares_is_taken():
    # Independent signs on a slow volatility: no dependence in the returns, much of it in their squares.
    generator = np.random.default_rng(1)
    volatility = np.exp(autoregression(0.98, 1500, 2) / 6) / 100
    returns = np.clip(generator.standard_normal(1500) * volatility, -0.2, 0.2)
    by_squares = politis_white_block_length(returns**2)
    assert by_squares.stationary > 3 * politis_white_block_length(returns).stationary
    assert optimal_block_length(returns) == by_squares.stationary
    assert optimal_block_length(returns, "circular") == by_squares.circular


def test_the_length_is_at_least_one_and_at_most_a_quarter():
    noise = np.random.default_rng(24).standard_normal(2000) / 100
    assert politis_white_block_length(noise).stationary < 1
    assert politis_white_block_length(noise**2).stationary < 1
    assert optimal_block_length(noise) == 1.0
    swings = np.repeat([0.01, -0.01, 0.01, -0.01], 6)
    assert politis_white_block_length(swings).stationary == 8  # ceil(min(3 sqrt(24), 24 / 3))
    assert optimal_block_length(swings) == 6.0


def test_returns_of_one_size_have_no_second_length():
    signs = np.where(np.random.default_rng(3).random(100) < 0.5, 0.01, -0.01)
    assert optimal_block_length(signs) == max(1.0, politis_white_block_length(signs).stationary)


def test_series_without_a_block_length_are_refused():
    with pytest.raises(InsufficientDataError, match="needs 20 returns, received 19"):
        optimal_block_length(np.linspace(-0.1, 0.1, 19))
    with pytest.raises(InsufficientDataError, match="all values are equal"):
        optimal_block_length(np.full(100, 0.01))
    with pytest.raises(DataError, match="NaN"):
        politis_white_block_length(np.array([np.nan] * 50))
    with pytest.raises(ConfigError, match="was 'iid'"):
        optimal_block_length(np.linspace(-0.1, 0.1, 50), "iid")
