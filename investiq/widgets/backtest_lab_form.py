"""The form of the backtest lab: data, strategy, costs, size and levels, each field told what is wrong with it."""

from __future__ import annotations

import inspect
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as W

from investiq.core.errors import ConfigError
from investiq.widgets.app import classed
from investiq.widgets.backtest_lab_request import LOTS, PRESETS, SETTINGS, LabRequest, number_of, preset_texts
from investiq.widgets.controls import (
    Entry,
    StrategyControls,
    documented,
    mark_invalid,
    strategies_for_one_symbol,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LabForm"]

# Five years, up to the last session of the sample; a symbol of which more is known ends at its last bar.
_FROM: Final = date(2014, 1, 2)
_TO: Final = date(2018, 12, 31)
_OWN: Final = "own settings"
_WIDE: Final = (W.Combobox, W.DatePicker, W.Dropdown)


class LabForm(W.VBox):
    """The fields of a run, and the button that starts it.

    Attributes
    ----------
    symbol : Combobox
    start, end : DatePicker
    strategy : StrategyControls
    preset, lot : Dropdown
    numbers : dict of str to Entry
        By the names of `SETTINGS`.
    button : Button
    extra : dict
        Options of the chosen preset that have no field.

    Parameters
    ----------
    symbol : str
    symbols : mapping of str to date
        Offered while typing, each with the session of its last bar.
    changed : callable
        Called after any change.
    submitted : callable
        Called when Enter was pressed in a field.
    status : Widget
        Stands beside the button.
    """

    def __init__(
        self,
        symbol: str,
        symbols: Mapping[str, date],
        changed: Callable[[], None],
        submitted: Callable[[], None],
        status: W.Widget,
    ) -> None:
        self._last_of = symbols
        self._ended = symbols.get(symbol, _TO)
        self._changed = changed
        self._submitted = submitted
        self.extra: dict[str, Any] = {}
        self.symbol = W.Combobox(value=symbol, options=list(symbols), description="Symbol", tooltip="Enter runs")
        self.start = W.DatePicker(value=_FROM, description="From", tooltip="First session")
        self.end = W.DatePicker(value=symbols.get(symbol, _TO), description="To", tooltip="Last session, included")
        self.strategy = StrategyControls(strategies_for_one_symbol(), "Breakout", self._on_strategy)
        self.preset = W.Dropdown(
            options=[_OWN, *PRESETS],
            description="Preset",
            tooltip="Fills costs, size and levels as an earlier system had",
        )
        self.numbers = {
            each.name: Entry(value=each.typed, description=each.label, tooltip=each.tooltip) for each in SETTINGS
        }
        self.lot = W.Dropdown(options=list(LOTS), description="Quantities in", tooltip="Rounded down to it")
        self.button = classed(W.Button(description="Run", tooltip="Backtest with these settings"), "iq-run")
        self._message = W.HTML()
        self._about = W.HTML()
        self._first, self._second = (classed(W.HBox(), "iq-toolbar") for _ in range(2))
        self._second.children = (self.preset, *self.numbers.values(), self.lot, self.button, status)
        super().__init__([self._first, self._second, self._message, self._about])
        self.add_class("iq-lab-form")
        for field in (self.symbol, self.start, self.end, self.preset, *self.numbers.values(), self.lot):
            self._watch(field)
        self.symbol.observe(self._on_symbol, names="value")
        self.preset.observe(self._on_preset, names="value")
        self._arrange()

    def request(self) -> LabRequest:
        """Return what the fields say now."""
        return LabRequest(
            symbol=self.symbol.value.strip(),
            start=self.start.value,
            end=self.end.value,
            make_strategy=self.strategy.maker(),
            entered={name: field.value for name, field in self.numbers.items()},
            lot=self.lot.value,
            extra=dict(self.extra),
        )

    def values(self) -> tuple[object, ...]:
        """Return all that is entered, to tell whether it changed."""
        fields = (self.symbol, self.start, self.end, *self.strategy.widgets, self.preset, self.lot)
        return tuple((each.description, each.value) for each in (*fields, *self.numbers.values()))

    def present(self) -> dict[str, Any]:
        """Return what the strategy's fields and the numbers say, by name."""
        return {name: field.value for name, field in {**self.numbers, **self.strategy.fields}.items()}

    def problem(self) -> str:
        """Mark the fields that cannot be used, say why below them, and return that; empty where all can."""
        told = [self.strategy.problem()]
        for setting in SETTINGS:
            field, message = self.numbers[setting.name], ""
            try:
                number_of(setting, field.value)
            except ConfigError as error:
                message = str(error)
            mark_invalid({setting.name: field}, message)
            told.append(message)
        if self.start.value and self.end.value and self.start.value > self.end.value:
            told.append(f"From must not be after To, were {self.start.value} and {self.end.value}")
        message = "; ".join(filter(None, told))
        self._message.value = f'<div class="iq-problem" role="alert">✕ {escape(message)}</div>' if message else ""
        return message

    def _watch(self, field: W.Widget) -> None:
        field.observe(self._on_change, names="value")
        field.on_msg(self._on_message)

    def _on_change(self, _: Any) -> None:
        self.problem()
        self._changed()

    def _on_message(self, _: W.Widget, content: dict[str, object], __: object) -> None:
        if content.get("event") == "submit":
            self._submitted()

    def _on_strategy(self) -> None:
        self._arrange()
        self.problem()
        self._changed()

    def _on_symbol(self, _: Any) -> None:
        """End at the last bar of the symbol, where no other day was chosen."""
        last = self._last_of.get(self.symbol.value.strip())
        if last is not None and self.end.value == self._ended:
            self._ended = self.end.value = last

    def _on_preset(self, _: Any) -> None:
        if self.preset.value == _OWN:
            self.extra = {}
        else:
            texts, self.extra = preset_texts(self.preset.value)
            for name, text in texts.items():
                self.numbers[name].value = text
            self.lot.value = "1 share"
        self._explain()

    def _arrange(self) -> None:
        """Put the fields of the chosen strategy in their place; an option that it has itself is not asked twice."""
        for field in self.strategy.fields.values():
            self._watch(field)
        own = set(self.strategy.fields)
        for name, field in self.numbers.items():
            field.layout.display = "none" if name in own else None
        self._first.children = (self.symbol, self.start, self.end, *self.strategy.widgets)
        for field in (*self._first.children, self.preset, *self.numbers.values(), self.lot):
            field.layout.width = "142px" if isinstance(field, _WIDE) else "112px"
        self._explain()

    def _explain(self) -> None:
        chosen = self.strategy.chosen
        what = (inspect.getdoc(chosen) or "").split("\n\n")[0].replace("\n", " ")
        told = documented(chosen)
        lines = "".join(
            f"<dt>{escape(words(name))}</dt><dd>{escape(told.get(name, ''))}</dd>" for name in self.strategy.fields
        )
        meaning = f"<details><summary>What its parameters mean</summary><dl>{lines}</dl></details>" if lines else ""
        extra = ", ".join(f"{words(name).lower()} {value}" for name, value in self.extra.items())
        more = f'<div class="iq-quiet">The preset also sets: {escape(extra)}.</div>' if extra else ""
        self._about.value = (
            f'<div class="iq-about"><b>{escape(words(chosen.__name__))}.</b> {escape(what)} {meaning}{more}</div>'
        )
