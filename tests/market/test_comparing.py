"""Two readings side by side: what differs, and why a backtest would."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import investiq as iq
from investiq.core.errors import DataError, UnknownSymbolError
from investiq.history.adjust import Action
from investiq.market.comparing import compare_data
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, actions_table, bars_table, moment

KEY = SeriesKey("bars", "massive", "AAPL")
CLOSES = [100.0, 102.0, 101.0, 104.0, 100.0]


@pytest.fixture
def store(tmp_path):
    """Five bars of 2 to 8 January 2024, of which two closes were corrected on 5 March; a split on 8 March."""
    store = Store(tmp_path)
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    # 102 -> 103.02 is 1 %, 104 -> 104.52 is 0.5 %.
    store.write(KEY, bars_table([100.0, 103.02, 101.0, 104.52, 100.0]), FACTS, moment("2024-03-05"))
    split = actions_table({"ex_date": "2024-01-04", "ratio": 2.0})
    store.write(KEY.actions, split, FACTS, moment("2024-03-08"), covers=(None, None))
    return store


def facts(diff):
    return {fact.label: fact.value for fact in diff.facts()}


def test_two_moments_of_the_store_tell_what_was_corrected_and_learnt(store):
    diff = compare_data("2024-03-02", "2024-03-09", series=KEY, store=store)
    assert diff.why == (
        "A backtest changes because 2 closes of 2024-01 were corrected by up to 1.00 %, "
        "and a split of 2024-01-04 (ratio 2) was added."
    )
    told = facts(diff)
    assert (told["Bars added"], told["Bars removed"], told["Bars changed"], told["Actions changed"]) == (0, 0, 2, 1)
    # The low, a dollar below the close, moved most: 102.02 / 101 - 1.
    assert told["Largest change of a price"] == pytest.approx(1.02 / 101)
    assert told["Bars with another total factor"] == 3
    assert told["Largest change of the total factor"] == 1.0


def test_the_returns_that_change_are_those_around_what_changed(store):
    diff = compare_data("2024-03-02", "2024-03-06", series="AAPL", store=store)
    # Without the split all four returns touch a corrected close: 1.0302 - 1.02, and so on.
    expected = [1.0302 - 1.02, 101 / 103.02 - 101 / 102, 104.52 / 101 - 104 / 101, 100 / 104.52 - 100 / 104]
    np.testing.assert_allclose(diff.return_change, expected, atol=1e-15)
    assert facts(diff)["Returns changed"] == 4
    assert facts(diff)["Largest change of a return"] == pytest.approx(0.0102)


def test_lines_of_the_frame_are_the_differences(store):
    frame = compare_data("2024-03-02", "2024-03-06", series=KEY, store=store).to_frame()
    close = frame[frame["column"] == "close"]
    assert close["before"].tolist() == [102.0, 104.0]
    assert close["after"].tolist() == [103.02, 104.52]
    assert close["relative"].to_numpy() == pytest.approx([0.01, 0.005])
    assert str(frame["ts"].dtype) == "datetime64[us, UTC]"
    # Two bars x four prices; that their flag says "revised" is no difference of its own.
    assert sorted(set(frame["column"])) == ["close", "high", "low", "open"]
    assert len(frame) == 8


def test_text_and_html_state_the_same_numbers(store):
    diff = compare_data("2024-03-02", "2024-03-09", series=KEY, store=store)
    for form in (str(diff), diff._repr_html_()):
        for words in (
            "1.00 %",
            "a split of 2024-01-04 (ratio 2) was added",
            "Bars changed",
            "Changed values",
            "100.00 %",
        ):
            assert words in form
    assert diff.title == "Data of AAPL, 1d: as recorded by 2024-03-02 23:59 UTC and as recorded by 2024-03-09 23:59 UTC"


def test_equal_readings_exonerate_the_data(store):
    diff = compare_data("2024-03-09", "2024-04-01", series=KEY, store=store)
    assert diff.is_same
    assert diff.why == "The two readings are the same: a backtest that differs has another cause than these data."
    assert len(diff.to_frame()) == 0
    assert [note.severity for note in diff.notes] == ["info"]
    assert not diff.return_change.any()


def test_an_action_alone_makes_two_readings_differ(store):
    diff = compare_data("2024-03-06", "2024-03-09", series=KEY, store=store)
    assert (diff.columns, diff.passport, diff.added.size, diff.removed.size) == ((), (), 0, 0)
    assert not diff.is_same
    assert diff.why == "A backtest changes because a split of 2024-01-04 (ratio 2) was added."


def test_bars_that_were_only_added_leave_the_past_alone():
    bars = iq.load_bars("^GSPC", start="2018-12")
    assert (
        compare_data(bars[:-3], bars).why == "Nothing that was there has changed: 3 bars were added after 2018-12-26."
    )


def test_gaps_that_were_filled_and_bars_that_went_are_told_apart(tmp_path):
    store = Store(tmp_path)
    table = bars_table(CLOSES)
    store.write(KEY, table.drop(index=1), FACTS, moment("2024-03-01"))
    store.write(KEY, table.drop(index=3), FACTS, moment("2024-03-05"), covers=(None, None))
    diff = compare_data("2024-03-02", "2024-03-06", series=KEY, store=store)
    assert diff.why == (
        "A backtest changes because 1 bar was added within the series (2024-01-03), and 1 bar was removed (2024-01-05)."
    )
    assert diff.to_frame()["what"].tolist() == ["added", "removed"]


def test_an_action_with_other_terms_is_a_change_and_a_moved_one_comes_and_goes(store):
    cash = {"kind": "dividend", "currency": "USD"}
    rows = [
        ({"ex_date": "2024-01-03", "cash": 0.24}, "2024-04-01"),
        ({"ex_date": "2024-01-03", "cash": 0.25}, "2024-04-02"),
    ]
    rows += [({"ex_date": "2024-01-05", "cash": 0.25}, "2024-04-03")]
    for row, recorded in rows:
        store.write(KEY.actions, actions_table(cash | row), FACTS, moment(recorded), covers=(None, None))
    changed = compare_data("2024-04-01T12:00", "2024-04-02T12:00", series=KEY, store=store)
    assert [change.text for change in changed.actions] == [
        "the dividend of 2024-01-03 (0.24 USD) became one of 0.25 USD"
    ]
    moved = compare_data("2024-04-02T12:00", "2024-04-03T12:00", series=KEY, store=store)
    assert [change.text for change in moved.actions] == [
        "a dividend of 2024-01-03 (0.25 USD) was withdrawn",
        "a dividend of 2024-01-05 (0.25 USD) was added",
    ]


def test_facts_that_give_the_rows_another_meaning_are_told(store):
    bars = store.bars(KEY)
    other = bars.with_passport(dataclasses.replace(bars.passport, price_basis="vendor_split"))
    diff = compare_data(bars, other)
    assert diff.passport == (("price_basis", "as_traded", "vendor_split"),)
    assert diff.why == "A backtest changes because price basis is vendor_split instead of as_traded."


def test_volume_alone_is_named_where_no_price_changed(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    store.write(KEY, bars_table(CLOSES, volume=[1000.0, 1000, 1500, 1000, 1000]), FACTS, moment("2024-03-05"))
    diff = compare_data("2024-03-02", "2024-03-06", series=KEY, store=store)
    assert "1 volume of 2024-01-04 was corrected by 50.00 %" in diff.why
    assert facts(diff)["Largest change of a price"] == 0.0


def test_what_cannot_be_compared_is_refused(store):
    bars = store.bars(KEY)
    with pytest.raises(DataError, match=r"not one series: symbol AAPL and \^GSPC"):
        compare_data(bars, iq.load_bars("^GSPC"))
    with pytest.raises(DataError, match="found split-adjusted bars"):
        compare_data(bars, bars.adjusted("split"))
    with pytest.raises(DataError, match="found one of each"):
        compare_data(bars, "2024-03-01", series=KEY)
    with pytest.raises(DataError, match="are moments: name the series"):
        compare_data("2024-03-01", "2024-03-02")
    with pytest.raises(DataError, match="say themselves what they are"):
        compare_data(bars, bars, series=KEY)
    with pytest.raises(UnknownSymbolError, match="has no bars of 'MSFT'"):
        compare_data("2024-03-01", "2024-03-02", series="MSFT", store=store)
    store.write(SeriesKey("bars", "alpaca", "AAPL"), bars_table(CLOSES), FACTS, moment("2024-03-01"))
    with pytest.raises(DataError, match=r"2 series of 'AAPL': .*alpaca.*massive"):
        compare_data("2024-03-01", "2024-03-02", series="AAPL", store=store)


def test_sample_data_keep_their_watermark():
    bars = iq.load_bars("^GSPC", start="2018-12")
    assert compare_data(bars, bars).watermark == "SAMPLE"


def test_an_action_without_terms_has_words_too():
    from investiq.market.data_diff import ActionChange

    merger = Action(kind="merger", ex_date=np.datetime64("2024-01-04").item())
    assert ActionChange(None, merger).text == "a merger of 2024-01-04 (no terms) was added"


def test_a_bar_that_was_quarantined_meanwhile_is_told(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    store.write(KEY, bars_table(CLOSES, flags=[0, 1, 0, 0, 0]), FACTS, moment("2024-03-05"))
    diff = compare_data("2024-03-02", "2024-03-06", series=KEY, store=store)
    assert diff.why == "A backtest changes because the flags of 1 bar of 2024-01-03 changed."


def test_the_same_rows_from_another_source_are_no_reason():
    bars = iq.load_bars("^IXIC", start="2018-12")
    moved = bars.with_passport(dataclasses.replace(bars.passport, source="another file"))
    difference = iq.compare_data(bars, moved)
    assert difference.is_same
    assert "another cause than these data" in difference.why
    assert difference.passport[0][0] == "source"  # still shown


def test_bars_added_before_or_after_change_nothing_that_was_there():
    bars = iq.load_bars("SYN001")
    row = int(np.searchsorted(bars.ts, np.datetime64(bars.actions[-1].ex_date)))
    later = compare_data(bars[: row - 3], bars)
    assert later.why.startswith("Nothing that was there has changed")
    assert later.actions == ()
    shorter = compare_data(bars, bars[300:]).why
    assert shorter.startswith("A backtest changes because 300 bars were removed")
    assert "withdrawn" not in shorter
    first = str(bars.ts[300].astype("datetime64[D]"))
    assert compare_data(bars[300:], bars).why == (
        f"Nothing that was there has changed: 300 bars were added before {first}."
    )
    assert compare_data(bars[300:-2], bars).why.startswith(
        f"Nothing that was there has changed: 300 bars were added before {first} and 2 bars were added after"
    )
