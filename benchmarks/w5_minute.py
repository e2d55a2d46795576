"""W5: one backtest of 500,000 minute bars with a trailing stop and a target, by the rules of vectorbt.

A random walk of minute bars, a crossing of the 30- and 120-bar averages, all of the
equity, decided at a close and filled at the next open, a trailing stop of 0.5 % and a
target of 1 %, 10 bp of fee and 5 bp of slippage a side, quantities not rounded.
Every engine that knows these rules must first return the account of the plain one in
`oracle.py`; then they take turns on the clock.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common, oracle
from benchmarks.w1_single import NotInstalled
from investiq.backtesting import engine
from investiq.core.passport import Passport
from investiq.execution.options import options_of

BARS = 500_000
FAST, SLOW = 30, 120
TRAIL, TARGET = 0.005, 0.01
BASE = "InvestIQ, engine"
OPTIONS = {
    "rules": "vectorbt",
    "trailing_stop": TRAIL,
    "take_profit": TARGET,
    "costs": iq.Costs(commission_rate=oracle.FEE, slippage_bps=1e4 * oracle.SLIPPAGE),
    "weight": 1.0,
    "size_at": "open",
    "lot": None,
    "posting_rounding": None,
    "max_volume_participation": None,
    "confidence_threshold": 0.0,
    "end": "mark",
}


class Outcome(NamedTuple):
    """What every engine is checked on."""

    equity: NDArray[np.float64]
    closed_trades: int


def minute_bars(count: int = BARS, seed: int = 11) -> iq.Bars:
    """Return synthetic bars: eight steps of a random walk in each minute, 0.08 % a minute."""
    random = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(random.standard_normal(8 * count) * 0.0008 / 8**0.5)).reshape(count, 8)
    ts = np.datetime64("2020-01-01", "us") + np.arange(count) * np.timedelta64(1, "m")
    ones = np.ones(count)
    first, last = (stamp.item().replace(tzinfo=UTC) for stamp in ts[[0, -1]])
    passport = Passport(
        symbol="WALK",
        provider="benchmark",
        provenance="synthetic",
        interval="1min",
        calendar="24/7",
        price_basis="as_traded",
        known_at_rule="end of the minute",
        rows=count,
        first=first,
        last=last,
        missing_sessions=0,
        repairs=0,
        sha256="",
    )
    return iq.Bars(
        symbol="WALK",
        interval="1min",
        ts=ts,
        open=path[:, 0].copy(),
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=path[:, -1].copy(),
        volume=random.integers(100_000, 1_000_000, count).astype(float),
        known_at=ts + np.timedelta64(1, "m"),
        split_factor=ones,
        total_factor=ones,
        passport=passport,
    )


def peers(bars: iq.Bars) -> dict[str, Callable[[], Callable[[], Outcome]]]:
    """Return the engines by name; each is made, or refused, by calling it."""
    return {
        "InvestIQ, engine": lambda: investiq_engine(bars),
        "raptorbt": lambda: raptorbt(bars),
        "vectorbt, rust": lambda: vectorbt(bars, "auto"),
        "vectorbt, numba": lambda: vectorbt(bars, "numba"),
    }


def investiq_engine(bars: iq.Bars) -> Callable[[], Outcome]:
    """Decisions, account, round trips and metrics."""
    strategy, options = iq.strategies.Crossover(fast=FAST, slow=SLOW), options_of(OPTIONS)

    def call() -> Outcome:
        account = engine.run(strategy, bars, options)
        return Outcome(account.equity, int(account.figures.closed_trades))

    return call


def vectorbt(bars: iq.Bars, engine_name: str) -> Callable[[], Outcome]:
    """`Portfolio.from_signals` on signals of the bar before, at the open, stops measured from the fill."""
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
    open_, close = (pd.Series(np.array(getattr(bars, name)), index=index) for name in ("open", "close"))
    high, low = np.array(bars.high), np.array(bars.low)

    def one_later(signals: pd.Series) -> NDArray[np.bool_]:
        later = np.zeros(len(signals), dtype=bool)
        later[1:] = signals.to_numpy()[:-1]
        return later

    def call() -> Outcome:
        vbt.settings["engine"] = engine_name
        fast, slow = vbt.MA.run(close, FAST), vbt.MA.run(close, SLOW)
        portfolio = vbt.Portfolio.from_signals(
            close,
            one_later(fast.ma_crossed_above(slow)),
            one_later(fast.ma_crossed_below(slow)),
            price=open_,
            open=open_,
            high=high,
            low=low,
            sl_stop=TRAIL,
            sl_trail=True,
            tp_stop=TARGET,
            stop_entry_price="fillprice",
            stop_exit_price="stopmarket",
            fees=oracle.FEE,
            slippage=oracle.SLIPPAGE,
            init_cash=oracle.CASH,
            freq="1min",
        )
        return Outcome(portfolio.value().to_numpy(), int(portfolio.trades.closed.count()))

    return call


def raptorbt(bars: iq.Bars) -> Callable[[], Outcome]:
    """Its own averages and stop rules, which are neither those of vectorbt nor the exact ones."""
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
    config.set_trailing_stop(TRAIL)
    config.set_fixed_target(TARGET)

    def call() -> Outcome:
        fast, slow = rb.sma(close, FAST), rb.sma(close, SLOW)
        up, down = np.zeros(close.size, bool), np.zeros(close.size, bool)
        up[1:] = (fast[1:] > slow[1:]) & (fast[:-1] <= slow[:-1])
        down[1:] = (fast[1:] < slow[1:]) & (fast[:-1] >= slow[:-1])
        result = rb.run_single_backtest(ts, open_, high, low, close, volume, up, down, 1, 1.0, "WALK", config)
        return Outcome(np.asarray(result.equity_curve()), int(result.metrics.total_trades))

    return call


def plain_python(bars: iq.Bars) -> Outcome:
    """The reference: lists and loops."""
    prices = tuple(getattr(bars, name).tolist() for name in ("open", "high", "low", "close"))
    decisions = oracle.crossover_decisions(prices[3], FAST, SLOW)
    equity, trades = oracle.simulate_with_levels(prices, decisions, TRAIL, TARGET)
    return Outcome(np.array(equity), len(trades))


def main() -> str:
    """Check and time every engine that is installed; return the report as Markdown."""
    bars = minute_bars()
    expected = plain_python(bars)
    ready: dict[str, Callable[[], Outcome]] = {}
    said = []
    for name, make in peers(bars).items():
        try:
            call = make()
        except NotInstalled as hint:
            said.append(f"{name} is not installed here ({hint})")
            continue
        found = call()
        if name == "raptorbt":
            said.append(
                f"raptorbt cannot express these rules: its final equity is {found.equity[-1]:,.2f} "
                f"after {found.closed_trades:,} round trips."
            )
        else:
            np.testing.assert_allclose(found.equity, expected.equity, rtol=1e-9, err_msg=f"{name}: equity")
            assert found.closed_trades == expected.closed_trades, f"{name}: {found.closed_trades} round trips"
        ready[name] = call
    timings = common.interleaved(ready)
    common.save("w5_minute", {"seconds": {name: timing._asdict() for name, timing in timings.items()}})
    agreed = (
        f"All but raptorbt returned the account of plain Python first: final equity {expected.equity[-1]:,.6f}, "
        f"{expected.closed_trades:,} closed round trips."
    )
    return "\n\n".join(
        [
            f"## W5: one backtest of {BARS:,} minute bars with a trailing stop and a target",
            agreed,
            *said,
            common.markdown(timings, BASE),
        ]
    )


if __name__ == "__main__":
    print(main())
