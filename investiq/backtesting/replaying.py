"""Replay: run a saved result again, and say which number moved and why."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from investiq.backtesting.replay_report import Condition, MovedNumber, ReplayReport
from investiq.core.errors import ConfigError, DataError, InvestIQError
from investiq.core.manifest import Manifest, plain
from investiq.history.bars import Bars
from investiq.history.instants import label_text
from investiq.history.panel import Panel

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult
    from investiq.market.loading import Provider
    from investiq.strategies.base import Strategy

__all__ = ["program_conditions", "replay"]

_ARRAYS = ("equity", "cash", "position", "fills")


def replay(
    path: str | os.PathLike[str],
    *,
    strategy: Strategy | None = None,
    data: Literal["reload", "stored"] | Bars | Panel = "reload",
) -> ReplayReport:
    """Run a saved result again and report each number that moved, with its cause.

    The strategy runs first on the bars in the file: what moves then is due to
    the code or the packages. Then it runs on the bars that are loaded today for
    the same symbols and dates: what moves further is due to the data. Nothing
    is tolerated: two numbers are equal when their bits are. A replay is no
    trial, and is not counted in the ledger.

    Parameters
    ----------
    path : path-like
        A ``.iq`` file.
    strategy : Strategy, optional
        A strategy of your own, of which the file holds the name and the parameters.
    data : {"reload", "stored"}, Bars or Panel, default "reload"
        Where the bars of today come from: loaded by symbol; none, only those in
        the file; or yours.

    Returns
    -------
    ReplayReport

    Raises
    ------
    ConfigError
        If the strategy is one of your own and not given, or another one.
    DataError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> import tempfile
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(fast=20, slow=50), "^GSPC", weight=1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = iq.replay(result.save(f"{folder}/crossover.iq"))
    >>> report.verdict, len(report.moved)
    ('unchanged', 0)
    """
    from investiq.backtesting.result import load_result

    stored = load_result(path)
    runner = _runner(stored, strategy)
    again = _run(stored, runner, stored.data)
    present, found = _present(stored, data)
    # Decisions that were taken on other bars say nothing about those of today.
    today = None if present is None or runner is None else _run(stored, runner, present)
    conditions = [*program_conditions(stored.manifest), _decider(stored, runner), found, _seed(stored.manifest)]
    causes = " or ".join(each.name for each in conditions[:3] if not each.is_same)
    numbers = _numbers(
        _stored_facts(path, stored), _values(again), None if today is None else _values(today), causes or "code"
    )
    return ReplayReport(
        source=Path(path),
        subject=stored.title,
        watermark_of=stored.watermark,
        numbers=tuple(numbers),
        conditions=tuple(conditions),
        first_difference=_first_difference(stored, again),
        units={fact.label: fact.unit for fact in stored.facts()},
    )


def _runner(stored: BacktestResult, strategy: Strategy | None) -> Strategy | None:
    """Return the strategy to run: the one in the file, or yours if it is the same; None where only its decisions are known."""
    from investiq.backtesting.saving import StoredStrategy

    if strategy is None:
        if not isinstance(stored.strategy, StoredStrategy):
            return stored.strategy
        if stored.decided is not None:
            return None
        raise ConfigError(
            f"{stored.strategy.name} is a strategy of your own, of which a file holds no code: make it with the parameters "
            f"{dict(stored.strategy.parameters())} and pass it as strategy="
        )
    ours = (strategy.name, plain(strategy.parameters()))
    theirs = (stored.strategy.name, plain(stored.strategy.parameters()))
    if ours != theirs:
        raise ConfigError(
            f"the file holds {theirs[0]} with {theirs[1]}, the strategy given is {ours[0]} with {ours[1]}"
        )
    return strategy


def _decider(stored: BacktestResult, runner: Strategy | None) -> Condition:
    if runner is None:
        text = f"not run: the file holds the decisions of {stored.strategy.name}, not its code; pass it as strategy="
        return Condition("strategy", text, None)
    return Condition("strategy", f"{runner.name} decided again", True)


def _run(stored: BacktestResult, strategy: Strategy | None, data: Bars | Panel) -> BacktestResult:
    """Return the result of `strategy` on `data`, or of the decisions in the file where there is none."""
    from investiq.backtesting import portfolio, running
    from investiq.backtesting.decisions import Decisions
    from investiq.backtesting.plans import plan_of

    plan: Any = stored.decided
    if isinstance(data, Panel):
        plan = plan if strategy is None else portfolio.decide(strategy, data, stored.options)
        account = portfolio.run(plan, data, stored.options)
    else:
        plan = plan if strategy is None else plan_of(strategy, data)
        account = running.simulate(data, plan, stored.options)
    return replace(stored, data=data, decided=None if isinstance(plan, Decisions) else plan, run=account)


def program_conditions(manifest: Manifest) -> list[Condition]:
    """Return what of code, packages and Python is as it was."""
    present = Manifest.of(kind=manifest.kind, data={}, parameters={}, created_at=manifest.created_at)
    names = sorted({*manifest.packages, *present.packages})
    changed = [
        f"{name} {manifest.packages.get(name, 'none')} -> {present.packages.get(name, 'none')}"
        for name in names
        if manifest.packages.get(name) != present.packages.get(name)
    ]
    versions = f"InvestIQ {manifest.code_version}"
    if manifest.code_version != present.code_version:
        versions += f" -> {present.code_version}"
    python = manifest.python if manifest.python == present.python else f"{manifest.python} -> {present.python}"
    return [
        Condition("code", versions, manifest.code_version == present.code_version),
        Condition("packages", ", ".join(changed) or f"{len(names)} as they were", not changed),
        Condition("python", f"Python {python}", manifest.python == present.python),
    ]


def _seed(manifest: Manifest) -> Condition:
    return Condition("seed", "nothing was random" if manifest.seed is None else f"{manifest.seed}, used again", True)


def _present(
    stored: BacktestResult, data: Literal["reload", "stored"] | Bars | Panel
) -> tuple[Bars | Panel | None, Condition]:
    """Return the data of today, and whether they are those in the file."""
    if isinstance(data, str) and data == "stored":
        return None, Condition("data", "not loaded: the bars in the file were used, as asked", None)
    if isinstance(data, str) and data != "reload":
        raise ConfigError(f"data must be 'reload', 'stored', Bars or a Panel, was {data!r}")
    try:
        present = data if isinstance(data, (Bars, Panel)) else _reload(stored.data)
    except InvestIQError as error:
        return None, Condition("data", f"not loaded, the bars in the file were used: {error}", None)
    before, now = _members(stored.data), _members(present)
    if list(before) != list(now):
        raise DataError(f"the file holds bars of {', '.join(before)}, the data given are of {', '.join(now)}")
    changed = [
        _changed(before[name], now[name]) for name in before if before[name].fingerprint != now[name].fingerprint
    ]
    prints = next(iter(before.values())).fingerprint[:16]
    text = "; ".join(changed) or (
        f"SHA-256 {prints}, as loaded now" if len(before) == 1 else f"{len(before)} series as loaded now"
    )
    return present, Condition("data", text, not changed)


def _members(data: Bars | Panel) -> dict[str, Bars]:
    return {bars.symbol: bars for bars in (data if isinstance(data, Panel) else [data])}


def _reload(data: Bars | Panel) -> Bars | Panel:
    if isinstance(data, Panel):
        return Panel.of([_reload_bars(bars) for bars in data])
    return _reload_bars(data)


def _reload_bars(bars: Bars) -> Bars:
    from investiq.market.loading import load_bars

    passport = bars.passport
    if passport.provenance == "file":
        raise DataError(
            f"{bars.symbol} came from a file of yours ({passport.source or 'not named'}): pass its bars as data="
        )
    first, last = (label_text(ts, bars.interval) for ts in bars.ts[[0, -1]])
    return load_bars(
        bars.symbol, start=first, end=last, interval=bars.interval, provider=cast("Provider", passport.provider)
    )


def _changed(before: Bars, now: Bars) -> str:
    """Return how two series of one symbol differ, in words."""
    shared, ours, theirs = np.intersect1d(before.ts, now.ts, assume_unique=True, return_indices=True)
    columns = ("open", "high", "low", "close", "volume", "split_factor", "total_factor")
    differs = np.zeros(shared.size, dtype=bool)
    for name in columns:
        differs |= getattr(before, name)[ours] != getattr(now, name)[theirs]
    parts = [f"{before.symbol}: {before.fingerprint[:16]} -> {now.fingerprint[:16]}"]
    if differs.any():
        first = label_text(shared[differs.argmax()], before.interval)
        parts.append(f"{int(differs.sum()):,} bars differ, the first on {first}")
    if missing := before.ts.size - shared.size:
        parts.append(f"{missing:,} bars are gone")
    if added := now.ts.size - shared.size:
        parts.append(f"{added:,} bars are new")
    return ", ".join(parts)


def _stored_facts(path: str | os.PathLike[str], stored: BacktestResult) -> dict[str, Any]:
    """Return the numbers as they were published when the file was written."""
    from investiq.storage.artifacts import read_artifact

    header, _ = read_artifact(path, stored.kind)
    words = {str(each) for each in (math.nan, math.inf, -math.inf)}
    kept = {label: float(value) if value in words else value for label, value in header.get("facts", ())}
    return {**kept, "Account": _bits(stored)}


def _values(result: BacktestResult) -> dict[str, Any]:
    return {**{fact.label: fact.value for fact in result.facts()}, "Account": _bits(result)}


def _bits(result: BacktestResult) -> str:
    """Return a short hash over the arrays of the account: one number for equity, cash, positions and fills."""
    import hashlib

    digest = hashlib.sha256()
    for name in _ARRAYS:
        array = getattr(result.run, name)
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]


def _numbers(
    stored: Mapping[str, Any], again: Mapping[str, Any], today: Mapping[str, Any] | None, program: str
) -> list[MovedNumber]:
    found = []
    for label in dict.fromkeys((*stored, *again)):
        before, replayed = stored.get(label), again.get(label)
        present = replayed if today is None else today.get(label)
        causes = [program] if not _equal(before, replayed) else []
        causes += ["data"] if not _equal(replayed, present) else []
        found.append(MovedNumber(label, before, replayed, present, " and ".join(causes)))
    return found


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)


def _first_difference(stored: BacktestResult, again: BacktestResult) -> str:
    """Return the first bar whose equity differs; empty where none does."""
    differs = stored.run.equity != again.run.equity
    if not differs.any():
        return ""
    bar = int(differs.argmax())
    return label_text(stored.instants[bar + 1], stored.data.interval)
