"""W6: eleven indicators, one series of 2,520 bars at a time and as a panel of 500 x 2,520.

SMA 20, 50 and 200, EMA 12 and 26, RSI 14, MACD 12-26-9, Bollinger 20, ATR 14, the slow
stochastic 14-3-3 and OBV: those that vectorbt also has. Every value must first equal
TA-Lib's; then InvestIQ and its peers take turns on the clock. vectorbt smooths RSI, MACD
and ATR by other rules, so of its results only the averages, the bands and OBV are
compared. A panel is done when its results lie in arrays of shape (n_symbols, n_bars).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from investiq.indicators.bands import bollinger
from investiq.indicators.momentum import macd, rsi
from investiq.indicators.oscillators import stochastic
from investiq.indicators.trend import ema, sma
from investiq.indicators.volatility import atr
from investiq.indicators.volume import obv

FloatArray = NDArray[np.float64]
SYMBOLS, BARS, SEED = 500, 2_520, 6
SMA_WINDOWS, EMA_WINDOWS = (20, 50, 200), (12, 26)
NAMES = (
    *(f"sma {window}" for window in SMA_WINDOWS),
    *(f"ema {window}" for window in EMA_WINDOWS),
    "rsi",
    "macd",
    "macd signal",
    "macd histogram",
    "bollinger upper",
    "bollinger middle",
    "bollinger lower",
    "atr",
    "stochastic k",
    "stochastic d",
    "obv",
)
SERIES_GOAL, PANEL_GOAL, VECTORBT_GOAL = 1.10, 1.5, 5.0


@dataclass(frozen=True)
class Prices:
    """Bars of one symbol or of many, read-only as `Bars` and `Panel` hold them."""

    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def row(self, symbol: int) -> Prices:
        return Prices(self.high[symbol], self.low[symbol], self.close[symbol], self.volume[symbol])


def random_walks() -> Prices:
    """Return geometric random walks of 1 % a bar."""
    rng = np.random.default_rng(SEED)
    shape = (SYMBOLS, BARS)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=1))
    high, low = (close * np.exp(side * np.abs(rng.normal(0, 0.005, shape))) for side in (1, -1))
    prices = Prices(high, low, close, np.round(rng.lognormal(14, 0.5, shape)))
    for values in vars(prices).values():
        values.flags.writeable = False
    return prices


def by_investiq(prices: Prices) -> list[FloatArray]:
    """The set in one call each, of a series or of a panel, started as TA-Lib starts."""
    close = prices.close
    bands = bollinger(close)
    return [
        *(sma(close, window) for window in SMA_WINDOWS),
        *(ema(close, window) for window in EMA_WINDOWS),
        rsi(close),
        *macd(close, start="talib"),
        *(bands.upper, bands.middle, bands.lower),
        atr(prices),
        *stochastic(prices, slowing=3),
        obv(prices, start="talib"),
    ]


def by_talib(prices: Prices) -> list[FloatArray]:
    """The same of one series."""
    import talib

    high, low, close = prices.high, prices.low, prices.close
    return [
        *(talib.SMA(close, window) for window in SMA_WINDOWS),
        *(talib.EMA(close, window) for window in EMA_WINDOWS),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *talib.BBANDS(close, 20),
        talib.ATR(high, low, close, 14),
        *talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
        talib.OBV(close, prices.volume),
    ]


def by_talib_rows(prices: Prices) -> list[FloatArray]:
    """The same of a panel: a loop over its rows on one core."""
    results = [np.empty((SYMBOLS, BARS)) for _ in NAMES]
    for symbol in range(SYMBOLS):
        for result, values in zip(results, by_talib(prices.row(symbol)), strict=True):
            result[symbol] = values
    return results


def by_talib_dropped(prices: Prices) -> None:
    """The loop without the results: what TA-Lib alone takes, its memory used again and again."""
    for symbol in range(SYMBOLS):
        by_talib(prices.row(symbol))


def vectorbt_set(prices: Prices, engine: str) -> Callable[[], dict[str, FloatArray]] | str:
    """Return the call of vectorbt's indicators on frames of (n_bars, n_symbols), or why there is none."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import vectorbt as vbt
        except ImportError:
            return "vectorbt is not installed here (pip install vectorbt)"
    if engine == "auto" and common.versions(("vectorbt-rust",))["vectorbt-rust"] == "not installed":
        return "vectorbt, rust is not installed here (pip install vectorbt-rust)"
    high, low, close, volume = (pd.DataFrame(values.T.copy()) for values in vars(prices).values())

    def call() -> dict[str, FloatArray]:
        vbt.settings["engine"] = engine
        named = {f"sma {window}": vbt.MA.run(close, window).ma for window in SMA_WINDOWS}
        for window in EMA_WINDOWS:
            vbt.MA.run(close, window, ewm=True)
        vbt.RSI.run(close, 14)
        vbt.MACD.run(close)
        bands = vbt.BBANDS.run(close, 20)
        vbt.ATR.run(high, low, close, 14)
        vbt.STOCH.run(high, low, close)
        named |= {"bollinger upper": bands.upper, "bollinger lower": bands.lower, "obv": vbt.OBV.run(close, volume).obv}
        return {name: frame.to_numpy().T for name, frame in named.items()}

    return call


