"""The channel breakout in the direction of the trend, by hand."""

from __future__ import annotations

import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import DonchianTrend

# Of these tests: the channel of 2 bars; ema(2) starts with the mean of two closes, then moves by 2/3 of the way.
SMALL = {"window": 2, "trend_window": 2}


def test_buys_the_first_bar_of_a_breakout_above_the_average_and_sells_below_it(bars_of):
    # close      10    10    10    12     13     9      14
    # high of the 2 before:  10.5  10.5   12.5   13.5   13.5
    # ema(2)     -     10    10    11.33  12.44  10.15  12.72
    # Bar 2: its high 10.5 reaches the level, the close is not above the average. Bar 3 buys; bar 4 still
    # breaks out, which is no second entry; bar 5 closes below the average; bar 6: 14.5 >= 13.5, a new breakout.
    decisions = DonchianTrend(**SMALL).decide(bars_of([10, 10, 10, 12, 13, 9, 14]))
    assert decisions.tolist() == [0, 0, 0, 1, 0, -1, 1]


def test_a_high_at_the_level_is_a_breakout(bars_of):
    # Level of bar 3: max(10.5, 9.5), its high 10.5. ema 10, 9.33, 9.78: bar 2 closes below, bar 3 above it.
    assert DonchianTrend(**SMALL).decide(bars_of([10, 10, 9, 10])).tolist() == [0, 0, -1, 1]


def test_the_close_confirms_where_that_is_asked_for(bars_of):
    # The high of 10.9 reaches the level of 10.5, the close of 10.4 does not; ema 10.27.
    bars = bars_of([10, 10, 10, 10.4])
    assert DonchianTrend(**SMALL).decide(bars).tolist() == [0, 0, 0, 1]
    assert DonchianTrend(**SMALL, confirm="close").decide(bars).tolist() == [0, 0, 0, 0]


def test_a_buffer_lifts_the_level(bars_of):
    # 1.05 x 10.5 = 11.025 is not reached by 10.9; 1.03 x 10.5 = 10.815 is.
    bars = bars_of([10, 10, 10, 10.4])
    assert DonchianTrend(**SMALL, buffer=0.05).decide(bars).tolist() == [0, 0, 0, 0]
    assert DonchianTrend(**SMALL, buffer=0.03).decide(bars).tolist() == [0, 0, 0, 1]


def test_a_breakout_that_stands_when_the_columns_begin_is_no_entry(bars_of):
    # Bar 2, the first with a level, already stands above it: 11.5 >= 10.9, 11 > 10.7.
    assert DonchianTrend(**SMALL).decide(bars_of([10, 10.4, 11, 12])).tolist() == [0, 0, 0, 0]


def test_stop_trail_and_time_limit_are_asked_of_the_run():
    assert DonchianTrend(atr_multiple=3, atr_window=20).run_options == {
        "atr_stop": 3, "atr_trail": 3, "atr_window": 20, "hold_bars": 10,
    }  # fmt: skip
    assert "hold_bars" not in DonchianTrend(hold_bars=0).run_options


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"window": 0}, "window must be a whole number of bars >= 1"),
        ({"hold_bars": -1}, "hold_bars must be a whole number of bars >= 0"),
        ({"buffer": 1.0}, r"buffer must lie in \[0, 1\)"),
        ({"confirm": "low"}, "confirm must be 'high' or 'close'"),
        ({"atr_multiple": 0}, "atr_multiple must be a number above 0"),
    ],
)
def test_a_parameter_out_of_range_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        DonchianTrend(**wrong)
