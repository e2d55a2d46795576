"""Timing and reporting that every benchmark shares.

The machine may be busy with other work, so peers take turns within each round and
what counts is their ratio inside one run, not the milliseconds.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["OUTPUT", "Timing", "interleaved", "machine", "markdown", "save", "versions"]

OUTPUT = Path(__file__).parent / "output"
ROUNDS = 11
# A quick peer repeats its call until this long has passed, so that the clock's grain does not count.
LEAST_SECONDS = 0.05


class Timing(NamedTuple):
    """Seconds per call: the median over the rounds, and the quickest and the slowest round."""

    median: float
    low: float
    high: float


def interleaved(peers: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, Timing]:
    """Time the peers round by round, each in turn, after one call of each that does not count."""
    for call in peers.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, call in peers.items():
            begin, calls = time.perf_counter(), 0
            while True:
                call()
                calls += 1
                passed = time.perf_counter() - begin
                if passed >= LEAST_SECONDS:
                    break
            seconds[name].append(passed / calls)
    return {name: Timing(statistics.median(each), min(each), max(each)) for name, each in seconds.items()}


def machine() -> dict[str, str]:
    """Return what the numbers depend on: processor, cores, load, system, Python, date."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load": ", ".join(f"{each:.1f}" for each in os.getloadavg()) if hasattr(os, "getloadavg") else "not known",
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the installed version of each package, or that it is not installed."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def markdown(timings: Mapping[str, Timing], base: str) -> str:
    """Return the timings as a Markdown table, each against `base`."""
    lines = [
        "| engine | median, ms | quickest to slowest round, ms | times as long as " + base + " |",
        "|---|---:|---:|---:|",
    ]
    for name, timing in timings.items():
        median, low, high = (each * 1e3 for each in timing)
        lines.append(
            f"| {name} | {median:.3f} | {low:.3f} to {high:.3f} | {timing.median / timings[base].median:.2f} |"
        )
    return "\n".join(lines)


def save(name: str, document: Mapping[str, Any]) -> Path:
    """Write the raw result of a benchmark to the output folder."""
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / f"{name}.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
