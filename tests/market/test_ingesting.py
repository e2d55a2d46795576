from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from investiq.core.errors import DataError
from investiq.core.notes import Note
from investiq.history.flags import Flag
from investiq.market.complete_bars import bar_rows
from investiq.market.contract import Payload, Request
from investiq.market.ingesting import keep
from investiq.market.store import SeriesKey, Store
from investiq.runtime import clock
from tests.servers.scripted import ScriptedVendor, session_bars

NOW = datetime(2018, 12, 30, 12, tzinfo=UTC)
KEY = SeriesKey("bars", "scripted", "AAPL")
ACTIONS = SeriesKey("actions", "scripted", "AAPL")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def answered(table, *, now=NOW, request=None, **terms):
    request = Request.of("bars", "AAPL") if request is None else request
    vendor = ScriptedVendor({(request.dataset, request.symbol): table}, **terms)
    with clock.fixed(now):
        return vendor.fetch(request)


def intraday(*stamps):
    ts = pd.to_datetime(list(stamps), utc=True).as_unit("us")
    prices = {name: np.full(len(ts), 10.0) for name in ("open", "high", "low", "close")}
    return pd.DataFrame({"ts": ts, **prices, "volume": 100.0})


def test_bars_are_known_at_the_close_plus_delay_and_settling(store):
    # Christmas Eve closed at 18:00 UTC, the other days at 21:00; 15 minutes of delay and 15 of settling.
    table = session_bars("2018-12-21", "2018-12-26")
    keep(answered(table, delay=timedelta(minutes=15)), store)
    bars = store.bars(KEY)
    expected = ["2018-12-21T21:30", "2018-12-24T18:30", "2018-12-26T21:30"]
    assert bars.known_at.tolist() == [datetime.fromisoformat(text) for text in expected]
    assert bars.passport.known_at_rule == (
        "XNYS close of the last session, early closes included; + 15 min delay + 15 min settling"
    )


def test_the_passport_of_stored_bars_tells_where_they_come_from(store):
    keep(answered(session_bars("2018-12-03", "2018-12-28"), currency="USD", source="GET /bars"), store)
    passport = store.bars(KEY).passport
    assert (passport.provider, passport.provenance, passport.source) == ("scripted", "vendor", "GET /bars")
    assert passport.retrieved_at == NOW
    assert passport.watermark is None


def test_a_row_fetched_before_it_was_complete_is_no_bar(store):
    # Friday 28 December at 21:14 UTC: the close was at 21:00, settled at 21:15.
    early = datetime(2018, 12, 28, 21, 14, tzinfo=UTC)
    rows = bar_rows(answered(session_bars("2018-12-26", "2018-12-28"), now=early))
    assert len(rows.table) == 2
    (note,) = rows.notes
    assert note == Note(
        code="snapshots",
        text="AAPL: 1 row(s) that were not complete when they were fetched were dropped: 2018-12-28",
        rows=1,
    )
    assert (
        len(bar_rows(answered(session_bars("2018-12-26", "2018-12-28"), now=early + timedelta(minutes=1))).table) == 3
    )


def test_rows_that_are_no_bars_are_dropped_and_counted(store):
    table = session_bars("2018-12-17", "2018-12-28")  # nine sessions
    table.loc[0, "close"] = np.nan
    table.loc[1, ["open", "high", "low"]] = np.nan
    table.loc[2, "high"] = 1.0
    table.loc[3, "close"] = -5.0
    kept = keep(answered(table), store)
    assert kept.rows == 5
    assert len(store.bars(KEY)) == 5
    assert {note.code: note.rows for note in kept.notes} == {"no_close": 1, "close_only": 1, "broken_bars": 2}
    assert "that are no bars (high 1 lies below" in kept.notes[-1].text


def test_a_daily_row_of_a_holiday_is_dropped_and_counted(store):
    table = session_bars("2018-12-24", "2018-12-26")
    table.loc[1, "ts"] = pd.Timestamp("2018-12-25", tz="UTC")
    rows = bar_rows(answered(table))
    assert [note.code for note in rows.notes] == ["off_session"]
    assert rows.notes[0].text == "AAPL: 1 row(s) outside the sessions of XNYS were dropped: 2018-12-25"


