"""Resampled paths against hand values, the law of large numbers, and runs made with other costs."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import investiq as iq
from investiq.backtesting.monte_carlo import monte_carlo, scaled_costs
from investiq.core.errors import ConfigError, InsufficientDataError
from investiq.metrics.resampling import bootstrap_indices


@pytest.fixture(scope="module")
def result(gspc):
    return iq.backtest(iq.strategies.Crossover(fast=20, slow=50), gspc, weight=1.0)


def test_trades_carry_their_share_of_the_account_and_not_of_the_position(bars_of):
    # Twelve round trips of 100 shares, a tenth of 100,000: bought at 100, sold at 110. The first earns 1,000 of 100,000,
    # 1 %, though the position earned 10 %.
    rows = [(100, 101, 99, 100), (100, 111, 99, 110), (110, 111, 99, 100)] * 12 + [(100, 101, 99, 100)]

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class EveryThird(iq.strategies.Strategy):
        warmup = 0

        def decide(self, bars):
            codes = np.zeros(len(bars), dtype=np.int8)
            codes[0::3], codes[1::3] = 1, -1
            return codes

    free = iq.Costs(commission_rate=0, slippage_bps=0)
    made = iq.backtest(EveryThird(), bars_of(rows), costs=free, confidence_threshold=0, max_volume_participation=None)
    assert made.trades["pnl"].iloc[0] == 1_000.0
    found = monte_carlo(made, method="trades", paths=50)
    # Every trade earns about 1 %: floor(0.1 E / 100) shares of 10 each. No path can differ much, and none falls.
    assert found.count == 12
    np.testing.assert_allclose(found.final_returns, 1.01**12 - 1, rtol=0.02)
    assert (found.max_drawdowns == 0).all()
    assert found.probability_of_profit == 1
    assert found.probability_of_ruin == 0


def test_the_mean_of_paths_of_independent_trades_is_the_compounded_mean(result):
    # E[prod(1 + r)] = (1 + mean r)^n for independent draws.
    found = monte_carlo(result, method="trades", paths=40_000, seed=3)
    trips = result.round_trips
    closed = trips.is_closed
    returns = trips.pnl[closed] / result.account[trips.entry_bar[closed]]
    expected = (1 + returns.mean()) ** returns.size - 1
    error = found.final_returns.std(ddof=1) / math.sqrt(found.final_returns.size)
    assert abs(found.final_returns.mean() - expected) < 4 * error


def test_a_path_of_blocks_is_the_product_of_the_rows_that_the_bootstrap_draws(result):
    found = monte_carlo(result, paths=20, seed=11, block=25.0, cost_range=None)
    rows = bootstrap_indices(5031, 20, block=25.0, seed=11)
    returns = result.returns.to_numpy()
    for path in (0, 19):
        account = [1.0]
        for row in rows[path]:
            account.append(account[-1] * (1 + returns[row]))
        peak, worst = 1.0, 0.0
        for value in account:
            peak = max(peak, value)
            worst = min(worst, value / peak - 1)
        drawn = returns[rows[path]]
        assert found.final_returns[path] == pytest.approx(account[-1] - 1, rel=1e-12)
        assert found.max_drawdowns[path] == pytest.approx(worst, rel=1e-12)
        assert found.lowest[path] == pytest.approx(min(account), rel=1e-12)
        sharpe = drawn.mean() / drawn.std(ddof=1) * math.sqrt(252)
        assert found.sharpe_ratios[path] == pytest.approx(sharpe, rel=1e-9)


def test_doubled_costs_are_a_run_with_doubled_costs(gspc, result):
    dear = iq.backtest(
        iq.strategies.Crossover(fast=20, slow=50), gspc, weight=1.0,
        costs=iq.Costs(commission_rate=0.002, slippage_bps=10),
    )  # fmt: skip
    doubled = monte_carlo(result, paths=30, seed=5, block=20.0, cost_range=(2.0, 2.0))
    alone = monte_carlo(dear, paths=30, seed=5, block=20.0, cost_range=None)
    np.testing.assert_allclose(doubled.final_returns, alone.final_returns, rtol=1e-12)
    plain = monte_carlo(result, paths=30, seed=5, block=20.0, cost_range=None)
    assert (doubled.final_returns < plain.final_returns).all()


def test_every_part_of_the_costs_is_scaled():
    fees = iq.PerShareFees(tiers=((100, 0.01), (math.inf, 0.02)), minimum_usd=1, maximum_usd=4, maximum_rate=0.01)
    costs = iq.Costs(
        commission_rate=0.001, slippage_bps=5, per_share=fees, sell_fee_rate=0.0001, impact=iq.MarketImpact()
    )
    scaled = scaled_costs(costs, 2.0)
    assert (scaled.commission_rate, scaled.slippage_bps, scaled.sell_fee_rate) == (0.002, 10, 0.0002)
    assert scaled.per_share is not None
    assert scaled.per_share.tiers == ((100, 0.02), (math.inf, 0.04))
    limits = scaled.per_share.minimum_usd, scaled.per_share.maximum_usd, scaled.per_share.maximum_rate
    assert limits == (2, 8, 0.02)
    assert scaled.impact is not None
    assert scaled.impact.coefficient == 2


def test_ruin_is_counted_at_the_level_that_is_given(result):
    found = monte_carlo(result, paths=500, seed=1)
    shares = [dataclasses.replace(found, ruin=level).probability_of_ruin for level in (-0.1, -0.3, -0.5)]
    assert shares == [(found.lowest <= level).mean() for level in (0.9, 0.7, 0.5)]
    assert shares[0] > shares[1] > shares[2]


def test_the_same_seed_gives_the_same_paths_and_another_others(result):
    first, again, other = (monte_carlo(result, paths=20, seed=seed) for seed in (2, 2, 3))
    np.testing.assert_array_equal(first.final_returns, again.final_returns)
    assert not np.array_equal(first.final_returns, other.final_returns)


def test_the_form_states_the_level_of_ruin_and_how_paths_were_made(result):
    text = str(monte_carlo(result, paths=50))
    assert "have lost 50 % of the opening capital" in text
    assert "each a run of its own" in text
    assert "5th percentile" in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "shuffle"}, "method must be 'blocks' or 'trades', was 'shuffle'"),
        ({"ruin": 0.5}, r"ruin is a return in \(-1, 0\)"),
        ({"cost_range": (1.2, 0.8)}, r"cost_range is \(low, high\)"),
        ({"block": 0.5}, "block must lie between 1 and the 5031 bars, was 0.5"),
        ({"paths": 0}, "paths"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"cost_range": 1.2}, "cost_range is \\(low, high\\), such as .0.8, 1.2., or None, was 1.2"),
    ],
)
def test_settings_out_of_range_are_refused(result, settings, message):
    with pytest.raises(ConfigError, match=message):
        monte_carlo(result, **settings)


def test_too_few_trades_name_the_way_out(bars_of):
    made = iq.backtest(iq.strategies.BuyAndHold(), bars_of([(100, 101, 99, 100)] * 30))
    with pytest.raises(InsufficientDataError, match="needs 10 closed round trips, there are 1; take a longer period"):
        monte_carlo(made, method="trades")


def test_trades_that_overlap_are_counted():
    panel = iq.load_panel(["SYN001", "SYN002", "SYN003"])
    result = iq.backtest(iq.strategies.AlphaPortfolio(), panel)
    trips = result.round_trips
    spans = list(zip(trips.entry_bar.tolist(), trips.exit_bar.tolist(), strict=True))
    # By hand: in the order of entry, those that begin before any earlier one has ended; -1 has not.
    ends, overlapping = -1, 0
    for (first, end), closed in sorted(zip(spans, trips.is_closed.tolist(), strict=True), key=lambda each: each[0][0]):
        overlapping += closed and first < ends
        ends = max(ends, end if closed else 10**9)
    note = next(
        note for note in monte_carlo(result, method="trades", paths=10).notes if note.code == "overlapping_trades"
    )
    assert note.rows == overlapping > 0


def test_trades_one_after_the_other_do_not_overlap(result):
    assert "overlapping_trades" not in {note.code for note in monte_carlo(result, method="trades", paths=10).notes}


@pytest.mark.filterwarnings("error")
def test_one_path_has_no_spread_and_says_so(result):
    fact = next(fact for fact in monte_carlo(result, paths=1).facts() if "deviation" in fact.label)
    assert math.isnan(fact.value)
    assert fact.note == "one path"
