"""The quality gate on real series, planted errors and its definitions by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.history.flags import Flag
from investiq.market.cleaning import (
    long_wicks,
    odd_volumes,
    quality_gate,
    robust_scores,
    simple_moves,
    spikes_that_revert,
    usual_moves,
)


def closes(name):
    if name in ("^VIX", "WTI"):
        return iq.load_records(name).frame["close"].dropna().to_numpy()
    return iq.load_bars(name).adjusted().close


def replaced(bars, row, **values):
    """Return the bars with some numbers of one row changed; the bar stays consistent."""
    arrays = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name, value in values.items():
        arrays[name][row] = value
    arrays["high"][row] = max(arrays[name][row] for name in ("open", "high", "low", "close"))
    arrays["low"][row] = min(arrays[name][row] for name in ("open", "high", "low", "close"))
    return dataclasses.replace(bars, **arrays)


@pytest.mark.parametrize(
    ("name", "outliers", "large"), [("^GSPC", 2, 0), ("^IXIC", 0, 0), ("WTI", 0, 1), ("^VIX", 3, 13)]
)
def test_nothing_real_is_quarantined_in_the_sample(name, outliers, large):
    # Measured independently for the same series: 0 spikes that revert; scores above 10 and returns above 30 % as given.
    close = closes(name)
    scores, moves = robust_scores(close), simple_moves(close)
    assert spikes_that_revert(close).size == 0
    assert int((scores > 10).sum()) == outliers
    assert int((np.abs(moves) > 0.30).sum()) == large


@pytest.mark.parametrize(("size", "least", "most"), [(0.30, 0.90, 0.99), (0.10, 0.27, 0.83)])
def test_planted_errors_of_one_day_are_found_as_often_as_claimed(size, least, most):
    # One error at a time, 200 places a series; a share of 200 has a standard error of up to 3.5 points.
    rng = np.random.default_rng(11)
    shares = []
    for name in ("^GSPC", "^IXIC", "WTI"):
        close, hits = closes(name), 0
        for row in rng.choice(np.arange(62, close.size - 1), 200, replace=False):
            window = close[row - 61 : row + 2].copy()
            window[61] *= 1 + size * rng.choice([-1, 1])
            hits += 61 in spikes_that_revert(window)
        shares.append(hits / 200)
    assert min(shares) >= least - 0.08
    assert max(shares) <= most + 0.02


@pytest.mark.parametrize("number", range(1, 101, 9))
def test_no_synthetic_share_with_splits_and_dividends_loses_a_bar(number):
    gated = quality_gate(iq.load_bars(f"SYN{number:03}"))
    assert gated.reasons == {}
    assert not (gated.flags & Flag.QUARANTINED).any()


def test_fat_tails_can_look_like_a_bad_print():
    # Of 100 synthetic shares, 251,600 bars without an error, two bars are quarantined; this is one of them.
    bars = iq.load_bars("SYN017")
    (row,) = quality_gate(bars).reasons
    assert str(bars.ts[row])[:10] == "2016-08-16"


def test_the_usual_move_is_the_scaled_median_deviation_of_the_sixty_before():
    # Returns alternate +1 % and -1 %: their median is 0 (30 of each), every deviation 1 %. Usual: 1.4826 %.
    moves = np.tile([0.01, -0.01], 31)
    moves[60] = 0.05
    close = 100 * np.cumprod(np.append(1.0, 1 + moves))
    usual = usual_moves(close)
    assert np.isnan(usual[:61]).all()
    assert usual[61] == pytest.approx(0.014826, rel=1e-9)
    assert robust_scores(close)[61] == pytest.approx(0.05 / 0.014826, rel=1e-9)


def test_a_price_that_does_not_move_has_no_usual_move():
    assert np.isnan(robust_scores(np.full(100, 10.0))).all()


def test_a_bad_print_is_quarantined_once_with_its_reason_and_the_good_day_after_is_not():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    row = 150
    bad = replaced(bars, row, close=bars.close[row] * 0.7)
    gated = quality_gate(bad)
    assert np.flatnonzero(gated.flags & Flag.QUARANTINED).tolist() == [row]
    assert gated.reasons[row].startswith("return -3")
    assert "taken back" in gated.reasons[row]
    assert len(gated.flags) == len(bars)


def test_a_move_that_stays_is_warned_of_and_kept():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    factor = np.where(np.arange(len(bars)) >= 150, 0.65, 1.0)
    fallen = dataclasses.replace(
        bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    )
    gated = quality_gate(fallen)
    assert gated.reasons == {}
    assert [note.code for note in gated.notes] == ["outliers", "large_returns"]
    assert quality_gate(fallen, is_price=False).doubtful["large_returns"].size == 0


def test_a_recorded_split_is_no_move():
    bars = iq.load_bars("SYN001")
    # The planned 4:1 of the generator: the price as traded falls by three quarters.
    assert np.nanmin(simple_moves(bars.close)) < -0.7
    assert quality_gate(bars).doubtful["large_returns"].size == 0


def test_the_last_bar_is_not_judged_before_the_next_is_there():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    bad = replaced(bars, len(bars) - 1, close=bars.close[-1] * 0.7)
    assert quality_gate(bad).reasons == {}


def test_the_verdict_is_made_anew_and_other_flags_stay():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    flags = np.zeros(len(bars), dtype=np.int32)
    flags[10] = Flag.QUARANTINED | Flag.REVISED
    gated = quality_gate(dataclasses.replace(bars, flags=flags))
    assert gated.flags[10] == Flag.REVISED


def test_minutes_are_not_quarantined():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    bad = replaced(bars, 150, close=bars.close[150] * 0.7)
    assert quality_gate(dataclasses.replace(bad, interval="5min")).reasons == {}


def test_a_high_far_outside_the_bar_and_an_odd_volume_are_warned_of():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    tall = replaced(bars, 150, high=bars.high[150] * 1.5)
    assert quality_gate(tall).doubtful["long_wicks"].tolist() == [150]
    low = replaced(bars, 150, low=bars.low[150] * 0.5)
    assert long_wicks(low, usual_moves(low.close)).tolist() == [150]
    # In lots of 100 shares instead of shares.
    small = replaced(bars, 150, volume=bars.volume[150] / 100)
    assert odd_volumes(small.volume).tolist() == [150]


def test_short_series_pass_unjudged():
    bars = iq.load_bars("^IXIC", "2018-12", "2018")
    gated = quality_gate(bars)
    assert gated.reasons == {}
    assert gated.notes == ()


def test_a_backtest_refuses_quarantined_bars_and_takes_the_rest():
    bars = iq.load_bars("^IXIC", "2016", "2016")
    bad = replaced(bars, 150, close=bars.close[150] * 0.7)
    flagged = dataclasses.replace(bad, flags=quality_gate(bad).flags)
    with pytest.raises(
        DataError, match=r"^\^IXIC: 1 bar\(s\) are quarantined as bad prints: 2016-08-08; leave them out"
    ):
        iq.backtest(iq.strategies.BuyAndHold(), flagged)
    result = iq.backtest(iq.strategies.BuyAndHold(), flagged.without_quarantined())
    assert "quarantined_dropped" in {note.code for note in result.notes}