def test_bars_before_and_after_the_session_are_kept_and_marked_only_where_they_are_asked_for(store):
    # 2018-12-28, New York = UTC - 5: 08:00 is before, 09:30 at, 16:00 after the session, 20:00 after everything.
    table = intraday("2018-12-28T13:00", "2018-12-28T14:30", "2018-12-28T21:00", "2018-12-29T01:00")
    regular = bar_rows(answered(table, request=Request.of("bars", "AAPL", interval="60min"), settle=timedelta(0)))
    assert regular.table["flags"].tolist() == [0]
    assert regular.notes[0].rows == 3
    extended = bar_rows(
        answered(table, request=Request.of("bars", "AAPL", interval="60min", session="extended"), settle=timedelta(0))
    )
    assert extended.table["flags"].tolist() == [Flag.PRE, 0, Flag.POST]
    known = extended.table["known_at"].dt.strftime("%H:%M").tolist()
    assert known == ["14:00", "15:30", "22:00"]


def test_the_last_hour_of_a_session_is_known_at_its_close(store):
    table = intraday("2018-12-28T20:30")  # half an hour before the close
    rows = bar_rows(answered(table, request=Request.of("bars", "AAPL", interval="60min"), settle=timedelta(0)))
    assert rows.table["known_at"].tolist() == [pd.Timestamp("2018-12-28 21:00", tz="UTC")]


def test_an_empty_answer_is_never_stored(store):
    with pytest.raises(DataError, match="scripted gave no bars of AAPL: scripted has no bars of AAPL in the range"):
        keep(answered(session_bars("2018-12-26", "2018-12-28").iloc[:0]), store)
    assert store.keys() == []


def test_an_answer_of_nothing_but_snapshots_is_not_stored(store):
    with pytest.raises(DataError, match=r"none of the 1 rows of AAPL is a complete bar: .* not complete when"):
        keep(answered(session_bars("2018-12-28", "2018-12-28"), now=datetime(2018, 12, 28, 18, tzinfo=UTC)), store)
    assert store.keys() == []


def split(ex_date, ratio=2.0):
    return pd.DataFrame(
        {"kind": ["split"], "ex_date": pd.to_datetime([ex_date], utc=True).as_unit("us"), "ratio": [ratio]}
    )


def test_actions_that_came_with_bars_become_their_factors(store):
    payload = Payload(
        table=session_bars("2018-12-17", "2018-12-28"),
        companions={"actions": split("2018-12-24")},
        settle=timedelta(minutes=15),
    )
    keep(answered(payload), store)
    bars = store.bars(KEY)
    # Two for one at the sixth session: the factor is 1 before and 2 from there on.
    assert bars.split_factor.tolist() == [1.0] * 5 + [2.0] * 4


def test_an_action_that_moved_is_not_counted_twice(store):
    for ex_date in ("2018-12-24", "2018-12-26"):
        payload = Payload(table=session_bars("2018-12-17", "2018-12-28"), companions={"actions": split(ex_date)})
        keep(answered(payload), store)
    assert [str(action.ex_date) for action in store.actions(KEY)] == ["2018-12-26"]


def test_an_action_beyond_the_reach_of_a_plan_is_not_withdrawn(store):
    keep(answered(split("2014-06-09", 7.0), request=Request.of("actions", "AAPL")), store)
    # A later answer without a start reaches back to the split of 2018 only.
    keep(answered(split("2018-12-24"), request=Request.of("actions", "AAPL")), store)
    keep(answered(split("2018-12-24").iloc[:0], request=Request.of("actions", "AAPL")), store)
    assert [str(action.ex_date) for action in store.actions(KEY)] == ["2014-06-09", "2018-12-24"]
    # One that is told of within a stated range is.
    keep(answered(split("2018-12-24").iloc[:0], request=Request.of("actions", "AAPL", "2018-01-01")), store)
    assert [str(action.ex_date) for action in store.actions(KEY)] == ["2014-06-09"]


def twice(*ratios):
    """One split that is told with several ratios: nothing decides between them."""
    return pd.concat([split("2018-12-24", ratio).assign(id="s") for ratio in ratios], ignore_index=True)


