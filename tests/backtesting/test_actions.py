"""Splits and dividends inside a run: refused or said, never silently wrong."""

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


def test_a_split_inside_the_period_is_refused_with_its_date_and_ratio(bars):
    factor = np.where(np.arange(len(bars)) < 5, 1.0, 4.0)
    # The sixth session of 2014 is 9 January.
    with pytest.raises(
        DataError,
        match=r"1 split\(s\) inside the period, first on 2014-01-09 \(4 new shares for one\).*the longest is 2014-01-09 to 2014-01-31",
    ):
        iq.backtest(iq.strategies.BuyAndHold(), with_factors(bars, factor, factor), costs=FREE)


def test_a_split_on_or_before_the_first_bar_used_is_no_obstacle(bars):
    factor = np.where(np.arange(len(bars)) < 5, 1.0, 4.0)
    later = with_factors(bars, factor, factor)[5:]
    assert iq.backtest(iq.strategies.BuyAndHold(), later, costs=FREE).trades["quantity"].iloc[0] > 0


def test_dividends_inside_the_period_are_counted_in_a_caution(bars):
    # 2 % of the price before it on bar 5, then 1 % on bar 10: factors 1 / 0.98 and 1 / (0.98 x 0.99), 3 % together.
    total = np.ones(len(bars))
    total[5:] /= 0.98
    total[10:] /= 0.99
    result = iq.backtest(iq.strategies.BuyAndHold(), with_factors(bars, np.ones(len(bars)), total), costs=FREE)
    (note,) = [note for note in result.notes if note.code == "dividends_not_credited"]
    assert note.rows == 2
    assert "2 dividend(s) inside the period, together 3.00% of the prices before them" in note.text


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


def test_a_synthetic_share_with_splits_is_refused_rather_than_wrong():
    bars = iq.load_bars("SYN001")
    assert len(np.unique(bars.split_factor)) > 1
    with pytest.raises(DataError, match=r"SYN001: .* split"):
        iq.backtest(iq.strategies.BuyAndHold(), bars)
