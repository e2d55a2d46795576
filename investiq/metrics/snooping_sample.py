"""Trials ready to be tested against a benchmark: differences, their scale, and bootstrap draws of all at the same times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.metrics.block_length import LEAST_VALUES, politis_white_block_length
from investiq.metrics.inputs import FloatArray, Floats, finite
from investiq.metrics.options import seed_of, whole
from investiq.metrics.refusals import refuse_other_kinds
from investiq.metrics.resampling import bootstrap_indices
from investiq.metrics.snooping_result import SnoopingTest
from investiq.metrics.trial_matrix import TrialReturns, looks_like_prices, trial_matrix

__all__ = ["DRAWS", "Benchmark", "SnoopingSample", "median_block_length", "refuse_options", "snooping_sample"]

Benchmark: TypeAlias = "Floats | float | None"

# White (2000) and Hansen (2005) draw 1,000 or more.
DRAWS: Final = 1_000
# Differences below this share of the values are what rounding leaves of a constant.
_NO_VARIANCE: Final = 1e-12
# Values of one part of the work, which bounds its memory to some 100 MB.
_PART: Final = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class SnoopingSample:
    """Trials that can be tested, scaled so that their means are compared, and the rows of each draw."""

    names: tuple[str, ...]
    dropped: tuple[str, ...]
    means: FloatArray
    scaled: FloatArray
    variances: FloatArray
    rows: NDArray[np.int64]
    block_length: float
    periods: int

    @property
    def statistics(self) -> FloatArray:
        """``sqrt(n)`` times the scaled mean of each trial."""
        values: FloatArray = np.sqrt(self.periods) * self.scaled.mean(axis=0)
        return values

    def largest_draws(self, chosen: NDArray[np.bool_]) -> FloatArray:
        """Return the largest statistic of each draw among the chosen trials: recentred lower, consistent, upper."""
        scaled, variances = self.scaled[:, chosen], self.variances[chosen]
        return _largest_draws(scaled, variances, self.rows)


def _largest_draws(scaled: FloatArray, variances: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
    """Return, of shape (3, n_draws), the largest ``sqrt(n) * (mean of the draw - centre)`` over the trials, 0 at least."""
    periods, trials = scaled.shape
    means = scaled.mean(axis=0)
    # Hansen (2005): trials further below than this are out of the running.
    bound = -np.sqrt(variances * 2 * math.log(math.log(periods)) / periods)
    centres = np.stack([np.maximum(means, 0.0), np.where(means >= bound, means, 0.0), means])
    largest = np.zeros((3, len(rows)))
    step, width = (max(1, _PART // size) for size in (periods, len(rows)))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        places = part + periods * np.arange(len(part))[:, None]
        shares = np.bincount(places.ravel(), minlength=periods * len(part)).reshape(-1, periods) / periods
        for start in range(0, trials, width):
            drawn = shares @ scaled[:, start : start + width]
            for row, centre in zip(largest, centres, strict=True):
                top = math.sqrt(periods) * (drawn - centre[start : start + width]).max(axis=1)
                np.maximum(row[first : first + step], top, out=row[first : first + step])
    return largest


def snooping_sample(
    test: SnoopingTest,
    trial_returns: TrialReturns,
    benchmark: Benchmark,
    draws: int,
    block_length: float | None,
    level: float,
    seed: int,
) -> SnoopingSample:
    """Check and scale the trials, and draw; the parameters are those of `superior_predictive_ability`."""
    matrix = trial_matrix(trial_returns, least_rows=LEAST_VALUES, least_trials=1, purpose="a data-snooping test")
    periods = len(matrix.returns)
    refuse_options(draws, block_length, level, seed, periods)
    against = _benchmark_values(trial_returns, benchmark, periods)
    differences = matrix.returns - against[:, None]
    size = np.maximum(np.abs(matrix.returns).max(axis=0), np.abs(against).max())
    varies = np.ptp(differences, axis=0) > _NO_VARIANCE * size
    differences = differences[:, varies]
    names = tuple(name for name, kept in zip(matrix.names, varies, strict=True) if kept)
    block, rows = math.nan, np.empty((0, periods), dtype=np.int64)
    scaled, variances = differences, np.ones(differences.shape[1])
    if names:
        block = float(block_length or median_block_length(differences))
        rows = bootstrap_indices(periods, draws, scheme="stationary", block=block, seed=seed)
        variances = _long_run_variances(differences, block)
        if test == "spa":
            scaled, variances = differences / np.sqrt(variances), np.ones(len(names))
    return SnoopingSample(
        names=names,
        dropped=tuple(name for name, kept in zip(matrix.names, varies, strict=True) if not kept),
        means=differences.mean(axis=0),
        scaled=scaled,
        variances=variances,
        rows=rows,
        block_length=block,
        periods=periods,
    )


def refuse_options(draws: int, block_length: float | None, level: float, seed: int, periods: int) -> None:
    """Raise ConfigError if an option is out of range."""
    whole("draws", draws, DRAWS)  # fewer make p-values rough
    if block_length is not None and (
        not isinstance(block_length, (int, float, np.number)) or not 1 <= block_length <= periods
    ):
        raise ConfigError(f"block_length must lie between 1 and the {periods} periods, was {block_length!r}")
    if not 0 < level < 1:
        raise ConfigError(f"level must lie in (0, 1), was {level}")
    seed_of(seed)


def _benchmark_values(trial_returns: TrialReturns, benchmark: Benchmark, periods: int) -> FloatArray:
    """Return the benchmark of each period; a Series is joined by its index."""
    if benchmark is None or isinstance(benchmark, (int, float, np.number)):
        return finite("benchmark", np.full(periods, 0.0 if benchmark is None else float(benchmark)))
    refuse_other_kinds("benchmark", benchmark)
    index, own = getattr(trial_returns, "index", None), getattr(benchmark, "index", None)
    if (index is None) != (own is None):
        raise DataError(
            "one of trial_returns and benchmark has an index and the other has none; pass a DataFrame and a Series, "
            "which are joined by it, or arrays of equal length"
        )
    if index is None:
        values = finite("benchmark", benchmark)
        if values.size != periods:
            raise DataError(f"benchmark has {values.size} values, trial_returns {periods} rows; they must be equal")
        return _returns_not_prices(values)
    if (getattr(index, "tz", None) is None) != (getattr(own, "tz", None) is None):
        raise DataError("one of the indexes of trial_returns and benchmark has a zone and one has none; give both UTC")
    if not own.is_unique:  # type: ignore[union-attr]
        raise DataError("the index of benchmark holds a time twice; keep one row a period")
    if missing := int((~index.isin(own)).sum()):
        raise DataError(
            f"benchmark lacks {missing} of the {periods} periods of trial_returns; cut both to common periods"
        )
    return _returns_not_prices(finite("benchmark", benchmark.loc[index]))  # type: ignore[union-attr]


def _returns_not_prices(values: FloatArray) -> FloatArray:
    """Return the benchmark, or refuse it: against prices no trial of returns could ever win."""
    if looks_like_prices(values[:, None]).any():
        raise DataError(
            f"benchmark looks like prices or wealth: all of its values are positive, {values.min():.6g} to "
            f"{values.max():.6g}; pass returns, as from prices.pct_change().iloc[1:]"
        )
    return values


def median_block_length(differences: FloatArray) -> float:
    """Return the median over the trials of the larger length, of differences and of squares, within 1 and n / 4."""
    lengths = []
    for column in differences.T:
        squares = column * column
        found = [politis_white_block_length(column).stationary]
        if np.ptp(squares) > 0:
            found.append(politis_white_block_length(squares).stationary)
        lengths.append(max(found))
    return float(np.clip(np.median(lengths), 1.0, len(differences) / 4))


def _long_run_variances(differences: FloatArray, block: float) -> FloatArray:
    """Return n times the variance of each mean under the stationary bootstrap, in closed form.

    Politis and Romano (1994): autocovariances weighted by
    ``(1 - i/n) q^i + (i/n) q^(n-i)`` with ``q = 1 - 1/block``.
    """
    periods, trials = differences.shape
    q, lags = 1 - 1 / block, np.arange(1, periods)
    weights = (1 - lags / periods) * q**lags + lags / periods * q ** (periods - lags)
    variances = np.empty(trials)
    width = max(1, _PART // (2 * periods))
    for start in range(0, trials, width):
        part = differences[:, start : start + width]
        spectrum = np.fft.rfft(part - part.mean(axis=0), n=2 * periods, axis=0)
        products = np.fft.irfft(np.abs(spectrum) ** 2, n=2 * periods, axis=0)[:periods] / periods
        variances[start : start + width] = products[0] + 2 * weights @ products[1:]
    return variances
