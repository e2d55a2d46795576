"""`compare_strategies`: several strategies and buying and holding under the same conditions, and which of them is better beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, Unpack

from investiq.backtesting.checking import Quality
from investiq.backtesting.describing import strategy_title
from investiq.backtesting.engine import backtest
from investiq.backtesting.result import BacktestResult
from investiq.backtesting.strategy_comparison import StrategyComparison
from investiq.core.errors import ConfigError, DataError
from investiq.core.notes import Note, merge_notes
from investiq.execution.options import OptionArguments
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.strategies.base import Strategy

__all__ = ["compare_strategies"]

Compared: TypeAlias = Strategy | BacktestResult


def compare_strategies(
    strategies: Mapping[str, Compared] | Sequence[Compared],
    data: str | Bars | History | Panel | Sequence[str] | None = None,
    *,
    study: str | None = None,
    benchmark: str | Bars | None = None,
    risk_free: float = 0.0,
    quality: Quality = "no_errors",
    confidence: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
    **options: Unpack[OptionArguments],
) -> StrategyComparison:
    """Return strategies beside each other and beside buying and holding: same bars, costs and convention for all.

    `compare_runs` tells two stored runs apart by their choices; this asks whether
    one strategy is better than another, or whether chance explains the difference.

    Parameters
    ----------
    strategies : mapping of str to, or sequence of, Strategy or BacktestResult
        All of one sort. A mapping gives them names.
    data : str, Bars, History, Panel or sequence of str, optional
        For strategies, as in `iq.backtest`; results bring their own.
    study : str, optional
        The hypothesis that the runs are trials of. By default one for all
        strategies that are compared on these symbols: who takes the best of five
        has tried five.
    benchmark, risk_free, quality
        For strategies, as in `iq.backtest`.
    confidence : float, default 0.95
        Of the intervals of differences of Sharpe ratios; a difference counts as
        beyond doubt if its p-value, adjusted for the number of pairs, is at most
        ``1 - confidence``.
    draws : int, default 2000
        Of the bootstrap behind each interval.
    seed : int, default 0
    **options
        For strategies, options of `iq.backtest`. With ``weight=1.0`` a strategy
        can invest all, as buying and holding does.

    Returns
    -------
    StrategyComparison

    Raises
    ------
    ConfigError
        If there are fewer than two, strategies and results are mixed, data are
        missing or not asked for, or results differ in costs, capital or convention.
    DataError
        If results are over different bars.

    Examples
    --------
    >>> import investiq as iq
    >>> slow, fast = (iq.strategies.Crossover(fast=days, slow=200) for days in (50, 10))
    >>> found = iq.compare_strategies({"slow": slow, "fast": fast}, "^GSPC", weight=1.0, lot=None)
    >>> list(found.accounts), len(found.differences)
    (['slow', 'fast', 'Buy and hold ^GSPC'], 3)
    """
    named = _named(strategies)
    results = {name: each for name, each in named.items() if isinstance(each, BacktestResult)}
    if results and len(results) < len(named):
        raise ConfigError(
            f"strategies and results are mixed: {', '.join(results)} ran already; pass results alone, or strategies with data"
        )
    if results:
        chosen = {"data": data, "study": study, "benchmark": benchmark, "risk_free": risk_free or None, **options}
        if given := [name for name, value in chosen.items() if value is not None]:
            raise ConfigError(f"results bring their own {', '.join(given)}: pass strategies to run them anew")
    else:
        ready = _read(data)
        hypothesis = study or f"comparison of strategies on {_subject(ready)}"
        results = {
            name: backtest(
                each, ready, study=hypothesis, benchmark=benchmark, risk_free=risk_free, quality=quality, **options
            )
            for name, each in named.items()
            if isinstance(each, Strategy)
        }
    _refuse_different(results)
    return StrategyComparison(
        results=results,
        confidence=confidence,
        draws=draws,
        seed=seed,
        notes=merge_notes(_shared_and_own(results), _cautions(results)),
    )


def _named(strategies: Mapping[str, Compared] | Sequence[Compared]) -> dict[str, Compared]:
    if not isinstance(strategies, Mapping):
        each = list(strategies)
        strategies = dict(zip(_names(each), each, strict=True))
    if len(strategies) < 2:
        raise ConfigError(f"a comparison needs two strategies, was given {len(strategies)}")
    for name, one in strategies.items():
        if not isinstance(one, (Strategy, BacktestResult)):
            raise ConfigError(
                f"{name} must be a strategy such as iq.strategies.Breakout(), or a result of iq.backtest, "
                f"was {type(one).__name__} {one!r:.60}"
            )
    return dict(strategies)


def _names(compared: Sequence[Compared]) -> list[str]:
    """Return what tells them apart: the name alone, else with parameters, else with the place."""
    strategies = [one.strategy if isinstance(one, BacktestResult) else one for one in compared]
    short = [one.name if isinstance(one, Strategy) else repr(one) for one in strategies]
    long = [strategy_title(one) if isinstance(one, Strategy) else repr(one) for one in strategies]
    texts = [name if short.count(name) == 1 else text for name, text in zip(short, long, strict=True)]
    return [text if texts.count(text) == 1 else f"{place}: {text}" for place, text in enumerate(texts, start=1)]


def _read(data: str | Bars | History | Panel | Sequence[str] | None) -> Bars | History | Panel | Sequence[str]:
    """Return the data, those of one symbol loaded once for all strategies."""
    if data is None:
        raise ConfigError("strategies need data to run on: compare_strategies(strategies, '^GSPC')")
    if isinstance(data, str):
        from investiq.market.loading import load_bars

        return load_bars(data)
    return data


def _subject(data: Bars | History | Panel | Sequence[str]) -> str:
    if isinstance(data, (Bars, History)):
        return data.symbol
    symbols = list(data.symbols) if isinstance(data, Panel) else [str(each) for each in data]
    return ", ".join(symbols) if len(symbols) <= 3 else f"{len(symbols)} symbols"


def _refuse_different(results: Mapping[str, BacktestResult]) -> None:
    (first_name, first), *others = results.items()
    for name, result in others:
        if result.manifest.data != first.manifest.data:
            raise DataError(
                f"{name} ran over other data than {first_name} ({result.title}, {first.title}); run both over the same bars"
            )
        conditions: dict[str, tuple[Any, Any]] = {
            "costs": (first.options.costs, result.options.costs),
            "opening capital": (first.options.initial_capital, result.options.initial_capital),
            "convention": (first.convention, result.convention),
        }
        for what, (one, other) in conditions.items():
            if one != other:
                raise ConfigError(
                    f"{name} has another {what} than {first_name}: {other} and {one}; run both under the same"
                )


def _shared_and_own(results: Mapping[str, BacktestResult]) -> list[Note]:
    """Return the notes of the runs, those that only some have under the name of the run."""
    shared = set.intersection(*(set(result.notes) for result in results.values()))
    own = [
        replace(note, text=f"{name}: {note.text}")
        for name, result in results.items()
        for note in result.notes
        if note not in shared
    ]
    return [*(note for note in next(iter(results.values())).notes if note in shared), *own]


def _cautions(results: Mapping[str, BacktestResult]) -> list[Note]:
    notes = []
    part = [name for name, result in results.items() if result.options.weight < 1]
    if part:
        least = min(results[name].options.weight for name in part)
        text = (
            f"{', '.join(part)} put{'s' if len(part) == 1 else ''} at most {least * 100:g} % of the equity into an entry, buying and "
            "holding all of it: compare ratios, not totals"
        )
        notes.append(Note(code="invested_differently", text=text))
    text = (
        f"the {len(results)} strategies were chosen by who compares them; what was dropped before is not counted here"
    )
    notes.append(Note(code="chosen_strategies", text=text, severity="info"))
    return notes
