"""The baselines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, UnknownSymbolError
from investiq.history.panel import Panel
from investiq.strategies import AlphaPortfolio, EqualWeightMonthly, RandomEntries, SixtyForty
from investiq.strategies.schedules import decision_closes


@pytest.fixture
def panel(bars_of):
    """40 days from 2024-01-01 on, every day a session; B begins on 2024-02-01."""
    one = bars_of([10.0] * 40)
    return Panel.of([one, dataclasses.replace(one[31:], symbol="B")])


def test_equal_weights_go_to_what_has_a_price_at_the_end_of_each_month(bars_of, panel):
    weights = EqualWeightMonthly().target_weights(panel)
    # 2024-01-31 is bar 30: B has no price yet. The first close decides too.
    decided = np.flatnonzero(~np.isnan(weights).all(axis=0))
    assert decided.tolist() == [0, 30]
    assert weights[0, decided].tolist() == [1.0, 1.0]
    assert np.isnan(weights[1]).all()


def test_equal_weights_are_one_over_their_number(panel):
    late = panel.until("2024-03-01")
    ends = decision_closes(late, "week")
    # 2024-01-07, 14, 21, 28, 02-04 are Sundays.
    assert np.flatnonzero(ends).tolist() == [6, 13, 20, 27, 34]
    assert decision_closes(late, "day").all()


def test_months_are_known_without_a_later_bar(panel):
    whole = decision_closes(panel, "month")
    for end in (29, 30, 31):
        np.testing.assert_array_equal(decision_closes(panel.until(panel.known_at[0, end]), "month"), whole[: end + 1])


def test_a_schedule_needs_daily_bars(panel):
    with pytest.raises(DataError, match="a schedule by days needs daily bars, these are 5min"):
        decision_closes(dataclasses.replace(panel, interval="5min"), "month")


def test_sixty_forty_is_sixty_in_stocks_and_forty_in_bonds(bars_of):
    one = bars_of([10.0] * 3)
    three = Panel.of([dataclasses.replace(one, symbol=name) for name in ("BONDS", "OTHER", "STOCKS")])
    weights = SixtyForty(stocks="STOCKS", bonds="BONDS").target_weights(three)
    assert weights[:, 0].tolist() == [0.4, 0.0, 0.6]
    assert np.isnan(weights[:, 1:]).all()
    with pytest.raises(UnknownSymbolError, match="the panel has no 'STOCK'; did you mean 'STOCKS'"):
        SixtyForty(stocks="STOCK", bonds="BONDS").target_weights(three)


def holding_times(decisions):
    """Return the bars between each buy and the sell after it."""
    buys, sells = np.flatnonzero(decisions == 1), np.flatnonzero(decisions == -1)
    assert buys.size == sells.size
    assert (buys[1:] > sells[:-1]).all()
    return (sells - buys).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_random_entries_have_the_same_count_and_holding_times(bars_of, seed):
    bars = bars_of([10.0] * 40)
    decisions = RandomEntries(holding_bars=(3, 1, 10, 3), span=40, seed=seed).decide(bars)
    assert sorted(holding_times(decisions)) == [1, 3, 3, 10]
    # The last bar decides nothing, so the last sell is filled by bar 39.
    assert decisions[39] == 0


def test_every_placement_of_a_trade_is_equally_likely(bars_of):
    # A trade of 2 bars in a span of 6: bought on bar 0, 1 or 2, as it is sold on bar 4 at the latest.
    bars = bars_of([10.0] * 6)
    buys = [int(np.argmax(RandomEntries(holding_bars=(2,), span=6, seed=seed).decide(bars))) for seed in range(300)]
    # 100 of each are expected, with a deviation of 8.
    assert sorted(set(buys)) == [0, 1, 2]
    assert all(70 <= buys.count(bar) <= 130 for bar in range(3))


def test_trades_that_fill_the_span_have_one_placement(bars_of):
    # Bought on 0, sold on 2, bought on 3, sold on 5, in a span of 7.
    decisions = RandomEntries(holding_bars=(2, 2), span=7, seed=0).decide(bars_of([10.0] * 7))
    assert decisions.tolist() == [1, 0, -1, 1, 0, -1, 0]
    with pytest.raises(ConfigError, match=r"2 trades of 4 bars, .* need a span of 7 bars, was 6"):
        RandomEntries(holding_bars=(2, 2), span=6, seed=0)


def test_the_seed_decides(bars_of):
    bars = bars_of([10.0] * 200)
    one, same, other = (RandomEntries(holding_bars=(5,) * 8, span=200, seed=seed).decide(bars) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_no_trades_are_no_decisions(bars_of):
    assert not RandomEntries(holding_bars=(), span=5, seed=0).decide(bars_of([10.0] * 5)).any()
    assert RandomEntries.like([3, 9], [8, 9], span=30, seed=4).holding_bars == (5, 1)


def test_equal_weights_of_twenty_symbols_are_traded_and_a_band_of_the_user_wins(bars_of):
    # 1/20 is no more than the run's default band of 5 %, beyond which alone a weight is traded.
    members = [dataclasses.replace(bars_of([10.0] * 6), symbol=f"S{number:02}") for number in range(20)]
    bought = iq.backtest(EqualWeightMonthly(), Panel.of(members)).fills
    assert bought[bought["side"] == "buy"]["symbol"].nunique() == 20
    assert iq.backtest(EqualWeightMonthly(), Panel.of(members), band=0.05).fills.empty


def test_weights_of_its_own_ask_for_no_band():
    asking = [
        EqualWeightMonthly(),
        SixtyForty(stocks="A", bonds="B"),
        AlphaPortfolio(),
        AlphaPortfolio(long_only=False),
    ]
    assert [each.run_options["band"] for each in asking] == [0.0] * 4
    assert asking[3].run_options["allow_short"]
