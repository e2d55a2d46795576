"""Random scenarios with every option, for tests that hold the general kernel to the decimal simulator."""

from __future__ import annotations

import math

import numpy as np

from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Delisting, Dividend, Scenario, Split

NAMES = ("A", "B", "C")
CHOICES = {
    "initial_capital": [100_000.0, 100_000.0, 5_000.0],
    "weight": [1.0, 0.6, 0.3, 0.1],
    "size_at": ["prior_close", "open"],
    "lot": [1.0, 1.0, 1e-6, 10.0, None],
    "posting_rounding": [0.01, 0.01, None],
    "level_rounding": [1e-6, 0.01],
    "tick_size": [None, None, None, 0.05],
    "min_notional": [0.0, 0.0, 2_000.0],
    "limit_fill": ["through", "touch"],
    "limit_gap": ["open", "limit"],
    "target_slippage": [False, True],
    "open_beyond_target": ["first", "stop_first"],
    "stop_from": ["entry_bar", "next_bar"],
    "level_order": ["open_first", "levels_first"],
    "both_inside": ["stop", "target"],
    "insufficient": ["reduce", "reduce", "reject"],
    "confidence_threshold": [0.0, 0.5],
    "limit_expiry": [1, 3, 5],
    "stop_loss": [None, 0.02, 0.05],
    "take_profit": [None, 0.03, 0.08],
    "trailing_stop": [None, None, 0.04],
    "trail_entry_bar": [True, False],
    "hold_bars": [None, None, 1, 4],
    "allow_short": [False, True, True],
    "reverse": [False, True],
    "max_entries": [1, 1, 3],
    "max_positions": [None, None, 1, 2],
    "maintenance_long": [None, 0.25, 0.6],
    "maintenance_short": [None, 0.30, 0.7],
    "borrow_rate": [0.0, 0.05],
    "cash_sweep_rate": [0.0, 0.04],
    "interest_day_count": ["act/365", "act/360", "bus/252"],
    "settlement": ["instant", "instant", "t+1"],
    "max_volume_participation": [None, None, 0.05, 0.5],
    "volume_basis": ["bar", "adv20"],
    "zero_volume": ["no_fill", "no_fill", "ignore"],
    "entry_residual": ["cancel", "carry"],
    "max_drawdown_halt": [None, None, 0.05, 0.15],
    "halt_policy": ["block", "flatten"],
    "halt_reset_bars": [None, 2, 5],
    "halt_reset_drawdown": [None, 0.02],
    "max_entries_per_day": [None, None, 1],
    "end": ["liquidate", "mark"],
    "delisting_return": [-0.3, 0.0],
    "band": [0.0, 0.05],
}  # fmt: skip
TIERS = [((math.inf, 0.005),), ((300.0, 0.01), (math.inf, 0.002)), ((50.0, 0.1), (900.0, 0.01), (math.inf, 0.0))]


