"""Bulk loading end to end: threads, the official client, a vendor on 127.0.0.1, a real store."""

import asyncio
import re
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest

import investiq as iq
from investiq.core.errors import ConfigError, DataError
from investiq.market import update_pool, updating
from investiq.market.store import SeriesKey, open_store
from investiq.runtime import clock
from tests.servers.http import bad_json, refused, server_error, too_many
from tests.servers.polygon import Polygon, article

SUNDAY = datetime(2018, 12, 30, 12, tzinfo=UTC)
SYMBOLS = [f"S{number:02}" for number in range(24)]


@pytest.fixture
def vendor(vendor_server, monkeypatch, vendor_time):
    return Polygon(vendor_server, monkeypatch)


@pytest.fixture(autouse=True)
def now():
    with clock.fixed(SUNDAY):
        yield


def lines(report, dataset="bars"):
    return {line.symbol: line for line in report.lines if line.dataset == dataset}


def test_every_symbol_is_fetched_stored_and_reported(vendor):
    report = iq.fetch(SYMBOLS, start="2018-12-03")
    assert report.counts == {"ok": 24, "empty": 24}  # 24 series of bars, 24 of actions, of which there are none
    assert all((line.rows, line.new, line.provider) == (18, 18, "massive") for line in lines(report).values())
    assert {key.symbol for key in open_store().keys("bars")} == set(SYMBOLS)
    assert len(open_store().bars(SeriesKey("bars", "massive", "S07"))) == 18


def test_the_failure_of_one_symbol_hides_no_other(vendor):
    vendor.faults |= {"S03": server_error(500), "S05": refused(), "S09": bad_json()}
    vendor.spans["S07"] = ("2019-06-01", "2018-01-01")
    vendor.spans["S08"] = ("2018-01-02", "2018-12-20")
    found = lines(iq.fetch(SYMBOLS[:12], start="2018-12-03"))
    status = {symbol: line.status for symbol, line in found.items() if line.status != "ok"}
    assert status == {"S03": "error", "S05": "not_entitled", "S07": "empty", "S08": "stale", "S09": "error"}
    assert all(found[symbol].reason for symbol in status)
    assert open_store().keys("bars", symbol="S07") == []


def test_a_mistake_of_our_own_is_raised_after_the_others_have_finished(vendor, monkeypatch):
    def broken(wanted, *rest, **options):
        return 1 / 0 if wanted.symbol == "S03" else updating.update(wanted, *rest, **options)

    monkeypatch.setattr(update_pool, "update", broken)
    with pytest.raises(ZeroDivisionError) as mistake:
        iq.fetch(SYMBOLS[:8], start="2018-12-03")
    assert mistake.value.__notes__ == ["7 of 8 series were finished and stored before"]
    assert len(open_store().keys("bars")) == 7


def test_a_429_on_one_symbol_makes_all_wait_and_none_fail(vendor, vendor_time):
    count = iter(range(1000))
    served = vendor._bars

    def limited(received):
        return too_many(2) if next(count) == 17 else served(received)

    vendor.server.route("/v2/aggs/ticker/*", limited)
    report = iq.fetch(SYMBOLS, start="2018-12-03")
    assert {line.status for line in lines(report).values()} == {"ok"}
    assert len(vendor.server.requests_to("/v2/aggs/*")) == 25


def test_what_is_stored_and_fresh_is_skipped_and_says_so(vendor, vendor_server):
    iq.fetch(SYMBOLS[:6], start="2018-12-03")
    count = len(vendor_server.requests)
    again = iq.fetch(SYMBOLS[:8], start="2018-12-03")
    assert [line.asked for line in lines(again).values()] == [False] * 6 + [True] * 2
    assert lines(again)["S00"].reason == "stored and fresh, not asked for"
    assert len(vendor.asked) == 8
    assert len(vendor_server.requests) > count
    assert iq.fetch(SYMBOLS[:6], start="2018-12-03").lines[0].asked is False
    assert iq.fetch(SYMBOLS[:1], start="2018-12-03", refresh=True).lines[0].asked is True


