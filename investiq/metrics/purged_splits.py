"""Rows of purged splits, and the backtest paths that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.metrics.inputs import FloatArray

__all__ = ["IndexArray", "PurgedSplits", "Split"]

IndexArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Rows of one split, ascending.

    Attributes
    ----------
    train, test : ndarray of int64
        Positions of samples. What is in neither is purged or embargoed.
    groups : tuple of int
        Groups that are tested.
    """

    train: IndexArray
    test: IndexArray
    groups: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PurgedSplits:
    """Splits whose training samples know nothing of the tested ones; made by `combinatorial_purged_splits`.

    Iterating gives `Split` objects; ``split(X)`` gives pairs (train, test), so
    that scikit-learn takes it as ``cv=``.

    Attributes
    ----------
    tested : tuple of tuple of int
        Tested groups of each split.
    edges : ndarray of shape (n_groups + 1,)
        Group g holds the samples from ``edges[g]`` to ``edges[g + 1]``, that one excluded.
    zones : ndarray of shape (n_groups, 2)
        If group g is tested, no sample from ``zones[g, 0]`` to ``zones[g, 1]``,
        that one excluded, is trained on without being looked at: those before the
        group are purged one by one, by `ends`.
    starts, ends : ndarray of shape (n_samples,)
        First and last instant of each sample's label.
    embargo : int
        Samples left out after the last one whose label overlaps a tested group.
    paths : ndarray of shape (n_paths, n_groups)
        Split that serves each group of each path; see `assemble`.
    notes : tuple of Note
    """

    tested: tuple[tuple[int, ...], ...]
    edges: IndexArray
    zones: IndexArray
    starts: NDArray[Any]
    ends: NDArray[Any]
    embargo: int
    paths: IndexArray
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        groups, paths = len(self.edges) - 1, len(self.paths)
        return (
            f"{len(self)} splits of {self.starts.size:,} samples in {groups} groups, {len(self.tested[0])} of them "
            f"tested, {paths} path{'' if paths == 1 else 's'}, embargo {self.embargo}"
        )

    def __len__(self) -> int:
        return len(self.tested)

    def __iter__(self) -> Iterator[Split]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int) -> Split:
        groups = self.tested[place]
        is_test = np.zeros(self.starts.size, dtype=bool)
        is_train = np.ones(self.starts.size, dtype=bool)
        for group in groups:
            first, last = self.edges[group], self.edges[group + 1]
            is_test[first:last] = True
            is_train[self.zones[group, 0] : self.zones[group, 1]] = False
            is_train[:first] &= self.ends[:first] < self.starts[first]
        return Split(train=np.flatnonzero(is_train), test=np.flatnonzero(is_test), groups=groups)

    def split(
        self, X: object = None, y: object = None, groups: object = None
    ) -> Iterator[tuple[IndexArray, IndexArray]]:
        """Yield (train, test) of each split; the arguments are scikit-learn's, and only the length of `X` is checked."""
        if X is not None and (count := len(X)) != self.starts.size:  # type: ignore[arg-type]  # whatever has a length
            raise DataError(f"X has {count} samples, the splits are of {self.starts.size}; make them for these samples")
        return ((each.train, each.test) for each in self)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of splits, as scikit-learn asks for it."""
        return len(self)

    def assemble(self, outcomes: Sequence[FloatArray]) -> FloatArray:
        """Return the backtest paths: each sample once a path, tested by the split that serves its group.

        Parameters
        ----------
        outcomes : sequence of ndarray
            One value a tested sample, in the order of ``test``, for each split.

        Returns
        -------
        ndarray of shape (n_paths, n_samples)

        Raises
        ------
        DataError
            If their number or a length differs from the splits'.
        """
        if len(outcomes) != len(self):
            raise DataError(f"outcomes has {len(outcomes)} parts, expected one for each of the {len(self)} splits")
        sizes = np.diff(self.edges)
        whole = np.full((len(self.paths), self.starts.size), np.nan)
        for place, (groups, values) in enumerate(zip(self.tested, outcomes, strict=True)):
            parts = np.asarray(values, dtype=np.float64)
            if parts.shape != (int(sizes[list(groups)].sum()),):
                raise DataError(
                    f"outcomes of split {place} have shape {parts.shape}, expected ({sizes[list(groups)].sum()},): "
                    "one value a tested sample"
                )
            for group, part in zip(groups, np.split(parts, np.cumsum(sizes[list(groups)])[:-1]), strict=True):
                for path in np.flatnonzero(self.paths[:, group] == place):
                    whole[path, self.edges[group] : self.edges[group + 1]] = part
        return whole
