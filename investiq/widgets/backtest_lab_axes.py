"""Which parameters the lab varies, and over which values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

import ipywidgets as W

from investiq.core.errors import ConfigError
from investiq.widgets.backtest_lab_request import SETTINGS, axis_values
from investiq.widgets.backtest_lab_section import toolbar
from investiq.widgets.controls import Entry, mark_invalid, words

if TYPE_CHECKING:
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


def suggested(kind: Any, default: Any) -> str:
    """Return values around a parameter's default, as text.

    Examples
    --------
    >>> suggested(int, 55), suggested(float, -2.0), suggested(bool, True)
    ('28:108:8', '-3:-1:0.2', 'no, yes')
    """
    if kind is bool:
        return "no, yes"
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    if not default:
        return "0, 1, 2" if kind is int else "0, 0.005, 0.01"
    if kind is int:
        low, step = max(1, round(default / 2)), max(1, round(default * 1.5 / _STEPS))
        return f"{low}:{low + _STEPS * step}:{step}"
    low, high = sorted((0.5 * default, 1.5 * default))
    return f"{low:g}:{high:g}:{abs(default) / _STEPS:g}"


class AxesFields:
    """One or two parameters with their values; the same fields stand in every section that varies them.

    Attributes
    ----------
    names : tuple of Dropdown
    texts : tuple of Entry
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Any] = {}
        self._defaults: dict[str, str] = {}
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

    def offer(self, strategy: type[Strategy]) -> None:
        """Offer the parameters of `strategy`, and the numbers of the form that it does not set itself."""
        hints = get_type_hints(strategy)
        own = {field.name: field for field in dataclasses.fields(strategy) if field.init}
        self._kinds = {name: hints[name] for name in own if get_origin(hints[name]) is not tuple}
        self._defaults = {name: suggested(kind, own[name].default) for name, kind in self._kinds.items()}
        options = [(words(name), name) for name in self._kinds]
        for setting in SETTINGS:
            if setting.name not in own and setting.name in _TEXTS:
                self._kinds[setting.name], self._defaults[setting.name] = float, _TEXTS[setting.name]
                options.append((setting.label, setting.name))
        first, second = self.names
        first.options = options
        second.options = [("none", _NONE), *options]
        numeric = [name for name in own if self._kinds.get(name) in (int, float)]
        first.value = numeric[0] if numeric else options[0][1]
        second.value = numeric[1] if len(numeric) > 1 else _NONE
        for name, text in zip(self.names, self.texts, strict=True):
            self._suggest(name, text)

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
        text.value = self._defaults.get(name.value, "")
        text.disabled = not name.value
