"""Tests for data snooping: whether the best of many trials beats a benchmark, all of them counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from investiq.core.notes import Note
from investiq.metrics.block_length import LEAST_VALUES
from investiq.metrics.inputs import FloatArray
from investiq.metrics.snooping_result import Snooping, SnoopingTest
from investiq.metrics.snooping_sample import (
    DRAWS,
    Benchmark,
    SnoopingSample,
    median_block_length,
    refuse_options,
    snooping_sample,
)
from investiq.metrics.trial_matrix import TrialReturns, trial_matrix

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["model_confidence_set", "reality_check", "step_m", "superior_predictive_ability"]

# The size of the tests is checked on simulated trials of 250 periods.
RECOMMENDED_PERIODS: Final = 250


def superior_predictive_ability(
    trial_returns: TrialReturns,
    benchmark: Benchmark = None,
    *,
    draws: int = DRAWS,
    block_length: float | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> Snooping:
    """Test whether any trial beats the benchmark, by Hansen's studentised test.

    The null hypothesis is that no trial has a higher mean than the benchmark.
    The statistic is ``max(0, max_k sqrt(n) * mean_k / omega_k)`` over the
    trials' results less the benchmark's, with the long-run standard deviation
    ``omega_k`` that the stationary bootstrap implies; its distribution is drawn
    by resampling all trials at the same times [1]_. Pass every trial that was
    run, the failed ones too: the answer counts them.

    Parameters
    ----------
    trial_returns : ndarray or DataFrame of shape (n_periods, n_trials)
        Results of all trials over the same periods.
    benchmark : float, ndarray or Series of shape (n_periods,), optional
        What must be beaten, in the same unit: per-period returns, or one number
        for every period. None is 0, cash at no interest. A Series is joined on
        the index of `trial_returns`.
    draws : int, default 1000
        At least 1,000.
    block_length : float, optional
        Mean length of a block in periods. By default the median over the
        trials of the Politis-White length for their differences from the
        benchmark or for the squares, the larger; between 1 and ``n / 4``.
    level : float, default 0.05
        Of the critical value.
    seed : int, default 0

    Returns
    -------
    Snooping
        Its ``p_value`` is the consistent one. A p-value is (1 + draws at or
        above the statistic) / (1 + draws), and so never 0; it is 1 where no
        trial's mean is above the benchmark's.

    Raises
    ------
    ConfigError
        If `draws`, `block_length`, `level` or `seed` is out of range.
    DataError
        If results are NaN or infinite or look like prices, or the benchmark
        does not cover the same periods.
    InsufficientDataError
        If there are fewer than 20 periods, or no trial.

    Notes
    -----
    A trial that equals the benchmark, or keeps a constant distance from it, has
    no variance and cannot be studentised; it is dropped with a note, and the
    p-values are 1 if none is left. arch 8.0 has an argument ``studentize``
    that its test does not use; divided by ``omega_k`` first, the same draws
    give it the same p-values. Among 20 trials of noise the test rejects at the
    5 % level in 7 % of samples of 250 periods, and in 5 % of 500 (blocks of 5).

    References
    ----------
    .. [1] Hansen, P. R. (2005). "A test for superior predictive ability."
       Journal of Business and Economic Statistics 23(4), 365-380.

    Examples
    --------
    >>> trials = 0.01 * np.random.default_rng(5).standard_normal((500, 20))
    >>> superior_predictive_ability(trials, block_length=5).p_value > 0.05
    True
    >>> trials[:, 3] += 0.002
    >>> found = superior_predictive_ability(trials, block_length=5)
    >>> found.best, found.p_value < 0.01
    ('3', True)
    """
    return _test("spa", trial_returns, benchmark, draws, block_length, level, seed)


def reality_check(
    trial_returns: TrialReturns,
    benchmark: Benchmark = None,
    *,
    draws: int = DRAWS,
    block_length: float | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> Snooping:
    """Test whether any trial beats the benchmark, by White's reality check [1]_.

    As `superior_predictive_ability`, but means are not divided by their
    standard deviations and every trial counts as if it equalled the benchmark:
    bad and erratic trials make it conservative.

    Parameters
    ----------
    trial_returns, benchmark, draws, block_length, level, seed
        As in `superior_predictive_ability`.

    Returns
    -------
    Snooping
        Its ``p_value`` is the upper one.

    References
    ----------
    .. [1] White, H. (2000). "A reality check for data snooping." Econometrica
       68(5), 1097-1126.

    Examples
    --------
    >>> trials = 0.01 * np.random.default_rng(5).standard_normal((500, 20))
    >>> found = reality_check(trials, block_length=5)
    >>> found.p_value == found.p_upper > 0.05
    True
    """
    return _test("reality_check", trial_returns, benchmark, draws, block_length, level, seed)


def step_m(
    trial_returns: TrialReturns,
    benchmark: Benchmark = None,
    *,
    draws: int = DRAWS,
    block_length: float | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> tuple[str, ...]:
    """Return which trials beat the benchmark, wrong about any with probability `level` at most.

    Trials beyond the critical value of `superior_predictive_ability` are
    superior; the critical value of the others alone is lower, so the step is
    repeated on them until it adds none [1]_.

    Parameters
    ----------
    trial_returns, benchmark, draws, block_length, seed
        As in `superior_predictive_ability`.
    level : float, default 0.05
        Family-wise error rate.

    Returns
    -------
    tuple of str
        Names of the superior trials in the order of the columns.

    References
    ----------
    .. [1] Romano, J. P. and Wolf, M. (2005). "Stepwise multiple testing as
       formalized data snooping." Econometrica 73(4), 1237-1282.

    Examples
    --------
    >>> trials = 0.01 * np.random.default_rng(5).standard_normal((500, 20))
    >>> trials[:, [3, 8]] += 0.003
    >>> step_m(trials, block_length=5)
    ('3', '8')
    """
    sample = snooping_sample("spa", trial_returns, benchmark, draws, block_length, level, seed)
    statistics = sample.statistics
    is_superior = np.zeros(statistics.size, dtype=bool)
    while not is_superior.all():
        critical = _critical(sample.largest_draws(~is_superior)[1], level)
        found = ~is_superior & (statistics > critical)
        if not found.any():
            break
        is_superior |= found
    return tuple(name for name, superior in zip(sample.names, is_superior, strict=True) if superior)


def model_confidence_set(
    trial_returns: TrialReturns, *, draws: int = DRAWS, block_length: float | None = None, seed: int = 0
) -> pd.Series[float]:
    """Return a p-value for each trial: those above a level form the set that holds the best at that level.

    Trials are removed one by one, the worst first, until equal means can no
    longer be rejected [1]_ (statistic of the maximum, arch). No benchmark is needed.

    Parameters
    ----------
    trial_returns, draws, block_length, seed
        As in `superior_predictive_ability`; the block length by default is that
        of the differences from the mean of all trials, rounded up.

    Returns
    -------
    Series of shape (n_trials,)
        p-values by trial. At 10 % the set is those above 0.10; a wide set says
        that the data cannot tell the trials apart. Identical trials share one.

    References
    ----------
    .. [1] Hansen, P. R., Lunde, A. and Nason, J. M. (2011). "The model
       confidence set." Econometrica 79(2), 453-497.

    Examples
    --------
    >>> trials = 0.01 * np.random.default_rng(5).standard_normal((500, 3)) + [0.004, 0.004, -0.004]
    >>> (model_confidence_set(trials, block_length=5) > 0.10).tolist()
    [True, True, False]
    """
    import pandas as pd
    from arch.bootstrap import MCS

    matrix = trial_matrix(trial_returns, least_rows=LEAST_VALUES, least_trials=2, purpose="a model confidence set")
    refuse_options(draws, block_length, 0.05, seed, len(matrix.returns))
    names = pd.Index(matrix.names, name="trial", dtype=object)
    unique, place = np.unique(matrix.returns, axis=1, return_inverse=True)
    if unique.shape[1] == 1:
        return pd.Series(1.0, index=names, name="p_value")
    differences = unique - unique.mean(axis=1, keepdims=True)
    block = block_length or median_block_length(differences[:, np.ptp(differences, axis=0) > 0])
    test = MCS(-unique, size=0.05, reps=draws, block_size=math.ceil(block), method="max", seed=seed)
    test.compute()
    found = test.pvalues["Pvalue"].sort_index().to_numpy(dtype=np.float64)
    return pd.Series(found[place.ravel()], index=names, name="p_value")


def _test(
    test: SnoopingTest,
    trial_returns: TrialReturns,
    benchmark: Benchmark,
    draws: int,
    block_length: float | None,
    level: float,
    seed: int,
) -> Snooping:
    sample = snooping_sample(test, trial_returns, benchmark, draws, block_length, level, seed)
    statistics = sample.statistics
    p_values, critical = [1.0, 1.0, 1.0], math.nan
    if sample.names:
        largest = sample.largest_draws(np.ones(statistics.size, dtype=bool))
        found = max(0.0, float(statistics.max()))
        p_values = [(1 + int((row >= found).sum())) / (1 + draws) for row in largest]
        critical = _critical(largest[2 if test == "reality_check" else 1], level)
    return Snooping(
        test=test,
        p_lower=p_values[0],
        p_consistent=p_values[1],
        p_upper=p_values[2],
        names=sample.names,
        means=sample.means,
        statistics=statistics,
        critical_value=critical,
        level=level,
        block_length=sample.block_length,
        draws=draws,
        seed=seed,
        periods=sample.periods,
        dropped=sample.dropped,
        notes=_cautions(sample),
    )


def _critical(largest: FloatArray, level: float) -> float:
    return float(np.quantile(largest, 1 - level))


def _cautions(sample: SnoopingSample) -> tuple[Note, ...]:
    notes = []
    if sample.dropped:
        shown = ", ".join(sample.dropped[:5]) + (", ..." if len(sample.dropped) > 5 else "")
        text = f"{len(sample.dropped)} trial(s) have no variance against the benchmark and are not tested: {shown}" + (
            "" if sample.names else "; none is left, so the p-values are 1"
        )
        notes.append(Note(code="no_variance", text=text, rows=len(sample.dropped)))
    if sample.periods < RECOMMENDED_PERIODS:
        text = f"{sample.periods} periods; with fewer than {RECOMMENDED_PERIODS} the bootstrap may reject too often"
        notes.append(Note(code="few_periods", text=text))
    return tuple(notes)
