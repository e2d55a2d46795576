"""Walk-forward against windows run one by one, the published worked case, and disturbed data."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.decisions import from_codes
from investiq.backtesting.plans import resumed
from investiq.backtesting.walk_forward import _lead
from investiq.backtesting.walk_forward_result import annual_return
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.core.orders import Signal
from investiq.execution.options import RegimeSizing, RunOptions

OPTIONS = {
    "weight": 1.0, "lot": None, "posting_rounding": None, "max_volume_participation": None, "confidence_threshold": 0.0,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EveryOther(iq.strategies.Strategy):
    """Buys at bars divisible by `step` plus `shift`, sells `hold` bars later: no indicator, so that a window runs alone."""

    step: int = 10
    shift: int = 0
    hold: int = 3

    warmup = 0

    def decide(self, bars):
        codes = np.zeros(len(bars), dtype=np.int8)
        # By the day itself, so that a cut series decides alike.
        day = bars.ts.astype("datetime64[D]").astype(int)
        codes[(day - self.shift) % self.step == 0] = 1
        codes[(day - self.shift - self.hold) % self.step == 0] = -1
        return codes


def wavy(bars_of, length=600, seed=4):
    """Return bars of a random walk, in cents, on consecutive days."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.01, length))), 2)
    open_ = np.round(close * np.exp(random.normal(0, 0.003, length)), 2)
    high, low = np.maximum(open_, close) + 0.1, np.minimum(open_, close) - 0.1
    return bars_of(np.column_stack([open_, high, low, close, np.full(length, 1e7)]).tolist())


@dataclass(frozen=True, kw_only=True)
class Coded(iq.strategies.Strategy):
    """Decides what it was given."""

    codes: tuple[int, ...]

    warmup = 0

    def decide(self, bars):
        return np.array(self.codes[: len(bars)], dtype=np.int8)


@dataclass(frozen=True, kw_only=True)
class On(iq.strategies.Strategy):
    """Buys on days, which are numbers in a text, and sells `hold` days later."""

    bought: str
    hold: int

    warmup = 0

    def decide(self, bars):
        days = bars.ts.astype("datetime64[D]").astype(int).tolist()
        bought = {int(day) for day in self.bought.split()}
        return np.array([(day in bought) - (day - self.hold in bought) for day in days], dtype=np.int8)


def alone(bars, first, end, **parameters):
    """Return the account's returns of a window, run by itself from the close before it."""
    lead = min(first, 1)
    codes = EveryOther(**parameters).decide(bars)
    # Decided up to the bar before the last of the past, filled up to its open: what is held at its close.
    decided = [code for code in codes[: max(first - 1, 0)].tolist() if code]
    if decided and decided[-1] == 1 and codes[first - 1] == 0:
        codes[first - 1] = 1
    strategy = Coded(codes=tuple(codes[first - lead : end].tolist()))
    result = iq.backtest(strategy, bars[first - lead : end], end="liquidate", **OPTIONS)
    return (result.account[1:] / result.account[:-1] - 1)[lead:]


