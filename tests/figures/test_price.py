import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.figures.price import price_chart


def test_a_year_of_bars_is_drawn_as_candles_with_the_values_of_the_bars(short_bars, trace):
    figure = price_chart(short_bars)
    candles = trace(figure, "^GSPC")
    assert candles.type == "candlestick"
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(candles[name], getattr(short_bars, name))
    np.testing.assert_array_equal(trace(figure, "Volume").y, short_bars.volume)


def test_rising_candles_are_hollow_and_falling_ones_filled(short_bars, trace):
    for theme, surface in (("light", "#ffffff"), ("dark", "#131a22")):
        candles = trace(price_chart(short_bars, theme=theme), "^GSPC")
        assert candles.increasing.fillcolor == surface
        assert candles.decreasing.fillcolor == candles.decreasing.line.color != candles.increasing.line.color


def test_twenty_years_open_as_closes_within_the_band_of_extremes(long_bars, trace):
    figure = price_chart(long_bars)
    assert trace(figure, "^GSPC").visible is False
    np.testing.assert_array_equal(trace(figure, "^GSPC close").y, long_bars.close)
    low, high = (each for each in figure.data if each.name == "Low to high")
    np.testing.assert_array_equal(low.y, long_bars.low)
    np.testing.assert_array_equal(high.y, long_bars.high)
    np.testing.assert_array_equal(high.customdata, long_bars.low)


def test_buttons_draw_candles_where_they_can_be_told_apart(long_bars):
    figure = price_chart(long_bars)
    names = [each.name for each in figure.data]
    shown = {}
    for button in figure.layout.updatemenus[0].buttons:
        changes, _, rows = button.args
        shown[button.label] = {names[row] for row, is_shown in zip(rows, changes["visible"], strict=True) if is_shown}
    assert shown["1Y"] == shown["3Y"] == {"^GSPC"}
    assert shown["5Y"] == shown["All"] == {"Low to high", "^GSPC close"}


def test_titles_state_symbol_period_and_units(short_bars):
    layout = price_chart(short_bars, panes={"Momentum (%)": {}}).layout
    assert layout.title.text == "^GSPC daily bars"
    assert layout.title.subtitle.text == "2018-01-03 to 2018-12-31 · 250 bars · SAMPLE data"
    assert layout.yaxis.title.text == "Level (index points)"
    assert layout.yaxis2.title.text == "Volume"
    assert layout.yaxis3.title.text == "Momentum (%)"


def test_all_panes_share_one_time_axis(short_bars):
    close = short_bars.frame["close"]
    figure = price_chart(short_bars, overlays={"Close": close}, panes={"Change (%)": {"Change": close.pct_change()}})
    assert {each.xaxis for each in figure.data} == {"x"}
    assert [each.yaxis for each in figure.data] == ["y", "y", "y2", "y3"]
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(domains))
    assert (domains[0][1], domains[-1][0]) == (1.0, pytest.approx(0.0, abs=1e-12))


def test_hover_texts_carry_units(short_bars, trace):
    close = short_bars.frame["close"]
    figure = price_chart(short_bars, overlays={"Mean": close}, panes={"Change (%)": {"Change": close}})
    assert trace(figure, "Mean").hovertemplate.startswith("%{y:,.2f} points")
    assert trace(figure, "Volume").hovertemplate.startswith("%{y:,.0f}<")
    assert trace(figure, "Change").hovertemplate.startswith("%{y:,.2f} %<")


def test_the_volume_of_a_share_is_in_shares(short_bars, trace):
    passport = dataclasses.replace(short_bars.passport, currency="USD")
    figure = price_chart(dataclasses.replace(short_bars, passport=passport))
    assert figure.layout.yaxis2.title.text == "Volume (shares)"
    assert trace(figure, "Volume").hovertemplate.startswith("%{y:,.0f} shares<")


def test_the_volume_of_a_split_share_counts_the_shares_of_the_last_bar(split_bars, trace):
    # Two for one at bar 100: a share sold before is two of today's, and what is sold since counts as it was reported.
    today = np.concatenate([2 * split_bars.volume[:100], split_bars.volume[100:]])
    for how in ("split", "total"):
        figure = price_chart(split_bars.adjusted(how))
        np.testing.assert_allclose(trace(figure, "Volume").y, today)
        assert figure.layout.yaxis2.title.text == "Volume (on the last bar's<br>split basis)"
        assert trace(figure, "Volume").hovertemplate.startswith("%{y:,.0f} on the last bar's split basis<")
    passport = dataclasses.replace(split_bars.passport, currency="USD")
    share = price_chart(dataclasses.replace(split_bars, passport=passport).adjusted())
    assert share.layout.yaxis2.title.text == "Volume (shares,<br>on the last bar's<br>split basis)"