def random_options(rng: np.random.Generator, symbols: tuple[str, ...], changes: int) -> RunOptions:
    """Return options of which about `changes` differ from a plain run."""
    plain = {"confidence_threshold": 0.0, "max_volume_participation": None, "weight": 0.4}
    names = rng.choice(sorted(CHOICES), size=min(changes, len(CHOICES)), replace=False)
    chosen = {name: CHOICES[name][rng.integers(len(CHOICES[name]))] for name in names.tolist()}
    if rng.random() < 0.25:
        chosen |= {"margin": float(rng.choice([1.5, 2.0])), "debit_rate": float(rng.choice([0.0, 0.08]))}
        chosen["weight"] = float(rng.choice([0.9, 1.4]))
    for ranged, fixed in (("atr_stop", "stop_loss"), ("atr_target", "take_profit"), ("atr_trail", "trailing_stop")):
        if rng.random() < 0.1:
            chosen |= {ranged: float(rng.choice([1.0, 2.5])), fixed: None}
    fees = PerShareFees(
        tiers=TIERS[rng.integers(3)], minimum_usd=float(rng.choice([0.0, 1.0])), maximum_usd=float(rng.choice([0.0, 3.0])),
        maximum_rate=float(rng.choice([0.0, 0.01])),
    ) if rng.random() < 0.3 else None  # fmt: skip
    costs = Costs(
        commission_rate=float(rng.choice([0.0, 0.001])), slippage_bps=float(rng.choice([0.0, 5.0, 100.0])), per_share=fees,
        sell_fee_rate=float(rng.choice([0.0, 0.0, 0.0003])), impact=MarketImpact(coefficient=0.5) if rng.random() < 0.15 else None,
    )  # fmt: skip
    if rng.random() < 0.3:
        chosen["rebalance"] = [2, 5, "month_start"][rng.integers(3)]
        weights = rng.choice([0.0, 0.2, 0.33], size=len(symbols))
        if chosen.get("allow_short") and rng.random() < 0.5:
            weights = weights * rng.choice([-1.0, 1.0], size=len(symbols))
        chosen["symbol_weights"] = dict(zip(symbols, weights.tolist(), strict=True))
    return RunOptions(costs=costs, **{**plain, **chosen})


def random_scenario(rng: np.random.Generator, n_bars: int, changes: int) -> tuple[Scenario, RunOptions]:
    """Return a scenario of one to three symbols in whole cents, and its options."""
    symbols = NAMES[: rng.integers(1, 4)]
    options = random_options(rng, symbols, changes)
    grid = (len(symbols), n_bars)
    close = np.round(rng.uniform(20, 120, (len(symbols), 1)) * np.exp(np.cumsum(rng.normal(0, 0.03, grid), axis=1)), 2)
    close = np.maximum(close, 5.0)
    open_ = np.maximum(np.round(np.roll(close, 1, axis=1) * np.exp(rng.normal(0, 0.015, grid)), 2), 5.0)
    high = np.round(np.maximum(open_, close) * (1 + rng.choice([0.0, 0.01, 0.03], grid)), 2)
    low = np.round(np.minimum(open_, close) * (1 - rng.choice([0.0, 0.01, 0.03], grid)), 2)
    kinds = [(1e6,), (1e6, 20_000.0, 3_000.0), (1e6, 0.0, 5_000.0), (math.nan, 1e6)]
    volume = rng.choice(np.array(kinds[rng.integers(4)]), grid)
    splits, dividends, delistings = [], [], []
    for row, symbol in enumerate(symbols):
        if rng.random() < 0.3:
            absent = rng.random(n_bars) < 0.15
            for prices in (open_, high, low, close, volume):
                prices[row, absent] = np.nan
        if rng.random() < 0.3:
            splits.append(
                Split(bar=int(rng.integers(1, n_bars)), ratio=float(rng.choice([2.0, 0.5, 1.5, 0.125])), symbol=symbol)
            )
        if rng.random() < 0.4:
            bar = int(rng.integers(1, n_bars))
            pay = [bar, min(bar + 3, n_bars - 1), None][rng.integers(3)]
            dividends.append(
                Dividend(bar=bar, amount=0.75, pay_bar=pay, symbol=symbol, reduces_orders=bool(rng.random() < 0.8))
            )
    if len(symbols) > 1 and rng.random() < 0.2:
        end = int(rng.integers(3, n_bars))
        for prices in (open_, high, low, close, volume):
            prices[0, end:] = np.nan
        if np.isfinite(close[0]).any():
            delistings.append(Delisting(bar=end, symbol=symbols[0]))
            splits = [each for each in splits if each.symbol != symbols[0] or each.bar < end]
            dividends = [each for each in dividends if each.symbol != symbols[0] or each.bar < end]
    close[:, 0] = np.where(np.isnan(close[:, 0]), 50.0, close[:, 0])
    for prices, value in ((open_, close[:, 0]), (high, close[:, 0]), (low, close[:, 0]), (volume, 1e6)):
        prices[:, 0] = value
    days = np.arange(n_bars) + np.cumsum(rng.random(n_bars) < 0.2) * 2
    per_session = int(rng.choice([1, 1, 2]))
    sessions = days // per_session
    ts = (
        np.datetime64("2024-01-20", "us")
        + sessions * np.timedelta64(1, "D")
        + (np.arange(n_bars) % 2 * (per_session > 1) * (days % 2)) * np.timedelta64(1, "h")
    )
    if (ts[1:] <= ts[:-1]).any():
        sessions, ts = days, np.datetime64("2024-01-20", "us") + days * np.timedelta64(1, "D")
    extra = {}
    if options.atr_stop or options.atr_target or options.atr_trail:
        extra["atr"] = np.round(rng.uniform(0.5, 4.0, grid), 4)
        extra["atr"][:, : int(rng.integers(0, 4))] = np.nan
    extra["size_multiplier"] = rng.choice([0.5, 1.0, 1.5], grid)
    unknown = int(rng.integers(0, 4))
    extra["volatility"] = rng.choice([0.02, 0.01], grid)
    extra["average_volume"] = rng.choice([1e5, 4_000.0], grid)
    extra["volatility"][:, :unknown] = extra["average_volume"][:, :unknown] = np.nan
    if rng.random() < 0.2:
        extra["shortable"] = rng.random(grid) < 0.8
    if rng.random() < 0.15:
        extra["entries_allowed"] = rng.random(n_bars) < 0.8
    if rng.random() < 0.1:
        extra["sweep_rates"] = rng.choice([0.0, 0.05], n_bars)
        extra["borrow_rates"] = rng.choice([0.0, 0.1], grid)
    scenario = Scenario(
        symbols=symbols, ts=ts, sessions=sessions.astype(np.int64), open=open_, high=high, low=low, close=close, volume=volume,
        signals=tuple(random_signals(rng, symbols, close)), splits=tuple(splits), dividends=tuple(dividends),
        delistings=tuple(delistings), **extra,
    )  # fmt: skip
    return scenario, options


