import dataclasses
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.analysis.analyzing import Analysis, analyze
from investiq.analysis.gathering import gather
from investiq.analysis.orchestrator import COMBINED
from investiq.core.errors import DataError, InsufficientDataError, UnknownSymbolError
from investiq.core.notes import Note

_HOLIDAYS = ("2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04")


@pytest.fixture(scope="module")
def bars():
    return iq.load_bars("^GSPC")


@pytest.fixture(scope="module")
def analysis(bars):
    return analyze(bars)


def known(bars, row):
    return bars.known_at[row].astype("datetime64[us]").item().replace(tzinfo=UTC)


def test_a_symbol_its_bars_and_the_history_around_them_give_the_same_analysis(analysis, bars):
    again = analyze("^GSPC")
    assert isinstance(again, Analysis)
    assert str(again) == str(analysis)
    pd.testing.assert_frame_equal(again.table, analysis.table)
    pd.testing.assert_frame_equal(analyze(gather(bars).history).table, analysis.table)


def test_a_history_is_taken_as_it_is(bars):
    alone = analyze(iq.History.of(bars[-300:]))
    assert list(alone.history.series) == ["^GSPC"]
    assert not alone.history.tables
    assert "not_gathered" not in {note.code for note in alone.notes}


def test_every_column_of_the_table_has_a_name_of_its_own(analysis):
    assert analysis.table.columns.is_unique
    engines = ("technical", "fundamental", "quant", "sentiment")
    assert tuple(analysis.engines) == engines
    expected = {f"{name}_{what}" for name in engines for what in ("score", "confidence", "weight")}
    assert expected | set(COMBINED) | {"known_at", "n_obs"} <= set(analysis.table.columns)
    assert {"rsi", "prob_velocity", "correlation_nasdaq"} <= set(analysis.table.columns)


def test_the_last_row_of_the_table_is_the_signal(analysis):
    last = analysis.table.iloc[-1]
    assert (last["score"], last["confidence"], last["label"]) == (analysis.score, analysis.confidence, analysis.label)
    assert last["known_at"] == analysis.engines["technical"].as_of == analysis.as_of
    for name, signal in analysis.engines.items():
        np.testing.assert_array_equal(
            [last[f"{name}_score"], last[f"{name}_confidence"]], [signal.score, signal.confidence]
        )


def test_the_table_labels_every_scored_row(analysis):
    assert analysis.table["label"].isna().equals(analysis.table["score"].isna())
    # The quant engine speaks from bar 30 on.
    assert analysis.table["label"].isna().sum() == 29
    strong = analysis.table.query("abs(score) >= 30 and abs(score) < 70")
    assert set(strong["label"]) == {"Buy", "Sell"}
    assert (np.sign(strong["score"]) == strong["label"].map({"Buy": 1, "Sell": -1})).all()


@pytest.mark.parametrize("row", [40, 60, 250, 2600])
def test_an_analysis_as_of_a_time_is_the_row_of_the_whole_and_the_analysis_of_the_past(analysis, bars, row):
    past = analyze(bars, as_of=known(bars, row))
    pd.testing.assert_series_equal(past.table.iloc[-1], analysis.table.iloc[row], rtol=1e-10)
    assert len(past.bars) == len(past.table) == row + 1
    again = analyze(iq.load_bars("^GSPC", as_of=known(bars, row)))
    assert repr(again.facts()) == repr(past.facts())


@pytest.mark.parametrize("symbol", ["^IXIC", "SYN015"])
def test_a_caution_about_a_later_bar_is_not_told_before_it(symbol):
    # Two days without volume in 2015 and 2018; a move of 22 % on 2016-07-15.
    bars = iq.load_bars(symbol)
    assert {note.code for note in analyze(bars).notes} & {"zero_volume", "price_spikes"}
    past = analyze(bars, as_of="2013-05-20")
    assert not {note.code for note in past.notes if note.text.startswith(symbol)} & {"zero_volume", "price_spikes"}
    one_day_off = analyze(iq.load_bars("^IXIC"), as_of="2016").notes
    assert next(note.rows for note in one_day_off if note.code == "zero_volume") == 1