def test_volume_as_traded_and_that_after_the_last_split_need_no_basis(split_bars, trace):
    figure = price_chart(split_bars)
    np.testing.assert_array_equal(trace(figure, "Volume").y, split_bars.volume)
    assert figure.layout.yaxis2.title.text == "Volume"
    # No split within: the shares of every bar are those of the last one.
    later = price_chart(split_bars[100:].adjusted())
    np.testing.assert_allclose(trace(later, "Volume").y, split_bars.volume[100:])
    assert later.layout.yaxis2.title.text == "Volume"


def test_sample_data_are_watermarked_in_both_themes(short_bars):
    for theme in ("light", "dark"):
        marks = [note.text for note in price_chart(short_bars, theme=theme).layout.annotations]
        assert marks == ["SAMPLE"]


def test_overlays_carry_their_values_and_a_dash_each(short_bars, trace):
    close = short_bars.frame["close"]
    overlays = {f"Mean {n}": close.rolling(n).mean() for n in (5, 20, 50)}
    figure = price_chart(short_bars, overlays=overlays)
    for name, values in overlays.items():
        np.testing.assert_array_equal(trace(figure, name).y, values)
    assert len({trace(figure, name).line.dash for name in overlays}) == 3


def test_a_series_that_is_not_indexed_like_the_bars_is_refused(short_bars):
    close = short_bars.frame["close"]
    with pytest.raises(DataError, match="'Mean' has 249 rows that are not indexed like the 250 bars"):
        price_chart(short_bars, overlays={"Mean": close.iloc[1:]})
    with pytest.raises(DataError, match="not indexed like"):
        price_chart(short_bars, panes={"Mean (points)": {"Mean": close.shift(1, freq="D")}})


def test_no_bars_are_refused(short_bars):
    with pytest.raises(DataError, match="no bars to draw"):
        price_chart(short_bars[:0])


def test_adjusted_prices_are_rescaled_so_that_the_last_one_is_as_traded(split_bars, trace):
    figure = price_chart(split_bars.adjusted("split"))
    close = trace(figure, "^GSPC").close
    assert close[-1] == split_bars.close[-1]
    # Two for one before bar 100: the earlier prices are halved.
    np.testing.assert_allclose(close[:100], split_bars.close[:100] / 2)
    assert figure.layout.yaxis.title.text == "Level (index points, split-adjusted)"


def test_trades_are_marked_where_and_at_what_they_were_done(short_result, trace):
    figure = price_chart(short_result.bars, trades=short_result.trades)
    trades = short_result.trades
    entries, exits = trace(figure, "Entry"), trace(figure, "Exit")
    np.testing.assert_array_equal(entries.y, trades["entry_price"])
    np.testing.assert_array_equal(exits.y, trades["exit_price"])
    assert [str(day) for day in entries.x] == trades["entry_ts"].dt.strftime("%Y-%m-%d").tolist()
    assert (entries.marker.symbol, exits.marker.symbol) == ("triangle-up", "triangle-down")
    first = trades.iloc[0]
    assert exits.text[0] == (
        f"{first['quantity']:,.6g} shares at {first['exit_price']:,.2f}, signal, "
        f"P&L {first['pnl']:+,.2f} ({first['return']:+.2%}), {first['bars_held']} bars"
    )


def test_trades_lie_on_the_rescaled_prices_of_a_split_share(split_bars, trace):
    days = split_bars.index
    trades = pd.DataFrame(
        {
            "entry_ts": [days[10]],
            "entry_price": [split_bars.open[10]],
            "exit_ts": [days[150]],
            "exit_price": [split_bars.open[150]],
            "quantity": [10.0],
            "pnl": [1.0],
            "return": [0.01],
            "exit_reason": ["take_profit"],
            "bars_held": [140],
        }
    )
    figure = price_chart(split_bars.adjusted("split"), trades=trades)
    # Bought before the split at twice the price of today's shares.
    assert trace(figure, "Entry").y[0] == pytest.approx(split_bars.open[10] / 2)
    assert trace(figure, "Exit").y[0] == pytest.approx(split_bars.open[150])
    assert "take profit" in trace(figure, "Exit").text[0]


def test_an_open_trade_has_an_entry_and_no_exit(short_result, trace):
    trades = short_result.trades.copy()
    trades.loc[trades.index[-1], "exit_ts"] = pd.NaT
    figure = price_chart(short_result.bars, trades=trades)
    assert len(trace(figure, "Exit").x) == len(trace(figure, "Entry").x) - 1


def test_twenty_years_stay_light(long_bars):
    # Three prices and volume as base64 of 5,031 doubles, and the candles of the short views.
    assert len(price_chart(long_bars).to_json()) < 1_000_000
