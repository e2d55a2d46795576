"""How close 300 requests come to the floor that their plan's pace sets.

A local server answers each request after 50 ms, 100 threads ask, and the plan
allows 5500 requests a minute. The floor is what no client can be faster than
without breaking the limits: the pace of 90 a second after a burst of 9, and one
answer. Peers take turns round by round; each must get every page, and no peer
may send more than 99 requests in a second. The gate shares its departures with
other processes by a log in a folder of the run's own. A peer that is not
installed is named as such.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from investiq.market.gate.gate import gate_of
from investiq.market.gate.limiter import PACE_PER_SECOND
from investiq.market.gate.plans import plan_of
from investiq.market.gate.transports import http_client
from tests.servers.http import VendorServer

REQUESTS = 300
IN_FLIGHT = 100
SERVER_S = 0.05
# The largest burst with which no second holds more than 99.
LARGEST_BURST = 9
FLOOR_S = (REQUESTS - LARGEST_BURST) / PACE_PER_SECOND + SERVER_S
ROUNDS = 3
# What pyrate-limiter is asked for: 90 a second in groups of 9, the burst that is allowed, and a minute that it takes
# beside it (no more requests a second than the group).
GROUP, GROUP_MS, PER_MINUTE, MINUTE_MS = 9, 100, 5490, 61_000

Ask = Callable[[int], object]


def through_the_gate(server: VendorServer, round_: int) -> Ask:
    """Return a call through a gate of its own: one that is new has its whole burst."""
    client = http_client(gate_of("massive", f"round {round_}", plan_of("massive", "starter")), server.url)
    return lambda page: client.get("/bars", params={"page": page}).json()


def with_pyrate_limiter(server: VendorServer, round_: int) -> Ask:
    """Return a call of plain httpx behind pyrate-limiter with the same two rates."""
    import httpx
    from pyrate_limiter import Limiter, Rate

    limiter = Limiter([Rate(GROUP, GROUP_MS), Rate(PER_MINUTE, MINUTE_MS)])
    client = httpx.Client(base_url=server.url, limits=httpx.Limits(max_connections=IN_FLIGHT), timeout=30)

    def ask(page: int) -> object:
        limiter.try_acquire("vendor")
        return client.get("/bars", params={"page": page}).json()

    return ask


# What each peer needs beside httpx.
PEERS = {
    "InvestIQ, gate": (through_the_gate, "investiq"),
    "httpx behind pyrate-limiter": (with_pyrate_limiter, "pyrate_limiter"),
}


def seconds(ask: Ask, server: VendorServer) -> float:
    """Return the time until all pages are there; refuse a peer that loses one or breaks the limit of a second."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        pages = list(pool.map(ask, range(REQUESTS)))
    passed = time.perf_counter() - begin
    if pages != [{"page": str(page)} for page in range(REQUESTS)]:
        raise SystemExit("a page is missing or wrong")
    return passed


def most_in_a_second(server: VendorServer) -> int:
    """Return the largest number of requests that reached the server in any second."""
    arrived = np.sort([each.at for each in server.requests])
    return int((np.searchsorted(arrived, arrived + 1.0) - np.arange(arrived.size)).max())


def main() -> str:
    """Time each peer; return the report as Markdown."""
    peers = {name: peer for name, (peer, module) in PEERS.items() if find_spec(module)}
    absent = [name for name in PEERS if name not in peers]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INVESTIQ_DATA_DIR"] = folder
        measured, rates = measure(peers)
    lines = [
        "| client | median, s | quickest to slowest round, s | times the floor | most requests in a second |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, times in measured.items():
        middle = statistics.median(times)
        lines.append(
            f"| {name} | {middle:.2f} | {min(times):.2f} to {max(times):.2f} | {middle / FLOOR_S:.3f} | {rates[name]} |"
        )
    lines += [f"| {name} | not installed | | | |" for name in absent]
    common.save("pacing", {"floor_s": FLOOR_S, "seconds": measured, "most_in_a_second": rates})
    title = f"## Pacing: {REQUESTS} requests, {IN_FLIGHT} in flight, answers after {SERVER_S * 1e3:.0f} ms"
    note = f"Floor: ({REQUESTS} - {LARGEST_BURST}) / {PACE_PER_SECOND:.0f} s + {SERVER_S} s = {FLOOR_S:.2f} s; median of {ROUNDS} rounds."
    return "\n\n".join([title, "\n".join(lines), note])


def measure(peers: dict[str, Callable[[VendorServer, int], Ask]]) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the seconds of each round and the most requests in a second, by peer."""
    measured: dict[str, list[float]] = {name: [] for name in peers}
    rates: dict[str, int] = dict.fromkeys(peers, 0)
    for round_ in range(ROUNDS):
        for name, peer in peers.items():
            with VendorServer(delay=SERVER_S) as server:
                server.route("/bars", lambda got: {"page": got.query["page"]})
                measured[name].append(seconds(peer(server, round_), server))
                rates[name] = max(rates[name], most_in_a_second(server))
    return measured, rates


if __name__ == "__main__":
    print(main())
