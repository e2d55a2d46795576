"""Peak memory and time of a bulk load of 50 and of 500 symbols: streamed to disk, memory must not grow with their number.

A local server answers five years of daily bars for every symbol; each load is a
process of its own with an empty store, and is asked for its peak resident memory
at the end. Before that is believed, every series must be stored whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from tests.servers.http import Reply, VendorServer
from tests.servers.polygon import bars

SMALL, LARGE = 50, 500
FIRST, LAST = "2018-01-02", "2022-12-30"
NOW = "2023-01-01T12:00:00+00:00"
# The same for both: what is on its way is held in memory, and its number is the caller's to choose.
IN_FLIGHT = 25
# By default as many are in flight as `iq.fetch` starts; its time is compared with what the pace allows.
WIDE, WIDE_IN_FLIGHT = 200, 100
# Bars, splits, dividends and changes of the symbol.
REQUESTS = 4
# Of the plan: so many at once, then so many a second.
BURST, PER_SECOND = 9, 90
# The largest growth that still counts as flat.
FLAT = 1.15

_CHILD = textwrap.dedent(
    """
    import json, resource, sys, time

    def spent():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    from datetime import datetime
    import investiq as iq
    from investiq.runtime import clock

    count, now = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    with clock.fixed(now):
        # What the first series loads (libraries, calendars) belongs to neither.
        iq.fetch(["WARM"], start=sys.argv[3], end=sys.argv[4], concurrency=int(sys.argv[5]))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin, spent_before = time.perf_counter(), spent()
        report = iq.fetch([f"S{number:04}" for number in range(count)], start=sys.argv[3], end=sys.argv[4], concurrency=int(sys.argv[5]))
        seconds, cpu = time.perf_counter() - begin, spent() - spent_before
    rows = [line.new for line in report.lines if line.dataset == "bars"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peak": peak, "before": before, "seconds": seconds, "cpu": cpu, "rows": rows}))
    """
)


def load(server: VendorServer, count: int, expected: int, in_flight: int = IN_FLIGHT) -> dict[str, float]:
    """Return peak memory (KiB), seconds and seconds of the processor of a process that loads `count` symbols."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"INVESTIQ_DATA_DIR": folder, "INVESTIQ_OFFLINE": "1", "INVESTIQ_MASSIVE_URL": server.url}
        keys = {"INVESTIQ_MASSIVE_API_KEY": f"benchmark-{count}", "INVESTIQ_MASSIVE_PLAN": "advanced"}
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(count), NOW, FIRST, LAST, str(in_flight)],
            env={**os.environ, **own, **keys},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    if found.pop("rows") != [expected] * count:
        raise SystemExit(f"not every one of {count} series has its {expected} bars")
    return found


def _row(count: int, in_flight: int, found: dict[str, float]) -> str:
    cpu = 1000 * found["cpu"] / count
    memory = f"{found['peak'] / 1024:.0f} | {found['before'] / 1024:.0f}"
    return f"| {count} | {in_flight} | {memory} | {found['seconds']:.1f} | {cpu:.0f} |"


def main() -> str:
    """Return the table as Markdown, and keep the raw numbers."""
    rows = bars(FIRST, LAST)
    whole = Reply(
        body=json.dumps({"status": "OK", "results": rows}).encode(), headers={"Content-Type": "application/json"}
    )
    nothing = {"status": "OK", "results": []}
    with VendorServer() as server:
        server.route("/v2/aggs/ticker/*", whole)
        server.route("/vX/reference/tickers/*", {"status": "OK", "results": {"name": "x", "events": []}})
        server.route("/*", nothing)
        found = {count: load(server, count, len(rows)) for count in (SMALL, LARGE)}
        wide = load(server, WIDE, len(rows), WIDE_IN_FLIGHT)
    common.save("bulk_memory", {str(count): each for count, each in found.items()} | {"wide": wide})
    floor = (WIDE * REQUESTS - BURST) / PER_SECOND
    ratio = found[LARGE]["peak"] / found[SMALL]["peak"]
    lines = [
        f"## Bulk load of {SMALL} and of {LARGE} symbols, {len(rows):,} daily bars each: peak memory and time",
        "",
        "| symbols | in flight | peak, MiB | before the load, MiB | seconds | processor, ms a symbol |",
        "|---:|---:|---:|---:|---:|---:|",
        *(_row(count, IN_FLIGHT, each) for count, each in found.items()),
        _row(WIDE, WIDE_IN_FLIGHT, wide),
        "",
        f"Ratio of the peaks: {ratio:.2f} ({'flat' if ratio <= FLAT else 'not flat'}; at most {FLAT} counts as flat).",
        f"The last of the {WIDE * REQUESTS} requests of {WIDE} symbols may leave after {floor:.1f} s; they took {wide['seconds'] / floor:.2f} times that.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
