"""The commands that list, make and tell of scheduled reports, on schedules of the test's own."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

import investiq as iq
from investiq.cli import main
from investiq.reporting.report import Report
from investiq.runtime import clock
from tests.reporting.conftest import TINY, write_small_template, write_source

# A schedule for `schedule`, whose clock the test sets; one for `run-due`, of a moment that has passed, on the real clock.
FILE = """
[[report]]
name = "daily"
template = "small"
when = "30 min after close"
parameters = {{ source_file = "{source}" }}

[[report]]
name = "mornings"
template = "small"
when = "cron 30 7 * * mon-fri"
misfire_grace_s = 60
parameters = {{ source_file = "{source}" }}

[[report]]
name = "twice-a-month"
template = "small"
when = "cron 0 0 1,15 * *"
misfire_grace_s = 2592000
parameters = {{ source_file = "{source}" }}
enabled = {enabled}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders of data and reports, a template that starts quickly, and its schedules."""
    folder = tmp_path_factory.mktemp("scheduled")
    source = write_source(folder / "source.json")
    write_small_template(folder / "templates", cells=TINY)
    for name, enabled in (("schedule.toml", "false"), ("all.toml", "true")):
        (folder / name).write_text(FILE.format(source=source, enabled=enabled))
    return folder


@pytest.fixture
def run(place, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(place / "data"))
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(place / "reports"))
    monkeypatch.setattr("investiq.reporting.catalog._paths", lambda: {"small": place / "templates" / "small.ipynb"})

    def invoke(*words, file="schedule.toml"):
        return CliRunner().invoke(main, ["report", *words, "--file", str(place / file)])

    return invoke


@pytest.fixture
def tuesday(monkeypatch):
    """Two days before the fourth of July."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2024, 7, 2, 21, tzinfo=UTC))


@pytest.mark.usefixtures("tuesday")
def test_the_next_runs_are_listed_in_order_in_both_times_with_the_early_close_and_without_the_holiday(run):
    lines = run("schedule", "--next", "4").stdout.splitlines()
    told = [re.split(r"\s{2,}", line.strip()) for line in lines if "2024" in line]
    # 3 July closes at 13:00 in New York; on the 4th, a Thursday, cron rings and the exchange is closed.
    assert told == [
        ["mornings", "Wed 2024-07-03 07:30 EDT", "2024-07-03 11:30", "small"],
        ["daily", "Wed 2024-07-03 13:30 EDT", "2024-07-03 17:30", "small"],
        ["mornings", "Thu 2024-07-04 07:30 EDT", "2024-07-04 11:30", "small"],
        ["mornings", "Fri 2024-07-05 07:30 EDT", "2024-07-05 11:30", "small"],
    ]


@pytest.mark.usefixtures("tuesday")
def test_a_dry_run_lists_what_is_due_and_makes_nothing(run, place):
    text = run("schedule", "--dry-run").stdout
    # The morning's is later than its grace of a minute; the afternoon's was due half an hour ago.
    assert "daily" in text
    assert "Tue 2024-07-02 16:30 EDT" in text
    assert "mornings" not in text
    assert not list((place / "reports").glob("*/*"))


def test_two_ways_of_running_at_once_are_refused(run):
    outcome = run("schedule", "--once", "--dry-run")
    assert outcome.exit_code == 2
    assert "--once, --dry-run and --next exclude each other" in outcome.stderr


@pytest.mark.usefixtures("tuesday")
def test_a_crontab_asks_at_every_time_that_the_year_holds(run):
    lines = run("export-cron", "--time-zone", "UTC").stdout.splitlines()
    lines = lines[lines.index("# daily: 30 min after close") :]
    # 30 min after closes at 13:00 and 16:00 in New York, in summer and in winter; and 07:30 there.
    assert [line.split(" cd ")[0] for line in lines] == [
        "# daily: 30 min after close", "30 17,18,20,21 * * 1,2,3,4,5",
        "# mornings: cron 30 7 * * mon-fri", "30 11,12 * * 1,2,3,4,5",
    ]  # fmt: skip
    assert lines[1].endswith("-m investiq report run-due daily")
    assert run("export-cron", "--time-zone", "Mars/Base").exit_code == 2


