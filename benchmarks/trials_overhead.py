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
    """Print the medians, in milliseconds a row; return 1 beyond the limit."""
    bars = iq.load_bars("^GSPC")
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
    wait = statistics.median(committed)
    print(f"| trial row, {len(bars):,} bars | median ms |\n|---|---|")
    print(f"| the call that queues it | {statistics.median(queued):.2f} |")
    print(f"| until it is committed, statistics included | {wait:.2f} |")
    print(f"| the limit | {LIMIT_MS:.2f} |")
    return int(wait > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
