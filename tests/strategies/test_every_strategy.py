"""What holds for every strategy: causal decisions, frozen parameters, nothing decided in the warm-up."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.core.manifest import plain
from investiq.strategies import (
    AtrBrackets,
    Breakout,
    BuyAndHold,
    ConfidenceSize,
    Crossover,
    DonchianTrend,
    EngineView,
    Ensemble,
    FixedMoney,
    FixedShares,
    KellySize,
    MeanReversion,
    Momentum,
    OddsPolicy,
    OnTimeframe,
    OpeningRange,
    PanelStrategy,
    RandomEntries,
    RegimeSize,
    RiskSize,
    Routed,
    Sized,
    Strategy,
    TrendCrossover,
    VolatilityTarget,
    rebuilt,
)
from investiq.strategies.columns import table
from investiq.strategies.rebuilding import built_in

SIMPLE = [
    BuyAndHold(),
    Crossover(),
    Crossover(fast=1, slow=2, allow_short=True),
    Breakout(),
    Breakout(entry_window=1, exit_window=1),
    Breakout(entry_window=10, exit_window=30),
    DonchianTrend(),
    DonchianTrend(window=5, confirm="close", buffer=0.001, trend_window=40, hold_bars=0),
    Momentum(),
    Momentum(window=20, rank_of="price", rank=0.5, rank_window=60),
    MeanReversion(),
    MeanReversion(window=10, entry=-1.0, exit=0.0),
    TrendCrossover(),
    EngineView(),
    OddsPolicy(),
]
WRAPPED = [
    RandomEntries(holding_bars=(5, 20, 1), span=1200, seed=3),
    Ensemble(strategies=(Breakout(), Crossover(fast=5, slow=20)), method="unanimous"),
    Ensemble(strategies=(Breakout(), Crossover(), EngineView()), method="confidence_weighted", weights=(1, 2, 1)),
    OnTimeframe(strategy=Crossover(fast=3, slow=10)),
    OnTimeframe(strategy=Breakout(entry_window=3, exit_window=2), interval="1mo"),
    Sized(strategy=DonchianTrend(), sizer=RiskSize()),
    Sized(strategy=Breakout(), sizer=VolatilityTarget()),
    Sized(strategy=Sized(strategy=Breakout(), sizer=RiskSize(risk=0.01)), sizer=RegimeSize()),
    Sized(strategy=EngineView(), sizer=KellySize(payoff=2.0)),
    Sized(strategy=TrendCrossover(), sizer=ConfidenceSize(weight=0.5)),
    Sized(strategy=Breakout(), sizer=FixedShares(shares=10)),
    Sized(strategy=Breakout(), sizer=FixedMoney(amount_usd=5000)),
    AtrBrackets(strategy=Breakout()),
    Routed(),
]
EVERY = [*SIMPLE, *WRAPPED]
each_strategy = pytest.mark.parametrize("strategy", EVERY, ids=lambda each: repr(each)[:80])
each_with_a_rule = pytest.mark.parametrize("strategy", SIMPLE, ids=repr)


@pytest.fixture(scope="module", params=["^GSPC", "SYN001"])
def market(request, gspc, syn):
    """1,200 bars of a sample series, and of an invented share with a split and dividends."""
    return gspc[2000:3200] if request.param == "^GSPC" else syn[:1200]


def disturbed(bars, end):
    """Return the bars with every price after `end` changed."""
    random = np.random.default_rng(7)
    scale = np.ones(len(bars))
    scale[end + 1 :] = np.exp(random.normal(0.3, 0.05, len(bars) - end - 1))
    return dataclasses.replace(bars, **{name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")})


def assert_same(orders, expected):
    """Hold the orders to be equal; their sizes and prices but for the last digit, in which a recursion's end may differ."""
    numbers = ("confidence", "weight", "stop_loss_price", "take_profit_price")
    plain_orders = [dataclasses.replace(each, confidence=1.0, **dict.fromkeys(numbers[1:])) for each in orders]
    assert plain_orders == [
        dataclasses.replace(each, confidence=1.0, **dict.fromkeys(numbers[1:])) for each in expected
    ]
    for name in numbers:
        left, right = ([getattr(each, name) or 0.0 for each in some] for some in (orders, expected))
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=0)


