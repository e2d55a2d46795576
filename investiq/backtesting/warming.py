"""What is compiled ahead of a run, as calls that compile it or load it from the disk cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from investiq.backtesting import pairing, portfolio_kernel, running
from investiq.backtesting.portfolio import compile_weights, is_plain
from investiq.backtesting.price_sheet import PriceSheet
from investiq.backtesting.trades import compile_pairing
from investiq.core import compiling
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.metrics.moments import compile_moments, moments_are_ready
from investiq.strategies.base import PanelStrategy, Strategy
from investiq.strategies.buy_and_hold import BuyAndHold

__all__ = ["all_jobs", "jobs_of"]

Job: TypeAlias = Callable[[], object]

# Bars of a sweep that only compiles; longer than the windows of `Crossover`.
_BARS: Final = 120


def all_jobs() -> list[Job]:
    """Return what compiles every rule of the package, every loop of a run and of a sweep, and the pass over an account."""
    from investiq.strategies.rebuilding import built_in

    ruled = [kind for kind in built_in().values() if issubclass(kind, Strategy) and kind.rule is not Strategy.rule]
    # Two strategies may share a rule.
    by_rule = {strategy.rule: strategy for strategy in (kind() for kind in ruled if _has_defaults(kind))}
    return [
        *(partial(_compile_rule, strategy) for strategy in by_rule.values()),
        *(partial(running.compile_loop, loop) for loop in running.LOOPS),
        _compile_general,
        compile_weights,
        compile_pairing,
        compile_moments,
        _compile_sweep,
    ]


def jobs_of(strategy: Strategy, data: Bars | Panel, options: RunOptions) -> list[Job]:
    """Return what this run needs and was not compiled before."""
    jobs: list[Job] = []
    by_rule = type(strategy).decide is Strategy.decide and not strategy.has_own_orders
    if by_rule and not isinstance(strategy, PanelStrategy) and not compiling.is_ready(strategy.rule):
        jobs.append(partial(_compile_rule, strategy))
    loop = running.loop_of(data, options)
    if loop is not None and not compiling.is_ready(loop):
        jobs.append(partial(running.compile_loop, loop))
    if loop is None and not _general_is_ready() and not _only_weighs(strategy, data, options):
        jobs.append(_compile_general)
    if isinstance(data, Panel) and not compiling.is_ready(portfolio_kernel.simulate_weights):
        jobs.append(compile_weights)
    if not compiling.is_ready(pairing.pair):
        jobs.append(compile_pairing)
    if not moments_are_ready():
        jobs.append(compile_moments)
    return jobs


def _only_weighs(strategy: Strategy, data: Bars | Panel, options: RunOptions) -> bool:
    """Return whether the loop of target weights can take the run; short targets, which are not known yet, need the general one."""
    if not isinstance(data, Panel) or options.allow_short:
        return False
    holds = isinstance(strategy, BuyAndHold) and (options.symbol_weights is not None or options.rebalance is not None)
    prices = PriceSheet.of(data)
    nothing = np.zeros((len(data), 0))
    return (holds or isinstance(strategy, PanelStrategy)) and is_plain(
        prices, nothing, options, [bool(actions) for actions in data.actions]
    )


def _has_defaults(kind: type[Strategy]) -> bool:
    try:
        kind()
    except TypeError:
        return False
    return True


def _compile_rule(strategy: Strategy) -> None:
    table = np.zeros((len(strategy.columns()), 2))
    strategy.rule(table, np.zeros(len(strategy.rule_parameters())), np.zeros(2, dtype=np.int8))


def _general_is_ready() -> bool:
    # The general kernel is imported by the runs that need it.
    from investiq.backtesting import general_kernel

    return compiling.is_ready(general_kernel.simulate)


def _compile_general() -> None:
    from investiq.backtesting.general import compile_general

    compile_general()


def _compile_sweep() -> None:
    from investiq.backtesting import sweep_kernels, sweeping
    from investiq.market.loading import load_bars
    from investiq.metrics.overfitting import pbo_from_blocks
    from investiq.strategies.crossover import Crossover

    sweeping.first_class(sweep_kernels.written)
    sweeping.evaluate([Crossover()], load_bars("^GSPC")[-_BARS:], RunOptions(), workers=1)
    # What judges a sweep by its blocks; two trials of four blocks are enough to compile it.
    sums = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 3.0], [3.0, 1.0]])
    pbo_from_blocks(sums, sums**2, 1)
