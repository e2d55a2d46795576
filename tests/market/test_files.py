import gzip
import hashlib
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.market.vendors.files import read_bars
from investiq.runtime import clock

DAILY = """Date,Open,High,Low,Close,Adj Close,Volume
2024-03-01,10,11,9,10.5,10.4,1000
2024-03-04,10.5,12,10,11,10.9,1200
2024-03-05,11,11.5,10.8,11.2,11.1,900
"""
# 2024-03-08 is the last Friday before New York changes its clocks, 2024-03-11 the Monday after: 14:30Z and 13:30Z.
HOURLY = """timestamp,open,high,low,close,volume
2024-03-08 14:30:00,10,11,9,10.5,100
2024-03-08 20:30:00,10.5,12,10,11,120
2024-03-11 13:30:00,11,11.5,10.8,11.2,90
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="acme.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(write):
    def read(text=DAILY, name="acme.csv", **options):
        return read_bars("ACME", write(text, name), **({"price_basis": "as_traded"} | options))

    return read


def with_row(row):
    return DAILY + row + "\n"


def test_three_lines_of_csv_become_bars(read):
    bars = read()
    assert bars.close.tolist() == [10.5, 11.0, 11.2]
    assert bars.volume.tolist() == [1000.0, 1200.0, 900.0]
    assert bars.index.strftime("%Y-%m-%d").tolist() == ["2024-03-01", "2024-03-04", "2024-03-05"]
    # Close at 16:00 New York, 21:00Z in winter, and 15 minutes for the closing prints.
    assert bars.known_at[0] == np.datetime64("2024-03-01T21:15")


def test_the_passport_names_the_file_its_hash_and_what_is_unknown(read, write):
    bars = read()
    passport = bars.passport
    digest = hashlib.sha256(write(DAILY).read_bytes()).hexdigest()
    assert passport.source == f"acme.csv, SHA-256 {digest}"
    assert (passport.provider, passport.provenance, passport.watermark) == ("file", "file", None)
    assert [note.code for note in passport.notes] == ["no_actions"]
    assert passport.sha256 == bars.fingerprint


def test_a_compressed_csv_and_a_parquet_file_give_the_same_bars(read, tmp_path):
    bars = read()
    compressed = tmp_path / "acme.csv.gz"
    compressed.write_bytes(gzip.compress(DAILY.encode()))
    columnar = tmp_path / "acme.parquet"
    pd.read_csv(tmp_path / "acme.csv", parse_dates=["Date"]).to_parquet(columnar)
    indexed = tmp_path / "indexed.parquet"
    pd.read_csv(tmp_path / "acme.csv", parse_dates=["Date"], index_col="Date").to_parquet(indexed)
    for path in (compressed, columnar, indexed):
        assert read_bars("ACME", path, price_basis="as_traded").fingerprint == bars.fingerprint


def test_a_frame_of_bars_written_to_parquet_is_read_back(read, tmp_path):
    bars = read()
    bars.frame.to_parquet(tmp_path / "again.parquet")
    assert read_bars("ACME", tmp_path / "again.parquet", price_basis="as_traded").fingerprint == bars.fingerprint


def test_columns_of_other_names_are_mapped(read):
    text = DAILY.replace("Date,Open,High,Low,Close", "Tag,Eröffnung,Hoch,Tief,Schluss")
    names = {"ts": "Tag", "open": "eröffnung", "high": "Hoch", "low": "Tief", "close": "Schluss"}
    assert read(text, columns=names).fingerprint == read().fingerprint


def test_a_missing_column_is_named_with_what_is_near(read):
    with pytest.raises(
        DataError, match=r"no column for 'close', looked for 'close'; did you mean 'Clse'\?; it has Date, Open"
    ):
        read(DAILY.replace("Close,Adj Close", "Clse,Adjusted"))
    with pytest.raises(DataError, match="no column for 'ts', looked for 'date', 'ts', 'timestamp'"):
        read(DAILY.replace("Date", "When"))
    with pytest.raises(DataError, match="looked for 'Schluss'"):
        read(columns={"close": "Schluss"})
    with pytest.raises(DataError, match="columns names 'price', which is none of ts, open"):
        read(columns={"price": "Close"})


def test_a_file_without_volume_has_unknown_volume(read):
    bars = read("date,open,high,low,close\n2024-03-01,10,11,9,10.5\n")
    assert np.isnan(bars.volume).all()
    assert "no_volume" in [note.code for note in bars.passport.notes]


def test_rows_in_another_order_are_sorted(read):
    header, *rows = DAILY.splitlines()
    assert read("\n".join([header, *reversed(rows)])).fingerprint == read().fingerprint


def test_a_row_without_a_close_is_dropped_and_counted(read):
    bars = read(with_row("2024-03-06,null,null,null,null,null,0"))
    assert bars.close.tolist() == read().close.tolist()
    assert bars.passport.repairs == 1
    assert next((note.code, note.rows) for note in bars.passport.notes) == ("rows_without_close", 1)


@pytest.mark.parametrize(
    ("now", "count"),
    # The session of Tuesday 2024-03-05 closes at 21:00Z, and its prints are in at 21:15Z.
    [("2024-03-05T20:00", 2), ("2024-03-05T21:14:59", 2), ("2024-03-05T21:15", 3), ("2024-03-04T21:15", 2)],
)
def test_a_bar_that_is_not_complete_is_a_snapshot_and_is_dropped(read, now, count):
    with clock.fixed(datetime.fromisoformat(now).replace(tzinfo=UTC)):
        bars = read()
    assert len(bars) == count
    dropped = [note.rows for note in bars.passport.notes if note.code == "bars_not_complete"]
    assert dropped == ([3 - count] if count < 3 else [])
    assert bars.passport.repairs == 3 - count
    assert bars.fingerprint == read()[:count].fingerprint


def test_an_action_after_the_last_complete_bar_is_not_applied(read, write):
    actions = write("kind,ex_date,ratio,cash\nsplit,2024-03-05,2,\n", "actions.csv")
    with clock.fixed(datetime(2024, 3, 5, 20, tzinfo=UTC)):
        assert read(actions=actions).split_factor.tolist() == [1.0, 1.0]


def test_the_running_hour_is_dropped_too(read):
    with clock.fixed(datetime(2024, 3, 11, 14, 29, tzinfo=UTC)):
        bars = read(HOURLY, interval="60min", timezone="UTC")
    assert len(bars) == 2
    assert "1 row(s) of bars that are not complete by 2024-03-11 14:29 UTC were dropped" in bars.passport.notes[0].text


def test_a_file_without_a_complete_bar_is_refused(read):
    with (
        clock.fixed(datetime(2024, 3, 1, 20, tzinfo=UTC)),
        pytest.raises(
            DataError, match=r"no bar is complete at 2024-03-01 20:00 UTC, the first will be at 2024-03-01 21:15"
        ),
    ):
        read()


def test_blank_lines_do_not_count_as_rows_but_as_lines(read):
    assert len(read(DAILY + "\n\n")) == 3
    with pytest.raises(DataError, match="line 6: Close 'x' is no number"):
        read(DAILY + "\n2024-03-06,10,11,9,x,10,1\n")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2024-03-06,10,9,9,9.5,9.5,1", "line 5: high 9 lies below open 10 or close 9.5"),
        ("2024-03-06,10,9,11,10,10,1", "line 5: high 9 lies below low 11"),
        ("2024-03-06,10,12,11,10,10,1", "line 5: low 11 lies above open 10 or close 10"),
        (
            "2024-03-06,-10,11,9,10,10,1",
            "line 5: low 9 lies above open -10 or close 10 and open -10 is no positive price",
        ),
        ("2024-03-06,10,inf,9,10,10,1", "line 5: high inf is no positive price"),
        ("2024-03-06,10,,9,10,10,1", "line 5: high is missing"),
        ("2024-03-06,10,11,9,10,10,-1", "line 5: volume -1 is not >= 0"),
        ('2024-03-06,"10,5",11,9,10,10,1', "line 5: Open '10,5' is no number"),
        (",10,11,9,10,10,1", "line 5: it has no stamp"),
        ("03/06/2024,10,11,9,10,10,1", "line 5: stamp '03/06/2024' is not ISO 8601; name its form with date_format="),
        ("2024-03-09,10,11,9,10,10,1", "line 5: 2024-03-09 is no session of XNYS"),
        ("2024-03-29,10,11,9,10,10,1", "line 5: 2024-03-29 is no session of XNYS"),
    ],
)
def test_a_bad_row_is_named_by_its_line(read, row, words):
    with pytest.raises(DataError) as caught:
        read(with_row(row))
    assert words in str(caught.value)
    assert str(caught.value).startswith("acme.csv: ")
    assert str(caught.value).endswith("correct or remove these rows and read again")


def test_a_stamp_that_appears_twice_is_named_in_both_places(read):
    with pytest.raises(DataError, match=r"2 bad row.*line 4: its stamp appears more than once; line 5: its stamp"):
        read(with_row("2024-03-05,11,11.5,10.8,11.2,11.1,900"))


def test_many_bad_rows_are_counted_and_the_first_five_shown(read):
    rows = "\n".join(f"2024-03-{day:02},10,11,9,0,10,1" for day in range(6, 16))
    with pytest.raises(
        DataError, match=r"10 bad row\(s\): line 5: close 0 .* and low 9 .*; line 9: .*; and 5 more; correct"
    ):
        read(DAILY + rows)


def test_bad_rows_of_parquet_are_named_by_row(tmp_path):
    frame = pd.DataFrame({"date": pd.to_datetime(["2024-03-01"]), "open": 1.0, "high": 0.5, "low": 0.4, "close": 0.5})
    frame.to_parquet(tmp_path / "acme.parquet")
    with pytest.raises(DataError, match=r"acme.parquet: 1 bad row.*row 1: high 0.5 lies below open 1"):
        read_bars("ACME", tmp_path / "acme.parquet", price_basis="as_traded")


def test_dates_of_another_form_are_read_when_it_is_named(read):
    text = (
        DAILY.replace("2024-03-01", "03/01/2024")
        .replace("2024-03-04", "03/04/2024")
        .replace("2024-03-05", "03/05/2024")
    )
    assert read(text, date_format="%m/%d/%Y").fingerprint == read().fingerprint
    with pytest.raises(DataError, match="line 2: stamp '2024-03-01' does not follow %m/%d/%Y"):
        read(date_format="%m/%d/%Y")


@pytest.mark.parametrize("clock", ["T00:00:00-05:00", " 16:00:00-05:00", "T00:00:00Z", "T05:00:00Z", " 16:00"])
def test_a_daily_stamp_is_the_session_date_however_it_is_written(read, clock):
    text = DAILY
    for day in ("2024-03-01", "2024-03-04", "2024-03-05"):
        text = text.replace(day, day + clock)
    assert read(text).fingerprint == read().fingerprint


def test_naive_intraday_stamps_need_a_zone(read):
    with pytest.raises(DataError, match="carry no offset; name their zone with timezone='America/New_York'"):
        read(HOURLY, interval="60min")


def test_intraday_bars_open_in_their_zone_and_end_with_the_session(read):
    in_utc = read(HOURLY, interval="60min", timezone="UTC")
    local = HOURLY.replace("14:30", "09:30").replace("20:30", "15:30").replace("13:30", "09:30")
    in_new_york = read(local, interval="60min", timezone="America/New_York")
    with_offset = local.replace("03-08 09:30:00", "03-08 09:30:00-05:00").replace("15:30:00", "15:30:00-05:00")
    with_offset = with_offset.replace("03-11 09:30:00", "03-11 09:30:00-04:00")
    assert in_new_york.fingerprint == in_utc.fingerprint == read(with_offset, interval="60min").fingerprint
    # The bar of 15:30 has half an hour.
    ends = ["2024-03-08T15:30", "2024-03-08T21:00", "2024-03-11T14:30"]
    assert in_utc.known_at.tolist() == np.array(ends, dtype="datetime64[us]").tolist()


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        ("2024-03-11 20:00:00", "16:00 (America/New_York) lies outside the sessions of XNYS"),
        ("2024-03-11 12:30:00", "08:30 (America/New_York) lies outside"),
        ("2024-03-11 14:00:00", "2024-03-11 14:00 UTC is not a multiple of 60min after the open"),
    ],
)
def test_an_intraday_bar_outside_the_session_or_off_the_grid_is_refused(read, stamp, words):
    with pytest.raises(DataError) as caught:
        read(HOURLY + f"{stamp},10,11,9,10,1\n", interval="60min", timezone="UTC")
    assert f"line 5: {words}" in str(caught.value) or words in str(caught.value)


def test_an_hour_that_the_clocks_skip_or_repeat_is_refused(read):
    text = "ts,open,high,low,close\n2024-03-10 02:30,1,1,1,1\n2024-11-03 01:30,1,1,1,1\n"
    with pytest.raises(
        DataError, match=r"line 2: 2024-03-10 02:30 does not exist or exists twice.*line 3: 2024-11-03 01:30"
    ):
        read(text, interval="30min", timezone="America/New_York", calendar="24/7")


def test_offsets_on_some_rows_only_are_refused(read):
    with pytest.raises(DataError, match=r"some stamps carry an offset \(2024-03-08 14:30:00Z\) and some do not"):
        read(HOURLY.replace("14:30:00", "14:30:00Z"), interval="60min", timezone="UTC")


def test_numbers_are_no_stamps(tmp_path):
    frame = pd.DataFrame({"date": [1709251200], "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0})
    frame.to_parquet(tmp_path / "acme.parquet")
    with pytest.raises(DataError, match="stamps are numbers such as 1709251200"):
        read_bars("ACME", tmp_path / "acme.parquet", price_basis="as_traded")


def test_an_unknown_zone_or_calendar_is_refused(read):
    with pytest.raises(DataError, match="unknown time zone 'New York'"):
        read(HOURLY, interval="60min", timezone="New York")
    with pytest.raises(DataError, match="unknown exchange calendar 'NYSE2'"):
        read(calendar="NYSE2")


def test_the_price_basis_is_declared_not_guessed(read, write):
    with pytest.raises(TypeError, match="price_basis"):
        read_bars("ACME", write(DAILY))
    with pytest.raises(
        DataError, match="price_basis must be one of as_traded, unsplit, vendor_split, vendor_total, was 'raw'"
    ):
        read(price_basis="raw")


@pytest.mark.parametrize("basis", ["vendor_split", "vendor_total"])
def test_vendor_adjusted_prices_keep_their_factors_at_one_and_carry_a_caution(read, basis):
    bars = read(price_basis=basis)
    assert (bars.total_factor == 1).all()
    assert [note.code for note in bars.passport.notes] == ["vendor_adjusted_prices"]
    assert bars.passport.price_basis == basis


def test_actions_become_factors(read, write):
    # 2:1 on the 4th, 0.20 on the 5th: F = 2, then 2 x 5.5 / 5.3.
    text = "date,open,high,low,close\n2024-03-01,10,11,9,10\n2024-03-04,5.2,6,5,5.5\n2024-03-05,5.4,5.6,5.2,5.5\n"
    actions = write("Kind,Ex_Date,Ratio,Cash\nsplit,2024-03-04,2,\ndividend,2024-03-05,,0.20\n", "actions.csv")
    bars = read(text, actions=actions)
    assert bars.split_factor.tolist() == [1.0, 2.0, 2.0]
    assert bars.total_factor == pytest.approx([1.0, 2.0, 2 * 5.5 / 5.3], rel=1e-15)
    assert "no_actions" not in [note.code for note in bars.passport.notes]


def test_actions_in_another_currency_without_a_rate_block(read, write):
    actions = write("kind,ex_date,cash,currency\ndividend,2024-03-05,0.20,EUR\n", "actions.csv")
    (note,) = read(actions=actions).passport.notes
    assert (note.code, note.severity) == ("action_not_applied", "error")


def test_bad_actions_are_named_by_their_line(read, write):
    actions = write("kind,ex_date,ratio\nsplitt,2024-03-04,2\nsplit,soon,2\n", "actions.csv")
    with pytest.raises(
        DataError, match=r"actions.csv: 2 bad row.*line 2: kind 'splitt' is none of split.*line 3: stamp 'soon'"
    ):
        read(actions=actions)
    with pytest.raises(DataError, match=r"actions.csv has no column for 'ex_date'"):
        read(actions=write("kind,date\nsplit,2024-03-04\n", "actions.csv"))


def test_actions_are_not_applied_to_adjusted_prices(read, write):
    actions = write("kind,ex_date,ratio\nsplit,2024-03-04,2\n", "actions.csv")
    with pytest.raises(DataError, match="actions apply to prices as traded, these are vendor_split"):
        read(price_basis="vendor_split", actions=actions)


def test_a_fall_that_looks_like_a_split_is_pointed_out(read):
    text = "date,open,high,low,close,volume\n2024-03-01,10,11,9,10,1\n2024-03-04,5.2,6,4.9,5.0,1\n"
    codes = [note.code for note in read(text).passport.notes]
    assert codes == ["no_actions", "possible_splits"]


def test_sessions_without_a_row_are_counted(read):
    bars = read(DAILY.replace("2024-03-04,10.5,12,10,11,10.9,1200\n", ""))
    assert bars.passport.missing_sessions == 1
    assert "2024-03-04" in next(note.text for note in bars.passport.notes if note.code == "missing_sessions")


def test_a_file_of_several_symbols_gives_the_one_asked_for(write):
    rows = "\n".join(f"{symbol},2024-03-01,1,1,1,{price}" for symbol, price in (("ACME", 1), ("OTHER", 1)))
    path = write("symbol,date,open,high,low,close\n" + rows)
    assert len(read_bars("ACME", path, price_basis="as_traded")) == 1
    with pytest.raises(DataError, match=r"no rows of 'ACMEE'; did you mean 'ACME'\?; it holds ACME, OTHER"):
        read_bars("ACMEE", path, price_basis="as_traded")


def test_bars_of_london_can_be_backtested(read):
    # Good Friday and Easter Monday of 2024 are no sessions of London.
    days = ("2024-03-27", "2024-03-28", "2024-04-02", "2024-04-03")
    text = "\n".join(
        ["date,open,high,low,close", *(f"{day},{row},{row},{row},{row}" for row, day in enumerate(days, 1))]
    )
    result = iq.backtest(iq.strategies.BuyAndHold(), read(text, calendar="XLON", currency="GBP"))
    assert result.convention.periods_per_year == 253
    # The close of 16:30 in London, an hour before UTC in summer time, and 15 minutes.
    assert str(result.bars.known_at[-1]) == "2024-04-03T15:45:00.000000"


def test_prices_in_another_currency_carry_a_caution_that_a_backtest_repeats(read):
    bars = read(currency="EUR")
    note = next(note for note in bars.passport.notes if note.code == "other_currency")
    assert note.severity == "caution"
    assert "the amounts of a backtest on them are in EUR, although this version labels them USD" in note.text
    assert note in iq.backtest(iq.strategies.BuyAndHold(), bars).notes
    assert "other_currency" not in {note.code for note in read().passport.notes}
    assert "other_currency" not in {note.code for note in iq.load_bars("^GSPC").passport.notes}


def test_a_market_that_never_closes_has_weekends(read):
    text = "date,open,high,low,close\n2024-03-02,1,1,1,1\n2024-03-03,1,1,1,1\n"
    bars = read(text, calendar="24/7", currency="USDT")
    assert len(bars) == 2
    assert bars.passport.currency == "USDT"


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_weekly_and_monthly_files_are_refused(read, interval):
    with pytest.raises(DataError, match="stamps follow no common rule; bring daily bars"):
        read(interval=interval)


def test_an_unknown_interval_is_refused(read):
    with pytest.raises(ConfigError, match="interval must be one of"):
        read(interval="1m")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "acme.csv is empty"),
        ("date,open,high,low,close\n", "acme.csv holds no rows"),
        ("date,open,high,low,close\n2024-03-01,1,1,1,\n", "no row has a close"),
        ('date,open\n"2024-03-01,1\n', "cannot be read as CSV"),
    ],
)
def test_a_file_without_bars_is_refused(read, text, words):
    with pytest.raises(DataError, match=words):
        read(text)


def test_a_file_that_is_not_there_or_not_a_table_is_refused(read, write, tmp_path):
    write(DAILY)
    with pytest.raises(DataError, match=r"there is no file .*acm.csv; did you mean 'acme.csv'\?"):
        read_bars("ACME", tmp_path / "acm.csv", price_basis="as_traded")
    with pytest.raises(DataError, match="there is no file"):
        read_bars("ACME", tmp_path / "nowhere" / "acme.csv", price_basis="as_traded")
    with pytest.raises(DataError, match=r"acme.xls is of no known kind; expected .csv"):
        read(name="acme.xls")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(name="acme.parquet")
    (tmp_path / "latin.csv").write_bytes("date,Eröffnung\n".encode("latin-1"))
    with pytest.raises(DataError, match="cannot be read as CSV in UTF-8"):
        read_bars("ACME", tmp_path / "latin.csv", price_basis="as_traded")


def test_the_package_offers_the_reader_by_name(write):
    import investiq as iq

    assert len(iq.read_bars("ACME", str(write(DAILY)), price_basis="vendor_total")) == 3


def daily_file(days, closes):
    rows = (f"{day:%Y-%m-%d},{close},{close},{close},{close}" for day, close in zip(days, closes, strict=True))
    return "\n".join(["date,open,high,low,close", *rows])


def test_a_bad_print_of_a_file_stops_a_backtest_until_it_is_left_out(read):
    # Returns of +1 % and -1 % in turn, and one close half as high again that the next bar takes back.
    days = [day for day in iq.load_bars("^GSPC").index if day >= pd.Timestamp("2010-01-04", tz="UTC")][:90]
    closes = [100.0 + row % 2 for row in range(90)]
    closes[75] *= 1.5
    bars = read(daily_file(days, closes), price_basis="vendor_total")
    (note,) = [note for note in bars.passport.notes if note.severity == "error"]
    assert (note.code, note.rows) == ("quarantined", 1)
    assert f"{days[75]:%Y-%m-%d}" in note.text
    with pytest.raises(DataError, match="quarantined"):
        iq.backtest(iq.strategies.BuyAndHold(), bars)
    assert len(iq.backtest(iq.strategies.BuyAndHold(), bars.without_quarantined()).bars) == 89


def test_an_hourly_file_declared_as_five_minutes_is_refused(read):
    # Seven labels a session of 390 minutes: 14:30Z to 20:30Z in winter.
    stamps = [f"2024-03-0{day} {hour}:30:00Z" for day in (7, 8) for hour in range(14, 21)]
    text = "\n".join(["ts,open,high,low,close", *(f"{stamp},1,1,1,1" for stamp in stamps)])
    with pytest.raises(DataError, match=r"'5min' was declared, but the usual step .* 60 minutes .* interval '60min'"):
        read(text, interval="5min")
    assert len(read(text, interval="60min")) == 14


def test_weekly_rows_declared_as_daily_are_refused_and_a_thin_daily_series_is_read(read):
    sessions = iq.load_bars("^GSPC").index
    weekly = sessions[:100:5]
    with pytest.raises(DataError, match="'1d' was declared, but the usual step is 5 sessions, as of '1w' bars"):
        read(daily_file(weekly, [1.0] * len(weekly)))
    # Gaps of 1 to 12 sessions, 5 in the middle.
    thin = sessions[np.cumsum([0, 1, 9, 2, 12, 5, 3, 8, 5, 1, 11, 5])]
    assert len(read(daily_file(thin, [1.0] * 12))) == 12
