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


def test_a_position_sold_at_the_last_close_was_held_through_that_bar(bars):
    sold = trade(bars, len(bars) - 3, len(bars) - 1, float(bars.open[-3]), float(bars.close[-1]))
    found = excursions(sold.assign(exit_reason="end_of_data"), bars)
    still_open = excursions(trade(bars, len(bars) - 3, None, float(bars.open[-3]), np.nan), bars)
    pd.testing.assert_frame_equal(found, still_open)
    # The open of the last bar is another matter: what followed it is not the trade's.
    at_open = excursions(sold.assign(exit_reason="signal", exit_price=float(bars.open[-1])), bars).iloc[0]
    prices = np.append(bars.low[-3:-1], bars.open[-1])
    assert at_open["mae"] == pytest.approx(min(prices.min() / bars.open[-3] - 1, 0))


@pytest.mark.parametrize(("name", "factor", "column"), [("high", 3.0, "mfe"), ("low", 0.2, "mae")])
def test_the_range_of_the_exit_bar_does_not_count(bars, name, factor, column):
    extreme = getattr(bars, name).copy()
    extreme[9] *= factor
    wider = bars._derived(**{name: extreme, "vwap": None})
    price = float(bars.open[5])
    plain = excursions(trade(bars, 5, 9, price, price), bars)
    pd.testing.assert_frame_equal(excursions(trade(bars, 5, 9, price, price), wider), plain)
    # Of a longer trade it does.
    longer = excursions(trade(bars, 5, 10, price, price), wider).iloc[0]
    assert longer[column] == pytest.approx(extreme[9] / price - 1)


def test_the_excursions_of_a_backtest_take_in_its_last_bar():
    bars = iq.load_bars("SYN001", start="2018-01-02")
    found = excursions(iq.backtest(iq.strategies.BuyAndHold(), bars).trades, bars).iloc[0]
    price = iq.backtest(iq.strategies.BuyAndHold(), bars).trades["entry_price"].iloc[0]
    low, high = ((getattr(bars, name) * bars.split_factor)[1:] for name in ("low", "high"))
    assert found["mae"] == pytest.approx(min(low.min() / (price * bars.split_factor[1]) - 1, 0))
    assert found["mfe"] == pytest.approx(max(high.max() / (price * bars.split_factor[1]) - 1, 0))


def test_a_short_trade_suffers_from_highs_and_gains_from_lows(bars):
    price = float(bars.open[5])
    table = pd.concat([trade(bars, 5, 9, price, price)] * 2, ignore_index=True).assign(quantity=[10.0, -10.0])
    found = excursions(table, bars)
    assert found["mae"].tolist() == pytest.approx([-found["mfe"][1], -found["mfe"][0]])
    assert found["mae"][1] == pytest.approx(min(1 - bars.high[5:9].max() / price, 0))
    # Bought back 10 % lower in its entry bar: nothing against it.
    short = excursions(trade(bars, 5, 5, 100.0, 90.0).assign(quantity=-1.0), bars).iloc[0]
    assert short.to_dict() == pytest.approx({"mae": 0.0, "mfe": 0.1})
    assert not np.signbit(short["mae"])


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
    with pytest.raises(DataError, match="quantity is zero or NaN in 1 of 1 trades"):
        excursions(good.assign(quantity=0.0), bars)
    with pytest.raises(DataError, match="1 of 1 trades have an exit_ts without an exit_price"):
        excursions(good.assign(exit_price=np.nan), bars)
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