def test_a_crontab_hands_on_the_variables_that_are_set_and_no_secret(run, place, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATABASE_URL", "postgresql://desk:hidden1@db/investiq")
    monkeypatch.setenv("INVESTIQ_SMTP_HOST", "mail.hidden2.example")
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", "https://hooks.example/hidden3")
    monkeypatch.setenv("POLYGON_API_KEY", "hidden4")
    monkeypatch.setenv("INVESTIQ_FRESHNESS_MINUTES", "45")
    lines = run("export-cron", "--time-zone", "UTC").stdout.splitlines()
    head = lines[: lines.index("# daily: 30 min after close")]
    assert f"INVESTIQ_DATA_DIR={place / 'data'}" in head
    assert f"INVESTIQ_REPORTS_DIR={place / 'reports'}" in head
    assert "INVESTIQ_FRESHNESS_MINUTES=45" in head
    [warning] = [line for line in head if line.startswith("# WARNING")]
    for name in ("INVESTIQ_DATABASE_URL", "INVESTIQ_SMTP_HOST", "INVESTIQ_WEBHOOK_URL", "POLYGON_API_KEY"):
        assert name in warning
    assert "hidden" not in "".join(lines)

    monkeypatch.setenv("INVESTIQ_DATABASE_URL", f"sqlite:///{place / 'trials.db'}")
    assert f"INVESTIQ_DATABASE_URL=sqlite:///{place / 'trials.db'}" in run("export-cron").stdout.splitlines()


def test_what_is_due_is_made_once_and_told_by_the_history(run, place):
    first = run("run-due", "twice-a-month", file="all.toml")
    assert first.exit_code == 0, first.output
    [page] = (place / "reports" / "small" / "2018-12-31").glob("*.html")
    assert str(page) in first.stdout
    assert (place / "reports" / "index.html").read_text(encoding="utf-8").count('class="card"') == 1
    assert run("run-due", "twice-a-month", file="all.toml").stdout == "nothing was due\n"

    told = CliRunner().invoke(main, ["report", "history", "twice-a-month", "--json"]).stdout
    [entry] = json.loads(told)
    assert (entry["status"], entry["attempt"], entry["page"]) == ("done", 1, str(page))
    assert entry["started_at"].endswith("+00:00")
    text = CliRunner().invoke(main, ["report", "history"]).stdout
    assert str(page) in text
    empty = CliRunner().invoke(main, ["report", "history", "--status", "failed"])
    assert empty.stdout == "no run of a report is recorded\n"


def test_a_schedule_that_does_not_exist_is_answered_with_the_nearest(run):
    outcome = run("run-due", "dayly")
    assert outcome.exit_code != 0
    assert "did you mean 'daily'" in outcome.stderr


@pytest.mark.usefixtures("run")
def test_a_run_by_hand_that_fails_is_marked_in_the_index_and_told_in_short_by_the_history(place):
    source = write_source(place / "broken.json", divisor=0)
    outcome = CliRunner().invoke(main, ["report", "run", "small", "--set", f"source_file={source}"])
    assert outcome.exit_code == 7, outcome.output
    index = (place / "reports" / "index.html").read_text(encoding="utf-8")
    assert "<td>small, by hand</td><td class=bad>▲ " in index
    assert "ZeroDivisionError" in index

    failed = ["report", "history", "--status", "failed"]
    [entry] = json.loads(CliRunner().invoke(main, [*failed, "--json"]).stdout)
    assert "; see " in entry["reason"]
    line = CliRunner().invoke(main, failed).stdout.splitlines()[-1]
    assert "ZeroDivisionError" in line
    assert "; see " not in line


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("words", [["report", "tear-sheet", "--result", "saved.iq"], ["demo"]])
def test_a_tear_sheet_in_the_reports_folder_is_listed_in_the_index(place, tmp_path, monkeypatch, words):
    # The sheet itself is made by the tests of `iq.tear_sheet`; here only what it leaves.
    def leave(*_, **__):
        about = {
            "format": "investiq-report", "title": "A flat sheet", "template": "tear_sheet", "subject": "^GSPC",
            "as_of": "2018-12-31T21:00:00+00:00", "summary": ["It rose."], "watermark": "SAMPLE",
        }  # fmt: skip
        reports.mkdir()
        (reports / "GSPC.json").write_text(json.dumps(about))
        (reports / "GSPC.html").write_text("<h1>A flat sheet</h1>")
        return Report(
            title="A flat sheet",
            template="tear_sheet",
            parameters={},
            subject="^GSPC",
            as_of=datetime(2018, 12, 31, 21, tzinfo=UTC),
            manifest_file=reports / "GSPC.json",
            path=reports / "GSPC.html",
            notebook=reports / "GSPC.ipynb",
            result_file=None,
            quantstats=None,
            latest=reports / "latest.html",
            seconds=1.5,
            watermark="SAMPLE",
        )

    reports = tmp_path / "reports"
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(reports))
    monkeypatch.setitem(vars(iq), "load_result", lambda path: None)
    monkeypatch.setitem(vars(iq), "tear_sheet", leave)
    monkeypatch.setattr("investiq.demo.run_demo", leave)
    monkeypatch.setattr("investiq.commands.report.show", lambda *_: None)
    (tmp_path / "saved.iq").touch()
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    assert '<a class="card" href="GSPC.html"' in (reports / "index.html").read_text(encoding="utf-8")
