"""A scheduler that is killed during a run, with a real kernel: the next one finishes the work, and nothing half is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from investiq.core.errors import ConfigError
from investiq.reporting.index import write_index
from investiq.reporting.run_history import list_runs
from investiq.reporting.schedule_file import read_schedules
from investiq.reporting.scheduling import ReportScheduler
from investiq.reporting.timer import run_forever
from tests.reporting.conftest import write_source

SCHEDULER = """
import sys
from pathlib import Path
from investiq.reporting import catalog
catalog._paths = lambda: {"small": Path(sys.argv[1])}
from investiq.reporting.schedule_file import read_schedules
from investiq.reporting.scheduling import ReportScheduler
from investiq.reporting.timer import run_forever
run_forever(ReportScheduler(read_schedules(Path(sys.argv[2]))), lambda lost: None)
"""


def write_schedule(path, source, pause):
    path.write_text(
        f'[[report]]\nname = "small-daily"\ntemplate = "small"\nwhen = "at close"\nmisfire_grace_s = 2592000\n'
        f'parameters = {{ source_file = "{source}", pause = {pause} }}\nexports = ["csv"]\n'
    )
    return path


def wait_for(condition, process):
    for _ in range(6000):
        if condition():
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.05)
    raise AssertionError("it did not begin within five minutes")


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX systems do")
def test_after_a_kill_during_a_run_the_next_scheduler_makes_the_report_whole(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("INVESTIQ_REPORTS_DIR", str(tmp_path / "reports"))
    source = write_source(tmp_path / "source.json")
    schedule = write_schedule(tmp_path / "schedule.toml", source, pause=60)
    process = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER, str(tiny["small"]), str(schedule)], stderr=subprocess.PIPE
    )
    with process.stderr:
        try:
            wait_for(lambda: list((tmp_path / "reports").glob("small/.making-*/started")), process)
            # A second one is refused while it runs.
            second = ReportScheduler(read_schedules(schedule))
            with pytest.raises(ConfigError, match=f"runs already: process {process.pid} on"):
                run_forever(second, lambda lost: None)
            second.close()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert not list((tmp_path / "reports").rglob("*.html"))

    scheduler = ReportScheduler(read_schedules(write_schedule(schedule, source, pause=0)))
    assert [run.schedule for run in scheduler.recover()] == ["small-daily"]
    scheduler.run_until_idle()
    scheduler.close()
    again, lost = list_runs()
    assert (lost.status, again.status) == ("interrupted", "done")
    assert (again.due_at, again.attempt) == (lost.due_at, 2)
    page = tmp_path / "reports" / "small" / "2018-12-31"
    assert {path.suffix for path in page.iterdir()} == {".html", ".ipynb", ".json", ""}
    assert not [path for path in (tmp_path / "reports").rglob("*") if ".making-" in path.name or "partial" in path.name]

    index = write_index(pictures=False).read_text()
    assert "Small report" in index
    assert f'href="small/2018-12-31/{next(page.glob("*.html")).name}"' in index
    assert '<span class="mark">SAMPLE</span>' in index
    assert "is ready" in index
