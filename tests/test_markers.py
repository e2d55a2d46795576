import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIVE = "tests/market/vendors/test_live.py"


def collected(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, LIVE],
        cwd=ROOT, env={**os.environ, "INVESTIQ_OFFLINE": "1", **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


def test_no_test_uses_the_network_unless_it_is_asked_for():
    # As make test runs them, with an -m of its own.
    assert collected("-m", "not browser").startswith("6 deselected")


def test_offline_the_live_tests_are_skipped_even_where_they_are_asked_for():
    assert collected("-m", "live", MASSIVE_API_KEY="a-key-of-nobody").startswith("6 skipped")
