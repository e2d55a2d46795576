"""Maximum adverse and favourable excursions of trades."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError, InsufficientDataError
from investiq.metrics.trade_excursions import edge_ratio, excursions


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("SYN001", start="2018-01-02")


def trade(bars, entry, leave, entry_price, exit_price):
    ts = pd.DatetimeIndex(bars.ts, tz="UTC")
    return pd.DataFrame(
        {
            "entry_ts": [ts[entry]],
            "entry_price": [entry_price],
            "exit_ts": [ts[leave] if leave is not None else pd.NaT],
            "exit_price": [exit_price],
        }
    )


def test_the_extremes_are_those_of_the_bars_before_the_exit(bars):
    held = slice(5, 9)
    assert (bars.split_factor[held] == bars.split_factor[5]).all()
    price = float(bars.open[5])
    found = excursions(trade(bars, 5, 9, price, price), bars).iloc[0]
    assert found["mae"] == pytest.approx(min(bars.low[held].min() / price - 1, 0))
    assert found["mfe"] == pytest.approx(max(bars.high[held].max() / price - 1, 0))


def test_an_exit_price_beyond_the_bars_held_counts(bars):
    price = float(bars.open[5])
    found = excursions(trade(bars, 5, 9, price, price * 0.2), bars).iloc[0]
    assert found["mae"] == pytest.approx(-0.8)
    assert excursions(trade(bars, 5, 9, price, price * 3), bars).iloc[0]["mfe"] == pytest.approx(2.0)


def test_a_trade_left_in_its_entry_bar_has_its_exit_price_only(bars):
    assert excursions(trade(bars, 5, 5, 100.0, 90.0), bars).iloc[0].to_dict() == pytest.approx(
        {"mae": -0.1, "mfe": 0.0}
    )


def test_an_open_trade_is_measured_to_the_last_bar(bars):
    price = float(bars.open[-3])
    found = excursions(trade(bars, len(bars) - 3, None, price, np.nan), bars).iloc[0]
    assert found["mfe"] == pytest.approx(max(bars.high[-3:].max() / price - 1, 0))


def test_a_split_is_no_loss(bars):
    # Every price from bar 7 on halves, and its factor doubles.
    halved = np.where(np.arange(len(bars)) >= 7, 0.5, 1.0)
    prices = {name: getattr(bars, name) * halved for name in ("open", "high", "low", "close")}
    if bars.vwap is not None:
        prices["vwap"] = bars.vwap * halved
    split = bars._derived(**prices, split_factor=bars.split_factor / halved, total_factor=bars.total_factor / halved)
    price = float(bars.open[5])
    plain = excursions(trade(bars, 5, 9, price, price), bars)
    np.testing.assert_allclose(excursions(trade(bars, 5, 9, price, price / 2), split), plain, atol=1e-12)


def test_the_edge_ratio_sets_the_means_against_each_other():
    # Means 3 % and 1.5 %.
    assert edge_ratio(np.array([0.04, 0.02]), np.array([-0.01, -0.02])) == pytest.approx(2.0)


def test_what_does_not_fit_is_refused(bars):
    good = trade(bars, 5, 9, 100.0, 100.0)
    with pytest.raises(DataError, match="trades lack exit_price"):
        excursions(good.drop(columns="exit_price"), bars)
    with pytest.raises(DataError, match="total-adjusted; trades are at prices as traded"):
        excursions(good, bars.adjusted())
    with pytest.raises(DataError, match="entry_price must be above zero"):
        excursions(good.assign(entry_price=0.0), bars)
    with pytest.raises(InsufficientDataError, match="need one trade"):
        excursions(good.iloc[:0], bars)
    with pytest.raises(DataError, match="are they swapped"):
        edge_ratio(np.array([-0.01]), np.array([0.01]))
    with pytest.raises(DataError, match="mfe has 2 values and mae 1"):
        edge_ratio(np.array([0.1, 0.1]), np.array([0.0]))
    with pytest.raises(InsufficientDataError, match="none of 1 trades went against"):
        edge_ratio(np.array([0.01]), np.array([0.0]))
    with pytest.raises(InsufficientDataError, match="needs one trade, received 0"):
        edge_ratio(np.array([]), np.array([]))
