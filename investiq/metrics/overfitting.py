"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV)."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, InsufficientDataError, near_matches
from investiq.core.notes import Note
from investiq.metrics.arrays import numbers
from investiq.metrics.inputs import FloatArray
from investiq.metrics.options import whole
from investiq.metrics.overfitting_result import Overfitting
from investiq.metrics.trial_matrix import TrialReturns, trial_matrix

__all__ = ["pbo_from_blocks", "probability_of_backtest_overfitting"]

MomentStatistic: TypeAlias = Literal["sharpe", "mean", "sum"]
HalfStatistic: TypeAlias = Callable[[FloatArray], FloatArray]

# Bailey, Borwein, Lopez de Prado and Zhu (2017): 16 blocks, 12,870 splits.
BLOCKS: Final = 16
FEWEST_BLOCKS, MOST_BLOCKS = 4, 20
# Below these a rank, or a statistic of one block, says little; results carry a caution.
RECOMMENDED_TRIALS: Final = 10
RECOMMENDED_ROWS_PER_BLOCK: Final = 20
_WORDS: Final = {"sharpe": "Sharpe ratio per period (ddof 1)", "mean": "mean per period", "sum": "sum of the half"}
# Of two values equal but for rounding.
_ROUNDING: Final = 1e-12


def probability_of_backtest_overfitting(
    trial_returns: TrialReturns, blocks: int = BLOCKS, statistic: MomentStatistic | HalfStatistic = "sharpe"
) -> Overfitting:
    """Return the probability that the best of many trials is not better than their median later.

    The periods are cut into `blocks` blocks in time order. Each choice of half
    of them is once the sample in which the best trial is selected; its rank
    among all trials in the other half gives a logit, and the probability of
    backtest overfitting (PBO) is the share of logits that are not positive
    [1]_. On noise PBO is near 0.5, but one value is rough: over draws of 20
    independent trials of 480 periods it has a standard deviation of about 0.2.

    Sums and sums of squares of blocks are added up, which is exact for
    ``"sharpe"``, ``"mean"`` and ``"sum"``; a callable sees every half whole.
    Selection does not depend on the order of the columns. Statistics that differ
    by rounding only, as those of one rule at several sizes, are tied. A trial without
    variance in a half, such as one that never traded, has no Sharpe ratio there;
    it is ranked at 0, above losers and below winners, and a note counts it.

    Parameters
    ----------
    trial_returns : ndarray or DataFrame of shape (n_periods, n_trials)
        Results of all trials over the same periods, failed ones included:
        returns as fractions, or profits in one unit.
    blocks : int, default 16
        Even, 4 to 20. The first ``n_periods % blocks`` rows are left out.
    statistic : {"sharpe", "mean", "sum"} or callable
        What the trials are compared by, per period. A callable takes a half,
        of shape (n_rows, n_trials) in time order, and returns one finite value
        a trial, more being better.

    Returns
    -------
    Overfitting

    Raises
    ------
    ConfigError
        If `blocks` or `statistic` is not one of these.
    DataError
        If the returns hold NaN or infinite values or look like prices, or a
        callable returns anything but one finite value a trial.
    InsufficientDataError
        If there are fewer than 2 trials or than `blocks` periods.

    References
    ----------
    .. [1] Bailey, D. H., Borwein, J. M., Lopez de Prado, M. and Zhu, Q. J.
       (2017). "The probability of backtest overfitting." Journal of
       Computational Finance 20(4), 39-69.

    Examples
    --------
    >>> noise = 0.01 * np.random.default_rng(3).standard_normal((480, 20))
    >>> found = probability_of_backtest_overfitting(noise, blocks=8)
    >>> len(found.logits), 0 < found.pbo < 1
    (70, True)
    >>> noise[:, 5] += 0.005
    >>> probability_of_backtest_overfitting(noise, blocks=8).pbo
    0.0
    """
    _check(blocks, statistic)
    matrix = trial_matrix(trial_returns, least_rows=blocks, least_trials=2, purpose=f"PBO with {blocks} blocks")
    rows, dropped = divmod(len(matrix.returns), blocks)
    cut = matrix.returns[dropped:].reshape(blocks, rows, -1)
    if callable(statistic):
        found = _judge_callable(cut, statistic)
        name = getattr(statistic, "__name__", type(statistic).__name__)
        return _result(found, 0, f"{name} of the half", cut.shape[2], blocks, rows, dropped)
    sums = cut.sum(axis=1)
    squares = np.stack([np.square(block).sum(axis=0) for block in cut])
    return _from_moments(sums, squares, rows, statistic, dropped)


