"""W2: 10,000 pairs of moving averages on the 5,031 daily bars of W1; return, Sharpe, drawdown and trades of each.

Twenty pairs of every engine are held to the plain reference first. Then each
engine runs the whole grid: the quick ones in turn, round by round; vectorbt,
which needs half a minute, in fewer rounds. Memory is the peak of a process of
its own, above what it holds before the sweep.
"""

from __future__ import annotations

import resource
import subprocess
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
from benchmarks.w1_single import OPTIONS, NotInstalled
from investiq.backtesting.sweeping import evaluate
from investiq.execution.options import options_of

FAST, SLOW = range(5, 105), range(110, 310, 2)
PAIRS = [(fast, slow) for fast in FAST for slow in SLOW]
SWEPT = {**OPTIONS, "max_volume_participation": None}
ROUNDS, SLOW_ROUNDS = 7, 2
SLOW_PEER = "vectorbt, rust, in chunks of 500"
Answer = NDArray[np.float64]
Peer = Callable[[list[tuple[int, int]]], Answer]


def by_reference(bars: iq.Bars, pairs: list[tuple[int, int]]) -> Answer:
    """Return, of each pair, total return, Sharpe ratio, drawdown and closed trades."""
    open_, close = bars.open.tolist(), bars.close.tolist()
    found = []
    for fast, slow in pairs:
        equity, trades = oracle.simulate(open_, close, oracle.crossover_decisions(close, fast, slow))
        found.append(
            (equity[-1] / oracle.CASH - 1, oracle.sharpe_ratio(equity), oracle.max_drawdown(equity), len(trades))
        )
    return np.array(found)


def by_evaluate(bars: iq.Bars) -> Peer:
    """Strategies in, statistics out: what validation builds on."""
    options = options_of(SWEPT)

    def call(pairs: list[tuple[int, int]]) -> Answer:
        cells = evaluate([iq.strategies.Crossover(fast=fast, slow=slow) for fast, slow in pairs], bars, options)
        sharpe = cells.mean / cells.sd * 252**0.5
        return np.column_stack(
            [cells.final_equity / options.initial_capital - 1, sharpe, cells.max_drawdown, cells.trades]
        )

    return call


def by_sweep(bars: iq.Bars) -> Peer:
    """The public call, of the whole grid, and its table."""

    def call(pairs: list[tuple[int, int]]) -> Answer:
        fast, slow = zip(*pairs, strict=True)
        found = iq.sweep(iq.strategies.Crossover, bars, fast=sorted(set(fast)), slow=sorted(set(slow)), **SWEPT)
        frame = found.to_frame().set_index(["fast", "slow"]).loc[pairs]
        return frame[["total_return", "sharpe_ratio", "max_drawdown", "trades"]].to_numpy(dtype=float)

    return call


