"""W4: 500 symbols x 2,520 daily bars, one pool of cash, equal weights restored in the first session of each month.

Random walks, 0.99 of the equity in equal parts, traded at the close that decides
them, 10 bp of fee and 5 bp of slippage a side, quantities not rounded. Every
engine must first return the equity curve of a loop over bars in numpy; bt, whose
rules differ (fee and slippage as one commission, another base of the weights),
must come within one per cent. Then they take turns on the clock; bt (with
``--slow``) is timed alone.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common, oracle
from investiq.backtesting import portfolio
from investiq.backtesting.price_sheet import PriceSheet
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions

SYMBOLS, BARS, CASH, INVESTED = 500, 2_520, 1e7, 0.99
ROUNDS = 9
BASE = "InvestIQ, account"
TOLERANCE = 1e-12
# bt weighs before costs and counts slippage as commission.
TOLERANCE_BT = 0.01


class NotInstalled(Exception):
    """A peer that this environment does not have."""


class Universe(NamedTuple):
    """The workload in the forms that the engines take."""

    prices: PriceSheet
    options: RunOptions
    decided: NDArray[np.int64]
    weights: NDArray[np.float64]
    index: pd.DatetimeIndex


def universe() -> Universe:
    """Return the random walks, the options and the schedule."""
    random = np.random.default_rng(20_040)
    close = 100 * np.exp(random.normal(0.0003, 0.012, (SYMBOLS, BARS)).cumsum(axis=1))
    index = pd.bdate_range("2010-01-01", periods=BARS)
    ones = np.ones(close.shape)
    prices = PriceSheet(
        symbols=tuple(f"S{row:03}" for row in range(SYMBOLS)),
        ts=index.to_numpy().astype("datetime64[us]"),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=ones,
        split_factor=ones,
        total_factor=ones,
    )
    options = RunOptions(
        initial_capital=CASH,
        costs=Costs(commission_rate=oracle.FEE, slippage_bps=1e4 * oracle.SLIPPAGE),
        lot=None,
        posting_rounding=None,
        level_rounding=None,
        max_volume_participation=None,
        fill="same_close",
        rebalance="month_start",
        band=0.0,
        end="mark",
    )
    decided = portfolio.rebalancing_bars(prices.ts, options)
    return Universe(prices, options, decided, np.full((decided.size, SYMBOLS), INVESTED / SYMBOLS), index)


def peers(work: Universe) -> dict[str, Callable[[], Callable[[], NDArray[np.float64]]]]:
    """Return the engines by name; each is made, or refused, by calling it."""
    return {
        BASE: lambda: investiq_account(work),
        "InvestIQ, with fills and positions": lambda: investiq_run(work),
        "numpy, a loop over bars": lambda: numpy_loop(work),
        "vectorbt, rust": lambda: vectorbt(work, "auto"),
        "vectorbt, numba": lambda: vectorbt(work, "numba"),
    }


def investiq_account(work: Universe) -> Callable[[], NDArray[np.float64]]:
    """Equity and cash at each close, and the shares after each rebalancing."""

    def call() -> NDArray[np.float64]:
        book, _ = portfolio.weighed(work.prices, work.weights, work.decided, work.options)
        return book.equity

    return call


def investiq_run(work: Universe) -> Callable[[], NDArray[np.float64]]:
    """The same and every fill and the position of each symbol at each close, as arrays."""
    targets = np.full(work.prices.close.shape, np.nan)
    targets[:, work.decided] = work.weights.T

    def call() -> NDArray[np.float64]:
        return portfolio.plain_run(work.prices, targets, work.options).equity

    return call


def numpy_loop(work: Universe) -> Callable[[], NDArray[np.float64]]:
    """One step of Python per bar, numpy across the symbols: the plain way to write it, and the reference."""
    close = np.ascontiguousarray(work.prices.close.T)
    due = np.zeros(BARS, dtype=bool)
    due[work.decided] = True
    weight = INVESTED / SYMBOLS

    def call() -> NDArray[np.float64]:
        shares, cash, equity = np.zeros(SYMBOLS), CASH, np.empty(BARS)
        for bar in range(BARS):
            price = close[bar]
            if due[bar]:
                change = (cash + shares @ price) * weight / price - shares
                paid = price * np.where(change > 0, 1 + oracle.SLIPPAGE, 1 - oracle.SLIPPAGE)
                cash -= change @ paid + np.abs(change) @ paid * oracle.FEE
                shares = shares + change
            equity[bar] = cash + shares @ price
        return equity

    return call


def vectorbt(work: Universe, engine: str) -> Callable[[], NDArray[np.float64]]:
    """`Portfolio.from_orders` with target percentages and shared cash, sales first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import vectorbt as vbt
        except ImportError:
            raise NotInstalled("pip install vectorbt") from None
        if engine == "auto" and common.versions(("vectorbt-rust",))["vectorbt-rust"] == "not installed":
            raise NotInstalled("pip install vectorbt-rust")
    close = pd.DataFrame(np.ascontiguousarray(work.prices.close.T), work.index)
    size = np.full(close.shape, np.nan)
    size[work.decided] = INVESTED / SYMBOLS

    def call() -> NDArray[np.float64]:
        vbt.settings["engine"] = engine
        account = vbt.Portfolio.from_orders(
            close,
            size,
            size_type="targetpercent",
            group_by=True,
            cash_sharing=True,
            call_seq="auto",
            fees=oracle.FEE,
            slippage=oracle.SLIPPAGE,
            init_cash=CASH,
            freq="1D",
        )
        return account.value().to_numpy()

    return call


