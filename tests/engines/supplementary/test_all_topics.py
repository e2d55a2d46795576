"""What holds for every column of all topics, on a company with every kind of records and every role played."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import investiq as iq
from investiq.engines.joining import ROLES
from investiq.engines.supplementary.all_topics import TOPICS
from investiq.engines.supplementary.engine import SupplementaryView
from investiq.history.records import Records
from investiq.market.record_loading import RECORD_KINDS

VIEW = SupplementaryView()
# Each role by the first of its names; the market is the benchmark, and one fund is of a sector.
PLAYED = {names[0] for names in ROLES.values() if names} | {"XLK"}
# No vendor's record tells of an announcement before the report; these do.
ANNOUNCED_DAYS = 20


def table(name, frame, kind="series"):
    return Records(kind=kind, name=name, frame=frame, provider="test", source="", known_at_rule="", unit="")


def texts(bars, rng):
    days = bars.ts[60::63]
    known = pd.DatetimeIndex(days, tz="UTC", name="ts") + pd.Timedelta(hours=22)
    said = [
        f"Orders showed {rng.choice(['strong growth', 'a weak decline'])} in quarter {number} of the plan. "
        f"We {rng.choice(['raised', 'lowered', 'maintained'])} our full-year guidance."
        for number in range(len(days))
    ]
    frame = pd.DataFrame({"text": said, "known_at": known.as_unit("us")}, index=known.normalize().as_unit("us"))
    return table("earnings_texts:SYN001", frame, "earnings_texts")


def walk(bars, name, level, rng):
    known = pd.DatetimeIndex(bars.known_at, tz="UTC").as_unit("us") + pd.Timedelta(hours=20)
    values = level + np.cumsum(rng.normal(0, 0.05, len(bars)))
    values[rng.random(len(bars)) < 0.03] = np.nan
    return table(name, pd.DataFrame({"close": values, "known_at": known}, index=bars.index))


def announced(records):
    """Each report once more without its result, known three weeks ahead."""
    frame = records.frame
    ahead = frame["known_at"] - pd.Timedelta(days=ANNOUNCED_DAYS)
    plan = frame.iloc[::2].assign(eps_actual=np.nan, revenue_actual=np.nan, known_at=ahead)
    return dataclasses.replace(records, frame=pd.concat([frame, plan]).sort_index(kind="stable"))


@pytest.fixture(scope="module")
def history():
    """Nine years with a split, and series that miss days."""
    rng = np.random.default_rng(23)
    bars, market = iq.load_bars("SYN001", start="2011"), iq.load_bars("SYN-MKT", start="2011")
    names = ("ts", "known_at", "open", "high", "low", "close", "volume", "split_factor", "total_factor", "flags")
    others = []
    for name in sorted(PLAYED):
        kept = np.flatnonzero(rng.random(len(market)) < 0.97)
        noise = np.exp(np.cumsum(rng.normal(0, 0.006, len(market))))
        changes = {each: getattr(market, each) for each in names}
        changes |= {each: changes[each] * noise for each in ("open", "high", "low", "close")}
        others.append(
            dataclasses.replace(market, symbol=name, **{each: values[kept] for each, values in changes.items()})
        )
    records = [iq.load_records("SYN001", kind) for kind in RECORD_KINDS if kind != "news"]
    records = [announced(each) if each.kind == "earnings" else each for each in records]
    records += [iq.load_records("SYN001", "news", start="2011")]
    records += [texts(bars, rng), walk(bars, "^TNX", 4.0, rng), walk(bars, "^VIX", 20.0, rng)]
    return iq.History.of(bars, *others, benchmark=market, records=records)


@pytest.fixture(scope="module")
def whole(history):
    return VIEW.features(history)


def test_every_topic_speaks_and_none_fails(whole):
    assert whole["supplementary_failed"].eq("").all()
    silent = [topic.name for topic in TOPICS if whole[list(topic.units)].isna().all(axis=None)]
    assert silent == []
    # Invented news come too seldom for a deviation of their slopes.
    rare = {"news_velocity_z", "news_velocity_acceleration_z"}
    assert {name for name in VIEW.units if whole[name].isna().all()} <= rare


def test_a_row_of_any_topic_does_not_change_when_the_future_is_cut_off(history, whole):
    bars = history.bars()
    split = int(np.flatnonzero(np.diff(bars.split_factor))[0]) + 1
    rows = [0, 25, 120, split - 1, split, split + 40, 700, 1_000, 1_400, 1_800, 2_100, len(whole) - 2]
    for row in rows:
        cut = VIEW.features(history.until(bars.known_at[row]))
        assert len(cut) == row + 1
        pd.testing.assert_series_equal(cut.iloc[-1], whole.iloc[row], rtol=1e-10, atol=1e-10)


def test_what_other_series_do_later_changes_no_row(history, whole):
    row = 1_500
    limit = history.bars().known_at[row]
    disturbed = {
        name: bars
        if name == history.symbol
        else dataclasses.replace(
            bars, **{each: getattr(bars, each) * np.where(bars.known_at > limit, 3.0, 1.0)
                     for each in ("open", "high", "low", "close")},
        )
        for name, bars in history.series.items()
    }  # fmt: skip
    found = VIEW.features(dataclasses.replace(history, series=disturbed))
    pd.testing.assert_frame_equal(found.iloc[: row + 1], whole.iloc[: row + 1], rtol=1e-10, atol=1e-10)
    assert not found.iloc[row + 1 :].equals(whole.iloc[row + 1 :])


def test_each_missing_number_has_its_reason(history, whole):
    # Where a topic has enough of a past, a number without a value says why.
    for row in (600, 1_500, len(whole) - 1):
        signal = VIEW.explain(whole.iloc[row])
        assert signal.failed == {}
        assert [name for name, why in signal.missing.items() if not why] == []
