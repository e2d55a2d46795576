import numpy as np
import pandas as pd
import pytest

from investiq.metrics.information import information_coefficient


def test_the_sum_and_the_groups_are_drawn_as_found(trace):
    days = pd.date_range("2024-01-01", periods=80, freq="B", tz="UTC")
    generator = np.random.default_rng(0)
    returns = pd.DataFrame(0.01 * generator.standard_normal((80, 20)), index=days)
    result = information_coefficient(returns.shift(-1) + 0.02 * generator.standard_normal((80, 20)), returns, horizon=1)
    figure = result.figure(theme="dark")
    line, bars = trace(figure, "Sum of IC"), trace(figure, "Forward return")
    assert line.y[-1] == pytest.approx(result.mean * 79)
    assert tuple(bars.y) == result.quantile_returns
    assert list(bars.x) == ["1", "2", "3", "4", "5"]
    assert "79 dates, 20 names" in figure.layout.title.subtitle.text
