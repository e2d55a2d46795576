"""Run everything that CI runs, each step timed: what needs both cores alone, then two lanes side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class Step(NamedTuple):
    """One command, with its budget in seconds on two cores."""

    name: str
    budget: int
    command: list[str]


class Done(NamedTuple):
    """How a step ended."""

    step: Step
    passed: bool
    seconds: float


PYTEST = ["python", "-m", "pytest", "-q"]
FIRST = [
    Step("ruff check", 10, ["ruff", "check", "."]),
    Step("ruff format", 10, ["ruff", "format", "--check", "."]),
    Step("floors", 20, ["lint-imports"]),
    Step("unit and property", 720, [*PYTEST, "-n", "2", "-m", "not browser", "tests"]),
]
# A browser waits more than it computes; beside it there is room for what runs in one process.
LANES = [
    [Step("browser", 420, [*PYTEST, "-m", "browser", "tests"])],
    [
        Step("mypy", 120, ["mypy"]),
        Step("doctests", 80, [*PYTEST, "--doctest-modules", "investiq", "-p", "no:cacheprovider"]),
        Step("docs", 120, ["python", "scripts/check_docs.py"]),
        Step("notebooks", 360, [*PYTEST, "--nbval-lax", "notebooks", "-p", "no:cacheprovider"]),
    ],
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
    started = time.monotonic()
    done = [run(step, environment) for step in FIRST]
    with ThreadPoolExecutor(len(LANES)) as pool:
        lanes = [{**environment, "INVESTIQ_DATA_DIR": f"{data}/lane-{number}"} for number in range(len(LANES))]
        for lane in pool.map(lambda steps, own: [run(step, own, at_once=False) for step in steps], LANES, lanes):
            done += lane

    print("\n== times")
    for step, passed, seconds in done:
        print(f"  {step.name:<20} {'passed' if passed else 'FAILED':<7} {seconds:7.1f} s of {step.budget} s")
    print(f"  {'total':<20} {'':<7} {time.monotonic() - started:7.1f} s of 1800 s")
    failed = [step.name for step, passed, _ in done if not passed]
    print(f"\nsteps: {len(done) - len(failed)} passed, {len(failed)} failed")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(step: Step, environment: dict[str, str], *, at_once: bool = True) -> Done:
    """Run a step; what it prints is shown `at_once`, or where steps run side by side when it has ended."""
    head = f"\n== {step.name}: {' '.join(step.command)}"
    command = [str(BIN / step.command[0]), *step.command[1:]]
    began = time.monotonic()
    if at_once:
        print(head, flush=True)
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    else:
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(
                command, cwd=ROOT, env=environment, check=False, stdout=output, stderr=subprocess.STDOUT
            ).returncode
            output.seek(0)
            print(head, output.read().decode(errors="replace"), sep="\n", flush=True)
    return Done(step, code == 0, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