def test_each_fold_takes_the_best_of_its_training_and_the_tests_are_joined(bars_of):
    bars = wavy(bars_of)
    shifts = [0, 2, 5, 7]
    walk = iq.walk_forward(EveryOther, bars, shift=shifts, folds=5, **OPTIONS)
    joined = []
    for number, fold in enumerate(walk.folds):
        first, end = 100 * (number + 1), 100 * (number + 2)
        ratios = []
        for shift in shifts:
            # Positions open at the end of training are marked there, not sold: the default of a run is to sell.
            returns = alone(bars, first - 100, first, shift=shift)
            ratios.append(returns.mean() / returns.std(ddof=1))
        best = shifts[int(np.argmax(ratios))]
        assert dict(fold.parameters) == {"shift": best}
        # 365 days a year: the calendar of these bars knows no holidays.
        np.testing.assert_allclose(fold.scores, np.array(ratios) * 365**0.5, rtol=1e-9)
        joined.append(alone(bars, first, end, shift=best))
        np.testing.assert_allclose(fold.test_returns, joined[-1], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(walk.out_of_sample, np.concatenate(joined), rtol=1e-9, atol=1e-15)
    assert walk.account[-1] == pytest.approx(100_000 * np.prod(1 + np.concatenate(joined)), rel=1e-12)
    # Each test begins with what the one before left.
    np.testing.assert_allclose([fold.result.account[0] for fold in walk.folds], walk.account[:-1:100], rtol=1e-12)
    assert walk.folds[1].result.account[0] != walk.account[0]
    inside = np.concatenate([fold.train_returns for fold in walk.folds])
    before, after = (each.mean() / each.std(ddof=1) for each in (inside, walk.out_of_sample))
    assert walk.degradation.sharpe_ratio == pytest.approx((before - after) / abs(before), rel=1e-9)
    assert walk.instants[0] == bars.ts[99]
    # From close to close: 100 daily bars are 100 days, but for the first training, which has no close before it.
    assert [fold.test_days for fold in walk.folds] == [100] * 5
    assert [fold.train_days for fold in walk.folds] == [99, 100, 100, 100, 100]
    assert walk.trials == 20


@pytest.mark.parametrize(("bought", "still"), [((), 3), ((250,), 2), ((150, 250, 350), 0)])
def test_tests_in_which_nothing_was_traded_are_counted(bars_of, bought, still):
    # Four pieces of 100 bars, of which the first only trains; each purchase is sold five bars later, before its piece ends.
    days = wavy(bars_of, 400).ts.astype("datetime64[D]").astype(int)
    rule = On(bought=" ".join(map(str, days[list(bought)])), hold=5)
    walk = iq.walk_forward(rule, wavy(bars_of, 400), folds=3, **OPTIONS)
    told = [(note.rows, note.text) for note in walk.notes if note.code == "test_without_trades"]
    assert [rows for rows, _ in told] == [still] * bool(still)
    assert all(text.startswith(f"in {still} of 3 tests nothing was traded") for _, text in told)


def test_the_efficiency_of_the_worked_case():
    # 20 % in 12 months in sample, 4 % in 3 months out of sample: 1.04^4 - 1 = 16.99 % a year, over 20 % = 0.849.
    assert annual_return(0.04, 365.25 / 4) == pytest.approx(0.16986, abs=5e-6)
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), "^GSPC", folds=2, **OPTIONS)
    fold = dataclasses.replace(
        walk.folds[0], train_returns=np.array([0.2]), test_returns=np.array([0.04]), train_days=365.25,
        test_days=365.25 / 4,
    )  # fmt: skip
    assert fold.efficiency == pytest.approx(0.849, abs=5e-4)
    # Pooled, with a second fold of 10 % in six months in sample (21 % a year) and nothing out of sample: the tests gain 4 % in six
    # months, 8.16 % a year, over (12 x 20 + 6 x 21) / 18 = 20.33 %.
    other = dataclasses.replace(
        fold, train_returns=np.array([0.1]), test_returns=np.array([0.0]), train_days=365.25 / 2
    )
    pooled = dataclasses.replace(walk, folds=(fold, other))
    assert pooled.efficiency == pytest.approx(0.0816 / 0.20333, abs=1e-4)


def test_an_efficiency_without_a_profit_in_sample_is_missing():
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), "^GSPC", folds=2, **OPTIONS)
    fold = dataclasses.replace(walk.folds[0], train_returns=np.array([-0.01]))
    assert np.isnan(fold.efficiency)


def test_what_happens_in_a_test_changes_no_choice_before_or_in_it(bars_of):
    bars = wavy(bars_of)
    before = iq.walk_forward(EveryOther, bars, shift=[0, 2, 5, 7], folds=5, **OPTIONS)
    prices = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    for name in prices:
        prices[name][350:] *= np.linspace(1, 3, 250)
    after = iq.walk_forward(EveryOther, dataclasses.replace(bars, **prices), shift=[0, 2, 5, 7], folds=5, **OPTIONS)
    # Bar 350 lies in the third test (300 to 399): the first three choices are made before it.
    for first, second in zip(before.folds[:3], after.folds[:3], strict=True):
        assert first.parameters == second.parameters
        np.testing.assert_array_equal(first.scores, second.scores)
    assert not np.array_equal(before.folds[3].scores, after.folds[3].scores)


def test_of_equal_candidates_the_first_of_the_grid_is_taken(bars_of):
    # step 10 with hold 3 and hold 13: a sell of day d + 13 falls on that of d + 3 of the next round; both decide alike.
    walk = iq.walk_forward(EveryOther, wavy(bars_of), hold=[13, 3], folds=3, **OPTIONS)
    assert [fold.parameters["hold"] for fold in walk.folds] == [13, 13, 13]
    assert walk.stability == 1


