"""What a strategy is: the columns it needs, and a compiled rule that turns them into decisions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError

if TYPE_CHECKING:
    from investiq.history.bars import Bars

__all__ = ["Column", "Rule", "Strategy", "whole_bars"]

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
        raise NotImplementedError

    def columns(self) -> tuple[Column, ...]:
        """Return the columns that the rule reads, in the order of its table."""
        raise NotImplementedError

    @property
    def rule(self) -> Rule:
        """The compiled rule ``rule(columns, parameters, out)``.

        It reads `columns`, float64 of shape (n_columns, n_bars), and `parameters`,
        float64 of shape (n_parameters,), and writes 0, 1 (buy), -1 (sell) or 2
        (both) to `out`, int8 of shape (n_bars,).
        """
        raise NotImplementedError

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


def whole_bars(owner: str, name: str, value: object) -> None:
    """Refuse a window that is no whole number of bars >= 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ConfigError(f"{owner}: {name} must be a whole number of bars >= 1, was {value!r}")