def test_many_requests_are_in_flight_at_once(vendor, vendor_server):
    vendor_server.delay = 0.05
    iq.fetch(SYMBOLS, start="2018-12-03", concurrency=12)
    assert 6 <= vendor_server.most_in_flight <= 12


def test_no_more_is_in_flight_than_a_small_plan_allows_in_a_minute(vendor_server, monkeypatch, vendor_time):
    Polygon(vendor_server, monkeypatch, plan="free")
    vendor_server.delay = 0.02
    iq.fetch(SYMBOLS[:8], start="2018-12-03")
    assert vendor_server.most_in_flight <= 5


def test_an_article_under_several_symbols_is_new_once(vendor):
    shared, own = article("1", "2018-12-20T10:00:00", "S00", "S01"), article("2", "2018-12-21T10:00:00", "S01")
    vendor.articles |= {"S00": [shared], "S01": [shared, own]}
    report = iq.fetch(["S00", "S01"], "news")
    assert report.articles == 2
    assert sum(line.new for line in report.lines) == 2
    assert sum(line.rows for line in report.lines) == 3
    # Each symbol still has all of its own.
    assert len(open_store().records(SeriesKey("news", "massive", "S01"))) == 2


def test_several_datasets_are_fetched_in_one_call(vendor):
    vendor.articles["S00"] = [article("1", "2018-12-20T10:00:00", "S00")]
    report = iq.fetch(["S00", "S01"], ["bars", "news"], start="2018-12-03")
    assert lines(report, "news")["S00"].status == "ok"
    assert lines(report, "news")["S01"].status == "empty"
    assert set(lines(report)) == {"S00", "S01"}


def test_a_dataset_that_no_vendor_serves_is_an_error_of_its_lines(vendor):
    report = iq.fetch(["S00"], ["bars", "earnings"], start="2018-12-03")
    (line,) = lines(report, "earnings").values()
    assert line.status in ("error", "not_entitled", "empty")
    assert line.reason
    assert lines(report)["S00"].status == "ok"


def test_the_report_states_the_same_numbers_in_every_form(vendor):
    vendor.faults["S03"] = server_error(500)
    report = iq.fetch(SYMBOLS[:4], start="2018-12-03")
    table = report.to_frame()
    assert list(table.columns) == [
        "symbol", "dataset", "status", "reason", "provider", "asked", "rows", "new", "revised", "elapsed_s"
    ]  # fmt: skip
    assert table["new"].sum() == 3 * 18
    assert re.search(r"New rows\s+54", str(report))
    assert "54" in report._repr_html_()
    assert "S03" in report._repr_html_()
    assert report.figure().data


def test_it_works_inside_a_running_loop_and_beside_one(vendor):
    async def notebook_cell():
        inside = iq.fetch(SYMBOLS[:3], start="2018-12-03")
        ticks = 0

        async def beside():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        other = asyncio.create_task(beside())
        vendor.server.delay = 0.05
        report = await iq.fetch_async(SYMBOLS[3:6], start="2018-12-03")
        other.cancel()
        return inside, report, ticks

    inside, report, ticks = asyncio.run(notebook_cell())
    assert lines(inside)["S00"].status == lines(report)["S03"].status == "ok"
    assert ticks > 10


def test_a_cancelled_task_asks_for_nothing_more(vendor):
    vendor.server.delay = 0.05

    async def main():
        task = asyncio.create_task(iq.fetch_async(SYMBOLS, start="2018-12-03", concurrency=2))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert len(set(vendor.asked)) < len(SYMBOLS)


