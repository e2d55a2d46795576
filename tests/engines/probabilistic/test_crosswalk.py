"""One name and one number for every regime, whoever speaks of it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from investiq.analysis.strategy_regimes import StrategyRegime
from investiq.core.errors import ConfigError, DataError
from investiq.engines.probabilistic.crosswalk import (
    CROSSWALK,
    MARKET_REGIMES,
    encode_regimes,
    market_regime,
    one_hot_regimes,
)
from investiq.engines.probabilistic.regimes import REGIMES
from investiq.metrics.markov_result import _NAMES as STATES


def test_every_name_that_the_package_gives_has_a_number():
    # Names that do not match would teach a model a constant.
    assert set(CROSSWALK["price"]) == set(REGIMES)
    assert set(CROSSWALK["strategy"]) == set(get_args(StrategyRegime))
    assert set(CROSSWALK["switching"]) == set(STATES[2]) | set(STATES[3])
    assert set(CROSSWALK["market"]) == set(MARKET_REGIMES)
    for vocabulary, names in CROSSWALK.items():
        encoded = encode_regimes(names, vocabulary)
        unknown = np.array([market_regime(name, vocabulary) == "unknown" for name in names])
        assert (np.isnan(encoded) == unknown).all()


def test_numbers_follow_the_published_table():
    names = [
        f"{volatility}_{trend}"
        for trend in ("bull", "sideways", "bear")
        for volatility in ("low_vol", "normal", "high_vol")
    ]
    assert encode_regimes(names).tolist() == [1.0, 0.7, 0.4, 0.1, 0.0, -0.2, -0.4, -0.7, -1.0]


def test_names_of_other_vocabularies_stand_for_the_markets():
    assert market_regime("trending_bearish", "strategy") == "normal_bear"
    assert market_regime("high_volatility", "switching") == "high_vol_sideways"
    assert encode_regimes(["trend_up", "calm"], "price").tolist() == [0.7, 0.1]


def test_a_name_spelt_another_way_is_refused():
    with pytest.raises(DataError, match="no market regime is called 'bull_low_vol'"):
        encode_regimes(["bull_low_vol"])
    with pytest.raises(ConfigError, match="no vocabulary is called 'hmm'"):
        market_regime("calm", "hmm")


def test_columns_for_linear_models_mark_one_regime_each():
    columns = one_hot_regimes(["unknown", "low_vol_bull"])
    assert columns.tolist() == [[0.0] * 9 + [1.0], [1.0] + [0.0] * 9]