def bt(work: Universe) -> Callable[[], NDArray[np.float64]]:
    """The tree of algorithms of bt, with fee and slippage as one commission."""
    try:
        import bt as library
    except ImportError:
        raise NotInstalled("pip install bt") from None
    close = pd.DataFrame(np.ascontiguousarray(work.prices.close.T), work.index, columns=list(work.prices.symbols))

    def call() -> NDArray[np.float64]:
        algos = library.algos
        steps = [algos.RunMonthly(run_on_first_date=True), algos.SelectAll(), algos.WeighEqually(), algos.Rebalance()]
        test = library.Backtest(
            library.Strategy("equal", steps),
            close,
            initial_capital=CASH,
            integer_positions=False,
            commissions=lambda quantity, price: abs(quantity) * price * (oracle.FEE + oracle.SLIPPAGE),
            progress_bar=False,
        )
        return library.run(test).prices.iloc[1:, 0].to_numpy() / 100 * CASH

    return call


def main(slow: bool = False) -> str:
    """Check that the engines agree, time them, and return the report as Markdown."""
    work = universe()
    assert portfolio.is_plain(work.prices, np.zeros((SYMBOLS, 1)), work.options)
    expected = numpy_loop(work)()
    ready: dict[str, Callable[[], NDArray[np.float64]]] = {}
    lines, absent = [], []
    for name, make in peers(work).items():
        try:
            ready[name] = make()
        except NotInstalled as how:
            absent.append(f"| {name} | not installed: {how} | | |")
            continue
        gap = float(np.abs(ready[name]() / expected - 1).max())
        if not gap <= TOLERANCE:
            raise SystemExit(f"{name} differs from the loop over bars by {gap:.1e}, allowed {TOLERANCE:g}")
        lines.append(f"{name} {gap:.0e}")
    timings = common.interleaved(ready, ROUNDS)
    if slow:
        call = bt(work)
        gap = float(np.abs(call()[-BARS:] / expected - 1).max())
        if not gap <= TOLERANCE_BT:
            raise SystemExit(f"bt differs from the loop over bars by {gap:.2%}, allowed {TOLERANCE_BT:.0%}")
        lines.append(f"bt {gap:.0e}")
        timings |= common.interleaved({"bt": call}, 1)
    common.save("w4_universe", {name: timing._asdict() for name, timing in timings.items()})
    table = "\n".join([common.markdown(timings, BASE), *absent])
    title = f"## W4: {SYMBOLS} symbols x {BARS:,} bars, shared cash, equal weights monthly"
    return "\n\n".join([title, f"Largest difference from the loop over bars: {', '.join(lines)}.", table])


if __name__ == "__main__":
    print(main(slow="--slow" in sys.argv))
