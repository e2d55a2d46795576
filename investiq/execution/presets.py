"""Options under a name: the settings of earlier systems whose published runs one may want to repeat."""

from __future__ import annotations

import math
from typing import Literal, get_args

from investiq.core.errors import ConfigError, near_matches
from investiq.execution.costs import Costs, MarketImpact, PerShareFees
from investiq.execution.options import OptionArguments

__all__ = ["PresetName", "preset"]

PresetName = Literal["seed000_quick", "seed001", "seed003", "seed004", "seed004_costs", "sweep003"]


def preset(name: PresetName) -> OptionArguments:
    """Return the options of a preset, as keywords of `iq.backtest` and `iq.sweep`.

    What a preset leaves out keeps its default. To change one of its options,
    ``{**iq.preset("seed001"), "entry_hours": None}``.

    Parameters
    ----------
    name : str
        =================  ======================================================================
        ``seed000_quick``  10,000 USD, entries of 95 % of the equity, stop 5 %, target 15 %, confidence
                           from 0.5, commission 0.1 %, slippage 0.05 %, at most 5 % of a bar's volume.
        ``seed001``        10,000 USD, 10 %, stop 2 %, target 4 %, commission 0.1 %, slippage 0.05 %, at
                           most 10 entries a day, from 9 to 16 o'clock of the exchange: intraday bars.
        ``seed003``        100,000 USD, slippage 1 bp, no commission, a stop at twice the average range.
        ``seed004``        Long and short with each side at the whole equity, nothing costs anything.
        ``seed004_costs``  The same with 1,000,000 USD, slippage 5 bps and market impact of 0.1.
        ``sweep003``       Slippage 2 bps, 0.001 USD a share, no order below 200 USD.
        =================  ======================================================================

    Returns
    -------
    dict
        One of your own, to change as you like.

    Raises
    ------
    ConfigError
        If there is no such preset.

    Notes
    -----
    Some of the settings are no options of a run, and are yours to bring:

    - the data of ``seed000_quick`` are the last 365 days and at least 50 bars;
    - ``seed003`` risks 3 % of the equity on each trade:
      ``Sized(strategy=..., sizer=RiskSize(risk=0.03, atr_multiple=2))``;
    - ``seed004`` holds the best three and the worst three of the symbols, each side
      in equal parts, anew each day: with 15 to 19 symbols, of whose fifths it takes the outer two,
      ``AlphaPortfolio(method="quantile", long_only=False, leverage=2.0, every="day")``;
    - ``sweep003`` stakes 0.4 of Kelly's fraction: ``Sized(..., sizer=KellySize(payoff=..., fraction=0.4))``.

    Their rules of fills were others, and partly wrong (fills at the close that
    decided them, stops tested on closes only): the numbers of such runs do not
    come back, their settings do.

    Examples
    --------
    >>> preset("sweep003")["min_notional"]
    200.0
    >>> import investiq as iq
    >>> result = iq.backtest(iq.strategies.Crossover(), "^GSPC", **iq.preset("seed000_quick"))
    >>> result.options.take_profit, result.options.costs.describe()
    (0.15, '0.1 % commission, 5 bps slippage, each side')
    """
    if name not in (known := get_args(PresetName)):
        raise ConfigError(f"no preset is called {name!r}{near_matches(str(name), known)}; there are {', '.join(known)}")
    match name:
        case "seed000_quick":
            return {
                "initial_capital": 10_000.0,
                "weight": 0.95,
                "stop_loss": 0.05,
                "take_profit": 0.15,
                "confidence_threshold": 0.5,
                "costs": Costs(commission_rate=0.001, slippage_bps=5.0),
                "max_volume_participation": 0.05,
            }
        case "seed001":
            return {
                "initial_capital": 10_000.0,
                "weight": 0.10,
                "stop_loss": 0.02,
                "take_profit": 0.04,
                "costs": Costs(commission_rate=0.001, slippage_bps=5.0),
                "max_entries_per_day": 10,
                "entry_hours": (9.0, 16.0),
            }
        case "seed003":
            return {
                "initial_capital": 100_000.0,
                "atr_stop": 2.0,
                "costs": Costs(commission_rate=0.0, slippage_bps=1.0),
            }
        case "seed004":
            return {**_BOTH_SIDES, "costs": Costs(commission_rate=0.0, slippage_bps=0.0)}
        case "seed004_costs":
            impact = MarketImpact(coefficient=0.1)
            return {
                **_BOTH_SIDES,
                "initial_capital": 1_000_000.0,
                "costs": Costs(commission_rate=0.0, slippage_bps=5.0, impact=impact),
            }
        case "sweep003":
            fees = PerShareFees(tiers=((math.inf, 0.001),))
            return {"costs": Costs(slippage_bps=2.0, per_share=fees), "min_notional": 200.0}


# Three longs and three shorts of a third each are twice the equity, borrowed for nothing and traded to the weight each day, as there.
# Sales come before purchases, so that three new shorts may stand beside the three that are about to be covered.
_BOTH_SIDES: OptionArguments = {
    "allow_short": True,
    "margin": 4.0,
    "debit_rate": 0.0,
    "borrow_rate": 0.0,
    "band": 0.0,
}
