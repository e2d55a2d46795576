"""Round trips of a run: won, lost and flat."""

from __future__ import annotations

import math

import pytest

import investiq as iq
from investiq.execution.costs import PerShareFees

A_CENT_EACH = iq.Costs(slippage_bps=0, per_share=PerShareFees(tiers=((math.inf, 0.0),), minimum_usd=0.01))
FREE = iq.Costs(commission_rate=0, slippage_bps=0)


def counts(result):
    """Closed, won and lost round trips."""
    pnl = result.trades["pnl"]
    return len(pnl), int((pnl > 0).sum()), int((pnl < 0).sum())


@pytest.mark.parametrize("posting", [0.01, None])
def test_a_round_trip_that_earns_its_fees_is_flat(bars_of, posting):
    # One share bought at 21.51 and sold at 21.53, a cent of fee each time: 21.53 - 21.51 - 0.02 = 0.
    bars = bars_of([(21.51, 21.51, 21.51, 21.51), (21.51, 21.51, 21.51, 21.51), (21.53, 21.53, 21.53, 21.53)])
    result = iq.backtest(
        iq.strategies.BuyAndHold(), bars, initial_capital=21.6, weight=1.0, costs=A_CENT_EACH, posting_rounding=posting
    )
    assert result.fills[["quantity", "fee"]].to_numpy().tolist() == [[1, 0.01], [1, 0.01]]
    assert counts(result) == (1, 0, 0)
    assert str(result.trades.loc[0, "pnl"]) == "0.0"
    assert result.summary.loc["Win rate", "value"] == 0


def test_a_profit_of_a_cent_is_a_cent(bars_of):
    # 21.54 - 21.51 - 0.02 = 0.01.
    bars = bars_of([(21.51, 21.51, 21.51, 21.51), (21.51, 21.51, 21.51, 21.51), (21.54, 21.54, 21.54, 21.54)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, initial_capital=21.6, weight=1.0, costs=A_CENT_EACH)
    assert result.trades["pnl"].tolist() == [0.01]
    assert counts(result) == (1, 1, 0)


def test_a_profit_beyond_arithmetic_is_kept_where_nothing_is_rounded(bars_of):
    # A millionth of a dollar on 100 is 1e-8 of it, far above dust.
    bars = bars_of([(100, 100, 100, 100), (100, 100, 100, 100), (100.000001, 100.000001, 100.000001, 100.000001)])
    result = iq.backtest(
        iq.strategies.BuyAndHold(), bars, initial_capital=101.0, weight=1.0, costs=FREE, posting_rounding=None
    )
    assert result.trades["pnl"].tolist() == pytest.approx([1e-6], rel=1e-6)
    assert counts(result) == (1, 1, 0)


def test_a_position_left_open_is_valued_at_the_last_close_unrounded(bars_of):
    # Three shares at 33.3333, valued at 33.3337: 3 x 33.3337 less the posted 100.00 is 0.0011.
    bars = bars_of([(33.3333, 34, 33, 33.3333), (33.3333, 34, 33, 33.3333), (33.3333, 34, 33, 33.3337)])
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, initial_capital=100.0, weight=1.0, costs=FREE, end="mark")
    assert result.trades["pnl"].tolist() == pytest.approx([0.0011], abs=1e-9)
