"""What the backtest lab is asked for, and the runs that answer it: no widget here."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_type_hints

from investiq.core.errors import ConfigError
from investiq.widgets.controls import value_of, words

if TYPE_CHECKING:
    import investiq as iq
    from investiq.backtesting.result import BacktestResult
    from investiq.backtesting.sweep_plan import SweepPlan
    from investiq.backtesting.sweep_result import SweepResult
    from investiq.backtesting.walk_forward_result import WalkForward
    from investiq.strategies.base import Strategy

__all__ = ["LOTS", "PRESETS", "SETTINGS", "LabRequest", "Setting", "Walk", "axis_values", "number_of", "preset_texts"]

LOTS: Final[dict[str, float | None]] = {
    "fractions": None,
    "1 share": 1.0,
    "10 shares": 10.0,
    "100 shares": 100.0,
}
# Settings of earlier systems that the fields of the lab, and options without a field, can repeat.
PRESETS: Final = ("seed000_quick", "seed001", "seed003")
# More values of one axis are a mistake in typing; more cells are told by the plan.
_MOST_VALUES: Final = 2_000
_RANGE: Final = re.compile(r"^\s*([^:\s]+)\s*:\s*([^:\s]+)\s*(?::\s*([^:\s]+)\s*)?$")


class Setting(NamedTuple):
    """A number of the form.

    Attributes
    ----------
    name : str
        Option of `iq.backtest`, or field of `iq.Costs`.
    label : str
        With the unit in which it is typed.
    typed : str
        What stands there first.
    per_unit : float
        The option's own value of one typed unit: 0.01 of a percent.
    low, high : float
        Bounds in typed units: ``low <= value <= high``; a `low` of 0 is outside unless `has_zero`.
    has_zero, is_optional : bool
    tooltip : str
    """

    name: str
    label: str
    typed: str
    per_unit: float
    low: float
    high: float
    has_zero: bool
    is_optional: bool
    tooltip: str


SETTINGS: Final = (
    Setting("commission_rate", "Commission, bps", "10", 1e-4, 0, 9_999, True, False,
            "Of the traded value, each side; 10 is 0.1 %"),
    Setting("slippage_bps", "Slippage, bps", "5", 1.0, 0, 9_999, True, False,
            "Against the trader on market and stop fills, each side"),
    Setting("initial_capital", "Capital, USD", "100000", 1.0, 0, 1e12, False, False, "Cash at the opening"),
    Setting("weight", "Weight, %", "100", 0.01, 0, 100, False, False, "Share of the equity that an entry is sized to"),
    Setting("stop_loss", "Stop, %", "", 0.01, 0, 99.99, False, True,
            "Below the entry price; empty: that of the strategy, if it has one"),
    Setting("take_profit", "Target, %", "", 0.01, 0, 10_000, False, True,
            "Above the entry price; empty: that of the strategy, if it has one"),
    Setting("trailing_stop", "Trail, %", "", 0.01, 0, 99.99, False, True,
            "Below the highest price since the entry; empty: that of the strategy, if it has one"),
)  # fmt: skip
_COSTS: Final = ("commission_rate", "slippage_bps")
_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Windows of a walk-forward: `folds`, or `train` and `test` in bars."""

    folds: int | None = 5
    train: int | None = None
    test: int | None = None
    scheme: Literal["rolling", "anchored"] = "rolling"
    purge: int = 0


@dataclass(frozen=True, kw_only=True)
class LabRequest:
    """What the form said when a button was pressed.

    Attributes
    ----------
    symbol : str
    start, end : date, optional
        First and last session, both inclusive.
    make_strategy : callable
        Returns the strategy, or raises what is wrong with its parameters.
    entered : mapping of str to str
        Texts of `SETTINGS` by name, as typed.
    lot : str
        A key of `LOTS`.
    extra : mapping
        Options of a preset that have no field.
    """

    symbol: str
    start: date | None
    end: date | None
    make_strategy: Callable[[], Strategy]
    entered: Mapping[str, str]
    lot: str = "fractions"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> iq.Bars:
        """Return the bars of the range."""
        import investiq as iq

        return iq.load_bars(self.symbol, *(None if day is None else day.isoformat() for day in (self.start, self.end)))

    def options(self, strategy: Strategy) -> dict[str, Any]:
        """Return the options of the run; what `strategy` has as a parameter of its own is left to it.

        Raises
        ------
        ConfigError
            If a number cannot be used; no other value takes its place.
        """
        import investiq as iq

        numbers = {name: number_of(setting, self.entered[name]) for name, setting in _BY_NAME.items()}
        given = dict(self.extra)
        given["costs"] = dataclasses.replace(
            given.get("costs", iq.Costs()), **{name: numbers.pop(name) for name in _COSTS}
        )
        given |= {name: number for name, number in numbers.items() if number is not None}
        given["lot"] = LOTS[self.lot]
        own = set(_parameters_of(strategy))
        return {name: value for name, value in given.items() if name not in own}

    def run(self, bars: iq.Bars) -> BacktestResult:
        """Return the run of the strategy on `bars`.

        Raises
        ------
        ConfigError
            If a number or a parameter of the strategy cannot be used.
        """
        import investiq as iq

        strategy = self.make_strategy()
        return iq.backtest(strategy, bars, **self.options(strategy))

    def sweep(self, bars: iq.Bars, axes: Mapping[str, str]) -> SweepResult:
        """Return the cells of `axes`, texts such as ``"10:60:5"`` by name; all else stands as in the form."""
        import investiq as iq

        strategy, arguments = self._arguments(axes)
        found: SweepResult = iq.sweep(strategy, bars, estimate=False, **arguments)
        return found

    def plan(self, bars: iq.Bars, axes: Mapping[str, str]) -> SweepPlan:
        """Return what that sweep would cost."""
        import investiq as iq

        strategy, arguments = self._arguments(axes)
        return iq.sweep(strategy, bars, estimate=True, **arguments)

    def walk_forward(self, bars: iq.Bars, axes: Mapping[str, str], walk: Walk) -> WalkForward:
        """Return the walk that chooses among the cells of `axes`; without axes it tests the strategy as it stands."""
        import investiq as iq

        windows = dataclasses.asdict(walk)
        if not axes:
            strategy = self.make_strategy()
            return iq.walk_forward(strategy, bars, **windows, **self.options(strategy))
        kind, arguments = self._arguments(axes)
        return iq.walk_forward(kind, bars, **windows, **arguments)

    def _arguments(self, axes: Mapping[str, str]) -> tuple[type[Strategy], dict[str, Any]]:
        strategy = self.make_strategy()
        kinds, fixed = get_type_hints(type(strategy)), _parameters_of(strategy)
        # A tuple would be an axis: as the only value of one it is fixed.
        arguments = {name: [value] if isinstance(value, tuple) else value for name, value in fixed.items()}
        arguments |= self.options(strategy)
        for name, text in axes.items():
            label, kind = words(name), kinds[name] if name in fixed else float
            values = axis_values(label if name in fixed else _BY_NAME[name].label, kind, text)
            if name not in fixed:
                values = [_checked(_BY_NAME[name], value) for value in values]
            arguments[name] = values
        return type(strategy), arguments