def test_options_can_be_axes_too(bars_of):
    walk = iq.walk_forward(EveryOther(), wavy(bars_of), stop_loss=[None, 0.01], folds=3, **OPTIONS)
    assert walk.candidates == 2
    assert {fold.parameters["stop_loss"] for fold in walk.folds} <= {None, 0.01}


def test_an_indicator_may_read_the_bars_before_the_window(gspc):
    # With 120 bars of training an average of 100 would leave 20; it reads its past, so each window is traded from its start.
    walk = iq.walk_forward(iq.strategies.Crossover, gspc[:1000], fast=[5], slow=[100], train=120, test=100, **OPTIONS)
    # Every crossing up of a test is bought at the next open, and what is held at the close before it at its first.
    codes = iq.strategies.Crossover(fast=5, slow=100).decide(gspc[:1000])
    holds = [next((code for code in codes[end::-1].tolist() if code), 0) == 1 for end in range(1000)]
    edges = [120, *range(220, 1000, 100), 1000]
    bought = [int((codes[first : end - 1] == 1).sum()) + holds[first - 1] for first, end in itertools.pairwise(edges)]
    assert [len(fold.result.trades) for fold in walk.folds] == bought
    assert sum(bought) > 5


def test_what_is_held_at_the_close_before_a_window_is_entered_at_its_first_open(bars_of):
    # Bought once, on the first day of all. Each test holds from its first open, here the close before it, to its last close.
    close = 100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.01, 600)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    bars = bars_of(np.column_stack([opened, high, low, close, np.full(600, 1e7)]).tolist())
    free = iq.Costs(commission_rate=0.0, slippage_bps=0.0)
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), bars, folds=5, costs=free, tick_size=None, **OPTIONS)
    for number, fold in enumerate(walk.folds, start=1):
        first = 100 * number
        assert fold.test_return == pytest.approx(close[first + 99] / close[first - 1] - 1, rel=1e-9)
        # Sold at the last close.
        assert (fold.result.run.position[-2:] > 0).tolist() == [True, False]
        if number > 1:
            assert fold.train_return == pytest.approx(close[first - 1] / close[first - 101] - 1, rel=1e-9)


def test_what_a_stop_has_closed_before_a_window_is_not_entered(bars_of):
    close = np.full(300, 100.0)
    close[150:] = 80.0
    bars = bars_of(np.column_stack([close, close + 0.1, close - 0.1, close, np.full(300, 1e7)]).tolist())
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), bars, folds=2, stop_loss=0.1, **OPTIONS)
    assert [len(fold.result.trades) for fold in walk.folds] == [1, 0]


def test_what_is_stopped_in_a_window_was_held_before_it(bars_of):
    # The fall comes with bar 200, the first of the second test: at the close before it, nobody knows.
    close = np.full(300, 100.0)
    close[200:] = 80.0
    bars = bars_of(np.column_stack([close, close + 0.1, close - 0.1, close, np.full(300, 1e7)]).tolist())
    walk = iq.walk_forward(iq.strategies.BuyAndHold(), bars, folds=2, stop_loss=0.1, **OPTIONS)
    assert [len(fold.result.trades) for fold in walk.folds] == [1, 1]


@pytest.mark.parametrize(
    ("options", "lead"),
    [
        (RunOptions(), 1),
        # Ten windows of Wilder's average; what sizes an order, and what it reads.
        (RunOptions(atr_trail=3.0, atr_window=14), 140),
        (RunOptions(regime_sizing=RegimeSizing(window=40, every=5)), 45),
        (RunOptions(costs=iq.Costs(impact=iq.MarketImpact(window=30))), 31),
        (RunOptions(volume_basis="adv20"), 20),
    ],
)
def test_a_window_has_the_bars_before_it_that_its_first_orders_read(options, lead):
    assert _lead(options) == lead


