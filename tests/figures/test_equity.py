import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.figures.equity import backtest_overview, equity_curve


def test_equity_drawdown_and_position_are_those_of_the_result(result, trace):
    figure = equity_curve(result)
    np.testing.assert_array_equal(trace(figure, "Crossover").y, result.equity["equity"])
    np.testing.assert_array_equal(trace(figure, "Crossover drawdown").y, result.equity["drawdown"])
    invested = result.equity["position_value"] / result.equity["equity"]
    np.testing.assert_allclose(trace(figure, "Invested").y, invested)
    assert len(figure.data) == 3


def test_the_benchmark_is_drawn_beside_it(result, trace):
    figure = equity_curve(result, benchmark=result.benchmark)
    np.testing.assert_array_equal(trace(figure, "Buy and hold ^GSPC").y, result.benchmark.equity["equity"])
    np.testing.assert_array_equal(trace(figure, "Buy and hold ^GSPC drawdown").y, result.benchmark.equity["drawdown"])


def test_a_benchmark_with_other_capital_starts_from_the_same(short_result, trace):
    other = iq.backtest(iq.strategies.BuyAndHold(), short_result.bars, initial_capital=50_000.0, weight=1.0, lot=None)
    drawn = trace(equity_curve(short_result, benchmark=other), "Buy and hold ^GSPC").y
    # Twice the capital.
    np.testing.assert_allclose(drawn, other.equity["equity"] * 2)


def test_a_benchmark_of_another_symbol_is_named_and_marks_the_figure(short_bars, trace):
    index = dataclasses.replace(
        short_bars, symbol="MADE", passport=dataclasses.replace(short_bars.passport, provenance="synthetic")
    )
    result = iq.backtest(iq.strategies.Crossover(fast=5, slow=20), short_bars, benchmark=index, weight=1.0, lot=None)
    for figure in (equity_curve(result, benchmark=result.benchmark), backtest_overview(result)):
        np.testing.assert_array_equal(trace(figure, "Buy and hold MADE").y, result.benchmark.equity["equity"])
        assert trace(figure, "Buy and hold MADE drawdown")
        assert [note.text for note in figure.layout.annotations] == ["SYNTHETIC"]
    # So does one that is drawn beside a result that does not know it.
    alone = iq.backtest(iq.strategies.Crossover(fast=5, slow=20), short_bars, weight=1.0, lot=None)
    assert equity_curve(alone, benchmark=result.benchmark).layout.annotations[0].text == "SYNTHETIC"


def test_titles_state_strategy_period_costs_and_units(short_result):
    layout = equity_curve(short_result).layout
    assert layout.title.text == short_result.title
    assert layout.title.subtitle.text == (
        "2018-01-03 to 2018-12-31 · 250 bars · 0.1 % commission, 5 bps slippage, each side · SAMPLE data"
    )
    titles = [layout[name].title.text for name in ("yaxis", "yaxis2", "yaxis3")]
    assert titles == ["Equity (USD)", "Drawdown (%)", "Invested (%)"]
    assert (layout.yaxis2.tickformat, layout.yaxis3.tickformat) == (".0%", ".0%")
    assert [note.text for note in layout.annotations] == ["SAMPLE"]


def test_equity_can_be_drawn_on_a_logarithmic_axis(short_result):
    assert equity_curve(short_result).layout.yaxis.type == "linear"
    assert equity_curve(short_result, log=True).layout.yaxis.type == "log"
    assert equity_curve(short_result, log=True).layout.yaxis2.type == "linear"


def test_the_opening_point_is_drawn_on_a_day_that_the_axis_shows(long_bars):
    # 2018-01-08 was a Monday: the opening point belongs to Sunday, which is cut out, and is drawn on Friday.
    bars = long_bars.between("2018-01-08", "2018-06-29")
    figure = equity_curve(iq.backtest(iq.strategies.BuyAndHold(), bars, weight=1.0, lot=None))
    x = figure.data[0].x
    assert [str(day) for day in x[:2]] == ["2018-01-05", "2018-01-08"]
    assert figure.layout.xaxis.range[0] == "2018-01-04"


