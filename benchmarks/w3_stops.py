"""W3: the crossings of W1 under 1,000 settings of stops; return, Sharpe, drawdown and trades of each.

a: trailing stop x target, 50 x 20, by the rules of vectorbt, whose from_signals
holds one stop and one target; raptorbt follows other rules and is timed, not
compared. b: stop x trail x target, 10 x 10 x 10, exact rules, which no peer here
can sweep: it is held to the plain reference and set against W3a of the peers.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common, oracle
from benchmarks.oracle_levels import simulate_levels
from benchmarks.w1_single import FAST, OPTIONS, SLOW, NotInstalled
from investiq.backtesting.sweep_cells import Task
from investiq.backtesting.sweeping import evaluate_task
from investiq.execution.options import options_of

SWEPT: dict[str, Any] = {**OPTIONS, "max_volume_participation": None}
AS_VECTORBT: dict[str, Any] = {name: each for name, each in SWEPT.items() if name != "level_rounding"} | {
    "rules": "vectorbt"
}
# The reference differs from the defaults in these, and rounds no level.
EXACT: dict[str, Any] = SWEPT | {"limit_fill": "touch", "target_slippage": True, "open_beyond_target": "stop_first"}
# Rows of stop, target, trail; 0 for none.
GRID_A = np.array([(0.0, t, s) for s in np.linspace(0.01, 0.10, 50) for t in np.linspace(0.01, 0.20, 20)])
GRID_B = np.array(
    [
        (stop, target, trail)
        for stop in np.linspace(0.01, 0.10, 10)
        for trail in np.linspace(0.01, 0.10, 10)
        for target in np.linspace(0.02, 0.20, 10)
    ]
)
ROUNDS, SLOW_ROUNDS = 7, 2
SLOW_PEER = "vectorbt, rust, W3a"
BASE = "InvestIQ, W3b (three levels, exact rules)"
Answer = NDArray[np.float64]


def by_reference(bars: iq.Bars, grid: NDArray[np.float64], rules: str) -> Answer:
    """Return, of each setting, total return, Sharpe ratio, drawdown and closed trades."""
    columns = tuple(getattr(bars, name).tolist() for name in ("open", "high", "low", "close"))
    decisions = oracle.crossover_decisions(columns[3], FAST, SLOW)
    found = []
    for stop, target, trail in grid.tolist():
        equity, trades = simulate_levels(columns, decisions, stop, trail, target, rules)
        found.append(
            (equity[-1] / oracle.CASH - 1, oracle.sharpe_ratio(equity), oracle.max_drawdown(equity), len(trades))
        )
    return np.array(found)


def by_investiq(bars: iq.Bars, grid: NDArray[np.float64], options: dict[str, Any]) -> Callable[[], Answer]:
    """Averages, crossings and all settings, statistics only."""
    strategy, chosen = iq.strategies.Crossover(fast=FAST, slow=SLOW), options_of(options)
    count = len(grid)

    def call() -> Answer:
        task = Task(
            strategies=(strategy,),
            options=(chosen,),
            strategy_of=np.zeros(count, dtype=np.int64),
            options_of=np.zeros(count, dtype=np.int64),
            levels=grid,
        )
        cells = evaluate_task(task, bars)
        sharpe = cells.mean / cells.sd * 252**0.5
        return np.column_stack(
            [cells.final_equity / chosen.initial_capital - 1, sharpe, cells.max_drawdown, cells.trades]
        )

    return call


def by_sweep(bars: iq.Bars) -> Callable[[], Answer]:
    """The public call and its table."""
    axes = {
        "stop_loss": np.linspace(0.01, 0.10, 10),
        "trailing_stop": np.linspace(0.01, 0.10, 10),
        "take_profit": np.linspace(0.02, 0.20, 10),
    }

    def call() -> Answer:
        found = iq.sweep(iq.strategies.Crossover, bars, fast=FAST, slow=SLOW, **axes, **EXACT)
        frame = found.to_frame()
        return frame[["total_return", "sharpe_ratio", "max_drawdown", "trades"]].to_numpy(dtype=float)

    return call


def crossings(bars: iq.Bars) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where the averages cross, up and down."""
    decisions = iq.strategies.Crossover(fast=FAST, slow=SLOW).decide(bars)
    return decisions == 1, decisions == -1


