"""`SweepResult`: the cells of a sweep, which of them is the best, and how much of that is luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import sweep_kernels as columns
from investiq.backtesting.describing import fill_rules, sizing_rules
from investiq.backtesting.recorded import AfterRecording, NotesWithRecording
from investiq.backtesting.sweep_cells import GENERAL, REFUSED
from investiq.backtesting.sweep_grid import LEVELS, Grid
from investiq.backtesting.sweep_plateau import Plateau, neighbourhood_of, plateau_of
from investiq.backtesting.sweep_table import METRICS, frame_of, metric_text, metric_unit, sharpe_per_period
from investiq.backtesting.trial_comparison import effective_number, overfitting_of
from investiq.core.errors import ConfigError, DataError, InsufficientDataError
from investiq.core.facts import Fact, Table, format_value
from investiq.core.manifest import Manifest
from investiq.core.result import Result
from investiq.execution.options import options_of
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.metrics.conventions import Convention
from investiq.metrics.deflation import DeflatedSharpe, deflated_sharpe_ratio_from_moments
from investiq.metrics.overfitting_result import Overfitting

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.trial_recording import Ticket

__all__ = ["SweepResult"]

FloatArray = NDArray[np.float64]

_SHOWN: Final = 5
_MEASURES: Final = ("total_return", "sharpe_ratio", "max_drawdown", "trades")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SweepResult(Result):
    """What `iq.sweep` returns. A cell is one combination, numbered as in `to_frame`.

    Attributes
    ----------
    grid : Grid
        Axes and fixed values.
    bars : mapping of str to Bars
        What each symbol was traded on.
    statistics : ndarray of float64, shape (n_cells, COLUMNS)
        Columns as in `backtesting.sweep_kernels`; NaN where a cell did not run.
    ways : ndarray of int8, shape (n_cells,)
        How each cell ran: not, statistics only, or as a whole run.
    reasons : mapping of int to str
        Why cells did not run.
    convention : Convention
    manifest : Manifest
    quality : str
        What the data had to be; a run of one cell asks the same.
    notes : tuple of Note
    tickets : tuple of Ticket
        The entries in the ledger, one for each symbol.
    """

    kind: ClassVar[str] = "sweep"

    grid: Grid
    bars: Mapping[str, Bars]
    statistics: AfterRecording[FloatArray] = AfterRecording()  # noqa: RUF009  # a descriptor is the field itself
    ways: NDArray[np.int8]
    reasons: Mapping[int, str]
    convention: Convention
    manifest: Manifest
    quality: Any
    notes: NotesWithRecording = NotesWithRecording()  # noqa: RUF009  # as `statistics`
    tickets: tuple[Ticket, ...] = ()

    def __len__(self) -> int:
        return len(self.statistics)

    @property
    def title(self) -> str:
        """Strategy, number of cells and symbol."""
        symbols = list(self.bars)
        where = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
        return f"Sweep of {self.grid.strategy_class.__name__} on {where}, {len(self):,} cells"

    @property
    def watermark(self) -> str | None:
        """``"SYNTHETIC"`` or ``"SAMPLE"`` where any of the bars are."""
        marks = {bars.passport.watermark for bars in self.bars.values()}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @property
    def has_symbol_axis(self) -> bool:
        """Whether the symbol is an axis."""
        return any(axis.of == "symbol" for axis in self.grid.axes)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return frame_of(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell, index `cell`.

        Columns: the axes; final_equity and fees (money); total_return, cagr,
        volatility, max_drawdown (<= 0), win_rate and exposure (fractions);
        sharpe_ratio (annual), mar_ratio (CAGR over drawdown), profit_factor;
        trades (closed round trips); mean, sd, skewness and raw kurtosis of the
        returns of one bar; reason, why a cell did not run.
        """
        return self._frame.copy(deep=False)

    def invalid(self) -> pd.DataFrame:
        """Return the cells that did not run, with the reason."""
        frame = self.to_frame()
        return frame.loc[frame["reason"] != "", [*(axis.name for axis in self.grid.axes), "reason"]]

    def best(self, metric: str = "sharpe_ratio") -> pd.Series[Any]:
        """Return the row of the best cell; its `name` is the number of the cell.

        Parameters
        ----------
        metric : str, default "sharpe_ratio"
            ``total_return``, ``cagr``, ``sharpe_ratio``, ``mar_ratio``,
            ``max_drawdown`` (the shallowest), ``profit_factor``, ``win_rate``,
            ``final_equity`` or ``trades``.

        Raises
        ------
        ConfigError
            If cells are not compared by `metric`.
        InsufficientDataError
            If no cell has it.
        """
        metric_unit(metric)
        found = self._frame[metric].to_numpy()
        if not np.isfinite(found).any():
            raise InsufficientDataError(f"no cell has a {metric}: none ran, or none traded")
        return self._frame.iloc[int(np.nanargmax(found))]

    def run(self, cell: int | pd.Series[Any]) -> BacktestResult:
        """Return one cell as a whole backtest: the same fills, cash and final equity.

        Parameters
        ----------
        cell : int or Series
            Its number, or a row of `to_frame` such as that of `best`.

        Raises
        ------
        ConfigError
            If there is no such cell, or it did not run; the reason is told.
        """
        from investiq.backtesting.engine import backtest

        number = int(str(cell.name)) if hasattr(cell, "name") else int(cell)
        if not 0 <= number < len(self):
            raise ConfigError(f"there is no cell {number}; this sweep has cells 0 to {len(self) - 1}")
        if number in self.reasons:
            raise ConfigError(f"cell {number} did not run: {self.reasons[number]}")
        strategy, options = self.grid.made(number)
        bars = self.bars[self.grid.values_of(number).get("symbol", next(iter(self.bars)))]
        study = self.tickets[0].study if self.tickets else None
        return backtest(
            strategy, bars, study=study, risk_free=self.convention.risk_free, quality=self.quality, **options
        )

    def plateau(self, metric: str = "sharpe_ratio", within: float = 0.10) -> Plateau:
        """Return whether the best cell stands on a plateau or is an island.

        Parameters
        ----------
        metric : str, default "sharpe_ratio"
        within : float, default 0.10
            Neighbours count as near whose value is less than this fraction of the best value below it.

        Raises
        ------
        ConfigError
            If cells are not compared by `metric`, or `within` lies outside (0, 1).
        InsufficientDataError
            If there is no axis of numbers, no cell with the metric, or no neighbour of the best one.
        """
        metric_unit(metric)
        return plateau_of(self.grid, self._frame[metric].to_numpy(), metric, within)

    def neighbourhood(self, metric: str = "sharpe_ratio") -> pd.DataFrame:
        """Return for each cell its value, the number of its neighbours, and the mean and rank of its neighbourhood."""
        import pandas as pd

        metric_unit(metric)
        values = self._frame[metric]
        around = neighbourhood_of(self.grid, values.to_numpy())
        mean = pd.Series(around.mean, index=values.index)
        return pd.DataFrame(
            {
                metric: values,
                "neighbours": around.count,
                "neighbourhood_mean": mean,
                "rank": mean.rank(ascending=False, method="min"),
            }
        )

    def pbo(self, statistic: Any = "sharpe") -> Overfitting:
        """Return the probability of backtest overfitting over the cells that ran, from their 16 blocks of time.

        Of more than 2,000 cells as many are taken at equal steps, which a note says.

        Parameters
        ----------
        statistic : {"sharpe", "mean", "sum"}

        Raises
        ------
        DataError
            If symbols have different numbers of bars, so that blocks are not the same time.
        InsufficientDataError
            If fewer than 2 cells ran, or there are fewer than 16 bars.
        """
        stamps = [bars.ts for bars in self.bars.values()]
        if any(not np.array_equal(ts, stamps[0]) for ts in stamps[1:]):
            raise DataError(
                "the symbols have different bars, so their blocks are not the same time; sweep one symbol at a time"
            )
        rows = len(stamps[0]) // columns.BLOCKS
        if rows < 1:
            raise InsufficientDataError(f"PBO needs {columns.BLOCKS} bars, the sweep has {len(stamps[0])}")
        sums, squares = (self._blocks(first)[self._ran] for first in (columns.SUMS, columns.SQUARES))
        return overfitting_of(sums, squares, rows, self.convention.risk_free_per_period, statistic)

    def deflated_sharpe(self) -> DeflatedSharpe:
        """Return the Sharpe ratio of the best cell, deflated by what the cells that ran are worth as independent trials.

        Neighbours are alike, so they are worth fewer than they are: ``rho + (1 - rho) N``
        for each symbol, rho the mean correlation of two cells' sums over 16 blocks of
        time, not below 0. The ledger counts the same sweep alike.

        Raises
        ------
        ConfigError
            If the cells are not in the ledger: then trials are no longer all counted.
        InsufficientDataError
            If fewer than 2 cells have a Sharpe ratio.
        """
        if lost := [ticket.wait().reason for ticket in self.tickets if ticket.trial is None]:
            raise ConfigError(f"no deflated Sharpe ratio without an entry in the ledger, and there is none: {lost[0]}")
        ratios = sharpe_per_period(self)
        known = ratios[np.isfinite(ratios)]
        if known.size < 2:
            raise InsufficientDataError(f"deflation needs 2 cells with a Sharpe ratio, this sweep has {known.size}")
        best = int(np.nanargmax(ratios))
        return deflated_sharpe_ratio_from_moments(
            float(ratios[best]),
            len(self._bars_of(best)),
            trials=effective_number(self._blocks(columns.SUMS)[self._ran], self._symbols[self._ran])[0],
            sharpe_variance=float(known.var(ddof=1)),
            skewness=float(self.statistics[best, columns.SKEWNESS]),
            kurtosis=float(self.statistics[best, columns.KURTOSIS]),
        )

    def facts(self) -> list[Fact]:
        """Return the size of the sweep, its best cell, and what says how much of that is luck."""
        frame, ran = self._frame, int(np.count_nonzero(self._ran))
        facts = [
            Fact("Cells", len(self), "count", _axes_text(self.grid)),
            Fact("Cells that ran", ran, "count", "each is a trial"),
        ]
        if not ran:
            return facts
        known = frame["sharpe_ratio"].dropna()
        facts.append(Fact("Share of cells with a gain", float((frame["total_return"].dropna() > 0).mean()), "fraction"))
        if known.empty:
            return [*facts, Fact("Best Sharpe ratio", float("nan"), "ratio", note="no cell traded")]
        convention = f"{self.convention.periods_per_year:g} periods, risk-free {self.convention.risk_free * 100:g} %"
        best = self.best()
        facts += [
            Fact(
                "Best Sharpe ratio", float(best["sharpe_ratio"]), "ratio", convention, self._words(int(str(best.name)))
            ),
            Fact("Median Sharpe ratio", float(known.median()), "ratio", "over all cells"),
            *self._luck(),
        ]
        return facts

    def tables(self) -> list[Table]:
        """Return the best cells by Sharpe ratio."""
        known = self._frame.dropna(subset=["sharpe_ratio"])
        shown = known.nlargest(_SHOWN, "sharpe_ratio")
        if shown.empty:
            return []
        names = [axis.name for axis in self.grid.axes]
        rows = tuple(
            (
                str(cell),
                *(format_value(row[name]) for name in names),
                *(format_value(row[name], METRICS[name]) for name in _MEASURES),
            )
            for cell, row in shown.iterrows()
        )
        heads = ("Cell", *names, *map(metric_text, _MEASURES))
        return [Table("Best cells by Sharpe ratio", heads, rows, numbers=(heads[0], *heads[len(names) + 1 :]))]

    def provenance(self) -> list[Fact]:
        """Return data, axes, fixed values, convention, trials and versions."""
        options = options_of({name: each for name, each in self.grid.fixed_options.items() if name not in LEVELS})
        fixed = {**self.grid.fixed, **{n: v for n, v in self.grid.fixed_options.items() if n in LEVELS}}
        manifest = self.manifest
        return [
            *(Fact("Data", _data_text(bars)) for bars in list(self.bars.values())[:_SHOWN]),
            *(Fact(f"Axis {axis.name}", _values_text(axis.values)) for axis in self.grid.axes),
            *([Fact("Fixed", ", ".join(f"{name} {value}" for name, value in fixed.items()))] if fixed else []),
            Fact("Sizing", sizing_rules(options), "", "where no axis says otherwise"),
            Fact("Fills", fill_rules(options), "", "where no axis says otherwise"),
            Fact("Costs", options.costs.describe(), "", "where no axis says otherwise"),
            Fact("Convention", self.convention.describe()),
            Fact("Trials", int(np.count_nonzero(self._ran)), "count", "cells of this sweep"),
            *([Fact("Seed", manifest.seed)] if manifest.seed is not None else []),
            Fact("Code", f"InvestIQ {manifest.code_version}, Python {manifest.python}"),
            Fact("Run at", manifest.created_at, "time"),
        ]

    @property
    def _ran(self) -> NDArray[np.bool_]:
        ran: NDArray[np.bool_] = self.ways != REFUSED
        return ran

    def _blocks(self, first: int) -> FloatArray:
        """Return the 16 sums of each cell; the one before them is that of the bars outside the blocks."""
        blocks: FloatArray = self.statistics[:, first + 1 : first + 1 + columns.BLOCKS]
        return blocks

    @property
    def _symbols(self) -> NDArray[np.int64]:
        """The number of each cell's symbol."""
        if not self.has_symbol_axis:
            return np.zeros(len(self), dtype=np.int64)
        return np.asarray(self.grid.places(slice(0, len(self)))[0], dtype=np.int64)

    @property
    def runs_alone(self) -> int:
        """Cells that ran one by one, as the loop of a sweep cannot express them."""
        return int(np.count_nonzero(self.ways == GENERAL))

    def _bars_of(self, cell: int) -> Bars:
        return self.bars[self.grid.values_of(cell).get("symbol", next(iter(self.bars)))]

    def _words(self, cell: int) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.grid.values_of(cell).items())

    def _luck(self) -> list[Fact]:
        facts = []
        try:
            deflated = self.deflated_sharpe()
            annual = float(np.sqrt(self.convention.periods_per_year))
            facts += [
                Fact(
                    "Best expected by luck",
                    deflated.expected_maximum * annual,
                    "ratio",
                    f"{np.count_nonzero(self._ran):,} trials worth {deflated.trials:,.1f} independent ones",
                ),
                Fact("Deflated Sharpe ratio", deflated.probability, "fraction", "probability; accepted above 95 %"),
            ]
        except (ConfigError, InsufficientDataError) as error:
            facts.append(Fact("Deflated Sharpe ratio", float("nan"), "fraction", note=str(error)))
        try:
            plateau = self.plateau()
            words = f"{plateau.share_near:.0%} of {plateau.neighbours} neighbours within {plateau.within:.0%} of it"
            facts.append(Fact("Best cell is", "an island" if plateau.is_island else "on a plateau", "", words))
        except InsufficientDataError as error:
            facts.append(Fact("Best cell is", "n/a", note=str(error)))
        return facts


def _axes_text(grid: Grid) -> str:
    text = " x ".join(f"{len(axis.values)} {axis.name}" for axis in grid.axes) or "no axis"
    return text if grid.sampled is None else f"{text}; a random sample of {grid.n_combinations:,}"


def _values_text(values: Sequence[Any]) -> str:
    if len(values) <= _SHOWN:
        return ", ".join(format_value(value) for value in values)
    return f"{format_value(values[0])}, {format_value(values[1])} ... {format_value(values[-1])}, {len(values)} values"


def _data_text(bars: Bars) -> str:
    first, last = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
    return (
        f"{bars.symbol}, {bars.interval} bars from {bars.passport.provider} ({bars.passport.provenance}), {first} to {last}, "
        f"{len(bars):,} bars, SHA-256 {bars.fingerprint[:16]}"
    )
