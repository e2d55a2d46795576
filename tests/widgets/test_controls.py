"""Controls are made from the typed fields of a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ipywidgets as W
import pytest

from investiq.core.errors import ConfigError
from investiq.widgets.controls import (
    Entry,
    StrategyControls,
    documented,
    field_for,
    strategies_for_one_symbol,
    value_of,
)

Season = Literal["calm", "wild"]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Cross.

    Parameters
    ----------
    fast : int, default 20
        Bars of the average;
        at least 1.
    threshold : float, default 0.5

    Raises
    ------
    ConfigError
        Sometimes.
    """

    fast: int = 20
    threshold: float = 0.5
    average: Literal["simple", "exponential"] = "simple"
    allow_short: bool = False

    def __post_init__(self):
        if self.fast < 1:
            raise ConfigError(f"Crossing: fast must be at least 1, was {self.fast}")


@dataclass(frozen=True, kw_only=True)
class Holding:
    pass


def controls(chosen="Crossing", changed=lambda: None):
    return StrategyControls({"Crossing": Crossing, "Holding": Holding}, chosen, changed)


@pytest.mark.parametrize(
    ("kind", "default", "widget", "shown"),
    [
        (int, 5, Entry, "5"),
        (float, 0.5, Entry, "0.5"),
        (bool, True, W.Checkbox, True),
        (Literal["a", "b"], "b", W.Dropdown, "b"),
        (tuple[Season, ...], ("calm",), Entry, "calm"),
    ],
)
def test_each_type_has_its_control(kind, default, widget, shown):
    field = field_for("entry_window", kind, default)
    assert isinstance(field, widget)
    assert field.value == shown
    assert field.description == "Entry window"
    assert value_of("entry_window", kind, field.value) == default


def test_a_choice_offers_its_literals():
    assert field_for("average", Literal["simple", "exponential"], "simple").options == ("simple", "exponential")


def test_a_type_without_a_control_is_refused():
    with pytest.raises(ConfigError, match=r"windows has type .*list.*expected int, float, bool or Literal"):
        field_for("windows", list[int], [])


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (int, "1.5", "must be a whole number, was '1.5'"),
        (int, "", "must be a whole number, was empty"),
        (float, "nan", "must be a number, was 'nan'"),
        (bool, "maybe", "must be yes or no, was 'maybe'"),
        (Season, "mild", "must be one of calm, wild, was 'mild'"),
        (tuple[Season, ...], "calm, mild", "must be of calm, wild, was 'mild'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_typed(kind, text, told):
    with pytest.raises(ConfigError, match=f"fast {told}"):
        value_of("fast", kind, text)


def test_a_field_keeps_what_was_typed():
    field = field_for("fast", int, 20)
    field.value = "1.7"
    assert field.value == "1.7"


def test_the_docstring_tells_what_a_parameter_means():
    assert documented(Crossing) == {
        "fast": "int, default 20. Bars of the average; at least 1.",
        "threshold": "float, default 0.5.",
    }
    assert documented(Holding) == {}
    assert controls().fields["fast"].tooltip == "int, default 20. Bars of the average; at least 1."


def test_fields_come_in_the_order_of_the_strategy():
    assert list(controls().fields) == ["fast", "threshold", "average", "allow_short"]


def test_the_maker_keeps_the_values_of_the_moment():
    made = controls()
    made.fields["fast"].value = 7
    make = made.maker()
    made.fields["fast"].value = 99
    assert make() == Crossing(fast=7)


def test_a_problem_marks_the_field_that_it_names_and_goes_with_it():
    made = controls()
    made.fields["fast"].value = "0"
    assert made.problem() == "Crossing: fast must be at least 1, was 0"
    assert [name for name, field in made.fields.items() if "iq-invalid" in field._dom_classes] == ["fast"]
    made.fields["fast"].value = "1"
    assert made.problem() == ""
    assert "iq-invalid" not in made.fields["fast"]._dom_classes


def test_choosing_another_strategy_replaces_the_fields():
    calls = []
    made = controls(changed=lambda: calls.append(1))
    made.choice.value = "Holding"
    assert made.fields == {}
    assert made.maker()() == Holding()
    assert calls == [1]


def test_the_choice_comes_before_its_fields_in_keyboard_order():
    made = controls()
    assert made.widgets[0] is made.choice
    assert len(made.widgets) == 5


def test_strategies_of_panels_and_wrappers_are_not_offered_for_one_symbol():
    offered = strategies_for_one_symbol()
    assert {"Breakout", "Crossover", "Momentum"} <= set(offered)
    assert not {"Strategy", "PanelStrategy", "SixtyForty", "Sized", "Ensemble", "Routed"} & set(offered)