def pbo_from_blocks(
    sums: FloatArray,
    sums_of_squares: FloatArray,
    counts: int | NDArray[np.int64],
    statistic: MomentStatistic = "sharpe",
) -> Overfitting:
    """Return the probability of backtest overfitting from what a sweep keeps of each trial.

    Parameters
    ----------
    sums, sums_of_squares : ndarray of shape (n_blocks, n_trials)
        Of the returns in each block of time, blocks in time order.
    counts : int or ndarray of shape (n_blocks,)
        Periods in a block, the same in each.
    statistic : {"sharpe", "mean", "sum"}

    Returns
    -------
    Overfitting
        That of `probability_of_backtest_overfitting` on the returns themselves.

    Raises
    ------
    ConfigError
        If the number of blocks or the statistic is not one of those allowed.
    DataError
        If shapes differ, blocks have different counts, values are not finite,
        or a sum of squares is less than its sum allows.
    InsufficientDataError
        If there are fewer than 2 trials.

    Examples
    --------
    >>> sums = np.array([[-4, 4, 2, 4], [3, 1, 4, -2], [-3, 2, 2, -3], [4, -2, 4, 0]])
    >>> round(pbo_from_blocks(sums, sums**2, 1, statistic="sum").pbo, 6)
    0.166667
    """
    sums = np.ascontiguousarray(numbers("sums", sums))
    squares = np.ascontiguousarray(numbers("sums_of_squares", sums_of_squares))
    if sums.ndim != 2 or sums.shape != squares.shape:
        raise DataError(
            f"sums has shape {sums.shape} and sums_of_squares {squares.shape}; both must be (n_blocks, n_trials)"
        )
    _check(len(sums), statistic)
    if callable(statistic):
        raise ConfigError("a callable needs the returns themselves: use probability_of_backtest_overfitting")
    if sums.shape[1] < 2:
        raise InsufficientDataError(f"PBO needs 2 trials (columns), received {sums.shape[1]}")
    sizes = np.atleast_1d(np.asarray(counts))
    if sizes.dtype.kind not in "iu" or sizes.shape not in ((1,), (len(sums),)) or (sizes != sizes[0]).any():
        raise DataError(f"counts must be one whole number, or {len(sums)} equal ones, was {counts}; cut equal blocks")
    rows = int(sizes[0])
    if rows < 1:
        raise DataError(f"counts must be positive, was {rows}")
    if not (np.isfinite(sums).all() and np.isfinite(squares).all()):
        raise DataError("sums and sums_of_squares must be finite; repair the trial that is not")
    # Cauchy and Schwarz; the slack is rounding.
    if (squares * rows < sums**2 * (1 - 1e-9)).any():
        raise DataError(f"a sum of squares is less than {rows} returns with its sum allow; check sums and counts")
    return _from_moments(sums, squares, rows, statistic, 0)


def _check(blocks: int, statistic: object) -> None:
    if whole("blocks", blocks, FEWEST_BLOCKS, MOST_BLOCKS) % 2:
        raise ConfigError(f"blocks must be even and {FEWEST_BLOCKS} to {MOST_BLOCKS}, was {blocks}")
    if not callable(statistic) and statistic not in _WORDS:
        raise ConfigError(
            f"statistic must be 'sharpe', 'mean', 'sum' or a callable, was {statistic!r}"
            f"{near_matches(str(statistic), _WORDS)}"
        )


