"""The market overview: breadth and returns by hand, what was known, and series that end elsewhere."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

import investiq as iq
from investiq.analysis.breadth import breadth_table
from investiq.analysis.comovement import comovement
from investiq.analysis.standing import standing
from investiq.core.errors import DataError, UnknownSymbolError
from investiq.history.panel import Panel
from investiq.market.store import Store
from investiq.runtime import clock
from tests.analysis.closes import bars_of
from tests.market import surveyed_store

# Ten sessions of three symbols; the third has no bar on the fifth.
A = [10, 11, 12, 11, 12, 13, 14, 13, 14, 15]
B = [20, 19, 18, 17, 16, 15, 14, 13, 12, 11]
C = [5, 5, 6, 6, None, 7, 7, 8, 7, 7]


@pytest.fixture(scope="module")
def three():
    return [bars_of("A", A), bars_of("B", B), bars_of("C", C)]


@pytest.fixture(scope="module")
def breadth(three):
    panel = Panel.of(three)
    return breadth_table(panel.ts, panel.close, averages=(3, 5), year=4)


def test_advances_and_declines_are_counted_where_both_sessions_have_a_bar(breadth):
    # Session 2: A up, B down, C equal. Session 6: C has no bar on session 5, so only A (up) and B (down) count.
    assert breadth["advances"].tolist()[:6] == [0, 1, 2, 0, 1, 1]
    assert breadth["declines"].tolist()[:6] == [0, 1, 1, 2, 1, 1]
    assert breadth["unchanged"].tolist()[:6] == [0, 1, 0, 1, 0, 0]
    assert breadth["members"].tolist()[3:6] == [3, 2, 3]


def test_the_share_above_an_average_counts_those_that_have_one(breadth):
    # Last session, 3 bars: A 15 > (13+14+15)/3 = 14; B 11 < 12; C 7 < (8+7+7)/3 = 7.33.
    assert breadth["above_short"].iloc[-1] == pytest.approx(1 / 3)
    # Fifth session: C has no bar. A 12 > (12+11+12)/3 = 11.67; B 16 < 17.
    assert (breadth["above_short"].iloc[4], breadth["short_members"].iloc[4]) == (0.5, 2)
    # Two bars are too few for anyone.
    assert math.isnan(breadth["above_short"].iloc[1])
    # 5 bars at session 10: A 15 > 13.8, B 11 < 13, C 7 < (7+7+8+7+7)/5 = 7.2.
    assert breadth["above_long"].iloc[-1] == pytest.approx(1 / 3)


def test_a_new_high_exceeds_every_close_of_the_window_before(breadth):
    # Four bars: A makes one at session 6 (13 > 11, 12, 12... its 3 before are 12, 11, 12); C at session 6 (7 > 6, 6, 5).
    assert breadth["new_highs"].iloc[5] == 2
    # B falls on each day and makes a low from its fourth bar on.
    assert breadth["new_lows"].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]
    # Session 9: A 14 only equals the 14 of session 7: no new high.
    assert breadth["new_highs"].iloc[8] == 0
    assert breadth["year_members"].tolist()[2:4] == [0, 3]


def test_the_line_sums_advances_less_declines(breadth):
    # By session: -, 0, +1, -2, 0, 0.
    assert breadth["advance_decline_line"].tolist()[1:6] == [0, 1, -1, -1, -1]
    assert math.isnan(breadth["advance_decline_line"].iloc[0])


def test_the_oscillator_is_the_difference_of_two_averages_of_net_advances():
    # One symbol that rises every day: net advances are always 1,000 thousandths, so both averages are equal.
    table = breadth_table(
        np.arange(60).astype("datetime64[D]").astype("datetime64[us]"), np.arange(1.0, 61.0)[np.newaxis]
    )
    assert table["mcclellan"].iloc[-1] == pytest.approx(0, abs=1e-9)
    assert math.isnan(table["mcclellan"].iloc[30])


def test_returns_go_over_sessions_of_the_group(three):
    members = standing(Panel.of(three), {}, periods_per_year=252)
    # 1 session: 15/14, 11/12, 7/7. 5 sessions back is session 5: 15/12, 11/16, and C has no bar there.
    assert members["1d"].round(6).to_dict() == {"A": 0.071429, "B": -0.083333, "C": 0.0}
    assert (members.loc["A", "1w"], members.loc["B", "1w"]) == (0.25, -0.3125)
    assert math.isnan(members.loc["C", "1w"])
    assert members["1m"].isna().all()
    # From the highest close: A stands on it, B 11 of 20, C 7 of 8.
    assert members["drawdown"].to_dict() == pytest.approx({"A": 0.0, "B": -0.45, "C": -0.125})


def test_momentum_weighs_a_day_a_week_and_a_month_and_ranks():
    rising, falling = [100 + each for each in range(30)], [100 - each for each in range(30)]
    members = standing(Panel.of([bars_of("DOWN", falling), bars_of("UP", rising)]), {}, periods_per_year=252)
    # UP ends 129 after 128, 124 (5 before) and 108 (21 before).
    expected = 0.1 * (129 / 128 - 1) + 0.3 * (129 / 124 - 1) + 0.6 * (129 / 108 - 1)
    assert members.loc["UP", "momentum"] == pytest.approx(expected)
    assert members["rank"].to_dict() == {"UP": 1, "DOWN": 2}


def test_relative_strength_is_momentum_less_that_of_the_benchmark():
    members = iq.market_overview("sample indices", as_of="2018-12-24").main.members
    strength, momentum = members["relative_strength"], members["momentum"]
    assert strength["^GSPC"] == 0.0
    assert strength["^IXIC"] == momentum["^IXIC"] - momentum["^GSPC"] != 0.0


def test_the_drawdown_is_from_the_high_of_a_year():
    # 200 is the close 253 bars before the last: out of the year of 252.
    panel = Panel.of([bars_of("A", [200.0, *[100.0] * 251, 80.0])])
    assert standing(panel, {}, periods_per_year=252)["drawdown"].tolist() == [pytest.approx(-0.2)]


def test_sectors_are_means_of_their_members_the_strongest_first():
    main = iq.market_overview([f"SYN{number:03d}" for number in range(1, 9)], as_of="2018-12-24").main
    means = main.members.groupby("sector")["1m"].mean().sort_values(ascending=False)
    assert len(means) > 1
    assert main.sectors["1m"].to_dict() == pytest.approx(means.to_dict())
    assert list(main.sectors.index) == list(means.index)


def test_a_regime_lasts_since_the_last_other_one():
    main = iq.market_overview("sample indices", as_of="2018-12-24").main
    names = main.regimes["regime"].tolist()
    count = next(place for place, name in enumerate(reversed(names)) if name != names[-1])
    assert main.regime_sessions == count > 1


def test_the_average_correlation_is_that_of_the_pairs():
    random = np.random.default_rng(1)
    returns = random.normal(size=(4, 80)) * 0.01 + random.normal(size=80) * 0.01
    close = np.cumprod(np.concatenate([np.ones((4, 1)), 1 + returns], axis=1), axis=1)
    found = comovement(("A", "B", "C", "D"), close, window=80)
    pairs = np.corrcoef(returns)[np.triu_indices(4, 1)]
    assert found.mean == pytest.approx(pairs.mean(), abs=1e-12)
    assert found.low < found.mean < found.high


def test_the_interval_of_the_correlation_is_that_of_resampled_weeks():
    random = np.random.default_rng(1)
    common = random.normal(size=63)
    returns = 0.01 * (common + random.normal(size=(3, 63)))
    close = 100 * np.cumprod(np.column_stack([np.ones(3), 1 + returns]), axis=1)
    found = comovement(("A", "B", "C"), close)
    draws = np.random.default_rng(20_180_101)
    means = []
    # 400 samples of 13 circular blocks of 5 sessions, 63 of their 65.
    for starts in draws.integers(63, size=(400, 13)):
        rows = [(start + step) % 63 for start in starts for step in range(5)][:63]
        matrix = np.corrcoef((close[:, 1:] / close[:, :-1] - 1)[:, rows])
        means.append((matrix[0, 1] + matrix[0, 2] + matrix[1, 2]) / 3)
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.05, 0.95]))
    assert found.low < found.mean < found.high


def test_one_symbol_has_no_correlation_and_says_so():
    overview = iq.market_overview("^IXIC")
    assert math.isnan(overview.main.comovement.mean)
    assert "found 1" in overview.main.comovement.reason
    assert [note.code for note in overview.notes] == ["one_symbol"]


# --- time ------------------------------------------------------------------------------------------------------------


def test_what_comes_later_changes_nothing(three):
    day = "2018-01-09"  # the sixth session
    early = iq.market_overview([bars[:6] if bars.symbol != "C" else bars[:5] for bars in three])
    cut = iq.market_overview(three, as_of=day)
    assert cut.main.breadth.equals(early.main.breadth)
    assert cut.main.members.equals(early.main.members)


def test_the_sample_of_a_day_is_that_of_its_truncated_series():
    names = ["^GSPC", "^IXIC"]
    cut = iq.market_overview(names, as_of="2015-08-24")
    known = [
        bars[: int(np.searchsorted(bars.known_at, np.datetime64("2015-08-25")))] for bars in map(iq.load_bars, names)
    ]
    early = iq.market_overview(known, as_of="2015-08-24")
    assert cut.to_frame().equals(early.to_frame())
    assert cut.main.regimes.equals(early.main.regimes)
    assert cut.main.volatility.last == early.main.volatility.last
    # The close of the 24th is published with the next session.
    assert cut.main.volatility.history.index[-1].date().isoformat() == "2015-08-21"


def test_a_symbol_that_ends_earlier_is_named_and_not_ranked(three):
    short = bars_of("LATE", [8, 9, 10, 11, 12, 13, 14, 15])
    overview = iq.market_overview([*three, short])
    late = overview.main.members.loc["LATE"]
    assert (late["sessions_behind"], math.isnan(late["rank"])) == (2, True)
    assert "LATE" not in overview.movers("1d").index
    assert overview.main.breadth["members"].iloc[-1] == 3
    note = next(note for note in overview.notes if note.code == "behind")
    assert "LATE 2018-01-11" in note.text


def test_a_time_after_the_last_bar_is_called_stale():
    overview = iq.market_overview("^GSPC", as_of="2019-01-04")
    # Sessions after 2018-12-31: the 2nd, 3rd and 4th of January.
    assert next(note for note in overview.notes if note.code == "stale").rows == 3


def test_stored_series_are_stale_against_the_present(tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    surveyed_store.fill(Store(tmp_path / "store"))
    with clock.fixed(datetime(2018, 7, 3, 23, tzinfo=UTC)):
        now = iq.market_overview("stored series")
        asked = iq.market_overview("stored series", as_of="2018-06-29 22:30")
    # After Friday, 29 June: the 2nd and 3rd of July.
    [note] = [note for note in now.notes if note.code == "stale"]
    assert (note.rows, note.text.endswith("between it and now")) == (2, True)
    assert "stale" not in [note.code for note in asked.notes]


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_real_and_invented_series_are_measured_apart():
    overview = iq.market_overview(["^GSPC", "SYN001", "SYN-MKT", "SYN002"])
    assert [each.name for each in overview.groups] == ["sample indices", "synthetic companies", "synthetic indices"]
    assert overview.main.name == "sample indices"
    companies = overview.group("synthetic companies")
    assert companies.breadth["members"].max() == 2
    assert "kinds_apart" in [note.code for note in overview.notes]
    assert overview.watermark == "SAMPLE and SYNTHETIC"
    assert sorted(companies.sectors.index) == ["SYN-HEALTH", "SYN-TECH"]
    assert overview.group("sample indices").no_sectors == "indices belong to no sector"


def test_an_unknown_symbol_is_named_and_keeps_no_other_back():
    overview = iq.market_overview(["^GSPC", "NOPE"])
    assert list(overview.failures) == ["NOPE"]
    assert "NOPE" in str(overview)


def test_only_unknown_symbols_are_refused():
    with pytest.raises(UnknownSymbolError, match="NOPE"):
        iq.market_overview(["NOPE"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [([], "no members"), (["^GSPC", "^GSPC"], "more than once"), ([1], "symbols or Bars")],
)
def test_what_is_no_universe_is_refused(asked, words):
    with pytest.raises(DataError, match=words):
        iq.market_overview(asked)


def test_adjusted_bars_are_refused():
    with pytest.raises(DataError, match="as traded"):
        iq.market_overview([iq.load_bars("^GSPC").adjusted()])


def test_bars_of_files_have_no_regime_until_a_benchmark_is_passed(three):
    assert iq.market_overview(three).main.regime == "n/a"
    told = iq.market_overview(three, benchmark="^GSPC", as_of="2018-01-16")
    assert told.main.benchmark.symbol == "^GSPC"
    assert told.main.regime != "n/a"


def test_text_and_page_show_the_same_numbers():
    overview = iq.market_overview("sample indices", as_of="2018-12-24")
    for text in ("bear, normal volatility", "0 / 2 / 0", "30.11"):
        assert text in str(overview)
        assert text in overview._repr_html_()
