"""Controls are made from the typed fields of a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ipywidgets as W
import pytest

from investiq.core.errors import ConfigError
from investiq.widgets.controls import StrategyControls, field_for


@dataclass(frozen=True, kw_only=True)
class Crossing:
    fast: int = 20
    threshold: float = 0.5
    average: Literal["simple", "exponential"] = "simple"
    allow_short: bool = False


@dataclass(frozen=True, kw_only=True)
class Holding:
    pass


def controls(chosen="Crossing", changed=lambda: None):
    return StrategyControls({"Crossing": Crossing, "Holding": Holding}, chosen, changed)


@pytest.mark.parametrize(
    ("kind", "default", "widget"),
    [(int, 5, W.IntText), (float, 0.5, W.FloatText), (bool, True, W.Checkbox), (Literal["a", "b"], "b", W.Dropdown)],
)
def test_each_type_has_its_control(kind, default, widget):
    field = field_for("entry_window", kind, default)
    assert isinstance(field, widget)
    assert field.value == default
    assert field.description == "Entry window"


def test_a_choice_offers_its_literals():
    assert field_for("average", Literal["simple", "exponential"], "simple").options == ("simple", "exponential")


def test_a_type_without_a_control_is_refused():
    with pytest.raises(ConfigError, match=r"windows has type .*list.*expected int, float, bool or Literal"):
        field_for("windows", list[int], [])


def test_fields_come_in_the_order_of_the_strategy():
    assert list(controls().fields) == ["fast", "threshold", "average", "allow_short"]


def test_the_maker_keeps_the_values_of_the_moment():
    made = controls()
    made.fields["fast"].value = 7
    make = made.maker()
    made.fields["fast"].value = 99
    assert make() == Crossing(fast=7)


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
