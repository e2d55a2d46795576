import dataclasses
import pickle
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.core.errors import DataError


def test_bars_own_frozen_arrays(make_bars):
    bars = make_bars()
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
    with pytest.raises(AttributeError):
        bars.close = np.ones(5)


def test_bars_do_not_follow_the_array_they_were_built_from(make_bars):
    prices = np.array([10.0, 11.0, 12.0])
    bars = make_bars(prices, open=prices)
    prices[0] = 10.5
    assert bars.open[0] == 10.0


def test_bars_do_not_follow_a_frame_that_changes_behind_a_read_only_view(make_bars):
    # pandas hands out read-only views, and writes to the same memory once the column object is gone.
    frame = pd.DataFrame({"volume": [1.0, 2.0, 3.0]})
    bars = make_bars((10.0, 11.0, 12.0), volume=frame["volume"].to_numpy())
    frame.loc[0, "volume"] = 99.0
    assert bars.volume.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"high": [11.0, 9.0, 13.0]}, "high lies below"),
        ({"low": [9.0, 11.5, 11.0]}, r"low lies above open or close; 1 bar.* first at 2024-03-04"),
        ({"low": [9.0, -1.0, 11.0]}, "low must be a positive finite price"),
        ({"open": [10.0, np.nan, 12.0]}, "open must be a positive finite price"),
        ({"high": [11.0, np.inf, 13.0]}, "high must be a positive finite price"),
        ({"volume": [1.0, -1.0, 1.0]}, "volume must be >= 0"),
        ({"volume": [1.0, 1.0]}, r"volume has shape \(2,\), expected \(3,\)"),
        ({"split_factor": [1.0, 0.0, 1.0]}, "split_factor must be positive"),
        ({"total_factor": [1.0, np.nan, 1.0]}, "total_factor must be positive"),
    ],
)
def test_bars_refuse_what_no_market_prints(make_bars, changes, words):
    with pytest.raises(DataError, match=words):
        make_bars(**({"close": (10.0, 11.0, 12.0)} | changes))


@pytest.mark.parametrize("second", ["2024-03-01", "2024-02-29"])
def test_bars_refuse_labels_that_do_not_ascend(make_bars, second):
    ts = np.array(["2024-03-01", second], dtype="datetime64[us]")
    with pytest.raises(DataError, match="ts must ascend"):
        make_bars((10.0, 11.0), ts=ts)


def test_bars_refuse_a_bar_known_before_it_began(make_bars):
    bars = make_bars()
    with pytest.raises(DataError, match="known_at must lie after ts"):
        make_bars(known_at=bars.ts)
    with pytest.raises(DataError, match="known_at must ascend"):
        make_bars(known_at=bars.known_at[[0, 1, 3, 2, 4]])


def test_volume_may_be_unknown_but_not_infinite(make_bars):
    assert np.isnan(make_bars(volume=np.full(5, np.nan)).volume).all()
    with pytest.raises(DataError, match="volume"):
        make_bars(volume=np.full(5, np.inf))


def test_a_slice_keeps_the_passport_and_the_factors(make_bars):
    bars = make_bars(total_factor=[1.0, 1.0, 2.0, 2.0, 2.0])
    part = bars[2:4]
    assert part.passport is bars.passport
    assert part.total_factor.tolist() == [2.0, 2.0]
    assert len(part) == 2


@pytest.mark.parametrize("rows", [0, "2024-03-01", slice(None, None, -1), slice(None, None, 2)])
def test_bars_are_cut_in_one_piece(make_bars, rows):
    with pytest.raises(DataError, match="takes a slice without gaps"):
        make_bars()[rows]


def test_another_passport_leaves_the_numbers_alone(make_bars):
    bars = make_bars()
    passport = dataclasses.replace(bars.passport, provider="elsewhere")
    renamed = bars.with_passport(passport)
    assert (renamed.passport.provider, bars.passport.provider) == ("elsewhere", "test")
    assert renamed.fingerprint == bars.fingerprint


