"""The compiled kernel against the bar-by-bar decimal simulator, on random markets."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.backtesting import decisions, events, postings, running
from investiq.backtesting.trades import FILL_REASONS, round_trips
from investiq.core.orders import Signal
from investiq.core.passport import Passport
from investiq.execution.costs import Costs, PerShareFees
from investiq.execution.options import RunOptions
from investiq.execution.simulator import simulate
from investiq.history.bars import Bars

START = datetime(2024, 1, 20, tzinfo=UTC)  # so that a run of 25 days crosses the end of a month


def bars_from(
    prices: list[tuple[int, int, int, int]],
    volumes: list[float],
    first_close: int,
    per_session: int = 1,
    absent: dict[int, int] | None = None,
) -> Bars:
    """Return bars in whole cents: gap, change, and reach of high and low, in cents, after each close.

    More than one bar per session means hourly bars from 14:00 on. `absent` has the sessions without a bar before a session.
    """
    rows = []
    close = first_close
    for gap, change, up, down in prices:
        open_ = max(close + gap, 200)
        close = max(open_ + change, 200)
        rows.append((open_, max(open_, close) + up, max(min(open_, close) - down, 100), close))
    columns = np.array(rows, dtype=float) / 100
    day, hour = np.divmod(np.arange(len(rows)), per_session)
    for session, count in (absent or {}).items():
        day[np.arange(len(rows)) // per_session >= session] += count
    ts = np.datetime64(START.replace(tzinfo=None), "us") + day * np.timedelta64(1, "D")
    interval, length = ("1d", 21) if per_session == 1 else ("60min", 1)
    if per_session > 1:
        ts = ts + (14 + hour) * np.timedelta64(1, "h")
    ones = np.ones(len(rows))
    passport = Passport(
        symbol="RAND", provider="test", provenance="file", interval=interval, calendar="24/7", price_basis="as_traded",
        known_at_rule="21:00", rows=len(rows), first=START, last=START, missing_sessions=0, repairs=0, sha256="",
    )  # fmt: skip
    return Bars(
        symbol="RAND", interval=interval, ts=ts, open=columns[:, 0], high=columns[:, 1], low=columns[:, 2], close=columns[:, 3],
        volume=np.array(volumes), known_at=ts + np.timedelta64(length, "h"), split_factor=ones, total_factor=ones, passport=passport,
    )  # fmt: skip


@st.composite
def markets(draw: st.DrawFn) -> Bars:
    """Return 2 to 25 bars, some of them without trade or without a known volume."""
    step = st.integers(-300, 300)
    reach = st.integers(0, 400)
    prices = draw(st.lists(st.tuples(step, step, reach, reach), min_size=4, max_size=25))
    kinds = draw(st.sampled_from([(1e6,), (1e6, 0.0), (0.0, 1e6, 0.0), (math.nan, 0.0, 1e6)]))
    volumes = draw(st.lists(st.sampled_from(kinds), min_size=len(prices), max_size=len(prices)))
    absent = draw(st.dictionaries(st.integers(1, 10), st.integers(1, 7), max_size=3))
    return bars_from(prices, volumes, draw(st.integers(500, 5_000)), draw(st.sampled_from([1, 3])), absent)


def signals_for(count: int) -> st.SearchStrategy[list[Signal]]:
    one = st.builds(
        Signal, bar=st.integers(0, count - 1), side=st.sampled_from(["buy", "buy", "sell"]),
        confidence=st.sampled_from([1.0, 0.9, 0.6, 0.5, 0.3]),
    )  # fmt: skip
    # One buy and one sell of a bar at most: the kernel's decisions cannot hold the same side twice.
    return st.lists(one, max_size=2 * count, unique_by=lambda signal: (signal.bar, signal.side))


COSTS = st.one_of(
    st.builds(
        Costs,
        commission_rate=st.sampled_from([0.0, 0.001, 0.0123]),
        slippage_bps=st.sampled_from([0.0, 5.0, 100.0, 700.0]),
    ),
    st.builds(
        Costs,
        slippage_bps=st.sampled_from([0.0, 5.0]),
        per_share=st.builds(
            PerShareFees,
            tiers=st.sampled_from([((math.inf, 0.005),), ((800, 0.005), (math.inf, 0.003)), ((50, 0.1), (900, 0.01), (math.inf, 0.0))]),
            minimum_usd=st.sampled_from([0.0, 1.0]),
            maximum_usd=st.sampled_from([0.0, 3.0]),
        ),
    ),
)  # fmt: skip
OPTIONS = st.builds(
    RunOptions,
    initial_capital=st.sampled_from([100_000.0, 1_000.0, 250.0]),
    weight=st.sampled_from([1.0, 0.5, 0.1]),
    size_at=st.sampled_from(["prior_close", "open"]),
    lot=st.sampled_from([1.0, 1e-6, 10.0, None]),
    posting_rounding=st.sampled_from([0.01, None]),
    level_rounding=st.sampled_from([1e-6, 0.01]),
    stop_loss=st.sampled_from([None, 0.01, 0.05]),
    take_profit=st.sampled_from([None, 0.01, 0.05]),
    insufficient=st.sampled_from(["reduce", "reject"]),
    limit_fill=st.sampled_from(["through", "touch"]),
    confidence_threshold=st.sampled_from([0.0, 0.5, 0.6]),
    zero_volume=st.sampled_from(["no_fill", "ignore"]),
    end=st.sampled_from(["liquidate", "mark"]),
    costs=COSTS,
)


@st.composite
def scenarios(draw: st.DrawFn) -> tuple[Bars, list[Signal], RunOptions]:
    bars = draw(markets())
    return bars, draw(signals_for(len(bars))), draw(OPTIONS)


def compare(bars: Bars, signals: list[Signal], options: RunOptions) -> running.Run:
    """Run both engines and hold them to each other; return the kernel's run."""
    gated = decisions.from_signals(signals, len(bars), options.confidence_threshold)
    run = running.simulate(bars, gated, options)
    oracle = simulate(bars, signals, options)

    assert [
        (int(row[postings.BAR]), "buy" if row[postings.SIDE] > 0 else "sell", FILL_REASONS[int(row[postings.REASON])])
        for row in run.fills
    ] == [(fill.bar, fill.side, fill.reason) for fill in oracle.fills]
    expected = np.array([[fill.quantity, fill.price, fill.slippage] for fill in oracle.fills], dtype=float).reshape(
        -1, 3
    )
    columns = [postings.QUANTITY, postings.PRICE, postings.SLIPPAGE]
    np.testing.assert_allclose(run.fills[:, columns], expected, rtol=1e-9, atol=1e-9)

    # Amounts posted to the cent agree to the cent; otherwise to nine digits.
    fees = np.array([fill.fee for fill in oracle.fills], dtype=float)
    exact = {"rtol": 0.0, "atol": 1e-6} if options.posting_rounding else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(run.fills[:, postings.FEE], fees, **exact)
    np.testing.assert_allclose(run.cash, np.array(oracle.cash, dtype=float), **exact)
    np.testing.assert_allclose(run.equity, np.array(oracle.equity, dtype=float), **exact)
    trips = round_trips(run, float(bars.close[-1]), options.posting_rounding)
    profits = trips.pnl[trips.is_closed]
    expected_profits = np.array([trip.pnl for trip in oracle.round_trips], dtype=float)
    np.testing.assert_allclose(profits, expected_profits, **exact)
    if options.posting_rounding:
        # Won, lost and flat are the same trades.
        np.testing.assert_array_equal(np.sign(profits), np.sign(expected_profits))
    np.testing.assert_allclose(run.position, np.array(oracle.position, dtype=float), rtol=1e-9)
    assert Counter(events.log_lines(run)) == Counter((event.bar, event.text) for event in oracle.log)
    return run


