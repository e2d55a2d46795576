"""Controls made from a strategy's own typed parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import ipywidgets as W

from investiq.core.errors import ConfigError

if TYPE_CHECKING:
    from investiq.strategies.base import Strategy

__all__ = ["StrategyControls", "field_for", "words"]


def words(name: str) -> str:
    """Return a parameter's name as a label.

    Examples
    --------
    >>> words("entry_window"), words("BuyAndHold")
    ('Entry window', 'Buy and hold')
    """
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name).replace("_", " ")
    return spaced.strip().lower().capitalize()


def field_for(name: str, kind: Any, default: Any) -> W.Widget:
    """Return the control of one parameter.

    Parameters
    ----------
    name : str
    kind : type
        int, float, bool or a Literal of choices. The control takes any number:
        the strategy itself says which are wrong, in words.
    default : Any

    Raises
    ------
    ConfigError
        If `kind` is another type.
    """
    label = words(name)
    if kind is bool:
        return W.Checkbox(value=default, description=label, indent=False)
    if kind is int:
        return W.IntText(value=default, description=label)
    if kind is float:
        return W.FloatText(value=default, description=label)
    if get_origin(kind) is Literal:
        return W.Dropdown(options=list(get_args(kind)), value=default, description=label)
    raise ConfigError(f"parameter {name} has type {kind}, expected int, float, bool or Literal; give it one of these")


class StrategyControls:
    """A choice of strategy and the fields of the chosen one.

    Attributes
    ----------
    choice : Dropdown
    fields : dict of str to Widget
        The controls of the chosen strategy's parameters, by name.

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
        self._fill()
        self.choice.observe(self._on_choice, names="value")

    @property
    def widgets(self) -> tuple[W.Widget, ...]:
        """The choice and its fields, in keyboard order."""
        return (self.choice, *self.fields.values())

    def maker(self) -> Callable[[], Strategy]:
        """Return what makes the strategy as set now; the strategy itself refuses what it cannot use."""
        return partial(
            self._strategies[self.choice.value], **{name: field.value for name, field in self.fields.items()}
        )

    def _fill(self) -> None:
        chosen = self._strategies[self.choice.value]
        kinds = get_type_hints(chosen)
        self.fields = {
            field.name: field_for(field.name, kinds[field.name], field.default)
            for field in dataclasses.fields(chosen)
            if field.init
        }

    def _on_choice(self, _: Any) -> None:
        former = self.fields
        self._fill()
        self._changed()
        for field in former.values():
            field.close()