def test_a_file_cut_at_a_time_tells_what_a_file_that_ends_there_tells(tmp_path):
    # From 2024-01-02 on; later: a price halved, a day without volume, a special dividend and rights.
    days = np.busday_offset("2024-01-02", np.arange(130), holidays=_HOLIDAYS)
    closes = np.where(np.arange(130) < 100, 10.0, 5.0) + 0.1 * (np.arange(130) % 3)
    rows = [
        f"{day},{close},{close},{close},{close},{0 if row == 110 else 100}"
        for row, (day, close) in enumerate(zip(days, closes, strict=True))
    ]
    (tmp_path / "actions.csv").write_text(
        f"kind,ex_date,cash\nrights,{days[20]},\nspecial_dividend,{days[105]},2.0\nrights,{days[115]},\n"
    )

    def read(count):
        path = tmp_path / f"{count}.csv"
        path.write_text("\n".join(["date,open,high,low,close,volume", *rows[:count]]))
        return iq.read_bars("ACME", path, price_basis="as_traded", actions=tmp_path / "actions.csv")

    whole, short = read(130), read(90)
    later = {"large_dividend", "zero_volume", "possible_splits"}
    assert later <= {note.code for note in analyze(whole).notes}
    past = analyze(whole, as_of=known(whole, 89))
    assert past.notes == analyze(short).notes
    assert [note.event for note in past.notes if note.code == "action_unadjusted"] == [str(days[20])]
    assert not later & {note.code for note in past.notes}


def test_the_provenance_tells_the_cut_and_calls_the_loaded_series_by_its_name(bars):
    lines = {fact.label: fact.value for fact in analyze(bars, as_of="2013-05-20").provenance()}
    assert lines["Bars used"] == "1999-01-04 to 2013-05-20, 3,617 bars"
    assert lines["Loaded series"].startswith("1999-01-04 to 2018-12-31, 5,031 bars")
    assert lines["Cut"] == "only what was known by 2013-05-20 23:59 UTC was seen"
    assert not {"Period", "Condition", "As of"} & set(lines)
    whole = {fact.label for fact in analyze(bars).provenance()}
    assert "Period" in whole
    assert not {"Loaded series", "Bars used"} & whole


def test_a_moment_before_the_close_does_not_see_the_bar(bars):
    close = known(bars, 300)
    assert len(analyze(bars, as_of=close - timedelta(microseconds=1)).bars) == 300
    assert len(analyze(bars, as_of=close).bars) == 301


def test_a_date_means_what_was_known_at_its_end(bars):
    past = analyze(bars, as_of="2009-06-23")
    assert past.as_of == datetime(2009, 6, 23, 23, 59, 59, 999_999, tzinfo=UTC)
    # The day of the golden cross that the press reported.
    assert "Golden Cross" in {each.name for each in past.engines["technical"].evidence}
    assert "Engines at the bar of 2009-06-23" in str(past)


def test_text_and_html_state_the_same_cells(analysis):
    text, html = str(analysis), analysis._repr_html_()
    plain = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))
    for table in analysis.tables():
        for row in table.rows:
            for cell in row:
                assert cell in text
                assert cell in plain
    for fact in analysis.facts():
        assert fact.label in text
        assert fact.label in plain


def test_the_sample_is_watermarked_and_silent_engines_say_why(analysis):
    assert "[SAMPLE]" in str(analysis)
    assert 'class="iq-mark">SAMPLE<' in analysis._repr_html_()
    silent = {name: signal.reason for name, signal in analysis.engines.items() if np.isnan(signal.score)}
    assert set(silent) == {"fundamental", "sentiment"}
    assert all(reason and reason in str(analysis) for reason in silent.values())
    assert {note.code for note in analysis.notes} >= {"not_gathered", "price_index"}
    # A bear market of high volatility weighs technical 15 and quant 35 of 100: 50 are there.
    assert (analysis.regime, analysis.coverage) == ("high_vol_bear", 0.5)
    assert analysis.weights["technical"] == pytest.approx(0.3)


