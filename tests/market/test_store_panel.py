"""Panels of the store: the same numbers as the series one by one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.core.errors import DataError
from investiq.history.flags import Flag
from investiq.history.panel import Panel
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, actions_table, bars_table, minute_table, moment

ARRAYS = ("ts", "known_at", "flags", "open", "high", "low", "close", "volume", "split_factor", "total_factor")
KEYS = [SeriesKey("bars", "massive", symbol) for symbol in ("A", "B", "C")]


@pytest.fixture
def store(tmp_path):
    """A has ten bars, B the first six with a split, C the last six; B's second bar was corrected."""
    store = Store(tmp_path)
    closes = np.arange(100.0, 110.0)
    store.write(KEYS[0], bars_table(closes), FACTS, moment("2024-03-01"))
    store.write(KEYS[1], bars_table(closes[:6]), FACTS, moment("2024-03-01"))
    store.write(KEYS[2], bars_table(closes).iloc[4:], FACTS, moment("2024-03-01"))
    store.write(KEYS[1].actions, actions_table({"ex_date": "2024-01-04", "ratio": 2.0}), {}, moment("2024-03-02"))
    store.write(KEYS[1], bars_table([100.0, 101.5, *closes[2:6]]), FACTS, moment("2024-03-03"))
    return store


CUTS = [
    {},
    {"start": "2024-01-04"},
    {"start": "2024-01-04", "end": "2024-01-10"},
    {"as_of": "2024-01-09T21:00"},
    {"as_of": "2024-01-09T20:59"},
    {"recorded_by": "2024-03-01"},
    {"recorded_by": "2024-03-02", "as_of": "2024-01-11", "start": "2024-01-03"},
]


@pytest.mark.parametrize("cut", CUTS)
def test_a_panel_equals_its_series_aligned_one_by_one(store, cut):
    panel = store.panel(KEYS, **cut)
    aligned = Panel.of([store.bars(key, **cut) for key in KEYS])
    assert (panel.symbols, panel.interval) == (("A", "B", "C"), "1d")
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(panel, name), getattr(aligned, name), err_msg=name)
        assert getattr(panel, name).flags.c_contiguous
        assert not getattr(panel, name).flags.writeable
    assert tuple(panel.passports) == tuple(aligned.passports)
    assert panel.actions == aligned.actions


def test_a_member_of_a_panel_is_the_series_with_its_passport(store):
    bars = store.panel(KEYS).bars("B")
    assert bars.fingerprint == bars.passport.sha256
    assert bars.passport.revisions == 1
    assert bars.passport == store.bars(KEYS[1]).passport


def test_a_panel_survives_pickling(store):
    panel = pickle.loads(pickle.dumps(store.panel(KEYS)))
    assert panel.passports[2].symbol == "C"
    assert [passport.symbol for passport in panel.passports[:2]] == ["A", "B"]


def test_a_series_without_a_bar_in_the_range_is_missing_throughout(store):
    panel = store.panel(KEYS[1:], end="2024-01-04")
    assert np.isnan(panel.close[1]).all()
    assert np.isnat(panel.known_at[1]).all()
    assert panel.close[0].tolist() == [100.0, 101.5, 102.0]


@settings(max_examples=20)
@given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=1, max_size=4))
def test_any_holes_are_missing_and_nothing_else_is(tmp_path_factory, members):
    store = Store(tmp_path_factory.mktemp("store"))
    table = bars_table(np.arange(100.0, 110.0))
    keys = [SeriesKey("bars", "massive", f"S{number}") for number in range(len(members))]
    for key, rows in zip(keys, members, strict=True):
        store.write(key, table.iloc[sorted(rows)], FACTS, moment("2024-03-01"))
    panel = store.panel(keys)
    labels = sorted(set.union(*members))
    expected = [[100.0 + label if label in rows else np.nan for label in labels] for rows in members]
    np.testing.assert_array_equal(panel.close, expected)


def test_a_bar_enters_a_panel_at_its_close_and_not_on_its_date(store):
    # The bar of Tuesday the 9th is labelled with its midnight; New York closes at 21:00Z.
    before, after = (store.panel(KEYS, as_of=f"2024-01-09T{hour}") for hour in ("20:59", "21:00"))
    assert str(before.ts[-1].astype("datetime64[D]")) == "2024-01-08"
    assert str(after.ts[-1].astype("datetime64[D]")) == "2024-01-09"


def test_a_panel_shows_no_quarantine_before_the_next_close(tmp_path):
    store = Store(tmp_path)
    bad = np.array([0, 0, 0, int(Flag.QUARANTINED), 0])
    store.write(KEYS[0], bars_table(np.full(5, 100.0), flags=bad), FACTS, moment("2024-03-01"))
    # Sessions of 2, 3, 4, 5 and 8 January: the bar of the 5th is judged by that of the 8th, which closes at 21:00Z.
    for as_of, marked in (("2024-01-08T20:59", False), ("2024-01-08T21:00", True)):
        assert bool(store.panel(KEYS[:1], as_of=as_of).flags[0, 3] & Flag.QUARANTINED) is marked


def test_intraday_panels_read_the_years_asked_for(tmp_path):
    store = Store(tmp_path)
    keys = [SeriesKey("bars", "massive", symbol, "1min") for symbol in ("A", "B")]
    for key, close in zip(keys, (1.0, 2.0), strict=True):
        table = minute_table(["2022-12-30T20:59", "2023-01-03T14:30"], close)
        store.write(key, table, FACTS, moment("2024-03-01"))
    assert store.panel(keys, start="2023").close.tolist() == [[1.0], [2.0]]
    assert store.panel(keys).close.tolist() == [[1.0, 1.0], [2.0, 2.0]]


def test_what_is_no_panel_is_refused(store):
    for keys, words in (
        ([], "at least one series"),
        ([KEYS[0], KEYS[0]], "may appear once"),
        ([KEYS[0], SeriesKey("bars", "massive", "B", "1min")], "one interval"),
        ([KEYS[0], KEYS[1].actions], "actions of 1d"),
        ([KEYS[0], SeriesKey("bars", "massive", "Z")], "fetch it first"),
    ):
        with pytest.raises(DataError, match=words):
            store.panel(keys)
    with pytest.raises(DataError, match="has a bar in the range"):
        store.panel(KEYS, start="2025")
