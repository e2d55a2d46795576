"""Windows of a walk-forward: where parameters are chosen, and where they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.options import whole

__all__ = ["LEAST_TRAIN", "Scheme", "Window", "windows_of"]

Scheme = Literal["rolling", "anchored"]

# Below so many bars of training a choice of parameters is refused.
LEAST_TRAIN: Final = 60


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows of one fold: training ``[train_first, train_end)``, test ``[test_first, test_end)``."""

    train_first: int
    train_end: int
    test_first: int
    test_end: int


def windows_of(
    n_bars: int,
    *,
    folds: int | None = 5,
    train: int | None = None,
    test: int | None = None,
    scheme: Scheme = "rolling",
    purge: int = 0,
) -> Sequence[Window]:
    """Return windows whose tests follow each other without gap or overlap and reach the last bar.

    Parameters
    ----------
    n_bars : int
    folds : int, optional
        Number of tests of equal length; the training of the first is as long as one of them.
    train, test : int, optional
        Lengths in bars in place of `folds`; the last test may be shorter.
    scheme : {"rolling", "anchored"}
        Whether training keeps its length or always begins with the first bar.
    purge : int, default 0
        Bars left out between training and test: the longest holding period or label.

    Raises
    ------
    ConfigError
        If lengths are missing or given twice.
    InsufficientDataError
        If a training window is shorter than 60 bars.

    Examples
    --------
    >>> [(each.train_first, each.train_end, each.test_end) for each in windows_of(1000, train=400, test=250)]
    [(0, 400, 650), (250, 650, 900), (500, 900, 1000)]
    """
    if scheme not in ("rolling", "anchored"):
        raise ConfigError(f"scheme must be 'rolling' or 'anchored', was {scheme!r}")
    whole("purge", purge, 0, n_bars)
    if (train is None) != (test is None):
        raise ConfigError(f"train and test are given together, in bars; were {train} and {test}")
    if train is None or test is None:
        edges = _equal_parts(n_bars, folds)
    else:
        whole("train", train, 1, n_bars)
        whole("test", test, 1, n_bars)
        edges = [*range(train, n_bars, test), n_bars]
        if len(edges) < 2:
            raise InsufficientDataError(
                f"training on {train} bars leaves none of the {n_bars} to test on; shorten it or load a longer period"
            )
    length = edges[0]
    windows = [
        Window(
            train_first=0 if scheme == "anchored" else first - length,
            train_end=first - purge,
            test_first=first,
            test_end=end,
        )
        for first, end in pairwise(edges)
    ]
    if (shortest := min(each.train_end - each.train_first for each in windows)) < LEAST_TRAIN:
        raise InsufficientDataError(
            f"training would have {shortest} bars after a purge of {purge}, expected at least {LEAST_TRAIN}: "
            "take fewer folds, a smaller purge or a longer period"
        )
    return windows


def _equal_parts(n_bars: int, folds: int | None) -> list[int]:
    if folds is None:
        raise ConfigError("say how many folds, or how long train and test are, in bars")
    whole("folds", folds, 1, n_bars)
    return [round(part * n_bars / (folds + 1)) for part in range(1, folds + 2)]
