"""Saved results on this machine, and one run on the sample data for whoever has none yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import DataError, near_matches

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["SavedResult", "find_saved", "sample_run", "saved_results"]

_MOST: Final = 500


@dataclass(frozen=True, kw_only=True)
class SavedResult:
    """A ``.iq`` file.

    Attributes
    ----------
    name : str
        Its path below the folder, without the suffix.
    path : Path
    written_at : datetime
        UTC.
    """

    name: str
    path: Path
    written_at: datetime


def saved_results() -> list[SavedResult]:
    """Return the ``.iq`` files of the results folder and the reports folder, the newest first, at most 500.

    Of two files of one name, that of the results folder counts.
    """
    from investiq.runtime.paths import reports_dir, results_dir

    found: dict[str, SavedResult] = {}
    for folder in (results_dir(), reports_dir()):
        for path in folder.rglob("*.iq") if folder.is_dir() else ():
            if path.name.startswith(".") or not path.is_file():
                continue
            name = path.relative_to(folder).with_suffix("").as_posix()
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.setdefault(name, SavedResult(name=name, path=path, written_at=when))
    return sorted(found.values(), key=lambda each: each.written_at, reverse=True)[:_MOST]


def find_saved(name: str) -> SavedResult:
    """Return the saved result of that name, with or without ``.iq``.

    Only files that `saved_results` lists are found: no path leads elsewhere.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    wanted = name.removesuffix(".iq")
    known = {each.name: each for each in saved_results()}
    if wanted not in known:
        listed = near_matches(wanted, known) or (
            "; none is saved yet: result.save(path) writes one" if not known else ""
        )
        raise DataError(f"there is no saved result {name!r} in the results and reports folders{listed}")
    return known[wanted]


def sample_run() -> BacktestResult:
    """Return a run on the sample's S&P 500 that ends its trades in every way; it is not counted as a trial."""
    from investiq.backtesting import running
    from investiq.backtesting.decisions import from_codes
    from investiq.backtesting.engine import convention_of_run, result_of
    from investiq.execution.costs import Costs
    from investiq.execution.options import RunOptions
    from investiq.market.loading import load_bars
    from investiq.strategies.crossover import Crossover

    bars = load_bars("^GSPC", start="2012-01-03", end="2018-12-31")
    strategy = Crossover(fast=10, slow=30)
    options = RunOptions(
        weight=0.5,
        lot=None,
        stop_loss=0.02,
        trailing_stop=0.03,
        take_profit=0.05,
        allow_short=True,
        reverse=True,
        costs=Costs(commission_rate=0.0005, slippage_bps=5),
    )
    decided = from_codes(strategy.decide(bars), len(bars))
    account = running.simulate(bars, decided, options)
    return result_of(strategy, bars, account, None, options, convention_of_run(bars, 0.0))
