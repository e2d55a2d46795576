"""`WalkForward`: what parameters chosen on the past earned in the time after it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.folds import Scheme
from investiq.backtesting.trial_statistics import TrackRecord
from investiq.core.errors import DataError, InsufficientDataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.metrics.conventions import Convention
from investiq.metrics.degradation import Degradation, out_of_sample_degradation

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult

__all__ = ["Fold", "WalkForward", "annual_return"]

FloatArray = NDArray[np.float64]

# Lines of one test's provenance that are not those of the walk.
_OF_ONE_FOLD = ("Bars used", "SHA-256 of these", "Strategy", "Trials")


def annual_return(total: float, days: float) -> float:
    """Return a total return as one of a year of 365.25 days; -1 where all was lost."""
    return (1.0 + total) ** (365.25 / days) - 1.0 if total > -1.0 else -1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """One step of a walk-forward.

    Attributes
    ----------
    train, test : (datetime64, datetime64)
        Labels of the first and the last bar.
    parameters : mapping
        What was chosen on the training window; empty where nothing was.
    train_returns, test_returns : ndarray
        Returns of the account per bar, of the chosen parameters.
    train_days, test_days : float
        Calendar days, from the close before the first bar to that of the last.
    tried : tuple of TrackRecord
        Statistics of every candidate on the training window.
    chosen : int
        Number of the candidate that was taken.
    result : BacktestResult
        The test in full: its account begins one bar before the test.
    """

    train: tuple[np.datetime64, np.datetime64]
    test: tuple[np.datetime64, np.datetime64]
    parameters: Mapping[str, Any]
    train_returns: FloatArray
    test_returns: FloatArray
    train_days: float
    test_days: float
    tried: tuple[TrackRecord, ...]
    chosen: int
    result: BacktestResult

    @property
    def scores(self) -> FloatArray:
        """Annual Sharpe ratio of every candidate on the training window; NaN where undefined."""
        return np.array([record.sharpe for record in self.tried])

    @property
    def train_return(self) -> float:
        """Total return in sample."""
        return float(np.prod(1.0 + self.train_returns) - 1.0)

    @property
    def test_return(self) -> float:
        """Total return out of sample."""
        return float(np.prod(1.0 + self.test_returns) - 1.0)

    @property
    def efficiency(self) -> float:
        """Annual return out of sample over that in sample; NaN unless the latter is positive."""
        inside = annual_return(self.train_return, self.train_days)
        return annual_return(self.test_return, self.test_days) / inside if inside > 0 else math.nan


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WalkForward(Result):
    """Folds and the one account that their tests make, end to end; made by `iq.walk_forward`.

    Attributes
    ----------
    folds : tuple of Fold
    scheme : {"rolling", "anchored"}
    purge : int
        Bars between training and test.
    initial_capital : float
    convention : Convention
    candidates : int
        Parameter sets tried on each training window.
    subject : str
    instants : ndarray of datetime64[us], shape (n_test_bars + 1,)
        Labels of `account`, the opening point first.
    closes : ndarray of float64, shape (n_test_bars + 1,)
        Total-adjusted closes at these: what buying and holding would have made.
    """

    kind: ClassVar[str] = "walk_forward"

    folds: tuple[Fold, ...]
    scheme: Scheme
    purge: int
    initial_capital: float
    convention: Convention
    candidates: int
    subject: str
    instants: NDArray[np.datetime64]
    closes: FloatArray
    mark: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """What was walked."""
        return f"Walk-forward of {self.subject}: {len(self.folds)} folds"

    @property
    def watermark(self) -> str | None:
        """That of the bars."""
        return self.mark

    @property
    def trials(self) -> int:
        """Backtests behind the choices: candidates times folds."""
        return self.candidates * len(self.folds)

    @cached_property
    def out_of_sample(self) -> FloatArray:
        """Returns per bar of all tests, end to end."""
        return np.concatenate([fold.test_returns for fold in self.folds])

    @cached_property
    def account(self) -> FloatArray:
        """The stitched account from its opening on, shape (n_test_bars + 1,): each test begins with what the one before left."""
        return self.initial_capital * np.concatenate(([1.0], np.cumprod(1.0 + self.out_of_sample)))

    @property
    def returns(self) -> pd.Series[float]:
        """Out-of-sample returns per bar, index `ts`."""
        import pandas as pd

        return pd.Series(
            self.out_of_sample, index=pd.DatetimeIndex(self.instants[1:], tz="UTC", name="ts"), name="returns"
        )

    @property
    def efficiency(self) -> float:
        """Annual return of the stitched account over the mean annual return in sample, weighted by time; NaN unless that is positive."""
        inside = _weighted(
            [annual_return(fold.train_return, fold.train_days) for fold in self.folds],
            [fold.train_days for fold in self.folds],
        )
        days = math.fsum(fold.test_days for fold in self.folds)
        earned = float(self.account[-1] / self.account[0]) - 1.0
        return annual_return(earned, days) / inside if inside > 0 else math.nan

    @property
    def stability(self) -> float:
        """Share of the folds after the first that chose what the fold before chose; NaN with one fold."""
        chosen = [fold.chosen for fold in self.folds]
        if len(chosen) < 2:
            return math.nan
        return float(np.mean([after == before for before, after in pairwise(chosen)]))

    @cached_property
    def degradation(self) -> Degradation | None:
        """What is lost from the training windows to the tests; None where there is too little of either."""
        inside = np.concatenate([fold.train_returns for fold in self.folds])
        try:
            return out_of_sample_degradation(inside, self.out_of_sample)
        except (DataError, InsufficientDataError):
            return None

    def facts(self) -> list[Fact]:
        """Return the metrics of the stitched account, then what the choices were worth."""
        from investiq.metrics.summary import performance_facts

        wanted = {"Total return", "CAGR", "Volatility", "Sharpe ratio", "Sortino ratio", "Max drawdown"}
        pnl = np.concatenate([_closed_pnl(fold.result) for fold in self.folds])
        held = np.ones(self.out_of_sample.size, dtype=bool)
        measured = performance_facts(self.account, self.instants, pnl, held, self.convention)
        profitable = [fold.test_return > 0 for fold in self.folds]
        lost = self.degradation
        return [
            *(fact for fact in measured if fact.label in wanted),
            Fact("Closed trades", pnl.size, "count", "of all tests"),
            Fact("Profitable folds", float(np.mean(profitable)), "fraction", f"{sum(profitable)} of {len(profitable)}"),
            Fact(
                "Walk-forward efficiency",
                self.efficiency,
                "ratio",
                "annual return of the stitched tests over that in sample, weighted by time; 0.5 is the customary bar",
                "" if self.efficiency == self.efficiency else "in sample nothing was earned",
            ),
            Fact(
                "Sharpe ratio lost out of sample",
                math.nan if lost is None else lost.sharpe_ratio,
                "fraction",
                "(in - out) / |in|, per bar",
                _missing(lost),
            ),
            Fact(
                "Choices kept from fold to fold",
                self.stability,
                "fraction",
                "",
                "" if self.stability == self.stability else "there is one fold",
            ),
            Fact("Trials", self.trials, "count", f"{self.candidates:,} candidates on each of {len(self.folds)} folds"),
        ]

    def tables(self) -> list[Table]:
        """Return one line a fold."""
        rows = []
        for number, fold in enumerate(self.folds, start=1):
            chosen = ", ".join(f"{name} {value}" for name, value in fold.parameters.items()) or "as given"
            rows.append(
                (
                    str(number),
                    f"{fold.train[0].astype('datetime64[D]')} to {fold.train[1].astype('datetime64[D]')}",
                    f"{fold.test[0].astype('datetime64[D]')} to {fold.test[1].astype('datetime64[D]')}",
                    format_value(annual_return(fold.train_return, fold.train_days), "fraction"),
                    format_value(annual_return(fold.test_return, fold.test_days), "fraction"),
                    format_value(fold.efficiency, "ratio"),
                    chosen,
                )
            )
        columns = ("fold", "trained on", "tested on", "a year in sample", "out of sample", "efficiency", "chosen")
        return [Table("Folds", columns, tuple(rows), numbers=columns[3:6], signed=columns[3:5])]

    def provenance(self) -> list[Fact]:
        """Return how the walk was made."""
        first = self.folds[0].result
        return [
            Fact("Windows", f"{self.scheme}, {self.purge} bars left out between training and test"),
            Fact("Chosen by", "Sharpe ratio on the training window; of equal ones the first in the order of the grid"),
            Fact(
                "Between folds",
                "positions are closed at the last close of a test and the account is carried on; what the next choice holds "
                "at that close is entered at the next open",
            ),
            *(fact for fact in first.provenance() if fact.label not in _OF_ONE_FOLD),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fold: windows, parameters, annual returns in and out of sample, efficiency."""
        import pandas as pd

        rows = [
            {
                "train_first": fold.train[0],
                "train_last": fold.train[1],
                "test_first": fold.test[0],
                "test_last": fold.test[1],
                **fold.parameters,
                "annual_return_in_sample": annual_return(fold.train_return, fold.train_days),
                "annual_return_out_of_sample": annual_return(fold.test_return, fold.test_days),
                "sharpe_in_sample": _annual_sharpe(fold.train_returns, self.convention),
                "sharpe_out_of_sample": _annual_sharpe(fold.test_returns, self.convention),
                "max_drawdown": _deepest(fold.test_returns),
                "trades": _closed_pnl(fold.result).size,
                "efficiency": fold.efficiency,
            }
            for fold in self.folds
        ]
        frame = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="fold"))
        for name in ("train_first", "train_last", "test_first", "test_last"):
            frame[name] = pd.DatetimeIndex(frame[name]).tz_localize("UTC")
        return frame


def _closed_pnl(result: BacktestResult) -> FloatArray:
    trips = result.round_trips
    closed: FloatArray = trips.pnl[trips.is_closed]
    return closed


def _weighted(values: list[float], weights: list[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / math.fsum(weights)


def _annual_sharpe(returns: FloatArray, convention: Convention) -> float:
    excess = returns - convention.risk_free_per_period
    spread = float(excess.std(ddof=1)) if excess.size > 1 else 0.0
    return float(excess.mean()) / spread * math.sqrt(convention.periods_per_year) if spread > 0 else math.nan


def _deepest(returns: FloatArray) -> float:
    account = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return float((account / np.maximum.accumulate(account) - 1.0).min())


def _missing(lost: Degradation | None) -> str:
    if lost is None:
        return "too few returns"
    return "; ".join(reason for reason in lost.reasons if reason.startswith("Sharpe ratio"))
