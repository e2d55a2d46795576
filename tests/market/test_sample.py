"""Facts of the series that the arch package ships; numbers are those of its files, counted apart from our code."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from investiq.market.vendors import sample


@pytest.fixture(scope="module")
def sp500():
    return sample.load("^GSPC")


@pytest.fixture(scope="module")
def nasdaq():
    return sample.load("^IXIC")


def labels(records):
    return [stamp.date() for stamp in records.frame.index[[0, -1]]]


def log_returns(bars):
    return np.diff(np.log(bars.close))


def test_the_indices_have_one_bar_for_each_of_5031_sessions(sp500, nasdaq):
    for bars in (sp500, nasdaq):
        assert len(bars) == 5031
        assert bars.index[[0, -1]].strftime("%Y-%m-%d").tolist() == ["1999-01-04", "2018-12-31"]
        assert bars.passport.missing_sessions == 0


def test_first_and_last_bar_are_those_of_the_file(sp500, nasdaq):
    # 1/4/1999,1229.22998,1248.810059,1219.099976,1228.099976,1228.099976,877000000
    first = [float(getattr(sp500, name)[0]) for name in ("open", "high", "low", "close", "volume")]
    assert first == [1229.22998, 1248.810059, 1219.099976, 1228.099976, 877000000]
    assert (sp500.close[-1], nasdaq.close[-1]) == (2506.850098, 6635.279785)


def test_sp500_returns_have_the_measured_moments(sp500):
    returns = log_returns(sp500)
    centred = returns - returns.mean()
    assert returns.std(ddof=1) * 252**0.5 == pytest.approx(0.191, abs=0.0005)
    assert (centred**3).mean() / returns.std() ** 3 == pytest.approx(-0.20, abs=0.05)
    assert (centred**4).mean() / returns.std() ** 4 - 3 == pytest.approx(8.2, abs=0.1)


def test_the_largest_daily_moves_are_the_known_ones(sp500, nasdaq):
    # S&P 500: +11.58 % on 2008-10-13. Nasdaq: +14.17 % on 2001-01-03.
    for bars, size, day in ((sp500, 0.1158, "2008-10-13"), (nasdaq, 0.1417, "2001-01-03")):
        moves = np.abs(bars.close[1:] / bars.close[:-1] - 1)
        assert moves.max() == pytest.approx(size, abs=5e-5)
        assert bars.ts[1:][moves.argmax()] == np.datetime64(day)


def test_the_two_indices_move_together(sp500, nasdaq):
    assert np.corrcoef(log_returns(sp500), log_returns(nasdaq))[0, 1] == pytest.approx(0.887, abs=0.0005)


def test_sp500_opens_copy_the_close_before_in_the_years_that_its_note_names(sp500):
    (note,) = [note for note in sp500.passport.notes if note.code == "open_repeats_previous_close"]
    named = {year for year in range(1999, 2019) if str(year) in note.text}
    assert named == {*range(1999, 2008), 2011, 2012, 2013}


def test_nasdaq_opens_are_genuine_and_two_days_have_no_volume(nasdaq):
    assert np.mean(nasdaq.open[1:] == nasdaq.close[:-1]) == pytest.approx(0.002, abs=0.001)
    assert nasdaq.ts[nasdaq.volume == 0].astype("datetime64[D]").astype(str).tolist() == ["2015-05-12", "2018-01-09"]
    assert [note.code for note in nasdaq.passport.notes] == ["price_index", "zero_volume"]


def test_an_index_is_known_at_the_close_without_settling_time(sp500):
    at = dict(zip(sp500.ts.astype("datetime64[D]").astype(str), sp500.known_at.astype(str), strict=True))
    assert at["2018-07-02"] == "2018-07-02T20:00:00.000000"
    assert at["2018-07-03"] == "2018-07-03T17:00:00.000000"
    assert at["2018-12-31"] == "2018-12-31T21:00:00.000000"


def test_an_index_has_no_actions_and_says_that_dividends_are_missing(sp500):
    assert (sp500.split_factor == 1).all()
    assert (sp500.total_factor == 1).all()
    assert "dividends not included" in sp500.passport.notes[0].text
    assert (sp500.passport.watermark, sp500.passport.currency) == ("SAMPLE", "index points")


@pytest.mark.parametrize("symbol", ["^GSPC", "^IXIC"])
def test_bars_equal_what_archs_own_loader_gives(symbol):
    from arch.data import nasdaq, sp500

    theirs = {"^GSPC": sp500, "^IXIC": nasdaq}[symbol].load()
    ours = sample.load(symbol)
    assert (theirs["Adj Close"] == theirs["Close"]).all()
    assert np.array_equal(theirs.index.to_numpy().astype("datetime64[us]"), ours.ts)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(theirs[name.title()].to_numpy(dtype=float), getattr(ours, name))


# Records: rows known at 2018-12-31 21:00 UTC, first and last label.
@pytest.mark.parametrize(
    ("name", "rows", "first", "last"),
    [
        # 1259 values to 2019-01-03; the last three are known from the next session's close on, after the cut.
        ("^VIX", 1256, date(2014, 1, 3), date(2018, 12, 28)),
        # 8321 values; Friday 21 December is known at the fifth session after it, 31 December; five come later.
        ("WTI", 8316, date(1986, 1, 2), date(2018, 12, 21)),
        # November is known 30 days after its end: 30 December.
        ("FF3", 1109, date(1926, 7, 1), date(2018, 11, 1)),
        # Of 743; November would be known on 14 January 2019.
        ("MACRO:CORE_CPI", 742, date(1957, 1, 1), date(2018, 10, 1)),
        # Of 1200; December would be known on 30 January 2019.
        ("MACRO:AAA", 1199, date(1919, 1, 1), date(2018, 11, 1)),
        ("MACRO:BAA", 1199, date(1919, 1, 1), date(2018, 11, 1)),
        # Of 393 to 2020-01-15; November 2018 is the 379th month from May 1987.
        ("BRENT.M", 379, date(1987, 5, 15), date(2018, 11, 15)),
        ("WTI.M", 379, date(1987, 5, 15), date(2018, 11, 15)),
    ],
)
def test_records_are_cut_at_the_samples_own_now(name, rows, first, last):
    records = sample.load_table(name)
    assert len(records) == rows
    assert labels(records) == [first, last]
    assert records.frame["known_at"].max() <= pd.Timestamp(sample.AS_OF)
    assert not records.frame.isna().any(axis=None)


def test_every_record_is_known_after_its_day():
    for name in sample.RECORD_NAMES:
        frame = sample.load_table(name).frame
        assert (frame["known_at"] > frame.index).all()
        assert frame["known_at"].is_monotonic_increasing


def known_of(name, label):
    return f"{sample.load_table(name).frame['known_at'].loc[label:label].iloc[0]:%Y-%m-%d %H:%M:%S}"


def test_volatility_is_known_at_the_close_of_the_next_session():
    # Friday 2018-06-29 at Monday's close; Monday 2 July at the early close before Independence Day.
    assert known_of("^VIX", "2018-06-29") == "2018-07-02 20:00:00"
    assert known_of("^VIX", "2018-07-02") == "2018-07-03 17:00:00"


def test_oil_is_known_at_the_close_of_the_fifth_session():
    # Sessions after 2018-06-25: 26, 27, 28, 29 June and 2 July.
    assert known_of("WTI", "2018-06-25") == "2018-07-02 20:00:00"


def test_monthly_series_are_known_at_the_end_of_a_day_after_the_month():
    # 30 June + 30 days; + 45 days; 28 February + 30 days.
    assert known_of("FF3", "2018-06") == "2018-07-30 23:59:59"
    assert known_of("MACRO:CORE_CPI", "2018-06") == "2018-08-14 23:59:59"
    assert known_of("MACRO:BAA", "2018-02") == "2018-03-30 23:59:59"
    assert known_of("BRENT.M", "2018-06") == "2018-07-30 23:59:59"


def test_the_volatility_index_overlaps_the_sp500_on_1257_days(sp500):
    # 1257 of its 1259 values lie on sessions of the index; the last of them, 31 December, is known too late.
    seen = np.isin(sample.load_table("^VIX").labels, sp500.ts)
    assert seen.sum() == 1256
    assert seen.all()


def test_volatility_index_and_oil_stay_in_their_measured_ranges():
    assert sample.load_table("^VIX").frame["close"].agg(["min", "max"]).tolist() == [9.14, 40.74]
    assert sample.load_table("WTI").frame["close"].agg(["min", "max"]).tolist() == [10.25, 145.31]


def test_rows_without_a_value_are_dropped_and_counted():
    notes = {
        name: [(note.code, note.rows) for note in sample.load_table(name).notes] for name in ("^VIX", "WTI", "FF3")
    }
    assert notes == {"^VIX": [("missing_values", 46)], "WTI": [("missing_values", 290)], "FF3": []}


def test_french_factors_are_1109_consecutive_months_in_fractions():
    frame = sample.load_table("FF3").frame
    months = frame.index.tz_convert(None).to_period("M")
    assert (np.diff(months.asi8) == 1).all()
    # The file's first row, in per cent: 192607,2.96,-2.3,-2.87,0.22.
    assert frame[["market", "smb", "hml", "risk_free"]].iloc[0].tolist() == pytest.approx(
        [0.0296, -0.023, -0.0287, 0.0022], rel=1e-12
    )


@pytest.mark.parametrize("name", list(sample.RECORD_NAMES))
def test_records_equal_those_read_through_archs_own_loader(name, monkeypatch, tmp_path):
    ours = sample.load_table(name).frame
    monkeypatch.setattr(sample, "_folder", lambda: tmp_path)
    pd.testing.assert_frame_equal(sample.load_table(name).frame, ours)
