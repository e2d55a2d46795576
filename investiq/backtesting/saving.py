"""Backtests as files: everything that a result holds, as one header and plain arrays."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.backtesting.decisions import Decisions
from investiq.backtesting.inputs import Decided
from investiq.backtesting.running import Run
from investiq.backtesting.trial_recording import Recorded, arrived
from investiq.core.errors import ConfigError, DataError
from investiq.core.manifest import Manifest, plain
from investiq.core.notes import Note
from investiq.core.orders import Signal
from investiq.core.passport import Passport
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import RegimeSizing, RunOptions
from investiq.history.adjust import Action
from investiq.history.bars import Bars
from investiq.history.panel import Panel
from investiq.metrics.conventions import Convention
from investiq.storage.artifacts import read_artifact, write_artifact
from investiq.strategies.base import Column, Rule, Strategy
from investiq.strategies.rebuilding import built_in, rebuilt

if TYPE_CHECKING:
    from investiq.backtesting.result import BacktestResult

__all__ = ["StoredStrategy", "load", "save"]

_BAR_ARRAYS: Final = (
    "ts", "open", "high", "low", "close", "volume", "known_at", "split_factor", "total_factor",
)  # fmt: skip
_BAR_EXTRAS: Final = ("flags", "vwap", "trades")
_RUN_ARRAYS: Final = ("equity", "cash", "position", "fills", "events", "receivables", "cash_flows")


@dataclass(frozen=True, kw_only=True)
class StoredStrategy(Strategy):
    """A strategy of the user's own, as a file knows it: its name and parameters, not its code."""

    class_name: str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the class that was saved."""
        return self.class_name

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that were saved."""
        return dict(self.values)

    @property
    def warmup(self) -> int:
        """Not known here."""
        raise self._refusal()

    def columns(self) -> tuple[Column, ...]:
        """Not known here."""
        raise self._refusal()

    @property
    def rule(self) -> Rule:
        """Not known here."""
        raise self._refusal()

    def _refusal(self) -> ConfigError:
        return ConfigError(
            f"{self.class_name} is a strategy of your own; a saved result keeps its name and parameters, not its code: "
            f"make it again and pass it to iq.backtest with result.bars"
        )


def save(result: BacktestResult, path: str | os.PathLike[str]) -> Path:
    """Write `result` to a ``.iq`` file."""
    decisions, decided = result.run.decisions, result.decided
    members = _members(result.data)
    arrays = {
        **{f"run.{name}": getattr(result.run, name) for name in _RUN_ARRAYS},
        "decisions.codes": decisions.codes,
        "decisions.confidence": decisions.confidence,
    }
    for number, bars in enumerate(members):
        arrays |= _bar_arrays(f"bars.{number}", bars)
    if isinstance(decided, np.ndarray):
        arrays["decided.targets"] = decided
    header = {
        "fingerprint": result.fingerprint,
        "manifest": result.manifest.to_dict(),
        "strategy": {
            "name": result.strategy.name,
            "parameters": plain(result.strategy.parameters()),
            "built_in": _is_built_in(result.strategy),
        },
        "options": plain(dataclasses.asdict(result.options)),
        "convention": dataclasses.asdict(result.convention),
        "notes": [dataclasses.asdict(note) for note in result.notes],
        # As they were published: code that computes them may change.
        "facts": [[fact.label, plain(fact.value)] for fact in result.facts()],
        "below": list(decisions.below),
        "after_last": decisions.after_last,
        "signals": [dataclasses.asdict(each) for each in decided] if isinstance(decided, tuple) else None,
        "bars": [_bar_header(bars) for bars in members],
        "panel_notes": [dataclasses.asdict(note) for note in result.data.notes]
        if isinstance(result.data, Panel)
        else None,
        "benchmark": None,
        "trial": None if result.ticket is None else dataclasses.asdict(result.ticket.wait()),
    }
    if result.benchmark_bars is not None:
        arrays |= _bar_arrays("benchmark", result.benchmark_bars)
        header["benchmark"] = _bar_header(result.benchmark_bars)
    return write_artifact(path, result.kind, header, arrays)


