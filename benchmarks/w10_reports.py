"""Time a tear sheet whole, beside the same notebook run by nbconvert alone and beside QuantStats' own page.

Each peer is a process of its own, started anew, because that is how a report in the morning is made: imports and the
start of a kernel are part of it. Run it on a machine that does nothing else:

    .venv/bin/python benchmarks/w10_reports.py

It prints a table and asserts nothing; a busy machine gives other numbers.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import investiq as iq
from benchmarks.common import machine, save, versions

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
PACKAGES = ("investiq", "papermill", "nbconvert", "ipykernel", "plotly", "quantstats")

OURS = """
import sys
import investiq as iq
iq.tear_sheet(iq.load_result(sys.argv[1]), sys.argv[2], quantstats=sys.argv[3] == "both")
"""
QUANTSTATS = """
import sys
import pandas as pd
import quantstats
frame = pd.read_parquet(sys.argv[1])
quantstats.reports.html(frame["Strategy"], benchmark=frame["Benchmark"], output=sys.argv[2], match_dates=False)
"""


def peers(folder: Path) -> Mapping[str, list[str]]:
    """Return the command line of each peer, with what it reads already in the folder."""
    bars = iq.load_bars("^GSPC", start="2014")
    result = iq.backtest(iq.strategies.Breakout(entry_window=55, exit_window=20), bars, weight=1.0, lot=None)
    saved = result.save(folder / "result.iq")
    returns = result.returns.to_frame("Strategy").assign(Benchmark=result.benchmark.returns)
    returns.set_axis(returns.index.tz_convert("UTC").tz_localize(None)).to_parquet(folder / "returns.parquet")
    notebook = folder / "tear_sheet.ipynb"
    text = (ROOT / "reports/templates/tear_sheet.ipynb").read_text(encoding="utf-8")
    notebook.write_text(
        text.replace('result_file: str = \\"\\"', 'result_file: str = \\"result.iq\\"'), encoding="utf-8"
    )
    python = sys.executable
    return {
        "investiq, page and QuantStats' sheet": [python, "-c", OURS, str(saved), str(folder / "ours"), "both"],
        "investiq, page": [python, "-c", OURS, str(saved), str(folder / "ours"), "page"],
        "jupyter nbconvert --execute": [
            python, "-m", "nbconvert", "--to", "html", "--execute", "--no-input", str(notebook), "--output", "plain.html"
        ],
        "quantstats.reports.html": [
            python, "-W", "ignore", "-c", QUANTSTATS, str(folder / "returns.parquet"), str(folder / "quantstats.html")
        ],
    }  # fmt: skip


def seconds_of(command: list[str], folder: Path) -> float:
    """Run a peer and return its seconds."""
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "INVESTIQ_OFFLINE": "1", "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed: {done.stderr.strip().splitlines()[-1]}")
    return time.perf_counter() - begin


def main() -> None:
    """Print the times, and write them to the output folder."""
    folder = Path(tempfile.mkdtemp(prefix="investiq-benchmark-"))
    try:
        commands = peers(folder)
        for command in commands.values():  # caches of the disk, of numba and of fonts
            seconds_of(command, folder)
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                seconds[name].append(seconds_of(command, folder))
    finally:
        shutil.rmtree(folder)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    base = medians["investiq, page"]
    print("| page | median, s | quickest to slowest round, s | times as long as our page |\n|---|---:|---:|---:|")
    for name, median in medians.items():
        low, high = min(seconds[name]), max(seconds[name])
        print(f"| {name} | {median:.1f} | {low:.1f} to {high:.1f} | {median / base:.2f} |")
    found = machine()
    print(f"\n{found['processor']}, {found['cores']} cores, load {found['load']}, {found['date']}")
    save("w10_reports", {"machine": found, "versions": versions(PACKAGES), "seconds": seconds})


if __name__ == "__main__":
    main()
