"""W8: point-in-time feature rows, 100 series of 504 bars read at 40 window ends each: 4,000 rows.

A row holds seventeen indicators and five statistics of everything up to its bar:
volatility, Sharpe ratio, value at risk at 95 %, the rescaled-range exponent and beta. The
usual way computes each window anew from its first bar; a causal indicator needs to be
computed once and read at the ends, and so do the statistics, whose sums, sorted past and
blocks only grow. Both ways must first give the same rows, to 1e-10.

The parts are timed apart. The indicators are the package's, beside TA-Lib's by window and
called once for each series. Both sides of the statistics are written here: what they save
is the method's and no function's. Last, the technical engine as `analyze` calls it, all of
its columns, once for a series and anew for the history until each end; of a few series, as
each of these tables takes milliseconds.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common
from investiq.engines.scoring import trailing_quantiles
from investiq.engines.technical.features import FEATURES, technical_features
from investiq.indicators.bands import bollinger
from investiq.indicators.direction import adx
from investiq.indicators.momentum import macd, rate_of_change, rsi
from investiq.indicators.oscillators import stochastic
from investiq.indicators.trend import ema, sma
from investiq.indicators.volatility import atr
from investiq.indicators.volume import obv

FloatArray = NDArray[np.float64]
SYMBOLS, BARS, SEED = 100, 504, 21
ENDS = np.arange(BARS - 195, BARS + 1, 5)
LAGS = np.array([8, 16, 32, 64, 128])
YEAR = 252
GOAL, AIM = 10.0, 40.0
# Series of which the engine's rows are also made window by window.
ENGINE_SYMBOLS = 3


@dataclasses.dataclass(frozen=True)
class Prices:
    """Bars of one symbol or of many, the last of which is the benchmark."""

    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def until(self, symbol: int, end: int) -> Prices:
        return Prices(*(np.ascontiguousarray(values[symbol, :end]) for values in vars(self).values()))


def random_walks() -> Prices:
    """Return geometric random walks of 1 % a bar, one more than there are symbols."""
    rng = np.random.default_rng(SEED)
    shape = (SYMBOLS + 1, BARS)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=1))
    high, low = (close * np.exp(side * np.abs(rng.normal(0, 0.005, shape))) for side in (1, -1))
    prices = Prices(high, low, close, np.round(rng.lognormal(14, 0.5, shape)))
    for values in vars(prices).values():
        values.flags.writeable = False
    return prices


def by_talib(prices: Prices) -> list[FloatArray]:
    """The seventeen indicators of one series."""
    import talib

    high, low, close = prices.high, prices.low, prices.close
    upper, _, lower = talib.BBANDS(close, 20)
    return [
        *(talib.SMA(close, window) for window in (20, 50, 200)),
        *(talib.EMA(close, window) for window in (12, 26)),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *(lower, upper),
        talib.ATR(high, low, close, 14),
        talib.ADX(high, low, close, 14),
        *talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
        talib.OBV(close, prices.volume),
        talib.ROCP(close, 20),
    ]


def by_investiq(prices: Prices) -> list[FloatArray]:
    """The same, of all series at once."""
    close = prices.close
    bands = bollinger(close)
    return [
        *(sma(close, window) for window in (20, 50, 200)),
        *(ema(close, window) for window in (12, 26)),
        rsi(close),
        *macd(close, start="talib"),
        *(bands.lower, bands.upper),
        atr(prices),
        adx(prices, start="talib").adx,
        *stochastic(prices, slowing=3),
        obv(prices, start="talib"),
        rate_of_change(close, 20),
    ]


def statistics_of(close: FloatArray, market: FloatArray) -> list[float]:
    """The five statistics of one window, each from its definition."""
    returns, other = close[1:] / close[:-1] - 1, market[1:] / market[:-1] - 1
    deviation = returns.std(ddof=1)
    ranges = []
    lags = LAGS[returns.size // 2 >= LAGS]
    for lag in lags:
        block = returns[: returns.size // lag * lag].reshape(-1, lag)
        path = (block - block.mean(axis=1, keepdims=True)).cumsum(axis=1)
        ranges.append(((path.max(axis=1) - path.min(axis=1)) / block.std(axis=1)).mean())
    return [
        float(deviation * np.sqrt(YEAR)),
        float(returns.mean() / deviation * np.sqrt(YEAR)),
        float(np.quantile(returns, 0.05)),
        float(np.polyfit(np.log(lags), np.log(ranges), 1)[0]),
        float(np.cov(returns, other)[0, 1] / other.var(ddof=1)),
    ]


def statistics_at(close: FloatArray, market: FloatArray) -> FloatArray:
    """The same of every series and every end, shape (5, n_symbols, n_ends), from what only grows."""
    returns, other = close[:, 1:] / close[:, :-1] - 1, market[1:] / market[:-1] - 1
    count = ENDS - 1

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.cumsum(values, axis=-1)[..., count - 1])

    mean, base = total(returns) / count, total(other) / count
    deviation = np.sqrt((total(returns * returns) - count * mean**2) / (count - 1))
    spread = total(other * other) - count * base**2
    tails = [trailing_quantiles(np.append(each, np.nan), [0.05], BARS, 2)[0, count] for each in returns]
    logs = []
    for lag in LAGS:
        block = returns[:, : returns.shape[1] // lag * lag].reshape(returns.shape[0], -1, lag)
        path = (block - block.mean(axis=2, keepdims=True)).cumsum(axis=2)
        scaled = np.cumsum((path.max(axis=2) - path.min(axis=2)) / block.std(axis=2), axis=1)
        logs.append(np.log(scaled[:, count // lag - 1] / (count // lag)))
    away = np.log(LAGS) - np.log(LAGS).mean()
    return np.stack(
        [
            deviation * np.sqrt(YEAR),
            mean / deviation * np.sqrt(YEAR),
            np.stack(tails),
            np.tensordot(away, np.stack(logs), axes=1) / (away**2).sum(),
            (total(returns * other) - count * mean * base) / spread,
        ]
    )


def window_by_window(prices: Prices) -> FloatArray:
    """TA-Lib and numpy, each window from its first bar."""
    rows = []
    for symbol in range(SYMBOLS):
        for end in ENDS:
            window = prices.until(symbol, int(end))
            indicators = [values[-1] for values in by_talib(window)]
            rows.append(indicators + statistics_of(window.close, prices.close[-1, :end]))
    return np.array(rows)


def talib_once(prices: Prices) -> FloatArray:
    """TA-Lib once for each series, the statistics window by window."""
    rows = []
    for symbol in range(SYMBOLS):
        whole = by_talib(prices.until(symbol, BARS))
        for end in ENDS:
            market = prices.close[-1, :end]
            rows.append([values[end - 1] for values in whole] + statistics_of(prices.close[symbol, :end], market))
    return np.array(rows)


def in_one_pass(prices: Prices) -> FloatArray:
    """InvestIQ: everything once, read at the ends."""
    shares = Prices(*(values[:SYMBOLS] for values in vars(prices).values()))
    columns = [values[:, ENDS - 1] for values in by_investiq(shares)]
    columns += list(statistics_at(shares.close, prices.close[-1]))
    return np.stack(columns, axis=-1).reshape(-1, len(columns))


def indicators_by_window(prices: Prices) -> FloatArray:
    """The indicators of `window_by_window` alone."""
    windows = (prices.until(symbol, int(end)) for symbol in range(SYMBOLS) for end in ENDS)
    return np.array([[values[-1] for values in by_talib(window)] for window in windows])


def by_engine(histories: list[iq.History]) -> FloatArray:
    """The columns of the technical engine, read at the ends."""
    return np.concatenate([technical_features(each)[list(FEATURES)].to_numpy()[ENDS - 1] for each in histories])


def engine_by_window(histories: list[iq.History]) -> FloatArray:
    """The same from the history until each end."""
    pasts = (each.until(each.bars().known_at[end - 1]) for each in histories for end in ENDS)
    return np.stack([technical_features(past)[list(FEATURES)].to_numpy()[-1] for past in pasts])


def histories_of(prices: Prices) -> list[iq.History]:
    """The same walks as bars, with their benchmark."""
    template = iq.load_bars("^GSPC")[:BARS]

    def bars(symbol: int) -> iq.Bars:
        one = prices.until(symbol, BARS)
        return dataclasses.replace(template, symbol=f"W{symbol}", open=one.close, **vars(one))

    market = bars(SYMBOLS)
    return [iq.History.of(bars(symbol), benchmark=market) for symbol in range(ENGINE_SYMBOLS)]


def main() -> str:
    """Check and time; return the report as Markdown."""
    prices = random_walks()
    shares = Prices(*(values[:SYMBOLS] for values in vars(prices).values()))
    series = [prices.until(symbol, BARS) for symbol in range(SYMBOLS)]
    histories = histories_of(prices)
    expected = window_by_window(prices)
    for found in (in_one_pass(prices), talib_once(prices)):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(by_engine(histories), engine_by_window(histories), rtol=1e-10, atol=1e-10)
    rows, few = expected.shape[0], ENGINE_SYMBOLS * ENDS.size
    engine = f"{len(FEATURES)} columns of the technical engine"
    peers = {
        "InvestIQ, indicators": (rows, lambda: by_investiq(shares)),
        "TA-Lib, indicators by window": (rows, lambda: indicators_by_window(prices)),
        "TA-Lib, indicators once a series": (rows, lambda: [by_talib(each) for each in series]),
        "InvestIQ, indicators; sums that grow, statistics": (rows, lambda: in_one_pass(prices)),
        "TA-Lib, indicators; numpy, statistics, by window": (rows, lambda: window_by_window(prices)),
        "TA-Lib, indicators once a series; numpy, statistics by window": (rows, lambda: talib_once(prices)),
        f"InvestIQ, {engine}, once a series": (few, lambda: by_engine(histories)),
        f"InvestIQ, {engine}, by window": (few, lambda: engine_by_window(histories)),
    }
    timings = common.interleaved({name: call for name, (_, call) in peers.items()}, rounds=3)
    common.save("w8_features", {name: timing._asdict() for name, timing in timings.items()})
    one, by_window, _, one_more, more_by_window, _, columns, columns_by_window = (
        each.median for each in timings.values()
    )
    ratios = {
        "indicators": by_window / one,
        "indicators and statistics": more_by_window / one_more,
        engine: columns_by_window / columns,
    }
    return "\n\n".join(
        [
            f"## W8: {rows:,} point-in-time feature rows",
            f"All rows equal to 1e-10; {expected.shape[1]} columns, {few} rows of the engine. {os.cpu_count()} cores.",
            common.markdown(timings, "TA-Lib, indicators by window"),
            "\n".join(
                f"- {name}: {number / timings[name].median:,.0f} rows a second" for name, (number, _) in peers.items()
            ),
            "\n".join(
                f"- {name}, times as fast as window by window: {ratio:.0f} "
                f"(goal at least {GOAL:g}: {'met' if ratio >= GOAL else 'missed'}; aim {AIM:g})"
                for name, ratio in ratios.items()
            ),
        ]
    )


if __name__ == "__main__":
    print(main())
