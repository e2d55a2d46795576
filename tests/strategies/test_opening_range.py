"""The opening range on minute bars, by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.strategies import OpeningRange

STEP = np.timedelta64(5, "m").astype("timedelta64[us]")


@pytest.fixture
def sessions(bars_of):
    """Return 5-minute bars of New York from the given openings and numbers of bars, closes 100, 101, ... in each."""

    def make(*parts, factor=1.0):
        ts = np.concatenate([np.datetime64(opening, "us") + np.arange(count) * STEP for opening, count in parts])
        close = np.concatenate([100.0 + np.arange(count) for _, count in parts])
        bars = bars_of(close, total_factor=[factor] * close.size)
        passport = dataclasses.replace(bars.passport, calendar="XNYS", interval="5min")
        return dataclasses.replace(bars, interval="5min", ts=ts, known_at=ts + STEP, passport=passport)

    return make


# 2024-03-05, 9:30 to 16:00 in New York: 78 bars. The range of 6 bars has the high 105.5 and the low 99.5.
DAY = ("2024-03-05T14:30", 78)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_orders_rest_at_the_edges_until_the_bar_before_the_last(sessions, factor):
    bars = sessions(DAY, factor=factor)
    # Decided at the close of bar 5; live in bars 6 to 76, which are 71; flat at the open of bar 77, decided at 76.
    edge = {"bar": 5, "order_type": "stop", "expiry": 71}
    flat = [Signal(bar=76, side="buy"), Signal(bar=76, side="sell")]
    buy = Signal(side="buy", stop_price=105.5, stop_loss_price=99.5, **edge)
    assert OpeningRange().signals(bars) == [buy, *flat]
    sell = Signal(side="sell", stop_price=99.5, stop_loss_price=105.5, **edge)
    assert OpeningRange(allow_short=True).signals(bars) == [buy, sell, *flat]
    # As traded, also from adjusted bars.
    adjusted = OpeningRange().signals(bars.adjusted("total"))[0]
    assert (adjusted.stop_price, adjusted.stop_loss_price) == (105.5, 99.5)


def test_another_range_and_an_early_close(sessions):
    # 2024-11-29 closes at 13:00 New York, 18:00 UTC: 42 bars. A range of 3 bars, then bars 3 to 40.
    entry, exit_, _ = OpeningRange(minutes=15).signals(sessions(("2024-11-29T14:30", 42)))
    assert (entry.bar, entry.stop_price, entry.expiry, exit_.bar) == (2, 102.5, 38, 40)


def test_each_session_stands_for_itself_and_no_order_depends_on_later_bars(sessions):
    bars = sessions(DAY, ("2024-03-06T14:30", 78))
    whole = OpeningRange().signals(bars)
    assert [each.bar for each in whole] == [5, 76, 76, 83, 154, 154]
    for end in (4, 5, 6, 76, 77, 83, 120, 154):
        assert OpeningRange().signals(bars[: end + 1]) == [each for each in whole if each.bar <= end]


def test_bars_outside_the_session_are_not_part_of_the_range(sessions):
    early = sessions(("2024-03-05T14:00", 84))
    # Six bars before the opening, closes 100 to 105: the range is that of 106 to 111.
    entry = OpeningRange().signals(early)[0]
    assert (entry.bar, entry.stop_price, entry.stop_loss_price) == (11, 111.5, 105.5)


def test_daily_bars_and_ranges_between_bars_are_refused(sessions, bars_of):
    with pytest.raises(DataError, match="needs intraday bars of which 30 minutes are a whole number; TEST has 1d bars"):
        OpeningRange().signals(bars_of([10, 11]))
    with pytest.raises(DataError, match="needs intraday bars of which 12 minutes"):
        OpeningRange(minutes=12).signals(sessions(DAY))
    with pytest.raises(ConfigError, match="sets orders with prices"):
        OpeningRange().decide(sessions(DAY))
