"""Which benchmarks a run accepts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.checking import benchmark_over
from investiq.core.errors import ConfigError, DataError
from investiq.history.flags import Flag

FLAT = [(100.0, 101.0, 99.0, 100.0)]


def without(bars, *rows):
    """Return the bars without some rows."""
    kept = np.delete(np.arange(len(bars)), rows)
    names = ("ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor", "flags")
    return dataclasses.replace(bars, **{name: getattr(bars, name)[kept] for name in names})


@pytest.fixture
def traded(bars_of):
    """40 days from 2024-01-11 on."""
    return bars_of(FLAT * 40, first="2024-01-11")


@pytest.fixture
def index(bars_of):
    """60 days from 2024-01-01 on."""
    return bars_of(FLAT * 60, symbol="INDEX")


def test_a_benchmark_is_cut_to_the_first_and_the_last_bar_of_the_run(traded, index):
    cut = benchmark_over(index, traded)
    # 2024-01-11 is row 10 of the index; 40 days end in row 49.
    np.testing.assert_array_equal(cut.ts, index.ts[10:50])
    assert cut.ts[[0, -1]].tolist() == traded.ts[[0, -1]].tolist()


def test_a_benchmark_may_begin_and_end_one_session_inside_the_run(traded, index):
    assert len(benchmark_over(without(index, 10, 49), traded)) == 38


@pytest.mark.parametrize(
    ("lost", "found"),
    [
        ((10, 11), "has bars from 2024-01-13 to 2024-02-19 only"),
        ((48, 49), "has bars from 2024-01-11 to 2024-02-17 only"),
    ],
)
def test_a_benchmark_of_a_part_of_the_period_is_refused(traded, index, lost, found):
    with pytest.raises(
        DataError, match=rf"INDEX does not cover .* TEST, 2024-01-11 to 2024-02-19: it {found}; expected"
    ):
        benchmark_over(without(index, *lost), traded)


def test_a_benchmark_may_miss_one_bar_in_twenty(traded, index):
    # 5 % of 40 bars are two.
    assert len(benchmark_over(without(index, 20, 30), traded)) == 38
    with pytest.raises(DataError, match="it misses 3 of its 40 bars, first 2024-01-21; expected"):
        benchmark_over(without(index, 20, 30, 31), traded)


def test_a_benchmark_of_another_period_is_refused(bars_of, traded):
    later = bars_of(FLAT * 10, symbol="INDEX", first="2030-01-01")
    with pytest.raises(DataError, match=r"benchmark INDEX does not cover .*: it has 0 bar\(s\) in it"):
        iq.backtest(iq.strategies.BuyAndHold(), traded, benchmark=later)


def test_a_benchmark_of_another_calendar_is_refused(bars_of, traded):
    # 252 sessions a year against 365: one convention cannot annualise both.
    weekdays = bars_of(FLAT * 60, symbol="INDEX", calendar="XNYS")
    with pytest.raises(
        DataError, match="INDEX has 1d bars in XNYS sessions, TEST has 1d bars in 24/7 sessions; annual"
    ):
        iq.backtest(iq.strategies.BuyAndHold(), traded, benchmark=weekdays)


def test_a_benchmark_of_another_interval_is_refused(traded, index):
    hourly = dataclasses.replace(index, interval="60min")
    with pytest.raises(DataError, match="pass a benchmark of the same interval and calendar"):
        benchmark_over(hourly, traded)


BUY = iq.strategies.BuyAndHold()


def test_errors_of_the_data_block_unless_they_are_allowed_and_then_stand_in_the_result():
    bars = iq.load_bars("^IXIC", "2016", "2017")
    flagged = dataclasses.replace(bars, flags=np.where(np.arange(len(bars)) == 9, Flag.QUARANTINED, 0))
    with pytest.raises(DataError, match=r"^\^IXIC: 1 bar\(s\) are quarantined .* with quality='any'$"):
        iq.backtest(BUY, flagged)
    with pytest.raises(DataError, match="quarantined"):
        iq.backtest(BUY, bars, benchmark=flagged)
    result = iq.backtest(BUY, flagged, quality="any")
    assert [note.code for note in result.notes if note.severity == "error"] == ["quarantined"]


def test_a_run_can_require_a_clean_report():
    assert iq.backtest(BUY, iq.load_bars("^IXIC", "2016", "2017"), quality="pass").watermark == "SAMPLE"
    with pytest.raises(DataError, match=r"verdict is 'caution', expected 'pass': \^IXIC: zero_volume \(1\); see"):
        iq.backtest(BUY, iq.load_bars("^IXIC", "2014", "2017"), quality="pass")


def test_an_unknown_quality_is_refused():
    with pytest.raises(ConfigError, match="quality must be one of 'no_errors', 'pass', 'any', was 'good'"):
        iq.backtest(BUY, "^IXIC", quality="good")
