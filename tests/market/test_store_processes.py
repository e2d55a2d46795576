"""Several processes on one store: a kill at any moment leaves it whole, and two writers lose nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from investiq.market.series import folder_of
from investiq.market.store import SeriesKey, Store
from investiq.storage import generations
from tests.market.stored import FACTS, bars_table, moment

KEY = SeriesKey("bars", "massive", "AAPL")
CLOSES = [100.0, 102.0, 101.0, 104.0]


KILLED = """
import importlib, os, signal, sys
from pathlib import Path
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, bars_table, moment
import investiq.storage.generations, investiq.storage.locks, pyarrow.parquet, investiq.market.store_reading
root, step, count, when = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
table = bars_table([100.0, 102.0, 101.5, 104.0, 105.0])
owner, name = step.rsplit(".", 1)
owner = Path if owner == "pathlib.Path" else importlib.import_module(owner)
true, calls = getattr(owner, name), []
def stepping(*arguments, **named):
    calls.append(1)
    if len(calls) == count and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = true(*arguments, **named)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
setattr(owner, name, stepping)
Store(root).write(SeriesKey("bars", "massive", "AAPL"), table, FACTS, moment("2024-03-02"))
"""

# Writes one bar after the other, each a generation of its own, until it is killed.
ENDLESS = """
import itertools, sys
from pathlib import Path
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, bars_table, moment
store = Store(Path(sys.argv[1]))
table = bars_table([100.0 + number for number in range(400)])
print("ready", flush=True)
for number in itertools.count(4):
    store.write(SeriesKey("bars", "massive", "AAPL"), table.iloc[: number + 1], FACTS, moment("2024-03-02"))
"""

# Adds its own half of the bars, one write a bar.
HALF = """
import sys
from pathlib import Path
from investiq.market.store import SeriesKey, Store
from tests.market.stored import FACTS, bars_table, moment
store, first = Store(Path(sys.argv[1])), int(sys.argv[2])
table = bars_table([100.0 + number for number in range(60)])
sys.stdin.readline()
for row in range(first, 60, 2):
    store.write(SeriesKey("bars", "massive", "AAPL"), table.iloc[[row]], FACTS, moment("2024-03-02"))
"""


def start(script, *arguments, **options):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def is_whole(store):
    """Read everything, and refuse a file that is damaged or holds anything but the old or the new content."""
    bars = store.bars(KEY)
    return bars.close.tolist() in (CLOSES, [100.0, 102.0, 101.5, 104.0, 105.0])


@pytest.mark.skipif(sys.platform == "win32", reason="the steps of a write are other ones there")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["os.fsync", "os.link", "pathlib.Path.unlink", "fcntl.flock"])
def test_a_kill_at_any_step_of_a_write_leaves_whole_content(tmp_path, step, when):
    store = Store(tmp_path)
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    counts = (1, 2) if step in ("os.fsync", "fcntl.flock") else (1,)
    for count in counts:
        process = start(KILLED, tmp_path, step, count, when)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == -9, errors
        assert is_whole(store)
    after = store.write(KEY, bars_table([100.0, 102.0, 101.5, 104.0, 105.0]), FACTS, moment("2024-03-03"))
    assert after.added + after.revised + after.unchanged == 5
    assert store.bars(KEY).close.tolist() == [100.0, 102.0, 101.5, 104.0, 105.0]


def test_a_kill_at_a_random_moment_leaves_a_whole_file(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, bars_table(CLOSES), FACTS, moment("2024-03-01"))
    random = np.random.default_rng(5)
    for _ in range(4):
        process = start(ENDLESS, tmp_path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0.0, 0.25))
        process.kill()
        process.communicate()
        bars = store.bars(KEY)
        # The first four were recorded by hand, or were corrected by the first write of the loop.
        assert len(bars) >= 4
        assert bars.close[4:].tolist() == [100.0 + number for number in range(4, len(bars))]
        assert generations.current(folder_of(tmp_path, KEY)).number == int(store.facts(KEY)["generation"])


def test_two_processes_that_write_one_symbol_lose_nothing(tmp_path):
    processes = [start(HALF, tmp_path, first, stdin=subprocess.PIPE) for first in (0, 1)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    store = Store(tmp_path)
    assert store.bars(KEY).close.tolist() == [100.0 + number for number in range(60)]
    assert store.facts(KEY)["generation"] == "60"
    assert not list(folder_of(tmp_path, KEY).glob("*.tmp"))
