"""What a strategy has to beat: equal weights, sixty-forty, and entries at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, UnknownSymbolError, near_matches
from investiq.strategies.base import FloatArray, PanelStrategy, Strategy, whole_bars
from investiq.strategies.schedules import decision_closes

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars
    from investiq.history.panel import Panel

__all__ = ["EqualWeightMonthly", "RandomEntries", "SixtyForty"]


@dataclass(frozen=True, kw_only=True)
class EqualWeightMonthly(PanelStrategy):
    """The same weight in every symbol that has a price, set anew at the last close of each month.

    The first close of the panel decides too, so that the money is at work at once.

    Examples
    --------
    >>> import investiq as iq
    >>> panel = iq.load_panel(["SYN001", "SYN002"], start="2018-05-29", end="2018-06-01")
    >>> iq.strategies.EqualWeightMonthly().target_weights(panel)[0]
    array([0.5, nan, 0.5, nan])
    """

    @property
    def warmup(self) -> int:
        """0: the first close decides."""
        return 0

    @property
    def run_options(self) -> OptionArguments:
        """No band: every target is traded, however small the weights of many symbols are."""
        return {"band": 0.0}

    def target_weights(self, panel: Panel) -> FloatArray:
        """Return 1 / (number of symbols with a bar) at the closes that decide; see `PanelStrategy`."""
        traded = ~np.isnan(panel.close)
        weights = np.full(panel.close.shape, np.nan)
        decides = _monthly(panel)
        count = np.broadcast_to(traded.sum(axis=0), traded.shape)
        chosen = traded & decides
        weights[chosen] = 1 / count[chosen]
        return weights


@dataclass(frozen=True, kw_only=True)
class SixtyForty(PanelStrategy):
    """A fixed share in stocks and the rest in bonds, set anew at the last close of each month.

    Parameters
    ----------
    stocks, bonds : str
        Symbols of the panel.
    stock_weight : float, default 0.60
        In (0, 1).

    Raises
    ------
    ConfigError
        If the weight is out of range, or both symbols are one.

    Examples
    --------
    >>> import investiq as iq
    >>> panel = iq.load_panel(["SYN001", "SYN002"], start="2018-05-29", end="2018-06-01")
    >>> iq.strategies.SixtyForty(stocks="SYN001", bonds="SYN002").target_weights(panel)
    array([[0.6, nan, 0.6, nan],
           [0.4, nan, 0.4, nan]])
    """

    stocks: str
    bonds: str
    stock_weight: float = 0.60

    def __post_init__(self) -> None:
        if not 0 < self.stock_weight < 1:
            raise ConfigError(f"SixtyForty: stock_weight must lie in (0, 1), was {self.stock_weight!r}")
        if self.stocks == self.bonds:
            raise ConfigError(f"SixtyForty: stocks and bonds must be two symbols, both were {self.stocks!r}")

    @property
    def warmup(self) -> int:
        """0: the first close decides."""
        return 0

    @property
    def run_options(self) -> OptionArguments:
        """No band: the weights are set anew at each decision."""
        return {"band": 0.0}

    def target_weights(self, panel: Panel) -> FloatArray:
        """Return the two weights at the closes that decide, 0 for other symbols; see `PanelStrategy`.

        Raises
        ------
        UnknownSymbolError
            If the panel lacks one of the two.
        """
        weights = np.full(panel.close.shape, np.nan)
        decides = _monthly(panel)
        weights[:, decides] = 0.0
        for symbol, weight in ((self.stocks, self.stock_weight), (self.bonds, 1 - self.stock_weight)):
            if symbol not in panel.symbols:
                raise UnknownSymbolError(
                    f"SixtyForty: the panel has no {symbol!r}{near_matches(symbol, panel.symbols)}; "
                    f"it holds {', '.join(panel.symbols)}"
                )
            weights[panel.symbols.index(symbol), decides] = weight
        return weights


@dataclass(frozen=True, kw_only=True)
class RandomEntries(Strategy):
    """As many trades as another strategy made, held as long, at times that chance chooses.

    The trades lie in a random order, without overlap, every placement being equally
    likely. It reads no price: what it earns is what the market and the holding times
    give, and the spread over many seeds is what luck alone can do.

    Parameters
    ----------
    holding_bars : tuple of int
        Bars between entry and exit of each trade.
    span : int
        Bars of the run.
    seed : int

    Raises
    ------
    ConfigError
        If a holding time is no whole number >= 1, or the trades do not fit.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.RandomEntries(holding_bars=(3, 1), span=12, seed=1).decide(iq.load_bars("^GSPC")[:12])
    array([ 0,  0,  0,  1,  0,  0, -1,  0,  1, -1,  0,  0], dtype=int8)
    """

    holding_bars: tuple[int, ...]
    span: int
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "holding_bars", tuple(int(each) for each in self.holding_bars))
        for each in self.holding_bars:
            whole_bars("RandomEntries", "holding_bars", each)
        whole_bars("RandomEntries", "span", self.span)
        if self._free < 0:
            raise ConfigError(
                f"RandomEntries: {len(self.holding_bars)} trades of {sum(self.holding_bars)} bars, each decided a bar "
                f"before it begins, need a span of {self.span - self._free} bars, was {self.span}"
            )

    @classmethod
    def like(cls, entry_bars: Sequence[int], exit_bars: Sequence[int], span: int, seed: int) -> RandomEntries:
        """Return the baseline of trades that began and ended on these bars.

        Examples
        --------
        >>> RandomEntries.like([5, 20], [9, 21], span=250, seed=7).holding_bars
        (4, 1)
        """
        holding = np.asarray(exit_bars, dtype=np.int64) - np.asarray(entry_bars, dtype=np.int64)
        return cls(holding_bars=tuple(np.maximum(holding, 1).tolist()), span=span, seed=seed)

    @property
    def warmup(self) -> int:
        """0: nothing is read."""
        return 0

    @property
    def _free(self) -> int:
        # The last bar decides nothing. A trade takes its bars and the one that decided its entry.
        return self.span - 1 - sum(self.holding_bars) - len(self.holding_bars)

    def decide(self, bars: Bars) -> NDArray[np.int8]:
        """Return the decisions of the first bars of the span, none beyond it."""
        random = np.random.default_rng(self.seed)
        count = len(self.holding_bars)
        holding = random.permutation(np.array(self.holding_bars, dtype=np.int64))
        # Which of the free bars and the trades, in a row, are trades: every choice is equally likely.
        places = np.sort(random.choice(self._free + count, count, replace=False))
        before = np.concatenate([[0], np.cumsum(holding)])[:count]
        buys = places + before
        decisions = np.zeros(max(self.span, len(bars)), dtype=np.int8)
        decisions[buys] = 1
        decisions[buys + holding] = -1
        return decisions[: len(bars)]


def _monthly(panel: Panel) -> NDArray[np.bool_]:
    decides = decision_closes(panel, "month")
    decides[:1] = True
    return decides
