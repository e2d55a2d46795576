"""The main job on the sample data, and the warm-up that makes its first run quick."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

import investiq as iq
from investiq.core.facts import format_fact

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.metrics.resampling import Scheme

__all__ = ["run_demo", "warm_up"]

Echo = Callable[[str], object]

SYMBOL: Final = "^GSPC"
START: Final = "2014"
# Enough bars for every indicator of the engine.
_WARM_BARS: Final = 300
_COMPARED: Final = (
    "Total return",
    "CAGR",
    "Volatility",
    "Sharpe ratio",
    "Max drawdown",
    "Longest drawdown",
    "Exposure",
    "Closed trades",
    "Win rate",
    "Total fees",
)


def warm_up() -> float:
    """Compile every loop, rule, indicator and bootstrap, make one analysis, and return the seconds it took."""
    from investiq.backtesting import engine
    from investiq.indicators import warming
    from investiq.runtime.progress import progress

    begin = time.perf_counter()
    engine.warmup()
    bars = iq.load_bars(SYMBOL)[-_WARM_BARS:]
    iq.analyze(bars)
    jobs = [*warming.jobs(), *_of_evidence(bars), *_of_levels(bars)]
    with progress(len(jobs), "compiling, once for this version") as advance:
        for job in jobs:
            job()
            advance()
    return time.perf_counter() - begin


def _of_evidence(bars: iq.Bars) -> list[Callable[[], object]]:
    """Return calls that need every compiled part of the metrics."""
    daily = iq.Convention(periods_per_year=252)
    returns = bars.frame["close"].pct_change().iloc[1:]
    values = np.asarray(returns, dtype=np.float64)
    schemes: tuple[Scheme, ...] = ("stationary", "circular", "iid")
    return [
        partial(iq.assess, values, values[:, None] * np.tri(values.size, 12), convention=daily),
        partial(iq.metrics.sharpe_difference, values, values[::-1].copy(), daily),
        partial(iq.metrics.bootstrap_trades, returns),
        partial(iq.metrics.garch, returns, daily),
        *(partial(iq.metrics.simulate_paths, returns, horizon=20, paths=100, scheme=scheme) for scheme in schemes),
    ]


def _of_levels(bars: iq.Bars) -> list[Callable[[], object]]:
    """Return calls that need the compiled parts of levels, swings and filters."""
    variances = iq.indicators.Variances(observation=1e-4, level=1e-4, slope=1e-6)
    return [
        partial(iq.indicators.rolling_volume_profile, bars),
        partial(iq.indicators.market_structure, bars),
        partial(iq.indicators.rsi_divergence, bars),
        partial(iq.indicators.local_level, bars.close, iq.indicators.Variances(observation=1e-4, level=1e-4)),
        partial(iq.indicators.local_linear_trend, bars.close, variances),
    ]


def run_demo(echo: Echo, folder: Path | None = None) -> None:
    """Load, analyse, backtest against buy-and-hold, and write the tear sheet; print each step with its time.

    Parameters
    ----------
    echo : callable
        Prints one line.
    folder : Path, optional
        Where the report goes; by default the reports folder.
    """
    begin = time.perf_counter()
    echo("InvestIQ on the data that come with it: no network, no keys\n")

    with _step(echo, f"1. Load {SYMBOL} from {START}, with its data passport"):
        bars = iq.load_bars(SYMBOL, start=START)
        for label, value in bars.describe():
            echo(f"   {label:<16} {value}")

    with _step(echo, "2. Analyse it, knowing only what was known at the last close"):
        view = iq.analyze(bars)
        for fact in view.facts():
            echo(f"   {fact.label:<22} {format_fact(fact)}")

    with _step(echo, "3. Backtest a 55/20-day breakout against buy-and-hold"):
        echo(
            "   Each with all of the equity (weight 1.0) and in fractions of a unit (lot none), since an index has no shares."
        )
        costs = iq.Costs(commission_rate=0.001, slippage_bps=5)
        result = iq.backtest(
            iq.strategies.Breakout(entry_window=55, exit_window=20), bars, costs=costs, weight=1.0, lot=None
        )
        echo(f"   Costs: {costs.describe()}. Decided at a close, filled at the next open.\n")
        _compare(echo, result)

    with _step(echo, "4. Write the tear sheet"):
        report = iq.tear_sheet(result, folder=folder)
        echo(f"   {report.path}")

    echo(f"Done in {time.perf_counter() - begin:.1f} s.")
    command = _command()
    if result.watermark:
        echo(f"Marked {result.watermark}: real index levels up to 2018, bundled for trying things out.")
    echo(
        "\nNext:\n"
        "   make dashboard         the same, to click through\n"
        "   make lab               the numbered notebooks\n"
        f"   {command} data list\n"
        f"   {command} backtest {SYMBOL} -s crossover -p fast=20 -p slow=100 --start {START}"
    )


def _command() -> str:
    """Return how the command line is called from here: by name where it is on PATH."""
    called = Path(sys.argv[0])
    if shutil.which(called.name) is not None or not called.is_relative_to(Path.cwd()):
        return "investiq"
    return str(called.relative_to(Path.cwd()))


def _compare(echo: Echo, result: BacktestResult) -> None:
    held = {fact.label: fact for fact in result.benchmark.facts()}
    echo(f"   {'':<20} {'breakout 55/20':>16} {'buy and hold':>16}")
    for fact in result.facts():
        if fact.label in _COMPARED:
            other = format_fact(held[fact.label]) if fact.label in held else "n/a"
            echo(f"   {fact.label:<20} {format_fact(fact):>16} {other:>16}")


@contextmanager
def _step(echo: Echo, title: str) -> Iterator[None]:
    echo(title)
    begin = time.perf_counter()
    yield
    echo(f"   ({time.perf_counter() - begin:.1f} s)\n")