def by_vectorbt(bars: iq.Bars) -> Callable[[], Answer]:
    """`Portfolio.from_signals`, one column a setting, crossings given."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import vectorbt as vbt
        except ImportError:
            raise NotInstalled("pip install vectorbt") from None
        if common.versions(("vectorbt-rust",))["vectorbt-rust"] == "not installed":
            raise NotInstalled("pip install vectorbt-rust")
    index = pd.DatetimeIndex(bars.ts)
    prices = {name: pd.Series(np.array(getattr(bars, name)), index=index) for name in ("open", "high", "low", "close")}
    later = []
    for signals in crossings(bars):
        shifted = np.zeros((len(bars), len(GRID_A)), dtype=bool)
        shifted[1:] = signals[:-1, None]
        later.append(shifted)

    def call() -> Answer:
        vbt.settings["engine"] = "auto"
        vbt.settings.returns["year_freq"] = "252 days"
        portfolio = vbt.Portfolio.from_signals(
            prices["close"],
            *later,
            price=prices["open"],
            open=prices["open"],
            high=prices["high"],
            low=prices["low"],
            sl_stop=GRID_A[:, 2][None, :],
            sl_trail=True,
            tp_stop=GRID_A[:, 1][None, :],
            stop_entry_price="fillprice",
            stop_exit_price="stopmarket",
            fees=oracle.FEE,
            slippage=oracle.SLIPPAGE,
            init_cash=oracle.CASH,
            freq="1D",
        )
        measures = (
            portfolio.total_return(),
            portfolio.sharpe_ratio(),
            portfolio.max_drawdown(),
            portfolio.trades.closed.count(),
        )
        return np.column_stack([np.asarray(each) for each in measures])

    return call


def by_raptorbt(bars: iq.Bars) -> Callable[[], Answer]:
    """One batch of all settings, crossings given."""
    try:
        import raptorbt as rb
    except ImportError:
        raise NotInstalled("pip install raptorbt") from None
    ts = bars.ts.astype("datetime64[ns]").astype(np.int64)
    columns = [np.array(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")]
    up, down = (np.array(each) for each in crossings(bars))
    items = []
    for number, (_, target, trail) in enumerate(GRID_A.tolist()):
        config = rb.BacktestConfig(
            initial_capital=oracle.CASH,
            fees=oracle.FEE,
            slippage=oracle.SLIPPAGE,
            fill_timing="next_bar_open",
            periods_per_year=252.0,
        )
        config.set_trailing_stop(trail)
        config.set_fixed_target(target)
        items.append(rb.BatchSingleItem(str(number), up, down, config=config))

    def call() -> Answer:
        found = [result.metrics for _, result in rb.batch_single_backtest(ts, *columns, items)]
        return np.array(
            [(m.total_return_pct / 100, m.sharpe_ratio, -m.max_drawdown_pct / 100, m.total_trades) for m in found]
        )

    return call


def check(name: str, found: Answer, expected: Answer) -> None:
    """Refuse to time an engine that returns another result."""
    np.testing.assert_allclose(found[:, :3], expected[:, :3], rtol=1e-9, atol=1e-11, err_msg=name)
    np.testing.assert_array_equal(found[:, 3], expected[:, 3], err_msg=f"{name}: trades")


def main() -> str:
    """Check and time every engine that is installed; return the report as Markdown."""
    bars = iq.load_bars("^GSPC")
    drawn = slice(0, None, 41)
    as_vectorbt, exact = by_reference(bars, GRID_A[drawn], "vectorbt"), by_reference(bars, GRID_B[drawn], "exact")
    ready: dict[str, Callable[[], object]] = {
        BASE: by_investiq(bars, GRID_B, EXACT),
        "InvestIQ, W3a (trail and target, rules of vectorbt)": by_investiq(bars, GRID_A, AS_VECTORBT),
        "InvestIQ, iq.sweep of W3b and its table": by_sweep(bars),
    }
    names = list(ready)
    check(names[0], by_investiq(bars, GRID_B, EXACT)()[drawn], exact)
    check(names[1], by_investiq(bars, GRID_A, AS_VECTORBT)()[drawn], as_vectorbt)
    check(names[2], by_sweep(bars)()[drawn], exact)
    absent = []
    for name, make in (("raptorbt, W3a by its own rules", by_raptorbt), (SLOW_PEER, by_vectorbt)):
        try:
            call = make(bars)
        except NotInstalled as hint:
            absent.append(f"{name} is not installed here ({hint})")
            continue
        if make is by_vectorbt:
            check(name, call()[drawn], as_vectorbt)
        ready[name] = call
    slow = {name: ready.pop(name) for name in (SLOW_PEER,) if name in ready}
    timings = common.interleaved(ready, ROUNDS)
    if slow:
        together = common.interleaved({BASE: ready[BASE], **slow}, SLOW_ROUNDS)
        # The slow peer is set against the quick one of its own rounds.
        factor = timings[BASE].median / together[BASE].median
        timings[SLOW_PEER] = common.Timing(*(each * factor for each in together[SLOW_PEER]))
    common.save("w3_stops", {"seconds": {name: timing._asdict() for name, timing in timings.items()}})
    return "\n\n".join(
        [
            "## W3: 1,000 settings of stops on one set of crossings",
            f"{len(exact)} settings of W3b and of W3a agree with the plain reference to 1e-9, trades exactly; so do vectorbt's.",
            "raptorbt has rules of its own and is not compared.",
            common.markdown(timings, BASE),
            *absent,
        ]
    )


if __name__ == "__main__":
    print(main())