def test_head_and_tail_never_pass_the_ends(make_bars):
    bars = make_bars()
    assert bars.tail(2).index.strftime("%m-%d").tolist() == ["03-06", "03-07"]
    assert bars.head(2).index.strftime("%m-%d").tolist() == ["03-01", "03-04"]
    assert len(bars.tail(99)) == len(bars.head(99)) == 5
    assert len(bars.tail(0)) == 0


def test_the_frame_is_the_canonical_table(make_bars):
    frame = make_bars().frame
    assert frame.index.name == "ts"
    assert str(frame.index.dtype) == str(frame["known_at"].dtype) == "datetime64[us, UTC]"
    assert list(frame.columns) == [
        "open",
        "high",
        "low",
        "close",
        "volume",
        "known_at",
        "split_factor",
        "total_factor",
    ]


def test_changing_the_frame_leaves_the_bars_and_the_next_frame_alone(make_bars):
    bars = make_bars()
    frame = bars.frame
    frame.loc[frame.index[0], "close"] = 99.0
    frame["signal"] = 1
    assert bars.close[0] == bars.frame["close"].iloc[0] == 10.0
    assert "signal" not in bars.frame


def test_until_cuts_by_knowledge_never_by_label(make_bars):
    # The bar of Monday 2024-03-04 is known at 21:00 of that day.
    bars = make_bars()
    assert len(bars.until("2024-03-04T20:59:59")) == 1
    assert len(bars.until("2024-03-04T21:00:00")) == 2
    assert len(bars.until(datetime(2024, 3, 4, 21, tzinfo=UTC))) == 2
    assert len(bars.until("2024-02-29")) == 0
    # New York's 16:00 in March before the clocks change is 21:00 UTC.
    assert len(bars.until("2024-03-04T16:00:00-05:00")) == 2


def test_until_a_date_means_the_end_of_that_day(make_bars):
    bars = make_bars()
    for when in ("2024-03-04", "20240304", date(2024, 3, 4), np.datetime64("2024-03-04")):
        assert len(bars.until(when)) == 2


@given(cut=st.integers(0, 5))
def test_adjusting_and_cutting_commute(make_bars, cut):
    bars = make_bars(total_factor=[1.0, 1.0, 2.0, 2.0, 2.5], split_factor=[1.0, 1.0, 2.0, 2.0, 2.0])
    when = np.datetime64("2024-02-29", "us") if cut == 0 else bars.known_at[cut - 1]
    for how in ("total", "split"):
        cut_first, adjusted_first = bars.until(when).adjusted(how), bars.adjusted(how).until(when)
        assert np.array_equal(cut_first.close, adjusted_first.close)
        assert np.array_equal(cut_first.volume, adjusted_first.volume)


def test_adjusted_prices_are_raw_times_factor_and_volume_is_split_only(make_bars):
    bars = make_bars(total_factor=[1.0, 1.0, 4.16, 4.16, 4.16], split_factor=[1.0, 1.0, 4.0, 4.0, 4.0])
    total = bars.adjusted()
    assert total.close[2] == pytest.approx(12.0 * 4.16)
    assert total.volume[2] == 25.0
    assert bars.adjusted("split").close[2] == 48.0
    assert (total.basis, bars.basis) == ("total", "raw")
    assert total.factor.tolist() == bars.total_factor.tolist()
    assert bars.factor.tolist() == [1.0] * 5


def test_adjusting_twice_changes_nothing_and_mixing_is_refused(make_bars):
    total = make_bars(total_factor=[1.0, 2.0, 2.0, 2.0, 2.0]).adjusted()
    assert total.adjusted() is total
    with pytest.raises(DataError, match="already total-adjusted"):
        total.adjusted("split")
    with pytest.raises(DataError, match="'total' or 'split'"):
        total.adjusted("back")