def test_the_data_has_a_split_and_dividends(syn):
    assert len(set(syn[:1200].split_factor.tolist())) > 1
    assert len(set((syn[:1200].total_factor / syn[:1200].split_factor).tolist())) > 5


@each_strategy
def test_orders_do_not_change_when_later_bars_are_cut_off_or_disturbed(strategy, market):
    whole = strategy.signals(market)
    random = np.random.default_rng(18)
    # Twelve prefixes: half of them end on a decision, where there is one to lose.
    ends = np.concatenate([random.integers(2, len(market), 6), random.choice([each.bar for each in whole], 6)])
    for end in ends.tolist():
        past = market.until(market.known_at[end])
        assert len(past) == end + 1
        expected = [each for each in whole if each.bar <= end]
        assert_same(strategy.signals(past), expected)
    end = int(ends[-1])
    assert_same([each for each in strategy.signals(disturbed(market, end)) if each.bar <= end], expected)


@each_with_a_rule
def test_nothing_is_bought_before_the_warmup_is_over(strategy, market):
    decisions = strategy.decide(market)
    assert decisions.dtype == np.int8
    assert decisions.shape == (len(market),)
    if not isinstance(strategy, Breakout):
        assert int(np.flatnonzero(decisions == 1)[0]) >= strategy.warmup


@each_with_a_rule
def test_at_the_end_of_the_warmup_every_column_is_known_and_before_it_one_is_not(strategy, market):
    if strategy.columns():
        rows = table(strategy.columns(), market)
        assert np.isfinite(rows[:, strategy.warmup :]).all()
        if not isinstance(strategy, EngineView):
            assert np.isnan(rows[:, max(strategy.warmup - 2, 0)]).any()


@each_strategy
def test_raw_and_total_adjusted_bars_give_the_same_orders(strategy, market):
    # Orders are in money as traded also where the bars are adjusted.
    assert_same(strategy.signals(market), strategy.signals(market.adjusted("total")))


@pytest.mark.parametrize("strategy", [Crossover(fast=1, slow=2), Breakout(entry_window=2, exit_window=2)], ids=repr)
def test_a_split_is_no_signal(strategy, bars_of):
    # 2 for 1 before the third bar: as traded 100, 101, 51, 52, 51 is a steady rise in adjusted prices.
    halved = bars_of([100, 101, 51, 52, 53], total_factor=[1, 1, 2, 2, 2])
    assert -1 not in strategy.decide(halved)
    assert -1 in strategy.decide(bars_of([100, 101, 51, 52, 53]))


@each_with_a_rule
def test_split_adjusted_bars_are_refused(strategy, bars_of):
    if strategy.columns() and not isinstance(strategy, EngineView):
        with pytest.raises(DataError, match="takes raw or total-adjusted bars, these are split-adjusted"):
            strategy.decide(bars_of([1.0] * 60).adjusted("split"))


@each_strategy
def test_parameters_are_named_frozen_and_printed(strategy):
    assert type(strategy)(**strategy.parameters()) == strategy
    assert isinstance(strategy, Strategy)
    assert strategy.name in repr(strategy)
    hash(strategy)
    for field in dataclasses.fields(strategy):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(strategy, field.name, 3)


@pytest.mark.parametrize("strategy", [*EVERY, OpeningRange(minutes=15)], ids=lambda each: repr(each)[:80])
def test_a_strategy_can_be_made_again_from_what_a_file_holds(strategy):
    assert rebuilt(strategy.name, json.loads(json.dumps(plain(strategy.parameters())))) == strategy


def test_every_strategy_of_the_package_is_walked_here():
    walked = {type(each) for each in EVERY} | {type(each.sizer) for each in EVERY if isinstance(each, Sized)}
    elsewhere = {OpeningRange} | {each for each in built_in().values() if issubclass(each, PanelStrategy)}
    assert walked | elsewhere == set(built_in().values())


def test_importing_the_strategies_imports_no_compiler():
    code = "import sys; import investiq as iq; iq.strategies.Crossover(); print({'numba', 'pandas', 'talib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
