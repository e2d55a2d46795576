"""Tests of `investiq.execution.options`."""

from __future__ import annotations

import math

import pytest

from investiq.core.errors import ConfigError
from investiq.execution.options import RunOptions


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"initial_capital": 0}, "initial_capital must be a positive amount, was 0"),
        ({"initial_capital": math.inf}, "initial_capital must be a positive amount, was inf"),
        ({"weight": 95}, r"weight must lie in \(0, 1\] \(1.0 is all of the equity\), margin being the limit, was 95"),
        ({"lot": 0}, "lot must be positive, or None for no rounding, was 0"),
        ({"posting_rounding": math.nan}, "posting_rounding must be positive"),
        ({"level_rounding": -1e-6}, "level_rounding must be positive"),
        ({"stop_loss": 5}, r"stop_loss must lie in \(0, 1\) as a fraction \(0.05 is 5 %\), was 5"),
        ({"take_profit": 0}, "take_profit must be positive as a fraction"),
        ({"confidence_threshold": 60}, r"confidence_threshold must lie in \[0, 1\], was 60"),
        ({"size_at": "close"}, "size_at must be 'prior_close' or 'open', was 'close'"),
        ({"end": "sell"}, "end must be 'liquidate' or 'mark', was 'sell'"),
    ],
)
def test_options_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        RunOptions(**values)


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="stop_los"):
        RunOptions(stop_los=0.05)
