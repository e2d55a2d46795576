"""Round trips of a run: won, lost and flat."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import investiq as iq
from investiq.backtesting import postings
from investiq.backtesting.decisions import Decisions
from investiq.backtesting.pairing import BORROW, DIVIDEND, IN_LIEU, INTEREST
from investiq.backtesting.running import Run
from investiq.backtesting.trades import round_trips
from investiq.execution.costs import PerShareFees
from investiq.execution.scenario import Split

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


# Hand-made fills: (bar, "buy" or "sell", quantity, price, fee, reason code, symbol row).
SIGNAL = 0


def run_of(fills, flows=(), n_symbols=1):
    """Return a run that holds these fills and cash flows only."""
    rows = np.zeros((len(fills), postings.FILL_COLUMNS))
    for row, (bar, side, quantity, price, fee, reason, symbol) in zip(rows, fills, strict=True):
        row[postings.BAR] = bar
        row[postings.SIDE] = 1 if side == "buy" else -1
        row[postings.QUANTITY : postings.SLIPPAGE] = quantity, price, round(quantity * price, 2), fee
        row[postings.SLIPPAGE] = 0.25 * quantity
        row[postings.REASON], row[postings.SYMBOL], row[postings.IMPACT] = reason, symbol, 0.5 * quantity
    position = np.zeros(3) if n_symbols == 1 else np.zeros((n_symbols, 3))
    return Run(
        equity=np.zeros(3), cash=np.zeros(3), position=position, fills=rows, events=np.empty((0, 5)),
        decisions=Decisions(codes=np.empty(0, dtype=np.int8)), cash_flows=np.array(flows, dtype=float).reshape(-1, 4),
    )  # fmt: skip


def test_an_exit_closes_the_oldest_shares_and_shares_its_fee():
    # 100 at 10, 50 at 12 (a pyramid), then 120 sold at 15 with a fee of 6: 100 of the first lot, 20 of the second.
    trips = round_trips(
        run_of([(1, "buy", 100, 10, 2.0, 0, 0), (2, "buy", 50, 12, 1.0, 0, 0), (4, "sell", 120, 15, 6.0, 0, 0)]),
        14.0,
        0.01,
    )
    assert trips.quantity.tolist() == [100, 20, 30]
    assert trips.exit_bar.tolist() == [4, 4, -1]
    assert trips.entry_fill.tolist() == [0, 1, 1]
    # 100 x 5 - 2 - 6 x 100 / 120; 20 x 3 - 1 x 20 / 50 - 6 x 20 / 120; open: 30 x (14 - 12) - 1 x 30 / 50.
    assert trips.pnl == pytest.approx([493.0, 58.6, 59.4])
    assert trips.fees == pytest.approx([7.0, 1.4, 0.6])
    # A quarter of a dollar a share on each side; half a dollar of impact.
    assert trips.slippage == pytest.approx([50.0, 10.0, 7.5])
    assert trips.impact == pytest.approx([100.0, 20.0, 15.0])
    assert trips.returns == pytest.approx([0.493, 58.6 / 240, 59.4 / 360])


def test_a_short_earns_the_fall_and_its_shares_are_negative():
    trips = round_trips(run_of([(1, "sell", 500, 100, 50.0, 0, 0), (3, "buy", 500, 90, 45.0, 0, 0)]), 90.0, 0.01)
    assert trips.quantity.tolist() == [-500]
    # 500 x 10 - 95.
    assert trips.pnl.tolist() == [4_905.0]
    assert trips.returns == pytest.approx([4_905 / 50_000])


def test_a_fill_that_turns_a_position_round_closes_it_and_opens_the_other_side():
    # Long 10 at 100, sold 25 at 110: 10 closed with 10 / 25 of the fee, 15 short open with the rest; now at 120.
    trips = round_trips(run_of([(0, "buy", 10, 100, 0, 10, 0), (1, "sell", 25, 110, 5.0, 10, 0)]), 120.0, None)
    assert trips.quantity.tolist() == [10, -15]
    assert trips.pnl == pytest.approx([98.0, -153.0])
    assert trips.is_closed.tolist() == [True, False]


def test_a_split_between_entry_and_exit_changes_the_shares_and_not_the_profit():
    # 500 at 100; two for one in bar 2; 1,000 sold at 55: 55,000 - 50,000.
    run = run_of([(1, "buy", 500, 100, 0, 0, 0), (3, "sell", 1_000, 55, 0, 0, 0)])
    trips = round_trips(run, 55.0, 0.01, splits=[Split(bar=2, ratio=2.0, symbol="TEST")], symbols=("TEST",))
    assert (trips.quantity.tolist(), trips.exit_quantity.tolist(), trips.pnl.tolist()) == ([500], [1_000], [5_000])


def test_a_split_in_the_bar_of_a_fill_comes_before_it():
    # At the open of bar 2 the 500 become 1,000; the 1,000 that are sold in that bar are all of them.
    run = run_of([(1, "buy", 500, 100, 0, 0, 0), (2, "sell", 1_000, 50, 0, 0, 0), (2, "buy", 10, 50, 0, 0, 0)])
    trips = round_trips(run, 50.0, 0.01, splits=[Split(bar=2, ratio=2.0)], symbols=("",))
    assert trips.exit_quantity.tolist() == [1_000, 10]
    assert trips.quantity.tolist() == [500, 10]


def test_cash_in_lieu_of_a_fraction_belongs_to_the_round_trip():
    # 12 at 100, one for eight in bar 2: 1.5 shares, half a one paid out at 800; the whole one sold at 800.
    run = run_of([(1, "buy", 12, 100, 0, 0, 0), (3, "sell", 1, 800, 0, 0, 0)], [(2, IN_LIEU, 0, 400.0)])
    trips = round_trips(run, 800.0, 0.01, splits=[Split(bar=2, ratio=0.125)], symbols=("",))
    assert (trips.pnl.tolist(), trips.dividends.tolist(), trips.is_closed.tolist()) == ([0.0], [400.0], [True])
    # 4 at 100 become half a share, all of it paid out: closed without a fill.
    run = run_of([(1, "buy", 4, 100, 0, 0, 0)], [(2, IN_LIEU, 0, 390.0)])
    trips = round_trips(run, 800.0, 0.01, splits=[Split(bar=2, ratio=0.125)], symbols=("",))
    assert (trips.pnl.tolist(), trips.exit_bar.tolist(), trips.exit_fill.tolist()) == ([-10.0], [2], [-1])


def test_dividends_and_borrow_fees_go_to_the_shares_that_were_open():
    # 100 and 300 open in bar 3, when 40 is received: 10 and 30. The first lot is sold in that bar, after it.
    run = run_of(
        [(1, "buy", 100, 10, 0, 0, 0), (2, "buy", 300, 10, 0, 0, 0), (3, "sell", 100, 10, 0, 0, 0)],
        [(2, DIVIDEND, 0, 5.0), (3, DIVIDEND, 0, 40.0)],
    )
    trips = round_trips(run, 10.0, 0.01)
    assert trips.dividends == pytest.approx([15.0, 30.0])
    assert trips.pnl == pytest.approx([15.0, 30.0])
    short = run_of(
        [(1, "sell", 100, 10, 0, 0, 0), (4, "buy", 100, 10, 0, 0, 0)], [(2, BORROW, 0, -1.5), (3, DIVIDEND, 0, -7.0)]
    )
    trips = round_trips(short, 10.0, 0.01)
    assert (trips.borrow.tolist(), trips.dividends.tolist(), trips.pnl.tolist()) == ([1.5], [-7.0], [-8.5])


def test_symbols_are_paired_apart_and_told_in_the_order_of_entry():
    run = run_of(
        [(1, "buy", 10, 10, 0, 0, 1), (1, "buy", 5, 20, 0, 0, 0), (2, "sell", 5, 22, 0, 0, 0), (3, "sell", 10, 9, 0, 0, 1)],
        [(2, DIVIDEND, 1, 4.0), (2, INTEREST, -1, 99.0)],
        n_symbols=2,
    )  # fmt: skip
    trips = round_trips(run, np.array([22.0, 9.0]), 0.01)
    assert trips.symbol.tolist() == [1, 0]
    assert trips.pnl.tolist() == [-6.0, 10.0]


@st.composite
def accounts(draw):
    """Return (run, last closes, splits, capital, final equity, interest): an account kept by plain addition."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_symbols, n_bars, capital = draw(st.integers(1, 3)), 30, 50_000.0
    cash, interest = capital, 0.0
    shares, price = np.zeros(n_symbols), random.uniform(5, 50, n_symbols)
    fills, flows, splits = [], [], []
    for bar in range(n_bars):
        for row in range(n_symbols):
            if random.random() < 0.06:
                ratio = random.choice([2.0, 3.0, 0.5])
                splits.append(Split(bar=bar, ratio=ratio, symbol=f"S{row}"))
                shares[row], price[row] = shares[row] * ratio, price[row] / ratio
            for kind, chance in ((DIVIDEND, 0.2), (BORROW, 0.2)):
                if shares[row] and random.random() < chance and (kind == DIVIDEND or shares[row] < 0):
                    amount = round(0.07 * shares[row], 2)
                    flows.append((bar, kind, row, amount))
                    cash += amount
        if random.random() < 0.3:
            flows.append((bar, INTEREST, -1, 1.23))
            cash, interest = cash + 1.23, interest + 1.23
        for row in range(n_symbols):
            price[row] = round(price[row] * random.uniform(0.9, 1.1), 4)
            for _ in range(random.integers(0, 3)):
                side = random.choice(["buy", "sell"])
                quantity = (
                    float(random.integers(1, 200)) if random.random() < 0.6 or not shares[row] else abs(shares[row])
                )
                fee = round(random.uniform(0, 3), 2)
                fills.append((bar, side, quantity, price[row], fee, SIGNAL, row))
                sign = 1 if side == "buy" else -1
                shares[row] += sign * quantity
                cash -= sign * round(quantity * price[row], 2) + fee
    run = run_of(fills, flows, n_symbols)
    return run, price, splits, capital, cash + float(shares @ price), interest


@given(accounts())
def test_profits_and_interest_add_up_to_the_change_of_equity_to_the_cent(account):
    run, price, splits, capital, final, interest = account
    names = tuple(f"S{row}" for row in range(price.size))
    trips = round_trips(run, price if price.size > 1 else float(price[0]), 0.01, splits=splits, symbols=names)
    assert trips.pnl.sum() + interest == pytest.approx(final - capital, abs=0.005)
    assert trips.fees.sum() == pytest.approx(run.fills[:, postings.FEE].sum(), abs=1e-6)
    flows = run.cash_flows
    assert trips.dividends.sum() == pytest.approx(flows[flows[:, 1] == DIVIDEND, 3].sum(), abs=1e-6)
    assert -trips.borrow.sum() == pytest.approx(flows[flows[:, 1] == BORROW, 3].sum(), abs=1e-6)
    assert (np.diff(trips.entry_fill) >= 0).all()
