"""Portfolios: target weights, their schedule, and the account that trades them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import investiq as iq
from investiq.backtesting import general, portfolio, postings
from investiq.backtesting.price_sheet import PriceSheet
from investiq.core.errors import ConfigError, DataError, UnknownSymbolError
from investiq.execution.costs import Costs
from investiq.execution.options import RunOptions
from investiq.execution.scenario import Scenario
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy
from investiq.strategies.buy_and_hold import BuyAndHold

PLAIN = RunOptions(
    lot=None, posting_rounding=None, level_rounding=None, max_volume_participation=None, band=0.0, end="mark",
    costs=Costs(commission_rate=0.001, slippage_bps=5),
)  # fmt: skip
FREE = dataclasses.replace(PLAIN, costs=Costs(commission_rate=0.0, slippage_bps=0.0))


@pytest.fixture(scope="session")
def panel_of(bars_of):
    """Build a panel from lists of closes by symbol; opens are the closes of the day before."""

    def build(first="2024-01-30", **closes):
        members = []
        for symbol, line in closes.items():
            opens = [line[0], *line[:-1]]
            rows = [(o, max(o, c), min(o, c), c) for o, c in zip(opens, line, strict=True)]
            members.append(bars_of(rows, symbol=symbol, first=first))
        return Panel.of(members)

    return build


def bar_loop(prices, weights, decided, options):
    """The same account in numpy, one step per bar; purchases are assumed to be covered."""
    slippage, fee = options.costs.slippage_rate, options.costs.commission_rate
    lag = 0 if options.fill == "same_close" else 1
    shares, cash, equity = np.zeros(len(prices.symbols)), options.initial_capital, np.empty(prices.ts.size)
    due = {int(bar): row for row, bar in zip(weights, decided, strict=True)}
    for bar in range(prices.ts.size):
        if bar - lag in due:
            mark, raw = prices.close[:, bar - lag], (prices.close if lag == 0 else prices.open)[:, bar]
            target = due[bar - lag]
            account = cash + shares @ mark
            change = np.where(
                abs(shares * mark / account - target) > options.band, account * target / mark - shares, 0.0
            )
            price = raw * np.where(change > 0, 1 + slippage, 1 - slippage)
            cash -= change @ price + np.abs(change) @ price * fee
            shares = shares + change
        equity[bar] = cash + shares @ prices.close[:, bar]
    return equity


def test_a_rebalancing_sells_what_rose_and_buys_what_fell(panel_of):
    # Half of 100,000 each at 100 and 50. A doubles: 150,000, so 75,000 each: 375 of A at 200, 1,500 of B at 50.
    panel = panel_of(A=[100, 200, 200], B=[50, 50, 60])
    options = dataclasses.replace(FREE, fill="same_close", rebalance=1)
    targets = np.full((2, 3), 0.5)
    run = portfolio.run(targets, panel, options)
    assert run.position[:, :2].tolist() == [[500, 375], [1_000, 1_500]]
    assert run.equity[:2].tolist() == [100_000, 150_000]
    sides = [(row[postings.BAR], row[postings.SIDE], row[postings.SYMBOL]) for row in run.fills[:4]]
    # The sale comes first, whatever the name.
    assert sides == [(0, 1, 0), (0, 1, 1), (1, -1, 0), (1, 1, 1)]
    # 165,000 at the last close: 375 x 200 + 1,500 x 60.
    assert run.equity[2] == 165_000


def test_orders_of_a_close_fill_at_the_next_open_with_slippage_and_fee(panel_of):
    # Decided at 100 of 100,000: 500 shares; bought at the next open, 100, x 1.0005: 50,025, fee 50.025.
    panel = panel_of(A=[100, 110], B=[10, 10])
    targets = np.array([[0.5, np.nan], [0.0, np.nan]])
    run = portfolio.run(targets, panel, PLAIN)
    assert run.fills[:, [postings.BAR, postings.QUANTITY, postings.PRICE]].tolist() == [[1, 500, 100.05]]
    assert run.cash[1] == pytest.approx(100_000 - 50_025 - 50.025)
    assert run.equity[1] == pytest.approx(100_000 - 50_025 - 50.025 + 500 * 110)


def test_purchases_beyond_the_cash_are_reduced_in_the_order_of_symbols(panel_of):
    # A costs 60,000 of 100,000; B, decided at 40,000, doubled to its open: only half of it is bought.
    panel = panel_of(A=[100, 100, 100], B=[40, 80, 80])
    targets = np.array([[np.nan, 0.6, np.nan], [np.nan, 0.4, np.nan]])
    opened = dataclasses.replace(PriceSheet.of(panel), open=np.array([[100.0, 100, 100], [40, 40, 160]]))
    run = portfolio.plain_run(opened, targets, FREE)
    assert run.position[:, 2].tolist() == [600, 250]
    assert run.cash[2] == 0.0
    refused = portfolio.plain_run(opened, targets, dataclasses.replace(FREE, insufficient="reject"))
    assert refused.position[:, 2].tolist() == [600, 0]


def test_a_weight_within_the_band_is_left_alone(panel_of):
    # 0.5 each; A at 110: 55,000 of 105,000 is 0.5238, within 0.03 of 0.5 but not within 0.02.
    panel = panel_of(A=[100, 110], B=[100, 100])
    targets = np.full((2, 2), 0.5)
    wide = portfolio.run(targets, panel, dataclasses.replace(FREE, fill="same_close", band=0.03))
    assert wide.position.tolist() == [[500, 500], [500, 500]]
    narrow = portfolio.run(targets, panel, dataclasses.replace(FREE, fill="same_close", band=0.02))
    assert narrow.position[:, 1] == pytest.approx([52_500 / 110, 525])


def test_everything_is_sold_at_the_end_with_costs(panel_of):
    panel = panel_of(A=[100, 100, 100])
    targets = np.array([[0.5, np.nan, np.nan]])
    run = portfolio.plain_run(PriceSheet.of(panel), targets, dataclasses.replace(PLAIN, end="liquidate"))
    # 500 bought at 100.05 + 0.1 %, sold at 99.95 - 0.1 %.
    assert run.cash[-1] == pytest.approx(100_000 - 50_025 * 1.001 + 49_975 * 0.999)
    assert (run.equity[-1], run.position[-1]) == (run.cash[-1], 0)
    assert run.fills[-1, postings.REASON] == postings.REASON_END


def test_a_month_begins_with_its_first_session(panel_of):
    # 30 January to 2 March 2024: 1 February is bar 2, 1 March bar 31.
    ts = panel_of(A=[1.0] * 33).ts
    assert ts[[2, 31]].astype("datetime64[D]").astype(str).tolist() == ["2024-02-01", "2024-03-01"]
    monthly = dataclasses.replace(PLAIN, rebalance="month_start")
    assert portfolio.rebalancing_bars(ts, monthly).tolist() == [1, 30]
    assert portfolio.rebalancing_bars(ts, dataclasses.replace(monthly, fill="same_close")).tolist() == [0, 2, 31]
    assert portfolio.rebalancing_bars(ts, dataclasses.replace(PLAIN, rebalance=10)).tolist() == [9, 19, 29]
    assert portfolio.rebalancing_bars(ts, PLAIN).tolist() == [0]


@st.composite
def markets(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_symbols, n_bars = draw(st.integers(1, 6)), draw(st.integers(2, 30))
    close = np.exp(random.normal(0, 0.05, (n_symbols, n_bars)).cumsum(axis=1)) * 50
    opened = close * np.exp(random.normal(0, 0.02, close.shape))
    targets = np.full(close.shape, np.nan)
    for bar in range(n_bars):
        if random.random() < 0.4:
            weights = random.random(n_symbols) * (random.random(n_symbols) < 0.8)
            targets[:, bar] = weights / max(weights.sum(), 1e-9) * random.choice([0.5, 0.95, 1.0])
            if random.random() < 0.2:
                targets[0, bar] = np.nan
    options = dataclasses.replace(
        PLAIN,
        fill=draw(st.sampled_from(["same_close", "next_open"])),
        band=draw(st.sampled_from([0.0, 0.05])),
        insufficient=draw(st.sampled_from(["reduce", "reject"])),
        end=draw(st.sampled_from(["mark", "liquidate"])),
    )
    return close, opened, targets, options


@given(markets())
def test_the_loop_of_weights_is_the_general_kernel(market):
    close, opened, targets, options = market
    names = tuple(f"S{row}" for row in range(close.shape[0]))
    ts = np.datetime64("2024-01-01", "us") + np.arange(close.shape[1]) * np.timedelta64(1, "D")
    high, low = np.maximum(close, opened), np.minimum(close, opened)
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": np.full(close.shape, np.nan)}
    ones = np.ones(close.shape)
    prices = PriceSheet(symbols=names, ts=ts, split_factor=ones, total_factor=ones, **columns)
    assert portfolio.is_plain(prices, targets, options)
    scenario = Scenario(symbols=names, ts=ts, sessions=np.arange(ts.size), targets=targets, **columns)
    run, expected = portfolio.plain_run(prices, targets, options), general.simulate_scenario(scenario, options)
    for name in ("equity", "cash"):
        np.testing.assert_allclose(getattr(run, name), getattr(expected, name), rtol=1e-12, atol=1e-7)
    np.testing.assert_allclose(run.position, expected.position, rtol=1e-12, atol=1e-7)
    assert run.fills.shape == expected.fills.shape
    whole = [postings.BAR, postings.SIDE, postings.REASON, postings.SYMBOL]
    np.testing.assert_array_equal(run.fills[:, whole], expected.fills[:, whole])
    np.testing.assert_allclose(run.fills, expected.fills, rtol=1e-9, atol=1e-7)


def test_500_symbols_agree_with_a_loop_over_bars():
    random = np.random.default_rng(4)
    close = np.exp(random.normal(0.0003, 0.012, (500, 260)).cumsum(axis=1)) * 100
    ones, ts = np.ones(close.shape), np.arange(260).astype("datetime64[D]").astype("datetime64[us]")
    prices = PriceSheet(
        symbols=tuple(f"S{row:03}" for row in range(500)), ts=ts, open=close, high=close, low=close, close=close,
        volume=ones, split_factor=ones, total_factor=ones,
    )  # fmt: skip
    options = dataclasses.replace(PLAIN, initial_capital=1e7, fill="same_close", rebalance="month_start")
    decided = portfolio.rebalancing_bars(ts, options)
    weights = np.full((decided.size, 500), 0.99 / 500)
    book, _ = portfolio.weighed(prices, weights, decided, options)
    np.testing.assert_allclose(book.equity, bar_loop(prices, weights, decided, options), rtol=1e-12)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wished(PanelStrategy):
    """Equal parts of `gross` at every close."""

    gross: float = 1.0
    warmup = 0

    def target_weights(self, panel):
        return np.full(panel.close.shape, self.gross / len(panel))


def test_weights_beyond_the_margin_and_shorts_without_leave_are_refused(panel_of):
    panel = panel_of(A=[1, 1, 1], B=[1, 1, 1])
    with pytest.raises(ConfigError, match=r"add up to 1\.2 of the equity, more than the margin of 1 allows"):
        portfolio.decide(Wished(gross=1.2), panel, PLAIN)
    with pytest.raises(ConfigError, match=r"target weight of A is -0\.25 in bar 0; a weight below 0 is a short"):
        portfolio.decide(Wished(gross=-0.5), panel, PLAIN)
    allowed = dataclasses.replace(PLAIN, allow_short=True)
    assert portfolio.decide(Wished(gross=-0.5), panel, allowed)[1, 2] == -0.25
    with pytest.raises(DataError, match="target weight of A is inf in bar 0; give a finite share"):
        portfolio.decide(Wished(gross=float("inf")), panel, PLAIN)


def test_weights_must_name_every_symbol_of_the_panel_and_no_other(panel_of):
    panel = panel_of(A=[1, 1, 1], B=[1, 1, 1])
    with pytest.raises(UnknownSymbolError, match="symbol_weights names 'C', which is not in the panel"):
        portfolio.target_weights({"A": 0.5, "B": 0.2, "C": 0.1}, panel, PLAIN)
    with pytest.raises(ConfigError, match="has no weight for B; give every symbol"):
        portfolio.target_weights({"A": 0.5}, panel, PLAIN)


def test_rows_of_a_plan_stand_in_the_order_of_names(panel_of):
    panel = panel_of(B=[1, 1, 1], A=[2, 2, 2])
    plan = portfolio.decide(BuyAndHold(), panel, dataclasses.replace(PLAIN, symbol_weights={"A": 0.7, "B": 0.2}))
    assert plan[:, 0].tolist() == [0.7, 0.2]
    assert np.isnan(plan[:, 1:]).all()
    assert PriceSheet.of(panel).close[:, 0].tolist() == [2, 1]


def test_a_strategy_of_one_symbol_decides_on_each_by_itself(panel_of):
    panel = panel_of(B=[1, 1, 1], A=[2, 2, 2])
    plan = portfolio.decide(BuyAndHold(), panel, PLAIN)
    assert [(signal.bar, signal.symbol, signal.side) for signal in plan] == [(0, "A", "buy"), (0, "B", "buy")]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rebalance": 21}, "equal weights anew every 21 bars where they are off by more than 5 % of the equity at"),
        (
            {"rebalance": "month_start", "band": 0.02},
            "equal weights anew in the first bar of each month where they are off by more than 2 % of the equity at",
        ),
        ({"symbol_weights": {"SYN001": 0.5, "SYN002": 0.5}}, "a weight of each symbol, of the equity at"),
        ({"weight": 0.3}, "30 % of the equity at"),
    ],
)
def test_the_sizing_of_a_portfolio_is_told_as_it_was_done(options, told):
    panel = iq.load_panel(["SYN001", "SYN002"], start="2018", end="2018")
    facts = {fact.label: fact.value for fact in iq.backtest(iq.strategies.BuyAndHold(), panel, **options).provenance()}
    assert facts["Sizing"].startswith(told)


def test_provenance_tells_target_weights_and_what_shorts_and_margin_cost():
    panel = iq.load_panel(["SYN001", "SYN002"], start="2018", end="2018")
    weighed = iq.strategies.EqualWeightMonthly()
    told = {fact.label: fact.value for fact in iq.backtest(weighed, panel).provenance()}
    assert told["Sizing"].startswith("target weights, of the equity at the")
    assert "borrow" not in told["Costs"]
    assert "margin" not in told["Costs"]
    options = {"band": 0.02, "allow_short": True, "borrow_rate": 0.01, "margin": 2.0, "debit_rate": 0.055}
    told = {fact.label: fact.value for fact in iq.backtest(weighed, panel, **options).provenance()}
    assert told["Sizing"].startswith("target weights, traded where they are off by more than 2 % of the equity at the")
    assert (
        "; borrow fee 1 % a year on shorts; margin 2 times the equity; debit interest 5.5 % a year on borrowed cash;"
        in told["Costs"]
    )


def weights_of(names, **options):
    """The mean weights of SYN001 and SYN002 in a run that holds 80 % and 10 % of them."""
    held = iq.backtest(
        BuyAndHold(), iq.load_panel(names, start="2018"), symbol_weights={"SYN001": 0.8, "SYN002": 0.1}, **options
    )
    assert held.rerun(held.options).equity.tolist() == held.run.equity.tolist()
    return held.by_symbol["weight"]


def test_the_order_of_a_panel_does_not_change_whose_weight_is_whose():
    # Whole shares and dividends: the general kernel.
    named, turned = weights_of(["SYN001", "SYN002"]), weights_of(["SYN002", "SYN001"])
    assert turned["SYN001"] > 0.7 > 0.2 > turned["SYN002"]
    assert turned.tolist() == named.tolist()


def test_a_run_again_with_the_same_options_is_the_same_run(panel_of):
    panel = panel_of(B=[10, 11, 9, 12, 13, 9, 8], A=[20, 22, 21, 19, 25, 24, 26])
    options = {"costs": Costs(), "lot": 1.0}
    for strategy, own in (
        (BuyAndHold(), {"rebalance": 2, "band": 0.0}),
        (BuyAndHold(), {"symbol_weights": {"A": 0.7, "B": 0.2}}),
        (BuyAndHold(), {"weight": 0.4}),
    ):
        result = iq.backtest(strategy, panel, **options, **own)
        assert result.rerun(result.options).equity.tolist() == result.run.equity.tolist()


def test_a_schedule_or_weights_that_would_not_be_used_are_refused(panel_of):
    panel = panel_of(A=[1, 1, 1], B=[1, 1, 1])
    with pytest.raises(
        ConfigError, match="rebalance=2 is the schedule of fixed weights, which BuyAndHold holds; Wished decides"
    ):
        portfolio.decide(Wished(gross=0.5), panel, dataclasses.replace(PLAIN, rebalance=2))
    with pytest.raises(ConfigError, match="symbol_weights were given, and Wished gives target weights of its own"):
        portfolio.decide(Wished(gross=0.5), panel, dataclasses.replace(PLAIN, symbol_weights={"A": 0.5, "B": 0.5}))


def test_a_symbol_that_begins_later_is_bought_when_it_begins_also_by_the_benchmark(bars_of):
    early = bars_of([(10, 10, 10, 10)] * 12, symbol="A", first="2024-01-01")
    late = bars_of([(5, 5, 5, 5)] * 4, symbol="B", first="2024-01-09")
    free = {"costs": Costs(commission_rate=0, slippage_bps=0), "end": "mark"}
    held = iq.backtest(
        BuyAndHold(),
        Panel.of([early, late]),
        symbol_weights={"A": 0.25, "B": 0.5},
        **free,
        max_volume_participation=None,
    )
    # Decided at the close of the first bar of each, filled at the next open: 25,000 / 10 and 50,000 / 5 shares.
    assert held.fills[["symbol", "quantity"]].to_numpy().tolist() == [["A", 2_500.0], ["B", 10_000.0]]
    assert held.fills["ts"].dt.day.tolist() == [2, 10]
    assert held.benchmark.fills[["symbol", "quantity"]].to_numpy().tolist() == [["A", 5_000.0], ["B", 10_000.0]]
