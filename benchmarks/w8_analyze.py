"""W8, the whole view: one symbol analysed warm, with its model fits and cold, and a universe screened.

An analysis fits models at the first session of each quarter or year (GARCH, half-lives,
Markov switching, Kalman variances) and remembers a fit by the returns it was made on.
Warm, nothing is fitted; before each of the other calls the GARCH fits, or all of them,
are forgotten. What is checked
before anything is timed: the row of an earlier day in the table of all data is the row
of the analysis as of that day, and a screen on every core finds what one core does.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import investiq as iq
from benchmarks import common
from investiq.analysis.gathering import gather
from investiq.engines.probabilistic import filtering, switching
from investiq.engines.quant import conditional_volatility, persistence

WARM_MS, FITS_MS = 150.0, 600.0
SHARE, INDEX, BARS = "SYN001", "^GSPC", 2_520
SIZES = (8, 16, 32)


FITTED = (conditional_volatility, persistence, filtering, switching)


def forget_fits(modules: Iterable[ModuleType] = FITTED) -> None:
    """Forget the fitted models of some modules."""
    for module in modules:
        for member in vars(module).values():
            if hasattr(member, "cache_clear"):
                member.cache_clear()


def same_rows() -> None:
    """Refuse to time what is not point in time."""
    history = gather(SHARE).history
    whole = iq.analyze(history).table
    past = iq.analyze(history.until("2018-06-29T23:59")).table
    numbers = whole.select_dtypes("number").columns
    np.testing.assert_allclose(
        past[numbers].to_numpy(dtype=float)[-1],
        whole.loc[past.index[-1], numbers].to_numpy(dtype=float),
        rtol=1e-9,
        atol=1e-9,
    )


def screens() -> list[str]:
    """Return lines on screens of growing universes, on one core and on all."""
    lines = []
    for executor in (None, "processes"):
        for size in SIZES:
            symbols = [f"SYN{number:03}" for number in range(40, 40 + size)]
            forget_fits()
            start = time.perf_counter()
            found = iq.screen(symbols, executor=executor)
            seconds = time.perf_counter() - start
            assert len(found.frame) == size
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            where = "one core" if executor is None else f"{os.cpu_count()} cores"
            lines.append(
                f"- screen of {size} companies on {where}: {seconds:.1f} s, {1_000 * seconds / size:.0f} ms a symbol; "
                f"peak of the calling process {peak:,.0f} MiB"
            )
    return lines


def main() -> str:
    """Check and time; return the report as Markdown."""
    same_rows()
    share = gather(SHARE).history
    index = gather(iq.load_bars(INDEX)[-BARS:]).history

    def with_garch() -> None:
        forget_fits([conditional_volatility])
        iq.analyze(share)

    def with_fits() -> None:
        forget_fits()
        iq.analyze(share)
        iq.analyze(index)

    timings = common.interleaved(
        {
            f"{SHARE}, four engines, warm": lambda: iq.analyze(share),
            f"{INDEX}, last {BARS:,} bars, warm": lambda: iq.analyze(index),
            f"{SHARE}, with the GARCH fits of ten years": with_garch,
            f"{SHARE} and {INDEX}, with every fit of ten years": with_fits,
        },
        rounds=7,
    )
    common.save("w8_analyze", {name: timing._asdict() for name, timing in timings.items()})
    warm, _, fits, _ = (1_000 * each.median for each in timings.values())
    return "\n\n".join(
        [
            "## W8: an analysis of ten years of daily bars",
            f"Point in time to 1e-9 before timing. {os.cpu_count()} cores.",
            common.markdown(timings, f"{SHARE}, four engines, warm"),
            f"- warm: {warm:.0f} ms (goal below {WARM_MS:g}: {'met' if warm < WARM_MS else 'missed'})",
            f"- with the GARCH fits: {fits:.0f} ms (goal below {FITS_MS:g}: {'met' if fits < FITS_MS else 'missed'})",
            "\n".join(screens()),
        ]
    )


if __name__ == "__main__":
    print(main())
