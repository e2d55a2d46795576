"""Merging against a plain dictionary of versions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from investiq.history.flags import Flag
from investiq.market.store_checking import checked
from investiq.market.versions import last_versions, merge, visible
from tests.market.stored import minute_table

DAYS = 6
START = np.datetime64("2024-05-01T14:30", "us")

# A fetch: for some of six minutes a close and a volume; and whether it is complete over all of them.
fetches = st.lists(
    st.tuples(
        st.dictionaries(
            st.integers(0, DAYS - 1), st.tuples(st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([5.0, np.nan]))
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def stamp(minute):
    return START + np.timedelta64(int(minute), "m")


def table(rows):
    frame = minute_table([stamp(minute) for minute in rows], [close for close, _ in rows.values()])
    return frame.assign(volume=[volume for _, volume in rows.values()])


class Oracle:
    """Versions by minute: a list of (recorded_at, close, volume), of (recorded_at, None) where it was withdrawn."""

    def __init__(self):
        self.versions = {}

    def write(self, rows, complete, now):
        for minute, (close, volume) in rows.items():
            said = (close, None if np.isnan(volume) else volume)
            known = self.versions.setdefault(minute, [])
            if not known or known[-1][1] != said:
                known.append((now, said))
        for minute, known in self.versions.items():
            if complete and minute not in rows and known[-1][1] is not None:
                known.append((now, None))

    def seen(self, now):
        last = {
            minute: [said for recorded, said in known if recorded <= now][-1]
            for minute, known in self.versions.items()
            if known[0][0] <= now
        }
        return {minute: said for minute, said in sorted(last.items()) if said is not None}


@given(fetches)
def test_merging_agrees_with_a_dictionary_of_versions(history):
    oracle, stored = Oracle(), None
    whole = (stamp(0), stamp(DAYS))
    for turn, (rows, complete) in enumerate(history):
        now = np.datetime64(f"2024-06-{turn + 1:02d}", "us")
        if not rows and stored is None:
            continue
        new = checked("bars", table(rows), "test")
        merged = merge("bars", stored, new, pd.Timestamp(now, tz="UTC"), whole if complete else None)
        before = {} if stored is None else oracle.seen(now - np.timedelta64(1, "us"))
        oracle.write(rows, complete, now)
        after = oracle.seen(now)
        assert merged.counts.unchanged == sum(before.get(minute) == after.get(minute) for minute in rows)
        assert merged.counts.withdrawn == len(set(before) - set(after))
        stored = merged.frame
    if stored is None:
        return
    assert len(stored) == sum(map(len, oracle.versions.values()))
    assert stored["known_at"].equals(stored["ts"] + pd.Timedelta(minutes=1))
    for turn in range(len(history)):
        now = np.datetime64(f"2024-06-{turn + 1:02d}", "us")
        seen = visible(stored, ("ts",), None, now)
        found = {
            int((ts - pd.Timestamp(START, tz="UTC")) / pd.Timedelta(minutes=1)): (
                close,
                None if np.isnan(volume) else volume,
            )
            for ts, close, volume in zip(seen["ts"], seen["close"], seen["volume"], strict=True)
        }
        assert found == oracle.seen(now)


@given(fetches)
def test_merging_the_same_again_adds_nothing(history):
    stored = None
    for turn, (rows, _) in enumerate(history):
        if not rows:
            continue
        now = pd.Timestamp(f"2024-06-{turn + 1:02d}", tz="UTC")
        new = checked("bars", table(rows), "test")
        stored = merge("bars", stored, new, now).frame
        again = merge("bars", stored, new, now + pd.Timedelta(hours=1))
        assert again.counts == (0, 0, len(rows), 0)
        pd.testing.assert_frame_equal(again.frame, stored)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=12, unique=True), st.integers(-1, 6)
)
def test_the_last_versions_are_those_that_a_loop_finds(pairs, limit):
    pairs = sorted(pairs)
    ts = np.array([start for start, _ in pairs], dtype="datetime64[us]")
    recorded = np.array([moment for _, moment in pairs], dtype="datetime64[us]")
    expected = {}
    for row, (label, moment) in enumerate(pairs):
        if moment <= limit:
            expected[label] = row
    chosen = last_versions(ts, recorded, np.datetime64(limit, "us"))
    assert np.arange(len(pairs))[chosen].tolist() == list(expected.values())


def test_a_corrected_bar_is_flagged_and_keeps_its_known_at():
    first = merge("bars", None, checked("bars", table({0: (1.0, 5.0)}), "test"), pd.Timestamp("2024-06-01", tz="UTC"))
    late = table({0: (2.0, 5.0)}).assign(known_at=lambda rows: rows["known_at"] + pd.Timedelta(hours=5))
    both = merge("bars", first.frame, checked("bars", late, "test"), pd.Timestamp("2024-06-02", tz="UTC")).frame
    assert both["known_at"].tolist() == first.frame["known_at"].tolist() * 2
    assert both["flags"].tolist() == [0, int(Flag.REVISED)]


def test_a_column_that_a_fetch_lacks_says_nothing():
    rows = checked("bars", table({0: (1.0, 5.0)}).assign(vwap=1.5), "test")
    stored = merge("bars", None, rows, pd.Timestamp("2024-06-01", tz="UTC")).frame
    bare = checked("bars", table({0: (1.0, 5.0)}).drop(columns="volume"), "test")
    assert merge("bars", stored, bare, pd.Timestamp("2024-06-02", tz="UTC")).counts == (0, 0, 1, 0)


def test_an_announcement_that_is_filled_in_is_known_when_it_was_filled_in():
    day = {"period_end": pd.to_datetime(["2024-03-31"], utc=True).astype("datetime64[us, UTC]")}
    stamps = pd.to_datetime(["2024-04-01", "2024-05-02"], utc=True).astype("datetime64[us, UTC]")
    announced = checked(
        "earnings", pd.DataFrame(day | {"eps_estimate": 1.0, "eps_actual": np.nan, "known_at": stamps[:1]}), "t"
    )
    reported = checked(
        "earnings", pd.DataFrame(day | {"eps_estimate": 1.0, "eps_actual": 1.2, "known_at": stamps[1:]}), "t"
    )
    stored = merge("earnings", None, announced, pd.Timestamp("2024-04-02", tz="UTC")).frame
    both = merge("earnings", stored, reported, pd.Timestamp("2024-05-03", tz="UTC")).frame
    between = visible(both, ("period_end",), np.datetime64("2024-04-15"), None)
    after = visible(both, ("period_end",), np.datetime64("2024-05-15"), None)
    assert between["eps_actual"].isna().all()
    assert after["eps_actual"].tolist() == [1.2]


def test_a_record_that_is_corrected_is_never_known_before_what_it_corrects():
    def reported(eps, known_at):
        stamps = {"period_end": ["2024-03-31"], "known_at": [known_at]}
        instants = {name: pd.to_datetime(each, utc=True).as_unit("us") for name, each in stamps.items()}
        return checked("earnings", pd.DataFrame(instants | {"eps_actual": eps}), "t")

    stored = merge("earnings", None, reported(1.2, "2024-05-02"), pd.Timestamp("2024-05-03", tz="UTC")).frame
    stored = merge("earnings", stored, reported(1.3, "2024-05-01"), pd.Timestamp("2024-05-04", tz="UTC")).frame
    stored = merge("earnings", stored, reported(1.4, "2024-06-01"), pd.Timestamp("2024-06-02", tz="UTC")).frame
    # An earlier stamp does not carry the correction back before the second of May, a later one carries it forward.
    assert stored["known_at"].dt.strftime("%m-%d").tolist() == ["05-02", "05-02", "06-01"]
    for as_of, seen in (("2024-05-01T12:00", []), ("2024-05-02", [1.3]), ("2024-05-31", [1.3]), ("2024-06-01", [1.4])):
        assert visible(stored, ("period_end",), np.datetime64(as_of, "us"), None)["eps_actual"].tolist() == seen


def test_a_corrected_bar_stays_flagged_through_later_merges():
    def bar(close, flags):
        return checked("bars", table({0: (close, 5.0)}).assign(flags=flags), "test")

    stored = merge("bars", None, bar(1.0, 0), pd.Timestamp("2024-06-01", tz="UTC")).frame
    stored = merge("bars", stored, bar(2.0, 0), pd.Timestamp("2024-06-02", tz="UTC")).frame
    again = merge("bars", stored, bar(2.0, 0), pd.Timestamp("2024-06-03", tz="UTC"))
    assert again.counts == (0, 0, 1, 0)
    marked = merge("bars", again.frame, bar(2.0, int(Flag.QUARANTINED)), pd.Timestamp("2024-06-04", tz="UTC")).frame
    assert marked["flags"].tolist() == [0, int(Flag.REVISED), int(Flag.REVISED | Flag.QUARANTINED)]
