"""Stored runs side by side: what was chosen differently, and what came of it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from investiq.backtesting.choices import differing, flat
from investiq.backtesting.result import BacktestResult, load_result
from investiq.backtesting.trial_recording import numbers_of_trades
from investiq.backtesting.trial_statistics import track_record
from investiq.backtesting.trials import Trial, get_trial
from investiq.core.errors import ConfigError
from investiq.core.facts import Fact, Table, Unit, format_value
from investiq.core.notes import Note
from investiq.core.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunComparison", "compare_runs"]

_MEASURES: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("Total return", "total_return", "fraction"),
    ("Sharpe ratio", "sharpe", "ratio"),
    ("Max drawdown", "max_drawdown", "fraction"),
    ("Closed trades", "trades", "count"),
    ("Win rate", "win_rate", "fraction"),
    ("Profit factor", "profit_factor", "ratio"),
    ("Fees", "fees", "money"),
    ("Final equity", "final_equity", "money"),
    ("Returns", "count", "count"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunComparison(Result):
    """What `compare_runs` returns.

    Attributes
    ----------
    names : tuple of str
    choices : DataFrame
        Index: each choice in which the runs differ, such as ``"options.weight"``; a column a run.
    measures : DataFrame
        Index measure; a column a run, and the last less the first as ``difference``.
    equity : DataFrame or None
        A column a run, index `ts`; where all are results, not only entries of the ledger.
    notes : tuple of Note
    """

    kind: ClassVar[str] = "comparison"

    names: tuple[str, ...]
    choices: pd.DataFrame
    measures: pd.DataFrame
    equity: pd.DataFrame | None
    marks: tuple[str | None, ...]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """The number of runs."""
        return f"{len(self.names)} runs side by side"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` where the data of any run are."""
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in self.marks), None)

    def facts(self) -> list[Fact]:
        """Return what the last run has more than the first."""
        differences = self.measures["difference"]
        why = "missing in one of the runs"
        return [
            Fact(
                label, value, unit, "last run less first", why if isinstance(value, float) and math.isnan(value) else ""
            )
            for (label, _, unit), value in zip(_MEASURES, differences, strict=True)
        ]

    def tables(self) -> list[Table]:
        """Return the choices that differ, and the measures of each run."""
        units = {label: unit for label, _, unit in _MEASURES}
        measures = tuple(
            (str(label), *(format_value(row[name], units[str(label)]) for name in self.names))
            for label, row in self.measures.iterrows()
        )
        tables = [Table("Measures", ("measure", *self.names), measures, self.names)]
        if len(self.choices):
            # Not iterrows: pandas makes NaN of None beside a text.
            cells = self.choices.to_numpy(dtype=object)
            rows = tuple(
                (str(label), *(str(value) for value in row))
                for label, row in zip(self.choices.index, cells, strict=True)
            )
            tables.append(Table("Choices that differ", ("choice", *self.names), rows))
        return tables

    def to_frame(self) -> pd.DataFrame:
        """Return the measures."""
        return self.measures.copy()


def compare_runs(*runs: str | os.PathLike[str] | Trial | BacktestResult) -> RunComparison:
    """Return two or more runs side by side: choices that differ, measures, and equity where it is there.

    Parameters
    ----------
    *runs : BacktestResult, Trial, path or str
        A result, a saved ``.iq`` file, an entry of the ledger or its id.

    Returns
    -------
    RunComparison

    Raises
    ------
    ConfigError
        If there are fewer than two runs, or one is a sweep.
    DataError
        If a file or a trial is not there.

    Examples
    --------
    >>> import investiq as iq
    >>> slow, fast = (
    ...     iq.backtest(iq.strategies.Crossover(fast=fast, slow=100), "^GSPC", weight=1.0) for fast in (50, 10)
    ... )
    >>> iq.compare_runs(slow, fast).choices.iloc[:, 0].to_dict()
    {'strategy.fast': 50}
    """
    import pandas as pd

    if len(runs) < 2:
        raise ConfigError(f"a comparison needs two runs, was given {len(runs)}")
    found = [_found(run) for run in runs]
    names = _names(found)
    chosen = {name: flat(_choices(run)) for name, run in zip(names, found, strict=True)}
    measures = {name: _measures(run) for name, run in zip(names, found, strict=True)}
    labels = differing(list(chosen.values()))
    choices = pd.DataFrame(
        {
            name: pd.Series([each.get(label, "not set") for label in labels], dtype=object)
            for name, each in chosen.items()
        }
    )
    choices.index = pd.Index(labels, name="choice")
    frame = pd.DataFrame(measures, index=[label for label, _, _ in _MEASURES]).rename_axis("measure")
    frame["difference"] = frame[names[-1]] - frame[names[0]]
    equity = None
    if all(isinstance(run, BacktestResult) for run in found):
        equity = pd.DataFrame({name: run.equity["equity"] for name, run in zip(names, found, strict=True)})  # type: ignore[union-attr]
    notes = []
    prints = {label for label in labels if label.startswith("data.")}
    if prints:
        text = "the runs are over different data: their measures are not of one period or series"
        notes.append(Note(code="different_data", text=text))
    return RunComparison(
        names=names, choices=choices, measures=frame, equity=equity,
        marks=tuple(run.watermark for run in found), notes=tuple(notes),
    )  # fmt: skip


def _found(run: str | os.PathLike[str] | Trial | BacktestResult) -> Trial | BacktestResult:
    if isinstance(run, (Trial, BacktestResult)):
        found = run
    elif isinstance(run, os.PathLike) or Path(run).suffix == ".iq":
        found = load_result(run)
    else:
        found = get_trial(run)
    if isinstance(found, Trial) and found.cells_file is not None:
        raise ConfigError(f"trial {found.id} is a sweep of {found.cells:,}; compare single runs")
    return found


def _names(runs: list[Trial | BacktestResult]) -> tuple[str, ...]:
    from investiq.backtesting.describing import strategy_text

    texts = [
        strategy_text(run.strategy, dict(run.parameters))
        if isinstance(run, Trial)
        else strategy_text(run.strategy.name, run.strategy.parameters())
        for run in runs
    ]
    return tuple(text if texts.count(text) == 1 else f"{place}: {text}" for place, text in enumerate(texts, start=1))


def _choices(run: Trial | BacktestResult) -> Mapping[str, Any]:
    if isinstance(run, Trial):
        strategy = {"name": run.strategy, **run.parameters}
        return {"strategy": strategy, "options": run.options, "convention": run.convention, "data": run.data}
    return {**run.manifest.parameters, "data": run.manifest.data}


def _measures(run: Trial | BacktestResult) -> list[float]:
    if isinstance(run, Trial):
        values = [getattr(run, name) for _, name, _ in _MEASURES]
    else:
        record = track_record(run.account, run.convention)
        of_trades = numbers_of_trades(run.round_trips)
        values = [of_trades[name] if name in of_trades else getattr(record, name) for _, name, _ in _MEASURES]
    return [math.nan if value is None else float(value) for value in values]
