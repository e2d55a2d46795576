import dataclasses
import doctest

import numpy as np
import pytest

import investiq as iq
from investiq.core import calendar
from investiq.core.errors import DataError, InsufficientDataError
from investiq.market import validating
from investiq.market.building import build_bars
from investiq.market.validating import Tolerance, compare_sources

DATES = ["2018-07-02", "2018-07-03", "2018-07-05", "2018-07-06"]


def series(close=(100.0, 101.0, 102.0, 103.0), volume=2_000_000.0, *, dates=DATES, provider="one", **changes):
    ts, close = np.array(dates, dtype="datetime64[us]"), np.array(close, dtype=float)
    options = {
        "symbol": "ACME",
        "provider": provider,
        "provenance": "vendor",
        "interval": "1d",
        "calendar_name": "XNYS",
        "ts": ts,
        "known_at": calendar.known_at(ts, "1d", "XNYS"),
        "columns": {
            "open": close,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": np.broadcast_to(np.asarray(volume, dtype=float), close.shape),
        },
        "price_basis": "as_traded",
        "known_at_rule": "close",
        "source": "test",
    }
    return build_bars(**(options | changes))


def test_equal_sources_agree_and_nothing_is_listed():
    check = compare_sources(series(), series(provider="two"))
    assert check.agrees
    assert (check.common, check.breaches) == (4, ())
    assert check.compared == {"open": 4, "high": 4, "low": 4, "close": 4, "volume": 4}
    assert "agree" in str(check)


def test_a_breach_exceeds_both_limits():
    # Limits 2 % and 0.02. On 100: 2.02 apart is 2.0 % of the mean 101.01, 2.03 is 2.01 %. On 0.50: 0.02 is 3.9 % but only
    # two cents; 0.03 is 5.8 % and three cents.
    for level, other, is_breach in (
        (100.0, 102.02, False), (100.0, 102.05, True), (0.50, 0.52, False), (0.50, 0.53, True), (5000.0, 5050.0, False),
    ):  # fmt: skip
        columns = {"high": np.full(4, 9e3), "low": np.full(4, 0.1), "volume": np.full(4, 1e6)}
        left, right = (
            series(provider=name, columns=columns | dict.fromkeys(("open", "close"), np.full(4, value)))
            for name, value in (("one", level), ("two", other))
        )
        found = compare_sources(left, right, {"close": validating.TOLERANCES["close"]})
        assert bool(found.breaches) is is_breach, (level, other)


def test_breaches_are_listed_by_date_with_both_values():
    check = compare_sources(series(), series((100.0, 101.0, 110.0, 103.0), provider="two"))
    assert not check.agrees
    assert {breach.field for breach in check.breaches} == {"open", "high", "low", "close"}
    close = next(breach for breach in check.breaches if breach.field == "close")
    assert (str(close.ts)[:10], close.a, close.b, close.difference) == ("2018-07-05", 102.0, 110.0, 8.0)
    # 8 / 106 is 7.5 %.
    assert close.limit == "7.5% and 8 apart, at most 2.0% and 0.02"
    assert check.largest["close"] == pytest.approx(8 / 106)
    for form in (str(check), check._repr_html_()):
        assert "7.55 %" in form
        assert "2018-07-05" in form
        assert "7.5% and 8 apart" in form
    assert check.to_frame().index.strftime("%Y-%m-%d").unique().tolist() == ["2018-07-05"]
    assert len(check.figure().data) == 1


def test_a_bar_that_one_source_lacks_is_a_difference_and_shifts_none():
    check = compare_sources(series(), series((100.0, 102.0, 103.0), dates=[DATES[0], *DATES[2:]], provider="two"))
    assert check.only_a.astype("datetime64[D]").astype(str).tolist() == ["2018-07-03"]
    assert (check.only_b.size, check.breaches, check.agrees) == (0, (), False)
    assert "Only in" in str(check)


def test_bars_before_the_first_and_after_the_last_common_one_are_no_difference():
    check = compare_sources(series(), series((101.0, 102.0), dates=DATES[1:3], provider="two"))
    assert check.agrees
    assert check.common == 2


