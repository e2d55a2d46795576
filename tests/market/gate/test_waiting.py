import contextvars
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from investiq.core.errors import ConfigError
from investiq.market.gate import limiter as module
from investiq.market.gate.gate import Exchange, gate_of
from investiq.market.gate.limiter import Limiter
from investiq.market.gate.plans import Plan, plan_of
from investiq.market.gate.waiting import Line, WaitStopped, called_off_by, rest
from tests.servers.timing import FakeTime


def plan(per_minute=5, **rates):
    return Plan(
        provider="vendor", name="test", per_minute=per_minute, **rates, as_of=date(2026, 1, 1), source="https://x"
    )


@pytest.fixture
def lines(monkeypatch):
    """What is said of waits, where there is neither a terminal nor a notebook."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    said = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: said.append(record.getMessage())
    logger = logging.getLogger("investiq.progress")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield said
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_a_wait_for_the_next_minute_is_told_in_one_line(lines):
    fake = FakeTime()
    limiter = Limiter(plan(), fake.timer)
    for _ in range(5):
        limiter.acquire()
    fake.sleep(20.5)
    for _ in range(5):
        limiter.acquire()
    # 61 - 20.5 = 40.5 s, said as 41; those who follow leave with the first.
    assert lines == ["vendor: waiting 41 s for a slot (plan test, 5 a minute)"]
    limiter.acquire()
    assert lines[1:] == ["vendor: waiting 61 s for a slot (plan test, 5 a minute)"]


def test_short_waits_are_not_told(lines):
    fake = FakeTime()
    limiter = Limiter(plan(60, per_second=1), fake.timer)
    for _ in range(20):
        limiter.acquire()
    assert fake.passed > 19 and lines == []


def test_the_wait_for_another_try_is_told_with_the_pause_behind_it(lines, vendor_time):
    gate = gate_of("massive", "a key", plan_of("massive", "starter"))
    replies = [429, 200]

    def call():
        return Exchange(status=replies.pop(0), headers={"retry-after": "30"}, reply="found", text=lambda: "")

    assert gate.send(call, "GET /x") == "found"
    assert lines == ["massive: waiting 30 s for another try (plan starter, 5500 a minute)"]


def test_a_hundred_threads_that_wait_say_it_once(lines, monkeypatch):
    monkeypatch.setattr(module, "WINDOW_S", 2.6)
    limiter = Limiter(plan(50))
    threads = [threading.Thread(target=limiter.acquire) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines == ["vendor: waiting 3 s for a slot (plan test, 50 a minute)"]


def test_after_an_interrupted_wait_the_next_is_told_again(lines):
    fake = FakeTime()
    limiter = Limiter(plan(), fake.timer)
    for _ in range(5):
        limiter.acquire()

    def interrupted(seconds):
        raise KeyboardInterrupt

    limiter._timer = type(fake.timer)(monotonic=fake.timer.monotonic, sleep=interrupted, now=fake.now)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            limiter.acquire()
    assert len(lines) == 2
    # What was interrupted took no departure.
    limiter._timer = fake.timer
    for _ in range(5):
        limiter.acquire()
    assert fake.passed == 61


INTERRUPTED = """
import sys, time
from investiq.market.gate.limiter import Limiter
from investiq.market.gate.plans import plan_of

limiter = Limiter(plan_of("massive", "free"))
for _ in range(5):
    limiter.acquire()
print("waiting", flush=True)
try:
    limiter.acquire()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_an_interrupt_ends_the_wait_of_the_main_thread_at_once():
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    sent = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    assert time.monotonic() - sent < 1
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_an_interrupt_ends_the_wait_of_one_who_stands_behind_others():
    code = INTERRUPTED.replace(
        'print("waiting"',
        "import threading\nthreading.Thread(target=limiter.acquire, daemon=True).start()\ntime.sleep(0.2)\nprint('waiting'",
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    sent = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    assert time.monotonic() - sent < 1
    process.communicate(timeout=10)


def test_waits_of_other_threads_end_when_they_are_called_off():
    limiter, stop = Limiter(plan()), threading.Event()
    for _ in range(5):
        limiter.acquire()
    with called_off_by(stop), ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(contextvars.copy_context().run, limiter.acquire) for _ in range(8)]
        time.sleep(0.2)
        assert not any(each.done() for each in waiting)
        begun = time.monotonic()
        stop.set()
        for each in waiting:
            with pytest.raises(WaitStopped, match="ask again for what is missing"):
                each.result(timeout=5)
        assert time.monotonic() - begun < 2


def test_a_rest_that_is_not_called_off_takes_its_time():
    fake = FakeTime()
    with called_off_by(threading.Event()):
        rest(fake.timer, 1.1)
    assert fake.passed == pytest.approx(1.1)
    assert max(fake.sleeps) <= 0.25


def test_a_line_is_first_come_first_served_and_survives_an_error():
    line, order, begun = Line(), [], threading.Event()

    def stand(number):
        with line.turn():
            order.append(number)
            if number == 3:
                raise ConfigError("a mistake inside")

    def safely(number):
        with pytest.raises(ConfigError) if number == 3 else threading.Lock():
            stand(number)

    with line.turn():
        threads = []
        for number in range(6):
            threads.append(threading.Thread(target=safely, args=(number,)))
            threads[-1].start()
            while len(line._waiting) < number + 2:
                begun.wait(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(6))
