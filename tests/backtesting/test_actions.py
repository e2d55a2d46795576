"""Splits and dividends inside a run: positions go through them, and their cash arrives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.core.notes import Note

FREE = iq.Costs(commission_rate=0, slippage_bps=0)


@pytest.fixture
def bars():
    return iq.load_bars("^GSPC", start="2014-01-02", end="2014-01-31")


def with_factors(bars, split, total):
    return dataclasses.replace(bars, split_factor=np.asarray(split, float), total_factor=np.asarray(total, float))


def split_four_for_one(bars, at):
    """Return the same market with four shares for one at bar `at`, a quarter of the price each."""
    factor = np.where(np.arange(len(bars)) < at, 1.0, 4.0)
    prices = {name: getattr(bars, name) / factor for name in ("open", "high", "low", "close")}
    return dataclasses.replace(with_factors(bars, factor, factor), **prices)


def test_a_position_goes_through_a_split_without_a_gain_or_a_loss(bars):
    whole = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, level_rounding=None)
    split = iq.backtest(iq.strategies.BuyAndHold(), split_four_for_one(bars, 5), costs=FREE, level_rounding=None)
    # Quarters of a price in cents are exact in binary, and so are four times the shares.
    np.testing.assert_allclose(split.run.equity, whole.run.equity, atol=0.01)
    assert split.run.position[6] == 4 * whole.run.position[6]
    (trade,) = split.trades.to_dict("records")
    assert (trade["exit_quantity"], trade["quantity"]) == (4 * trade["quantity"], whole.trades["quantity"].iloc[0])
    assert trade["pnl"] == pytest.approx(whole.trades["pnl"].iloc[0], abs=0.02)


def test_the_stop_of_a_position_goes_through_a_split_with_it(bars):
    # A stop of 5 % that was not divided by four would lie far above the new prices, and sell at once.
    split = iq.backtest(iq.strategies.BuyAndHold(), split_four_for_one(bars, 5), costs=FREE, stop_loss=0.05)
    assert split.trades["exit_reason"].tolist() == ["end_of_data"]


def test_a_split_on_or_before_the_first_bar_used_is_no_obstacle(bars):
    factor = np.where(np.arange(len(bars)) < 5, 1.0, 4.0)
    later = with_factors(bars, factor, factor)[5:]
    assert iq.backtest(iq.strategies.BuyAndHold(), later, costs=FREE).trades["quantity"].iloc[0] > 0


def test_dividends_inside_the_period_are_paid_to_the_position(bars):
    # 2 % of the price before it on bar 5, then 1 % on bar 10: factors 1 / 0.98 and 1 / (0.98 x 0.99).
    total = np.ones(len(bars))
    total[5:] /= 0.98
    total[10:] /= 0.99
    paying = with_factors(bars, np.ones(len(bars)), total)
    result = iq.backtest(iq.strategies.BuyAndHold(), paying, costs=FREE)
    plain = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE)
    shares = result.trades["quantity"].iloc[0]
    expected = [round(shares * 0.02 * bars.close[4], 2), round(shares * 0.01 * bars.close[9], 2)]
    assert result.postings.query("kind == 'dividend'")["amount"].tolist() == pytest.approx(expected, abs=0.01)
    assert result.run.equity[-1] == pytest.approx(plain.run.equity[-1] + sum(expected), abs=0.03)
    assert result.trades["dividends"].iloc[0] == pytest.approx(sum(expected), abs=0.02)
    (note,) = [note for note in result.notes if note.code == "dividends_paid_on_ex_date"]
    assert note.rows == 2


def test_data_with_an_error_in_their_passport_are_refused(bars):
    broken = dataclasses.replace(
        bars.passport,
        notes=(Note(code="action_not_applied", text="a dividend of 30 on a price of 20", severity="error"),),
    )
    with pytest.raises(DataError, match="a dividend of 30 on a price of 20; correct the data"):
        iq.backtest(iq.strategies.BuyAndHold(), bars.with_passport(broken), costs=FREE)


def test_an_action_after_the_period_that_is_used_does_not_stop_a_run(bars):
    note = Note(
        code="action_not_applied", text="a dividend of 30 on a price of 20", severity="error", event="2014-01-24"
    )
    known_later = bars.with_passport(dataclasses.replace(bars.passport, notes=(note,)))
    with pytest.raises(DataError, match="a dividend of 30"):
        iq.backtest(iq.strategies.BuyAndHold(), known_later, costs=FREE)
    assert len(iq.backtest(iq.strategies.BuyAndHold(), known_later.until("2014-01-22"), costs=FREE).trades) == 1


def test_a_synthetic_share_with_splits_and_dividends_is_held_through_them():
    bars = iq.load_bars("SYN001")
    assert len(np.unique(bars.split_factor)) > 1
    result = iq.backtest(iq.strategies.BuyAndHold(), bars, costs=FREE, weight=1.0, lot=None)
    # Its account earns what the total factor says a holder earns, but for dividends that stay in cash instead of being reinvested.
    held = bars.close * bars.total_factor
    bought = bars.open[1] * bars.total_factor[1]
    assert result.run.equity[-1] / 100_000 == pytest.approx(held[-1] / bought, rel=0.2)
    daily = result.returns.to_numpy()
    assert daily.min() > (held[1:] / held[:-1] - 1).min() - 0.01
    trips = result.round_trips
    assert 100_000 + trips.pnl.sum() == pytest.approx(result.run.equity[-1], abs=0.05)
