"""Controls made from a strategy's own typed parameters."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

import ipywidgets as W
import traitlets

from investiq.core.errors import ConfigError

if TYPE_CHECKING:
    from investiq.strategies.base import Strategy

__all__ = [
    "Entry",
    "StrategyControls",
    "documented",
    "field_for",
    "mark_invalid",
    "strategies_for_one_symbol",
    "value_of",
    "words",
]

_HEAD: Final = re.compile(r"^(\w+(?:, \w+)*) : (.+)$")


def words(name: str) -> str:
    """Return a parameter's name as a label.

    Examples
    --------
    >>> words("entry_window"), words("BuyAndHold")
    ('Entry window', 'Buy and hold')
    """
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name).replace("_", " ")
    return spaced.strip().lower().capitalize()


class Entry(W.Text):
    """A field that keeps what was typed, where a number field would put its own number in the place of it."""

    value = traitlets.CUnicode("").tag(sync=True)


def field_for(name: str, kind: Any, default: Any, tooltip: str = "") -> W.Widget:
    """Return the control of one parameter.

    Parameters
    ----------
    name : str
    kind : type
        int, float, bool, a Literal of choices, or a tuple of such choices, which
        are typed with commas between. `value_of` reads it; the strategy itself
        says which values are wrong, in words.
    default : Any
    tooltip : str
        What the parameter means.

    Raises
    ------
    ConfigError
        If `kind` is another type.
    """
    look = {"description": words(name), "tooltip": tooltip or None}
    if kind is bool:
        return W.Checkbox(value=default, indent=False, **look)
    if kind in (int, float):
        return Entry(value=f"{default:g}", **look)
    if get_origin(kind) is Literal:
        return W.Dropdown(options=list(get_args(kind)), value=default, **look)
    if choices := _choices_of_many(kind):
        look["tooltip"] = f"{tooltip} One or more of: {', '.join(choices)}.".strip()
        return Entry(value=", ".join(default), **look)
    raise ConfigError(f"parameter {name} has type {kind}, expected int, float, bool or Literal; give it one of these")


def value_of(name: str, kind: Any, entered: Any) -> Any:
    """Return what was entered for a parameter as its own type.

    Parameters
    ----------
    name : str
    kind : type
        As for `field_for`.
    entered : Any
        Value of the control.

    Raises
    ------
    ConfigError
        If it cannot be read as that type; no other value takes its place.

    Examples
    --------
    >>> value_of("window", int, " 20 "), value_of("entry", float, "-1.5")
    (20, -1.5)
    """
    text = str(entered).strip()
    found = repr(text) if text else "empty"
    if kind is int:
        if not re.fullmatch(r"[+-]?\d{1,9}", text):
            raise ConfigError(f"{name} must be a whole number, was {found}")
        return int(text)
    if kind is float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ConfigError(f"{name} must be a number, was {found}")
        return number
    if kind is bool and not isinstance(entered, bool):
        if text not in ("yes", "no"):
            raise ConfigError(f"{name} must be yes or no, was {found}")
        return text == "yes"
    if get_origin(kind) is Literal and entered not in get_args(kind):
        raise ConfigError(f"{name} must be one of {', '.join(map(str, get_args(kind)))}, was {found}")
    if choices := _choices_of_many(kind):
        chosen = tuple(filter(None, (each.strip() for each in text.split(","))))
        if wrong := [each for each in chosen if each not in choices]:
            raise ConfigError(f"{name} must be of {', '.join(choices)}, was {wrong[0]!r}")
        return chosen
    return entered


def _choices_of_many(kind: Any) -> tuple[str, ...]:
    """Return the choices of a ``tuple[Literal[...], ...]``; none of another type."""
    parts = get_args(kind) if get_origin(kind) is tuple else ()
    return get_args(parts[0]) if len(parts) == 2 and parts[1] is ... and get_origin(parts[0]) is Literal else ()


def documented(owner: type) -> dict[str, str]:
    """Return what the docstring of a class says of each of its parameters.

    Examples
    --------
    >>> from investiq.strategies import Breakout
    >>> documented(Breakout)["exit_window"]
    'int, default 55 and 20. Windows in bars, at least 1.'
    """
    found: dict[str, list[str]] = {}
    names: list[str] = []
    lines = (inspect.getdoc(owner) or "").splitlines()
    start = lines.index("Parameters") + 2 if "Parameters" in lines else len(lines)
    for line, following in zip(lines[start:], [*lines[start + 1 :], ""], strict=False):
        if following.startswith("---"):
            break
        if head := _HEAD.match(line):
            names = head[1].split(", ")
            found |= {name: [f"{head[2]}."] for name in names}
        elif line.startswith(" "):
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(parts).replace("`", "") for name, parts in found.items()}


def strategies_for_one_symbol() -> dict[str, type[Strategy]]:
    """Return the strategies of the package that trade one symbol and whose every parameter has a control."""
    from investiq import strategies

    classes = {name: each for name in strategies.__all__ if isinstance(each := getattr(strategies, name), type)}
    bases = (strategies.Strategy, strategies.PanelStrategy)
    return {
        name: each
        for name, each in classes.items()
        if issubclass(each, bases[0])
        and each is not bases[0]
        and not issubclass(each, bases[1])
        and _has_controls(each)
    }


def _has_controls(kind: type) -> bool:
    kinds = get_type_hints(kind)
    return all(
        field.default is not dataclasses.MISSING
        and (
            kinds[field.name] in (int, float, bool)
            or get_origin(kinds[field.name]) is Literal
            or bool(_choices_of_many(kinds[field.name]))
        )
        for field in dataclasses.fields(kind)
        if field.init
    )


def mark_invalid(fields: Mapping[str, W.Widget], message: str) -> None:
    """Mark the fields whose name, or label, stands in `message`, and no other."""
    for name, field in fields.items():
        named = any(
            re.search(rf"(?<!\w){re.escape(each)}(?!\w)", message) for each in (name, field.description) if each
        )
        (field.add_class if message and named else field.remove_class)("iq-invalid")


class StrategyControls:
    """A choice of strategy and the fields of the chosen one.

    Attributes
    ----------
    choice : Dropdown
    fields : dict of str to Widget
        The controls of the chosen strategy's parameters, by name.
    kinds : dict of str to type
        Of these parameters.

    Parameters
    ----------
    strategies : mapping of str to Strategy class
    chosen : str
    changed : callable
        Called after the fields have been replaced.
    """

    def __init__(self, strategies: Mapping[str, type[Strategy]], chosen: str, changed: Callable[[], None]) -> None:
        self._strategies = dict(strategies)
        self._changed = changed
        self.choice = W.Dropdown(
            options=[(words(name), name) for name in self._strategies], value=chosen, description="Strategy"
        )
        self.fields: dict[str, W.Widget] = {}
        self.kinds: dict[str, Any] = {}
        self._fill()
        self.choice.observe(self._on_choice, names="value")

    @property
    def chosen(self) -> type[Strategy]:
        """The class of the chosen strategy."""
        return self._strategies[self.choice.value]

    @property
    def widgets(self) -> tuple[W.Widget, ...]:
        """The choice and its fields, in keyboard order."""
        return (self.choice, *self.fields.values())

    def maker(self) -> Callable[[], Strategy]:
        """Return what makes the strategy as set now; the strategy itself refuses what it cannot use."""
        chosen, kinds = self.chosen, self.kinds
        entered = {name: field.value for name, field in self.fields.items()}

        def make() -> Strategy:
            return chosen(**{name: value_of(name, kinds[name], value) for name, value in entered.items()})

        return make

    def problem(self) -> str:
        """Return what is wrong with the fields as they stand, marked at each that it names; empty where nothing is."""
        try:
            self.maker()()
            message = ""
        except ConfigError as error:
            message = str(error)
        mark_invalid(self.fields, message)
        return message

    def _fill(self) -> None:
        kinds, told = get_type_hints(self.chosen), documented(self.chosen)
        made = [field for field in dataclasses.fields(self.chosen) if field.init]
        self.kinds = {field.name: kinds[field.name] for field in made}
        self.fields = {
            field.name: field_for(field.name, kinds[field.name], field.default, told.get(field.name, ""))
            for field in made
        }

    def _on_choice(self, _: Any) -> None:
        former: Iterable[W.Widget] = self.fields.values()
        self._fill()
        self._changed()
        for field in former:
            field.close()
