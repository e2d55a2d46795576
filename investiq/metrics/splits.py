"""Cross-validation splits of labelled samples in time: purged, embargoed, and combined into paths."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.notes import Note
from investiq.metrics.arrays import numbers
from investiq.metrics.inputs import FloatArray
from investiq.metrics.options import seed_of, whole
from investiq.metrics.purged_splits import IndexArray, PurgedSplits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["combinatorial_purged_splits", "path_sharpes", "purged_k_fold"]

Labels: TypeAlias = "NDArray[Any] | pd.Index | pd.Series[Any]"

# Lopez de Prado (2018), section 7.4.2: an embargo near 1 % of the samples is enough.
EMBARGO_SHARE: Final = 0.01
# Returns of a path that differ by less than this share of the largest are one, but for rounding.
_NO_VARIANCE: Final = 1e-12
# More splits are refused unless `max_splits` caps them; each one is a fit of the model.
_MOST_SPLITS: Final = 100_000
# Beyond so many groups their combinations do not fit 64 bits.
_MOST_GROUPS: Final = 60


class PathSharpes(NamedTuple):
    """Sharpe ratios of backtest paths, per period (ddof 1).

    `loss_share` is the share of paths whose ratio is negative. The paths share
    data: their spread is no standard error, and their number is no number of trials.
    """

    values: FloatArray
    mean: float
    sd: float
    fifth_percentile: float
    loss_share: float


def purged_k_fold(
    starts: Labels, ends: Labels | None = None, *, folds: int = 5, embargo: int | None = None
) -> PurgedSplits:
    """Return K folds in time order, each tested once, the training samples purged and embargoed.

    The case of one tested group of `combinatorial_purged_splits`, which says
    what the parameters mean. Training samples later than the tested fold are
    used too: this measures a model, it is no walk-forward.

    Examples
    --------
    >>> splits = purged_k_fold(np.arange(10), np.arange(10) + 1, folds=5, embargo=1)
    >>> splits[1].test, splits[1].train
    (array([2, 3]), array([0, 6, 7, 8, 9]))
    """
    return combinatorial_purged_splits(starts, ends, groups=folds, test_groups=1, embargo=embargo)


def combinatorial_purged_splits(
    starts: Labels,
    ends: Labels | None = None,
    *,
    groups: int = 6,
    test_groups: int = 2,
    embargo: int | None = None,
    max_splits: int | None = None,
    seed: int = 0,
) -> PurgedSplits:
    """Return the splits and paths of combinatorial purged cross-validation (CPCV) [1]_.

    The samples are cut into groups in time order, and each choice of
    `test_groups` of them is tested once. Every group is tested by
    ``C(groups - 1, test_groups - 1)`` splits, which is the number of complete
    backtest paths.

    A training sample is purged if its label shares an instant with that of a
    tested one: intervals are closed, so a label that ends where another begins
    overlaps it. Behind the last sample so purged after a tested group, the next
    `embargo` samples are left out as well.

    Parameters
    ----------
    starts : ndarray, Index or Series of shape (n_samples,)
        Instant at which each label begins to use data, ascending: positions or times.
    ends : ndarray, Index or Series of shape (n_samples,), optional
        Last instant that each label uses, inclusive: for a return over the next
        five bars, ``starts + 5``. None says that each label is its start alone.
    groups : int, default 6
    test_groups : int, default 2
    embargo : int, optional
        In samples; by default 1 % of them, rounded up. At least the memory of
        the features, where these overlap.
    max_splits : int, optional
        Where there are more combinations, so many are drawn from all of them;
        then there are as many complete paths as the rarest group is tested.
    seed : int, default 0
        Of that draw.

    Returns
    -------
    PurgedSplits

    Raises
    ------
    ConfigError
        If a number is out of range, or the splits are too many without `max_splits`.
    DataError
        If `starts` descends, holds missing values, or a label ends before it
        starts; if one of both has a zone and the other none, or two Series have
        different indexes.
    InsufficientDataError
        If there are fewer samples than groups, or a split has no training sample left.

    References
    ----------
    .. [1] Lopez de Prado, M. (2018). Advances in Financial Machine Learning,
       chapters 7 and 12. Wiley.

    Examples
    --------
    >>> splits = combinatorial_purged_splits(np.arange(600), np.arange(600) + 5, groups=6, test_groups=2)
    >>> len(splits), splits.paths.shape, splits.embargo
    (15, (5, 6), 6)
    >>> splits[0].groups, splits[0].train[0]
    ((0, 1), np.int64(211))
    """
    first, last = _label_times(starts, ends)
    count = first.size
    _refuse_options(groups, test_groups, embargo, max_splits, seed)
    if count < groups:
        raise InsufficientDataError(f"{groups} groups need {groups} samples, received {count}")
    gap = math.ceil(EMBARGO_SHARE * count) if embargo is None else embargo
    edges = np.array([part[0] for part in np.array_split(np.arange(count), groups)] + [count], dtype=np.int64)
    latest = np.array([last[a:b].max() for a, b in pairwise(edges)])
    # The first sample that begins after every label of the group has ended; the embargo starts there.
    after = np.maximum(np.searchsorted(first, latest, side="right"), edges[1:])
    zones = np.column_stack([edges[:-1], np.minimum(after + gap, count)]).astype(np.int64)
    tested, notes = _combinations(groups, test_groups, max_splits, seed)
    found = PurgedSplits(
        tested=tested,
        edges=edges,
        zones=zones,
        starts=first,
        ends=last,
        embargo=gap,
        paths=_paths(tested, groups),
        notes=notes,
    )
    for place, each in enumerate(found):
        if not each.train.size:
            raise InsufficientDataError(
                f"split {place} (tested groups {each.groups}) has no training sample left of {count} after purging and "
                f"an embargo of {gap}; use fewer test groups, shorter labels or a smaller embargo"
            )
    return found


def path_sharpes(path_returns: FloatArray) -> PathSharpes:
    """Return the distribution of the Sharpe ratio over backtest paths.

    Deflate it by the number of trials that were run, not by the number of
    paths: these share their data.

    Parameters
    ----------
    path_returns : ndarray of shape (n_paths, n_periods)
        Returns per period, as from ``PurgedSplits.assemble``.

    Returns
    -------
    PathSharpes
        `sd` is NaN for one path. The 5th percentile is interpolated linearly.

    Raises
    ------
    DataError
        If a return is NaN or infinite, or a path has no variance.
    InsufficientDataError
        If there is no path, or fewer than 2 periods.

    Examples
    --------
    >>> path_sharpes(np.array([[0.01, 0.03], [0.01, -0.03]])).values.round(3)
    array([ 1.414, -0.354])
    """
    values = numbers("path_returns", path_returns)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise DataError(f"path_returns must be finite, of shape (n_paths, n_periods); received shape {values.shape}")
    if values.shape[0] < 1 or values.shape[1] < 2:
        raise InsufficientDataError(f"paths need 1 path of 2 periods, received {values.shape[0]} of {values.shape[1]}")
    if flat := int((np.ptp(values, axis=1) <= _NO_VARIANCE * np.abs(values).max(axis=1)).sum()):
        raise DataError(f"{flat} of {len(values)} paths have no variance, so no Sharpe ratio")
    sharpes = values.mean(axis=1) / values.std(axis=1, ddof=1)
    return PathSharpes(
        values=sharpes,
        mean=float(sharpes.mean()),
        sd=float(sharpes.std(ddof=1)) if sharpes.size > 1 else math.nan,
        fifth_percentile=float(np.quantile(sharpes, 0.05)),
        loss_share=float((sharpes < 0).mean()),
    )


def _label_times(starts: Labels, ends: Labels | None) -> tuple[NDArray[Any], NDArray[Any]]:
    first = _instants("starts", starts)
    last = first if ends is None else _instants("ends", ends)
    if first.shape != last.shape:
        raise DataError(f"starts has shape {first.shape} and ends {last.shape}; pass one of each a sample")
    if (first.dtype.kind == "M") != (last.dtype.kind == "M"):
        raise DataError(f"starts are {first.dtype} and ends {last.dtype}; both must be times, or both positions")
    if ends is not None and _zone(starts) != _zone(ends):
        raise DataError("one of starts and ends has a zone and the other none; give both UTC")
    indexes = [getattr(each, "index", None) if hasattr(each, "iloc") else None for each in (starts, ends)]
    if indexes[0] is not None and indexes[1] is not None and not indexes[0].equals(indexes[1]):
        raise DataError("starts and ends have different indexes; their rows are pairs: reindex ends to starts")
    if (first[1:] < first[:-1]).any():
        raise DataError("starts must ascend: sort the samples by the time at which their label begins")
    if early := int((last < first).sum()):
        raise DataError(f"{early} of {first.size} labels end before they start; a label uses data from start to end")
    return first, last


def _zone(values: Labels) -> bool:
    """Return whether the times have a zone."""
    return getattr(getattr(values, "array", values), "tz", None) is not None


def _instants(name: str, values: Labels) -> NDArray[Any]:
    index = getattr(values, "array", values)
    if getattr(index, "tz", None) is not None:
        index = index.tz_convert(None)  # type: ignore[union-attr]  # only aware times have a tz
    found = np.asarray(index)
    if found.ndim != 1 or found.dtype.kind not in "Miuf":
        raise DataError(f"{name} must be one position or time a sample, was {found.dtype} of shape {found.shape}")
    missing = np.isnat(found) if found.dtype.kind == "M" else ~np.isfinite(found)
    if missing.any():
        raise DataError(f"{name} holds {int(missing.sum())} missing or infinite of {found.size}; drop those samples")
    return found


def _refuse_options(groups: int, test_groups: int, embargo: int | None, max_splits: int | None, seed: int) -> None:
    whole("groups (folds)", groups, 2, _MOST_GROUPS)
    whole("test_groups", test_groups, 1, groups - 1)
    if embargo is not None:
        whole("embargo", embargo, 0)
    if max_splits is not None:
        whole("max_splits", max_splits, 1)
    seed_of(seed)
    total = math.comb(groups, test_groups)
    if min(total, max_splits or total) > _MOST_SPLITS:
        raise ConfigError(
            f"{test_groups} of {groups} groups make {total:,} splits, each a fit; set max_splits, {_MOST_SPLITS:,} at most"
        )


def _combinations(
    groups: int, test_groups: int, max_splits: int | None, seed: int
) -> tuple[tuple[tuple[int, ...], ...], tuple[Note, ...]]:
    total = math.comb(groups, test_groups)
    if max_splits is None or total <= max_splits:
        return tuple(combinations(range(groups), test_groups)), ()
    drawn = np.sort(np.random.default_rng(seed).choice(total, max_splits, replace=False))
    text = f"{max_splits:,} of {total:,} splits, drawn with seed {seed}"
    note = Note(code="splits_drawn", text=text, rows=max_splits, severity="info")
    return tuple(_combination(int(rank), groups, test_groups) for rank in drawn), (note,)


def _combination(rank: int, groups: int, chosen: int) -> tuple[int, ...]:
    """Return the combination at a place of the lexicographic order, without making those before it."""
    found: list[int] = []
    group = 0
    while len(found) < chosen:
        with_it = math.comb(groups - group - 1, chosen - len(found) - 1)
        if rank < with_it:
            found.append(group)
        else:
            rank -= with_it
        group += 1
    return tuple(found)


def _paths(tested: tuple[tuple[int, ...], ...], groups: int) -> IndexArray:
    """Return, for each path and group, the split that serves it: a group's j-th split is part of path j."""
    serving: list[list[int]] = [[] for _ in range(groups)]
    for place, chosen in enumerate(tested):
        for group in chosen:
            serving[group].append(place)
    complete = min(len(each) for each in serving)
    return np.array([each[:complete] for each in serving], dtype=np.int64).T.reshape(complete, groups)
