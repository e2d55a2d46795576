from datetime import date

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError, StaleDataError, UnknownSymbolError
from investiq.market.vendors import sample


def test_one_call_gives_the_whole_series():
    bars = iq.load_bars("^GSPC")
    assert len(bars) == 5031
    assert bars.passport.provider == "sample"
    assert iq.load_bars("SYN001").passport.provider == "synthetic"


def test_a_second_call_returns_the_same_arrays():
    assert iq.load_bars("^GSPC").close is iq.load_bars("^GSPC").close


def test_a_range_is_inclusive_and_may_name_whole_periods():
    # Sessions of December 2018: 19 (the 5th was a day of mourning, the 25th Christmas).
    assert len(iq.load_bars("^GSPC", "2018-12", "2018-12")) == 19
    assert len(iq.load_bars("^GSPC", start="2014", end="2014")) == 252
    assert len(iq.load_bars("^GSPC", date(2018, 12, 28))) == 2
    assert len(iq.load_bars("^GSPC", "2018-12-28", np.datetime64("2018-12-28"))) == 1


def test_as_of_cuts_by_knowledge():
    # 2018-07-03 closes at 17:00Z.
    assert iq.load_bars("^GSPC", as_of="2018-07-03T16:59").index[-1].day == 2
    assert iq.load_bars("^GSPC", as_of="2018-07-03T17:00").index[-1].day == 3
    assert iq.load_bars("SYN001", as_of="2018-07-03T17:00").index[-1].day == 2


def test_an_as_of_after_the_series_is_stale_once_a_session_is_missing():
    assert len(iq.load_bars("^GSPC", as_of="2019-01-01")) == 5031
    assert len(iq.load_bars("^GSPC", as_of="2019-01-02T20:59")) == 5031
    with pytest.raises(
        StaleDataError,
        match=r"newest \^GSPC bar from sample is for session 2018-12-31, expected 2019-01-02 \(as_of 2019-01-02 21:00 UTC\)",
    ):
        iq.load_bars("^GSPC", as_of="2019-01-02T21:00")


def test_nothing_known_yet_is_an_error_that_names_the_beginning():
    with pytest.raises(DataError, match="nothing was known at 1998; sample begins with 1999-01-04"):
        iq.load_bars("^GSPC", as_of="1998")


def test_a_range_that_is_reversed_or_outside_is_refused():
    with pytest.raises(DataError, match="start 2015 lies after end 2014"):
        iq.load_bars("^GSPC", "2015", "2014")
    with pytest.raises(DataError, match="no bars between 2020 and the end; sample holds 1999-01-04 to 2018-12-31"):
        iq.load_bars("^GSPC", "2020")


def codes(bars):
    return [note.code for note in bars.passport.notes]


def test_a_range_that_reaches_past_the_series_is_noted():
    clipped = iq.load_bars("^GSPC", "1990", "2024")
    texts = [note.text for note in clipped.passport.notes if note.code == "range_clipped"]
    assert texts == [
        "^GSPC: asked for bars from 1990; the series begins 1999-01-04",
        "^GSPC: asked for bars to 2024; the series ends 2018-12-31",
    ]
    # New Year's days are no sessions: nothing was missed.
    assert "range_clipped" not in codes(iq.load_bars("^GSPC", "1999-01-01", "2019-01-01"))


def test_cautions_concern_the_rows_that_were_loaded():
    assert "open_repeats_previous_close" in codes(iq.load_bars("^GSPC"))
    assert codes(iq.load_bars("^GSPC", "2014")) == ["price_index"]
    assert "2013" in iq.load_bars("^GSPC", "2013").passport.notes[1].text


@pytest.mark.parametrize("name", ["SPX", "gspc", "GSPC", "SP500", "^gspc", "S&P 500"])
def test_other_names_of_the_index_lead_to_it(name):
    with pytest.raises(UnknownSymbolError, match=r"did you mean '\^GSPC'\?"):
        iq.load_bars(name)


def test_a_share_is_answered_with_what_there_is_and_how_to_bring_a_file():
    with pytest.raises(UnknownSymbolError) as caught:
        iq.load_bars("AAPL")
    text = str(caught.value)
    assert "^GSPC, ^IXIC (sample)" in text
    assert "SYN001 to SYN100" in text
    assert 'iq.read_bars("AAPL", "prices.csv", price_basis="as_traded")' in text


def test_an_index_is_never_served_as_a_fund():
    with pytest.raises(UnknownSymbolError, match=r"it is a fund: the index '\^GSPC' has no fees and no dividends"):
        iq.load_bars("SPY")


def test_a_typing_error_is_corrected():
    with pytest.raises(UnknownSymbolError, match=r"did you mean 'SYN001'\?"):
        iq.load_bars("syn001")
    with pytest.raises(UnknownSymbolError, match=r"did you mean 'SYN\d+'"):
        iq.load_bars("SYN101")


@pytest.mark.parametrize("name", ["^VIX", "VIX", "WTI", "FF3"])
def test_a_series_without_bars_leads_to_records(name):
    with pytest.raises(DataError, match=r"has no bars; use iq.load_records"):
        iq.load_bars(name)