def random_signals(rng: np.random.Generator, symbols: tuple[str, ...], close: np.ndarray) -> list[Signal]:
    """Return signals of every kind about the last closes."""
    signals = []
    for bar in range(close.shape[1]):
        for row, symbol in enumerate(symbols):
            while rng.random() < 0.3:
                price = close[row, bar]
                if math.isnan(price):
                    break
                side = str(rng.choice(["buy", "sell"]))
                near = lambda: float(np.round(price * rng.uniform(0.96, 1.04), 2))  # noqa: B023, E731
                kind = str(rng.choice(["market", "market", "market", "limit", "stop", "stop_limit"]))
                prices = {}
                if kind in ("limit", "stop_limit"):
                    prices["limit_price"] = near()
                if kind in ("stop", "stop_limit"):
                    prices["stop_price"] = near()
                if rng.random() < 0.2:
                    below, above = float(np.round(price * 0.95, 2)), float(np.round(price * 1.06, 2))
                    prices["stop_loss_price"] = below if side == "buy" else above
                    prices["take_profit_price"] = above if side == "buy" else below
                size = rng.random()
                if size < 0.1:
                    prices["weight"] = 0.2
                elif size < 0.2:
                    prices["quantity"] = 37.0
                elif size < 0.3:
                    prices["notional"] = 4_000.0
                signals.append(
                    Signal(bar=bar, side=side, symbol=symbol, order_type=kind, confidence=float(rng.choice([1.0, 0.9, 0.5, 0.3])), **prices)
                )  # fmt: skip
    return signals


def scenarios(seed: int, count: int, n_bars: int, changes: int):
    """Yield `count` scenarios of one seed; a combination that the options refuse is drawn again."""
    rng = np.random.default_rng(seed)
    while count:
        try:
            drawn = random_scenario(rng, n_bars, changes)
        except (ConfigError, DataError):
            continue
        count -= 1
        yield drawn