@pytest.mark.parametrize(
    ("codes", "held", "options", "expected"),
    [
        ((1, 0, 0), 5, {}, (1, 1, 0)),
        ((1, 0, 0), 0, {}, (1, 0, 0)),
        ((1, -1, 0), 5, {}, (1, -1, 0)),
        ((1, -1, 0), 5, {"allow_short": True}, (1, 0, 0)),
        ((1, -1, 0), 5, {"allow_short": True, "reverse": True}, (1, -1, 0)),
        ((-1, 0, 0), -5, {"allow_short": True}, (-1, -1, 0)),
        ((-1, 1, 0), -5, {"allow_short": True}, (-1, 0, 0)),
        ((1, 2, 0), 5, {"allow_short": True}, (1, 2, 0)),
    ],
)
def test_a_decision_at_the_edge_goes_before_what_is_held(bars_of, codes, held, options, expected):
    bars = bars_of([[100, 101, 99, 100]] * 3)
    plan = from_codes(np.array(codes, dtype=np.int8), 3)
    assert tuple(resumed(plan, bars, 1, held, RunOptions(**options)).codes) == expected


def test_an_order_is_resumed_in_prices_and_shares_after_the_split(bars_of):
    # 2 for 1 before the third bar; a limit order at 99 with a stop at 90 for 10 shares is 20 shares and a stop at 45 today.
    bars = dataclasses.replace(
        bars_of([[100, 101, 99, 100]] * 2 + [[50, 51, 49, 50]] * 2), split_factor=np.array([1.0, 1.0, 2.0, 2.0])
    )
    first = Signal(bar=0, side="buy", order_type="limit", limit_price=99.0, stop_loss_price=90.0, quantity=10.0)
    later = Signal(bar=3, side="sell")
    again = Signal(bar=2, side="buy", stop_loss_price=45.0, quantity=20.0)
    assert resumed((first, later), bars, 2, 20.0, RunOptions()) == (first, again, later)
    closes = Signal(bar=2, side="sell")
    short = RunOptions(allow_short=True)
    assert resumed((first, closes), bars, 2, 20.0, RunOptions()) == (first, closes)
    assert resumed((first, closes), bars, 2, 20.0, short) == (first,)
    assert resumed((first, later), bars, 2, 0.0, RunOptions()) == (first, later)


def test_training_too_short_for_a_candidate_names_the_way_out(gspc):
    with pytest.raises(InsufficientDataError, match="a candidate needs 202 to decide and fill once; take fewer folds"):
        iq.walk_forward(iq.strategies.Crossover, gspc[:1000], fast=[5], slow=[200], train=120, test=100)


def test_refused_combinations_are_counted_and_the_rest_run(gspc):
    walk = iq.walk_forward(iq.strategies.Crossover, gspc, fast=[20, 50], slow=[40, 100], folds=3, **OPTIONS)
    assert walk.candidates == 3
    note = next(note for note in walk.notes if note.code == "candidates_refused")
    assert "1 combination(s) of the grid are none, the first {'fast': 50, 'slow': 40}" in note.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fastt": [5]}, "fastt is neither a parameter of Crossover nor an option of a run; did you mean .fast."),
        ({"fast": []}, "fast is an axis without a value"),
        ({"fast": [50], "slow": [20]}, "no candidate is left"),
    ],
)
def test_axes_that_are_none_are_refused(gspc, arguments, message):
    with pytest.raises(ConfigError, match=message):
        iq.walk_forward(iq.strategies.Crossover, gspc, **arguments)


def test_every_candidate_of_every_fold_is_a_trial_of_the_study(bars_of):
    bars = wavy(bars_of)
    iq.walk_forward(EveryOther, bars, study="shifts", shift=[0, 2, 5, 7], stop_loss=[None, 0.02], folds=5, **OPTIONS)
    entries = iq.trials("shifts").to_frame()
    assert sorted(entries["kind"].value_counts().to_dict().items()) == [("fold", 5), ("walk_forward", 1)]
    # Eight candidates on five training windows.
    assert entries.loc[entries["kind"] == "fold", "cells"].tolist() == [8] * 5
    assert entries.loc[entries["kind"] == "walk_forward", "sample"].tolist() == ["out_of_sample"]
    iq.cross_validate(EveryOther, bars, study="combined", shift=[0, 2, 5, 7], **OPTIONS)
    assert iq.trials("combined").to_frame()["cells"].tolist() == [4]
    assert iq.trials("combined").evidence().trials == 4


def test_a_strategy_ready_made_keeps_its_tuples(gspc):
    # The regimes of Momentum are one value of three words, and no axis of three.
    walk = iq.walk_forward(iq.strategies.Momentum(), gspc[:1500], folds=2, **OPTIONS)
    assert walk.candidates == 1
