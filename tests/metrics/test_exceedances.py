"""The tests of exceedances against published and hand values, and a second optimiser."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.metrics.exceedances import christoffersen_test, duration_test, joint, kupiec_test


def hits(count, *rows):
    found = np.zeros(count, dtype=bool)
    found[list(rows)] = True
    return found


def test_kupiec_gives_jorions_figure_for_jp_morgan_in_1998():
    # Jorion, "Value at Risk": 20 exceptions in 252 days at 95 %, LR 3.91, just above the 3.84 of 5 %.
    test = kupiec_test(20, 252, 0.95)
    assert test.statistic == pytest.approx(3.91, abs=0.005)
    assert test.p_value == pytest.approx(0.048, abs=0.0005)
    assert test.degrees == 1


def test_kupiec_by_hand_for_ten_of_250_at_99_percent():
    # 2 [10 ln(0.04 / 0.01) + 240 ln(0.96 / 0.99)] = 2 [13.8629436 - 7.3851994] = 12.95549.
    test = kupiec_test(10, 250, 0.99)
    assert test.statistic == pytest.approx(12.95549, abs=1e-5)
    assert test.p_value == pytest.approx(stats.chi2.sf(12.95549, 1), rel=1e-4)


def test_kupiecs_non_rejection_regions_are_those_of_his_table():
    # Kupiec 1995 (and Jorion): at test level 5 %, p 0.05, T 255: reject outside 6 < N < 21; p 0.01, T 255: N < 7.
    accepted = [n for n in range(60) if kupiec_test(n, 255, 0.95).statistic < 3.8415]
    assert (accepted[0], accepted[-1]) == (7, 20)
    accepted = [n for n in range(60) if kupiec_test(n, 255, 0.99).statistic < 3.8415]
    assert accepted[-1] == 6


def test_kupiec_without_an_exceedance_and_with_nothing_else():
    # -2 x 250 ln 0.99 = 5.02517; all of 5 at 95 %: -2 x 5 ln 0.05 = 29.95732.
    assert kupiec_test(0, 250, 0.99).statistic == pytest.approx(5.02517, abs=1e-5)
    assert kupiec_test(5, 5, 0.95).statistic == pytest.approx(29.95732, abs=1e-5)


def test_kupiec_is_zero_at_the_expected_rate():
    assert kupiec_test(5, 100, 0.95).statistic == pytest.approx(0.0, abs=1e-12)
    assert kupiec_test(5, 100, 0.95).p_value == pytest.approx(1.0, abs=1e-5)


def test_kupiec_refuses_impossible_counts():
    with pytest.raises(DataError, match="between 0 and the 10 periods, were 11"):
        kupiec_test(11, 10)
    with pytest.raises(DataError, match=r"were 2\.5; count whole ones"):
        kupiec_test(2.5, 10)
    with pytest.raises(InsufficientDataError, match="needs 1 period, received 0"):
        kupiec_test(0, 0)
    with pytest.raises(ConfigError, match=r"95 % is 0\.95"):
        kupiec_test(1, 10, 95)


def test_christoffersen_by_hand():
    # Rows 20, 21 and 60 of 100: n00 94, n01 2, n10 2, n11 1.
    # ln chain  94 ln(94/96) + 2 ln(2/96) + 2 ln(2/3) + ln(1/3) = -11.63096
    # ln pooled 96 ln(96/99) + 3 ln(3/99)                       = -13.44360
    # LR = 2 (13.44360 - 11.63096) = 3.62527.
    test = christoffersen_test(hits(100, 20, 21, 60))
    assert test.statistic == pytest.approx(3.62527, abs=2e-5)
    assert test.p_value == pytest.approx(0.0569, abs=1e-4)


def test_christoffersen_with_no_neighbours_takes_zero_log_zero_as_zero():
    # n00 96, n01 1, n10 2, n11 0 (the first row is one): 96 ln(96/97) + ln(1/97) against 98 ln(98/99) + ln(1/99).
    chain = 96 * math.log(96 / 97) + math.log(1 / 97)
    pooled = 98 * math.log(98 / 99) + math.log(1 / 99)
    assert christoffersen_test(hits(100, 0, 60)).statistic == pytest.approx(2 * (chain - pooled), abs=1e-12)


@pytest.mark.parametrize("rows", [(), (99,)])
def test_christoffersen_says_why_it_cannot_decide(rows):
    test = christoffersen_test(hits(100, *rows))
    assert math.isnan(test.statistic)
    assert math.isnan(test.p_value)
    assert test.reason == "no period follows an exceedance"
    assert christoffersen_test(np.ones(5, bool)).reason == "every period follows an exceedance"


def test_christoffersen_takes_booleans_only():
    with pytest.raises(DataError, match="one series of booleans, was float64"):
        christoffersen_test(np.array([0.0, 1.0]))
    assert christoffersen_test(pd.Series(hits(100, 20, 21, 60))).statistic > 3


def weibull_by_two_parameters(rows, count):
    """Christoffersen and Pelletier's likelihood, maximised over rate and shape by another optimiser."""
    spells = np.diff(rows).astype(float)
    censored = np.array([d for d in ([rows[0] + 1] if rows[0] > 0 else []) + [count - 1 - rows[-1]] if d > 0], float)

    def loss(rate, shape):
        density = shape * np.log(rate) + np.log(shape) + (shape - 1) * np.log(spells) - (rate * spells) ** shape
        return -(density.sum() - ((rate * censored) ** shape).sum())

    free = optimize.minimize(
        lambda x: loss(*np.exp(x)),
        [-3.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
    )
    fixed = optimize.minimize_scalar(lambda x: loss(np.exp(x), 1.0), bounds=(-10, 1), method="bounded")
    return 2 * (fixed.fun - free.fun)


@pytest.mark.parametrize(
    ("count", "rows"), [(400, [30, 31, 33, 34, 210, 212, 213]), (300, [0, 50, 110, 180, 240, 299])]
)
def test_the_duration_statistic_is_that_of_a_search_over_both_parameters(count, rows):
    expected = weibull_by_two_parameters(np.array(rows), count)
    assert expected > 1
    assert duration_test(hits(count, *rows)).statistic == pytest.approx(expected, rel=1e-4)


def test_duration_p_values_of_independent_exceedances_are_about_uniform():
    rng = np.random.default_rng(11)
    tests = [duration_test(rng.random(1000) < 0.05) for _ in range(200)]
    # Binomial with p 0.05 and 200 draws: 99.9 % within 0.005 to 0.11; its finite-sample size is near 5 to 7 %.
    assert 0.005 <= np.mean([test.p_value < 0.05 for test in tests]) <= 0.11


def test_duration_needs_two_exceedances():
    assert duration_test(hits(50, 7)).reason == "needs 2 exceedances, found 1"
    assert math.isnan(duration_test(hits(50)).p_value)


def test_conditional_coverage_adds_statistics_and_degrees_of_freedom():
    both = joint(kupiec_test(20, 252), christoffersen_test(hits(100, 20, 21, 60)))
    assert both.statistic == pytest.approx(3.913 + 3.625, abs=1e-3)
    assert both.degrees == 2
    # The chi-squared(2) survival function is exp(-x / 2).
    assert both.p_value == pytest.approx(math.exp(-both.statistic / 2), rel=1e-12)
    assert joint(kupiec_test(0, 252), christoffersen_test(hits(100))).reason == "no period follows an exceedance"
