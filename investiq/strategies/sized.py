"""`Sized`: a strategy whose entries have the size that a sizer gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from investiq.core.errors import ConfigError
from investiq.core.orders import Signal
from investiq.strategies.base import FloatArray
from investiq.strategies.sizing import Sizer
from investiq.strategies.wrapping import Wrapper

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments
    from investiq.history.bars import Bars

__all__ = ["Sized"]


@dataclass(frozen=True, kw_only=True)
class Sized(Wrapper):
    """A strategy whose entries have the size that a sizer gives; the decisions stay.

    Parameters
    ----------
    strategy : Strategy
    sizer : Sizer

    Raises
    ------
    ConfigError
        If both ask for the same option, such as a stop, with different values.

    Notes
    -----
    Every size is followed by the run's buying power. An entry whose size is not
    known, or 0, is not made. Fixed shares and money cannot be said as shares of
    equity: `sizes` is None for them, and `signals` carries them.

    Examples
    --------
    >>> import investiq as iq
    >>> from investiq.strategies import Breakout, RegimeSize, RiskSize, Sized
    >>> by_risk = Sized(strategy=Breakout(), sizer=RiskSize(risk=0.01))
    >>> round(by_risk.signals(iq.load_bars("^GSPC"))[0].weight, 3)
    0.336
    >>> Sized(strategy=by_risk, sizer=RegimeSize()).warmup
    55
    """

    sizer: Sizer

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.sizer, Sizer):
            raise ConfigError(f"Sized: sizer must be a Sizer such as RiskSize(risk=0.03), was {self.sizer!r}")
        if isinstance(self.strategy, Sized) and {self.sizer.unit, self.strategy.sizer.unit} != {"weight"}:
            raise ConfigError(
                "Sized: fixed shares or money cannot be combined with another size; size the strategy once"
            )
        wanted = self.strategy.run_options
        for name, value in self.sizer.run_options.items():
            if wanted.get(name, value) != value:
                raise ConfigError(
                    f"Sized: {self.strategy.name} asks for {name}={wanted.get(name)!r} and the sizer for {value!r}; "
                    "the loss at the stop is what the size rests on, so give both the same"
                )

    @property
    def run_options(self) -> OptionArguments:
        """Those of the strategy and of the sizer."""
        return {**self.sizer.run_options, **self.strategy.run_options}

    @property
    def has_own_orders(self) -> bool:
        """Whether sizes are shares or money, or the strategy within sets orders."""
        return self.sizer.unit != "weight" or self.strategy.has_own_orders

    def sizes(self, bars: Bars) -> FloatArray | None:
        """Return the shares of equity; None for sizes in shares or money."""
        return self.sizer.amounts(self.strategy, bars) if self.sizer.unit == "weight" else None

    def signals(self, bars: Bars) -> list[Signal]:
        """Return the orders of the strategy with the sizes of the sizer."""
        if not self.has_own_orders:
            return super().signals(bars)
        amounts = self.sizer.amounts(self.strategy, bars)
        none: dict[str, float | None] = {"weight": None, "quantity": None, "notional": None}
        closes_only = "sell" if not self.run_options.get("allow_short", False) else None
        return [
            replace(signal, **(none | ({self.sizer.unit: float(size)} if size > 0 else {})))  # type: ignore[arg-type]
            for signal in self.strategy.signals(bars)
            if (size := amounts[signal.bar]) > 0 or signal.side == closes_only
        ]
