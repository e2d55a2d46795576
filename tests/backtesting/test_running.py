"""The preparation of a run, and laws that every run keeps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.backtesting import kernel, postings, running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.events import log_lines
from investiq.backtesting.general import simulate_scenario
from investiq.backtesting.preparing import scenario_of
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import RunOptions

EXACT = RunOptions(
    weight=1.0, size_at="open", lot=None, posting_rounding=None, level_rounding=None, end="mark", costs=Costs()
)


def random_market(bars_of, seed: int, count: int = 80):
    """Bars of a random walk in cents, and random decisions."""
    random = np.random.default_rng(seed)
    close = 5_000 + np.cumsum(random.integers(-100, 101, count))
    open_ = np.concatenate(([5_000], close[:-1])) + random.integers(-50, 51, count)
    high = np.maximum(open_, close) + random.integers(0, 80, count)
    low = np.minimum(open_, close) - random.integers(0, 80, count)
    bars = bars_of((np.array([open_, high, low, close]).T / 100).tolist())
    codes = random.choice(np.array([0, 0, 1, -1, 2], dtype=np.int8), count).astype(np.int8)
    return bars, codes


SEEDS = pytest.mark.parametrize("seed", range(5))


@SEEDS
def test_equity_is_cash_plus_position_at_the_close(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    run = running.simulate(bars, from_codes(codes, len(bars)), RunOptions(weight=0.9, stop_loss=0.02))
    np.testing.assert_array_equal(run.equity, run.cash + run.position * bars.close)


@SEEDS
def test_cash_is_the_opening_capital_and_every_posting_since(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    run = running.simulate(bars, from_codes(codes, len(bars)), RunOptions(weight=0.9, take_profit=0.02))
    fills = run.fills
    flows = -fills[:, postings.SIDE] * fills[:, postings.NOTIONAL] - fills[:, postings.FEE]
    by_bar = np.bincount(fills[:, postings.BAR].astype(int), weights=flows, minlength=len(bars))
    np.testing.assert_allclose(run.cash, 100_000 + np.cumsum(by_bar), rtol=0, atol=1e-6)
    assert len(fills) > 10


@SEEDS
def test_cash_never_falls_below_zero(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    for lot in (1.0, 1e-6):
        options = RunOptions(weight=1.0, lot=lot, size_at="open", costs=Costs(commission_rate=0.01, slippage_bps=50))
        assert running.simulate(bars, from_codes(codes, len(bars)), options).cash.min() >= 0
    assert running.simulate(bars, from_codes(codes, len(bars)), EXACT).cash.min() >= 0


@SEEDS
def test_fills_without_slippage_lie_inside_their_bar(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    options = RunOptions(stop_loss=0.02, take_profit=0.03, costs=Costs(slippage_bps=0))
    fills = running.simulate(bars, from_codes(codes, len(bars)), options).fills
    rows = fills[:, postings.BAR].astype(int)
    assert (fills[:, postings.PRICE] >= bars.low[rows]).all()
    assert (fills[:, postings.PRICE] <= bars.high[rows]).all()


@given(seed=st.integers(0, 10_000), cut=st.integers(2, 79), has_levels=st.booleans())
def test_bars_added_later_change_nothing_before_them(bars_of, seed, cut, has_levels):
    bars, codes = random_market(bars_of, seed)
    options = RunOptions(weight=0.9, end="mark", stop_loss=0.02 if has_levels else None)
    whole = running.simulate(bars, from_codes(codes, len(bars)), options)
    part = running.simulate(bars[:cut], from_codes(codes[:cut], cut), options)
    np.testing.assert_array_equal(part.equity, whole.equity[:cut])
    np.testing.assert_array_equal(part.fills, whole.fills[whole.fills[:, postings.BAR] < cut])


@SEEDS
def test_a_change_of_unit_changes_no_return(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    rows = np.array([bars.open, bars.high, bars.low, bars.close]).T
    small, large = (
        running.simulate(bars_of((rows * unit).tolist()), from_codes(codes, len(bars)), EXACT) for unit in (1.0, 8.0)
    )
    np.testing.assert_allclose(large.equity, small.equity, rtol=1e-13)
    np.testing.assert_allclose(large.position, small.position / 8, rtol=1e-13)


@SEEDS
def test_both_loops_give_the_same_bits_where_levels_cannot_act(bars_of, seed):
    bars, codes = random_market(bars_of, seed)
    options = RunOptions(weight=0.9, costs=Costs(commission_rate=0.002, slippage_bps=7))
    plain = running.simulate(bars, from_codes(codes, len(bars)), options)
    # A stop at a millionth of the price cannot be reached.
    unreachable = dataclasses.replace(options, stop_loss=1 - 1e-6)
    general = running.simulate(bars, from_codes(codes, len(bars)), unreachable)
    assert running.loop_of(bars, options) is kernel.simulate_signals
    assert running.loop_of(bars, unreachable) is kernel.simulate_levels
    for name in ("equity", "cash", "position", "fills", "events"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(general, name))


def test_a_bar_without_volume_needs_the_general_kernel(bars_of):
    with_gap = bars_of([(1, 1, 1, 1, 5), (1, 1, 1, 1, 0)])
    unknown = bars_of([(1, 1, 1, 1, np.nan), (1, 1, 1, 1, 5)])
    assert running.loop_of(with_gap, RunOptions()) is None
    assert running.loop_of(with_gap, RunOptions(zero_volume="ignore")) is kernel.simulate_signals
    assert running.loop_of(unknown, RunOptions()) is kernel.simulate_signals


def test_six_sessions_without_a_bar_need_the_general_kernel(bars_of):
    bars = bars_of([(1, 1, 1, 1)] * 8)
    # Of 1 to 8 January, the 2nd to the 6th and then the 2nd to the 7th are cut out.
    keep = lambda *rows: dataclasses.replace(bars[:2], ts=bars.ts[list(rows)], known_at=bars.known_at[list(rows)])  # noqa: E731
    assert running.loop_of(keep(0, 5), RunOptions()) is kernel.simulate_signals
    assert running.loop_of(keep(0, 6), RunOptions()) is None


@pytest.mark.parametrize("name", ["split_factor", "total_factor"])
def test_an_action_inside_the_period_needs_the_general_kernel(bars_of, name):
    bars = dataclasses.replace(bars_of([(1, 1, 1, 1)] * 3), **{name: np.array([1.0, 1.0, 2.0])})
    assert running.loop_of(bars, RunOptions()) is None
    assert running.loop_of(bars[:2], RunOptions()) is kernel.simulate_signals


@pytest.mark.parametrize(
    "options",
    [
        {"allow_short": True},
        {"hold_bars": 3},
        {"max_drawdown_halt": 0.2},
        {"cash_sweep_rate": 0.01},
        {"tick_size": 0.01},
        {"min_notional": 10.0},
        {"atr_stop": 2.0},
        {"margin": 2.0, "debit_rate": 0.05},
        {"entry_hours": (10, 15)},
        {"costs": Costs(sell_fee_rate=1e-5)},
        {"costs": Costs(impact=MarketImpact())},
        {"costs": Costs(per_share=PerShareFees(maximum_rate=0.01))},
    ],
    ids=str,
)
def test_what_the_loops_do_not_know_needs_the_general_kernel(bars_of, options):
    bars = bars_of([(1, 1, 1, 1)] * 3)
    assert running.loop_of(bars, RunOptions(**options)) is None


def both_kernels(bars, codes, options):
    """The run as it is chosen, and that of the general kernel."""
    decided = from_codes(codes, len(bars))
    assert running.loop_of(bars, options) is not None
    return running.simulate(bars, decided, options), simulate_scenario(scenario_of(bars, decided, options), options)


@given(
    seed=st.integers(0, 10_000),
    lot=st.sampled_from([1.0, 1e-6, None]),
    size_at=st.sampled_from(["prior_close", "open"]),
    weight=st.sampled_from([0.1, 1.0]),
    levels=st.fixed_dictionaries(
        {
            "stop_loss": st.sampled_from([None, 0.01, 0.03]),
            "trailing_stop": st.sampled_from([None, 0.015]),
            "take_profit": st.sampled_from([None, 0.02]),
        }
    ),
    choices=st.fixed_dictionaries(
        {
            "limit_fill": st.sampled_from(["through", "touch"]),
            "limit_gap": st.sampled_from(["open", "limit"]),
            "target_slippage": st.booleans(),
            "open_beyond_target": st.sampled_from(["first", "stop_first"]),
            "stop_from": st.sampled_from(["entry_bar", "next_bar"]),
            "level_order": st.sampled_from(["open_first", "levels_first"]),
            "both_inside": st.sampled_from(["stop", "target"]),
            "trail_entry_bar": st.booleans(),
            "insufficient": st.sampled_from(["reduce", "reject"]),
            "posting_rounding": st.sampled_from([0.01, None]),
            "end": st.sampled_from(["mark", "liquidate"]),
        }
    ),
    costs=st.sampled_from([Costs(), Costs(commission_rate=0, slippage_bps=0), Costs(slippage_bps=150)]),
)
def test_the_loops_give_the_bits_of_the_general_kernel(bars_of, seed, lot, size_at, weight, levels, choices, costs):
    bars, codes = random_market(bars_of, seed)
    options = RunOptions(lot=lot, size_at=size_at, weight=weight, costs=costs, **levels, **choices)
    ours, general = both_kernels(bars, codes, options)
    np.testing.assert_array_equal(ours.fills, general.fills)
    np.testing.assert_array_equal(ours.cash, general.cash)
    np.testing.assert_array_equal(ours.position, general.position)
    np.testing.assert_array_equal(ours.equity, general.equity.ravel())
    assert log_lines(ours) == log_lines(general)


def test_a_fill_beyond_the_volume_is_left_to_the_general_kernel(bars_of):
    # 5 % of 10,000 shares are 500; of 9,999 they are 499: the entry is filled in part, and what is left is cancelled.
    codes = np.array([1, 0, 0], dtype=np.int8)
    for volume, filled in ((10_000, 500.0), (9_999, 499.0)):
        bars = bars_of([(100, 101, 99, 100, volume)] * 3)
        options = RunOptions(weight=0.5, end="mark", costs=Costs(commission_rate=0, slippage_bps=0))
        run = running.simulate(bars, from_codes(codes, 3), options)
        assert run.fills[:, postings.QUANTITY].tolist() == [filled]
