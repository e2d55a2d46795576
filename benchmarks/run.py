"""Run every benchmark and write their tables to ``output/results.md``: `make bench`.

Peers that are not installed are named as such; ``pip install -r benchmarks/requirements.txt``
adds those that no extra of InvestIQ installs.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import (
    bulk_memory,
    common,
    pacing,
    store_reads,
    trials_overhead,
    w1_cold,
    w1_single,
    w2_sweep,
    w3_stops,
    w4_universe,
    w5_minute,
    w6_indicators,
    w7_bootstrap,
    w7_pbo,
    w8_analyze,
    w8_features,
    w9_kalman,
    w9_metrics,
)

PACKAGES = (
    "investiq",
    "numpy",
    "numba",
    "pandas",
    "ta-lib",
    "arch",
    "raptorbt",
    "vectorbt",
    "vectorbt-rust",
    "backtesting",
    "backtrader",
    "bt",
    "quantstats",
    "empyrical-reloaded",
    "httpx",
    "pyrate-limiter",
    "statsmodels",
)


def main() -> None:
    """Print the report as Markdown, and keep it."""
    host, installed = common.machine(), common.versions(PACKAGES)
    report = "\n\n".join(
        [
            "; ".join(f"{name} {value}" for name, value in host.items()),
            "; ".join(f"{name} {value}" for name, value in installed.items()),
            w1_single.main(),
            w1_cold.main(),
            trials_overhead.report(),
            w2_sweep.main(),
            w3_stops.main(),
            w4_universe.main(),
            w5_minute.main(),
            store_reads.main(),
            pacing.main(),
            bulk_memory.main(),
            w6_indicators.main(),
            w7_bootstrap.main(),
            w7_pbo.main(),
            w8_features.main(),
            w8_analyze.main(),
            w9_kalman.main(),
            w9_metrics.main(),
        ]
    )
    common.OUTPUT.mkdir(exist_ok=True)
    (common.OUTPUT / "results.md").write_text(report + "\n", encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
