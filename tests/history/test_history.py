import dataclasses

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError, UnknownSymbolError
from investiq.core.notes import Note
from investiq.history.history import History
from investiq.history.records import Records


def macro(name="CPI"):
    ts = pd.DatetimeIndex(["2024-01-31", "2024-02-29"], tz="UTC", name="ts").as_unit("us")
    known = pd.DatetimeIndex(["2024-03-04 21:00", "2024-03-06 21:00"], tz="UTC").as_unit("us")
    table = pd.DataFrame({"value": [1.0, 2.0], "known_at": known}, index=ts)
    return Records(kind="macro", name=name, frame=table, provider="test", source="", known_at_rule="", unit="index")


def test_until_cuts_every_series_and_every_table(make_bars):
    history = History.of(make_bars(), benchmark=make_bars(symbol="INDEX"), records=[macro()])
    seen = history.until("2024-03-04T21:00")
    assert len(seen.bars()) == len(seen.bars("INDEX")) == 2
    assert len(seen.records("CPI")) == 1
    assert (seen.symbol, seen.benchmark) == ("TEST", "INDEX")


def test_a_cut_history_holds_nothing_known_later(make_bars):
    history = History.of(make_bars(), make_bars(symbol="B"), records=[macro()])
    for when in history.bars().known_at:
        seen = history.until(when)
        assert all((bars.known_at <= when).all() for bars in seen.series.values())
        assert (seen.records("CPI").frame["known_at"] <= pd.Timestamp(when, tz="UTC")).all()
        assert seen.bars().known_at[-1] == when


def test_cutting_twice_is_cutting_once(make_bars):
    history = History.of(make_bars())
    early, late = np.datetime64("2024-03-05T21:00"), np.datetime64("2024-03-06T21:00")
    assert history.until(late).until(early).bars().fingerprint == history.until(early).bars().fingerprint
    assert len(history.until(early).until(late).bars()) == 3


def test_the_first_bars_are_the_main_symbol(make_bars):
    history = History.of(make_bars(symbol="A"), make_bars(symbol="B"))
    assert history.symbol == "A"
    assert history.bars().symbol == "A"
    assert history.bars("B").symbol == "B"
    assert repr(history) == "<History of A: bars A, B; records none>"


def test_the_benchmark_may_be_the_series_itself(make_bars):
    bars = make_bars()
    assert History.of(bars, benchmark=bars).benchmark == "TEST"


def test_two_series_of_one_name_are_refused(make_bars):
    with pytest.raises(DataError, match="two different series are called 'TEST'"):
        History.of(make_bars(), make_bars())
    with pytest.raises(DataError, match="two different series are called 'TEST'"):
        History.of(make_bars(), benchmark=make_bars())
    with pytest.raises(DataError, match="two different records are called 'CPI'"):
        History.of(make_bars(), records=[macro(), macro()])


def test_a_history_needs_its_main_symbol_and_its_benchmark(make_bars):
    with pytest.raises(DataError, match="at least one Bars"):
        History.of()
    with pytest.raises(DataError, match="no bars of 'B'; it holds A"):
        History(symbol="A", series={"A": make_bars(symbol="A")}, benchmark="B")


def test_an_unknown_name_is_answered_with_what_there_is(make_bars):
    history = History.of(make_bars(symbol="INDEX"), records=[macro()])
    with pytest.raises(UnknownSymbolError, match="no bars of 'INDXE'; did you mean 'INDEX'\\?; it holds INDEX"):
        history.bars("INDXE")
    with pytest.raises(DataError, match="no records 'CPIX'; did you mean 'CPI'\\?; it holds CPI"):
        history.records("CPIX")


def test_a_cut_history_tells_nothing_of_rows_and_events_after_it(make_bars):
    # Bars of 2024-03-01, 04, 05, 06 and 07; no volume on the 6th.
    bars = make_bars(volume=[1.0, 1.0, 1.0, 0.0, 1.0])
    events = tuple(
        Note(code="large_dividend", text=day, event=day) for day in ("2024-03-01", "2024-03-05", "2024-03-07")
    )
    told = (Note(code="zero_volume", text="1 bar", rows=1), Note(code="rule", text="of all bars"), *events)
    history = History.of(bars.with_passport(dataclasses.replace(bars.passport, notes=told)))
    # The event of the first bar has no return of these bars across it.
    assert [note.text for note in history.notes if note.event] == ["2024-03-05", "2024-03-07"]
    assert "zero_volume" in {note.code for note in history.notes}
    assert [note.text for note in history.until("2024-03-05").notes] == ["of all bars", "2024-03-05"]
    assert [note.text for note in history.until("2024-03-04").notes] == ["of all bars"]
    assert [note.text for note in history.until("2024-02-01").notes] == ["of all bars"]


def test_the_notes_of_all_series_are_inherited_once(make_bars):
    history = History.of(make_bars(symbol="A"), make_bars(symbol="B"))
    assert [note.code for note in history.notes] == ["a_caution"]


@pytest.mark.parametrize("kind", ["statements", "earnings", "news", "options", "insiders", "short_interest", "actions"])
def test_records_of_the_main_symbol_are_found_by_their_kind_and_cut_with_the_bars(make_bars, kind):
    mine, other = macro(f"{kind}:TEST"), macro(f"{kind}:OTHER")
    history = History.of(make_bars(), records=[other, mine])
    assert history.records(kind) is mine
    assert history.records(f"{kind}:OTHER") is other
    assert len(history.until("2024-03-05").records(kind)) == 1
    assert len(history.until("2024-03-04T20:59").records(kind)) == 0


def test_records_that_bear_the_name_itself_come_before_those_of_the_symbol(make_bars):
    own, of_the_symbol = macro("news"), macro("news:TEST")
    assert History.of(make_bars(), records=[of_the_symbol, own]).records("news") is own
