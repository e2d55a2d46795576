"""`BacktestResult`: one run of one strategy, its account, its trades and where it comes from."""

from __future__ import annotations

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

from investiq.backtesting import cautions, describing, frames, portfolio, postings, running
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.excursions import Excursions, Levels, excursions_of, levels_of, mean_prices
from investiq.backtesting.holdings import Holdings, halted_bars, shares_of
from investiq.backtesting.inputs import Decided, as_decided, digest_of, parameters_of
from investiq.backtesting.price_sheet import PriceSheet
from investiq.backtesting.recorded import AfterRecording, NotesWithRecording
from investiq.backtesting.trades import FILL_REASONS, RoundTrips, round_trips
from investiq.core.errors import DataError
from investiq.core.facts import Fact
from investiq.core.manifest import Manifest, plain
from investiq.core.result import Result
from investiq.core.types import INTERVAL_MINUTES
from investiq.execution.options import RunOptions
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.metrics.conventions import Convention
from investiq.strategies.base import Strategy

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.attribution import Waterfall
    from investiq.backtesting.evidence_result import Evidence
    from investiq.backtesting.explaining import FillExplanation
    from investiq.backtesting.explaining_bracket import Bracket
    from investiq.backtesting.trial_recording import Ticket
    from investiq.core.notes import Note

Frame = TypeVar("Frame", "pd.DataFrame", "pd.Series[float]")