@given(st.lists(st.floats(0.01, 1e4), min_size=4, max_size=4), st.floats(1e-6, 1e6))
def test_adjusted_bars_stay_consistent_under_any_factor(make_bars, prices, factor):
    low, first, second, high = sorted(prices)
    bars = make_bars((first,), open=[second], high=[high], low=[low], total_factor=[factor])
    adjusted = bars.adjusted()
    assert adjusted.low[0] <= adjusted.close[0] <= adjusted.high[0]


def test_between_takes_both_ends_and_words_for_whole_periods(make_bars):
    bars = make_bars()
    assert len(bars.between("2024-03-04", "2024-03-05")) == 2
    assert len(bars.between("2024-03", "2024-03")) == 5
    assert len(bars.between(end="2024-03-01")) == 1
    assert len(bars.between(date(2024, 3, 6))) == 2
    assert bars.between().close.tolist() == bars.close.tolist()


def test_between_says_what_is_there_when_nothing_is_found(make_bars):
    bars = make_bars()
    with pytest.raises(DataError, match="start 2025 lies after end 2024"):
        bars.between("2025", "2024")
    with pytest.raises(DataError, match="no bars between 2030 and the end; test holds 2024-03-01 to 2024-03-07"):
        bars.between("2030")
    with pytest.raises(DataError, match="no bars at all"):
        bars[:0].between("2024")


def test_a_pickled_copy_is_equal_and_frozen(make_bars):
    bars = make_bars()
    assert bars.frame is not None
    copy = pickle.loads(pickle.dumps(bars))
    assert copy.fingerprint == bars.fingerprint
    assert copy.passport == bars.passport
    with pytest.raises(ValueError, match="read-only"):
        copy.close[0] = 1.0


def test_the_fingerprint_follows_every_number_and_the_name(make_bars):
    bars = make_bars()
    assert make_bars().fingerprint == bars.fingerprint
    others = [
        make_bars(symbol="OTHER"),
        bars[:-1],
        make_bars((10.0, 11.0, 12.0, 11.5, np.nextafter(11.0, 12.0))),
        make_bars(volume=np.full(5, 101.0)),
        make_bars(known_at=bars.known_at + np.timedelta64(1, "us")),
        make_bars(total_factor=[1.0, 1.0, 1.0, 1.0, 2.0]),
        bars.adjusted(),
    ]
    assert len({bars.fingerprint, *(other.fingerprint for other in others)}) == 8


def test_an_unknown_volume_is_part_of_the_fingerprint(make_bars):
    unknown = make_bars(volume=np.full(5, np.nan))
    assert unknown.fingerprint == make_bars(volume=np.full(5, np.nan)).fingerprint
    assert unknown.fingerprint != make_bars(volume=np.zeros(5)).fingerprint


def test_the_text_states_symbol_period_and_adjustment(make_bars):
    bars = make_bars()
    assert repr(bars) == "<Bars TEST 1d: 5 bars, 2024-03-01 to 2024-03-07, test>"
    assert "total-adjusted" in repr(bars.adjusted())
    assert repr(bars[:0]) == "<Bars TEST 1d: empty>"


def test_the_html_escapes_a_symbol_from_outside(make_bars):
    page = make_bars(symbol="<b>X</b>")._repr_html_()
    assert "<b>X</b>" not in page
    assert "&lt;b&gt;X" in page


def test_empty_bars_are_allowed_as_what_was_known_before_the_first(make_bars):
    nothing = make_bars().until("2000")
    assert len(nothing) == 0
    assert len(nothing.adjusted()) == 0
    assert nothing.frame.empty


def test_bars_take_wider_types_and_narrow_them(make_bars):
    bars = make_bars((10.0, 11.0), volume=np.array([1, 2], dtype=np.int32))
    assert bars.volume.dtype == np.float64
    known = np.array(["2024-03-01T22:00", "2024-03-04T22:00"], dtype="datetime64[m]")
    assert make_bars((10.0, 11.0), known_at=known).known_at.dtype == np.dtype("datetime64[us]")
