"""Buy far below the mean, sell near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from investiq.core.errors import ConfigError
from investiq.engines.probabilistic.filtering import FILTER_BARS
from investiq.engines.probabilistic.regimes import Regime
from investiq.strategies.base import Column, Rule, Strategy, positive, whole_bars
from investiq.strategies.regimes import regime_bits, regime_names

if TYPE_CHECKING:
    from investiq.execution.options import OptionArguments

__all__ = ["MeanReversion"]


@dataclass(frozen=True, kw_only=True)
class MeanReversion(Strategy):
    """Buy a close far below its mean, in deviations; sell when it has come back.

    With ``z = (close - mean) / deviation`` of the last `window` closes (population
    deviation): buy on the first bar with ``z <= entry`` in a regime of `regimes`;
    sell when ``z >= exit``, or when the closes do not vary and z is undefined.

    Parameters
    ----------
    window : int, default 20
        Bars of mean and deviation, the current one included.
    entry, exit : float, default -2.0 and -0.5
        In deviations; entry below exit.
    regimes : tuple of str, default ("calm", "sideways", "trend_up")
        Where entries are allowed, see `regimes.regime_codes`.
    regime_window : int, default 20
    atr_multiple : float, default 1.5
        Distance of the stop in average true ranges of 14 bars.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Examples
    --------
    >>> import investiq as iq
    >>> iq.strategies.MeanReversion(entry=-1.5).run_options
    {'atr_stop': 1.5}
    """

    window: int = 20
    entry: float = -2.0
    exit: float = -0.5
    regimes: tuple[Regime, ...] = ("calm", "sideways", "trend_up")
    regime_window: int = 20
    atr_multiple: float = 1.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "regimes", regime_names(self.regimes))
        whole_bars(self.name, "window", self.window, least=2)
        whole_bars(self.name, "regime_window", self.regime_window, least=2)
        positive(self.name, atr_multiple=self.atr_multiple)
        if not self.entry < self.exit:
            raise ConfigError(
                f"{self.name}: entry must be below exit, were entry={self.entry!r} and exit={self.exit!r}; "
                "both are deviations from the mean, such as -2.0 and -0.5"
            )

    @property
    def warmup(self) -> int:
        """One bar more than z-score and regime need, as an entry is the first bar of its state."""
        return max(self.window - 1, self.regime_window, FILTER_BARS) + 1

    @property
    def run_options(self) -> OptionArguments:
        """The stop."""
        return {"atr_stop": self.atr_multiple}

    def columns(self) -> tuple[Column, ...]:
        """Return z-score and regime."""
        return Column("zscore", (self.window,)), Column("regime", (self.regime_window,))

    @property
    def rule(self) -> Rule:
        """The compiled rule."""
        from investiq.strategies import rules

        rule: Rule = rules.mean_reversion
        return rule

    def rule_parameters(self) -> tuple[float, ...]:
        """Return entry, exit, the regimes as bits, and the first bar on which z can be undefined."""
        return self.entry, self.exit, regime_bits(self.regimes), float(self.window - 1)
