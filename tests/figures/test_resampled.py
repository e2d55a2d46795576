import numpy as np
import pytest

from investiq.metrics.bootstrap import bootstrap_interval, bootstrap_sharpe_interval
from investiq.metrics.conventions import Convention
from investiq.metrics.path_simulation import simulate_paths
from investiq.metrics.trade_bootstrap import bootstrap_trades


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(1).standard_normal(300) / 100 + 0.0005


def test_the_bars_of_an_interval_hold_every_draw(returns):
    found = bootstrap_interval(returns, "mean", block=3, draws=400)
    figure = found.figure()
    assert sum(figure.data[0].y) == pytest.approx(1.0)
    middles = np.array(figure.data[0].x)
    assert found.draws.min() < middles.min()
    assert middles.max() < found.draws.max()
    assert [each.x0 for each in figure.layout.shapes] == [found.low, found.high, found.estimate]
    assert figure.layout.xaxis.title.text == "Mean return (per period)"


def test_an_annual_ratio_says_that_it_is_annual(returns):
    found = bootstrap_sharpe_interval(returns, Convention(periods_per_year=252), block=3, draws=200)
    assert found.figure(theme="dark").layout.xaxis.title.text == "Sharpe ratio (annual)"


def test_infinite_draws_are_not_drawn():
    found = bootstrap_trades(np.array([1.0] * 9 + [-1.0]), draws=200).profit_factor
    figure = found.figure()
    assert np.isfinite(figure.data[0].x).all()
    assert [each.x0 for each in figure.layout.shapes] == [found.low, found.estimate]


def test_paths_are_drawn_with_their_quantiles(returns):
    found = simulate_paths(returns, paths=500, block=5, horizon=60)
    figure = found.figure()
    assert [sum(trace.y) for trace in figure.data] == pytest.approx([1.0, 1.0])
    quantiles = [np.quantile(found.max_drawdowns, each) for each in (0.05, 0.95, 0.5)]
    assert [each.x0 for each in figure.layout.shapes if each.xref == "x2"] == pytest.approx(quantiles)
