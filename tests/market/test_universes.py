import datetime
import doctest

import numpy as np
import pytest
import yaml

import investiq as iq
from investiq.core.errors import DataError
from investiq.market import instruments, universes
from investiq.market.membership import Membership
from investiq.market.universes import read_universe
from investiq.market.vendors import synthetic
from investiq.market.vendors.synthetic_lives import planted_returns

FOLDER = universes.resources.files("investiq.market") / "universes"
FILES = sorted(each.name.removesuffix(".yaml") for each in FOLDER.iterdir() if each.name.endswith(".yaml"))


def write(folder, *rows):
    path = folder / "members.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_bundled_list_is_dated_sourced_and_holds_named_symbols_once(name):
    stated = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    assert stated["source"]
    assert isinstance(stated["point_in_time"], bool)
    assert stated["covers"]["to"] if stated["point_in_time"] else stated["as_of"]
    universe = iq.load_universe(name)
    assert len(set(universe)) == len(universe) > 0
    assert set(universe.every_symbol) == set(universe.names)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("popular", 30),
        ("technology", 20),
        ("blue_chips", 20),
        ("intraday_scan", 20),
        ("sectors", 11),
        ("large_caps", 150),
    ],
)
def test_lists_have_the_length_that_their_label_says(name, count):
    assert len(iq.load_universe(name)) == count


def test_share_classes_are_kept_with_a_point():
    assert {"BRK.B", "BF.B"} <= set(iq.load_universe("large_caps"))


def test_a_list_without_history_says_so_whatever_is_asked():
    for universe in (iq.load_universe("popular"), iq.load_universe("popular", as_of="2015")):
        assert [note.code for note in universe.notes] == ["survivorship"]
        assert len(universe) == 30
        assert "survivorship bias" in str(universe)
        assert "survivorship bias" in universe._repr_html_()
        assert "as listed on 2025-06-30" in str(universe)
    assert "as_of 2015-12-31 changes nothing" in iq.load_universe("popular", as_of="2015").notes[0].text
    with pytest.raises(DataError, match="popular is a list of 2025-06-30 without a history"):
        universe.mask(iq.load_panel(["SYN001"]))


@pytest.mark.parametrize("year", range(2013, 2026))
def test_the_dow_has_thirty_members_on_every_first_and_last_day(year):
    for day in (f"{year}-10-01", f"{year}-12-31"):
        assert len(iq.load_universe("dow30", as_of=day)) == 30


@pytest.mark.parametrize("moment", ["2013-09-23T00:00", "2013-09-23T21:00"])
def test_the_dow_has_thirty_members_on_the_first_day_that_is_known(moment):
    assert len(iq.load_universe("dow30", as_of=moment)) == 30


@pytest.mark.parametrize(
    ("day", "gone", "come"),
    # Announcements of S&P Dow Jones Indices.
    [
        ("2015-03-19", {"T"}, {"AAPL"}),
        ("2018-06-26", {"GE"}, {"WBA"}),
        ("2020-08-31", {"XOM", "PFE", "RTX"}, {"CRM", "AMGN", "HON"}),
        ("2024-02-26", {"WBA"}, {"AMZN"}),
        ("2024-11-08", {"INTC", "DOW"}, {"NVDA", "SHW"}),
    ],
)
def test_the_dow_changes_on_the_effective_day_of_an_announced_change(day, gone, come):
    before = np.datetime64(day) - np.timedelta64(1, "D")
    old, new = set(iq.load_universe("dow30", as_of=before)), set(iq.load_universe("dow30", as_of=day))
    assert (old - new, new - old) == (gone, come)


def test_days_without_knowledge_are_refused_or_named():
    with pytest.raises(DataError, match="membership of dow30 is known from 2013-09-23 on, asked for 2010"):
        iq.load_universe("dow30", as_of="2010")
    late = iq.load_universe("dow30", as_of="2026-01-05")
    assert [note.code for note in late.notes] == ["unverified_members"]
    assert iq.load_universe("dow30", as_of="2024-12-31").notes == ()
    assert [note.code for note in iq.load_universe("dow30").notes] == ["newest_members"]


def test_a_change_is_known_at_the_later_of_announcement_and_effective_day():
    def knows(**days):
        return Membership(symbol="A", **days).known_from

    day, before, after = (datetime.date(2018, 6, each) for each in (26, 19, 28))
    # Announced before: it acts from the beginning of its day. A day alone counts as its end.
    assert knows(begins=day, announced=before) == np.datetime64("2018-06-26T00:00")
    assert knows(begins=day) == np.datetime64("2018-06-26T23:59:59.999999")
    assert knows(begins=day, announced=day) == np.datetime64("2018-06-26T23:59:59.999999")
    assert knows(begins=day, announced=after) == np.datetime64("2018-06-28T23:59:59.999999")


def test_a_panel_loads_from_a_universe():
    universe = iq.load_universe("synthetic", as_of="2012-06-30")
    panel = iq.load_panel(universe, start="2012")
    assert panel.symbols == universe.symbols
    # 40 less those listed after 2012-06-30 (sessions 720, 970, ... of eight: 6) less two failures and no purchase before it.
    assert len(panel) == 40 - 6 - 2
    assert universe.watermark == "SYNTHETIC"


