from datetime import UTC, date, datetime

import numpy as np
import pytest

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.adjust import Action
from investiq.history.flags import Flag
from investiq.market.building import build_bars, recheck


def build(close=(10.0, 11.0, 12.0), days=("2024-03-01", "2024-03-04", "2024-03-06"), **changes):
    ts = np.array(days, dtype="datetime64[us]")
    close = np.array(close)
    options = {
        "symbol": "TEST",
        "provider": "test",
        "provenance": "file",
        "interval": "1d",
        "calendar_name": "XNYS",
        "ts": ts,
        "known_at": ts + np.timedelta64(21, "h"),
        "columns": {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": np.ones(close.size)},
        "price_basis": "as_traded",
        "known_at_rule": "21:00 UTC",
        "source": "by hand",
    }
    return build_bars(**(options | changes))


def test_the_passport_is_filled_from_the_bars():
    bars = build()
    passport = bars.passport
    assert (passport.rows, passport.missing_sessions, passport.repairs) == (3, 1, 0)
    assert (passport.first, passport.last) == (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))
    assert passport.sha256 == bars.fingerprint
    assert [note.code for note in passport.notes] == ["missing_sessions"]


def test_factors_are_one_without_actions():
    assert (build().total_factor == 1).all()
    assert build().flags.tolist() == [0, 0, 0]


def test_factors_and_flags_follow_from_the_actions():
    split = Action(kind="split", ex_date=date(2024, 3, 4), ratio=2.0)
    bars = build(close=(10.0, 5.5, 6.0), actions=[split])
    assert bars.adjusted().close.tolist() == [10.0, 11.0, 12.0]
    assert bars.flags.tolist() == [0, Flag.ACTION, 0]
    assert bars.actions == (split,)
    assert bars[1:].actions == ()  # no holder of these bars goes through it


def test_adjusted_vendor_prices_carry_a_caution():
    assert "vendor_adjusted_prices" in [note.code for note in build(price_basis="vendor_total").passport.notes]


def test_no_bars_at_all_is_an_error():
    with pytest.raises(DataError, match="TEST: test returned no bars"):
        build(close=(), days=())


def test_cautions_about_rows_follow_the_slice_and_others_stay():
    bars = build(notes=[Note(code="price_index", text="an index")])
    assert [note.code for note in recheck(bars[1:2]).passport.notes] == ["price_index"]
    more = Note(code="range_clipped", text="asked for more")
    assert [note.code for note in recheck(bars, [more]).passport.notes] == [
        "price_index",
        "missing_sessions",
        "range_clipped",
    ]
    assert recheck(bars[1:2]).passport.sha256 == bars.passport.sha256
