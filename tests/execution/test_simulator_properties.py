"""Laws that every run of `investiq.execution.simulator` keeps, on random markets."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from investiq.core.orders import Signal
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.price_bars import PriceBar
from investiq.execution.simulator import simulate
from tests.execution.markets import options

CENT = Decimal("0.01")
TIERED = PerShareFees(tiers=((300, 0.01), (math.inf, 0.004)), minimum_usd=1.0, maximum_usd=40.0)

cents = st.integers(min_value=500, max_value=20_000)
wicks = st.integers(min_value=0, max_value=400)


@st.composite
def bars(draw, min_size=2, max_size=14):
    made = []
    close = draw(cents)
    for day in range(draw(st.integers(min_size, max_size))):
        opening = max(100, close + draw(st.integers(-800, 800)))
        close = max(100, opening + draw(st.integers(-800, 800)))
        high = max(opening, close) + draw(wicks)
        low = max(50, min(opening, close) - draw(wicks))
        made.append(
            PriceBar(
                ts=date(2024, 1, 28) + timedelta(days=day),
                **{
                    name: value * CENT
                    for name, value in zip(("open", "high", "low", "close"), (opening, high, low, close), strict=True)
                },
                volume=Decimal(draw(st.sampled_from([0, 1_000, 1_000, 1_000, 1_000]))),
            )
        )
    return made


@st.composite
def signals_for(draw, count):
    """Mostly a buy or a sell at each bar, sometimes both, sometimes neither."""
    made = []
    for bar in range(count):
        for side in draw(st.sampled_from([(), ("buy",), ("buy",), ("sell",), ("buy", "sell")])):
            made.append(Signal(bar=bar, side=side, confidence=draw(st.sampled_from([0.4, 0.5, 0.9]))))
    return made


@st.composite
def runs(draw, **fixed):
    market = draw(bars())
    choices = {
        "weight": draw(st.sampled_from([0.1, 0.5, 1.0])),
        "size_at": draw(st.sampled_from(["prior_close", "open"])),
        "lot": draw(st.sampled_from([1.0, 100.0, 1e-6, None])),
        "posting_rounding": draw(st.sampled_from([0.01, None])),
        "stop_loss": draw(st.sampled_from([None, 0.02, 0.05])),
        "take_profit": draw(st.sampled_from([None, 0.02, 0.05])),
        "insufficient": draw(st.sampled_from(["reduce", "reject"])),
        "limit_fill": draw(st.sampled_from(["through", "touch"])),
        "confidence_threshold": draw(st.sampled_from([0.0, 0.5])),
        "zero_volume": draw(st.sampled_from(["no_fill", "ignore"])),
        "end": draw(st.sampled_from(["mark", "liquidate"])),
        "costs": draw(
            st.sampled_from(
                [
                    Costs(commission_rate=0, slippage_bps=0),
                    Costs(commission_rate=0.001, slippage_bps=5),
                    Costs(commission_rate=0.01, slippage_bps=300),
                    Costs(per_share=TIERED, slippage_bps=5),
                ]
            )
        ),
    }
    return market, draw(signals_for(len(market))), options(**{**choices, **fixed})


@given(runs())
def test_a_signal_fill_follows_a_decision_of_an_earlier_bar_at_the_open(run):
    market, signals, run_options = run
    slippage = Decimal(str(run_options.costs.slippage_bps)) / 10_000
    for fill in simulate(market, signals, run_options).fills:
        if fill.reason != "signal":
            continue
        # The decision is of the bar before, unless bars without volume lie between.
        decided = fill.bar - 1
        candidates = {decided}
        while run_options.zero_volume == "no_fill" and market[decided].volume == 0 and decided > 0:
            decided -= 1
            candidates.add(decided)
        assert any(signal.bar in candidates and signal.side == fill.side for signal in signals)
        factor = 1 + slippage if fill.side == "buy" else 1 - slippage
        assert abs(fill.price - market[fill.bar].open * factor) <= Decimal("1e-18")


@given(runs())
def test_buys_and_sells_alternate_and_every_sell_closes_the_position(run):
    market, signals, run_options = run
    fills = simulate(market, signals, run_options).fills
    assert [fill.side for fill in fills] == ["buy", "sell"] * (len(fills) // 2) + ["buy"] * (len(fills) % 2)
    for entry, leaving in zip(fills[::2], fills[1::2], strict=False):
        assert entry.quantity == leaving.quantity


@given(bars(min_size=3), st.data())
def test_more_slippage_never_raises_the_equity_of_one_round_trip_of_fixed_size(market, data):
    # One buy at half of the capital has the same quantity whatever the slippage, as long as the cash pays for it: the
    # open after bar 0 is at most half above its close here. Without rounding of postings the result then falls with slippage:
    # more is paid, less received, and the fee takes less than it is a fee of.
    opening = min(market[1].open, market[0].close * Decimal("1.5"))
    first = dataclasses.replace(market[1], open=opening, low=min(market[1].low, opening))
    market = [dataclasses.replace(bar, volume=None) for bar in (market[0], first, *market[2:])]
    leaving = data.draw(st.integers(1, len(market) - 2))
    signals = [Signal(bar=0, side="buy"), Signal(bar=leaving, side="sell")]
    finals, quantities = [], set()
    for bps in (0, 5, 50, 500):
        costs = Costs(commission_rate=0.001, slippage_bps=bps)
        simulation = simulate(market, signals, options(posting_rounding=None, costs=costs))
        finals.append(simulation.equity[-1])
        quantities.add(simulation.fills[0].quantity)
    assert len(quantities) == 1
    assert finals == sorted(finals, reverse=True)
