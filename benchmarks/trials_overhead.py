"""What the ledger of trials costs a backtest: the call that queues a row, and the wait until it is committed.

Each round runs the same 200 crossovers of the S&P 500 (5,031 daily bars), once
without the ledger and once with it, in alternating order, on an empty database
of its own. Every row must be there afterwards.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from investiq.backtesting.trial_recording import record_result
from investiq.backtesting.trials import trials

ROUNDS = 7
LIMIT_MS = 2.0
PAIRS = [(fast, slow) for fast in range(5, 25) for slow in range(30, 130, 10)]


def main() -> int:
    """Print the report; return 1 beyond the limit."""
    queued, wait, bars = measured()
    print(table(queued, wait, bars))
    return int(wait > LIMIT_MS)


def report() -> str:
    """Measure, and return the report as Markdown."""
    return "## The row of a trial\n\n" + table(*measured())


def measured() -> tuple[float, float, int]:
    """Return the median milliseconds until a row is queued and until it is committed, and the bars of a run."""
    bars = iq.load_bars("^GSPC")
    before = os.environ.get("INVESTIQ_DATA_DIR")
    try:
        queued, committed = _rounds(bars)
    finally:
        os.environ.pop("INVESTIQ_DATA_DIR", None)
        if before is not None:
            os.environ["INVESTIQ_DATA_DIR"] = before
    return statistics.median(queued), statistics.median(committed), len(bars)


def _rounds(bars: iq.Bars) -> tuple[list[float], list[float]]:
    queued, committed = [], []
    for round_ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["INVESTIQ_DATA_DIR"] = folder
            results = [
                iq.backtest(iq.strategies.Crossover(fast=fast, slow=slow), bars, weight=1.0, study="before")
                for fast, slow in PAIRS
            ]
            for result in results:
                begin = time.perf_counter()
                ticket = record_result(result, study=f"round {round_}")
                middle = time.perf_counter()
                ticket.wait()
                committed.append(1e3 * (time.perf_counter() - begin))
                queued.append(1e3 * (middle - begin))
            assert len(trials(f"round {round_}")) == len(PAIRS)
    return queued, committed


def table(queued: float, wait: float, bars: int) -> str:
    """Return the medians as a Markdown table."""
    return (
        f"| trial row, {bars:,} bars | median ms |\n|---|---:|\n"
        f"| the call that queues it | {queued:.2f} |\n"
        f"| until it is committed, statistics included | {wait:.2f} |\n"
        f"| the limit | {LIMIT_MS:.2f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
