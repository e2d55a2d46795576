"""Which parameters the lab varies, and over which values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

import ipywidgets as W

from investiq.core.errors import ConfigError
from investiq.widgets.backtest_lab_request import SETTINGS, axis_values
from investiq.widgets.backtest_lab_section import toolbar
from investiq.widgets.controls import Entry, mark_invalid, value_of, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from investiq.strategies.base import Strategy

__all__ = ["AxesFields", "suggested"]

_NONE: Final = ""
_STEPS: Final = 10
_TEXTS: Final = {
    "weight": "20:100:10",
    "stop_loss": "2:12:1",
    "take_profit": "5:30:2.5",
    "trailing_stop": "3:15:1",
    "slippage_bps": "0:20:2",
    "commission_rate": "0:20:2",
}
_HELP: Final = "Values such as 10:60:5 (10, 15 … 60) or 10, 20, 50"


def suggested(kind: Any, present: Any) -> str:
    """Return values around the present one of a parameter, which is among them, as text.

    Examples
    --------
    >>> suggested(int, 55), suggested(float, -2.0), suggested(bool, True)
    ('31:111:8', '-3:-1:0.2', 'no, yes')
    """
    if kind is bool:
        return "no, yes"
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    if not present:
        return "0, 1, 2" if kind is int else "0, 0.005, 0.01"
    if kind is int:
        step = max(1, round(abs(present) * 1.5 / _STEPS))
        low = present - abs(present) // 2 // step * step
        return f"{low}:{low + _STEPS * step}:{step}"
    low, high = sorted((0.5 * present, 1.5 * present))
    return f"{low:g}:{high:g}:{abs(present) / _STEPS:g}"


def _with(text: str, present: float | None) -> str:
    """Return the values of `text` and the present one."""
    values = axis_values("", float, text)
    if present is None or present in values:
        return text
    return ", ".join(f"{value:g}" for value in sorted([*values, present]))


class AxesFields:
    """One or two parameters with their values; the same fields stand in every section that varies them.

    Attributes
    ----------
    names : tuple of Dropdown
    texts : tuple of Entry
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Any] = {}
        self._defaults: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self.names = tuple(W.Dropdown(description=f"{each} parameter") for each in ("First", "Second"))
        self.texts = tuple(
            Entry(description=f"Values of the {each}", tooltip=_HELP, placeholder="10:60:5")
            for each in ("first", "second")
        )
        for name, text in zip(self.names, self.texts, strict=True):
            name.observe(lambda _, name=name, text=text: self._suggest(name, text), names="value")

    def fields(self) -> W.Widget:
        """Return the fields side by side."""
        return toolbar(self.names[0], self.texts[0], self.names[1], self.texts[1], width_px=150)

    def offer(self, strategy: type[Strategy], present: Mapping[str, Any]) -> None:
        """Offer the parameters of `strategy`, and the numbers of the form that it does not set itself.

        `present` holds what the fields of the form say, by name.
        """
        hints = get_type_hints(strategy)
        own = {field.name: field for field in dataclasses.fields(strategy) if field.init}
        self._kinds = {name: hints[name] for name in own if get_origin(hints[name]) is not tuple}
        self._defaults = {name: own[name].default for name in self._kinds}
        options = [(words(name), name) for name in self._kinds]
        for setting in SETTINGS:
            if setting.name not in own and setting.name in _TEXTS:
                self._kinds[setting.name] = float
                options.append((setting.label, setting.name))
        self._texts = {name: self._suggested(name, present) for name in self._kinds}
        first, second = self.names
        first.options = options
        second.options = [("none", _NONE), *options]
        numeric = [name for name in own if self._kinds.get(name) in (int, float)]
        first.value = numeric[0] if numeric else options[0][1]
        second.value = numeric[1] if len(numeric) > 1 else _NONE
        for name, text in zip(self.names, self.texts, strict=True):
            self._suggest(name, text)

    def follow(self, present: Mapping[str, Any]) -> None:
        """Suggest values around those of `present` where no others were typed."""
        former, self._texts = self._texts, {name: self._suggested(name, present) for name in self._kinds}
        for name, text in zip(self.names, self.texts, strict=True):
            if name.value and text.value == former.get(name.value):
                self._suggest(name, text)

    def _suggested(self, name: str, present: Mapping[str, Any]) -> str:
        kind = self._kinds[name]
        try:
            value = value_of(words(name), kind, present[name]) if name in present else self._defaults.get(name)
        except ConfigError:  # told beside its own field
            value = self._defaults.get(name)
        return suggested(kind, value) if name in self._defaults else _with(_TEXTS[name], value)

    def entered(self) -> dict[str, str]:
        """Return the texts by parameter.

        Raises
        ------
        ConfigError
            If a text holds no values, or both parameters are the same.
        """
        chosen = {name.value: text.value for name, text in zip(self.names, self.texts, strict=True) if name.value}
        if self.names[0].value == self.names[1].value:
            raise ConfigError(f"the two parameters must differ, were both {words(self.names[0].value)!r}")
        self._mark("")
        try:
            for name, text in chosen.items():
                axis_values(words(name), self._kinds[name], text)
        except ConfigError as error:
            self._mark(str(error))
            raise
        return chosen

    def _mark(self, message: str) -> None:
        for name, text in zip(self.names, self.texts, strict=True):
            mark_invalid({words(name.value) if name.value else "\0": text}, message)

    def _suggest(self, name: W.Dropdown, text: Entry) -> None:
        text.value = self._texts.get(name.value, "")
        text.disabled = not name.value
