"""The backtester: a strategy and bars in, a result out."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Unpack

from investiq.backtesting import cautions, portfolio, running, warming
from investiq.backtesting.account import Account, account_of
from investiq.backtesting.checking import Quality, benchmark_over, check_bars
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.describing import strategy_text
from investiq.backtesting.inputs import Decided
from investiq.backtesting.lookahead import check_panel_plan, check_plan
from investiq.backtesting.plans import plan_of
from investiq.backtesting.result import BacktestResult, data_of, parameters_of
from investiq.backtesting.running import Run
from investiq.backtesting.trial_recording import record_result
from investiq.core import calendar
from investiq.core.errors import ConfigError, DataError
from investiq.core.manifest import Manifest
from investiq.core.types import Interval
from investiq.execution.options import OptionArguments, RunOptions, options_of
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.metrics.conventions import Convention
from investiq.strategies.base import Strategy

__all__ = ["backtest", "run", "warmup"]


def backtest(
    strategy: Strategy,
    data: str | Bars | History | Panel | Sequence[str],
    *,
    study: str | None = None,
    benchmark: str | Bars | None = None,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    **options: Unpack[OptionArguments],
) -> BacktestResult:
    """Run a strategy over bars and return its account, trades and metrics.

    Decisions are taken at a close on what was known then, and filled at the next
    open, on prices as traded. Each run is a trial of its study in the ledger,
    where it is committed before a number of the result can be read.

    Parameters
    ----------
    strategy : Strategy
        Such as ``iq.strategies.Crossover(fast=20, slow=50)``.
    data : str, Bars, History, Panel or sequence of str
        A symbol, raw bars, a history, of which the main symbol is traded, or
        several symbols, which share one pool of cash.
    study : str, optional
        The hypothesis that this run is a trial of; by default the strategy on the data.
    benchmark : str or Bars, optional
        What `result.benchmark` buys and holds, cut to the same period; by default
        the benchmark of the history, else what is traded, in equal parts.
    risk_free : float, default 0.0
        Annual risk-free rate, as a fraction.
    quality : {"no_errors", "pass", "any"}, default "no_errors"
        What the data must be, the benchmark's too: without a note of severity
        error; of the verdict ``"pass"`` of `iq.check_bars`; or as they are, with
        the errors among the notes of the result.
    **options
        How decisions become fills: capital, sizes, costs, levels, margin, volume
        and so on, each a keyword of its own, described in `iq.RunOptions`;
        ``rules="vectorbt"`` sets those in which vectorbt differs.

    Returns
    -------
    BacktestResult

    Raises
    ------
    ConfigError
        If `strategy` is no strategy, or an option is out of range.
    DataError
        If the bars are adjusted or not of the `quality`, the benchmark does not
        cover the period on the same calendar, or a strategy of your own is seen to
        read later bars.
    InsufficientDataError
        If there are fewer bars than the strategy needs to decide and fill once.

    Examples
    --------
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(fast=20, slow=50), "^GSPC", costs=iq.Costs(), weight=1.0)
    >>> len(result.trades), result.watermark
    (57, 'SAMPLE')
    """
    _check_strategy(strategy)
    chosen = options_of(options, strategy.run_options)
    traded = _data_of(data)
    if isinstance(traded, Bars) and (chosen.rebalance is not None or chosen.symbol_weights is not None):
        # Weights of one symbol are those of a panel that holds it.
        traded = Panel.of([traded])
    if isinstance(traded, Panel):
        return _backtest_panel(strategy, traded, chosen, study, benchmark, risk_free, quality)
    who = strategy_text(strategy.name, strategy.parameters())
    check_bars(traded, strategy.warmup + 2, who, quality)
    held = _benchmark_of(benchmark, data)
    if held is not None:
        held = benchmark_over(held, traded, quality)
    _compile(strategy, traded, chosen)
    plan = plan_of(strategy, traded)
    check_plan(strategy, traded, plan)
    account = running.simulate(traded, plan, chosen)
    decided = None if isinstance(plan, Decisions) else plan
    convention = convention_of_run(traded, risk_free)
    return _counted(result_of(strategy, traded, account, decided, chosen, convention, held), study)


def _backtest_panel(
    strategy: Strategy,
    panel: Panel,
    options: RunOptions,
    study: str | None,
    benchmark: str | Bars | None,
    risk_free: float,
    quality: Quality,
) -> BacktestResult:
    who = strategy_text(strategy.name, strategy.parameters())
    members = list(panel)
    for bars in members:
        check_bars(bars, 2, who, quality)
    _compile(strategy, panel, options)
    plan = portfolio.decide(strategy, panel, options)
    check_panel_plan(strategy, panel, plan, options)
    account = portfolio.run(plan, panel, options)
    longest = max(members, key=len)
    held = None if benchmark is None else benchmark_over(_bars_of(benchmark), longest, quality)
    return _counted(
        result_of(strategy, panel, account, plan, options, convention_of_run(longest, risk_free), held), study
    )


def _counted(result: BacktestResult, study: str | None) -> BacktestResult:
    """Return the result with its trial queued; the first number read waits until it is committed."""
    return dataclasses.replace(result, ticket=record_result(result, study=study))


def checked_bars(data: str | Bars | History, quality: Quality, needed: int = 2, who: str = "a run") -> Bars:
    """Return the bars of `data`, refused where no run may use them."""
    bars = _bars_of(data)
    check_bars(bars, needed, who, quality)
    return bars


def convention_of_run(bars: Bars, risk_free: float) -> Convention:
    """Return the convention that the interval and the calendar of `bars` set."""
    return _convention_of(bars.interval, bars.passport.calendar, risk_free)


@lru_cache(maxsize=64)
def _convention_of(interval: Interval, name: str, risk_free: float) -> Convention:
    return Convention(periods_per_year=calendar.periods_per_year(interval, name), risk_free=risk_free)


def result_of(
    strategy: Strategy,
    data: Bars | Panel,
    account: Run,
    decided: Decided | None,
    options: RunOptions,
    convention: Convention,
    benchmark: Bars | None = None,
) -> BacktestResult:
    """Return the result of an account whose data and decisions were checked before; it is not counted as a trial."""
    from investiq.runtime.clock import now

    return BacktestResult(
        data=data,
        strategy=strategy,
        options=options,
        convention=convention,
        manifest=Manifest.of(
            kind=BacktestResult.kind,
            data=data_of(data, benchmark),
            parameters=parameters_of(strategy, options, convention),
            created_at=now(),
        ),
        run=account,
        decided=decided,
        benchmark_bars=benchmark,
        notes=cautions.notes_of(data, account, benchmark, options=options, decided=decided),
    )


def _spelled_out() -> inspect.Signature:
    """Return the signature with each option by its name, so that completion and help list them."""
    written = inspect.signature(backtest)
    named = [each for each in written.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    defaults = inspect.signature(RunOptions).parameters
    rules = inspect.Parameter("rules", inspect.Parameter.KEYWORD_ONLY, default="exact", annotation="Rules")
    return written.replace(parameters=[*named, rules, *defaults.values()])


backtest.__signature__ = _spelled_out()  # type: ignore[attr-defined]  # inspect reads it, typing does not


def run(strategy: Strategy, bars: Bars, options: RunOptions, convention: Convention | None = None) -> Account:
    """Return the bare account of a strategy: arrays and numbers, without checks, notes, tables or a trial.

    Parameters
    ----------
    strategy : Strategy
    bars : Bars
    options : RunOptions
    convention : Convention, optional
        Of the metrics; by default that of the interval and calendar of `bars`, risk-free 0.

    Returns
    -------
    Account
        Equity, cash, position and fills, round trips, and metrics.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.execution.options import RunOptions
    >>> account = run(iq.strategies.Crossover(fast=20, slow=50), iq.load_bars("^GSPC"), RunOptions(weight=1.0))
    >>> account.equity.shape, account.round_trips.pnl.shape, account.figures.win_rate > 0.4
    ((5031,), (57,), True)
    """
    made = running.simulate(bars, plan_of(strategy, bars), options)
    return account_of(made, bars, options, convention_of_run(bars, 0.0) if convention is None else convention)


def warmup() -> int:
    """Compile every loop of a run and of a sweep, every built-in rule and the pass over the account, or load it from the disk cache; return their number."""
    return _compile_all(warming.all_jobs())


def _compile(strategy: Strategy, data: Bars | Panel, options: RunOptions) -> None:
    """Compile what this run needs, unless that was done before."""
    if jobs := warming.jobs_of(strategy, data, options):
        _compile_all(jobs)


def _compile_all(jobs: Sequence[Callable[[], object]]) -> int:
    """Run the jobs under a progress line; return their number."""
    from investiq.runtime.progress import progress

    with progress(len(jobs), "compiling, once for this version") as advance:
        for job in jobs:
            job()
            advance()
    return len(jobs)


def _check_strategy(strategy: Strategy) -> None:
    if isinstance(strategy, type):
        raise ConfigError(
            f"strategy is the class {strategy.__name__}; make one with its parameters: {strategy.__name__}(...)"
        )
    if not isinstance(strategy, Strategy):
        raise ConfigError(
            f"strategy must be a Strategy such as iq.strategies.BuyAndHold(), was {type(strategy).__name__} {strategy!r}"
        )


def _data_of(data: str | Bars | History | Panel | Sequence[str]) -> Bars | Panel:
    if isinstance(data, Panel):
        return data
    if isinstance(data, Sequence) and not isinstance(data, str) and all(isinstance(each, str) for each in data):
        from investiq.market.panel_loading import load_panel

        return load_panel(list(data))
    return _bars_of(data)  # type: ignore[arg-type]  # what is none of these is refused there


def _bars_of(data: str | Bars | History) -> Bars:
    if isinstance(data, Bars):
        return data
    if isinstance(data, History):
        return data.bars()
    if isinstance(data, str):
        from investiq.market.loading import load_bars

        return load_bars(data)
    raise DataError(
        f"data must be a symbol, Bars, a History, a Panel or symbols, was {type(data).__name__}; iq.load_bars(symbol) returns Bars"
    )


def _benchmark_of(benchmark: str | Bars | None, data: object) -> Bars | None:
    if benchmark is not None:
        return _bars_of(benchmark)
    if isinstance(data, History) and data.benchmark is not None:
        return data.bars(data.benchmark)
    return None
