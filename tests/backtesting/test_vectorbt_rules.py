"""`rules="vectorbt"` against `Portfolio.from_signals` of vectorbt itself, where its rules can express the run."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting import postings, running
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.parity import check_expressible
from investiq.core.errors import ConfigError
from investiq.execution.options import options_of

COSTS = iq.Costs(commission_rate=0.001, slippage_bps=5)
OPTIONS = {
    "rules": "vectorbt",
    "costs": COSTS,
    "weight": 1.0,
    "size_at": "open",
    "lot": None,
    "posting_rounding": None,
    "max_volume_participation": None,
    "confidence_threshold": 0.0,
    "end": "mark",
}
LEVELS = [
    {},
    {"stop_loss": 0.02},
    {"trailing_stop": 0.02},
    {"take_profit": 0.03},
    {"stop_loss": 0.02, "take_profit": 0.03},
    {"trailing_stop": 0.02, "take_profit": 0.03},
]


@pytest.fixture(scope="module")
def from_signals():
    """Equity, and bars and prices of the orders, as vectorbt makes them from decisions of the bar before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

    def call(bars, codes, stop_loss=None, trailing_stop=None, take_profit=None):
        before = np.concatenate(([0], codes[:-1]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            portfolio = vbt.Portfolio.from_signals(
                np.array(bars.close),
                before == 1,
                before == -1,
                price=np.array(bars.open),
                open=np.array(bars.open),
                high=np.array(bars.high),
                low=np.array(bars.low),
                sl_stop=stop_loss or trailing_stop or np.nan,
                sl_trail=trailing_stop is not None,
                tp_stop=take_profit or np.nan,
                stop_entry_price="fillprice",
                stop_exit_price="stopmarket",
                fees=COSTS.commission_rate,
                slippage=COSTS.slippage_rate,
                init_cash=100_000.0,
            )
            orders = portfolio.orders.values
            return portfolio.value().to_numpy(), orders["idx"], orders["price"]

    return call


def agree(bars, codes, levels, from_signals):
    codes.flags.writeable = False
    run = running.simulate(bars, from_codes(codes, len(bars)), options_of({**OPTIONS, **levels}))
    equity, rows, prices = from_signals(bars, codes, **levels)
    np.testing.assert_array_equal(run.fills[:, postings.BAR], rows)
    np.testing.assert_allclose(run.fills[:, postings.PRICE], prices, rtol=1e-12)
    np.testing.assert_allclose(run.equity, equity, rtol=1e-12)
    return len(rows)


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_random_markets_give_the_account_of_vectorbt(bars_of, from_signals, levels):
    orders = 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        # Prices in tenths, so that levels are touched and gaps are common.
        close = 100 + np.cumsum(random.integers(-12, 13, 300)) / 10
        open_ = np.concatenate(([100], close[:-1])) + random.integers(-12, 13, 300) / 10
        high = np.maximum(open_, close) + random.integers(0, 15, 300) / 10
        low = np.minimum(open_, close) - random.integers(0, 15, 300) / 10
        bars = bars_of(np.array([open_, high, low, close]).T.tolist())
        codes = random.choice(np.array([0, 0, 0, 1, -1], dtype=np.int8), 300)
        orders += agree(bars, codes, levels, from_signals)
    assert orders > 300


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_the_index_gives_the_account_of_vectorbt(gspc, from_signals, levels):
    codes = iq.strategies.Crossover(fast=5, slow=20).decide(gspc)
    assert agree(gspc, codes, levels, from_signals) > 300


def test_a_choice_against_the_rules_is_refused():
    with pytest.raises(ConfigError, match="rules='vectorbt' means stop_from='next_bar', was 'entry_bar'"):
        options_of({"rules": "vectorbt", "stop_from": "entry_bar"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lot": 1.0}, "needs lot=None, was 1.0"),
        ({"end": "liquidate"}, "needs end='mark', was 'liquidate'"),
        ({"stop_loss": 0.1, "trailing_stop": 0.1}, "one stop, fixed or trailing"),
        ({"rules": "exact"}, "needs limit_fill='touch', was 'through'"),
        ({"hold_bars": 5}, "one symbol, long only"),
        ({"costs": iq.Costs(per_share=iq.PerShareFees())}, "percentage fees"),
    ],
    ids=str,
)
def test_what_vectorbt_cannot_express_is_refused_where_parity_is_asked(change, message):
    with pytest.raises(ConfigError, match=message):
        check_expressible(options_of({**OPTIONS, **change}))


def test_what_vectorbt_can_express_is_accepted():
    for levels in LEVELS:
        check_expressible(options_of({**OPTIONS, **levels}))
