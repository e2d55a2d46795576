"""S1 and S2: reading the store of daily bars, one symbol and a panel.

S1: ten years (2,520 bars) of one symbol out of a store of 1,000 into arrays,
against pandas reading one CSV file of the same columns. Each call reads the next
symbol, so that nothing of the file is known from the call before.

S2: 500 symbols into aligned contiguous arrays, against the least that this can
cost: decoding the 500 files, and copying the arrays of the panel once. Then the
same with 40 dividends a symbol, which the least does not count.

Before the clock starts every way must return the same numbers.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import common
from investiq.core import calendar
from investiq.history.panel import Panel
from investiq.market.series import folder_of
from investiq.market.store import SeriesKey, Store

SYMBOLS, MEMBERS, BARS = 1_000, 500, 2_520
COLUMNS = ("ts", "open", "high", "low", "close", "volume", "known_at")
DIVIDENDS = 40
PANEL = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
BASE = "pandas.read_csv"
CURRENCY = "index points"  # of which nobody expects dividends, so that there is nothing to caution about
FACTS = {"calendar": "XNYS", "currency": CURRENCY, "source": "benchmarks/store_reads.py"}


def filled(root: Path) -> tuple[Store, list[SeriesKey], list[Path]]:
    """Return a store of invented bars, its keys, and a CSV file of each of the first `MEMBERS`."""
    store, files = Store(root / "store"), []
    sessions = calendar.session_dates("XNYS", np.datetime64("2014-01-01"), np.datetime64("2024-12-31"))[:BARS]
    stamps = {"ts": sessions, "known_at": calendar.known_at(sessions, "1d", "XNYS")}
    keys = [SeriesKey("bars", "bench", f"S{number:04d}") for number in range(SYMBOLS)]
    for number, key in enumerate(keys):
        random = np.random.default_rng(number)
        close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.01, BARS))), 4)
        frame = pd.DataFrame({name: pd.DatetimeIndex(stamp, tz="UTC") for name, stamp in stamps.items()})
        frame["open"], frame["high"], frame["low"], frame["close"] = close, close + 0.5, close * 0.99, close
        frame["volume"] = random.integers(1_000, 1_000_000, BARS).astype(float)
        store.write(key, frame, FACTS, np.datetime64("2025-01-01"))
        if number < MEMBERS:
            files.append(root / f"{key.symbol}.csv")
            texts = {
                "ts": sessions.astype("datetime64[D]").astype(str),
                "known_at": stamps["known_at"].astype("M8[s]").astype(str),
            }
            frame.assign(**texts)[list(COLUMNS)].to_csv(files[-1], index=False)
    return store, keys, files


def one_symbol(store: Store, keys: list[SeriesKey], files: list[Path]) -> dict[str, Callable[[], object]]:
    """Return the ways to read one symbol, each going on to the next symbol at every call."""
    stamps = {"ts": np.datetime64, "known_at": np.datetime64}
    for key, file in zip(keys[:5], files[:5], strict=True):
        arrays, frame, bars = store.arrays(key), pd.read_csv(file, parse_dates=list(stamps)), store.bars(key)
        for name in COLUMNS:
            values = frame[name].to_numpy()
            expected = values.astype("datetime64[us]") if name in stamps else values
            np.testing.assert_array_equal(arrays[name], expected)
            np.testing.assert_array_equal(getattr(bars, name), expected)
    turns = {name: itertools.cycle(range(MEMBERS)) for name in ("arrays", "bars", "csv", "text")}
    return {
        "InvestIQ store, arrays": lambda: store.arrays(keys[next(turns["arrays"])]),
        "InvestIQ store, Bars with passport and checks": lambda: store.bars(keys[next(turns["bars"])]),
        BASE: lambda: pd.read_csv(files[next(turns["csv"])], parse_dates=list(stamps)),
        "pandas.read_csv, without known_at, dates left as text": lambda: pd.read_csv(
            files[next(turns["text"])], usecols=list(COLUMNS[:6])
        ),
    }


def paying(store: Store, keys: list[SeriesKey]) -> None:
    """Store 40 quarterly dividends of each of the members."""
    sessions = calendar.session_dates("XNYS", np.datetime64("2014-01-01"), np.datetime64("2024-12-31"))[20:BARS:62]
    dates = pd.DatetimeIndex(sessions[:DIVIDENDS], tz="UTC")
    for number, key in enumerate(keys[:MEMBERS]):
        cash = np.linspace(0.1, 0.5, DIVIDENDS) + number / 1_000
        table = pd.DataFrame({"kind": "dividend", "ex_date": dates, "cash": cash, "currency": CURRENCY})
        store.write(key.actions, table.assign(known_at=dates), {}, np.datetime64("2025-01-01"))


def panel(store: Store, keys: list[SeriesKey]) -> dict[str, Callable[[], object]]:
    """Return the panel and the two parts of the least it can cost."""
    members = keys[:MEMBERS]
    direct, aligned = store.panel(members), Panel.of([store.bars(key) for key in members])
    for name in ("ts", "known_at", *PANEL):
        np.testing.assert_array_equal(getattr(direct, name), getattr(aligned, name))
    paths = [next(folder_of(store.root, key).glob("*.parquet")) for key in members]
    copied = [getattr(direct, name) for name in (*PANEL, "known_at")]

    def decode() -> list[object]:
        tables = []
        for path in paths:
            # Quicker on this machine than memory_map=True.
            with pa.OSFile(str(path)) as source:
                tables.append(pq.ParquetFile(source, pre_buffer=False).read(columns=list(COLUMNS), use_threads=False))
        return tables

    def copy() -> list[NDArray[np.float64]]:
        return [array.copy() for array in copied]

    def floor() -> object:
        return decode(), copy()

    return {
        "InvestIQ store, panel of 500": lambda: store.panel(members),
        "InvestIQ store, 500 Bars aligned": lambda: Panel.of([store.bars(key) for key in members]),
        "decode and one copy": floor,
        "decode alone": decode,
        "one copy alone": copy,
    }


def main() -> str:
    """Check and time both; return the report as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        store, keys, files = filled(Path(folder))
        single = common.interleaved(one_symbol(store, keys, files), rounds=41)
        many = common.interleaved(panel(store, keys), rounds=7)
        paying(store, keys)
        adjusted = common.interleaved(panel(store, keys), rounds=7)
    tables = {"one_symbol": single, "panel": many, "panel_with_actions": adjusted}
    seconds = {title: {name: timing._asdict() for name, timing in table.items()} for title, table in tables.items()}
    common.save("store_reads", {"seconds": seconds})
    return "\n\n".join(
        [
            f"## S1: {BARS:,} daily bars of one symbol out of a store of {SYMBOLS:,}",
            common.markdown(single, BASE),
            f"## S2: a panel of {MEMBERS} symbols x {BARS:,} daily bars, aligned and contiguous",
            common.markdown(many, "decode and one copy"),
            f"### The same with {DIVIDENDS} dividends a symbol",
            common.markdown(adjusted, "decode and one copy"),
        ]
    )


if __name__ == "__main__":
    print(main())