def number_of(setting: Setting, text: str) -> float | None:
    """Return a number of the form in the unit of its option; None where it is left empty and may be.

    Raises
    ------
    ConfigError
        If `text` is no number or out of bounds.

    Examples
    --------
    >>> number_of(SETTINGS[4], "2.5"), number_of(SETTINGS[4], " ")
    (0.025, None)
    """
    typed = text.strip()
    if not typed and setting.is_optional:
        return None
    return _checked(setting, typed)


def _checked(setting: Setting, typed: Any) -> float:
    try:
        value = float(typed)
    except ValueError:
        value = math.nan
    above = value >= setting.low if setting.has_zero else value > setting.low
    if not (above and value <= setting.high):
        found = repr(typed) if typed != "" else "empty"
        least = f"from {setting.low:g}" if setting.has_zero else f"above {setting.low:g}"
        raise ConfigError(
            f"{setting.label} must be a number {least} up to {setting.high:,g}, was {found}; {setting.tooltip}"
        )
    # 2.3 * 0.01 is not 0.023, and a run that is typed twice is one trial.
    return float(f"{value * setting.per_unit:.12g}")


def axis_values(label: str, kind: Any, text: str) -> list[Any]:
    """Return the values of a swept parameter.

    Parameters
    ----------
    label : str
        Names it in an error.
    kind : type
        Of the parameter, as for `controls.value_of`.
    text : str
        ``"10:60:5"`` is 10, 15 and so on up to 60; ``"10, 20, 50"`` are these.

    Raises
    ------
    ConfigError
        If it is neither, or has fewer than 2 or too many values.

    Examples
    --------
    >>> axis_values("Fast", int, "10:22:5"), axis_values("Entry", float, "-2, -1.5")
    ([10, 15, 20], [-2.0, -1.5])
    """
    found = _RANGE.match(text) if kind in (int, float) else None
    if found is None:
        if ":" in text:
            raise ConfigError(f"{label} must be values such as 10:60:5 or 10, 20, 50, was {text.strip()!r}")
        values = [value_of(label, kind, each.strip()) for each in text.split(",") if each.strip()]
    else:
        first, last, step = (value_of(label, kind, each) for each in (found[1], found[2], found[3] or "1"))
        if step <= 0 or last < first:
            raise ConfigError(f"{label} must be first:last:step with first <= last and step > 0, was {text.strip()!r}")
        count = math.floor((last - first) / step + 1e-9) + 1
        if count > _MOST_VALUES:
            raise ConfigError(f"{label} has {count:,} values, at most {_MOST_VALUES:,} are swept; take a larger step")
        values = [kind(float(f"{first + place * step:.12g}")) for place in range(count)]
    values = list(dict.fromkeys(values))
    if len(values) < 2:
        raise ConfigError(
            f"{label} must have two or more values, such as 10:60:5 or 10, 20, 50; was {text.strip() or 'empty'!r}"
        )
    return values


def preset_texts(name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the texts of the fields that a preset fills, and its options that have no field."""
    import investiq as iq

    options: dict[str, Any] = dict(iq.preset(name))  # type: ignore[arg-type]
    costs = options.get("costs", iq.Costs())
    values = {**options, **{each: getattr(costs, each) for each in _COSTS}}
    texts = {
        setting.name: f"{values[setting.name] / setting.per_unit:.12g}" if setting.name in values else setting.typed
        for setting in SETTINGS
    }
    return texts, {each: value for each, value in options.items() if each not in _BY_NAME and each != "costs"}


def _parameters_of(strategy: Strategy) -> dict[str, Any]:
    """Return all the parameters by name, those included that the strategy leaves out of its title."""
    return {each.name: getattr(strategy, each.name) for each in dataclasses.fields(strategy) if each.init}
