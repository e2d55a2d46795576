"""The lock between processes: exclusive, and gone with its process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from investiq.core.errors import ConfigError
from investiq.storage.locks import exclusive

HOLD = """
import sys, time
from pathlib import Path
from investiq.storage.locks import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    process = holder(tmp_path / "series")
    process.kill()
    process.communicate()
    begun = time.monotonic()
    with exclusive(tmp_path / "series"):
        assert time.monotonic() - begun < 5


def test_another_process_waits_until_the_lock_is_free(tmp_path):
    process = holder(tmp_path)
    entered = threading.Event()

    def wait():
        with exclusive(tmp_path):
            entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not entered.wait(0.3)
    process.kill()
    process.communicate()
    assert entered.wait(10)
    thread.join()


def test_two_threads_of_one_process_exclude_each_other(tmp_path):
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(30):
            with exclusive(tmp_path):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_an_error_inside_frees_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        1 / 0
    with exclusive(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused_with_the_setting_that_chooses_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="INVESTIQ_DATA_DIR"), exclusive(tmp_path / "file" / "series"):
        pass