def test_members_are_exactly_those_with_a_bar():
    universe = iq.load_universe("synthetic")
    panel = iq.load_panel(universe.every_symbol)
    assert (universe.mask(panel) == ~np.isnat(panel.known_at)).all()


def test_delisted_names_keep_their_bars_up_to_their_last_day():
    universe = iq.load_universe("synthetic")
    dead = [symbol for symbol in universe.every_symbol if symbol not in universe]
    assert len(dead) == 16
    for symbol in dead:
        bars = iq.load_bars(symbol)
        assert bars.ts[-1] == np.datetime64(synthetic.life_of(symbol).last)
        # Asking later is no stale series: trading ended.
        assert len(iq.load_bars(symbol, as_of="2019-12-31T20:00")) == len(bars)


def test_survivors_show_more_than_anyone_could_have_earned():
    # Known truth: twelve failures add -2.5 each and four purchases log(1.25) to 73,340 bars less one a share. So without
    # the ends the pooled mean would be higher by (30 - 4 x 0.2231) / 73,300.
    universe = iq.load_universe("synthetic")
    ever, survivors = universe.every_symbol, set(universe.symbols)

    def pooled(symbols):
        return np.concatenate([np.diff(np.log(iq.load_bars(each).adjusted("total").close)) for each in symbols])

    everyone, alive = pooled(ever), pooled(survivors)
    assert everyone.size == 73_340 - 40
    planted = sum(planted_returns(synthetic.life_of(each), 2_516).sum() for each in ever)
    assert planted == pytest.approx(-30 + 4 * np.log(1.25))
    # 252 x 29.1 / 73,300 is 10 % a year; who survives is otherwise unrelated to returns, so the bias is near that.
    bias = 252 * (alive.mean() - everyone.mean())
    assert bias == pytest.approx(-252 * planted / everyone.size, abs=0.05)


def test_a_file_of_ones_own_is_point_in_time(tmp_path):
    path = write(
        tmp_path,
        "symbol,from,to,announced",
        "A,2015-01-02,2016-06-30,",
        "B,2015-01-02,,2014-12-20",
        "A,2017-01-03,,2016-12-15",
    )
    universe = iq.read_universe(path)
    assert universe.symbols == ("B", "A")
    assert universe.until("2016-12-31").symbols == ("B",)
    # Without an announcement a change counts from the end of its day.
    assert universe.until("2016-06-30T12:00").symbols == ("A", "B")
    assert universe.until("2016-06-30").symbols == ("B",)
    assert universe.covers == (datetime.date(2015, 1, 2), datetime.date(2017, 1, 3))
    frame = universe.to_frame()
    assert frame.columns[:3].tolist() == ["symbol", "from", "to"]
    assert frame["known_until"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["ticker,since", "A,2015"], "no column for 'from'"),
        (
            ["symbol,from", "A,02/01/2015", ",2015-01-02"],
            r"2 bad row\(s\): line 2: from '02/01/2015' is no date.*line 3: no symbol",
        ),
        (["symbol,from", "A,"], "line 2: from nan is no date"),
        (["symbol,from,to", "A,2015-01-02,2015-01-02"], "A: the membership ends on 2015-01-02, not after"),
        (["symbol,from,to", "A,2015-01-02,2016-01-04", "A,2015-06-01,"], "two stays of A overlap"),
        (["symbol,from,to", "A,2015-01-02,", "A,2015-06-01,"], "from 2015-01-02 to now"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_its_lines(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_universe(write(tmp_path, *rows))


def test_an_unknown_universe_is_answered_with_those_known():
    with pytest.raises(DataError, match=r"no universe 'dow'; did you mean .*known are benchmarks, .*iq.read_universe"):
        iq.load_universe("dow")


def test_the_list_of_universes_tells_which_have_a_history():
    table = iq.list_universes().set_index("name")
    assert set(table.index) == {*FILES, "synthetic"}
    assert table.index[table["point_in_time"]].tolist() == ["dow30", "synthetic"]


@pytest.mark.parametrize(
    ("symbol", "day", "ticker"),
    [
        ("META", "2022-06-08", "FB"),
        ("META", "2022-06-09", "META"),
        ("FB", "2023-01-03", "META"),
        ("XYZ", "2024-12-31", "SQ"),
        ("PARA", "2018-01-02", "CBS"),  # two changes: CBS, VIAC, PARA
        ("PARA", "2020-01-02", "VIAC"),
        ("HWM", "2015-01-02", "AA"),
        ("AA", "2015-01-02", "AA"),  # reused: without a date AA is the Alcoa of today
        ("ARNC", "2015-01-02", "ARNC"),  # the Arconic of 2020 was a new company, never Alcoa
        ("AAPL", "2015-01-02", "AAPL"),
    ],
)
def test_a_company_is_found_under_the_ticker_of_the_day(symbol, day, ticker):
    assert instruments.ticker_on(symbol, day) == ticker


def test_a_ticker_meant_on_a_day_is_followed_to_its_newest():
    assert instruments.ticker_now("AA", "2015-01-02") == "HWM"
    assert instruments.ticker_now("AA", "2020-01-02") == "AA"
    assert instruments.ticker_now("GOOG", "2014-04-02") == "GOOGL"
    assert instruments.ticker_now("GOOG", "2014-04-03") == "GOOG"


def test_the_examples_run():
    assert doctest.testmod(universes).failed == 0
    assert doctest.testmod(instruments).failed == 0
