import dataclasses

import pytest

import investiq as iq
from investiq.analysis.gathering import gather
from investiq.core.errors import UnknownSymbolError
from investiq.market import record_loading


def test_an_invented_company_brings_its_market_its_roles_and_its_records():
    history = gather("SYN001").history
    assert history.benchmark == "SYN-MKT"
    # Invented shares never meet real series.
    assert all(bars.passport.provenance == "synthetic" for bars in history.series.values())
    assert {"SYN-SMALL", "SYN-BOND"} <= set(history.series)
    assert {"statements:SYN001", "news:SYN001", "options:SYN001", "insiders:SYN001"} <= set(history.tables)
    assert not {"^VIX", "FF3"} & set(history.tables)


def test_an_index_of_the_sample_brings_the_sample_and_is_not_its_own_benchmark():
    history = gather("^GSPC").history
    assert history.benchmark is None
    assert list(history.series) == ["^GSPC", "^IXIC"]
    assert {"^VIX", "FF3"} <= set(history.tables)
    assert gather("^IXIC").history.benchmark == "^GSPC"


def test_everything_is_cut_at_the_same_moment():
    history = gather("SYN001", as_of="2015-03-02").history
    last = history.bars().known_at[-1]
    assert str(last)[:10] == "2015-03-02"
    assert all(str(bars.known_at[-1])[:10] <= "2015-03-02" for bars in history.series.values())
    assert all(str(each.frame["known_at"].max())[:10] <= "2015-03-02" for each in history.tables.values() if len(each))


def test_a_kind_that_fails_is_a_note_with_its_reason_and_the_others_are_there(monkeypatch):
    real = record_loading.load_records

    def failing(name, kind=None, **options):
        if kind == "news":
            raise UnknownSymbolError("gone")
        return real(name, kind, **options)

    monkeypatch.setattr("investiq.analysis.gathering.load_records", failing)
    found = gather("SYN001")
    assert "news:SYN001" not in found.history.tables
    assert "statements:SYN001" in found.history.tables
    assert any(note.text == "not in the history: news (not served: gone)" for note in found.notes)


def test_bars_of_a_file_stay_alone_and_say_so():
    bars = iq.load_bars("SYN001")
    own = dataclasses.replace(bars, passport=dataclasses.replace(bars.passport, provenance="file", provider="file"))
    found = gather(own)
    assert list(found.history.series) == ["SYN001"]
    assert not found.history.tables
    assert len(found.notes) == 2


def test_a_symbol_without_bars_is_refused():
    with pytest.raises(UnknownSymbolError):
        gather("NOSUCH")