def test_an_interrupt_keeps_what_is_done_and_says_how_to_go_on(vendor, own_store, tmp_path):
    # A process of its own, so that a real signal reaches the main thread as in a terminal.
    vendor.server.delay = 0.05
    script = textwrap.dedent(
        """
        import os, signal, threading, time
        from datetime import UTC, datetime
        import investiq as iq
        from investiq.market.store import open_store
        from investiq.runtime import clock

        def interrupt():
            while len(open_store().keys("bars")) < 3:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with clock.fixed(datetime(2018, 12, 30, 12, tzinfo=UTC)):
            report = iq.fetch([f"S{number:02}" for number in range(24)], start="2018-12-03", concurrency=2)
        print(len(report.remaining), report.counts.get("ok", 0))
        print(next(note.text for note in report.notes if note.code == "interrupted"))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    counts, words = done.stdout.strip().splitlines()
    remaining, stored = (int(text) for text in counts.split())
    assert remaining > 0
    assert remaining + stored == 24
    assert len(open_store().keys("bars")) == stored
    assert words == (
        f"stopped with {remaining} of 24 series not asked for; what was done is stored: the same call goes on with the rest"
    )
    # The same call does the rest, and nothing twice.
    vendor.server.delay = 0.0
    report = iq.fetch(SYMBOLS, start="2018-12-03")
    assert sum(not line.asked for line in lines(report).values()) == stored
    assert len(open_store().keys("bars")) == 24


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"symbols": "AAPL"}, DataError, r"write \['AAPL'\]"),
        ({"dataset": "search"}, DataError, "dataset must be of bars, actions"),
        ({"concurrency": 0}, ConfigError, "concurrency must be at least 1 request, was 0"),
        ({"provider": "sample"}, DataError, "provider must be a vendor: massive, .* need no fetching"),
        ({"limit": 0}, DataError, "limit must be at least 1 row, was 0"),
        ({"start": "2019", "end": "2018"}, DataError, "start 2019 lies after end 2018"),
    ],
)
def test_orders_that_make_no_sense_are_refused_before_anything_is_asked(
    vendor, vendor_server, arguments, error, message
):
    with pytest.raises(error, match=message):
        iq.fetch(**{"symbols": ["AAPL"], **arguments})
    assert vendor_server.requests == []


def test_without_a_vendor_a_bulk_load_is_refused_with_the_keys_to_set():
    with pytest.raises(ConfigError, match="no vendor is configured; set the key of one: INVESTIQ_MASSIVE_API_KEY"):
        iq.fetch(["AAPL"])


SPLITS = "/stocks/v1/splits"
NO_SPLITS = {"status": "OK", "results": []}


def test_actions_that_failed_are_asked_for_alone_until_they_come(vendor, vendor_server):
    vendor_server.route(SPLITS, server_error(500))
    assert lines(iq.fetch(["S00"], start="2018-12-03"), "actions")["S00"].status == "error"
    again = iq.fetch(["S00"], start="2018-12-03")
    assert (lines(again)["S00"].asked, lines(again, "actions")["S00"].status) == (False, "error")
    vendor_server.route(SPLITS, NO_SPLITS)
    healed = iq.fetch(["S00"], start="2018-12-03")
    assert (lines(healed)["S00"].asked, lines(healed, "actions")["S00"].status) == (False, "empty")
    assert vendor.asked == ["S00"]  # the bars were asked for once
    requests = len(vendor_server.requests)
    assert iq.fetch(["S00"], start="2018-12-03").counts == {"ok": 1}
    assert len(vendor_server.requests) == requests
    codes = {note.code for note in iq.load_bars("S00", start="2018-12-03").passport.notes}
    assert not codes & {"actions_not_updated", "no_actions"}


def test_actions_fetched_by_themselves_end_the_caution_of_the_bars(vendor, vendor_server):
    vendor_server.route(SPLITS, server_error(500))
    iq.fetch(["S00"], start="2018-12-03")
    vendor_server.route(SPLITS, NO_SPLITS)
    iq.fetch(["S00"], "actions")
    requests = len(vendor_server.requests)
    assert iq.fetch(["S00"], start="2018-12-03").counts == {"ok": 1}
    assert len(vendor_server.requests) == requests


def test_actions_outside_the_plan_are_not_called_fresh_and_not_asked_for_again(vendor, vendor_server):
    vendor_server.route(SPLITS, refused())
    iq.fetch(["S00"], start="2018-12-03")
    requests = len(vendor_server.requests)
    line = lines(iq.fetch(["S00"], start="2018-12-03"), "actions")["S00"]
    assert (line.status, line.asked) == ("not_entitled", False)
    assert len(vendor_server.requests) == requests
