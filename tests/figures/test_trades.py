"""Figures of fills and of portfolios: what they draw is what the results say, and synthetic data bear their mark."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from investiq.figures.portfolio import contribution_chart, weights_chart
from investiq.figures.trades import bracket_chart, trade_chart, waterfall_chart


@pytest.fixture(scope="module")
def held():
    panel = iq.load_panel(["SYN001", "SYN002"], start="2018")
    return iq.backtest(iq.strategies.BuyAndHold(), panel, symbol_weights={"SYN001": 0.6, "SYN002": 0.3})


@pytest.fixture(scope="module")
def traded():
    bars = iq.load_bars("SYN001", start="2018")
    return iq.backtest(iq.strategies.Crossover(fast=5, slow=20), bars, weight=1.0, stop_loss=0.02, take_profit=0.03)


def marks(figure):
    return [note.text for note in figure.layout.annotations if note.text == "SYNTHETIC"]


def test_figures_of_synthetic_data_bear_their_mark(held, traded):
    figures = [
        weights_chart(held),
        contribution_chart(held),
        trade_chart(traded.explain(0)),
        bracket_chart(traded.bracket),
        waterfall_chart(traded.waterfall),
    ]
    assert [marks(figure) for figure in figures] == [["SYNTHETIC"]] * 5


def test_the_weights_that_are_drawn_are_those_of_the_account(held):
    traces = {trace.name: np.asarray(trace.y) for trace in weights_chart(held).data}
    drawn = traces["SYN001"] + traces["SYN002"]
    np.testing.assert_allclose(drawn, held.equity["exposure"].to_numpy()[1:], rtol=1e-12)
    assert list(traces) == ["SYN001", "SYN002"]


def test_the_contributions_that_are_drawn_add_up_to_the_total_return(held):
    (bars,) = contribution_chart(held).data
    total = held.run.equity[-1] / held.options.initial_capital - 1
    assert sum(bars.x) == pytest.approx(total, abs=1e-9)


def test_the_steps_of_the_waterfall_lead_to_the_net_profit(traded):
    (steps,) = waterfall_chart(traded.waterfall).data
    assert sum(steps.y[:-1]) == pytest.approx(steps.y[-1], abs=1e-6)
    assert steps.y[-1] == pytest.approx(traded.run.equity[-1] - 100_000, abs=1e-6)


def test_the_diamond_of_the_bracket_is_the_run_itself(traded):
    (points,) = bracket_chart(traded.bracket).data
    assert list(points.x) == sorted(points.x)
    own = [x for x, symbol in zip(points.x, points.marker.symbol, strict=True) if symbol == "diamond"]
    assert own == [traded.run.equity[-1] / 100_000 - 1]


def test_a_short_round_trip_is_drawn_with_the_signs_of_a_short():
    strategy = iq.strategies.Crossover(fast=5, slow=20, allow_short=True)
    run = iq.backtest(strategy, iq.load_bars("SYN001", start="2018", end="2018"), weight=1.0, lot=None)
    number = int(np.flatnonzero(run.trades["side"] == "short")[0])
    names = [trace.name for trace in trade_chart(run.explain(number)).data]
    assert names[-2:] == ["Short entry", "Cover"]