def check(name: str, found: FloatArray, expected: FloatArray) -> None:
    """Refuse to time what returns other values; a start that one of the two leaves out is not compared."""
    known = np.isfinite(found) & np.isfinite(expected)
    if known.mean() < 0.9:
        raise AssertionError(f"{name}: only {known.mean():.0%} of the values can be compared")
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-10, atol=1e-10, err_msg=name)


def main() -> str:
    """Check and time; return the report as Markdown."""
    panel = random_walks()
    one = panel.row(0)
    expected = by_talib_rows(panel)
    for name, found, values in zip(NAMES, by_investiq(panel), expected, strict=True):
        check(f"panel, {name}", found, values)
    for name, found, values in zip(NAMES, by_investiq(one), by_talib(one), strict=True):
        check(f"series, {name}", found, values)
    series = common.interleaved({"InvestIQ": lambda: by_investiq(one), "TA-Lib": lambda: by_talib(one)}, rounds=21)
    peers: dict[str, Callable[[], object]] = {
        "InvestIQ, panel": lambda: by_investiq(panel),
        "TA-Lib, row by row": lambda: by_talib_rows(panel),
        "TA-Lib, results dropped": lambda: by_talib_dropped(panel),
    }
    absent = []
    for label, engine in (("vectorbt, numba", "numba"), ("vectorbt, rust", "auto")):
        call = vectorbt_set(panel, engine)
        if isinstance(call, str):
            absent.append(call)
            continue
        for name, found in call().items():
            # vectorbt's OBV starts as ours does by default, with nothing; TA-Lib's with the first volume.
            start = panel.volume[:, :1] if name == "obv" else 0.0
            other = expected[NAMES.index(name)]
            check(f"{label}, {name}", found - found[:, :1] + start if name == "obv" else found, other)
        peers[label] = call
    panels = common.interleaved(peers, rounds=5)
    common.save(
        "w6_indicators",
        {
            kind: {name: timing._asdict() for name, timing in found.items()}
            for kind, found in (("series", series), ("panel", panels))
        },
    )
    return "\n\n".join(
        [
            "## W6: eleven indicators",
            f"All values equal TA-Lib's to 1e-10. {os.cpu_count()} cores.",
            f"One series of {BARS:,} bars:",
            common.markdown(series, "TA-Lib"),
            f"A panel of {SYMBOLS} x {BARS:,}:",
            common.markdown(panels, "TA-Lib, row by row"),
            goals(series, panels),
            *absent,
        ]
    )


def goals(series: dict[str, common.Timing], panels: dict[str, common.Timing]) -> str:
    """Say which goals were met."""
    ours = panels["InvestIQ, panel"].median
    lines = [
        _goal(
            "series: times as long as TA-Lib",
            series["InvestIQ"].median / series["TA-Lib"].median,
            SERIES_GOAL,
            "at most",
        ),
        _goal(
            "panel: times as fast as TA-Lib on one core",
            panels["TA-Lib, row by row"].median / ours,
            PANEL_GOAL,
            "at least",
        ),
    ]
    others = [timing.median for name, timing in panels.items() if name.startswith("vectorbt")]
    if others:
        lines.append(
            _goal("panel: times as fast as the faster vectorbt", min(others) / ours, VECTORBT_GOAL, "at least")
        )
    return "\n".join(f"- {line}" for line in lines)


def _goal(what: str, ratio: float, goal: float, side: str) -> str:
    is_met = ratio <= goal if side == "at most" else ratio >= goal
    return f"{what}: {ratio:.2f} (goal {side} {goal:g}: {'met' if is_met else 'missed'})"


if __name__ == "__main__":
    print(main())