def test_the_overview_shows_account_drawdown_and_trades_over_one_axis(result, trace):
    figure = backtest_overview(result)
    np.testing.assert_array_equal(trace(figure, "Crossover").y, result.equity["equity"])
    np.testing.assert_array_equal(trace(figure, "Buy and hold ^GSPC").y, result.benchmark.equity["equity"])
    np.testing.assert_array_equal(trace(figure, "Crossover drawdown").y, result.equity["drawdown"])
    np.testing.assert_array_equal(trace(figure, "^GSPC close").y, result.bars.close)
    np.testing.assert_array_equal(trace(figure, "Entry").y, result.trades["entry_price"])
    np.testing.assert_array_equal(trace(figure, "Exit").y, result.trades["exit_price"])
    assert {each.xaxis for each in figure.data} == {"x"}
    assert {each.yaxis for each in figure.data} == {"y", "y2", "y3"}


def test_the_overview_can_leave_the_benchmark_out(short_result):
    names = {each.name for each in backtest_overview(short_result, benchmark=False).data}
    assert not any(name.startswith("Buy and hold") for name in names)


def test_a_strategy_that_never_trades_is_drawn(short_bars, trace):
    # 0.1 % of 100,000 does not buy one share of 2,700.
    result = iq.backtest(iq.strategies.Crossover(fast=5, slow=20), short_bars, weight=0.001)
    assert result.trades.empty
    figure = backtest_overview(result)
    assert {"Entry", "Exit"}.isdisjoint(each.name for each in figure.data)
    assert set(trace(figure, "Crossover").y) == {100_000.0}


@pytest.mark.parametrize(("draw", "limit"), [(equity_curve, 600_000), (backtest_overview, 1_500_000)])
def test_twenty_years_stay_light(result, draw, limit):
    assert len(draw(result).to_json()) < limit


def test_a_portfolio_is_drawn_without_a_price(trace):
    panel = iq.load_panel(["SYN001", "SYN002"], start="2018", end="2018")
    result = iq.backtest(iq.strategies.BuyAndHold(), panel, rebalance=21)
    figure = backtest_overview(result)
    np.testing.assert_array_equal(trace(figure, "BuyAndHold").y, result.equity["equity"])
    np.testing.assert_array_equal(trace(figure, "Buy and hold SYN001, SYN002").y, result.benchmark.equity["equity"])
    # No shorts and no dividends that wait: what is not cash is invested.
    invested = 1 - (result.equity["cash"] + result.equity["receivables"]) / result.equity["equity"]
    np.testing.assert_allclose(trace(figure, "Invested").y, invested, atol=1e-9)
    assert "Price" not in str(figure.layout.yaxis3.title.text)


@pytest.fixture(scope="module")
def turned(long_bars):
    """A strategy that turns from long to short and back."""
    strategy = iq.strategies.Crossover(fast=5, slow=20, allow_short=True)
    return iq.backtest(strategy, long_bars[-250:], weight=1.0, lot=None, reverse=True)


def test_what_is_invested_counts_shorts_as_long_positions_and_the_net_beside_it(turned, trace):
    figure = equity_curve(turned)
    gross, net = trace(figure, "Invested, gross"), trace(figure, "Invested, net")
    # One symbol is either long or short: the value of its position, and that without its sign.
    share = turned.equity["position_value"] / turned.equity["equity"]
    assert share.min() < -0.5
    np.testing.assert_allclose(net.y, share, atol=1e-12)
    np.testing.assert_allclose(gross.y, share.abs(), atol=1e-12)


def test_shorts_have_signs_of_their_own_and_a_reversal_shows_both_sides(turned, trace):
    figure, trades = backtest_overview(turned), turned.trades
    shorts = trades[trades["side"] == "short"]
    assert len(shorts) > 2
    for name, column in (("Short entry", "entry_price"), ("Cover", "exit_price")):
        np.testing.assert_array_equal(trace(figure, name).y, shorts[column])
    np.testing.assert_array_equal(trace(figure, "Entry").y, trades.loc[trades["side"] == "long", "entry_price"])
    signs = [trace(figure, name).marker for name in ("Entry", "Exit", "Short entry", "Cover")]
    assert len({sign.symbol for sign in signs}) == 4
    # A cover and the entry at its price: the hollow sign is larger than the one inside.
    for hollow in signs[2:]:
        assert hollow.symbol.endswith("-open")
        assert hollow.size > max(sign.size for sign in signs[:2])
    assert "sold short at" in trace(figure, "Short entry").text[0]
    assert "-" not in trace(figure, "Cover").text[0].split(" shares")[0]


def test_the_legend_names_a_strategy_as_its_class_is_written(short_bars, trace):
    class SW(iq.strategies.Strategy):
        warmup = 0

        def decide(self, bars):
            return np.zeros(len(bars), dtype=np.int8)

    assert trace(equity_curve(iq.backtest(SW(), short_bars)), "SW") is not None
