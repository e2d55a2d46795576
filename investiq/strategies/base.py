"""What a strategy is: the columns it needs, and a compiled rule that turns them into decisions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError
from investiq.core.orders import Signal

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars
    from investiq.history.panel import Panel

__all__ = ["Column", "PanelStrategy", "Rule", "Strategy", "positive", "whole_bars"]

FloatArray = NDArray[np.float64]
Rule = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]], None]


class Column(NamedTuple):
    """One input of a rule: the name of a price or an indicator, and its parameters.

    Known names are those of `strategies.columns.compute`. Equal columns are
    computed once, also by a sweep over many parameters.
    """

    name: str
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """Base of the strategies: parameters in, one decision per bar out.

    A subclass is a frozen keyword-only dataclass of its parameters. It defines
    `warmup`, and either `columns` and `rule`, which sweeps can run at full speed,
    or `decide` itself. The decision of bar t reads bars up to t only; it is filled
    at the next open or later.

    It may also say how large an entry is (`sizes`), how sure it is (`confidences`)
    and which options it is made for (`run_options`); and where its orders carry
    prices, it defines `signals` in place of `decide`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import investiq as iq
    >>> @dataclass(frozen=True, kw_only=True)
    ... class AfterALoss(iq.strategies.Strategy):
    ...     loss: float = 0.02
    ...
    ...     warmup = 1
    ...
    ...     def decide(self, bars):
    ...         close = bars.adjusted("total").close
    ...         decisions = np.zeros(len(bars), dtype=np.int8)
    ...         decisions[1:] = np.where(close[1:] < (1 - self.loss) * close[:-1], 1, -1)
    ...         return decisions
    >>> iq.backtest(AfterALoss(loss=0.03), iq.load_bars("^GSPC", start="2008", end="2009")).title
    'AfterALoss (loss 0.03) on ^GSPC'
    """

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self).__name__

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name, in the order of their definition."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def warmup(self) -> int:
        """Bars before the first bar on which a decision is possible."""
        raise ConfigError(
            f"{self.name} has no warmup: define `warmup`, the whole number of bars before the first on which it can decide, "
            "as in `warmup = 0`"
        )

    def columns(self) -> tuple[Column, ...]:
        """Return the columns that the rule reads, in the order of its table."""
        raise self._decides_nothing("columns")

    @property
    def rule(self) -> Rule:
        """The compiled rule ``rule(columns, parameters, out)``.

        It reads `columns`, float64 of shape (n_columns, n_bars), and `parameters`,
        float64 of shape (n_parameters,), and writes 0, 1 (buy), -1 (sell) or 2
        (both) to `out`, int8 of shape (n_bars,).
        """
        raise self._decides_nothing("rule")

    def _decides_nothing(self, missing: str) -> ConfigError:
        return ConfigError(
            f"{self.name} has no `{missing}`, so nothing says what it decides: define `decide(bars)`, which returns one int8 per bar "
            "(0 none, 1 buy, -1 sell, 2 both), or both `columns()` and `rule`"
        )

    def rule_parameters(self) -> tuple[float, ...]:
        """Return the numbers that the rule reads besides its columns; none by default."""
        return ()

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return one decision per bar: 0 none, 1 buy, -1 sell, 2 both.

        Parameters
        ----------
        bars : Bars
            Raw or total-adjusted; the columns are computed on total-adjusted prices.

        Returns
        -------
        ndarray of int8, shape (n_bars,)
        """
        from investiq.strategies.columns import table

        decisions = np.zeros(len(bars), dtype=np.int8)
        self.rule(table(self.columns(), bars), np.array(self.rule_parameters(), dtype=np.float64), decisions)
        return decisions

    @property
    def run_options(self) -> OptionArguments:
        """The options that the strategy asks of a run, such as its stop; options given to the run win."""
        return {}

    def confidences(self, bars: Bars) -> FloatArray | None:
        """Return the confidence of a decision of each bar, in [0, 1], shape (n_bars,); None where it is always 1.

        A decision below the run's `confidence_threshold` is dropped.
        """
        return None

    def sizes(self, bars: Bars) -> FloatArray | None:
        """Return the share of equity of an entry decided at each bar, shape (n_bars,); None for the run's `weight`.

        Where it is NaN or not above 0, no entry is made; exits are never held back.
        """
        return None

    @property
    def has_own_orders(self) -> bool:
        """Whether `signals` says more than decisions, sizes and confidences: prices, brackets, shares or money."""
        return type(self).signals is not Strategy.signals

    def signals(self, bars: Bars) -> list[Signal]:
        """Return the decisions as orders, by bar; of a bar with both, the buy first.

        Parameters
        ----------
        bars : Bars

        Returns
        -------
        list of Signal
            From `decide`, `confidences` and `sizes`. A buy without a size is left
            out. So is a sell without one if the run that the strategy asks for
            sells short: there it could open a position; else it carries no size,
            as it can only close one.

        Raises
        ------
        DataError
            If sizes or confidences are not one number per bar.
        """
        decisions = self.decide(bars)
        sizes = _one_per_bar(self.sizes(bars), "sizes", self.name, len(bars))
        confidences = _one_per_bar(self.confidences(bars), "confidences", self.name, len(bars))
        signals = []
        for bar in np.flatnonzero(decisions).tolist():
            confidence = 1.0 if confidences is None else float(confidences[bar])
            size = None if sizes is None or not sizes[bar] > 0 else float(sizes[bar])
            opens_nothing = sizes is not None and size is None
            # A confidence that is not known passes no gate.
            if np.isnan(confidence):
                continue
            if decisions[bar] in (1, 2) and not opens_nothing:
                signals.append(Signal(bar=bar, side="buy", confidence=confidence, weight=size))
            if decisions[bar] in (-1, 2) and not (opens_nothing and self.run_options.get("allow_short", False)):
                signals.append(Signal(bar=bar, side="sell", confidence=confidence, weight=size))
        return signals


