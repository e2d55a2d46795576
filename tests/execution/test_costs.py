"""Tests of `investiq.execution.costs`."""

from __future__ import annotations

import math

import pytest

from investiq.core.errors import ConfigError
from investiq.execution.costs import Costs, PerShareFees


def test_no_cost_is_zero_unless_it_is_written():
    assert (Costs().commission_rate, Costs().slippage_bps) == (0.001, 5.0)


def test_costs_describe_themselves_in_one_line():
    assert Costs(commission_rate=0.001, slippage_bps=5).describe() == "0.1 % commission, 5 bps slippage, each side"
    fees = PerShareFees(tiers=((800, 0.005), (math.inf, 0.003)), minimum_usd=1.0)
    assert Costs(per_share=fees).describe().startswith("0.005, 0.003 USD per share commission (minimum 1 USD)")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"commission_rate": 1.0}, r"commission_rate must lie in \[0, 1\) as a fraction"),
        ({"commission_rate": -0.001}, "was -0.001"),
        ({"commission_rate": math.nan}, "was nan"),
        ({"slippage_bps": 10_000}, r"slippage_bps must lie in \[0, 10000\) basis points, was 10000"),
        ({"slippage_bps": math.nan}, "was nan"),
    ],
)
def test_costs_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Costs(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tiers": ()}, "tier thresholds must ascend and end with infinity"),
        ({"tiers": ((800, 0.005),)}, "tier thresholds must ascend and end with infinity"),
        ({"tiers": ((800, 0.005), (300, 0.004), (math.inf, 0.003))}, "tier thresholds must ascend"),
        ({"tiers": ((0, 0.005), (math.inf, 0.003))}, "tier thresholds must be positive and rates >= 0"),
        ({"tiers": ((math.inf, -0.003),)}, "tier thresholds must be positive and rates >= 0"),
        ({"minimum_usd": -1.0}, "minimum_usd and maximum_usd must be >= 0"),
    ],
)
def test_fees_per_share_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        PerShareFees(**values)
