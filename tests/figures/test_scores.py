import numpy as np
import pytest

import investiq as iq
from investiq.figures.scores import analysis_chart


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
        "Regime",
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
        np.testing.assert_array_equal(trace(figure, name).y, analysis.table[column])
    lower, upper = (each for each in figure.data if each.name == "Bollinger 20, 2")
    np.testing.assert_array_equal(lower.y, analysis.table["bb_lower"])
    np.testing.assert_array_equal(upper.y, analysis.table["bb_upper"])


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


def test_engines_that_speak_are_thin_lines_which_twenty_years_hide_until_asked(figure, analysis, trace):
    assert {"Technical", "Quant"} <= {each.name for each in figure.data}
    assert not {"Fundamental", "Sentiment"} & {each.name for each in figure.data}
    line = trace(figure, "Quant")
    assert line.visible == "legendonly"
    np.testing.assert_allclose(line.y, analysis.table["quant_score"], rtol=1e-6)
    short = analysis_chart(iq.analyze(iq.History.of(analysis.bars[-300:])))
    assert trace(short, "Quant").visible is True
    assert trace(short, "Quant").line.dash != trace(short, "Technical").line.dash


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


def test_twenty_years_stay_light(figure):
    assert len(figure.to_json()) < 2_700_000
