import numpy as np
import plotly.graph_objects as go
import pytest

from investiq.figures.panes import Pane, line
from investiq.figures.theme import theme_of
from investiq.figures.views import open_at, range_buttons, time_axis

LIGHT = theme_of("light")


def days(*dates):
    return np.array(dates, dtype="datetime64[us]")


def weekdays(first, count):
    return np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[us]")


def test_weekends_and_holidays_are_cut_out():
    # Christmas 2018 was a Tuesday.
    axis = time_axis(days("2018-12-21", "2018-12-24", "2018-12-26", "2018-12-27"), np.datetime64("2018-12-21"))
    assert axis["rangebreaks"] == [{"bounds": ["sat", "mon"]}, {"values": ["2018-12-25"]}]


def test_a_market_that_trades_at_weekends_keeps_them():
    axis = time_axis(days("2018-12-21", "2018-12-22", "2018-12-23", "2018-12-25"), np.datetime64("2018-12-21"))
    assert axis["rangebreaks"] == [{"values": ["2018-12-24"]}]


@pytest.mark.parametrize("step", [7, 30])
def test_weekly_and_monthly_bars_have_no_gaps(step):
    ts = days("2018-01-01") + np.arange(20) * np.timedelta64(step, "D")
    assert time_axis(ts, ts[0])["rangebreaks"] == []


def test_the_night_is_cut_out_of_intraday_bars():
    # Six bars a session from 14:30 to 20:30, the last ending at 21:00 UTC.
    opens = np.arange("2018-01-02T14:30", "2018-01-02T20:31", 60, dtype="datetime64[m]")
    ts = np.concatenate([opens + np.timedelta64(day, "D") for day in (0, 1, 2)]).astype("datetime64[us]")
    axis = time_axis(ts, ts[0])
    assert axis["rangebreaks"][-1] == {"bounds": [21.5, 14.5], "pattern": "hour"}
    assert axis["hoverformat"].endswith("%H:%M UTC")


def test_the_axis_ends_one_session_beyond_the_data():
    # Monday to Friday: the Friday before, the Monday after.
    axis = time_axis(days("2018-01-08", "2018-01-12"), np.datetime64("2018-01-08"))
    assert axis["range"] == ["2018-01-05", "2018-01-15"]


def test_over_decades_weekends_are_left_in_until_a_button_shortens_the_view():
    ts = weekdays("1999-01-04", 5_000)
    axis = time_axis(ts, ts[0])
    assert axis["rangebreaks"] == []
    year, everything = buttons(ts, np.arange(5_000.0))["1Y"], buttons(ts, np.arange(5_000.0))["All"]
    assert year["xaxis.rangebreaks"] == [{"bounds": ["sat", "mon"]}]
    assert everything["xaxis.rangebreaks"] == []
    assert everything["xaxis.range"] == axis["range"]


def buttons(ts, values, **pane):
    shown = Pane(title="Value (USD)", traces=[line(ts.astype("datetime64[D]"), values, "value", "#000000")], **pane)
    menus = range_buttons({"yaxis": shown}, ts, time_axis(ts, ts[0]), LIGHT)
    return {button["label"]: button["args"][0] for button in menus[0]["buttons"]} if menus else {}


def test_buttons_fit_the_axis_to_what_is_then_visible():
    # 300 values 0..299; the last 63 run from 237 to 299, margin 5 % of 62 = 3.1.
    ts = weekdays("2017-01-02", 300)
    shown = buttons(ts, np.arange(300.0))
    assert list(shown) == ["3M", "6M", "1Y", "All"]
    assert shown["3M"]["yaxis.range"] == pytest.approx([233.9, 302.1])
    assert shown["All"]["yaxis.autorange"] is True


def test_buttons_fit_a_logarithmic_axis_in_logarithms():
    ts = weekdays("2017-01-02", 300)
    values = np.where(np.arange(300) < 250, 1.0, 100.0)
    values[240] = 10.0
    # log10 of 1 and of 100; zero is the edge of the data, so no margin below it.
    assert buttons(ts, values, scale="log")["3M"]["yaxis.range"] == pytest.approx([0.0, 2.1])


def test_a_fixed_axis_stays_fixed():
    shown = buttons(weekdays("2017-01-02", 300), np.arange(300.0), limits=(0, 100))
    assert not any(key.startswith("yaxis") for change in shown.values() for key in change)


def test_a_view_without_values_leaves_its_axis_alone():
    assert "yaxis.range" not in buttons(weekdays("2017-01-02", 300), np.full(300, np.nan))["3M"]


def test_a_figure_opens_at_what_its_button_shows():
    ts = weekdays("2017-01-02", 300)
    pane = Pane(title="Value (USD)", traces=[line(ts.astype("datetime64[D]"), np.arange(300.0), "value", "#000000")])
    menus = range_buttons({"yaxis": pane}, ts, time_axis(ts, ts[0]), LIGHT)
    figure = go.Figure(data=pane.all_traces, layout={"updatemenus": menus})
    open_at(figure, "2Y")  # 504 bars: there is no such button
    assert figure.layout.yaxis.range is None
    open_at(figure, "3M")
    # 237 to 299 and 5 % of 62 on either side, as above; 237 weekdays after Monday 2 January 2017
    # are 47 weeks and two days: Wednesday 29 November. The axis begins a session earlier.
    assert figure.layout.yaxis.range == pytest.approx((233.9, 302.1))
    assert figure.layout.xaxis.range[0] == "2017-11-28"


def test_a_short_series_needs_no_buttons():
    assert buttons(weekdays("2017-01-02", 63), np.arange(63.0)) == {}
