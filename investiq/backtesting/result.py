"""`BacktestResult`: one run of one strategy, its account, its trades and where it comes from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import cautions, describing, frames, postings, running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.trades import RoundTrips, round_trips
from investiq.core.facts import Fact
from investiq.core.manifest import Manifest, plain
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.core.types import INTERVAL_MINUTES
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.metrics.conventions import Convention
from investiq.strategies.base import Strategy
from investiq.strategies.buy_and_hold import BuyAndHold

if TYPE_CHECKING:
    import pandas as pd

Frame = TypeVar("Frame", "pd.DataFrame", "pd.Series[float]")

__all__ = ["BacktestResult", "data_of", "load_result", "parameters_of"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BacktestResult(Result):
    """What `iq.backtest` returns. Tables are built when they are first read.

    Two results are equal when bars, strategy, options, convention and every number
    of the account are; where and when they were made does not count.

    Attributes
    ----------
    bars : Bars
        The bars of the run, as traded.
    strategy : Strategy
    options : RunOptions
    convention : Convention
    manifest : Manifest
        Versions, fingerprints and parameters: what is needed to run it again.
    notes : tuple of Note
        Cautions about data and method.
    run : running.Run
        The arrays of the account: equity, cash, position, fills, events.
    benchmark_bars : Bars, optional
        What `benchmark` holds; None means the bars of the run.
    """

    kind: ClassVar[str] = "backtest"

    bars: Bars
    strategy: Strategy
    options: RunOptions
    convention: Convention
    manifest: Manifest
    run: running.Run
    benchmark_bars: Bars | None = None
    notes: tuple[Note, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BacktestResult) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def title(self) -> str:
        """Strategy, parameters and symbol."""
        return f"{describing.strategy_text(self.strategy.name, self.strategy.parameters())} on {self.bars.symbol}"

    @property
    def watermark(self) -> str | None:
        """That of the bars and of those of the benchmark; ``"SYNTHETIC"`` where either is."""
        marks = {bars.passport.watermark for bars in (self.bars, self.benchmark_bars) if bars is not None}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the bars, the parameters and the account."""
        parameters = _as_floats(plain(parameters_of(self.strategy, self.options, self.convention)))
        digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
        for bars in (self.bars, self.benchmark_bars):
            digest.update((bars.fingerprint if bars is not None else "").encode())
        for array in (self.run.equity, self.run.cash, self.run.position, self.run.fills, self.run.events):
            digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    @property
    def equity(self) -> pd.DataFrame:
        """The account at each close, index `ts`.

        The first row is the opening point: the capital before the first bar, one
        interval before its label. Columns: equity, cash, position_value (money),
        position (shares), drawdown (fraction, <= 0).
        """
        return self._own(frames.equity_frame)

    @property
    def returns(self) -> pd.Series[float]:
        """Simple returns of the equity per bar, index `ts`; the first is measured from the opening point."""
        return self._own(frames.returns_series)

    @property
    def trades(self) -> pd.DataFrame:
        """One row per round trip, in the order of entry, paired first in, first out.

        Columns: symbol, entry_ts, entry_price, exit_ts, exit_price (slippage
        included), quantity, pnl (net of costs; at the last close while open),
        return (pnl / entry notional), fees, slippage (money, both sides),
        exit_reason ("signal", "stop_loss", "take_profit", "end_of_data"),
        bars_held, is_open. Exit columns are missing while open.
        """
        return self._own(frames.trades_frame)

    @property
    def fills(self) -> pd.DataFrame:
        """One row per fill: ts, side, quantity, price (slippage included), fee, slippage (money), reason."""
        return self._own(frames.fills_frame)

    @property
    def log(self) -> pd.DataFrame:
        """What became of decisions and orders that did not fill: ts, event."""
        return self._own(frames.log_frame)

    @property
    def summary(self) -> pd.DataFrame:
        """The metrics: index metric; columns value, unit, convention, note."""
        return self._own(frames.summary_frame)

    def facts(self) -> list[Fact]:
        """Return the metrics, each with unit and convention; NaN with a reason where one is undefined."""
        return list(self._facts)

    def provenance(self) -> list[Fact]:
        """Return data passport, rules, costs, convention, trials and versions."""
        return describing.provenance_of(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the account, as `equity`."""
        return self.equity

    @cached_property
    def benchmark(self) -> BacktestResult:
        """Buying and holding under the same options, with all of the equity, unrounded quantities and no levels.

        An entry that cash does not cover is always reduced: rejected, it would leave a
        benchmark that never holds anything.
        """
        bars = self.benchmark_bars if self.benchmark_bars is not None else self.bars
        strategy = BuyAndHold()
        options = dataclasses.replace(
            self.options, weight=1.0, lot=None, stop_loss=None, take_profit=None, insufficient="reduce"
        )
        run = running.simulate(bars, from_codes(strategy.decide(bars), len(bars)), options)
        manifest = dataclasses.replace(
            self.manifest,
            data=data_of(bars),
            parameters=plain(parameters_of(strategy, options, self.convention)),
        )
        return BacktestResult(
            bars=bars,
            strategy=strategy,
            options=options,
            convention=self.convention,
            manifest=manifest,
            run=run,
            notes=cautions.notes_of(bars, run),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to one ``.iq`` file, which `iq.load_result` reads; return its path.

        Raises
        ------
        ConfigError
            If the path is a folder, does not end in ``.iq``, or cannot be written.
        """
        from investiq.backtesting.saving import save

        return save(self, path)

    @cached_property
    def round_trips(self) -> RoundTrips:
        """The round trips as arrays."""
        return round_trips(self.run, float(self.bars.close[-1]), self.options.posting_rounding)

    @cached_property
    def account(self) -> NDArray[np.float64]:
        """Equity from the opening point on, shape (n_bars + 1,)."""
        return np.concatenate(([self.options.initial_capital], self.run.equity))

    @cached_property
    def instants(self) -> NDArray[np.datetime64]:
        """Labels of `account`: that of the opening point lies one interval before the first bar's."""
        opening = self.bars.ts[0] - np.timedelta64(INTERVAL_MINUTES[self.bars.interval], "m")
        return np.concatenate(([opening], self.bars.ts))

    def _own(self, build: Callable[[BacktestResult], Frame]) -> Frame:
        """Return a frame of the caller's own: built once, and a shallow copy changes alone when it is written to."""
        kept: dict[Any, Any] = self.__dict__.setdefault("_frames", {})
        if build not in kept:
            kept[build] = build(self)
        frame: Frame = kept[build].copy(deep=False)
        return frame

    @cached_property
    def _facts(self) -> tuple[Fact, ...]:
        from investiq.metrics.summary import performance_facts

        trips = self.round_trips
        closed = trips.is_closed
        return (
            Fact("Final equity", float(self.run.equity[-1]), "money", "after all costs"),
            *performance_facts(
                self.account,
                self.instants,
                trips.pnl[closed],
                self.run.position > 0,
                self.convention,
                trade_returns=trips.returns[closed],
                fees=float(self.run.fills[:, postings.FEE].sum()),
                slippage=float(self.run.fills[:, postings.SLIPPAGE].sum()),
            ),
        )


def data_of(bars: Bars, benchmark: Bars | None = None) -> dict[str, str]:
    """Return the fingerprints of a run's series by role and symbol, which two series of one symbol do not share."""
    data = {f"bars {bars.symbol}": bars.fingerprint}
    if benchmark is not None:
        data[f"benchmark {benchmark.symbol}"] = benchmark.fingerprint
    return data


def parameters_of(strategy: Strategy, options: RunOptions, convention: Convention) -> dict[str, object]:
    """Return everything that was chosen for a run, as nested mappings."""
    return {
        "strategy": {"name": strategy.name, **strategy.parameters()},
        "options": dataclasses.asdict(options),
        "convention": dataclasses.asdict(convention),
    }


def _as_floats(value: Any) -> Any:
    """Return nested plain values with every number as a float: a weight of 1 is a weight of 1.0."""
    if isinstance(value, dict):
        return {key: _as_floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_floats(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def load_result(path: str | os.PathLike[str]) -> BacktestResult:
    """Return the result that `BacktestResult.save` wrote; it equals the one that was saved.

    Parameters
    ----------
    path : path-like
        A ``.iq`` file. Reading it runs no code from it.

    Raises
    ------
    DataError
        If the file is missing, damaged, of another kind, or of a newer version.
    """
    from investiq.backtesting.saving import load

    return load(path)