@pytest.mark.parametrize(
    ("tape", "venue", "is_inside"),
    # Bands of IEX over consolidated volume: 0.001-0.30 from a million, 0-0.60 from 100,000, 0-2.0 below.
    [
        (1_000_000, 1_000, True),
        (1_000_000, 999, False),
        (1_000_000, 300_000, True),
        (1_000_000, 300_001, False),
        (999_999, 300_001, True),
        (100_000, 60_000, True),
        (100_000, 60_001, False),
        (99_999, 60_001, True),
        (50_000, 100_000, True),
        (50_000, 100_001, False),
    ],
)
def test_the_volume_of_iex_is_a_plausible_share_of_the_tape(tape, venue, is_inside):
    iex, sip = series(volume=venue, feed="iex"), series(volume=tape, provider="two", feed="sip")
    for check in (compare_sources(iex, sip), compare_sources(sip, iex)):
        assert check.agrees is is_inside
        assert "volume" not in check.compared
        assert check.largest["volume ratio"] == pytest.approx(venue / tape)
        assert "one_venue" in {note.code for note in check.notes}


def test_unknown_volume_is_neither_zero_nor_a_breach():
    check = compare_sources(series(volume=[np.nan, 1e6, 1e6, np.nan]), series(volume=1e6, provider="two"))
    assert check.agrees
    assert check.compared["volume"] == 2
    check = compare_sources(series(volume=np.nan), series(volume=1e6, provider="two"))
    assert np.isnan(check.largest["volume"])
    assert "no bar on which both know it" in str(check)


def test_what_is_adjusted_on_one_side_is_refused():
    raw = series()
    with pytest.raises(DataError, match="price bases differ: one as_traded, two vendor_split; load both as traded"):
        compare_sources(raw, series(provider="two", price_basis="vendor_split"))
    with pytest.raises(DataError, match="price bases differ: one as_traded, two split-adjusted"):
        compare_sources(raw, series(provider="two").adjusted("split"))
    with pytest.raises(DataError, match="factors that begin at 1 at each series' own first bar"):
        compare_sources(raw.adjusted("split"), series(provider="two").adjusted("split"))
    # Rebuilt as traded is as traded.
    assert compare_sources(raw, series(provider="two", price_basis="unsplit")).agrees


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbol": "OTHER"}, "the symbols differ: ACME and OTHER"),
        ({"currency": "EUR"}, "the currencies differ: USD and EUR"),
    ],
)
def test_other_things_than_the_same_bars_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        compare_sources(series(), series(provider="two", **changes))


def test_extended_and_regular_sessions_are_different_bars():
    other = series(provider="two")
    other = other.with_passport(dataclasses.replace(other.passport, session="extended"))
    with pytest.raises(DataError, match="the sessions differ: regular and extended"):
        compare_sources(series(), other)


def test_series_without_a_common_bar_are_refused_with_both_spans():
    with pytest.raises(InsufficientDataError, match="one 2018-07-02 to 2018-07-06 and two 2018-08-01 to 2018-08-02"):
        compare_sources(series(), series((10.0, 20.0), dates=["2018-08-01", "2018-08-02"], provider="two"))


def test_a_source_compared_with_itself_is_said_to_show_nothing():
    bars = iq.load_bars("SYN001", start="2019")
    check = compare_sources(bars, bars)
    assert [note.code for note in check.notes if note.code == "one_source"] == ["one_source"]
    assert check.watermark == "SYNTHETIC"
    assert check.names == ("synthetic (first)", "synthetic (second)")


def test_a_tolerance_is_named_and_finite():
    with pytest.raises(DataError, match=r"no tolerance for closing; fields are open, high"):
        compare_sources(series(), series(provider="two"), {"closing": Tolerance(relative=0.1, absolute=0.1)})
    with pytest.raises(DataError, match="must be >= 0 and finite"):
        Tolerance(relative=-0.1, absolute=0.0)


def test_the_examples_run():
    assert doctest.testmod(validating).failed == 0
