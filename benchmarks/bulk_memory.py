"""Peak memory of a bulk load of 50 and of 500 symbols: streamed to disk, it must not grow with their number.

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
# The largest growth that still counts as flat.
FLAT = 1.15

_CHILD = textwrap.dedent(
    """
    import json, resource, sys, time
    from datetime import datetime
    import investiq as iq
    from investiq.runtime import clock

    count, now = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    with clock.fixed(now):
        # What the first series loads (libraries, calendars) belongs to neither.
        iq.fetch(["WARM"], start=sys.argv[3], end=sys.argv[4], concurrency=int(sys.argv[5]))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        report = iq.fetch([f"S{number:04}" for number in range(count)], start=sys.argv[3], end=sys.argv[4], concurrency=int(sys.argv[5]))
        seconds = time.perf_counter() - begin
    rows = [line.new for line in report.lines if line.dataset == "bars"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peak": peak, "before": before, "seconds": seconds, "rows": rows}))
    """
)


def load(server: VendorServer, count: int, expected: int) -> dict[str, float]:
    """Return peak memory (KiB) and seconds of a process that loads `count` symbols."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"INVESTIQ_DATA_DIR": folder, "INVESTIQ_OFFLINE": "1", "INVESTIQ_MASSIVE_URL": server.url}
        keys = {"INVESTIQ_MASSIVE_API_KEY": f"benchmark-{count}", "INVESTIQ_MASSIVE_PLAN": "advanced"}
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(count), NOW, FIRST, LAST, str(IN_FLIGHT)],
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
    common.save("bulk_memory", {str(count): each for count, each in found.items()})
    ratio = found[LARGE]["peak"] / found[SMALL]["peak"]
    lines = [
        f"## Bulk load of {SMALL} and of {LARGE} symbols, {len(rows):,} daily bars each, {IN_FLIGHT} in flight: peak memory",
        "",
        "| symbols | peak, MiB | before the load, MiB | seconds |",
        "|---:|---:|---:|---:|",
        *(
            f"| {count} | {each['peak'] / 1024:.0f} | {each['before'] / 1024:.0f} | {each['seconds']:.1f} |"
            for count, each in found.items()
        ),
        "",
        f"Ratio of the peaks: {ratio:.2f} ({'flat' if ratio <= FLAT else 'not flat'}; at most {FLAT} counts as flat).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
