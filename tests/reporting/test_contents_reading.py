"""Strategies and grids written as text: what they mean, and what is refused in words without being evaluated."""

from __future__ import annotations

import pytest

from investiq.core.errors import ConfigError
from investiq.reporting.contents.reading import read_grid, read_strategies, read_strategy_class
from investiq.strategies import Breakout, Crossover


def test_strategies_are_read_with_their_parameters():
    assert read_strategies("Breakout(entry_window=20, exit_window=10); Crossover") == [
        Breakout(entry_window=20, exit_window=10),
        Crossover(),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no strategy is named"),
        ("Crossovr(fast=2)", "did you mean 'Crossover'"),
        ("Strategy()", "no strategy is called 'Strategy'"),
        ("Crossover(fst=2)", "no parameter 'fst'; did you mean 'fast'"),
        ("Crossover(20, 50)", "name every parameter"),
        ("Crossover(**{'fast': 1})", "name every parameter"),
        ("Crossover(fast=20", "a name with parameters such as"),
        ("Crossover.warmup()", "a name with parameters such as"),
        ("__import__('os').system('true')", "a name with parameters such as"),
        ("Crossover(fast=open('secret'))", "is no plain value"),
        ("Crossover(fast=50, slow=20)", "fast must be below slow"),
        ("Sized()", "missing 2 required"),
    ],
)
def test_a_text_that_is_no_strategy_is_refused(text, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        read_strategies(text)


def test_a_range_includes_its_last_value_and_decimals_are_exact():
    # 0.1 + 2 * 0.1 is 0.30000000000000004 in binary.
    assert read_grid("fast 10:60:25; slow=80, 120; share 0.1:0.3:0.1; kind 'a', 'b'") == {
        "fast": [10, 35, 60],
        "slow": [80, 120],
        "share": [0.1, 0.2, 0.3],
        "kind": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "no axis is given"),
        ("fast", "an axis is a name and values"),
        ("fast 10:60", "first:last:step"),
        ("fast 60:10:1", "the last not below the first"),
        ("fast 10:60:0", "the step is above 0"),
        ("fast nan:60:1", "first:last:step"),
        ("fast 1:1000000000:1", "more than 200"),
        ("fast 1; fast 2", "stands twice"),
        ("fast open", "is no plain value"),
        ("fast [1", "values with commas between"),
        ("fast 1] + [2", "is no plain value"),
    ],
)
def test_a_text_that_is_no_grid_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        read_grid(text)


def test_a_class_is_found_by_its_name():
    assert read_strategy_class("Crossover") is Crossover
    with pytest.raises(
        ConfigError, match="no strategy is called 'BreakOut'; did you mean 'Breakout'\\? There are Alpha"
    ):
        read_strategy_class("BreakOut")
