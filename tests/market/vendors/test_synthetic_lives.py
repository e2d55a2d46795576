"""Shares that come late or die: the known truth behind survivorship tests."""

import hashlib
from collections import Counter

import numpy as np
import pytest

import investiq as iq
from investiq.core import calendar
from investiq.market.contract import Request
from investiq.market.vendors import synthetic
from investiq.market.vendors.synthetic_lives import NUMBERS, planted_returns

NAMES = [f"SYN{number}" for number in NUMBERS]
FAILED = [name for name in NAMES if synthetic.life_of(name).ending == "failed"]
ACQUIRED = [name for name in NAMES if synthetic.life_of(name).ending == "acquired"]


def test_forty_shares_stay_come_late_fail_or_are_acquired():
    lives = [synthetic.life_of(name) for name in NAMES]
    assert Counter(life.ending for life in lives) == {"listed": 24, "failed": 12, "acquired": 4}
    assert sum(life.first > synthetic.FIRST for life in lives) == 8


@pytest.mark.parametrize("name", NAMES)
def test_bars_fill_every_session_of_a_life_and_none_outside(name):
    bars, life = synthetic.load(name), synthetic.life_of(name)
    expected = calendar.session_dates("XNYS", np.datetime64(life.first), np.datetime64(life.last))
    assert (bars.ts == expected).all()
    assert synthetic.truth(name).returns.size == len(bars)


@pytest.mark.parametrize("name", [*FAILED[:3], *ACQUIRED[:2], "SYN217"])
def test_a_holder_of_a_share_that_ends_earns_the_true_return(name):
    bars, truth = synthetic.load(name), synthetic.truth(name)
    ratio, cash = np.ones(len(bars)), np.zeros(len(bars))
    for action in truth.actions:
        row = np.searchsorted(bars.ts, np.datetime64(action.ex_date))
        ratio[row] *= action.ratio or 1.0
        cash[row] += action.cash or 0.0
    earned = (bars.close[1:] + cash[1:]) * ratio[1:] / bars.close[:-1]
    assert np.log(earned) == pytest.approx(truth.returns[1:], abs=1e-12)
    parts = truth.loadings["market"] * truth.market + truth.loadings["sector"] * truth.sector_returns + truth.own
    assert truth.returns == pytest.approx(parts, abs=1e-15)


def test_what_an_end_adds_to_the_returns_is_known():
    # A failure takes 2.5 in 250 even steps up to the last session; a bid adds log(1.25) once, on the day it is told.
    failed, bought = synthetic.life_of(FAILED[0]), synthetic.life_of(ACQUIRED[0])
    added = planted_returns(failed, 2516)
    assert added.sum() == pytest.approx(-2.5)
    assert np.flatnonzero(added).tolist() == list(range(failed.last_row - 249, failed.last_row + 1))
    added = planted_returns(bought, 2516)
    assert np.expm1(added.sum()) == pytest.approx(0.25)
    told = calendar.session_dates("XNYS", np.datetime64(synthetic.FIRST), np.datetime64(synthetic.LAST))
    assert told[np.flatnonzero(added)[0]] == np.datetime64(bought.announced)


def test_the_end_of_a_share_is_told_only_where_its_last_bar_is_seen():
    name = FAILED[0]
    bars, life = synthetic.load(name), synthetic.life_of(name)
    assert [note.event for note in bars.passport.notes if note.code == "delisted"] == [life.last.isoformat()]
    before = iq.History.of(bars).until(f"{life.last.isoformat()}T12:00")
    assert "delisted" not in {note.code for note in before.notes}


def test_the_listing_holds_the_dead_with_their_dates():
    answer = synthetic.Synthetic().fetch(Request.of("listing"))
    table = answer.table.set_index("symbol")
    assert answer.status == "ok"
    assert len(table) == 140
    assert table.loc["SYN001", "is_active"] == "true"
    assert (table.loc[FAILED + ACQUIRED, "is_active"] == "false").all()
    assert table.loc[FAILED[0], "delisted_at"].date() == synthetic.life_of(FAILED[0]).last
    assert str(table["delisted_at"].dtype) == "datetime64[us, UTC]"


# Of 2-decimal closes: stable across numpy versions where a last bit may differ.
def test_the_shares_there_before_are_unchanged():
    digest = hashlib.sha256()
    for number in range(1, 101):
        digest.update(np.round(synthetic.load(f"SYN{number:03}").close, 2).tobytes())
    assert digest.hexdigest() == "4f11b2ff6258b18489ce5c8ef1f3ed3b2ac936f0bfc821b9a8e359b8b48d6d33"
