"""W1: one backtest of 5,031 daily bars, from prices to equity, round trips and metrics.

The S&P 500 of 1999 to 2018, a crossing of the 20- and 50-day averages, all of the
equity, decided at a close and filled at the next open, 10 bp of fee and 5 bp of
slippage a side, quantities not rounded. Every engine must first return the same
equity curve, number of closed round trips, Sharpe ratio (252) and largest drawdown
as the plain account in `oracle.py`; then they take turns on the clock.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common, oracle

if TYPE_CHECKING:
    from investiq.backtesting.running import Run

FAST, SLOW = 20, 50
COSTS = iq.Costs(commission_rate=oracle.FEE, slippage_bps=1e4 * oracle.SLIPPAGE)
OPTIONS = {
    "costs": COSTS,
    "weight": 1.0,
    "size_at": "open",
    "lot": None,
    "posting_rounding": None,
    "level_rounding": None,
    "max_volume_participation": None,
    "confidence_threshold": 0.0,
    "end": "mark",
}
BASE = "raptorbt"
# Engines that cannot express the rules, and why.
OTHER_RULES = {
    "backtesting.py": "knows no slippage, and takes it as commission",
    "backtrader": "sizes an order at the close, here at 97 % of cash",
}


class Outcome(NamedTuple):
    """What every engine is checked on."""

    equity: NDArray[np.float64]
    closed_trades: int
    sharpe_ratio: float
    max_drawdown: float


class NotInstalled(Exception):
    """A peer that this environment does not have."""


def peers(bars: iq.Bars) -> dict[str, Callable[[], Callable[[], Outcome]]]:
    """Return the engines by name; each is made, or refused, by calling it."""
    return {
        "InvestIQ, engine": lambda: investiq_engine(bars),
        "InvestIQ, iq.backtest": lambda: investiq_public(bars),
        "InvestIQ, iq.backtest and its tables": lambda: investiq_tables(bars),
        "raptorbt": lambda: raptorbt(bars),
        "vectorbt, rust": lambda: vectorbt(bars, "auto"),
        "vectorbt, numba": lambda: vectorbt(bars, "numba"),
        "backtesting.py": lambda: backtesting_py(bars),
        "backtrader": lambda: backtrader(bars),
        "plain Python": lambda: plain_python(bars),
    }


def investiq_engine(bars: iq.Bars) -> Callable[[], Outcome]:
    """Arrays and numbers: decisions, account, round trips and 20 metrics, without checks, manifest or tables."""
    # Imported here: a peer's cold start must not pay for the compiler of this engine.
    from investiq.backtesting import engine
    from investiq.execution.options import RunOptions

    strategy, options = iq.strategies.Crossover(fast=FAST, slow=SLOW), RunOptions(**OPTIONS)

    def call() -> Outcome:
        account = engine.run(strategy, bars, options)
        figures = account.figures
        closed = int(account.round_trips.is_closed.sum())
        return Outcome(account.equity, closed, figures.sharpe_ratio, figures.max_drawdown)

    return call


def investiq_public(bars: iq.Bars) -> Callable[[], Outcome]:
    """The public call, with checks, cautions and manifest; account, round trips and metrics are read."""
    strategy = iq.strategies.Crossover(fast=FAST, slow=SLOW)

    def call() -> Outcome:
        result = iq.backtest(strategy, bars, **OPTIONS)
        values = {fact.label: fact.value for fact in result.facts()}
        closed = int(result.round_trips.is_closed.sum())
        return Outcome(result.run.equity, closed, values["Sharpe ratio"], values["Max drawdown"])

    return call


def investiq_tables(bars: iq.Bars) -> Callable[[], Outcome]:
    """The public call, and what a person opens: equity, trades and summary as DataFrames."""
    strategy = iq.strategies.Crossover(fast=FAST, slow=SLOW)

    def call() -> Outcome:
        result = iq.backtest(strategy, bars, **OPTIONS)
        equity, trades, summary = result.equity, result.trades, result.summary["value"]
        closed = int((~trades["is_open"]).sum())
        return Outcome(equity["equity"].to_numpy()[1:], closed, summary["Sharpe ratio"], summary["Max drawdown"])

    return call


def raptorbt(bars: iq.Bars) -> Callable[[], Outcome]:
    """Its own averages; the crossings in numpy, as its examples do; 48 metrics come with the result."""
    try:
        import raptorbt as rb
    except ImportError:
        raise NotInstalled("pip install raptorbt") from None
    ts = bars.ts.astype("datetime64[ns]").astype(np.int64)
    open_, high, low, close, volume = (
        np.array(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")
    )
    config = rb.BacktestConfig(
        initial_capital=oracle.CASH, fees=oracle.FEE, slippage=oracle.SLIPPAGE, fill_timing="next_bar_open"
    )

    def call() -> Outcome:
        fast, slow = rb.sma(close, FAST), rb.sma(close, SLOW)
        up, down = np.zeros(close.size, bool), np.zeros(close.size, bool)
        up[1:] = (fast[1:] > slow[1:]) & (fast[:-1] <= slow[:-1])
        down[1:] = (fast[1:] < slow[1:]) & (fast[:-1] >= slow[:-1])
        result = rb.run_single_backtest(ts, open_, high, low, close, volume, up, down, 1, 1.0, "SPX", config)
        closed = sum(1 for trade in result.trades() if str(trade.exit_reason) != "EndOfData")
        metrics = result.metrics
        # It annualises by 365 days; the number that is checked is brought to 252.
        sharpe = metrics.sharpe_ratio * (252 / 365) ** 0.5
        return Outcome(np.asarray(result.equity_curve()), closed, sharpe, -metrics.max_drawdown_pct / 100)

    return call


def vectorbt(bars: iq.Bars, engine_name: str) -> Callable[[], Outcome]:
    """`Portfolio.from_signals` on signals of the bar before, at the open."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import vectorbt as vbt
        except ImportError:
            raise NotInstalled("pip install vectorbt") from None
        if engine_name == "auto" and common.versions(("vectorbt-rust",))["vectorbt-rust"] == "not installed":
            raise NotInstalled("pip install vectorbt-rust")
    index = pd.DatetimeIndex(bars.ts)
    open_, high, low, close = (
        pd.Series(np.array(getattr(bars, name)), index=index) for name in ("open", "high", "low", "close")
    )

    def one_later(signals: pd.Series) -> NDArray[np.bool_]:
        later = np.zeros(len(signals), dtype=bool)
        later[1:] = signals.to_numpy()[:-1]
        return later

    def call() -> Outcome:
        vbt.settings["engine"] = engine_name
        vbt.settings.returns["year_freq"] = "252 days"
        fast, slow = vbt.MA.run(close, FAST), vbt.MA.run(close, SLOW)
        portfolio = vbt.Portfolio.from_signals(
            close,
            one_later(fast.ma_crossed_above(slow)),
            one_later(fast.ma_crossed_below(slow)),
            price=open_,
            open=open_,
            high=high,
            low=low,
            fees=oracle.FEE,
            slippage=oracle.SLIPPAGE,
            init_cash=oracle.CASH,
            freq="1D",
        )
        equity = portfolio.value().to_numpy()
        closed = int(portfolio.trades.closed.count())
        return Outcome(equity, closed, float(portfolio.sharpe_ratio()), float(portfolio.max_drawdown()))

    return call


