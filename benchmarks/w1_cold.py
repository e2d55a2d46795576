"""W1 in a fresh process: from the start of Python to the metrics of one backtest.

Measured from outside, imports and loading of the data included, with an empty
cache of compiled functions and then with a filled one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common

PROGRAMS = {
    "InvestIQ, iq.backtest": """
import investiq as iq
result = iq.backtest(iq.strategies.Crossover(fast=20, slow=50), "^GSPC", weight=1.0, size_at="open", lot=None)
result.facts()
""",
    "raptorbt": "from benchmarks import w1_single as w; import investiq as iq; w.raptorbt(iq.load_bars('^GSPC'))()",
    "vectorbt, rust": "from benchmarks import w1_single as w; import investiq as iq; w.vectorbt(iq.load_bars('^GSPC'), 'auto')()",
}
NEEDS = {"raptorbt": "raptorbt", "vectorbt, rust": "vectorbt-rust"}
WARM_STARTS = 3


def seconds(program: str, cache: str) -> float:
    """Return the wall time of one fresh process."""
    root = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", ""))))
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "NUMBA_CACHE_DIR": cache, "INVESTIQ_DATA_DIR": cache, "PYTHONPATH": root},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin


def main() -> str:
    """Time each engine that is installed in fresh processes; return the report as Markdown."""
    lines = ["| engine | cache empty, s | cache filled, s (median of 3) |", "|---|---:|---:|"]
    for name, program in PROGRAMS.items():
        if common.versions((NEEDS.get(name, "numpy"),)).popitem()[1] == "not installed":
            continue
        with tempfile.TemporaryDirectory() as cache:
            empty = seconds(program, cache)
            filled = statistics.median(seconds(program, cache) for _ in range(WARM_STARTS))
        lines.append(f"| {name} | {empty:.1f} | {filled:.1f} |")
    note = "The bars of all three come from `iq.load_bars`, whose imports (pandas among them) are part of each time."
    return "\n\n".join(["## W1 cold: from the start of the process to the metrics", "\n".join(lines), note])


if __name__ == "__main__":
    print(main())