def test_a_provider_serves_its_own_symbols_only():
    assert iq.load_bars("^GSPC", provider="sample").symbol == "^GSPC"
    with pytest.raises(UnknownSymbolError, match=r"synthetic does not serve '\^GSPC'; sample does"):
        iq.load_bars("^GSPC", provider="synthetic")
    with pytest.raises(DataError, match=r"provider must be one of sample, synthetic, massive, .*, was 'yahoo'"):
        iq.load_bars("^GSPC", provider="yahoo")


def test_an_interval_that_is_not_served_is_named_with_what_is():
    with pytest.raises(DataError, match=r"\^GSPC is served as 1d bars only, asked for 60min"):
        iq.load_bars("^GSPC", interval="60min")
    with pytest.raises(ConfigError, match="interval must be one of"):
        iq.load_bars("^GSPC", interval="1m")


def test_a_panel_holds_several_symbols_in_the_order_asked_for():
    panel = iq.load_panel(["SYN002", "^GSPC"], start="2018")
    assert panel.symbols == ("SYN002", "^GSPC")
    # 2018 and 2019 have 251 and 252 sessions; the index ends with 2018.
    assert panel.close.shape == (2, 503)
    assert np.isnan(panel.close[1]).sum() == 252


def test_a_panel_takes_a_list_not_a_word():
    with pytest.raises(DataError, match=r"write \['\^GSPC'\]"):
        iq.load_panel("^GSPC")


def test_records_are_loaded_by_name_and_cut_by_knowledge():
    assert len(iq.load_records("FF3")) == 1109
    # January 2018 is known at the end of 2 March (31 January + 30 days).
    assert iq.load_records("FF3", as_of="2018-03-02").frame.index[-1].strftime("%Y-%m") == "2018-01"
    assert iq.load_records("FF3", as_of="2018-03-01").frame.index[-1].strftime("%Y-%m") == "2017-12"
    assert iq.load_records("VIX").name == "^VIX"


def test_what_a_caller_writes_does_not_reach_the_next_one():
    factors, index = iq.load_records("FF3").frame, iq.load_bars("^GSPC").frame
    factors.loc[:, "market"] = 0.0
    index.loc[:, "close"] = 0.0
    assert iq.load_records("FF3").frame["market"].iloc[0] == 0.0296
    assert iq.load_bars("^GSPC").frame["close"].iloc[-1] == 2506.850098
    with pytest.raises(ValueError, match="read-only"):
        iq.synthetic_truth("SYN001").returns[0] = 0.0


def test_unknown_records_are_answered_with_what_there_is():
    with pytest.raises(DataError, match=r"unknown records 'FF5'; did you mean 'FF3'\?; served are \^VIX, WTI, FF3"):
        iq.load_records("FF5")
    with pytest.raises(DataError, match=r"is served as bars; use iq.load_bars"):
        iq.load_records("^GSPC")


def test_the_list_of_symbols_is_what_loads():
    table = iq.list_symbols()
    assert list(table.columns) == ["symbol", "name", "provider", "kind", "first", "last"]
    assert table["symbol"].is_unique
    assert len(table) == 2 + 8 + 149
    assert table["provider"].value_counts().to_dict() == {"synthetic": 149, "sample": 10}
    for row in table[table["provider"] == "sample"].itertuples():
        loaded = iq.load_bars(row.symbol) if row.kind == "bars" else iq.load_records(row.symbol)
        index = loaded.index if row.kind == "bars" else loaded.frame.index
        assert (row.first, row.last) == (index[0].tz_localize(None), index[-1].tz_localize(None))
    share = table.set_index("symbol").loc["SYN050"]
    index = iq.load_bars("SYN050").index.tz_localize(None)
    assert (share["first"], share["last"]) == (index[0], index[-1])


def test_the_truth_is_told_about_synthetic_symbols_only():
    truth = iq.synthetic_truth("SYN001")
    assert truth.returns.shape == iq.load_bars("SYN001").close.shape
    with pytest.raises(
        UnknownSymbolError, match=r"no truth is known about 'AAPL'.*synthetic symbols are SYN001 to SYN100"
    ):
        iq.synthetic_truth("AAPL")


def test_loading_is_point_in_time_for_every_symbol_kind():
    for symbol in ("^GSPC", "SYN001"):
        whole = iq.load_bars(symbol)
        for when in whole.known_at[[100, 1000, 2000]]:
            seen = iq.load_bars(symbol, as_of=when)
            cut = len(seen)
            assert seen.known_at[-1] == when
            for name in ("close", "split_factor", "total_factor"):
                assert np.array_equal(getattr(seen, name), getattr(whole, name)[:cut])


def test_the_sample_does_not_import_arch(monkeypatch):
    import sys

    for name in [name for name in sys.modules if name == "arch" or name.startswith("arch.")]:
        monkeypatch.delitem(sys.modules, name)
    sample.load("^IXIC")
    assert "arch" not in sys.modules


def test_frames_of_bars_carry_the_sessions_as_utc_dates():
    index = iq.load_bars("^GSPC", "2018-12-28").frame.index
    assert index.equals(pd.DatetimeIndex(["2018-12-28", "2018-12-31"], tz="UTC", name="ts"))
