"""Decisions: the gate, the conflicts, the refusals."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.backtesting.decisions import BOTH, BUY, SELL, from_codes, from_signals
from investiq.core.errors import DataError
from investiq.core.orders import Signal


def test_a_confidence_equal_to_the_threshold_passes():
    signals = [Signal(bar=0, side="buy", confidence=0.1 + 0.2), Signal(bar=1, side="buy", confidence=0.29)]
    # 0.1 + 0.2 is 0.30000000000000004, and a threshold of that passes 0.3 as well.
    assert from_signals(signals, 4, 0.3).codes.tolist() == [BUY, 0, 0, 0]
    assert from_signals([Signal(bar=0, side="buy", confidence=0.3)], 2, 0.1 + 0.2).codes[0] == BUY


def test_the_gate_comes_before_the_conflict():
    signals = [Signal(bar=0, side="buy", confidence=0.9), Signal(bar=0, side="sell", confidence=0.2)]
    gated = from_signals(signals, 3, 0.5)
    assert gated.codes.tolist() == [BUY, 0, 0]
    assert gated.below == (0,)
    assert from_signals(signals, 3, 0.0).codes.tolist() == [BOTH, 0, 0]


def test_signals_of_the_last_bar_are_counted_whatever_their_confidence():
    signals = [Signal(bar=2, side="buy", confidence=0.1), Signal(bar=2, side="sell")]
    gated = from_signals(signals, 3, 0.5)
    assert (gated.after_last, gated.below, gated.codes[2]) == (2, (), 0)


def test_the_most_confident_of_several_buys_counts():
    signals = [Signal(bar=0, side="buy", confidence=confidence) for confidence in (0.6, 0.9, 0.7)]
    assert from_signals(signals, 2, 0.5).confidence[0] == 0.9


def test_a_signal_outside_the_bars_is_refused():
    with pytest.raises(DataError, match="names bar 3; the run has bars 0 to 2"):
        from_signals([Signal(bar=3, side="buy")], 3, 0.5)


def test_codes_of_another_type_or_length_are_refused():
    with pytest.raises(DataError, match=r"int8 array of shape \(3,\), one per bar; were int64 of shape \(3,\)"):
        from_codes(np.zeros(3, dtype=np.int64), 3)
    with pytest.raises(DataError, match=r"were int8 of shape \(2,\)"):
        from_codes(np.zeros(2, dtype=np.int8), 3)
    with pytest.raises(DataError, match="were list"):
        from_codes([0, 0, 0], 3)


def test_an_unknown_code_is_refused_with_its_bar():
    with pytest.raises(DataError, match="bar 1 holds -2"):
        from_codes(np.array([0, -2, 0], dtype=np.int8), 3)


def test_codes_are_kept_apart_from_the_array_they_came_from():
    codes = np.array([BUY, SELL], dtype=np.int8)
    kept = from_codes(codes, 2)
    codes[0] = 0
    assert kept.codes.tolist() == [BUY, SELL]
