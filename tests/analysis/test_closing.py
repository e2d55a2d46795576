"""The digest of a session: moves by hand, what was known, quiet days, and what is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.closing_events import _declared_amount
from investiq.core.errors import ConfigError, DataError
from tests.analysis.closes import bars_of

# 61 returns of +1 % and -1 % in turn, then one of +5 %.
SWINGS = np.cumprod([100.0, *(1.01 if place % 2 else 0.99 for place in range(61)), 1.05])


@pytest.fixture(scope="module")
def digest():
    return iq.daily_close([bars_of("SWING", SWINGS), bars_of("FLAT", [50.0] * 63)], signals=0)


def test_a_move_is_told_in_usual_days(digest):
    # The 60 returns before are 30 of +1 % and 30 of -1 %: mean 0, deviation 0.01 sqrt(60 / 59).
    move = digest.moves.loc["SWING"]
    assert move["change"] == pytest.approx(0.05)
    assert move["usual_day"] == pytest.approx(0.01 * math.sqrt(60 / 59))
    assert move["z"] == pytest.approx(5 / math.sqrt(60 / 59))
    assert digest.moves.index[0] == "SWING"


def test_a_close_beyond_the_251_before_is_an_extreme():
    lows, highs = ([100.0] * 251 + [last] for last in (99.0, 101.0))
    digest = iq.daily_close(
        [bars_of("L", lows), bars_of("H", highs), bars_of("S", lows[1:])], signals=0, session="2019-01-02"
    )
    assert digest.moves["year_extreme"].to_dict() == {"L": "new low", "H": "new high"}
    assert digest.missing.index.tolist() == ["S"]


def test_a_price_that_never_moves_has_no_usual_day(digest):
    move = digest.moves.loc["FLAT"]
    assert (move["change"], math.isnan(move["z"]), move["volume_ratio"]) == (0.0, True, 1.0)


def test_the_gap_is_the_open_over_the_close_before(digest):
    # These bars open at their close.
    assert digest.moves.loc["SWING", "gap"] == pytest.approx(0.05)


def test_volume_is_over_the_mean_of_the_bars_before():
    traded = np.array([*[50.0] * 42, *[100.0] * 20, 300.0])
    digest = iq.daily_close([bars_of("A", [50.0] * 63, volume=traded)], signals=0)
    assert digest.moves.loc["A", "volume_ratio"] == 3.0


def test_a_source_that_is_late_does_not_move_the_others_to_the_next_session():
    closes = np.array([1.0, 2.0, 3.0, 6.0])
    prompt, late = bars_of("A", closes), bars_of("B", closes)
    late = replace(late, known_at=late.known_at + np.timedelta64(3, "D"))
    digest = iq.daily_close([prompt, late], session="2018-01-04", signals=0)
    assert digest.moves["change"].tolist() == [0.5, 0.5]
    assert [each.ts[-1].item().date().isoformat() for each in digest.bars] == ["2018-01-04"] * 2


def test_a_source_that_is_late_leaves_the_regime_that_of_the_session():
    index = iq.load_bars("^GSPC", end="2018-12-31")
    late = bars_of("LATE", [50.0] * 100)
    late = replace(late, known_at=late.known_at + np.timedelta64(10, "D"))
    together = iq.daily_close([index, late], session="2018-05-02", signals=0)
    alone = iq.daily_close([index], session="2018-05-02", signals=0)
    assert together.regimes == alone.regimes != ()


def test_a_day_on_which_nothing_happens_is_told_in_words():
    quiet = iq.daily_close([bars_of("FLAT", [50.0] * 63)], signals=0)
    assert quiet.is_quiet
    assert quiet.headline == "Nothing happened that stands out."
    assert "0 rose and 0 fell" not in quiet.headline


def test_a_day_with_an_unusual_move_is_not_quiet(digest):
    assert not digest.is_quiet
    assert "SWING, +5.00 %" in digest.headline


def test_a_symbol_without_a_bar_is_named_with_its_last():
    digest = iq.daily_close(
        [bars_of("A", [1, 2, 3, 4]), bars_of("B", [1, 2, 3]), bars_of("C", [1, None, 1, 2])], signals=0
    )
    assert list(digest.missing.index) == ["B"]
    assert digest.missing.loc["B", "last_session"].date().isoformat() == "2018-01-04"
    assert "no_bar" in [note.code for note in digest.notes]
    # C lacks the second session; its change is since its own bar before, 2 over 1.
    assert digest.moves.loc["C", "change"] == 1.0


def test_what_comes_later_changes_nothing():
    whole, cut = iq.load_bars("SYN001"), iq.load_bars("SYN001", end="2015-06-15")
    late = iq.daily_close([whole], session="2015-06-15", signals=0)
    early = iq.daily_close([cut], signals=0)
    assert late.moves.equals(early.moves)
    assert late.events.equals(early.events)
    assert late.regimes == early.regimes


def test_earnings_of_the_day_and_those_expected_are_listed():
    digest = iq.daily_close(["SYN001"], session="2019-10-23", signals=0)
    today = digest.events[digest.events["when"] == "today"]
    assert today["detail"].tolist() == ["EPS 0.2, expected 0.17"]
    # The quarter of a year ago was reported on 2018-10-31, but this one is out already.
    assert len(digest.events) == 1
    before = iq.daily_close(["SYN001"], session="2019-10-22", signals=0).events
    assert before["when"].tolist() == ["ahead"]
    assert "not announced" in before["detail"].iloc[0]


def test_a_report_after_the_close_is_told_on_the_next_session():
    # SYN001 reported on 2018-10-31 at 16:22 New York, after that day's bar was known.
    days = ("2018-10-31", "2018-11-01", "2018-11-02")
    digests = [iq.daily_close(["SYN001"], session=day, signals=0) for day in days]
    told = [each.events[each.events["when"] == "today"] for each in digests]
    assert [len(each) for each in told] == [0, 1, 0]
    assert str(told[1]["date"].iloc[0].date()) == "2018-10-31"
    assert told[1]["detail"].iloc[0].endswith("after the close before")
    assert not digests[1].is_quiet


def test_a_declared_split_is_told_by_its_ratio():
    assert [_declared_amount({"cash": cash, "ratio": ratio}) for cash, ratio in ((math.nan, 4.0), (0.5, math.nan))] == [
        "4 for 1",
        "0.5 a share",
    ]


def test_a_changed_label_is_that_of_the_table():
    bars = iq.load_bars("^GSPC", start="2017")
    digest = iq.daily_close([bars])
    table = iq.analyze(bars).table
    row = digest.signals.loc["^GSPC"]
    assert [row["label_before"], row["label"]] == table["label"].tolist()[-2:]
    assert row["is_changed"] == (row["label_before"] != row["label"])


def test_that_only_some_signals_were_compared_is_said():
    digest = iq.daily_close("sample indices", session="2018-12-26", signals=0)
    assert next(note for note in digest.notes if note.code == "signals_of_some").rows == 2


@pytest.mark.parametrize("day", ["2018-12-25", "2018-12-29", "2030-01-02"])
def test_a_day_without_a_session_is_refused(day):
    with pytest.raises(DataError, match="no symbol has a bar"):
        iq.daily_close("sample indices", session=day, signals=0)


def test_fewer_than_no_signals_are_refused():
    with pytest.raises(ConfigError, match="0 or more"):
        iq.daily_close("sample indices", signals=-1)
