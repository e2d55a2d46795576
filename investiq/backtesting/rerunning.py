"""The same decisions under other options."""

from __future__ import annotations

from investiq.backtesting import running
from investiq.backtesting.result import BacktestResult
from investiq.backtesting.running import Run
from investiq.execution.options import RunOptions

__all__ = ["rerun"]


def rerun(result: BacktestResult, options: RunOptions) -> Run:
    """Return the account that the decisions of `result` would have made under `options`."""
    return running.simulate(result.bars, result.run.decisions, options)