@pytest.mark.parametrize("others", [[], ["2018-12-20"]])
def test_a_refused_action_that_came_with_bars_is_told_and_withdraws_none(store, others):
    bars = session_bars("2018-12-17", "2018-12-28")
    keep(answered(Payload(table=bars, companions={"actions": split("2018-12-24")})), store)
    rows = pd.concat([twice(2.0, 3.0), *(split(day, 5.0) for day in others)], ignore_index=True)
    keep(answered(Payload(table=bars, companions={"actions": rows})), store)
    assert [str(action.ex_date) for action in store.actions(KEY)] == [*others, "2018-12-24"]
    for passport in (store.bars(KEY).passport, store.panel([KEY]).passports[0]):
        (note,) = (note for note in passport.notes if note.code == "refused_actions")
        assert note.severity == "error"
        assert "another row says otherwise of the same" in note.text
    # The next answer without such rows ends it.
    keep(answered(Payload(table=bars, companions={"actions": split("2018-12-24")})), store)
    assert "refused_actions" not in {note.code for note in store.bars(KEY).passport.notes}


def test_that_there_are_no_actions_is_a_fact_and_is_stored(store):
    keep(answered(session_bars("2018-12-17", "2018-12-28")), store)
    assert "no_actions" in {note.code for note in store.bars(KEY).passport.notes}
    nothing = split("2018-12-24").iloc[:0]
    keep(answered(nothing, request=Request.of("actions", "AAPL", "2018-12-17")), store)
    assert "no_actions" not in {note.code for note in store.bars(KEY).passport.notes}


def test_a_correction_is_counted_and_marked(store):
    table = session_bars("2018-12-17", "2018-12-28")
    first = keep(answered(table), store)
    assert (first.added, first.revised) == (9, 0)
    again = keep(answered(table, now=NOW + timedelta(hours=1)), store)
    assert (again.added, again.revised) == (0, 0)
    table.loc[3, "close"] += 0.25
    corrected = keep(answered(table, now=NOW + timedelta(hours=2)), store)
    assert (corrected.added, corrected.revised) == (0, 1)
    assert store.bars(KEY).flags[3] & Flag.REVISED


def test_a_bad_print_is_quarantined_in_the_store_and_set_free_when_it_is_corrected(store):
    # A hundred sessions that move by about 1 %, and one print a third too high that the next day takes back.
    table = session_bars("2018-08-06", "2018-12-28")
    close = 100.0 * np.cumprod(1 + 0.01 * np.where(np.arange(len(table)) % 3 == 0, 1.0, -0.5))
    for name in ("open", "high", "low", "close"):
        table[name] = close
    wrong = table.copy()
    wrong.loc[80, ["high", "close"]] *= 1.33
    keep(answered(wrong), store)
    marked = np.flatnonzero(store.bars(KEY).flags & Flag.QUARANTINED)
    assert marked.tolist() == [80]
    keep(answered(table, now=NOW + timedelta(hours=1)), store)
    assert not (store.bars(KEY).flags & Flag.QUARANTINED).any()


def test_a_caution_about_one_answer_does_not_stay_with_the_stored_series(store):
    payload = Payload(
        table=session_bars("2018-12-17", "2018-12-28"),
        settle=timedelta(minutes=15),
        notes=(Note(code="stale", text="the end is missing"), Note(code="odd", text="something lasting")),
    )
    kept = keep(answered(payload), store)
    assert {"stale", "odd"} <= {note.code for note in kept.notes}
    codes = {note.code for note in store.bars(KEY).passport.notes}
    assert "odd" in codes
    assert "stale" not in codes


def test_statements_become_known_when_they_were_accepted(store):
    table = pd.DataFrame(
        {
            "period_end": pd.to_datetime(["2018-09-30"], utc=True).as_unit("us"),
            "fiscal_period": ["Q4"],
            "accepted_at": pd.to_datetime(["2018-11-05 13:01:40"], utc=True).as_unit("us"),
            "revenue": [62.9e9],
        }
    )
    keep(answered(table, request=Request.of("statements", "AAPL")), store)
    records = store.records(SeriesKey("statements", "scripted", "AAPL"))
    assert records.frame["known_at"].iloc[0] == pd.Timestamp("2018-11-05 13:01:40", tz="UTC")
    assert "acceptance of the filing" in records.known_at_rule
