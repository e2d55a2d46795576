"""Trailing changes of prices, by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError
from investiq.runtime import clock
from tests.servers.http import server_error
from tests.servers.polygon import Polygon


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    with clock.fixed(datetime(2018, 12, 30, 12, tzinfo=UTC)):
        yield Polygon(vendor_server, monkeypatch)


def test_a_change_is_the_last_close_over_the_one_so_many_bars_before(vendor):
    # Closes rise by one a session from 100 on 2018-01-02; the 28th of December is the 250th session: 349.
    row = iq.price_changes(["AAPL"], days=3).loc["AAPL"]
    assert row["trailing_change"] == pytest.approx(349 / 346 - 1)
    # Three sessions back, over Christmas: 24, 26, 27, 28.
    assert (f"{row['first']:%Y-%m-%d}", f"{row['last']:%Y-%m-%d}") == ("2018-12-24", "2018-12-28")


def test_a_split_on_the_way_is_no_change_of_the_price(vendor):
    split = {"id": "S", "ticker": "AAPL", "execution_date": "2018-12-27", "split_from": 1, "split_to": 2}
    for path in ("/v3/reference/splits", "/stocks/v1/splits"):
        vendor.server.route(path, {"status": "OK", "results": [{**split, "adjustment_type": "forward_split"}]})
    # Each share of the 24th is two of the 28th.
    change = iq.price_changes(["AAPL"], days=3).loc["AAPL", "trailing_change"]
    assert change == pytest.approx(2 * 349 / 346 - 1)


def test_an_earlier_moment_of_knowledge_ends_the_change_there(vendor):
    # At 16:14 New York the bar of the day is not yet settled.
    early = iq.price_changes(["AAPL"], days=1, as_of="2018-12-28T21:14").loc["AAPL"]
    assert early["trailing_change"] == pytest.approx(348 / 347 - 1)
    assert f"{early['last']:%Y-%m-%d}" == "2018-12-27"


def test_a_shorter_horizon_does_not_stand_in_for_the_one_asked_for(vendor):
    vendor.spans["NEW"] = ("2018-12-27", "2018-12-28")
    row = iq.price_changes(["NEW"], days=2).loc["NEW"]
    assert np.isnan(row["trailing_change"])
    assert row["reason"] == "2 bars before the last need 3 bars, there are 2"
    assert iq.price_changes(["NEW"], days=1).loc["NEW", "trailing_change"] == pytest.approx(349 / 348 - 1)


def test_a_change_up_to_an_old_bar_says_why_it_ends_there(vendor):
    iq.load_bars("MSFT", "2018-10-01")
    vendor.faults["MSFT"] = server_error(500)
    with clock.fixed(datetime(2019, 1, 4, 23, tzinfo=UTC)):
        row = iq.price_changes(["MSFT"], days=3).loc["MSFT"]
    assert f"{row['last']:%Y-%m-%d}" == "2018-12-28"
    assert row["trailing_change"] == pytest.approx(349 / 346 - 1)
    assert row["reason"].startswith("MSFT: the stored bars could not be brought up to date: ")


def test_orders_that_make_no_sense_are_refused():
    with pytest.raises(DataError, match="days must be at least 1 bar, was 0"):
        iq.price_changes(["AAPL"], days=0)
    with pytest.raises(DataError, match=r"write \['AAPL'\]"):
        iq.price_changes("AAPL")
