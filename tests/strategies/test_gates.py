"""The gate on the win rate, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from investiq.core.errors import ConfigError
from investiq.strategies import WinRateGate


def record(profits, bar=100, closed=None):
    """Return an account at `bar` whose trades closed with these profits, at `bar` unless told otherwise."""
    trips = tuple(SimpleNamespace(exit_bar=bar if closed is None else closed, pnl=profit) for profit in profits)
    return SimpleNamespace(bar=bar, round_trips=trips)


def test_the_bound_of_a_flat_prior_is_a_quantile_of_the_uniform():
    gate = WinRateGate(wins=1, losses=1, credibility=0.8)
    assert gate.bound(record([])) == pytest.approx(0.2)
    # One win: density 2x, so the quantile of 0.2 is its root; one loss: 1 - sqrt(0.8).
    assert gate.bound(record([5.0])) == pytest.approx(0.2**0.5)
    assert gate.bound(record([-5.0])) == pytest.approx(1 - 0.8**0.5)


def test_a_trade_that_neither_won_nor_lost_is_no_win():
    gate = WinRateGate(wins=1, losses=1)
    assert gate.bound(record([0.0])) == gate.bound(record([-1.0]))


def test_the_gate_acts_from_twenty_trades_on():
    assert WinRateGate()(record([-1.0] * 19))
    assert not WinRateGate()(record([-1.0] * 20))


def test_the_gate_lets_a_credible_rate_pass():
    # 80 of 100: the rate is above 0.52 beyond doubt. 56 of 100 is above 0.52 on average, not credibly.
    assert WinRateGate()(record([1.0] * 80 + [-1.0] * 20))
    assert not WinRateGate()(record([1.0] * 56 + [-1.0] * 44))


def test_old_trades_fade_so_that_a_shut_gate_opens_again():
    # After one half-life of 252 bars 30 trades weigh 15, fewer than 20; after 100 bars they weigh 22.8.
    gate, trades = WinRateGate(), [-1.0] * 30
    assert not gate(record(trades, bar=200, closed=100))
    assert gate(record(trades, bar=352, closed=100))


def test_kelly_at_the_bound_is_capped_and_never_negative():
    gate = WinRateGate(wins=1, losses=1)
    assert gate.kelly(record([1.0] * 100)) == 0.02
    assert gate.kelly(record([-1.0] * 3)) == 0.0
    # Bound 0.4472: no edge. Four wins: 0.2 ** (1 / 5) = 0.7248, 2p - 1 = 0.4496.
    assert gate.kelly(record([1.0] * 4), most=1.0) == pytest.approx(2 * 0.2**0.2 - 1)


@pytest.mark.parametrize("wrong", [{"rate": 1.0}, {"credibility": 0.0}, {"wins": 0}, {"half_life": 0}])
def test_a_parameter_out_of_range_is_refused(wrong):
    with pytest.raises(ConfigError, match=f"WinRateGate: {next(iter(wrong))} must"):
        WinRateGate(**wrong)