def test_an_analysis_of_few_bars_says_why_it_has_no_score(bars):
    few = analyze(bars[:10])
    assert few.title == "Analysis of ^GSPC: no score"
    assert np.isnan(few.score)
    assert few.conviction is None
    reason = "the technical engine needs 50 bars, 10 are known"
    remarks = [f"{fact.value} {fact.convention} {fact.note}" for fact in few.facts()]
    assert [reason in each for each in remarks] == [True] + [False] * (len(remarks) - 1)
    missing = {fact.label: fact.note for fact in few.facts() if fact.value is None or fact.value != fact.value}
    assert len(missing) == 9
    assert {note for label, note in missing.items() if label != "Calibrated probability"} == {"no score"}
    # By the recommendation and beside the engine itself.
    assert str(few).count(reason) == 2
    assert "No view: no engine has enough data" in few.recommendation
    assert few.table["label"].isna().all()
    assert (few.coverage, few.regime) == (0, "unknown")


def test_an_analysis_names_what_is_not_yet_defined(bars):
    missing = next(table for table in analyze(bars[:150]).tables() if table.title.startswith("Without a value"))
    names = {row[2] for row in missing.rows if row[:2] == ("Technical", "too short a past: 150 bars")}
    assert any("sma_200, sma_50_200_cross" in each for each in names)


def test_an_analysis_before_the_first_bar_is_refused(bars):
    with pytest.raises(
        InsufficientDataError, match=r"no bar was known at 1998.*the first of 5,031 became known 1999-01-04"
    ):
        analyze(bars, as_of="1998")


def test_adjusted_bars_are_refused(bars):
    with pytest.raises(DataError, match="takes bars as traded, these are total-adjusted; pass them before adjusted"):
        analyze(bars.adjusted())


def test_an_unknown_symbol_and_a_wrong_type_are_refused():
    with pytest.raises(UnknownSymbolError, match="did you mean"):
        analyze("GSPC")
    with pytest.raises(DataError, match="data must be a symbol, Bars or a History, was DataFrame"):
        analyze(pd.DataFrame())


def test_an_analysis_long_after_the_newest_bar_says_how_many_sessions_it_misses(bars):
    # Sessions of January 2019: 23 weekdays without New Year's Day and Martin Luther King's; and 1 February.
    notes = {note.code: note for note in analyze(bars, as_of="2019-02-01").notes}
    assert notes["stale"].rows == 22
    assert "the newest bar is of 2018-12-31, and 22 session(s) of XNYS closed" in notes["stale"].text
    assert "stale" not in {note.code for note in analyze(bars, as_of="2018-12-31T20:59").notes}


def test_what_voids_the_verdict_stands_under_the_headline_and_nowhere_else(bars):
    past = analyze(bars, as_of="2019-02-01")
    failed = Note(code="engine_failed", text="the quant engine failed", severity="error")
    said = dataclasses.replace(past, notes=(*past.notes, failed))
    stale = next(note.text for note in past.notes if note.code == "stale")
    assert str(said).splitlines()[1:4] == [said.headline, f"  ! {stale}", "  x the quant engine failed"]
    html = unescape(said._repr_html_())
    for text in (stale, failed.text):
        assert str(said).count(text) == html.count(text) == 1
        assert html.index(said.headline) < html.index(text) < html.index("<table")
    for note in past.notes:
        assert str(said).count(note.text) == 1
    assert str(analyze(bars)).splitlines()[2].startswith("  In words")


def test_as_of_is_the_analysis_own_and_the_passports_is_the_last_bar_known(bars):
    past = analyze(bars)
    lines = [fact.label for fact in (*past.facts(), *past.provenance())]
    assert lines.count("As of") == 1
    moments = {fact.label: fact.value for fact in past.provenance()}
    # The last session of 2018 closed at 16:00 in New York.
    assert moments["Last bar known"] == "2018-12-31 21:00 UTC"
