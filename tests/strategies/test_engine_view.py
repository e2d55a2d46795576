"""The vote of the engines, the list of agents, and strategies made again from files."""

from __future__ import annotations

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.strategies import AtrBrackets, EngineView, agent, rebuilt, weighted_view

NAN = np.nan


def test_weights_are_divided_by_those_present():
    views = {"technical": np.array([50.0, 50.0, NAN, NAN]), "quant": np.array([-20.0, NAN, -20.0, NAN])}
    # (60 x 50 - 40 x 20) / 100 = 22; alone each counts in full.
    assert weighted_view(views).tolist() == pytest.approx([22, 50, -20, NAN], nan_ok=True)
    # Not truncated: (60 x -1 + 40 x 0.5) / 100 = -0.4.
    assert weighted_view({"technical": np.array([-1.0]), "quant": np.array([0.5])}) == pytest.approx([-0.4])


def test_a_view_without_a_weight_is_refused():
    with pytest.raises(DataError, match="give a weight for sentiment"):
        weighted_view({"sentiment": np.zeros(1)})
    with pytest.raises(DataError, match="were none"):
        weighted_view({})


def test_it_decides_where_60_parts_technical_and_40_quant_say_buy_or_sell(gspc):
    table = iq.analyze(iq.History.of(gspc)).table
    strategy = EngineView(buy=30, sell=-30)
    decisions = strategy.decide(gspc)
    technical, quant = (table[f"{name}_score"].to_numpy() for name in ("technical", "quant"))
    # From bar 30 to bar 49 only the quant engine speaks, and counts in full.
    score = np.where(np.isnan(technical), quant, (60 * technical + 40 * quant) / 100)
    np.testing.assert_array_equal(decisions == 1, score >= 30)
    np.testing.assert_array_equal(decisions == -1, score <= -30)
    assert 0 < (decisions == 1).sum() < len(gspc)
    sure = 0.6 * table["technical_confidence"] + 0.4 * table["quant_confidence"]
    np.testing.assert_allclose(strategy.confidences(gspc)[49:], sure.to_numpy()[49:])
    assert np.isfinite(strategy.confidences(gspc)).argmax() == strategy.warmup == 29


def test_scores_lie_in_their_range():
    with pytest.raises(ConfigError, match=r"scores lie in \[-100, 100\] with sell below buy"):
        EngineView(buy=-5, sell=5)


def test_the_orchestrator_trades_the_engines_view_behind_brackets():
    assert agent("orchestrator") == AtrBrackets(strategy=EngineView())


@pytest.mark.parametrize(
    ("name", "said"), [("sentiment", "no archive says what was known when"), ("momentun", "did you mean")]
)
def test_an_agent_without_point_in_time_data_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        agent(name)


def test_a_strategy_of_ones_own_cannot_be_made_from_a_file():
    with pytest.raises(ConfigError, match="the package has no strategy called 'Breakot'; did you mean 'Breakout'"):
        rebuilt("Breakot", {})
