"""The scheduler on a clock of its own: a whole year, missed moments, retries, the gate, the limit, kills."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from investiq.core.errors import ConfigError, DataError, RateLimitedError, ReportError, VendorError
from investiq.notify.targets import Target
from investiq.reporting import run_history
from investiq.reporting.report import Report
from investiq.reporting.run_history import list_runs
from investiq.reporting.running import FailedCellError
from investiq.reporting.schedule_file import Schedule
from investiq.reporting.schedule_rules import parse_rule
from investiq.reporting.scheduling import ReportScheduler
from investiq.reporting.tables import REPORT_RUNS
from investiq.storage.database import open_database
from investiq.storage.leases import sole
from tests.servers.http import Reply


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


class Hands:
    """A clock whose hands the test moves; `sleep` moves them too."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


class Maker:
    """Writes a page instead of starting a kernel, or raises what the test gives it, one each attempt."""

    def __init__(self, folder, *errors):
        self.folder, self.errors, self.made = folder, list(errors), []

    def __call__(self, template, parameters, exports, timeout_s):
        self.made.append(template)
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        page = self.folder / f"{template}.html"
        page.write_text("<!doctype html><title>Made</title>")
        return Report(
            title="S&P 500, daily",
            template=template,
            parameters=dict(parameters),
            subject="^GSPC",
            as_of=utc(2018, 12, 31, 21),
            path=page,
            notebook=page,
            manifest_file=page,
            latest=page,
            seconds=0.0,
            summary=("It rose.",),
            watermark="SAMPLE",
        )


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """Made and migrated once; `database` empties it."""
    return open_database(f"sqlite:///{tmp_path_factory.mktemp('runs') / 'runs.db'}")


@pytest.fixture
def database(empty_database):
    yield empty_database
    empty_database.write(lambda connection: connection.execute(REPORT_RUNS.delete()))


def daily(name="daily", when="30 min after close", **options):
    return Schedule(name=name, template=name, parameters={}, when=when, rule=parse_rule(when), **options)


@pytest.fixture
def scheduler(database, tmp_path):
    opened = []

    def make(*schedules, now, maker=None, **options):
        clock = Hands(now)
        found = ReportScheduler(schedules, make=maker or Maker(tmp_path), clock=clock, database=database, **options)
        opened.append(found)
        return found, clock

    yield make
    for each in opened:
        each.close()


def test_a_year_on_a_fake_clock_makes_252_reports_on_time_and_none_on_a_holiday(scheduler, database, tmp_path):
    maker = Maker(tmp_path)
    found, clock = scheduler(daily(misfire_grace_s=3600), now=utc(2024, 1, 1), maker=maker)
    while clock.now < utc(2025, 1, 1):
        found.tick()
        found.wait()
        clock.now += timedelta(minutes=30)
    runs = list_runs(database=database)
    assert len(maker.made) == len(runs) == 252
    assert all(run.status == "done" and run.started_at == run.due_at for run in runs)
    # Summer time lasted from Monday 11 March to Friday 1 November: 34 weeks of 5 days less Good Friday, Memorial Day,
    # Juneteenth, 4 July and Labor Day are 165 sessions that close at 20:00 UTC, but for 3 July at 17:00. The other 87 close at
    # 21:00, but for 29 November and 24 December at 18:00.
    times = Counter(f"{run.started_at:%H:%M}" for run in runs)
    assert times == {"20:30": 164, "17:30": 1, "21:30": 85, "18:30": 2}


