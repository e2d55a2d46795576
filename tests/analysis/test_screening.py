import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.core.errors import DataError

SYMBOLS = ["^GSPC", "^IXIC", "SYN001"]


@pytest.fixture(scope="module")
def found():
    return iq.screen(SYMBOLS, where="rsi < 60", as_of="2015-08-24")


def test_every_row_is_the_last_one_of_the_symbols_own_analysis(found):
    for symbol in SYMBOLS:
        own = iq.analyze(symbol, as_of="2015-08-24").table.iloc[-1]
        assert found.frame.loc[symbol, "bar"] == own.name == pd.Timestamp("2015-08-24", tz="UTC")
        np.testing.assert_equal(found.frame.loc[symbol, "score"], own["score"])
        np.testing.assert_equal(found.frame.loc[symbol, "rsi"], own["rsi"])


def test_the_highest_score_stands_first(found):
    assert sorted(found.frame.index) == sorted(SYMBOLS)
    assert found.frame["score"].is_monotonic_decreasing


def test_matches_are_those_that_meet_the_condition(found):
    assert set(found.symbols) == set(found.frame.index[found.frame["rsi"] < 60])
    assert len(found.symbols) > 0
    text = str(found)
    assert f"{len(found.symbols)} of 3 match" in text
    assert "SYNTHETIC" in text


def test_a_condition_may_name_words_and_several_columns():
    frame = iq.screen(SYMBOLS, where="regime != 'unknown' and score > -101 and confidence <= 1").frame
    assert frame["matches"].all()
    assert not iq.screen(SYMBOLS[:1], where="regime == 'nowhere'").frame["matches"].any()


def test_a_column_without_a_value_meets_no_comparison():
    found = iq.screen(["^GSPC"], where="fundamental_score > -101 or fundamental_score < 101")
    assert np.isnan(found.frame["fundamental_score"].iloc[0])
    assert found.symbols == ()


def test_a_symbol_that_fails_is_named_and_keeps_no_other_back():
    found = iq.screen(["^GSPC", "GHOST"])
    assert found.symbols == ("^GSPC",)
    assert found.failures["GHOST"].startswith("UnknownSymbolError: no offline data for 'GHOST'")
    assert "1 symbol(s) could not be analysed, such as GHOST" in str(found)


def test_nothing_but_failures_is_a_table_without_rows():
    found = iq.screen(["GHOST"], where="score > 0")
    assert (len(found.frame), found.symbols, found.asked) == (0, (), 1)
    assert "0 of 0 match" in found.title


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("scor > 30", "where names 'scor', which is no column of the analysis; did you mean 'score'"),
        ("score >", "where must be a condition on columns"),
        ("score + 1", "where must be true or false for each symbol"),
        ("score > 'high'", "where must be a condition on columns"),
    ],
)
def test_a_wrong_condition_is_refused_in_words(where, message):
    with pytest.raises(DataError, match=message):
        iq.screen(["^GSPC"], where=where)


@pytest.mark.parametrize(
    ("universe", "message"),
    [([], "has no members"), (["^GSPC", "^GSPC"], "more than once"), ([1], "holds symbols"), ("nyse", "no universe")],
)
def test_a_wrong_universe_is_refused_in_words(universe, message):
    with pytest.raises(DataError, match=message):
        iq.screen(universe)


def test_what_the_condition_names_stands_in_the_table_with_its_unit(found):
    (matches,) = (each for each in found.tables() if each.title.startswith("Matches"))
    assert matches.columns[:3] == ("Symbol", "rsi", "Signal")
    shown = {row[0]: row[1] for row in matches.rows}
    # From 0 to 100, like a score, with one decimal.
    assert shown == {symbol: f"{found.frame.loc[symbol, 'rsi']:.1f}" for symbol in found.symbols}
    assert "rsi" in matches.numbers


def test_a_condition_on_usual_columns_adds_no_second_one():
    words = iq.screen(["^GSPC"], where="score > -101 and regime != '' and quant_weight > 0 and score < 101")
    assert words.named == ("score", "regime", "quant_weight")
    (matches,) = words.tables()
    assert matches.columns[:5] == ("Symbol", "regime", "quant_weight", "Signal", "Score")
    assert matches.columns.count("Score") == 1
    # In the bear market of 2018 technical has 15 and quant 35 of the 50 that speak: 70 %.
    assert matches.rows[0][1:3] == ("high_vol_bear", "70.00 %")


@pytest.mark.parametrize(("where", "analysed"), [("score >", 0), ("scor > 30", 1), ("score + 1", 1)])
def test_a_wrong_condition_stops_before_the_others_are_analysed(monkeypatch, where, analysed):
    from investiq.analysis import screening

    asked = []
    real = screening.analyze
    monkeypatch.setattr(screening, "analyze", lambda symbol, **options: asked.append(symbol) or real(symbol, **options))
    with pytest.raises(DataError):
        iq.screen(["^GSPC", "^IXIC", "SYN001"], where=where, as_of="2013-05-20")
    assert len(asked) == analysed


def test_a_failure_is_told_by_its_first_sentence_and_kept_whole():
    found = iq.screen(["GHOST"])
    whole = found.failures["GHOST"]
    ((symbol, shown),) = found.tables()[0].rows
    assert symbol == "GHOST"
    assert shown == "UnknownSymbolError: no offline data for 'GHOST'"
    assert whole.startswith(f"{shown};")
    last = {fact.label: fact for fact in found.facts() if "last bar" in fact.label}
    assert list(last) == ["Oldest last bar", "Newest last bar"]
    assert {fact.note for fact in last.values()} == {"no symbol was analysed"}


def test_a_universe_by_name_brings_its_cautions():
    members = iq.load_universe("dow30")
    found = iq.screen("dow30", as_of="2018-12-31")
    assert found.asked == len(iq.load_universe("dow30", as_of="2018-12-31")) == len(members)
    assert len(found.failures) == found.asked  # real shares are not in the sample


def test_processes_find_the_same():
    alone, spread = (iq.screen(SYMBOLS[:2], as_of="2013-05-20", executor=each) for each in (None, "processes"))
    pd.testing.assert_frame_equal(alone.frame, spread.frame)


def test_an_interrupt_keeps_what_is_done(monkeypatch):
    from investiq.analysis import screening

    real = screening.analyze

    def interrupted_at_the_fifth(symbol, **options):
        if symbol == "^IXIC":
            raise KeyboardInterrupt
        return real(symbol, **options)

    monkeypatch.setattr(screening, "analyze", interrupted_at_the_fifth)
    found = iq.screen(["SYN001", "SYN002", "SYN003", "^GSPC", "^IXIC"], as_of="2012-12-31")
    assert len(found.frame) == 4
    assert "interrupted after 4 of 5 symbols" in str(found)
