import numpy as np
import pandas as pd
import pytest

from investiq.analysis.orchestrator import combine
from investiq.analysis.weights import DEFAULT_WEIGHTS, ENGINES, REGIME_WEIGHTS, engine_weights
from investiq.core.errors import DataError
from investiq.engines.probabilistic.crosswalk import MARKET_REGIMES


def test_every_regime_of_the_market_has_weights_that_sum_to_100():
    assert set(REGIME_WEIGHTS) == set(MARKET_REGIMES)
    assert all(sum(weights) == 100 for weights in (*REGIME_WEIGHTS.values(), DEFAULT_WEIGHTS))


def test_the_weights_are_those_of_the_specification():
    rows = {
        "high_vol_bear": (15, 30, 35, 20), "high_vol_bull": (25, 25, 30, 20), "high_vol_sideways": (15, 30, 35, 20),
        "low_vol_bull": (30, 30, 15, 25), "low_vol_bear": (20, 40, 20, 20), "low_vol_sideways": (25, 35, 20, 20),
        "normal_bull": (25, 35, 15, 25), "normal_bear": (20, 35, 25, 20), "normal_sideways": (20, 40, 15, 25),
        "unknown": (20, 40, 15, 25),
    }  # fmt: skip
    assert dict(REGIME_WEIGHTS) == rows
    assert ENGINES == ("technical", "fundamental", "quant", "sentiment")


def model(rows):
    return lambda table: pd.DataFrame(rows, columns=list(ENGINES), index=table.index)


def test_a_model_stands_before_the_regime_and_the_regime_before_the_defaults():
    regimes = np.array(["low_vol_bull", "low_vol_bull", "unknown"], dtype=object)
    table = pd.DataFrame(index=range(3))
    # The second row of the model is not there; weights of any sum are brought to 100.
    source = model([[1, 1, 1, 1], [np.nan] * 4, [2, 0, 0, 2]])
    found = engine_weights(regimes, table, source)
    assert found.percent.T.tolist() == [[25, 25, 25, 25], [30, 30, 15, 25], [50, 0, 0, 50]]
    assert found.origin.tolist() == ["model", "regime", "model"]
    without = engine_weights(regimes, table, lambda table: None)
    assert without.origin.tolist() == ["regime", "regime", "default"]


def test_weights_of_a_model_reach_the_score():
    one = {"technical": np.array([50.0]), "quant": np.array([-10.0])}
    sure = {"technical": np.array([0.5]), "quant": np.array([0.5])}
    row = combine(
        one, sure, np.array(["unknown"], dtype=object), table=pd.DataFrame(index=[0]), weights=model([[1, 0, 3, 0]])
    ).iloc[0]
    # (1 x 50 - 3 x 10) / 4 = 5.
    assert row["score"] == pytest.approx(5)
    assert row["coverage"] == 1
    assert row["weight_origin"] == "model"


@pytest.mark.parametrize(
    ("rows", "said"), [([[1, -1, 1, 1]], "at least 0, the least was -1"), ([[1, 1, 1, 1]] * 2, "one row per row")]
)
def test_weights_that_make_no_sense_are_refused(rows, said):
    wrong = pd.DataFrame(rows, columns=list(ENGINES))
    with pytest.raises(DataError, match=said):
        engine_weights(np.array(["unknown"], dtype=object), pd.DataFrame(index=[0]), lambda table: wrong)
    with pytest.raises(DataError, match="quant missing"):
        engine_weights(
            np.array(["unknown"], dtype=object), pd.DataFrame(index=[0]), lambda table: wrong.drop(columns="quant")
        )


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ({"technical": 1.0}, "this is of type dict"),
        (lambda table: {"technical": 1.0}, "this one returned an object of type dict"),
    ],
)
def test_weights_that_are_no_function_to_a_frame_are_refused_with_the_contract_and_an_example(source, what):
    with pytest.raises(DataError, match=what) as refused:
        engine_weights(np.array(["unknown"], dtype=object), pd.DataFrame(index=[0]), source)
    example = str(refused.value).split("weights=")[1].split("; this")[0]
    function = eval(example, {"pd": pd})
    found = engine_weights(np.array(["unknown"] * 2, dtype=object), pd.DataFrame(index=range(2)), function)
    assert found.percent.T.tolist() == [[30, 30, 20, 20]] * 2
    assert found.origin.tolist() == ["model", "model"]


def test_a_regime_of_another_spelling_is_refused():
    with pytest.raises(DataError, match="no weights are known for the regime 'bull_low_vol'"):
        engine_weights(np.array(["bull_low_vol"], dtype=object))
