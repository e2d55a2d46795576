import json
import logging
import os
import subprocess
import sys
import threading
import time
from datetime import date, timedelta

import pytest

from investiq.core.errors import RateLimitedError
from investiq.market.gate import gate as gates
from investiq.market.gate.departures import LEAST_KEPT, DepartureLog, Event, LogLost
from investiq.market.gate.limiter import Limiter, Timer
from investiq.market.gate.plans import Plan
from tests.servers.timing import BEGIN, FakeTime

# One process: so many departures of a plan, with the wall time of each; real time, windows as short as a test may take.
LEAVE = """
import json, sys, time
from datetime import date
from pathlib import Path
from investiq.market.gate import limiter
from investiq.market.gate.departures import DepartureLog
from investiq.market.gate.plans import Plan

path, per_minute, per_second, count, window = sys.argv[1], *map(float, sys.argv[2:])
limiter.WINDOW_S = window
plan = Plan(
    provider="vendor", name="test", per_minute=int(per_minute), per_second=int(per_second) or None,
    as_of=date(2026, 1, 1), source="https://x",
)
gate = limiter.Limiter(plan, shared=DepartureLog(Path(path), 1000))
print("ready", flush=True)
sys.stdin.readline()
times = []
for _ in range(int(count)):
    gate.acquire()
    times.append(time.time())
print(json.dumps({"times": times, "alone": gate.alone_because}), flush=True)
"""


def plan(per_minute=5, **rates):
    return Plan(
        provider="vendor", name="test", per_minute=per_minute, **rates, as_of=date(2026, 1, 1), source="https://x"
    )


