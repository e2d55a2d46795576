"""Tests of `investiq.core.orders`."""

from __future__ import annotations

from typing import get_args

import pytest

from investiq.core.errors import DataError
from investiq.core.orders import EXIT_REASONS, ExitReason, FillReason, Signal


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bar": -1, "side": "buy"}, "bar counts from 0, was -1"),
        ({"bar": 0, "side": "hold"}, "side must be 'buy' or 'sell', was 'hold'"),
        ({"bar": 0, "side": "buy", "confidence": 60}, r"confidence must lie in \[0, 1\], was 60"),
        ({"bar": 0, "side": "buy", "confidence": float("nan")}, r"confidence must lie in \[0, 1\], was nan"),
    ],
)
def test_a_signal_out_of_range_is_refused(values, message):
    with pytest.raises(DataError, match=message):
        Signal(**values)


def test_every_fill_reason_has_an_exit_reason():
    assert set(EXIT_REASONS) == set(get_args(FillReason))
    # A short that is covered on a signal has a name of its own.
    assert set(EXIT_REASONS.values()) | {"signal_cover"} == set(get_args(ExitReason))
