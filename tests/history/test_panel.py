import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError, UnknownSymbolError
from investiq.history.panel import Panel


def test_a_panel_aligns_on_the_union_of_labels(make_bars):
    # A trades Friday to Tuesday, B Monday to Wednesday: four labels, one hole each.
    panel = Panel.of(
        [make_bars((1.5, 2.5, 3.5), symbol="A"), make_bars((4.5, 5.5, 6.5), symbol="B", first="2024-03-04")]
    )
    assert np.datetime_as_string(panel.ts, "D").tolist() == ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06"]
    assert np.array_equal(panel.close, [[1.5, 2.5, 3.5, np.nan], [np.nan, 4.5, 5.5, 6.5]], equal_nan=True)
    assert np.isnat(panel.known_at).tolist() == [[False, False, False, True], [True, False, False, False]]


def test_a_panel_gives_back_the_bars_it_was_made_of(make_bars):
    members = [make_bars((1.5, 2.5, 3.5), symbol="A"), make_bars((4.5, 5.5), symbol="B", first="2024-03-05")]
    panel = Panel.of(members)
    assert [bars.fingerprint for bars in panel] == [bars.fingerprint for bars in members]
    assert panel.bars("B").passport is members[1].passport


def test_a_panel_is_cut_by_knowledge(make_bars):
    panel = Panel.of([make_bars(symbol="A"), make_bars(symbol="B", first="2024-03-06")])
    seen = panel.until("2024-03-05")
    assert seen.symbols == ("A", "B")
    assert seen.close.shape == (2, 3)
    assert np.isnan(seen.close[1]).all()
    assert len(seen.bars("B")) == 0


def test_panel_arrays_are_symbol_major_contiguous_and_frozen(make_bars):
    panel = Panel.of([make_bars(symbol="A"), make_bars(symbol="B")])
    assert panel.close.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        panel.close[0, 0] = 1.0


def test_a_panel_refuses_mixed_or_repeated_members(make_bars):
    with pytest.raises(DataError, match="at least one"):
        Panel.of([])
    with pytest.raises(DataError, match="once in a panel; found A, A"):
        Panel.of([make_bars(symbol="A"), make_bars(symbol="A")])
    with pytest.raises(DataError, match="one interval and one basis"):
        Panel.of([make_bars(symbol="A"), make_bars(symbol="B").adjusted()])


def test_an_unknown_member_is_answered_with_what_there_is(make_bars):
    with pytest.raises(UnknownSymbolError, match=r"no 'AB'; .*it holds A"):
        Panel.of([make_bars(symbol="A")]).bars("AB")


def test_a_member_keeps_its_flags_and_actions():
    bars = iq.load_bars("SYN002")
    again = Panel.of([iq.load_bars("SYN001"), bars]).bars("SYN002")
    assert again.actions == bars.actions
    assert again.flags.tolist() == bars.flags.tolist()
    assert bool(again.flags.any())


def test_an_adjusted_panel_holds_the_adjusted_bars():
    members = [iq.load_bars("SYN001"), iq.load_bars("SYN002")]
    for how in ("total", "split"):
        panel = Panel.of(members).adjusted(how)
        assert panel.basis == how
        for bars in members:
            expected = bars.adjusted(how)
            assert panel.bars(bars.symbol).fingerprint == expected.fingerprint


def test_a_panel_is_adjusted_once(make_bars):
    panel = Panel.of([make_bars(symbol="A")])
    assert panel.adjusted("total").adjusted("total").basis == "total"
    with pytest.raises(DataError, match="already split-adjusted; start from the raw panel"):
        panel.adjusted("split").adjusted("total")
    with pytest.raises(DataError, match="how must be 'total' or 'split', was 'both'"):
        panel.adjusted("both")


def test_an_adjusted_panel_is_cut_like_a_raw_one():
    panel = Panel.of([iq.load_bars("SYN001"), iq.load_bars("SYN002")])
    cut = panel.adjusted().until("2015-06-30")
    assert cut.basis == "total"
    assert np.array_equal(cut.close, panel.until("2015-06-30").adjusted().close, equal_nan=True)
