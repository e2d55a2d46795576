from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import DataError
from investiq.history.instants import aware, instant, label_text


@pytest.mark.parametrize(
    ("when", "first", "last"),
    [
        ("2014", "2014-01-01T00:00:00.000000", "2014-12-31T23:59:59.999999"),
        ("2016-02", "2016-02-01T00:00:00.000000", "2016-02-29T23:59:59.999999"),
        ("2014-03-31", "2014-03-31T00:00:00.000000", "2014-03-31T23:59:59.999999"),
        ("20140331", "2014-03-31T00:00:00.000000", "2014-03-31T23:59:59.999999"),
        (date(2014, 3, 31), "2014-03-31T00:00:00.000000", "2014-03-31T23:59:59.999999"),
        (np.datetime64("2014-03-31"), "2014-03-31T00:00:00.000000", "2014-03-31T23:59:59.999999"),
        (np.datetime64("2014"), "2014-01-01T00:00:00.000000", "2014-12-31T23:59:59.999999"),
    ],
)
def test_a_date_without_a_time_means_its_end_or_its_beginning(when, first, last):
    assert str(instant(when)) == last
    assert str(instant(when, day_ends=False)) == first


@pytest.mark.parametrize(
    "when",
    [
        "2014-03-31 21:00",
        "2014-03-31T21:00Z",
        "2014-03-31T17:00-04:00",
        " 2014-03-31T21:00:00 ",
        datetime.fromisoformat("2014-03-31 21:00"),
        datetime(2014, 3, 31, 21, 0, tzinfo=UTC),
        datetime(2014, 3, 31, 17, 0, tzinfo=timezone(timedelta(hours=-4))),
        pd.Timestamp("2014-03-31 17:00", tz="America/New_York"),
        np.datetime64("2014-03-31T21:00"),
    ],
)
def test_a_time_is_taken_as_it_is_in_utc(when):
    assert instant(when) == instant(when, day_ends=False) == np.datetime64("2014-03-31T21:00:00", "us")
    assert instant(when).dtype == np.dtype("datetime64[us]")


def test_a_nanosecond_stamp_is_cut_to_the_microsecond():
    assert instant(pd.Timestamp("2014-03-31 21:00:00.000001999")) == np.datetime64("2014-03-31T21:00:00.000001")


@pytest.mark.parametrize("when", ["yesterday", "31/03/2014", "2014-13-01", "2014-3-1", "", 20140331, None, 1.5])
def test_what_is_no_time_is_refused_with_an_example(when):
    with pytest.raises(DataError, match="is not a time; expected an ISO date such as '2014-03-31'"):
        instant(when)


@pytest.mark.parametrize("when", [pd.NaT, np.datetime64("NaT", "us")])
def test_a_missing_time_is_refused(when):
    with pytest.raises(DataError, match="NaT"):
        instant(when)


@given(st.datetimes(timezones=st.timezones()))
def test_an_aware_time_keeps_its_instant(when):
    assert instant(when) == np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")
    assert instant(when.isoformat()) == instant(when)


def test_a_label_reads_as_a_date_or_as_a_minute():
    ts = np.datetime64("2014-03-31T13:30:00.000000")
    assert label_text(ts, "1d") == label_text(ts, "1w") == label_text(ts, "1mo") == "2014-03-31"
    assert label_text(ts, "5min") == "2014-03-31 13:30"


def test_an_instant_becomes_a_datetime_in_utc_to_the_microsecond():
    moment = aware(np.datetime64("2024-03-08T14:30:00.000001"))
    assert moment == datetime(2024, 3, 8, 14, 30, 0, 1, tzinfo=UTC)
    assert aware(np.datetime64("2024-03-08", "D")).isoformat() == "2024-03-08T00:00:00+00:00"
