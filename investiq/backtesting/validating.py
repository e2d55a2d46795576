"""Validation by the calendar and by combinations: `iq.walk_forward` and `iq.cross_validate`."""

from __future__ import annotations

from typing import Any

from investiq.backtesting import engine, running
from investiq.backtesting.candidates import Candidate, candidates_of
from investiq.backtesting.checking import Quality
from investiq.backtesting.cross_validation import cross_validate_candidates
from investiq.backtesting.cross_validation_result import CrossValidation
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.describing import strategy_title
from investiq.backtesting.folds import Scheme
from investiq.backtesting.plans import Plan
from investiq.backtesting.result import BacktestResult
from investiq.backtesting.validation_trials import count_candidates, count_walk, with_trials
from investiq.backtesting.walk_forward import walk
from investiq.backtesting.walk_forward_result import WalkForward
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.strategies.base import Strategy

__all__ = ["cross_validate", "walk_forward"]


def walk_forward(
    strategy: Strategy | type[Strategy],
    data: str | Bars | History,
    *,
    study: str | None = None,
    folds: int | None = 5,
    train: int | None = None,
    test: int | None = None,
    scheme: Scheme = "rolling",
    purge: int = 0,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    **axes_and_options: Any,
) -> WalkForward:
    """Choose parameters on one stretch of the past, trade the next with them, and go on.

    Each fold takes the candidate of the highest Sharpe ratio on its training
    window and runs it on the test that follows. Tests touch neither each other
    nor their training; the account is carried from one to the next.

    Parameters
    ----------
    strategy : Strategy or class of one
        One strategy is only tested, a class also chosen from: give its parameters.
    data : str, Bars or History
    study : str, optional
        The hypothesis that the trials count for; by default the strategy on the data.
    folds : int, default 5
        Tests of equal length; the first training is as long as one of them.
    train, test : int, optional
        Lengths in bars in place of `folds`.
    scheme : {"rolling", "anchored"}, default "rolling"
        Whether training keeps its length or always begins with the first bar.
    purge : int, default 0
        Bars left out between training and test, the longest holding period or label.
    risk_free : float, default 0.0
        Annual risk-free rate, as a fraction.
    quality : {"no_errors", "pass", "any"}
        As in `iq.backtest`.
    **axes_and_options
        Parameters of the class, described in its docstring, and options of the
        run, described in `iq.RunOptions`, as in `iq.sweep`: a list or range is an axis of the grid, anything else is fixed.

    Returns
    -------
    WalkForward

    Raises
    ------
    ConfigError
        If a name or a value is none, or no candidate is left.
    InsufficientDataError
        If a training window is too short.

    Examples
    --------
    >>> import investiq as iq
    >>> walk = iq.walk_forward(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=[50, 100], folds=4, weight=1.0)
    >>> len(walk.folds), walk.trials, walk.folds[0].parameters.keys() == {"fast", "slow"}
    (4, 16, True)
    """
    from investiq.runtime.progress import progress

    bars = engine.checked_bars(data, quality)
    candidates, notes = candidates_of(strategy, axes_and_options)
    convention = engine.convention_of_run(bars, risk_free)

    def test_result(candidate: Candidate, piece: Bars, plan: Plan, options: RunOptions) -> BacktestResult:
        account = running.simulate(piece, plan, options)
        decided = None if isinstance(plan, Decisions) else plan
        return engine.result_of(candidate.strategy, piece, account, decided, options, convention)

    steps = len(candidates) + (folds or 0)
    with progress(steps, "walking forward") as advance:
        found = walk(
            candidates,
            bars,
            folds=None if train is not None else folds,
            train=train,
            test=test,
            scheme=scheme,
            purge=purge,
            convention=convention,
            test_result=test_result,
            subject=f"{_name(strategy)} on {bars.symbol}",
            notes=notes,
            advance=advance,
        )
    return with_trials(found, count_walk(found, candidates, bars, study))


def cross_validate(
    strategy: Strategy | type[Strategy],
    data: str | Bars | History,
    *,
    study: str | None = None,
    groups: int = 6,
    test_groups: int = 2,
    purge: int = 0,
    embargo: int | None = None,
    max_splits: int | None = None,
    seed: int = 0,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    **axes_and_options: Any,
) -> CrossValidation:
    """Choose parameters again for every combination of tested groups, and join the tests to paths (CPCV [1]_).

    Where a walk-forward gives one account, this gives ``C(groups - 1, test_groups - 1)``
    of them, each out of sample over all bars.

    Parameters
    ----------
    strategy : Strategy or class of one
    data : str, Bars or History
    study : str, optional
        The hypothesis that the candidates count for as trials; by default the strategy on the data.
    groups, test_groups : int, default 6 and 2
        Groups of bars in time order, and how many are tested at a time.
    purge : int, default 0
        Bars that a decision may act over, such as the longest holding period:
        training bars closer than this before a test are left out.
    embargo : int, optional
        Training bars left out after each tested group; by default 1 % of the bars.
    max_splits : int, optional
        Where there are more combinations, so many are drawn with the `seed`.
    seed : int, default 0
    risk_free : float, default 0.0
    quality : {"no_errors", "pass", "any"}
    **axes_and_options
        As in `walk_forward`.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ConfigError
        If a name or a value is none, or no candidate is left.

    References
    ----------
    .. [1] Lopez de Prado, M. (2018). Advances in Financial Machine Learning,
       chapters 7 and 12. Wiley.

    Examples
    --------
    >>> import investiq as iq
    >>> found = iq.cross_validate(iq.strategies.Crossover, "^GSPC", fast=[10, 20], slow=[50, 100], purge=50)
    >>> len(found.tested), found.paths.shape, found.trials.number
    (15, (5, 5031), 4)
    """
    from investiq.runtime.progress import progress

    bars = engine.checked_bars(data, quality)
    candidates, notes = candidates_of(strategy, axes_and_options)
    with progress(len(candidates), "cross-validating") as advance:
        found = cross_validate_candidates(
            candidates,
            bars,
            groups=groups,
            test_groups=test_groups,
            purge=purge,
            embargo=embargo,
            max_splits=max_splits,
            seed=seed,
            convention=engine.convention_of_run(bars, risk_free),
            subject=f"{_name(strategy)} on {bars.symbol}",
            notes=notes,
            advance=advance,
        )
    return with_trials(found, count_candidates(found, candidates, bars, study))


def _name(strategy: Strategy | type[Strategy]) -> str:
    if isinstance(strategy, Strategy):
        return strategy_title(strategy)
    return strategy.__name__