def backtesting_py(bars: iq.Bars) -> Callable[[], Outcome]:
    """Fractional backtesting.py; it knows no slippage, so that the two costs are one commission."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from backtesting import Strategy
            from backtesting.lib import FractionalBacktest, crossover
    except ImportError:
        raise NotInstalled("pip install backtesting") from None
    import pandas as pd

    frame = pd.DataFrame(
        {name.capitalize(): np.array(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")},
        index=pd.DatetimeIndex(bars.ts),
    )

    def average(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
        return pd.Series(values).rolling(window).mean().to_numpy()

    class Crossing(Strategy):  # type: ignore[misc]  # the package has no types
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, FAST)
            self.slow = self.I(average, self.data.Close, SLOW)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    def call() -> Outcome:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = FractionalBacktest(frame, Crossing, cash=oracle.CASH, commission=oracle.FEE + oracle.SLIPPAGE).run()
        equity = found["_equity_curve"]["Equity"].to_numpy()
        return Outcome(equity, int(found["# Trades"]), oracle.sharpe_ratio(equity), -1.0)

    return call


def backtrader(bars: iq.Bars) -> Callable[[], Outcome]:
    """Sized at 97 % of cash, since the price of the fill is not known when the order is sized."""
    try:
        import backtrader as bt
    except ImportError:
        raise NotInstalled("pip install backtrader") from None
    import pandas as pd

    frame = pd.DataFrame(
        {name: np.array(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")},
        index=pd.DatetimeIndex(bars.ts),
    )

    class Crossing(bt.Strategy):  # type: ignore[misc]  # the package has no types
        def __init__(self) -> None:
            fast, slow = bt.ind.SMA(period=FAST), bt.ind.SMA(period=SLOW)
            self.cross = bt.ind.CrossOver(fast, slow)
            self.values: list[float] = []

        def next(self) -> None:
            self.values.append(self.broker.getvalue())
            if not self.position and self.cross > 0:
                self.buy(size=0.97 * self.broker.getcash() / self.data.close[0])
            elif self.position and self.cross < 0:
                self.close()

    def call() -> Outcome:
        engine_ = bt.Cerebro(stdstats=False)
        engine_.addstrategy(Crossing)
        engine_.adddata(bt.feeds.PandasData(dataname=frame))
        engine_.broker.setcash(oracle.CASH)
        engine_.broker.setcommission(commission=oracle.FEE)
        engine_.broker.set_slippage_perc(oracle.SLIPPAGE, slip_open=True, slip_out=True)
        engine_.addanalyzer(bt.analyzers.TradeAnalyzer, _name="trades")
        (ran,) = engine_.run()
        return Outcome(np.array(ran.values), int(ran.analyzers.trades.get_analysis().total.closed), np.nan, np.nan)

    return call


def plain_python(bars: iq.Bars) -> Callable[[], Outcome]:
    """The reference itself: lists and loops."""
    open_, close = bars.open.tolist(), bars.close.tolist()

    def call() -> Outcome:
        equity, trades = oracle.simulate(open_, close, oracle.crossover_decisions(close, FAST, SLOW))
        return Outcome(np.array(equity), len(trades), oracle.sharpe_ratio(equity), oracle.max_drawdown(equity))

    return call


def kernels(bars: iq.Bars) -> dict[str, Callable[[], Run]]:
    """Return the same plain run, from decisions to the account, by each of the three kernels."""
    from investiq.backtesting import running
    from investiq.backtesting.general import simulate_scenario
    from investiq.backtesting.plans import plan_of
    from investiq.backtesting.preparing import scenario_of
    from investiq.execution.options import RunOptions

    options = RunOptions(**OPTIONS)
    decided = plan_of(iq.strategies.Crossover(fast=FAST, slow=SLOW), bars)
    # A stop at a millionth of the price is looked for in every bar and never reached.
    watched = replace(options, stop_loss=1 - 1e-6)
    scenario = scenario_of(bars, decided, options)
    return {
        "the loop that knows signals only": lambda: running.simulate(bars, decided, options),
        "the loop with levels, none of them reached": lambda: running.simulate(bars, decided, watched),
        "the general kernel": lambda: simulate_scenario(scenario, options),
    }


def three_kernels(bars: iq.Bars) -> dict[str, common.Timing]:
    """Time the kernels, which must return the same bits."""
    calls = kernels(bars)
    runs = [call() for call in calls.values()]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.fills, runs[0].fills)
        np.testing.assert_array_equal(run.equity.ravel(), runs[0].equity)
    return common.interleaved(calls)


def check(name: str, found: Outcome, expected: Outcome) -> None:
    """Refuse to time an engine that returns another result."""
    np.testing.assert_allclose(found.equity, expected.equity, rtol=1e-10, err_msg=f"{name}: equity")
    if found.closed_trades != expected.closed_trades:
        raise AssertionError(f"{name}: {found.closed_trades} closed round trips, expected {expected.closed_trades}")
    np.testing.assert_allclose(found.max_drawdown, expected.max_drawdown, rtol=1e-10, err_msg=f"{name}: drawdown")
    np.testing.assert_allclose(found.sharpe_ratio, expected.sharpe_ratio, rtol=1e-10, err_msg=f"{name}: Sharpe")


def main() -> str:
    """Check and time every engine that is installed; return the report as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        # The trials of `iq.backtest` go to a ledger of their own.
        before = os.environ.get("INVESTIQ_DATA_DIR")
        bars = iq.load_bars("^GSPC")
        os.environ["INVESTIQ_DATA_DIR"] = folder
        try:
            return report(bars)
        finally:
            os.environ.pop("INVESTIQ_DATA_DIR", None)
            if before is not None:
                os.environ["INVESTIQ_DATA_DIR"] = before


