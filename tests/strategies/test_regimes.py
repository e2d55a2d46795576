"""Regimes as parameters of a strategy."""

from __future__ import annotations

import pytest

from investiq.core.errors import ConfigError
from investiq.strategies.regimes import regime_names


@pytest.mark.parametrize("names", ["calm", (), None])
def test_regimes_are_a_tuple_of_names(names):
    with pytest.raises(ConfigError, match="regimes must be a tuple of names"):
        regime_names(names)


def test_an_unknown_regime_is_refused_with_a_near_name():
    with pytest.raises(ConfigError, match="did you mean 'trend_up'"):
        regime_names(("trend_upp",))
