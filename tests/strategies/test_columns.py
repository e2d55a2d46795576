"""The table of a rule."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.core.errors import ConfigError
from investiq.strategies.base import Column
from investiq.strategies.columns import table


def test_columns_are_total_adjusted_and_in_the_order_asked_for(bars_of):
    bars = bars_of([10, 6, 7], total_factor=[1, 2, 2])
    rows = table(
        (
            Column("close"),
            Column("sma", (2,)),
            Column("high"),
            Column("highest_high", (1,)),
            Column("lowest_low", (1,)),
        ),
        bars,
    )
    nan = np.nan
    expected = [[10, 12, 14], [nan, 11, 13], [10.5, 13, 15], [nan, 10.5, 13], [nan, 9.5, 11]]
    np.testing.assert_array_equal(rows, expected)
    assert rows.flags.c_contiguous


def test_an_unknown_column_is_refused_with_a_near_name(bars_of):
    with pytest.raises(ConfigError, match=r"no column is called 'smaa' with 1 parameter\(s\); did you mean 'sma'\?"):
        table((Column("smaa", (20,)),), bars_of([1, 2]))


def test_a_column_with_another_number_of_parameters_is_refused(bars_of):
    with pytest.raises(ConfigError, match=r"no column is called 'sma' with 0 parameter\(s\)"):
        table((Column("sma"),), bars_of([1, 2]))
