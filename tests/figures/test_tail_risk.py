"""The chart of a value at risk shows the pairs that were tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from investiq.figures.tail_risk import value_at_risk_chart
from investiq.metrics.tail_tests import var_backtest


@pytest.fixture
def tested():
    returns = np.full(120, 0.004)
    returns[[60, 90]] = [-0.03, -0.05]
    index = pd.bdate_range("2020-01-01", periods=120, tz="UTC")
    risk = pd.Series(0.02, index=index).where(np.arange(120) >= 20)
    return var_backtest(pd.Series(returns, index=index), risk, 0.95)


def test_exceedances_are_marked_at_their_times_and_returns(tested, trace):
    figure = tested.figure()
    marked = trace(figure, "Exceedance")
    assert list(marked.y) == [-0.03, -0.05]
    assert list(pd.DatetimeIndex(marked.x)) == list(tested.index[[40, 70]])


def test_the_value_at_risk_is_drawn_as_a_loss_below_zero(tested, trace):
    risk = trace(value_at_risk_chart(tested), "- VaR 95 %")
    assert len(risk.y) == 100
    assert set(risk.y) == {-0.02}


def test_title_and_subtitle_state_verdict_counts_and_zone(tested):
    layout = value_at_risk_chart(tested, theme="dark").layout
    assert layout.title.text == tested.title
    assert "2 exceedances of 100 periods, 5.0 expected" in layout.title.subtitle.text
    assert "Basel zone green" in layout.title.subtitle.text
    assert layout.yaxis.title.text == "Return per period (%)"


def test_arrays_are_drawn_against_the_number_of_the_period(trace):
    figure = value_at_risk_chart(var_backtest(np.tile([0.01, -0.03], 20), np.full(40, 0.02)))
    assert list(trace(figure, "Exceedance").x[:2]) == [2, 4]
    assert figure.layout.xaxis.title.text == "Period"
