import numpy as np
import pytest

from investiq.figures.overfitting import overfitting_chart, snooping_chart
from investiq.metrics.overfitting import probability_of_backtest_overfitting
from investiq.metrics.snooping import reality_check, superior_predictive_ability


@pytest.fixture(scope="module")
def trials():
    return 0.01 * np.random.default_rng(0).standard_normal((480, 20))


def test_the_orange_bars_add_up_to_the_probability_of_overfitting(trials, trace):
    result = probability_of_backtest_overfitting(trials)
    figure = result.figure()
    assert trace(figure, "Overfitted").y.sum() == pytest.approx(result.pbo)
    assert trace(figure, "Not overfitted").y.sum() == pytest.approx(1 - result.pbo)
    assert f"{result.pbo * 100:.1f} %" in figure.layout.title.text


def test_a_logit_of_zero_is_drawn_among_the_overfitted(trace):
    # Both trials level in every half: rank 1.5 of 2, logit 0.
    result = probability_of_backtest_overfitting(np.tile([0.01, -0.01], (2, 8)).T, blocks=4)
    assert trace(overfitting_chart(result), "Overfitted").y.sum() == 1.0


def test_the_line_is_the_least_squares_line_of_the_splits(trials):
    result = probability_of_backtest_overfitting(trials)
    points, line = result.figure().data[2:]
    slope, height = np.polyfit(result.in_sample, result.out_of_sample, 1)
    np.testing.assert_allclose(line.y, height + slope * line.x, rtol=1e-6)
    # 12,870 splits, every seventh: 1,839 points.
    assert len(points.x) == 1_839


def test_a_selection_without_spread_has_no_line():
    result = probability_of_backtest_overfitting(np.tile([0.01, -0.01], (2, 8)).T, blocks=4)
    assert len(result.figure(theme="dark").data) == 3


def test_trials_beyond_the_critical_value_are_diamonds(trials, trace):
    trials = trials.copy()
    trials[:, 3] += 0.003
    result = superior_predictive_ability(trials, block_length=5)
    figure = result.figure()
    superior = trace(figure, "Superior")
    assert list(superior.text) == ["3"]
    assert superior.marker.symbol == "diamond"
    assert figure.layout.shapes[1].y0 == result.critical_value < superior.y[0]
    assert len(trace(figure, "Not beyond chance").x) == 19


def test_nothing_tested_is_an_empty_chart():
    figure = snooping_chart(reality_check(np.zeros((30, 2))))
    assert len(figure.data) == 0
    assert "p-value 1.0000" in figure.layout.title.text