@given(scenarios())
def test_kernel_and_decimal_simulator_agree_on_random_markets(scenario):
    compare(*scenario)


def test_an_hourly_entry_waits_five_sessions_and_not_five_bars():
    # Two bars a session. Decided in bar 1; nothing trades in bars 2 to 11, the next five sessions; bar 12 trades again.
    volumes = [1e6, 1e6, *[0.0] * 10, 1e6, 1e6]
    flat = [(0, 0, 10, 10)] * len(volumes)
    options = RunOptions(end="mark")
    run = compare(bars_from(flat, volumes, 1_000, per_session=2), [Signal(bar=1, side="buy")], options)
    assert len(run.fills) == 0
    assert (11, "order expired: no trade") in events.log_lines(run)
    # One session less without trade, and it fills in bar 10, the open of the fifth.
    volumes[10] = 1e6
    run = compare(bars_from(flat, volumes, 1_000, per_session=2), [Signal(bar=1, side="buy")], options)
    assert run.fills[:, postings.BAR].tolist() == [10.0]


@pytest.mark.parametrize(
    ("absent", "bars_filled", "log"),
    [
        # Decided in session 1. Sessions 2 to 5 have no bar: filled in session 6, the fifth.
        (4, [2.0], []),
        # Sessions 2 to 6 have none: too late in session 7.
        (5, [], [(2, "order expired: no bar")]),
        (30, [], [(2, "order expired: no bar")]),
    ],
)
@pytest.mark.parametrize("per_session", [1, 2])
def test_an_entry_waits_five_sessions_with_or_without_bars(absent, bars_filled, log, per_session):
    flat = [(0, 0, 10, 10)] * (4 * per_session)
    bars = bars_from(flat, [1e6] * len(flat), 1_000, per_session, {2: absent})
    run = compare(bars, [Signal(bar=2 * per_session - 1, side="buy")], RunOptions(end="mark"))
    first = 2 * (per_session - 1)
    assert run.fills[:, postings.BAR].tolist() == [bar + first for bar in bars_filled]
    assert events.log_lines(run) == [(bar + first, text) for bar, text in log]