def limiter_on(path, time_of=None, **rates):
    return Limiter(plan(**rates), time_of and time_of.timer, DepartureLog(path, 0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "limits" / "vendor-key.log"


@pytest.fixture
def fake():
    return FakeTime()


def process(path, *arguments):
    started = subprocess.Popen(
        [sys.executable, "-c", LEAVE, str(path), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout.readline() == "ready\n"
    return started


def go(*processes):
    for each in processes:
        each.stdin.write("go\n")
        each.stdin.flush()
    return [json.loads(each.communicate(timeout=30)[0]) for each in processes]


def test_two_processes_share_one_window(path):
    # 4 requests in 1.5 s: of the 10 that two processes send, 4 leave at once, 4 after 1.5 s and 2 after 3 s.
    one, other = go(process(path, 4, 0, 5, 1.5), process(path, 4, 0, 5, 1.5))
    assert one["alone"] == other["alone"] == ""
    times = sorted(one["times"] + other["times"])
    assert all(later - earlier >= 1.5 - 0.05 for earlier, later in zip(times, times[4:], strict=False))
    assert 3.0 - 0.05 <= times[-1] - times[0] < 4.5


def test_two_processes_share_the_even_pace(path):
    # 600 a minute are 10 a second after a burst of 5: 20 departures take 1.5 s, and each process alone would take 0.5 s.
    one, other = go(process(path, 600, 0, 10, 61), process(path, 600, 0, 10, 61))
    times = sorted(one["times"] + other["times"])
    assert 1.5 - 0.05 <= times[-1] - times[0] < 3
    assert all(later - earlier >= 0.1 - 0.05 for earlier, later in zip(times, times[5:], strict=False))


def test_a_restart_keeps_the_count_of_the_day(path, fake):
    for _ in range(3):
        limiter_on(path, fake, per_minute=60, per_day=4).acquire()
    fake.sleep(3600)
    again = limiter_on(path, fake, per_minute=60, per_day=4)
    again.acquire()
    with pytest.raises(RateLimitedError, match="the 4 requests a day of its plan test are spent") as caught:
        again.acquire()
    # The first three left at once, at the beginning.
    assert caught.value.retry_at == BEGIN + timedelta(days=1)


def test_a_restart_keeps_the_window_and_the_pause(path, fake):
    first = limiter_on(path, fake)
    for _ in range(5):
        first.acquire()
    fake.sleep(20)
    second = limiter_on(path, fake)
    second.acquire()
    assert fake.passed == pytest.approx(61, abs=1e-5)
    second.pause(300)
    with pytest.raises(RateLimitedError, match="it asked for a pause; ask again at 2026-01-02 15:06:01 UTC"):
        limiter_on(path, fake).acquire()
    assert first.paused_for == pytest.approx(300, abs=1e-5)


def test_a_pause_of_another_process_moves_a_departure_that_is_booked(path, fake):
    one, other = limiter_on(path, fake, per_minute=5, per_second=1), limiter_on(path, fake, per_minute=5, per_second=1)
    one.acquire()
    sleep, asked = fake.timer.sleep, []

    def interrupted(seconds):
        # In the wait for second 1.05 the other process is answered 429 and asked for 30 s.
        if not asked:
            asked.append(seconds)
            other.pause(30)
        sleep(seconds)

    one._timer = Timer(monotonic=fake.timer.monotonic, sleep=interrupted, now=fake.now, wall=fake.wall)
    one.acquire()
    assert asked == [pytest.approx(1.05, abs=1e-5)]
    assert fake.passed == pytest.approx(30, abs=1e-5)


def test_processes_that_take_turns_agree_on_every_departure(path, fake):
    limiters = [limiter_on(path, fake, per_minute=120) for _ in range(3)]
    alone = Limiter(plan(120), (other := FakeTime()).timer)
    for step in range(400):
        if step % 90 == 50:
            limiters[step % 3].pause(4)
            alone.pause(4)
        waited, alone_waited = limiters[step % 3].acquire(), alone.acquire()
        # Times are written to the microsecond; the error does not grow.
        assert waited == pytest.approx(alone_waited, abs=1e-5)
        assert fake.passed == pytest.approx(other.passed, abs=1e-4)


class Clocks(FakeTime):
    """A wall clock that can be set apart from the other one."""

    def __init__(self):
        super().__init__()
        self.set_by = 0.0

    def wall(self):
        return super().wall() + self.set_by


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restarted"])
def test_a_clock_that_is_set_back_costs_no_more_than_one_window(path, is_restarted):
    clocks = Clocks()
    limiter = limiter_on(path, clocks)
    for _ in range(5):
        limiter.acquire()
    clocks.set_by = -7200
    if is_restarted:
        limiter = limiter_on(path, clocks)
    limiter.acquire()
    assert clocks.passed == pytest.approx(61, abs=1e-5)
    # Time goes on from there for whoever reads the log.
    for each in (limiter, limiter_on(path, clocks)):
        for _ in range(2):
            each.acquire()
    assert clocks.passed == pytest.approx(61, abs=1e-5)


def test_a_clock_that_is_set_back_during_a_wait_does_not_prolong_it_by_hours(path):
    clocks = Clocks()
    limiter = limiter_on(path, clocks, per_minute=60, per_second=1)
    limiter.acquire()
    sleep = clocks.timer.sleep

    def setting(seconds):
        sleep(seconds)
        clocks.set_by = -7200

    limiter._timer = Timer(monotonic=clocks.timer.monotonic, sleep=setting, now=clocks.now, wall=clocks.wall)
    limiter.acquire()
    assert clocks.passed <= 2.2


def test_the_file_stays_small_and_no_process_misses_a_departure(path, fake):
    busy, quiet = limiter_on(path, fake, per_minute=600), limiter_on(path, fake, per_minute=600)
    for _ in range(6):
        for _ in range(700):
            busy.acquire()
        quiet.acquire()
    assert path.stat().st_size <= 43 + 39 * (2 * LEAST_KEPT + 1)
    # 4,206 departures at 600 in 61 s: the last is the sixth of its window.
    assert fake.passed == pytest.approx(7 * 61 + 0.1, abs=0.2)
    assert quiet.alone_because == busy.alone_because == ""
    assert sorted(each.name for each in path.parent.iterdir()) == [".lock", "vendor-key.log"]


@pytest.mark.parametrize("line_bytes", [1, 20, 38])
def test_a_line_that_its_writer_could_not_finish_is_left_out(path, fake, line_bytes):
    limiter_on(path, fake).acquire()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-39:][:line_bytes])
    limiter = limiter_on(path, fake)
    limiter.acquire()
    assert limiter.alone_because == ""
    assert len(path.read_bytes()) == len(whole) + 39


@pytest.mark.parametrize("head_bytes", [0, 10, 30])
def test_a_file_whose_first_line_was_not_finished_begins_anew(path, fake, head_bytes):
    limiter_on(path, fake).acquire()
    path.write_bytes(path.read_bytes()[:head_bytes])
    limiter = limiter_on(path, fake)
    limiter.acquire()
    assert limiter.alone_because == ""
    assert path.stat().st_size == 43 + 39


def test_a_file_that_was_deleted_begins_anew_and_the_processes_still_share(path, fake):
    one, other = limiter_on(path, fake), limiter_on(path, fake)
    for _ in range(3):
        one.acquire()
    other.acquire()
    path.unlink()
    one.acquire()
    other.acquire()
    assert fake.passed == pytest.approx(61, abs=1e-5)


KILLED = """
import os, signal, sys
from pathlib import Path
from investiq.market.gate import departures, limiter
from investiq.market.gate.plans import plan_of

gate = limiter.Limiter(plan_of("massive", "free"), shared=departures.DepartureLog(Path(sys.argv[1]), 0))
gate.acquire()
write = departures.DepartureLog.append

def killed(self, event):
    if sys.argv[2] == "after":
        write(self, event)
    os.kill(os.getpid(), signal.SIGKILL)

departures.DepartureLog.append = killed
gate.acquire()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(("moment", "lines"), [("before", 1), ("after", 2)])
def test_a_kill_around_the_writing_leaves_a_log_that_can_be_read(path, moment, lines):
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), moment], check=False)
    assert done.returncode == -9
    limiter = limiter_on(path)
    assert path.stat().st_size == 43 + 39 * lines
    # The plan has 5: those that were written count, and the next leaves at once.
    begun = time.monotonic()
    for _ in range(5 - lines):
        limiter.acquire()
    assert time.monotonic() - begun < 1
    assert limiter.alone_because == ""
    assert isinstance(limiter._booked(), float)


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\0" * 200, b"investiq departures 1 " + b"0" * 20 + b"\n" + b"d" * 39],
    ids=["foreign", "zeros", "line"],
)
def test_a_corrupt_log_leaves_the_limits_to_the_process_and_says_so_once(path, fake, content, caplog):
    path.parent.mkdir()
    path.write_bytes(content)
    limiter = limiter_on(path, fake)
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            limiter.acquire()
    assert fake.passed == 61
    assert "delete it to share again" in limiter.alone_because
    assert len(caplog.records) == 1
    assert "vendor: its departures cannot be shared with other processes" in caplog.text
    assert path.read_bytes() == content


def test_a_log_that_is_lost_on_the_way_keeps_what_it_counted(path, fake, caplog):
    limiter = limiter_on(path, fake)
    for _ in range(5):
        limiter.acquire()
    path.write_bytes(b"hello")
    with caplog.at_level(logging.WARNING):
        limiter.acquire()
    assert fake.passed == pytest.approx(61, abs=1e-5)
    assert limiter.alone_because


def test_a_disk_that_is_full_is_no_error_of_the_call(path, fake, monkeypatch, caplog):
    def full(self, event):
        raise LogLost("No space left on device")

    limiter = limiter_on(path, fake)
    limiter.acquire()
    monkeypatch.setattr(DepartureLog, "append", full)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            limiter.acquire()
    assert fake.passed == pytest.approx(61, abs=1e-5)
    assert "No space left on device" in caplog.text and len(caplog.records) == 1


def test_a_folder_that_cannot_be_written_is_no_error_of_the_call(tmp_path, fake, caplog):
    (tmp_path / "limits").write_text("a file where the folder would be")
    limiter = limiter_on(tmp_path / "limits" / "vendor-key.log", fake)
    with caplog.at_level(logging.WARNING):
        limiter.acquire()
    assert "cannot lock" in limiter.alone_because


@pytest.fixture
def sharing(monkeypatch, tmp_path):
    """The gate as it is outside the tests, in a data folder of this test."""
    original = gates.__dict__["_shared_log"].__wrapped__
    monkeypatch.setattr(gates, "_shared_log", original)
    monkeypatch.setattr(gates, "_gates", {})
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_gate_shares_its_departures_under_the_data_folder_and_its_health_tells(sharing):
    from investiq.market.gate.plans import plan_of

    gate = gates.gate_of("yfinance", "no key", plan_of("yfinance", "free"))
    gate.pause(5)
    assert gate.health().alone_because == ""
    found = sharing / "limits" / "yfinance-no-key.log"
    head, line = found.read_text().splitlines()
    assert head.startswith("investiq departures 1 ") and line.startswith("p ")
    if os.name == "posix":
        assert found.stat().st_mode & 0o077 == 0


def test_the_health_of_a_gate_says_why_it_is_alone(sharing, caplog):
    from investiq.market.gate.plans import plan_of

    (sharing / "limits").write_text("a file where the folder would be")
    gate = gates.gate_of("yfinance", "no key", plan_of("yfinance", "free"))
    with caplog.at_level(logging.WARNING):
        gate.pause(5)
    assert "cannot lock" in gate.health().alone_because
    assert gate.health().paused_for == pytest.approx(5, abs=1)


def test_news_are_what_others_wrote(path):
    one, other = DepartureLog(path, 0), DepartureLog(path, 0)
    event = Event("departure", BEGIN.timestamp(), BEGIN.timestamp() + 0.1234564)
    with one.held() as news:
        assert news == []
        written = one.append(event)
    assert written.value == pytest.approx(event.value, abs=1e-6)
    assert not one.has_news and other.has_news
    with other.held() as news:
        assert news == [written]
    assert not other.has_news
    with one.held() as news:
        assert news == []


def test_threads_of_two_limiters_share_a_log_in_real_time(path):
    limiters = [limiter_on(path, per_minute=3000) for _ in range(2)]
    times, lock = [], threading.Lock()

    def leave(limiter):
        for _ in range(3):
            limiter.acquire()
            with lock:
                times.append(time.monotonic())

    threads = [threading.Thread(target=leave, args=(limiters[number % 2],)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 60 departures at 50 a second after a burst of 5.
    assert 55 / 50 - 0.02 <= max(times) - min(times) < 2 * 55 / 50