def report(bars: iq.Bars) -> str:
    """Return the report on `bars`."""
    expected = plain_python(bars)()
    ready: dict[str, Callable[[], Outcome]] = {}
    said = ["bt, which trades weights restored at closes, cannot express an entry by signal at the next open."]
    for name, make in peers(bars).items():
        try:
            call = make()
        except NotInstalled as hint:
            said.append(f"{name} is not installed here ({hint})")
            continue
        found = call()
        if name in OTHER_RULES:
            said.append(f"{name} {OTHER_RULES[name]}: its final equity is {found.equity[-1]:,.2f}.")
        else:
            check(name, found, expected)
        ready[name] = call
    timings = common.interleaved(ready)
    by_kernel = three_kernels(bars)
    base = BASE if BASE in timings else "InvestIQ, engine"
    seconds = {name: timing._asdict() for name, timing in timings.items()}
    common.save(
        "w1_single", {"seconds": seconds, "kernels": {name: each._asdict() for name, each in by_kernel.items()}}
    )
    agreed = (
        f"All other engines returned the same account first: final equity {expected.equity[-1]:,.2f}, "
        f"{expected.closed_trades} closed round trips, Sharpe ratio {expected.sharpe_ratio:.4f}, "
        f"largest drawdown {expected.max_drawdown:.4%}."
    )
    added = 1e3 * (timings["InvestIQ, iq.backtest"].median - timings["InvestIQ, engine"].median)
    return "\n\n".join(
        [
            "## W1: one backtest of 5,031 daily bars, equity, round trips and metrics",
            agreed,
            common.markdown(timings, base),
            f"`iq.backtest` adds {added:.2f} ms to the engine: checks, the row of the trial, its wait, notes and manifest.",
            "### The same run by three kernels, from decisions to the account",
            common.markdown(by_kernel, "the loop that knows signals only"),
            *said,
        ]
    )


if __name__ == "__main__":
    print(main())
