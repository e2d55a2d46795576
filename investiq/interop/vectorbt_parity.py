"""One strategy through InvestIQ and through vectorbt, under the rules that both have."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Unpack

import numpy as np

from investiq.backtesting.decisions import BOTH, BUY, SELL, Decisions
from investiq.backtesting.engine import backtest, checked_bars
from investiq.backtesting.parity import CHOICES, check_expressible
from investiq.backtesting.plans import plan_of
from investiq.backtesting.running import has_actions
from investiq.core.errors import ConfigError, DataError
from investiq.core.facts import Fact
from investiq.core.notes import Note
from investiq.core.result import Result
from investiq.core.types import INTERVAL_MINUTES
from investiq.execution.options import OptionArguments, RunOptions, options_of
from investiq.interop.vectorbt import open_vectorbt
from investiq.interop.vectorbt_accounts import from_vectorbt
from investiq.strategies.base import Strategy

if TYPE_CHECKING:
    import pandas as pd

    from investiq.backtesting.result import BacktestResult
    from investiq.history.bars import Bars
    from investiq.history.history import History
    from investiq.interop.imported import ImportedAccount

__all__ = ["VectorbtParity", "compare_with_vectorbt"]

# Two ways through the same sums of some thousand fills agree to 1e-12.
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VectorbtParity(Result):
    """The same decisions in two accounts; made by `compare_with_vectorbt`.

    Attributes
    ----------
    ours : BacktestResult
    theirs : ImportedAccount
    """

    kind: ClassVar[str] = "vectorbt_parity"

    ours: BacktestResult
    theirs: ImportedAccount
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Strategy, symbol and version."""
        return f"{self.ours.title}, beside {self.theirs.made_by}"

    @property
    def watermark(self) -> str | None:
        """That of the data."""
        return self.ours.watermark

    @cached_property
    def largest_difference(self) -> float:
        """Largest difference of the two equities at a close, as a share of theirs; 0.01 is 1 %."""
        frame = self.to_frame()
        return float((frame["difference"].abs() / frame["theirs"].abs()).max())

    @property
    def agrees(self) -> bool:
        """Whether every order and the equity at every close are the same, within 1e-9 of their size."""
        return self.largest_difference <= TOLERANCE and self.first_other_order is None

    @cached_property
    def first_other_order(self) -> int | None:
        """Row of `fills` in which the orders first differ in bar, side, price or quantity; None where all are the same."""
        ours, theirs = self.ours.fills, self.theirs.fills
        both = min(len(ours), len(theirs))
        same = (ours["ts"].to_numpy()[:both] == theirs["ts"].to_numpy()[:both]) & (
            ours["side"].to_numpy()[:both] == theirs["side"].to_numpy()[:both]
        )
        for name in ("price", "quantity"):
            mine, other = ours[name].to_numpy()[:both], theirs[name].to_numpy()[:both]
            same &= np.abs(mine - other) <= TOLERANCE * np.abs(other)
        if same.all():
            return None if len(ours) == len(theirs) else both
        return int(np.argmin(same))

    def facts(self) -> list[Fact]:
        """Return both ends, the largest difference and the orders."""
        frame = self.to_frame()
        row = int(frame["difference"].abs().to_numpy().argmax())
        difference, worst = float(frame["difference"].iloc[row]), frame.index[row]
        other = self.first_other_order
        ours, theirs = self.ours.fills, self.theirs.fills
        if other is None:
            orders = "bar, side, price and quantity of each are the same"
        else:
            orders = f"from order {other} on they differ"
        return [
            Fact("Final equity, InvestIQ", float(frame["ours"].iloc[-1]), "money"),
            Fact("Final equity, vectorbt", float(frame["theirs"].iloc[-1]), "money"),
            Fact("Largest difference", difference, "money", f"at {worst:%Y-%m-%d %H:%M} UTC"),
            Fact("Largest difference, bps", self.largest_difference * 1e4, "bps", "of the equity of vectorbt"),
            Fact("Orders, InvestIQ", len(ours), "count", orders),
            Fact("Orders, vectorbt", len(theirs), "count", orders),
            Fact("Agree", self.agrees, "", f"within {TOLERANCE:g} of each number"),
        ]

    def provenance(self) -> list[Fact]:
        """Return that of our run."""
        return [
            *self.ours.provenance(),
            Fact("Compared with", self.theirs.made_by, "", "signals a bar later, at the open"),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return both equities at each close and ours less theirs, index `ts`."""
        import pandas as pd

        ours, theirs = self.ours.equity["equity"].iloc[1:], self.theirs.equity["equity"]
        return pd.DataFrame({"ours": ours, "theirs": theirs, "difference": ours - theirs})


def compare_with_vectorbt(
    strategy: Strategy, data: str | Bars | History, **options: Unpack[OptionArguments]
) -> VectorbtParity:
    """Run a strategy here and in vectorbt under ``rules="vectorbt"``, and return both accounts.

    vectorbt gets the same decisions a bar later, ``price`` the open,
    ``stop_entry_price="fillprice"`` and ``stop_exit_price="stopmarket"``. The
    options that parity needs (`weight` 1, no lots, no rounding and so on) are set.

    Parameters
    ----------
    strategy : Strategy
        Whose decisions are one code per bar, without sizes or orders of its own.
    data : str, Bars or History
        One symbol.
    **options
        `costs`, `initial_capital`, `stop_loss` or `trailing_stop`, and `take_profit`.

    Returns
    -------
    VectorbtParity
        Our run is a trial of the ledger, as any other.

    Raises
    ------
    ConfigError
        If an option or the strategy has no counterpart in vectorbt.
    DataError
        If the share was split or paid dividends in the period.
    MissingDependencyError
        If vectorbt is not installed.

    Examples
    --------
    >>> import investiq as iq
    >>> parity = iq.compare_with_vectorbt(
    ...     iq.strategies.Crossover(fast=5, slow=20), "^GSPC", costs=iq.Costs(), trailing_stop=0.03
    ... )  # doctest: +SKIP
    >>> parity.agrees  # doctest: +SKIP
    True
    """
    vectorbt = open_vectorbt("a comparison with vectorbt")
    if not isinstance(strategy, Strategy):
        raise ConfigError(f"strategy must be a Strategy such as iq.strategies.Crossover(), was {strategy!r}")
    defaults = {**CHOICES, "zero_volume": "ignore", "confidence_threshold": 0.0, "rules": "vectorbt"}
    chosen: Any = {**defaults, **strategy.run_options, **options}
    run_options = options_of(chosen)
    check_expressible(run_options)
    bars = checked_bars(data, "no_errors")
    plan = plan_of(strategy, bars)
    if not isinstance(plan, Decisions):
        raise ConfigError(
            f"{strategy.name} has sizes, confidences or orders of its own, which vectorbt gets none of; compare a strategy "
            "that only decides"
        )
    if has_actions(bars):
        raise DataError(f"{bars.symbol} was split or paid dividends in the period, which vectorbt knows nothing of")
    ours = backtest(strategy, bars, **chosen)
    theirs = _portfolio_of(vectorbt, bars, plan.codes, run_options)
    return VectorbtParity(ours=ours, theirs=from_vectorbt(theirs, bars), notes=ours.notes)


def _portfolio_of(vectorbt: Any, bars: Bars, codes: Any, options: RunOptions) -> Any:
    import pandas as pd

    before = np.concatenate(([0], codes[:-1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        portfolio = vectorbt.Portfolio.from_signals(
            np.array(bars.close),
            before == BUY,
            # Of a buy and a sell at one close, the one that reduces the position counts.
            (before == SELL) | (before == BOTH),
            price=np.array(bars.open),
            open=np.array(bars.open),
            high=np.array(bars.high),
            low=np.array(bars.low),
            sl_stop=options.stop_loss or options.trailing_stop or np.nan,
            sl_trail=options.trailing_stop is not None,
            tp_stop=options.take_profit or np.nan,
            stop_entry_price="fillprice",
            stop_exit_price="stopmarket",
            fees=options.costs.commission_rate,
            slippage=options.costs.slippage_rate,
            init_cash=options.initial_capital,
        )
        # It compiles anew for series, whose arrays cannot be written to: the labels come afterwards.
        freq = pd.Timedelta(minutes=INTERVAL_MINUTES[bars.interval])
        labels = portfolio.wrapper.replace(index=bars.index, columns=pd.Index([bars.symbol]), freq=freq)
        return portfolio.replace(wrapper=labels)
