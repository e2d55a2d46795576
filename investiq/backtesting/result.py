"""`BacktestResult`: one run of one strategy, its account, its trades and where it comes from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting import cautions, describing, postings, running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.events import log_lines
from investiq.backtesting.trades import RoundTrips, fills_frame, round_trips, trades_frame
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

__all__ = ["BacktestResult", "load_result", "parameters_of"]


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
        """That of the bars."""
        return self.bars.passport.watermark

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

    @cached_property
    def equity(self) -> pd.DataFrame:
        """The account at each close, index `ts`.

        The first row is the opening point: the capital before the first bar, one
        interval before its label. Columns: equity, cash, position_value (money),
        position (shares), drawdown (fraction, <= 0).
        """
        import pandas as pd

        equity = self._account
        cash = np.concatenate(([self.options.initial_capital], self.run.cash))
        return pd.DataFrame(
            {
                "equity": equity,
                "cash": cash,
                "position_value": np.concatenate(([0.0], self.run.position * self.bars.close)),
                "position": np.concatenate(([0.0], self.run.position)),
                "drawdown": equity / np.maximum.accumulate(equity) - 1.0,
            },
            index=pd.DatetimeIndex(self._instants, tz="UTC", name="ts"),
        )

    @cached_property
    def returns(self) -> pd.Series[float]:
        """Simple returns of the equity per bar, index `ts`; the first is measured from the opening point."""
        import pandas as pd

        equity = self._account
        return pd.Series(equity[1:] / equity[:-1] - 1.0, index=self.bars.index, name="returns")

    @cached_property
    def trades(self) -> pd.DataFrame:
        """One row per round trip, in the order of entry, paired first in, first out.

        Columns: symbol, entry_ts, entry_price, exit_ts, exit_price (slippage
        included), quantity, pnl (net of costs; at the last close while open),
        return (pnl / entry notional), fees, slippage (money, both sides),
        exit_reason ("signal", "stop_loss", "take_profit", "end_of_data"),
        bars_held, is_open. Exit columns are missing while open.
        """
        return trades_frame(self._trips, self.bars)

    @cached_property
    def fills(self) -> pd.DataFrame:
        """One row per fill: ts, side, quantity, price (slippage included), fee, slippage (money), reason."""
        return fills_frame(self.run, self.bars)

    @cached_property
    def log(self) -> pd.DataFrame:
        """What became of decisions and orders that did not fill: ts, event."""
        import pandas as pd

        lines = log_lines(self.run)
        rows = np.array([bar for bar, _ in lines], dtype=np.int64)
        return pd.DataFrame(
            {
                "ts": pd.DatetimeIndex(self.bars.ts[rows], tz="UTC"),
                "event": pd.array([text for _, text in lines], dtype="str"),
            }
        )

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The metrics: index metric; columns value, unit, convention, note."""
        import pandas as pd

        facts = self.facts()
        return pd.DataFrame(
            {
                "value": [fact.value for fact in facts],
                "unit": [fact.unit for fact in facts],
                "convention": [fact.convention for fact in facts],
                "note": [fact.note for fact in facts],
            },
            index=pd.Index([fact.label for fact in facts], name="metric"),
        )

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
        """Buying and holding under the same options, with all of the equity, unrounded quantities and no levels."""
        bars = self.benchmark_bars if self.benchmark_bars is not None else self.bars
        strategy = BuyAndHold()
        options = dataclasses.replace(self.options, weight=1.0, lot=None, stop_loss=None, take_profit=None)
        run = running.simulate(bars, from_codes(strategy.decide(bars), len(bars)), options)
        manifest = dataclasses.replace(
            self.manifest,
            data={bars.symbol: bars.fingerprint},
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
    def _trips(self) -> RoundTrips:
        return round_trips(self.run, float(self.bars.close[-1]))

    @cached_property
    def _account(self) -> NDArray[np.float64]:
        return np.concatenate(([self.options.initial_capital], self.run.equity))

    @cached_property
    def _instants(self) -> NDArray[np.datetime64]:
        opening = self.bars.ts[0] - np.timedelta64(INTERVAL_MINUTES[self.bars.interval], "m")
        return np.concatenate(([opening], self.bars.ts))

    @cached_property
    def _facts(self) -> tuple[Fact, ...]:
        from investiq.metrics.summary import performance_facts

        trips = self._trips
        closed = trips.is_closed
        return (
            Fact("Final equity", float(self.run.equity[-1]), "money", "after all costs"),
            *performance_facts(
                self._account,
                self._instants,
                trips.pnl[closed],
                self.run.position > 0,
                self.convention,
                trade_returns=trips.returns[closed],
                fees=float(self.run.fills[:, postings.FEE].sum()),
                slippage=float(self.run.fills[:, postings.SLIPPAGE].sum()),
            ),
        )


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
