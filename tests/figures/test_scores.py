import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.figures.scores import analysis_chart, analysis_comparison_chart
from investiq.figures.theme import theme_of


@pytest.fixture(scope="module")
def figure(analysis):
    return analysis_chart(analysis)


def test_the_panes_are_named_with_their_units(figure):
    titles = [figure.layout[f"yaxis{row or ''}"].title.text for row in ("", 2, 3, 4, 5, 6, 7)]
    assert titles == [
        "Level (index points)",
        "Volume",
        "Score (±100)",
        "Conf. (%)",
        "Regime<br>(volatility)",
        "RSI 14 (0-100)",
        "MACD (points)",
    ]


def test_every_line_has_the_values_of_the_table(figure, analysis, trace):
    # The sample index has no splits or dividends, so its factors are 1 and the table's prices are the chart's.
    columns = {
        "SMA 20": "sma_20",
        "SMA 50": "sma_50",
        "SMA 200": "sma_200",
        "RSI 14": "rsi",
        "MACD 12, 26": "macd",
        "Signal 9": "macd_signal",
        "Histogram": "macd_histogram",
        "Score": "score",
        "Confidence": "confidence",
    }
    for name, column in columns.items():
        # The hover box tells two decimals.
        np.testing.assert_allclose(trace(figure, name).y, analysis.table[column], rtol=1e-7, atol=3e-4)
    lower, upper = (each for each in figure.data if each.name == "Bollinger 20, 2")
    np.testing.assert_allclose(lower.y, analysis.table["bb_lower"], rtol=1e-7, atol=3e-4)
    np.testing.assert_allclose(upper.y, analysis.table["bb_upper"], rtol=1e-7, atol=3e-4)


def test_one_time_axis_serves_all_panes(figure):
    assert {each.xaxis for each in figure.data} == {"x"}
    assert figure.layout.xaxis.anchor == "y7"
    assert figure.layout.template.layout.hoversubplots == "axis"


def test_guides_stand_at_the_customary_levels(figure):
    guides = {}
    for shape in figure.layout.shapes:
        guides.setdefault(shape.yref, []).append(shape.y0)
    assert guides == {"y3": [-70, -30, 0, 30, 70], "y6": [30, 70], "y7": [0]}
    # Room for the legend above 100.
    assert tuple(figure.layout.yaxis3.range) == (-100, 128)


def test_ten_years_open_at_the_last_two_with_axes_fitted_and_every_engine_drawn(figure, analysis, trace):
    # Two years are 504 sessions, and the axis begins one before them.
    first = analysis.table.index[-504]
    start = np.datetime64(figure.layout.xaxis.range[0])
    assert np.busday_count(start, first.date()) == 1
    visible = analysis.bars.frame.iloc[-504:]
    bottom, top = figure.layout.yaxis.range
    whole = analysis.bars.low.min()
    assert whole < bottom < visible["low"].min() < visible["high"].max() < top
    assert trace(figure, "^GSPC").visible is True
    assert trace(figure, "^GSPC close").visible is False
    assert trace(figure, "Quant").visible is True
    # All data are in it.
    np.testing.assert_allclose(trace(figure, "Quant").y, analysis.table["quant_score"], rtol=1e-6)


def test_the_long_view_keeps_the_engines_in_its_legend(figure):
    names = [each.name for each in figure.data]
    shown = {}
    for button in figure.layout.updatemenus[0].buttons:
        changes, _, rows = button.args
        shown[button.label] = dict(zip([names[row] for row in rows], changes["visible"], strict=True))
    assert (shown["2Y"]["Quant"], shown["All"]["Quant"]) == (True, "legendonly")
    assert (shown["2Y"]["^GSPC"], shown["All"]["^GSPC"]) == (True, False)


def test_a_year_opens_whole_with_a_dash_for_every_engine(analysis, trace):
    short = analysis_chart(iq.analyze(iq.History.of(analysis.bars[-300:])))
    assert trace(short, "Quant").visible is None  # drawn
    assert trace(short, "Quant").line.dash != trace(short, "Technical").line.dash
    assert np.busday_count(np.datetime64(short.layout.xaxis.range[0]), analysis.table.index[-300].date()) == 1


