"""The options of a run: every choice of the bar semantics that a user can make, recorded with the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypedDict, get_args, get_type_hints

from investiq.core.errors import ConfigError, near_matches
from investiq.execution.costs import Costs
from investiq.execution.option_checks import NAMES_ELSEWHERE, check_types

__all__ = ["FRACTIONAL_LOT", "VECTORBT_RULES", "OptionArguments", "RegimeSizing", "Rules", "RunOptions", "options_of"]

FRACTIONAL_LOT: Final = 1e-6

Rules = Literal["exact", "vectorbt"]

# The choices in which `Portfolio.from_signals` of vectorbt differs from the defaults.
VECTORBT_RULES: Final[Mapping[str, Any]] = {
    "limit_fill": "touch",
    "target_slippage": True,
    "open_beyond_target": "stop_first",
    "stop_from": "next_bar",
    "level_order": "levels_first",
    "trail_entry_bar": False,
    "level_rounding": None,
}


@dataclass(frozen=True, kw_only=True)
class RegimeSizing:
    """Sizes that follow the volatility of the traded symbol.

    The annualised volatility of the last `window` daily returns decides: above
    `high` sizes are multiplied by `high_multiplier`, below `low` by
    `low_multiplier`. It is taken anew every `every` bars at a close, and used
    from the next bar on.
    """

    window: int = 60
    high: float = 0.30
    low: float = 0.15
    high_multiplier: float = 0.5
    low_multiplier: float = 1.5
    every: int = 20
    least: int = 5

    def __post_init__(self) -> None:
        check_types(self)
        if not 0 <= self.low <= self.high:
            raise ConfigError(
                f"low and high are annual volatilities with 0 <= low <= high, were {self.low}, {self.high}"
            )
        if self.window < self.least or self.least < 2 or self.every < 1:
            raise ConfigError(
                f"expected window >= least >= 2 and every >= 1, were {self.window}, {self.least} and {self.every}"
            )
        if not (self.high_multiplier >= 0 and self.low_multiplier >= 0):
            raise ConfigError(
                f"multipliers must be >= 0, were {self.high_multiplier} (high) and {self.low_multiplier} (low)"
            )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How signals become fills.

    Attributes
    ----------
    initial_capital : float, default 100,000
        Starting cash, USD.
    weight : float, default 0.10
        Share of equity that an entry is sized to, in (0, margin].
    size_at : {"prior_close", "open"}, default "prior_close"
        Equity and price that fix the quantity: those of the deciding close, or
        those of the open that is traded (a notional order).
    lot : float or None, default 1
        Quantities are floored to it; 1e-6 for fractional shares, None for no rounding.
    posting_rounding : float or None, default 0.01
        Every cash amount is rounded half-even to it.
    level_rounding : float or None, default 1e-6
        Stop, target, trail and limit prices are rounded to it.
    tick_size : float or None, default None
        Fill prices are rounded to it against the trader; levels too.
    min_notional : float, default 0
        An order for less money is not placed.
    costs : Costs

    fill : {"next_open", "same_close"}, default "next_open"
        ``"same_close"`` fills target weights at the close that decided them:
        for parity with other engines only, and flagged in the result.
    limit_fill : {"through", "touch"}, default "through"
        Whether a limit or target must be traded through, or only touched.
    limit_gap : {"open", "limit"}, default "open"
        Price of a limit that the open has passed.
    target_slippage : bool, default False
        Whether targets pay slippage as stops do.
    open_beyond_target : {"first", "stop_first"}, default "first"
        Whether an open beyond the target beats a stop inside that bar.
    stop_from : {"entry_bar", "next_bar"}, default "entry_bar"
        First bar in which the levels of a position act.
    level_order : {"open_first", "levels_first"}, default "open_first"
        Whether a level met inside a bar beats a signal exit due at its open.
    both_inside : {"stop", "target"}, default "stop"
        Which of two levels inside one bar is taken.
    insufficient : {"reduce", "reject"}, default "reduce"
        What happens to an entry beyond the buying power.
    confidence_threshold : float, default 0.5
        Signals below it are dropped; equality passes.
    limit_expiry : int, default 5
        Bars in which a resting order lives.

    stop_loss, take_profit : float or None
        Distance from the entry fill as a fraction of it, slippage included.
    trailing_stop : float or None
        Distance from the extreme since entry, as a fraction of it.
    trail_entry_bar : bool, default True
        Whether the entry bar's extreme counts.
    atr_stop, atr_target, atr_trail : float or None
        The same distances in multiples of the average true range of the bar before
        the fill (stop and target) or of the last close (trail).
    atr_window : int, default 14
    atr_method : {"wilder", "sma"}, default "wilder"
    hold_bars : int or None, default None
        A position is sold at the open of this many bars after its entry.

    allow_short : bool, default False
        Whether a sell while flat opens a short.
    reverse : bool, default False
        Whether an opposite signal also opens the other side.
    max_entries : int, default 1
        Entries that one position may be built from (pyramiding).
    max_positions : int or None, default None
        Positions held at once.
    margin : float, default 1.0
        Gross exposure allowed, as a multiple of equity; 1 is a cash account.
    debit_rate : float or None, default None
        Annual rate on borrowed cash, ACT/360; required where margin > 1.
    maintenance_long, maintenance_short : float or None, default 0.25 and 0.30
        Equity below this share of the positions' value at a close is a margin call;
        None for neither.
    borrow_rate : float, default 0.003
        Annual fee on short market value, ACT/360.
    cash_sweep_rate : float, default 0
        Annual rate earned by free cash.
    interest_day_count : {"act/365", "act/360", "bus/252"}, default "act/365"
    settlement : {"instant", "t+1"}, default "instant"
        Whether proceeds of a sale can be spent at once or from the next session on.

    symbol_weights : mapping of str to float, optional
        Target weights of a rebalanced portfolio.
    rebalance : int, "month_start" or None, default None
        Every so many bars, or at the first session of each month.
    band : float, default 0.05
        A weight within this distance of its target is left alone.

    max_volume_participation : float or None, default 0.05
        Fills of a symbol in a bar are at most this share of its volume.
    volume_basis : {"bar", "adv20"}, default "bar"
        ``"adv20"`` also caps opening fills by the average of the 20 bars before.
    zero_volume : {"no_fill", "ignore"}, default "no_fill"
        Whether a bar with zero volume can fill an order.
    entry_residual : {"cancel", "carry"}, default "cancel"
        What happens to the part of a market entry that the volume did not allow.

    max_drawdown_halt : float or None, default None
        A drawdown of this fraction at a close blocks entries from the next bar on.
    halt_policy : {"block", "flatten"}, default "block"
    halt_reset_bars : int or None, default None
        Bars after which entries are allowed again; None for never.
    halt_reset_drawdown : float or None, default None
        Drawdown at or below which entries are allowed again; None for never.
    regime_sizing : RegimeSizing or None, default None
    max_entries_per_day : int or None, default None
    entry_hours : (float, float) or None, default None
        Local hours of the exchange ``[from, to)`` in which entries may fill.

    end : {"liquidate", "mark"}, default "liquidate"
        Whether open positions are sold at the last close.
    delisting_return : float, default -0.30
        Settles a position after its symbol's last bar [1]_.

    Raises
    ------
    ConfigError
        If a value is out of range, or two contradict each other.

    References
    ----------
    .. [1] Shumway, T. (1997). The delisting bias in CRSP data. J. of Finance 52(1).
    """

    initial_capital: float = 100_000.0
    weight: float = 0.10
    size_at: Literal["prior_close", "open"] = "prior_close"
    lot: float | None = 1.0
    posting_rounding: float | None = 0.01
    level_rounding: float | None = 1e-6
    tick_size: float | None = None
    min_notional: float = 0.0
    costs: Costs = field(default_factory=Costs)

    fill: Literal["next_open", "same_close"] = "next_open"
    limit_fill: Literal["through", "touch"] = "through"
    limit_gap: Literal["open", "limit"] = "open"
    target_slippage: bool = False
    open_beyond_target: Literal["first", "stop_first"] = "first"
    stop_from: Literal["entry_bar", "next_bar"] = "entry_bar"
    level_order: Literal["open_first", "levels_first"] = "open_first"
    both_inside: Literal["stop", "target"] = "stop"
    insufficient: Literal["reduce", "reject"] = "reduce"
    confidence_threshold: float = 0.5
    limit_expiry: int = 5

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    trail_entry_bar: bool = True
    atr_stop: float | None = None
    atr_target: float | None = None
    atr_trail: float | None = None
    atr_window: int = 14
    atr_method: Literal["wilder", "sma"] = "wilder"
    hold_bars: int | None = None

    allow_short: bool = False
    reverse: bool = False
    max_entries: int = 1
    max_positions: int | None = None
    margin: float = 1.0
    debit_rate: float | None = None
    maintenance_long: float | None = 0.25
    maintenance_short: float | None = 0.30
    borrow_rate: float = 0.003
    cash_sweep_rate: float = 0.0
    interest_day_count: Literal["act/365", "act/360", "bus/252"] = "act/365"
    settlement: Literal["instant", "t+1"] = "instant"

    symbol_weights: Mapping[str, float] | None = None
    rebalance: int | Literal["month_start"] | None = None
    band: float = 0.05

    max_volume_participation: float | None = 0.05
    volume_basis: Literal["bar", "adv20"] = "bar"
    zero_volume: Literal["no_fill", "ignore"] = "no_fill"
    entry_residual: Literal["cancel", "carry"] = "cancel"

    max_drawdown_halt: float | None = None
    halt_policy: Literal["block", "flatten"] = "block"
    halt_reset_bars: int | None = None
    halt_reset_drawdown: float | None = None
    regime_sizing: RegimeSizing | None = None
    max_entries_per_day: int | None = None
    entry_hours: tuple[float, float] | None = None

    end: Literal["liquidate", "mark"] = "liquidate"
    delisting_return: float = -0.30

    def __post_init__(self) -> None:
        check_types(self)
        if self.symbol_weights is not None:
            object.__setattr__(self, "symbol_weights", _FrozenWeights(self.symbol_weights))
        self._check_words()
        self._check_amounts()
        self._check_levels()
        self._check_margin()

    def _check_words(self) -> None:
        for name, known in _WORDS.items():
            value = getattr(self, name)
            if value not in known:
                elsewhere = (
                    '; the last day is that of the bars: iq.load_bars(symbol, end="2020")' if name == "end" else ""
                )
                raise ConfigError(f"{name} must be {' or '.join(map(repr, known))}, was {value!r}{elsewhere}")
        if self.rebalance in (None, "month_start"):
            return
        if isinstance(self.rebalance, str) or self.rebalance < 1:
            raise ConfigError(f"rebalance must be a number of bars >= 1 or 'month_start', was {self.rebalance!r}")

    def _check_amounts(self) -> None:
        if not (self.initial_capital > 0 and math.isfinite(self.initial_capital)):
            raise ConfigError(f"initial_capital must be a positive amount, was {self.initial_capital}")
        for name in ("lot", "posting_rounding", "level_rounding", "tick_size"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"{name} must be positive, or None for no rounding, was {value}")
        for name in ("min_notional", "borrow_rate", "band"):
            value = getattr(self, name)
            if not (value >= 0 and math.isfinite(value)):
                raise ConfigError(f"{name} must be >= 0, was {value}")
        for name in ("limit_expiry", "atr_window", "max_entries"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, was {getattr(self, name)}")
        for name in ("hold_bars", "max_positions", "halt_reset_bars", "max_entries_per_day"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, or None for none, was {value}")
        if not 0 <= self.confidence_threshold <= 1:
            raise ConfigError(f"confidence_threshold must lie in [0, 1], was {self.confidence_threshold}")
        if not -1 <= self.delisting_return <= 1:
            raise ConfigError(f"delisting_return must lie in [-1, 1] as a fraction, was {self.delisting_return}")
        if not math.isfinite(self.cash_sweep_rate):
            raise ConfigError(f"cash_sweep_rate must be an annual fraction, was {self.cash_sweep_rate}")
        for name in ("max_volume_participation", "max_drawdown_halt"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ConfigError(f"{name} must lie in (0, 1] as a fraction, or be None for none, was {value}")
        if self.entry_hours is not None and not 0 <= self.entry_hours[0] < self.entry_hours[1] <= 24:
            raise ConfigError(f"entry_hours must be (from, to) with 0 <= from < to <= 24, was {self.entry_hours}")

    def _check_levels(self) -> None:
        for name in ("stop_loss", "trailing_stop"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise ConfigError(f"{name} must lie in (0, 1) as a fraction (0.05 is 5 %), was {value}")
        for name in ("take_profit", "atr_stop", "atr_target", "atr_trail"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                what = "as a fraction (0.10 is 10 %)" if name == "take_profit" else "as a multiple of the range"
                raise ConfigError(f"{name} must be positive {what}, was {value}")
        for fixed, ranged in _DISTANCES:
            if getattr(self, fixed) is not None and getattr(self, ranged) is not None:
                raise ConfigError(
                    f"{fixed} and {ranged} are two distances of one level, were {getattr(self, fixed)} and "
                    f"{getattr(self, ranged)}; choose one"
                )

    def _check_margin(self) -> None:
        if not (self.margin >= 1 and math.isfinite(self.margin)):
            raise ConfigError(f"margin must be >= 1 (1 is a cash account, 2 Regulation T overnight), was {self.margin}")
        if not 0 < self.weight <= self.margin:
            raise ConfigError(
                f"weight must lie in (0, {self.margin:g}] (1.0 is all of the equity), margin being the limit, was {self.weight}"
            )
        if self.margin > 1 and self.debit_rate is None:
            raise ConfigError(
                f"debit_rate is required where margin is above 1 (was {self.margin:g}): borrowed cash is not free; "
                "give the annual rate, or write 0.0"
            )
        if self.debit_rate is not None and not (self.debit_rate >= 0 and math.isfinite(self.debit_rate)):
            raise ConfigError(f"debit_rate must be an annual fraction >= 0, was {self.debit_rate}")
        for name in ("maintenance_long", "maintenance_short"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise ConfigError(f"{name} must lie in (0, 1) as a fraction, or be None for none, was {value}")
        if self.symbol_weights is not None:
            for symbol, share in self.symbol_weights.items():
                if not math.isfinite(share):
                    raise ConfigError(
                        f"symbol_weights of {symbol} must be a finite share of equity, was {share}; write 0.0 for none"
                    )
            gross = math.fsum(abs(weight) for weight in self.symbol_weights.values())
            if gross > self.margin * (1 + 1e-9):
                raise ConfigError(
                    f"symbol_weights add up to {gross:g} of the equity, more than the margin of {self.margin:g} allows; "
                    "scale them down or raise margin"
                )


class _FrozenWeights(dict[str, float]):
    """A mapping that can be hashed, so that options can be."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict is unhashable because it changes; this one does not
        return hash(tuple(sorted(self.items())))


_DISTANCES: Final = (("stop_loss", "atr_stop"), ("take_profit", "atr_target"), ("trailing_stop", "atr_trail"))
_SIBLINGS: Final = {**dict(_DISTANCES), **{ranged: fixed for fixed, ranged in _DISTANCES}}

_WORDS: Final = {
    name: get_args(kind)
    for name, kind in get_type_hints(RunOptions).items()
    if getattr(kind, "__origin__", None) is Literal
}


class OptionArguments(TypedDict, total=False):
    """The options of a run as keyword arguments; see `RunOptions`."""

    rules: Rules
    initial_capital: float
    weight: float
    size_at: Literal["prior_close", "open"]
    lot: float | None
    posting_rounding: float | None
    level_rounding: float | None
    tick_size: float | None
    min_notional: float
    costs: Costs
    fill: Literal["next_open", "same_close"]
    limit_fill: Literal["through", "touch"]
    limit_gap: Literal["open", "limit"]
    target_slippage: bool
    open_beyond_target: Literal["first", "stop_first"]
    stop_from: Literal["entry_bar", "next_bar"]
    level_order: Literal["open_first", "levels_first"]
    both_inside: Literal["stop", "target"]
    insufficient: Literal["reduce", "reject"]
    confidence_threshold: float
    limit_expiry: int
    stop_loss: float | None
    take_profit: float | None
    trailing_stop: float | None
    trail_entry_bar: bool
    atr_stop: float | None
    atr_target: float | None
    atr_trail: float | None
    atr_window: int
    atr_method: Literal["wilder", "sma"]
    hold_bars: int | None
    allow_short: bool
    reverse: bool
    max_entries: int
    max_positions: int | None
    margin: float
    debit_rate: float | None
    maintenance_long: float | None
    maintenance_short: float | None
    borrow_rate: float
    cash_sweep_rate: float
    interest_day_count: Literal["act/365", "act/360", "bus/252"]
    settlement: Literal["instant", "t+1"]
    symbol_weights: Mapping[str, float] | None
    rebalance: int | Literal["month_start"] | None
    band: float
    max_volume_participation: float | None
    volume_basis: Literal["bar", "adv20"]
    zero_volume: Literal["no_fill", "ignore"]
    entry_residual: Literal["cancel", "carry"]
    max_drawdown_halt: float | None
    halt_policy: Literal["block", "flatten"]
    halt_reset_bars: int | None
    halt_reset_drawdown: float | None
    regime_sizing: RegimeSizing | None
    max_entries_per_day: int | None
    entry_hours: tuple[float, float] | None
    end: Literal["liquidate", "mark"]
    delisting_return: float


def options_of(arguments: Mapping[str, Any], asked: Mapping[str, Any] | None = None) -> RunOptions:
    """Return the options that keyword arguments name; ``rules="vectorbt"`` sets the choices of `VECTORBT_RULES`.

    Parameters
    ----------
    arguments : mapping
        What the user gives.
    asked : mapping, optional
        What a strategy asks for; the user's own win, also one that takes the place
        of another: a `stop_loss` that of an `atr_stop`.

    Raises
    ------
    ConfigError
        If an option is unknown, or contradicts the rules.
    """
    replaced = {_SIBLINGS.get(name) for name, value in arguments.items() if value is not None}
    chosen = {name: value for name, value in (asked or {}).items() if name not in replaced} | dict(arguments)
    rules = chosen.pop("rules", "exact")
    if rules not in get_args(Rules):
        raise ConfigError(f"rules must be 'exact' or 'vectorbt', was {rules!r}")
    known = [each.name for each in fields(RunOptions)]
    for name in chosen:
        if name not in known:
            if name in NAMES_ELSEWHERE:
                raise ConfigError(f"no option is called {name!r}; instead: {NAMES_ELSEWHERE[name]}")
            raise ConfigError(f"no option is called {name!r}{near_matches(name, known)}; see iq.RunOptions")
    if rules == "vectorbt":
        for name, value in VECTORBT_RULES.items():
            if chosen.setdefault(name, value) != value:
                raise ConfigError(f"rules='vectorbt' means {name}={value!r}, was {chosen[name]!r}; leave it out")
    return RunOptions(**chosen)