@dataclass(frozen=True, kw_only=True)
class PanelStrategy(Strategy):
    """Base of the strategies that weigh many symbols against each other.

    A subclass defines `warmup` and `target_weights`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import investiq as iq
    >>> @dataclass(frozen=True, kw_only=True)
    ... class HalfAtOnce(iq.strategies.PanelStrategy):
    ...     warmup = 0
    ...
    ...     def target_weights(self, panel):
    ...         weights = np.full(panel.close.shape, np.nan)
    ...         weights[:, 0] = 0.5 / len(panel)
    ...         return weights
    >>> HalfAtOnce().target_weights(iq.load_panel(["SYN001", "SYN002"]))[:, :2]
    array([[0.25,  nan],
           [0.25,  nan]])
    """

    def target_weights(self, panel: Panel) -> FloatArray:
        """Return the target weights decided at each close.

        Parameters
        ----------
        panel : Panel
            Raw or total-adjusted.

        Returns
        -------
        ndarray of float64, shape (n_symbols, n_bars)
            Shares of equity, negative for shorts; NaN where nothing is decided at
            that close. A close at which any symbol has a weight decides all of
            them: NaN beside numbers means that the position is left as it is.
        """
        raise ConfigError(
            f"{self.name} has no target weights: define `target_weights(panel)`, which returns float64 of shape (n_symbols, n_bars), "
            "NaN where nothing is decided"
        )

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Refuse: the weights of a symbol follow from those of the others.

        Raises
        ------
        ConfigError
            Always.
        """
        raise ConfigError(
            f"{self.name} weighs the symbols of a panel and decides nothing for {bars.symbol} alone; "
            "pass a Panel or a list of symbols"
        )


def whole_bars(owner: str, name: str, value: object, least: int = 1) -> None:
    """Refuse a window that is no whole number of bars >= `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ConfigError(f"{owner}: {name} must be a whole number of bars >= {least}, was {value!r}")


def positive(owner: str, **values: object) -> None:
    """Refuse a parameter that is no number above 0."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
            raise ConfigError(f"{owner}: {name} must be a number above 0, was {value!r}")


def _one_per_bar(values: FloatArray | None, what: str, owner: str, n_bars: int) -> FloatArray | None:
    if values is not None and np.shape(values) != (n_bars,):
        raise DataError(
            f"{owner}: {what} must be None or one number per bar, ({n_bars},), had shape {np.shape(values)}"
        )
    return values
