"""Run everything that CI runs, each step timed; the first line of a failure stands where it happened."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# (name, budget in seconds on two cores, command)
STEPS: list[tuple[str, int, list[str]]] = [
    ("ruff check", 10, ["ruff", "check", "."]),
    ("ruff format", 10, ["ruff", "format", "--check", "."]),
    ("mypy", 90, ["mypy"]),
    ("floors", 20, ["lint-imports"]),
    ("unit and property", 540, ["python", "-m", "pytest", "-q", "-n", "2", "-m", "not browser", "tests"]),
    ("doctests", 60, ["python", "-m", "pytest", "-q", "--doctest-modules", "investiq", "-p", "no:cacheprovider"]),
    ("notebooks", 360, ["python", "-m", "pytest", "-q", "--nbval-lax", "notebooks", "-p", "no:cacheprovider"]),
    ("docs", 60, ["python", "scripts/check_docs.py"]),
    ("browser", 360, ["python", "-m", "pytest", "-q", "-m", "browser", "tests"]),
]


def main() -> int:
    """Run the steps in order and print a table of times; return 1 if any failed."""
    with tempfile.TemporaryDirectory(prefix="investiq-check-") as data:
        return run_steps(data)


def run_steps(data: str) -> int:
    """Run the steps on a data folder of their own: examples and notebooks do not count as anyone's trials."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "INVESTIQ_DATA_DIR": data,
        "INVESTIQ_DATABASE_URL": "",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "INVESTIQ_OFFLINE": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "MPLBACKEND": "agg",
        "HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci"),
    }
    rows: list[tuple[str, str, float, int]] = []
    for name, budget, command in STEPS:
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        started = time.monotonic()
        done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environment, check=False)
        rows.append((name, "passed" if done.returncode == 0 else "FAILED", time.monotonic() - started, budget))

    print("\n== times")
    for name, outcome, seconds, budget in rows:
        print(f"  {name:<20} {outcome:<7} {seconds:7.1f} s of {budget} s")
    total = sum(seconds for _, _, seconds, _ in rows)
    failed = [name for name, outcome, _, _ in rows if outcome != "passed"]
    print(f"  {'total':<20} {'':<7} {total:7.1f} s of 1800 s")
    print(f"\nsteps: {len(rows) - len(failed)} passed, {len(failed)} failed")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