def test_the_regime_is_its_trend_by_colour_and_its_volatility_by_height(figure, analysis, trace):
    days = analysis.table.index.strftime("%Y-%m-%d")

    def height(name, day):
        # A step holds until its next corner.
        line = trace(figure, name)
        corners = np.array(line.x, dtype="datetime64[D]")
        return line.y[np.searchsorted(corners, np.datetime64(day), side="right") - 1]

    heights = {"low_vol": 1, "normal": 2, "high_vol": 3}
    for row in range(150, len(days), 97):
        volatility, _, trend = analysis.table["regime"].iloc[row].rpartition("_")
        drawn = {name: height(name.capitalize(), days[row]) for name in ("bull", "sideways", "bear")}
        assert drawn == {"bull": 0, "sideways": 0, "bear": 0} | {trend: heights[volatility]}


def test_the_axis_and_the_hover_box_say_what_the_regime_is(figure, analysis, trace):
    axis = figure.layout.yaxis5
    assert dict(zip(axis.ticktext, axis.tickvals, strict=True)) == {"low": 1, "normal": 2, "high": 3}
    told = trace(figure, "Regime")
    # At every bar, since the hover box shows a trace at its own points only.
    assert len(told.text) == len(analysis.table)
    by_name = dict(zip(analysis.table["regime"], told.text, strict=True))
    assert by_name["high_vol_bear"] == "bear, high volatility"
    assert by_name["normal_sideways"] == "sideways, normal volatility"
    assert by_name["unknown"] == "unknown"


def test_the_watermark_and_the_time_of_knowledge_are_stated(figure):
    assert [note.text for note in figure.layout.annotations] == ["SAMPLE"]
    assert "known at 2018-12-31 21:00 UTC · SAMPLE data" in figure.layout.title.subtitle.text


def test_levels_of_a_split_share_lie_on_its_adjusted_prices(split_bars, trace):
    figure = analysis_chart(iq.analyze(split_bars))
    total = split_bars.total_factor
    adjusted = split_bars.close * total / total[-1]
    np.testing.assert_allclose(trace(figure, "^GSPC").close, adjusted)
    # The mean of the last twenty adjusted closes.
    assert trace(figure, "SMA 20").y[120] == pytest.approx(adjusted[101:121].mean())


def test_the_last_volume_of_a_split_share_is_the_one_reported(trace):
    bars = iq.load_bars("SYN001", end="2013")
    figure = analysis_chart(iq.analyze(iq.History.of(bars)))
    drawn = trace(figure, "Volume").y
    assert bars.split_factor[-1] > 1
    # Prices halve and shares double with a split: the money traded is the same on either basis.
    np.testing.assert_allclose(drawn[-1], bars.volume[-1])
    np.testing.assert_allclose(drawn * bars.close * bars.split_factor / bars.split_factor[-1], bars.volume * bars.close)
    assert "last bar's" in figure.layout.yaxis2.title.text


def test_trades_can_be_drawn_on_the_price(short_result, trace):
    figure = analysis_chart(iq.analyze(short_result.bars), trades=short_result.trades, theme="dark")
    np.testing.assert_array_equal(trace(figure, "Entry").y, short_result.trades["entry_price"])


def test_too_few_bars_for_a_score_still_make_a_chart(short_bars, trace):
    figure = analysis_chart(iq.analyze(short_bars[:29]))
    assert np.isnan(trace(figure, "Score").y).all()


def test_levels_beyond_what_half_the_bytes_can_tell_keep_all_of_them(split_bars, trace):
    # At a million a float32 steps by 0.06, which two decimals would show.
    prices = {name: getattr(split_bars, name) * 400 for name in ("open", "high", "low", "close")}
    figure = analysis_chart(iq.analyze(dataclasses.replace(split_bars, **prices)))
    close = prices["close"] * split_bars.total_factor / split_bars.total_factor[-1]
    assert trace(figure, "SMA 20").y[-1] == pytest.approx(close[-20:].mean(), rel=1e-12)


def test_a_comparison_draws_each_score_hollow_then_and_filled_now(analysis, trace):
    now, then = analysis, iq.analyze("^GSPC", as_of="2018-09-20")
    figure = analysis_comparison_chart(now.compare(then), theme="dark")
    for name, whole in (("2018-12-31", now), ("2018-09-20", then)):
        dots = trace(figure, name)
        place = list(dots.y).index("Technical")
        assert dots.x[place] == pytest.approx(whole.table["technical_score"].iloc[-1])
        # From 8 px without any confidence to 20 px with all of it.
        sure = whole.table["technical_confidence"].iloc[-1]
        assert dots.marker.size[place] == pytest.approx(8 + 12 * sure)
    surface = theme_of("dark").surface
    assert (trace(figure, "2018-09-20").marker.color == surface) and (
        trace(figure, "2018-12-31").marker.color != surface
    )


def test_twenty_years_stay_light(figure):
    assert len(figure.to_json()) < 2_700_000