__all__ = ["BacktestResult", "data_of", "load_result", "parameters_of"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BacktestResult(Result):
    """What `iq.backtest` returns. Tables are built when they are first read.

    Two results are equal when data, decisions, strategy, options, convention and
    every number of the account are; where and when they were made does not count.

    Attributes
    ----------
    data : Bars or Panel
        What was traded, as traded: one symbol or several with one pool of cash.
        `bars` and `panel` return it under its own name.
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
        What `benchmark` holds; None means the data of the run, in equal parts.
    decided : sequence of Signal or ndarray of shape (n_symbols, n_bars), optional
        The signals or target weights of the run; None where it had one code per bar.
    ticket : Ticket, optional
        The trial in the ledger, on its way; None for a run that is not counted.
    """

    kind: ClassVar[str] = "backtest"

    data: Bars | Panel
    strategy: Strategy
    options: RunOptions
    convention: Convention
    manifest: Manifest
    run: AfterRecording[running.Run] = AfterRecording()  # noqa: RUF009  # a descriptor is the field itself
    benchmark_bars: Bars | None = None
    notes: NotesWithRecording = NotesWithRecording()  # noqa: RUF009  # as `run`
    decided: Decided | None = None
    ticket: Ticket | None = None

    def __post_init__(self) -> None:
        if self.decided is not None:
            object.__setattr__(self, "decided", as_decided(self.decided))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BacktestResult) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def bars(self) -> Bars:
        """The bars of the one symbol that was traded.

        Raises
        ------
        DataError
            If several symbols were traded.
        """
        if isinstance(self.data, Panel):
            raise DataError(
                f"this run traded {len(self.data)} symbols; read result.panel, or result.panel.bars(symbol)"
            )
        return self.data

    @property
    def panel(self) -> Panel:
        """The panel that was traded; that of one symbol holds its bars."""
        return self.data if isinstance(self.data, Panel) else Panel.of([self.data])

    @property
    def subject(self) -> str:
        """What was traded, in a few words."""
        symbols = self.prices.symbols
        return ", ".join(symbols) if len(symbols) <= 3 else f"{len(symbols)} symbols"

    @property
    def title(self) -> str:
        """Strategy, parameters and symbol."""
        return f"{describing.strategy_title(self.strategy)} on {self.subject}"

    @property
    def watermark(self) -> str | None:
        """That of the data and of those of the benchmark; ``"SYNTHETIC"`` where any is."""
        passports = list(self.data.passports) if isinstance(self.data, Panel) else [self.data.passport]
        if self.benchmark_bars is not None:
            passports.append(self.benchmark_bars.passport)
        marks = {passport.watermark for passport in passports}
        return next((mark for mark in ("SYNTHETIC", "SAMPLE") if mark in marks), None)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the data, the parameters, the decisions and the account."""
        parameters = _as_floats(plain(parameters_of(self.strategy, self.options, self.convention)))
        digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
        digest.update(digest_of(self.data, self.benchmark_bars, self.decided, self.run))
        return digest.hexdigest()

    @property
    def equity(self) -> pd.DataFrame:
        """The account at each close, index `ts`.

        The first row is the opening point: the capital before the first bar, one
        interval before its label. Columns: equity, cash, receivables (dividends
        not yet paid), long_value, short_value (a liability, >= 0), gross, net
        (money), exposure (gross over equity), drawdown (fraction, <= 0) and
        halted (whether the circuit breaker refuses entries in the bar). With
        one symbol also position (shares) and position_value (money).
        """
        return self._own(frames.equity_frame)

    @property
    def positions(self) -> pd.DataFrame:
        """Shares of each symbol at each close, negative for a short; index `ts`, one column for each symbol."""
        return self._own(frames.positions_frame)

    @property
    def returns(self) -> pd.Series[float]:
        """Simple returns of the equity per bar, index `ts`; the first is measured from the opening point."""
        return self._own(frames.returns_series)

    @property
    def trades(self) -> pd.DataFrame:
        """One row per round trip, in the order of entry, paired first in, first out.

        Columns: symbol, side ("long", "short"), entry_ts, entry_price, exit_ts,
        exit_price (slippage and impact included), quantity (shares at the entry,
        negative for a short), exit_quantity (the same after splits), pnl (net of
        costs and borrow fees, with dividends; at the last close while open),
        return (pnl / entry notional), fees, slippage, impact (money, both
        sides), dividends, borrow (money), stop, target (prices that stood at the
        entry, missing where there was none), mae, mfe (worst and best price
        before the exit, fractions of the entry price), mae_money, mfe_money,
        r_multiple (pnl over what the stop put at risk), exit_reason ("signal",
        "stop_loss", "take_profit", "end_of_data" and others), bars_held,
        is_ambiguous (stop and target both lay inside the bar of the exit),
        is_open. Exit columns are missing while open.
        """
        return self._own(frames.trades_frame)

    @property
    def fills(self) -> pd.DataFrame:
        """One row per fill: ts, symbol, side, quantity, price (slippage and impact included), fee, slippage, impact (money), reason, ambiguous."""
        return self._own(frames.fills_frame)

    @property
    def postings(self) -> pd.DataFrame:
        """What changed the account without a fill: ts, kind, symbol (missing for the whole account), amount.

        Kinds: interest, debit_interest, borrow, dividend (when the account is
        entitled to it), dividend_paid, cash_in_lieu.
        """
        return self._own(frames.postings_frame)

    @property
    def by_symbol(self) -> pd.DataFrame:
        """What each symbol did: trades (closed), won, win_rate, pnl, contribution (pnl / opening capital), fees, dividends, weight (mean)."""
        return self._own(frames.symbols_frame)

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

    def shown_notes(self) -> tuple[Note, ...]:
        """Return the notes, and what the ledger of trials says against the result: printing asks it, `notes` does not."""
        if self.ticket is None:
            return self.notes
        deflation = cautions.deflation_note(self.evidence.deflated, self.evidence.trials)
        return self.notes if deflation is None else (*self.notes, deflation)

    def to_frame(self) -> pd.DataFrame:
        """Return the account, as `equity`."""
        return self.equity

    @cached_property
    def benchmark(self) -> BacktestResult:
        """Buying and holding under the same options, with all of the equity, unrounded quantities and no levels.

        Several symbols are bought in equal parts, each when it begins, and then left
        alone. An entry that cash does not cover is always reduced: rejected, it would leave a benchmark
        that never holds anything.
        """
        from investiq.backtesting.benchmarking import benchmark_of

        return benchmark_of(self)

    @cached_property
    def evidence(self) -> Evidence:
        """What the ledger of trials says about this run: how many were tried, and how likely its Sharpe ratio is luck.

        All of it is missing, with the reason, for a run that was not counted.
        """
        from investiq.backtesting.trial_evidence import deflation_of

        return deflation_of(self, None if self.ticket is None else self.ticket.study)

    @property
    def waterfall(self) -> Waterfall:
        """From the gross profit to the net one: what each kind of cost took."""
        from investiq.backtesting.attribution import waterfall_of

        return waterfall_of(self)

    @cached_property
    def bracket(self) -> Bracket:
        """The same decisions under the other readings of a bar: the lowest and the highest result."""
        from investiq.backtesting.explaining_bracket import bracket_of

        return bracket_of(self)

    @property
    def ambiguity_share(self) -> float:
        """Share of the closed round trips whose exit was decided with stop and target both inside the bar; NaN without any."""
        trips = self.round_trips
        closed = trips.is_closed
        return float(trips.is_ambiguous[closed].mean()) if closed.any() else float("nan")

    def explain(self, trade: int) -> FillExplanation:
        """Return why round trip `trade`, a row of `trades`, was filled as it was, and what else could have been.

        Raises
        ------
        DataError
            If there is no such row.
        """
        from investiq.backtesting.explaining import explain

        return explain(self, trade)

    def rerun(self, options: RunOptions) -> running.Run:
        """Return the account that the same decisions make under other options."""
        decided = self.run.decisions if self.decided is None else self.decided
        if isinstance(self.data, Panel) and not isinstance(decided, Decisions):
            return portfolio.run(decided, self.data, options)
        return running.simulate(self.data, decided, options)

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
    def prices(self) -> PriceSheet:
        """The prices as arrays with a row for each symbol, ascending."""
        return PriceSheet.of(self.data)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Shares at each close, shape (n_symbols, n_bars)."""
        return shares_of(self.run)

    @cached_property
    def holdings(self) -> Holdings:
        """Value of long and short positions at each close."""
        return Holdings.of(self.shares, self.prices)

    @cached_property
    def halted(self) -> NDArray[np.bool_]:
        """Whether the circuit breaker refuses entries, shape (n_bars,)."""
        return halted_bars(self.account, self.options)

    @cached_property
    def round_trips(self) -> RoundTrips:
        """The round trips as arrays."""
        prices = self.prices
        return round_trips(
            self.run,
            prices.last_marks,
            self.options.posting_rounding,
            splits=prices.splits,
            symbols=prices.symbols,
        )

    @cached_property
    def excursions(self) -> Excursions:
        """How far each round trip went against and in favour of its holder."""
        trips = self.round_trips
        reasons = self.run.fills[trips.entry_fill, postings.REASON].astype(np.int64)
        return excursions_of(trips, self.prices, reasons, at_closes=self.options.fill == "same_close")

    @cached_property
    def levels(self) -> Levels:
        """Stop and target that stood after each entry."""
        options, trips = self.options, self.round_trips
        atr = None
        if options.atr_stop or options.atr_target or options.atr_trail:
            from investiq.backtesting.preparing import scenario_of

            decided = self.run.decisions if self.decided is None else self.decided
            atr = scenario_of(self.data, decided, options).atr
        reasons = [FILL_REASONS[int(code)] for code in self.run.fills[trips.entry_fill, postings.REASON]]
        signals = self.decided if isinstance(self.decided, tuple) else ()
        bases = None
        if options.max_entries > 1 or isinstance(self.decided, np.ndarray):
            bases = mean_prices(self.run.fills, self.prices)[trips.entry_fill]
        return levels_of(trips, self.prices, options, signals=signals, atr=atr, entry_reasons=reasons, bases=bases)

    @cached_property
    def account(self) -> NDArray[np.float64]:
        """Equity from the opening point on, shape (n_bars + 1,)."""
        return np.concatenate(([self.options.initial_capital], self.run.equity))

    @cached_property
    def instants(self) -> NDArray[np.datetime64]:
        """Labels of `account`: that of the opening point lies one interval before the first bar's."""
        ts = self.data.ts
        return np.concatenate((ts[:1] - np.timedelta64(INTERVAL_MINUTES[self.data.interval], "m"), ts))

    def _own(self, build: Callable[[BacktestResult], Frame]) -> Frame:
        """Return a frame of the caller's own: built once, and a shallow copy changes alone when it is written to."""
        kept: dict[Any, Any] = self.__dict__.setdefault("_frames", {})
        if build not in kept:
            kept[build] = build(self)
        frame: Frame = kept[build].copy(deep=False)
        return frame

    @cached_property
    def _facts(self) -> tuple[Fact, ...]:
        return describing.facts_of(self)


def data_of(data: Bars | Panel, benchmark: Bars | None = None) -> dict[str, str]:
    """Return the fingerprints of a run's series by role and symbol, which two series of one symbol do not share."""
    members = list(data) if isinstance(data, Panel) else [data]
    found = {f"bars {bars.symbol}": bars.fingerprint for bars in members}
    if benchmark is not None:
        found[f"benchmark {benchmark.symbol}"] = benchmark.fingerprint
    return found


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
