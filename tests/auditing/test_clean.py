"""What is point in time passes: indicators, the engine, every strategy, joins by `until`."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq import strategies
from investiq.auditing.leaks import audit
from investiq.auditing.pytest_plugin import assert_point_in_time
from investiq.core.orders import Signal
from investiq.engines.technical.engine import TechnicalEngine
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.strategies import PanelStrategy, Strategy
from tests.auditing.conftest import bars_of, walk


@pytest.fixture(scope="session")
def sample():
    return iq.load_bars("^GSPC", start="2011", end="2013")


def built_in(*, of_panels=False):
    """Every strategy of the package that needs no argument, of one symbol or of panels."""
    for name in strategies.__all__:
        found = getattr(strategies, name)
        if not (inspect.isclass(found) and issubclass(found, Strategy)) or found is Strategy:
            continue
        needed = [each for each in inspect.signature(found).parameters.values() if each.default is each.empty]
        # The opening range takes intraday bars.
        if (
            not needed
            and issubclass(found, PanelStrategy) == of_panels
            and name not in ("OpeningRange", "PanelStrategy")
        ):
            yield found()


@pytest.mark.parametrize("strategy", list(built_in()), ids=lambda strategy: strategy.name)
def test_the_orders_of_every_strategy_pass(strategy, sample):
    report = audit(strategy.signals, sample)
    assert report.verdict == "point in time", str(report)
    assert not report.frozen


WITH_FILLS = [
    # An engine takes a second for each prefix; its orders are audited above.
    *(each for each in built_in() if not isinstance(each, strategies.EngineView)),
    strategies.Crossover(fast=5, slow=20, allow_short=True),
    strategies.AtrBrackets(strategy=strategies.Breakout(entry_window=20, exit_window=10)),
    strategies.Sized(strategy=strategies.Breakout(), sizer=strategies.VolatilityTarget()),
    strategies.OnTimeframe(strategy=strategies.Crossover(fast=3, slow=10)),
]


@pytest.mark.parametrize("strategy", WITH_FILLS, ids=lambda strategy: strategy.name)
def test_a_strategy_passes_with_its_fills(strategy, sample):
    report = audit(strategy, sample)
    assert report.verdict == "point in time", str(report)
    # Up to twelve fills are looked at; buying and holding has one.
    assert report.fills == (1 if strategy.name == "BuyAndHold" else 12)


@pytest.mark.parametrize("strategy", list(built_in(of_panels=True)), ids=lambda strategy: strategy.name)
def test_the_weights_of_every_strategy_of_panels_pass(strategy):
    panel = Panel.of([bars_of(walk(400, seed), symbol=f"S{seed}") for seed in range(4)])
    report = audit(strategy.target_weights, panel)
    assert report.verdict == "point in time", str(report)


@pytest.mark.parametrize(
    "name",
    [
        "sma",
        "ema",
        "rsi",
        "macd",
        "bollinger",
        "atr",
        "adx",
        "donchian",
        "stochastic",
        "obv",
        "candle_patterns",
        "swing_points",
    ],
)
def test_an_indicator_passes(name, sample):
    indicator = getattr(iq.indicators, name)
    takes_bars = next(iter(inspect.signature(indicator).parameters)) == "bars"
    bars = sample.adjusted()
    assert_point_in_time(indicator, bars if takes_bars else bars.frame["close"])


def test_the_technical_engine_passes_on_a_history(sample):
    report = assert_point_in_time(TechnicalEngine(), sample)
    assert report.disturbed == ("prices of ^GSPC", "volume of ^GSPC")


def test_an_expanding_scaler_passes(close):
    assert_point_in_time(lambda close: (close - close.expanding(2).mean()) / close.expanding(2).std(), close)


def test_a_statement_joined_by_when_it_was_known_passes(history):
    def by_filing(history: History):
        filed = history.records("eps").frame
        bars = history.bars()
        place = np.searchsorted(filed["known_at"].dt.tz_convert(None).to_numpy(), bars.known_at, side="right") - 1
        return np.where(place >= 0, filed["eps"].to_numpy()[place] if len(filed) else np.nan, np.nan)

    report = assert_point_in_time(by_filing, history)
    assert report.disturbed == ("prices of TEST", "volume of TEST", "benchmark BENCH", "records eps")


def test_a_table_made_of_one_until_for_each_bar_passes(history):
    def all_rows(history: History):
        return np.array([len(history.until(moment).records("eps")) for moment in history.bars().known_at])

    assert_point_in_time(all_rows, History.of(history.bars()[20:70], records=[history.records("eps")]), prefixes=4)


def test_weekly_bars_pass_by_when_they_are_known_and_by_their_last_day(bars, close):
    assert_point_in_time(lambda bars: bars.resampled("1w"), bars)
    assert_point_in_time(lambda close: close.resample("W-SUN").last(), close)


def test_a_ranking_of_a_panel_passes_and_one_that_looks_ahead_does_not():
    panel = Panel.of([bars_of(walk(120, seed), symbol=f"S{seed}") for seed in range(3)])
    assert_point_in_time(lambda panel: panel.close.argsort(axis=0).argsort(axis=0), panel)
    report = audit(lambda panel: np.roll(panel.close, -2, axis=1).argsort(axis=0).argsort(axis=0), panel)
    assert report.verdict == "leaks"


def test_signals_pass_and_signals_of_the_future_do_not(bars):
    def rising(bars):
        return [Signal(bar=bar, side="buy") for bar in range(1, len(bars)) if bars.close[bar] > bars.close[bar - 1]]

    def about_to_rise(bars):
        return [Signal(bar=bar - 1, side="buy") for bar in range(1, len(bars)) if bars.close[bar] > bars.close[bar - 1]]

    assert_point_in_time(rising, bars)
    first = int(np.flatnonzero(np.diff(bars.close) > 0)[0])
    by_check = {leak.check: leak for leak in audit(about_to_rise, bars).leaks}
    assert (by_check["prefix replay"].bar, by_check["prefix replay"].ahead) == (first, 1)
    # That bar 0 says nothing depends on bar 1, too: with other bars after it, it says something.
    assert by_check["disturbance"].bar == 0


def test_a_backtest_passes_as_a_function_and_as_a_result(bars):
    crossover = strategies.Crossover(fast=3, slow=8)
    assert_point_in_time(iq.backtest(crossover, bars), bars)
    report = assert_point_in_time(lambda bars: iq.backtest(crossover, bars) if len(bars) > 20 else None, bars)
    assert report.fills > 0


def test_named_results_of_several_columns_are_compared_by_column(bars):
    report = audit(lambda bars: {"low": bars.low, "next": np.append(bars.low[1:], np.nan)}, bars)
    assert {leak.column for leak in report.leaks} == {"next"}


def test_frames_without_times_are_cut_by_row():
    frame = pd.DataFrame({"a": walk(50), "b": walk(50, 2)})
    assert_point_in_time(lambda frame: frame["a"].rolling(3).corr(frame["b"]), frame)
    report = audit(lambda frame: frame["a"] + frame["b"].shift(-1), frame)
    assert (report.leaks[0].bar, {leak.source for leak in report.leaks}) == (0, {"", "b"})


def test_the_helper_fails_with_the_whole_report(close):
    with pytest.raises(AssertionError, match=r"Audit of .*: leaks\n(.|\n)*First leak\s+2024-01-01"):
        assert_point_in_time(lambda close: close.shift(-1), close)


def test_columns_of_words_and_of_nullable_numbers_are_compared(close):
    def words(close):
        rises = close.diff() > 0
        return pd.DataFrame({"word": rises.map({True: "up", False: "down"}), "count": rises.cumsum().astype("Int64")})

    assert_point_in_time(words, close)
    ahead = audit(lambda close: words(close).shift(-1), close)
    # At the last bar of a prefix there is no next one.
    assert (ahead.leaks[0].bar, ahead.leaks[0].column, ahead.leaks[0].ahead) == (0, "word", 1)


def test_rows_that_are_dropped_are_not_rows_of_other_bars(close):
    assert_point_in_time(lambda close: close.pct_change().dropna(), close)
    leak = audit(lambda close: close.shift(-2).dropna(), close).leaks[0]
    assert (leak.bar, leak.ahead) == (0, 2)


def test_infinite_values_are_equal_to_themselves_only(close):
    assert_point_in_time(lambda close: close / (close - close.cummax()).abs(), close)
    assert audit(lambda close: close / (close - close.max()).abs(), close).verdict == "leaks"