def _halves(blocks: int) -> NDArray[np.int64]:
    """Return the blocks of every half in lexicographic order: half ``k`` and half ``-1 - k`` are complements."""
    return np.array(list(combinations(range(blocks), blocks // 2)), dtype=np.int64)


def _from_moments(
    sums: FloatArray, squares: FloatArray, rows: int, statistic: MomentStatistic, dropped: int
) -> Overfitting:
    from investiq.metrics.overfitting_kernels import judge_halves

    blocks, trials = sums.shape
    size = rows * blocks // 2
    halves = _halves(blocks)
    found = np.empty((len(halves), 6))
    flat = judge_halves(sums, squares, rows, halves, statistic == "sharpe", found)
    if statistic == "mean":
        found[:, :3] /= size
    return _result(found, int(flat), _WORDS[statistic], trials, blocks, rows, dropped)


def _judge_callable(cut: FloatArray, statistic: HalfStatistic) -> FloatArray:
    from investiq.metrics.overfitting_kernels import judge_split

    trials = cut.shape[2]
    halves = _halves(len(cut))
    found = np.empty((len(halves), 6))
    for split in range(len(halves) // 2):
        pair = []
        for half in (halves[split], halves[-1 - split]):
            values = np.asarray(statistic(cut[half].reshape(-1, trials)), dtype=np.float64)
            if values.shape != (trials,) or not np.isfinite(values).all():
                wrong = f"shape {values.shape}" if values.shape != (trials,) else "NaN or infinite values"
                raise DataError(f"statistic must return {trials} finite values, one a trial; it returned {wrong}")
            pair.append(values)
        judge_split(pair[0], pair[1], found[split])
        judge_split(pair[1], pair[0], found[-1 - split])
    return found


def _result(
    found: FloatArray, flat: int, statistic: str, trials: int, blocks: int, rows: int, dropped: int
) -> Overfitting:
    inside, outside, everyone, ranks, tied, level = found.T
    relative = ranks / (trials + 1)
    logits = np.log(relative / (1 - relative))
    offsets = inside - inside.mean()
    varies = float(np.ptp(inside)) > _ROUNDING * float(np.abs(inside).max())
    first, second = _dominance(outside, everyone)
    return Overfitting(
        pbo=float(np.mean(logits <= 0)),
        logits=logits,
        ranks=ranks,
        in_sample=inside,
        out_of_sample=outside,
        all_out_of_sample=everyone,
        slope=float(offsets @ outside / (offsets @ offsets)) if varies else math.nan,
        loss_probability=float(np.mean(outside < 0)),
        dominates_first=first,
        dominates_second=second,
        tied_in_sample=float(np.mean(tied > 1)),
        tied_out_of_sample=float(np.mean(level > 0)),
        statistic=statistic,
        trials=trials,
        blocks=blocks,
        rows_per_block=rows,
        rows_dropped=dropped,
        notes=_cautions(trials, rows, flat, len(found) * trials, dropped),
    )


def _dominance(selected: FloatArray, everyone: FloatArray) -> tuple[bool, bool]:
    """Return whether `selected` dominates `everyone` in the first and in the second order.

    Of two samples of one size one dominates in the first order if each of its
    sorted values is at least the other's, and in the second order if each sum
    of its lowest values is, once more than equal.
    """
    gaps = np.sort(selected) - np.sort(everyone)
    slack = _ROUNDING * max(float(np.abs(selected).max()), float(np.abs(everyone).max()))
    sums = np.cumsum(gaps)
    first = bool((gaps >= -slack).all() and (gaps > slack).any())
    second = bool((sums >= -slack * len(gaps)).all() and (sums > slack * len(gaps)).any())
    return first, second


def _cautions(trials: int, rows: int, flat: int, halves_of_trials: int, dropped: int) -> tuple[Note, ...]:
    notes = []
    if trials < RECOMMENDED_TRIALS:
        text = f"{trials} trials; a rank among fewer than {RECOMMENDED_TRIALS} is coarse"
        notes.append(Note(code="few_trials", text=text))
    if rows < RECOMMENDED_ROWS_PER_BLOCK:
        text = f"{_periods(rows)} a block of the PBO; with fewer than {RECOMMENDED_ROWS_PER_BLOCK} the statistic of a half is noise"
        notes.append(Note(code="short_blocks", text=text))
    if flat:
        text = (
            f"{flat:,} of {halves_of_trials:,} halves of trials have no variance and so no Sharpe ratio "
            "(a strategy that did not trade); they are ranked at 0"
        )
        notes.append(Note(code="no_variance", text=text, rows=flat))
    if dropped:
        text = f"the first {_periods(dropped)} do not fill the blocks of the PBO and are left out of it"
        notes.append(Note(code="rows_dropped", text=text, rows=dropped, severity="info"))
    return tuple(notes)


def _periods(count: int) -> str:
    return "1 period" if count == 1 else f"{count:,} periods"
