"""What is audited, as one function of the data."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from investiq.backtesting import running
from investiq.backtesting.describing import titled_parameters
from investiq.backtesting.plans import plan_of
from investiq.backtesting.result import BacktestResult
from investiq.core.errors import ConfigError
from investiq.execution.options import RunOptions, options_of
from investiq.history.bars import Bars
from investiq.history.history import History
from investiq.history.panel import Panel
from investiq.strategies.base import PanelStrategy, Strategy

__all__ = ["Target", "target_of"]

Wants: TypeAlias = Literal["history", "bars", "panel", "as given"]

# What the annotation of a first parameter asks for.
_ASKED: Final[dict[str, Wants]] = {"History": "history", "Bars": "bars", "Panel": "panel"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """One function of the data.

    Attributes
    ----------
    name : str
    call : callable
        Data in, output out.
    subject : Any
        What the user passed, in which frozen inputs are looked for.
    wants : {"history", "bars", "panel", "as given"}
        What the function takes, where that is known.
    rebuild : callable
        From another subject to its `call`.
    account : callable, optional
        Of a strategy: bars in, the account of its backtest out.
    """

    name: str
    call: Callable[[Any], Any]
    subject: Any
    wants: Wants
    rebuild: Callable[[Any], Callable[[Any], Any]]
    account: Callable[[Any], Any] | None = None


def target_of(target: Any) -> Target:
    """Return `target` as one function of the data.

    Raises
    ------
    ConfigError
        If it is a class, or neither a function nor an object with one of the
        methods that a strategy or an engine has.
    """
    if isinstance(target, type):
        raise ConfigError(
            f"target is the class {target.__name__}; make one with its parameters: {target.__name__}(...)"
        )
    if isinstance(target, BacktestResult):
        return _of_strategy(target.strategy, dataclasses.replace(target.options, end="mark"))
    if isinstance(target, Strategy):
        return _of_strategy(target, options_of({"weight": 1.0, **target.run_options, "end": "mark"}))
    if hasattr(target, "features") and hasattr(target, "score"):
        return Target(name=_name(target), call=_engine(target), subject=target, wants="history", rebuild=_engine)
    if hasattr(target, "decide"):
        return Target(name=_name(target), call=_decide(target), subject=target, wants="bars", rebuild=_decide)
    if callable(target):
        return Target(name=_name(target), call=target, subject=target, wants=_wanted(target), rebuild=lambda same: same)
    raise ConfigError(
        f"target must be a function of the data, a strategy, an engine or a backtest, was {type(target).__name__}; "
        "an object is audited through its methods features and score, or decide"
    )


def _of_strategy(strategy: Strategy, options: RunOptions) -> Target:
    def account(data: Bars | Panel) -> Any:
        if isinstance(strategy, PanelStrategy):
            return running.simulate(data, strategy.target_weights(cast(Panel, data)), options)
        bars = cast(Bars, data)
        return running.simulate(bars, plan_of(strategy, bars), options)

    return Target(
        name=_name(strategy),
        call=_strategy(strategy),
        subject=strategy,
        wants="panel" if isinstance(strategy, PanelStrategy) else "bars",
        rebuild=_strategy,
        account=account,
    )


def _strategy(strategy: Strategy) -> Callable[[Any], Any]:
    """Return what a strategy decides: weights, orders, or decisions with their sizes and confidences."""
    if isinstance(strategy, PanelStrategy):
        weigh: Callable[[Any], Any] = strategy.target_weights
        return weigh
    if strategy.has_own_orders:
        order: Callable[[Any], Any] = strategy.signals
        return order

    def decisions(bars: Bars) -> Any:
        """Return what a strategy decides at each bar, as arrays by name."""
        said = {
            "decision": strategy.decide(bars),
            "size": strategy.sizes(bars),
            "confidence": strategy.confidences(bars),
        }
        return {name: values for name, values in said.items() if values is not None}

    return decisions


def _engine(subject: Any) -> Callable[[Any], Any]:
    def scored(history: History) -> Any:
        features = subject.features(history)
        scores = subject.score(features)
        return features.drop(columns=features.columns.intersection(scores.columns)).join(scores)

    return scored


def _decide(subject: Any) -> Callable[[Any], Any]:
    decide: Callable[[Any], Any] = subject.decide
    return decide


def _name(target: Any) -> str:
    if isinstance(target, Strategy):
        parameters = ", ".join(f"{name} {_shown(value)}" for name, value in titled_parameters(target).items())
        return f"{target.name} ({parameters})" if parameters else target.name
    if isinstance(target, functools.partial):
        return _name(target.func)
    return str(getattr(target, "__name__", None) or type(target).__name__)


def _shown(value: Any) -> str:
    plain = value is None or isinstance(value, str | int | float | tuple)
    return str(value) if plain else type(value).__name__


def _wanted(function: Any) -> Wants:
    """Return what the annotation of the first parameter asks for, if it asks for one thing."""
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except ValueError:  # some compiled functions have no signature
        return "as given"
    annotation = "" if first is None else str(first.annotation)
    asked: list[Wants] = [wanted for name, wanted in _ASKED.items() if name in annotation]
    return asked[0] if len(asked) == 1 else "as given"