def load(path: str | os.PathLike[str]) -> BacktestResult:
    """Return the result in a ``.iq`` file."""
    from investiq.backtesting.result import BacktestResult

    header, arrays = read_artifact(path, BacktestResult.kind)
    if isinstance(header.get("bars"), dict):
        raise DataError(
            f"{Path(path)} was written by an earlier version, whose accounts held one symbol and no dividends; run the backtest "
            "again: its header names the data, the strategy and the options"
        )
    try:
        decisions = Decisions(
            codes=arrays["decisions.codes"],
            confidence=arrays["decisions.confidence"],
            below=tuple(header["below"]),
            after_last=header["after_last"],
        )
        result = BacktestResult(
            data=_data(header, arrays),
            strategy=_strategy(header["strategy"]),
            options=_options(header["options"]),
            convention=Convention(**header["convention"]),
            manifest=Manifest.from_dict(header["manifest"]),
            run=Run(decisions=decisions, **{name: arrays[f"run.{name}"] for name in _RUN_ARRAYS}),
            benchmark_bars=_bars("benchmark", header["benchmark"], arrays) if header["benchmark"] else None,
            notes=tuple(Note(**note) for note in header["notes"]),
            decided=_decided(header["signals"], arrays),
            ticket=arrived(Recorded(**header["trial"])) if header["trial"] else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{Path(path)} is damaged ({type(error).__name__}: {error}); save the result again") from None
    if result.fingerprint != header["fingerprint"]:
        raise DataError(
            f"{Path(path)} is damaged: its numbers have fingerprint {result.fingerprint[:16]}, "
            f"expected {str(header['fingerprint'])[:16]}; save the result again"
        )
    return result


def _members(data: Bars | Panel) -> list[Bars]:
    return list(data) if isinstance(data, Panel) else [data]


def _data(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Bars | Panel:
    members = [_bars(f"bars.{number}", each, arrays) for number, each in enumerate(header["bars"])]
    if header["panel_notes"] is None:
        return members[0]
    return Panel.of(members, [Note(**note) for note in header["panel_notes"]])


def _decided(signals: Sequence[Mapping[str, Any]] | None, arrays: Mapping[str, Any]) -> Decided | None:
    if signals is not None:
        return tuple(Signal(**values) for values in signals)
    targets: NDArray[np.float64] | None = arrays.get("decided.targets")
    return targets


def _bar_arrays(prefix: str, bars: Bars) -> dict[str, NDArray[Any]]:
    held = (name for name in (*_BAR_ARRAYS, *_BAR_EXTRAS) if getattr(bars, name) is not None)
    return {f"{prefix}.{name}": getattr(bars, name) for name in held}


def _bar_header(bars: Bars) -> dict[str, Any]:
    return {
        "symbol": bars.symbol,
        "interval": bars.interval,
        "basis": bars.basis,
        "passport": plain(dataclasses.asdict(bars.passport)),
        "actions": [plain(dataclasses.asdict(action)) for action in bars.actions],
    }


def _bars(prefix: str, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Bars:
    passport = dict(header["passport"])
    for name in ("first", "last", "as_of", "retrieved_at", "recorded_by"):
        if passport[name] is not None:
            passport[name] = datetime.fromisoformat(passport[name])
    passport["notes"] = tuple(Note(**note) for note in passport["notes"])
    return Bars(
        symbol=header["symbol"],
        interval=header["interval"],
        basis=header["basis"],
        passport=Passport(**passport),
        actions=tuple(_action(values) for values in header.get("actions", ())),
        **{name: arrays[f"{prefix}.{name}"] for name in _BAR_ARRAYS},
        **{name: arrays[f"{prefix}.{name}"] for name in _BAR_EXTRAS if f"{prefix}.{name}" in arrays},
    )


def _action(values: Mapping[str, Any]) -> Action:
    return Action(**{**values, "ex_date": date.fromisoformat(values["ex_date"])})


def _is_built_in(strategy: Strategy) -> bool:
    return built_in().get(strategy.name) is type(strategy)


def _strategy(header: Mapping[str, Any]) -> Strategy:
    if header["built_in"]:
        found: Strategy = rebuilt(header["name"], header["parameters"])
        return found
    return StoredStrategy(class_name=header["name"], values=header["parameters"])


def _options(values: Mapping[str, Any]) -> RunOptions:
    costs = dict(values["costs"])
    if (impact := costs["impact"]) is not None:
        costs["impact"] = MarketImpact(**impact)
    if (fees := costs["per_share"]) is not None:
        tiers = tuple((float(shares), float(rate)) for shares, rate in fees["tiers"])
        costs["per_share"] = PerShareFees(**{**fees, "tiers": tiers})
    changed: dict[str, Any] = {"costs": Costs(**costs)}
    if (regimes := values["regime_sizing"]) is not None:
        changed["regime_sizing"] = RegimeSizing(**regimes)
    if (hours := values["entry_hours"]) is not None:
        changed["entry_hours"] = tuple(hours)
    return RunOptions(**{**values, **changed})