def by_raptorbt(bars: iq.Bars) -> Peer:
    """Its averages once each, crossings in numpy, batches of 500."""
    try:
        import raptorbt as rb
    except ImportError:
        raise NotInstalled("pip install raptorbt") from None
    ts = bars.ts.astype("datetime64[ns]").astype(np.int64)
    columns = [np.array(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")]
    config = rb.BacktestConfig(
        initial_capital=oracle.CASH,
        fees=oracle.FEE,
        slippage=oracle.SLIPPAGE,
        fill_timing="next_bar_open",
        periods_per_year=252.0,
    )

    def call(pairs: list[tuple[int, int]]) -> Answer:
        averages = {window: rb.sma(columns[3], window) for window in {each for pair in pairs for each in pair}}
        found = []
        for first in range(0, len(pairs), 500):
            items = []
            for number, (fast, slow) in enumerate(pairs[first : first + 500]):
                quick, calm = averages[fast], averages[slow]
                up, down = np.zeros(ts.size, bool), np.zeros(ts.size, bool)
                up[1:] = (quick[1:] > calm[1:]) & (quick[:-1] <= calm[:-1])
                down[1:] = (quick[1:] < calm[1:]) & (quick[:-1] >= calm[:-1])
                items.append(rb.BatchSingleItem(str(number), up, down))
            for _, result in rb.batch_single_backtest(ts, *columns, items, config):
                m = result.metrics
                # It counts an open position as a trade.
                found.append(
                    (m.total_return_pct / 100, m.sharpe_ratio, -m.max_drawdown_pct / 100, m.total_closed_trades)
                )
        return np.array(found)

    return call


def by_vectorbt(bars: iq.Bars) -> Peer:
    """`Portfolio.from_signals` on signals of the bar before; chunks, as one matrix takes seven gigabytes."""
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
    open_, close = (pd.Series(np.array(getattr(bars, name)), index=index) for name in ("open", "close"))

    def later(signals: Any) -> NDArray[np.bool_]:
        shifted = np.zeros(signals.shape, dtype=bool)
        shifted[1:] = signals.to_numpy()[:-1]
        return shifted

    def call(pairs: list[tuple[int, int]]) -> Answer:
        vbt.settings["engine"] = "auto"
        vbt.settings.returns["year_freq"] = "252 days"
        found = []
        for first in range(0, len(pairs), 500):
            part = pairs[first : first + 500]
            fast = vbt.MA.run(close, [pair[0] for pair in part], short_name="fast")
            slow = vbt.MA.run(close, [pair[1] for pair in part], short_name="slow")
            calm = slow.ma.to_numpy()
            portfolio = vbt.Portfolio.from_signals(
                close,
                later(fast.ma.vbt.crossed_above(calm)),
                later(fast.ma.vbt.crossed_below(calm)),
                price=open_,
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
            found.append(np.column_stack([np.asarray(each) for each in measures]))
        return np.vstack(found)

    return call


PEERS = {
    "InvestIQ, evaluate": by_evaluate,
    "InvestIQ, iq.sweep and its table": by_sweep,
    "raptorbt, in batches of 500": by_raptorbt,
    SLOW_PEER: by_vectorbt,
}
BASE = "InvestIQ, evaluate"


def check(name: str, found: Answer, expected: Answer) -> None:
    """Refuse to time an engine that returns another result."""
    np.testing.assert_allclose(found[:, :3], expected[:, :3], rtol=1e-9, atol=1e-11, err_msg=name)
    np.testing.assert_array_equal(found[:, 3], expected[:, 3], err_msg=f"{name}: trades")


def peak_above_baseline(name: str) -> float:
    """Return the MiB by which one sweep in a process of its own raises the peak."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, name], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return float(done.stdout.split()[-1])


def one_peak(name: str) -> float:
    """Run one peer on a few pairs, then on all, and return the growth of the peak in MiB."""
    call = PEERS[name](iq.load_bars("^GSPC"))
    call(PAIRS[:40])
    before = peak_kib()
    call(PAIRS)
    return (peak_kib() - before) / 1024


def peak_kib() -> int:
    """Return the peak of this program; what the process held before it began does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> str:
    """Check and time every engine that is installed; return the report as Markdown."""
    bars = iq.load_bars("^GSPC")
    drawn = [PAIRS[each] for each in np.random.default_rng(1).choice(len(PAIRS), 20, replace=False)]
    expected = by_reference(bars, drawn)
    ready: dict[str, Callable[[], object]] = {}
    absent = []
    for name, make in PEERS.items():
        try:
            call = make(bars)
        except NotInstalled as hint:
            absent.append(f"{name} is not installed here ({hint})")
            continue
        check(name, call(drawn), expected)
        ready[name] = lambda call=call: call(PAIRS)
    slow = {name: ready.pop(name) for name in (SLOW_PEER,) if name in ready}
    timings = common.interleaved(ready, ROUNDS)
    if slow:
        together = common.interleaved({BASE: ready[BASE], **slow}, SLOW_ROUNDS)
        # The slow peer is set against the quick one of its own rounds.
        factor = timings[BASE].median / together[BASE].median
        timings[SLOW_PEER] = common.Timing(*(each * factor for each in together[SLOW_PEER]))
    peaks = {name: peak_above_baseline(name) for name in timings}
    common.save("w2_sweep", {"seconds": {n: t._asdict() for n, t in timings.items()}, "peak_mib": peaks})
    lines = [
        f"- {name}: {len(PAIRS) / timing.median:,.0f} backtests/s, {peaks[name]:,.0f} MiB above the baseline"
        for name, timing in timings.items()
    ]
    return "\n\n".join(
        [
            "## W2: 10,000 pairs of averages on 5,031 daily bars",
            "Twenty pairs of every engine agree with the plain reference to 1e-9, trades exactly.",
            common.markdown(timings, BASE),
            "\n".join(lines),
            *absent,
        ]
    )


if __name__ == "__main__":
    print(one_peak(sys.argv[1]) if len(sys.argv) > 1 else main())
