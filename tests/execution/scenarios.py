"""Random scenarios of several symbols with everything that can happen to an account."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from investiq.core.orders import Signal
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Delisting, Dividend, Scenario, Split

TIERED = PerShareFees(tiers=((300, 0.01), (math.inf, 0.004)), minimum_usd=1.0, maximum_usd=40.0, maximum_rate=0.01)


def chance(one_in):
    """True once in so many draws, and never in the simplest example."""
    return st.integers(0, one_in - 1).map(lambda drawn: drawn == one_in - 1)


def optional(*values):
    """None, or one of the values."""
    return st.sampled_from((None, *values))


@st.composite
def prices(draw, count):
    """Rows of open, high, low, close in dollars, rounded to cents; NaN where there is no bar."""
    rows, close = [], draw(st.integers(2_000, 12_000))
    step, wick = st.integers(-500, 500), st.integers(0, 300)
    for _ in range(count):
        opening = max(500, close + draw(step))
        close = max(500, opening + draw(step))
        high, low = max(opening, close) + draw(wick), max(200, min(opening, close) - draw(wick))
        row = [price / 100 for price in (opening, high, low, close)]
        rows.append([math.nan] * 4 if draw(chance(10)) else row)
    return rows


@st.composite
def signals(draw, symbols, closes):
    """Signals of every order type near the closes."""
    made = []
    for bar in range(closes.shape[1]):
        for row, symbol in enumerate(symbols):
            if draw(chance(2)):
                made.append(draw(signal(bar, symbol, closes[row, bar])))
    return tuple(made)


@st.composite
def signal(draw, bar, symbol, close):
    side = draw(st.sampled_from(["buy", "buy", "sell"]))
    details = {"confidence": draw(st.sampled_from([1.0, 0.9, 0.6, 0.3]))}
    kind = draw(st.sampled_from(["market"] * 4 + ["limit", "stop", "stop_limit"]))
    near = st.sampled_from([0.97, 0.99, 1.0, 1.01, 1.03])
    if kind in ("limit", "stop_limit") and not math.isnan(close):
        details["limit_price"] = round(close * draw(near), 2)
    if kind in ("stop", "stop_limit") and not math.isnan(close):
        details["stop_price"] = round(close * draw(near), 2)
    if math.isnan(close):
        kind = "market"
    if draw(chance(5)):
        details.update(draw(st.sampled_from([{"weight": 0.3}, {"quantity": 70.0}, {"notional": 9_000.0}])))
    elif draw(chance(5)) and not math.isnan(close):
        details["stop_loss_price"] = round(close * (0.95 if side == "buy" else 1.05), 2)
    return Signal(bar=bar, side=side, symbol=symbol, order_type=kind, **details)


@st.composite
def scenarios(draw, *, max_symbols=3, actions=True):
    """A scenario of 3 to 8 daily bars from 29 January, with a weekend."""
    count = draw(st.integers(3, 8))
    symbols = tuple("ABC"[: draw(st.integers(1, max_symbols))])
    grid = np.array([draw(prices(count)) for _ in symbols]).transpose(2, 0, 1).copy()
    days = np.cumsum([0, *draw(st.lists(st.sampled_from([1, 1, 3]), min_size=count - 1, max_size=count - 1))])
    volume = draw(st.lists(st.sampled_from([1e7, 1e7, 4_000.0, 0.0, math.nan]), min_size=count, max_size=count))
    drawn = st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=count, max_size=count)
    happening = {}
    if actions:
        bar = st.integers(1, count - 1)
        name = st.sampled_from(symbols)
        splits = st.builds(Split, bar=bar, ratio=st.sampled_from([2.0, 1.5, 3.0]), symbol=name)
        dividends = st.builds(
            lambda bar, wait, symbol: Dividend(bar=bar, amount=0.4, pay_bar=bar + wait, symbol=symbol),
            bar,
            st.integers(0, 3),
            name,
        )
        happening = {
            "splits": tuple(draw(st.lists(splits, max_size=1))),
            "dividends": tuple(draw(st.lists(dividends, max_size=2))),
        }
        if draw(chance(4)):
            gone = draw(bar)
            row = draw(st.integers(0, len(symbols) - 1))
            grid[:, row, gone:] = math.nan
            happening["delistings"] = (Delisting(bar=gone, symbol=symbols[row]),)
            for kind in ("splits", "dividends"):
                happening[kind] = tuple(
                    each for each in happening[kind] if each.symbol != symbols[row] or each.bar < gone
                )
    return Scenario(
        symbols=symbols,
        ts=np.datetime64("2024-01-29", "us") + days * np.timedelta64(1, "D"),
        sessions=np.arange(count),
        open=grid[0],
        high=grid[1],
        low=grid[2],
        close=grid[3],
        volume=np.array([volume] * len(symbols)),
        signals=draw(signals(symbols, grid[3])),
        atr=np.array([draw(drawn)] * len(symbols)),
        size_multiplier=np.array([draw(drawn)] * len(symbols)),
        volatility=np.full((len(symbols), count), 0.02),
        average_volume=np.full((len(symbols), count), 50_000.0),
        **happening,
    )


def costs():
    """Free, percentage, tiered, and with impact."""
    return st.sampled_from(
        [
            Costs(commission_rate=0, slippage_bps=0),
            Costs(commission_rate=0.001, slippage_bps=5),
            Costs(commission_rate=0.002, slippage_bps=200, sell_fee_rate=0.0002),
            Costs(per_share=TIERED, slippage_bps=5),
            Costs(commission_rate=0.001, slippage_bps=5, impact=MarketImpact()),
        ]
    )


@st.composite
def run_options(draw, **fixed):
    """Options of every kind; `fixed` ones are kept."""
    margin = draw(st.sampled_from([1.0, 1.0, 2.0]))
    levels = draw(
        st.sampled_from(
            [
                {},
                {"stop_loss": 0.04, "take_profit": 0.05},
                {"trailing_stop": 0.05},
                {"atr_stop": 2.0, "atr_target": 3.0, "atr_trail": 2.5},
            ]
        )
    )
    chosen = {
        "weight": draw(st.sampled_from([0.2, 0.5, 1.0])),
        "size_at": draw(st.sampled_from(["prior_close", "open"])),
        "lot": draw(st.sampled_from([1.0, 100.0, 1e-6, None])),
        "posting_rounding": draw(optional(0.01)),
        "costs": draw(costs()),
        "limit_fill": draw(st.sampled_from(["through", "touch"])),
        "limit_gap": draw(st.sampled_from(["open", "limit"])),
        "target_slippage": draw(st.booleans()),
        "open_beyond_target": draw(st.sampled_from(["first", "stop_first"])),
        "stop_from": draw(st.sampled_from(["entry_bar", "next_bar"])),
        "level_order": draw(st.sampled_from(["open_first", "levels_first"])),
        "trail_entry_bar": draw(st.booleans()),
        "both_inside": draw(st.sampled_from(["stop", "target"])),
        "insufficient": draw(st.sampled_from(["reduce", "reject"])),
        "limit_expiry": draw(st.sampled_from([1, 2, 5])),
        "hold_bars": draw(optional(2)),
        "allow_short": draw(st.booleans()),
        "reverse": draw(st.booleans()),
        "max_entries": draw(st.sampled_from([1, 2])),
        "max_positions": draw(optional(1, 2)),
        "margin": margin,
        "debit_rate": 0.07 if margin > 1 else None,
        "borrow_rate": draw(st.sampled_from([0.0, 0.05])),
        "cash_sweep_rate": draw(st.sampled_from([0.0, 0.04])),
        "settlement": draw(st.sampled_from(["instant", "t+1"])),
        "rebalance": draw(optional(2, 3, "month_start")),
        "band": draw(st.sampled_from([0.0, 0.1])),
        "max_volume_participation": draw(optional(0.05)),
        "volume_basis": draw(st.sampled_from(["bar", "adv20"])),
        "zero_volume": draw(st.sampled_from(["no_fill", "ignore"])),
        "entry_residual": draw(st.sampled_from(["cancel", "carry"])),
        "max_drawdown_halt": draw(optional(0.02)),
        "halt_policy": draw(st.sampled_from(["block", "flatten"])),
        "halt_reset_bars": draw(optional(2)),
        "end": draw(st.sampled_from(["mark", "liquidate"])),
        **levels,
    }
    return RunOptions(**{**chosen, **fixed})