def test_after_a_sleep_only_the_newest_of_the_missed_moments_is_made_up_for(scheduler, database, tmp_path):
    maker = Maker(tmp_path)
    found, clock = scheduler(daily(), now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle()
    # Asleep from Wednesday evening to the next Wednesday: due on Thursday, Friday, Monday, Tuesday.
    clock.now = utc(2024, 5, 8, 12)
    found.run_until_idle()
    found.run_until_idle()
    newest, first = list_runs(database=database)
    assert (first.due_at, newest.due_at) == (utc(2024, 5, 1, 20, 30), utc(2024, 5, 7, 20, 30))
    assert newest.reason == "made once for 4 moments, of which 3 were missed"
    assert len(maker.made) == 2


def test_what_is_later_than_its_grace_is_recorded_as_missed_and_not_made(scheduler, database, tmp_path):
    maker = Maker(tmp_path)
    found, clock = scheduler(daily(misfire_grace_s=3600), now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle()
    clock.now = utc(2024, 5, 2, 22)
    found.run_until_idle()
    run = list_runs(database=database)[0]
    assert (run.status, len(maker.made)) == ("missed", 1)
    assert run.reason == "it was due 1.5 h ago, made up for within 1 h"


def test_a_vendor_that_is_away_is_tried_again_after_the_wait(scheduler, database, tmp_path):
    maker = Maker(tmp_path, VendorError("polygon answered 503"), RateLimitedError("spent"))
    found, clock = scheduler(daily(retries=2, retry_wait_s=600), now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle(clock.sleep)
    third, second, first = list_runs(database=database)
    assert [run.status for run in (first, second, third)] == ["failed", "failed", "done"]
    assert [run.started_at for run in (first, second, third)] == [
        utc(2024, 5, 1, 20, 30), utc(2024, 5, 1, 20, 40), utc(2024, 5, 1, 20, 50),
    ]  # fmt: skip
    assert third.attempt == 3


def test_retries_end_and_the_next_day_begins_anew(scheduler, database, tmp_path):
    maker = Maker(tmp_path, *[VendorError("503")] * 2)
    found, clock = scheduler(daily(retries=1), now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle(clock.sleep)
    assert [run.attempt for run in list_runs(database=database)] == [2, 1]
    clock.now = utc(2024, 5, 2, 20, 30)
    found.run_until_idle(clock.sleep)
    newest = list_runs(database=database)[0]
    assert (newest.attempt, newest.status) == (1, "done")


def cell_error(ename, page):
    return FailedCellError(
        f"cell 4 of 9 failed: {ename}", cell=4, cells=9, label="x", ename=ename, evalue="y", page=page
    )


@pytest.mark.parametrize(
    ("ename", "retry_on", "attempts"),
    [("ZeroDivisionError", "passing", 1), ("ZeroDivisionError", "any", 3), ("VendorError", "passing", 3)],
)
def test_a_failing_cell_is_not_run_again_unless_its_error_may_pass(scheduler, database, tmp_path, ename, retry_on, attempts):  # fmt: skip
    maker = Maker(tmp_path, *[cell_error(ename, tmp_path / "failed.html")] * 3)
    found, clock = scheduler(daily(retries=2, retry_on=retry_on), now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle(clock.sleep)
    runs = list_runs(database=database)
    assert len(runs) == attempts
    assert {run.failed_cell for run in runs} == {4}


def test_no_report_is_made_from_stale_bars_and_the_reason_says_expected_and_found(scheduler, database, tmp_path):
    maker = Maker(tmp_path)
    schedule = daily(max_age_sessions=1, fresh_symbols=("^GSPC",), retries=0)
    found, _clock = scheduler(
        schedule, now=utc(2024, 5, 1, 20, 30), maker=maker, newest=lambda symbol: np.datetime64("2024-04-29", "us")
    )
    found.run_until_idle()
    run = list_runs(database=database)[0]
    assert (run.status, maker.made) == ("stale", [])
    # Wednesday 1 May closed half an hour ago, the grace of the settings: expected. Monday's bar lies two sessions behind.
    assert run.reason == "^GSPC: newest bar is 2024-04-29, expected 2024-05-01, 2 sessions behind, 1 allowed"


def test_bars_that_come_late_are_waited_for(scheduler, database, tmp_path):
    labels = [np.datetime64("2024-04-30", "us"), np.datetime64("2024-05-01", "us")]
    schedule = daily(max_age_sessions=0, fresh_symbols=("^GSPC",), retries=1, retry_wait_s=900)
    found, clock = scheduler(schedule, now=utc(2024, 5, 1, 20, 30), newest=lambda symbol: labels.pop(0))
    found.run_until_idle(clock.sleep)
    assert [run.status for run in list_runs(database=database)] == ["done", "stale"]


def test_no_more_reports_run_at_a_time_than_allowed(scheduler, tmp_path):
    inside, most = 0, 0
    lock, both = threading.Lock(), threading.Barrier(2, timeout=10)
    maker = Maker(tmp_path)

    def make(*arguments):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both.wait()  # two at a time: neither goes on before the other has begun
        with lock:
            inside -= 1
        return maker(*arguments)

    found, _ = scheduler(*(daily(f"r{n}") for n in range(4)), now=utc(2024, 5, 1, 20, 30), maker=make, workers=2)
    found.tick()
    found.wait()
    assert (len(maker.made), most) == (4, 2)


def test_a_report_under_way_is_not_begun_a_second_time(scheduler, tmp_path):
    go, maker = threading.Event(), Maker(tmp_path)

    def make(*arguments):
        assert go.wait(10)
        return maker(*arguments)

    found, clock = scheduler(daily(), now=utc(2024, 5, 1, 20, 30), maker=make)
    for _ in range(3):
        found.tick()
        clock.now += timedelta(minutes=1)
    go.set()
    found.wait()
    assert maker.made == ["daily"]


def test_two_processes_cannot_begin_the_same_attempt(database):
    key = {"schedule": "daily", "due_at": utc(2024, 5, 1), "started_at": utc(2024, 5, 1), "database": database}
    assert run_history.begin_run("t", {}, **key) is not None
    assert run_history.begin_run("t", {}, **key) is None


def test_outcomes_are_delivered_once_the_last_attempt_has_ended(scheduler, database, tmp_path):
    inbox = tmp_path / "inbox"
    maker = Maker(tmp_path, VendorError("polygon answered 503"), cell_error("KeyError", tmp_path / "failed.html"))
    schedule = daily(deliver=(Target("folder", str(inbox)),))
    found, clock = scheduler(schedule, now=utc(2024, 5, 1, 20, 30), maker=maker)
    found.run_until_idle(clock.sleep)
    failed, first = list_runs(database=database)
    assert first.deliveries == ()
    assert [each.status for each in failed.deliveries] == ["done"]
    text = (inbox / f"{failed.id}.txt").read_text()
    assert text.startswith("daily FAILED")
    assert "cell 4 of 9 failed: KeyError" in text
    clock.now = utc(2024, 5, 2, 20, 30)
    found.run_until_idle()
    assert (inbox / "daily.html").read_text() == (tmp_path / "daily.html").read_text()


def test_a_delivery_that_fails_is_tried_again_later_and_the_report_stands(scheduler, database, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    schedule = daily(deliver=(Target("folder", str(blocked)), Target("folder", str(tmp_path / "good"))))
    found, clock = scheduler(schedule, now=utc(2024, 5, 1, 20, 30))
    found.run_until_idle()
    run = list_runs(database=database)[0]
    assert run.status == "done"
    assert [each.status for each in run.deliveries] == ["pending", "done"]
    assert "cannot copy to" in run.deliveries[0].reason
    blocked.unlink()
    clock.now += timedelta(minutes=14)
    found.run_until_idle()
    assert not blocked.exists()
    clock.now += timedelta(minutes=1)
    found.run_until_idle()
    assert (blocked / "daily.html").exists()
    assert [each.attempts for each in list_runs(database=database)[0].deliveries] == [2, 1]


def test_a_webhook_that_refuses_for_good_is_recorded_once_without_its_address(
    scheduler, database, vendor_server, monkeypatch
):
    vendor_server.route("/hook/secret", Reply(status=404))
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", f"{vendor_server.url}/hook/secret")
    found, clock = scheduler(daily(deliver=(Target("webhook"),)), now=utc(2024, 5, 1, 20, 30))
    found.run_until_idle()
    clock.now += timedelta(hours=1)
    found.run_until_idle()
    run = list_runs(database=database)[0]
    [delivery] = run.deliveries
    assert (run.status, delivery.status, delivery.attempts) == ("done", "failed", 1)
    assert delivery.reason == "the webhook at 127.0.0.1 answered 404, expected 2xx"
    assert len(vendor_server.requests) == 1


def test_a_second_scheduler_is_refused_and_told_who_holds_the_place(database_url):
    database = open_database(database_url)
    with sole(database, "scheduler of reports"):
        refusal = pytest.raises(ConfigError, match=r"runs already: process \d+ on .+ since .+ UTC")
        with refusal, sole(database, "scheduler of reports"):
            pass
        with sole(database, "another role"):
            pass
    with sole(database, "scheduler of reports"):
        pass


def test_a_run_whose_process_is_gone_is_recorded_and_made_again(scheduler, database, tmp_path, monkeypatch):
    # No process has this number: Linux counts to 4,194,304.
    monkeypatch.setattr(run_history, "this_process", lambda: f"{run_history.socket.gethostname()} 4194305 12.00")
    run_history.begin_run(
        "daily", {}, schedule="daily", due_at=utc(2024, 5, 1, 20, 30), started_at=utc(2024, 5, 1, 20, 30), database=database
    )  # fmt: skip
    monkeypatch.undo()
    found, _clock = scheduler(daily(), now=utc(2024, 5, 1, 20, 45))
    assert [run.schedule for run in found.recover()] == ["daily"]
    found.run_until_idle()
    again, lost = list_runs(database=database)
    assert (lost.status, lost.finished_at) == ("interrupted", utc(2024, 5, 1, 20, 45))
    assert (again.status, again.attempt, again.due_at) == ("done", 2, lost.due_at)
    assert found.recover() == ()


def test_a_report_that_ends_its_process_each_time_is_not_made_for_ever(scheduler, database, monkeypatch, tmp_path):
    monkeypatch.setattr(run_history, "this_process", lambda: f"{run_history.socket.gethostname()} 4194305 12.00")
    run_history.begin_run(
        "daily", {}, schedule="daily", due_at=utc(2024, 5, 1, 20, 30), attempt=3, started_at=utc(2024, 5, 1, 20, 30),
        database=database,
    )  # fmt: skip
    monkeypatch.undo()
    found, _ = scheduler(daily(retries=2, deliver=(Target("folder", str(tmp_path / "in")),)), now=utc(2024, 5, 1, 21))
    found.recover()
    found.run_until_idle()
    (run,) = list_runs(database=database)
    assert (run.status, run.next_try_at) == ("interrupted", None)
    assert "INTERRUPTED" in next((tmp_path / "in").iterdir()).read_text()


def test_the_history_is_found_by_schedule_and_status(scheduler, database, tmp_path, monkeypatch):
    monkeypatch.setattr(run_history, "open_database", lambda: database)
    found, _ = scheduler(daily("a"), daily("b"), now=utc(2024, 5, 1, 20, 30), maker=Maker(tmp_path, DataError("bad")), workers=1)  # fmt: skip
    found.run_until_idle()
    assert [run.schedule for run in run_history.report_runs(status="failed")] == ["a"]
    (run,) = run_history.report_runs("b")
    assert (run.title, run.subject, run.summary, run.watermark) == ("S&P 500, daily", "^GSPC", ("It rose.",), "SAMPLE")
    assert Path(run.page).name == "b.html"
    with pytest.raises(ConfigError, match="did you mean 'failed'"):
        run_history.report_runs(status="faild")


def test_an_error_of_the_maker_is_recorded_in_words(scheduler, database, tmp_path):
    found, _ = scheduler(daily(), now=utc(2024, 5, 1, 20, 30), maker=Maker(tmp_path, ReportError("no such template")))
    found.run_until_idle()
    assert list_runs(database=database)[0].reason == "no such template"
