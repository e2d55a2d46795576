"""Panels of a vendor's symbols: brought up to date together, read from the store at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError, NotEntitledError, UnknownSymbolError, VendorError
from investiq.market.store import open_store
from investiq.runtime import clock
from tests.servers.http import refused, server_error
from tests.servers.polygon import Polygon

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)
SYMBOLS = [f"S{number:02}" for number in range(12)]


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    return Polygon(vendor_server, monkeypatch)


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


def test_symbols_are_asked_for_together_and_each_once(vendor, vendor_server):
    vendor_server.delay = 0.05
    panel = iq.load_panel(SYMBOLS, "2018-12-03")
    assert panel.symbols == tuple(SYMBOLS)
    assert panel.close.shape == (12, 18)
    assert vendor_server.most_in_flight > 3
    assert sorted(vendor.asked) == SYMBOLS


def test_a_panel_from_the_store_is_that_of_its_members(vendor):
    panel = iq.load_panel(SYMBOLS[:3], "2018-12-03", "2018-12-20")
    for symbol in SYMBOLS[:3]:
        alone = iq.load_bars(symbol, "2018-12-03", "2018-12-20")
        np.testing.assert_array_equal(panel.bars(symbol).close, alone.close)
        assert panel.bars(symbol).passport == alone.passport


def test_every_symbol_that_failed_is_named_and_what_came_is_not_asked_for_again(vendor):
    vendor.faults |= {"S03": server_error(500), "S05": refused()}
    with pytest.raises(
        VendorError, match=r"2 of 6 symbols could not be loaded: S03, S05 \(no bars of S03: .*no bars of S05: "
    ):
        iq.load_panel(SYMBOLS[:6], "2018-12-03")
    assert {key.symbol for key in open_store().keys("bars")} == {"S00", "S01", "S02", "S04"}
    vendor.faults.clear()
    vendor.asked.clear()
    assert iq.load_panel([*SYMBOLS[:5]], "2018-12-03").close.shape == (5, 18)
    assert vendor.asked == ["S03"]


def test_failures_of_one_kind_keep_their_class(vendor):
    vendor.faults |= {"S01": refused(), "S02": refused()}
    with pytest.raises(NotEntitledError, match="2 of 3 symbols could not be loaded: S01, S02"):
        iq.load_panel(SYMBOLS[:3], "2018-12-03")
    vendor.spans |= dict.fromkeys(["S03", "S04"], ("2019-06-01", "2018-01-01"))
    with pytest.raises(UnknownSymbolError, match="S03, S04"):
        iq.load_panel(["S00", "S03", "S04"], "2018-12-03")


def test_a_symbol_named_twice_is_refused_before_anything_is_asked(vendor, vendor_server):
    with pytest.raises(DataError, match="each symbol may appear once in a panel; found S00, S01, S00"):
        iq.load_panel(["S00", "S01", "S00"])
    assert vendor_server.requests == []


def test_shares_of_a_vendor_and_of_the_sample_meet_in_the_order_asked_for(vendor):
    panel = iq.load_panel(["S00", "^GSPC", "S01"], "2018-12-03", "2018-12-28")
    assert panel.symbols == ("S00", "^GSPC", "S01")
    assert [passport.provider for passport in panel.passports] == ["massive", "sample", "massive"]
    assert sorted(vendor.asked) == ["S00", "S01"]


def test_a_panel_tells_which_of_its_series_lacks_the_newest_bars(vendor):
    vendor.spans["S01"] = ("2018-01-02", "2018-12-20")
    panel = iq.load_panel(SYMBOLS[:2], "2018-12-03")
    (note,) = (note for note in panel.notes if note.code == "stale")
    assert note.text.startswith("newest S01 bar from massive is 2018-12-20, expected 2018-12-28")


def test_a_panel_of_a_vendor_that_is_down_says_so(vendor):
    iq.load_panel(SYMBOLS[:2], "2018-12-03")
    vendor.faults["S01"] = server_error(500)
    with clock.fixed(datetime(2019, 1, 4, 23, tzinfo=UTC)):
        panel = iq.load_panel(SYMBOLS[:2], "2018-12-03")
    (note,) = (note for note in panel.notes if note.code == "not_updated")
    assert note.text.startswith("S01: the stored bars could not be brought up to date: ")


def test_a_panel_of_a_universe_keeps_its_caution_of_survivorship(vendor):
    universe = iq.load_universe("benchmarks")
    panel = iq.load_panel(universe, "2018-12-03")
    assert panel.symbols == universe.symbols
    assert [note.code for note in panel.notes if note.code == "survivorship"] == ["survivorship"]
    local = iq.load_panel(iq.load_universe("synthetic"), "2018-12-03")
    assert [note.code for note in local.notes] == ["newest_members"]


def test_an_earlier_recording_is_read_and_nobody_is_asked(vendor, vendor_server):
    iq.load_panel(SYMBOLS[:2], "2018-12-03", "2018-12-14")
    with clock.fixed(SUNDAY + timedelta(hours=1)):
        iq.load_panel(SYMBOLS[:2], "2018-12-03")
    asked = len(vendor_server.requests)
    panel = iq.load_panel(SYMBOLS[:2], recorded_by=SUNDAY + timedelta(minutes=1))
    # 3 to 14 December without the 5th, a day of mourning.
    assert panel.close.shape == (2, 9)
    assert len(vendor_server.requests) == asked