def test_sessions_without_a_bar_count_with_those_without_trade():
    # Decided in session 0. Session 1 has no trade, 2 to 4 no bar, 5 is the fifth: it has a bar without trade, and then 6 trades.
    flat = [(0, 0, 10, 10)] * 4
    buy = [Signal(bar=0, side="buy")]
    run = compare(bars_from(flat, [1e6, 0.0, 0.0, 1e6], 1_000, absent={2: 3}), buy, RunOptions(end="mark"))
    assert events.log_lines(run) == [(1, "no trade in bar: order carried"), (2, "order expired: no trade")]
    # With a session more without a bar the fifth has none.
    run = compare(bars_from(flat, [1e6, 0.0, 0.0, 1e6], 1_000, absent={2: 4}), buy, RunOptions(end="mark"))
    assert events.log_lines(run) == [(1, "no trade in bar: order carried"), (2, "order expired: no bar")]
    assert len(run.fills) == 0


def test_an_exit_waits_for_a_bar_however_long():
    # Series A of golden case 86: bought in bar 1, sold by decision of bar 1; six sessions without a bar.
    options = RunOptions(weight=0.5, end="mark", costs=Costs(commission_rate=0, slippage_bps=0))
    bars = bars_from([(0, 0, 100, 100)] * 2 + [(-300, 0, 100, 100)], [1e6] * 3, 10_000, absent={2: 6})
    run = compare(bars, [Signal(bar=0, side="buy"), Signal(bar=1, side="sell")], options)
    assert run.fills[:, [postings.BAR, postings.QUANTITY, postings.PRICE]].tolist() == [[1, 500, 100], [2, 500, 97]]
    assert run.cash.tolist() == [100_000, 50_000, 98_500]


def test_monthly_tiers_count_what_was_sold_too():
    # 500 bought at 0.005: 2.50. 500 sold, of which 300 below the 800 of the tier: 1.50 + 0.60 = 2.10. With 99,995.40 left, 499
    # are bought, all above it: 1.497, posted 1.50.
    fees = PerShareFees(tiers=((800, 0.005), (math.inf, 0.003)))
    options = RunOptions(weight=0.5, end="mark", costs=Costs(per_share=fees, slippage_bps=0))
    signals = [Signal(bar=bar, side=side) for bar, side in enumerate(("buy", "sell", "buy"))]
    run = compare(bars_from([(0, 0, 100, 100)] * 5, [1e6] * 5, 10_000), signals, options)
    assert run.fills[:, postings.QUANTITY].tolist() == [500, 500, 499]
    assert run.fills[:, postings.FEE].tolist() == [2.50, 2.10, 1.50]


def test_an_open_exactly_at_the_stop_is_a_stop_also_where_a_signal_exit_is_due():
    # Bought at 100, stop at 95; sold by decision of bar 1 at the open of bar 2, which is 95.
    options = RunOptions(stop_loss=0.05, costs=Costs(commission_rate=0, slippage_bps=0))
    bars = bars_from([(0, 0, 100, 100), (0, 0, 100, 100), (-500, 0, 100, 100)], [1e6] * 3, 10_000)
    run = compare(bars, [Signal(bar=0, side="buy"), Signal(bar=1, side="sell")], options)
    assert [FILL_REASONS[int(code)] for code in run.fills[:, postings.REASON]] == ["signal", "stop_gap"]
    assert run.fills[1, postings.PRICE] == 95
    assert (2, "exit order cancelled: already flat") in events.log_lines(run)


def test_kernel_and_decimal_simulator_agree_on_long_busy_runs():
    # Hypothesis prefers short and quiet markets; these trade often, with gaps through both levels.
    random = np.random.default_rng(20240120)
    reasons: Counter[str] = Counter()
    for _ in range(40):
        count = 120
        prices = random.integers(-300, 301, (count, 2)).tolist()
        reach = random.integers(0, 200, (count, 2)).tolist()
        volumes = random.choice([1e6, 1e6, 1e6, 0.0], count).tolist()
        absent = dict(zip(random.integers(1, count, 8).tolist(), random.integers(1, 8, 8).tolist(), strict=True))
        bars = bars_from(
            [(*move, *more) for move, more in zip(prices, reach, strict=True)], volumes, 3_000, absent=absent
        )
        sides = random.choice(["", "", "buy", "buy", "sell"], count)
        signals = [Signal(bar=bar, side=side) for bar, side in enumerate(sides.tolist()) if side]
        options = RunOptions(
            weight=float(random.choice([1.0, 0.3])),
            lot=random.choice([1.0, 1e-6, None]),
            stop_loss=random.choice([None, 0.03, 0.08]),
            take_profit=random.choice([None, 0.03, 0.08]),
            costs=Costs(
                commission_rate=float(random.choice([0.0, 0.001])), slippage_bps=float(random.choice([0.0, 20.0]))
            ),
        )
        run = compare(bars, signals, options)
        reasons.update(FILL_REASONS[int(code)] for code in run.fills[:, postings.REASON])
    assert min(reasons[each] for each in ("signal", "stop", "stop_gap", "target", "target_gap", "end_of_data")) >= 5
