"""Strategies and grids as a parameter of a report writes them: literals only, nothing is ever evaluated."""

from __future__ import annotations

import ast
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from investiq import strategies
from investiq.core.errors import ConfigError, near_matches
from investiq.strategies.base import PanelStrategy, Strategy

__all__ = ["read_grid", "read_strategies", "read_strategy_class"]

# A range of more values is a slip of the pen: no grid of a report holds so many on one axis.
_MOST_VALUES: Final = 200
_AXIS: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\s*=\s*|\s+)(?P<values>\S.*)")


def read_strategies(text: str) -> list[Strategy]:
    """Return the strategies of a text such as ``"Breakout(entry_window=55); Crossover(fast=20, slow=50)"``.

    Raises
    ------
    ConfigError
        If a part is no name with parameters in parentheses, the name is no
        strategy, or it refuses a value.

    Examples
    --------
    >>> [each.name for each in read_strategies("Breakout(entry_window=55, exit_window=20); Momentum")]
    ['Breakout', 'Momentum']
    """
    parts = _parts(text)
    if not parts:
        raise ConfigError(
            "no strategy is named; write them with semicolons between: 'Breakout(entry_window=55); Crossover(fast=20, slow=50)'"
        )
    return [_strategy(part) for part in parts]


def read_strategy_class(name: str) -> type[Strategy]:
    """Return the class of a strategy by its name, such as ``"Crossover"``.

    Raises
    ------
    ConfigError
        If there is no such strategy.
    """
    known = {
        each: found
        for each in strategies.__all__
        if isinstance(found := getattr(strategies, each), type)
        and issubclass(found, Strategy)
        and found not in (Strategy, PanelStrategy)
    }
    if name not in known:
        near = near_matches(name, known)
        raise ConfigError(
            f"no strategy is called {name!r}{near or ';'} {'There' if near else 'there'} are {', '.join(known)}"
        )
    return known[name]


def read_grid(text: str) -> dict[str, list[Any]]:
    """Return the axes of a text such as ``"fast 10:60:10; slow 80, 120"``: first:last:step, the last included, or values.

    An equals sign may stand between name and values.

    Raises
    ------
    ConfigError
        If a part is no name with values, or a range leads nowhere.

    Examples
    --------
    >>> read_grid("fast 10:30:10; slow=80, 120; share 0.1:0.3:0.1")
    {'fast': [10, 20, 30], 'slow': [80, 120], 'share': [0.1, 0.2, 0.3]}
    """
    grid: dict[str, list[Any]] = {}
    for part in _parts(text):
        axis = _AXIS.fullmatch(part)
        if axis is None:
            raise ConfigError(f"an axis is a name and values, such as fast 10:60:10 or fast 10, 20; was {part!r}")
        name, values = axis["name"], axis["values"]
        if name in grid:
            raise ConfigError(f"the axis {name} stands twice in {text!r}; write its values in one part")
        grid[name] = _range(name, values) if ":" in values else _values(name, values)
    if not grid:
        raise ConfigError("no axis is given; write them with semicolons between: 'fast 10:60:10; slow 80:200:40'")
    return grid


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _strategy(part: str) -> Strategy:
    refusal = f"a strategy is a name with parameters such as Crossover(fast=20, slow=50), was {part!r}"
    try:
        tree = ast.parse(part, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(refusal) from error
    if isinstance(tree, ast.Name):
        return _made(part, tree.id, {})
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise ConfigError(refusal)
    if tree.args or any(each.arg is None for each in tree.keywords):
        raise ConfigError(f"{refusal}: name every parameter")
    return _made(part, tree.func.id, {str(each.arg): _literal(each.value, part) for each in tree.keywords})


def _made(part: str, name: str, parameters: dict[str, Any]) -> Strategy:
    kind = read_strategy_class(name)
    known = list(kind.__dataclass_fields__)
    for parameter in parameters:
        if parameter not in known:
            raise ConfigError(
                f"{name} has no parameter {parameter!r}{near_matches(parameter, known)}; it has {', '.join(known) or 'none'}"
            )
    try:
        return kind(**parameters)
    except TypeError as error:
        raise ConfigError(f"{part!r} cannot be made: {error}") from error


def _literal(node: ast.expr, where: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{ast.unparse(node)!r} in {where!r} is no plain value; write a number, a text in quotes, True, False or None"
        ) from error


def _values(name: str, text: str) -> list[Any]:
    try:
        tree = ast.parse(f"[{text}]", mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"the axis {name} holds values with commas between, was {text!r}") from error
    found = _literal(tree, f"{name}={text}")
    if not isinstance(found, list):
        raise ConfigError(f"the axis {name} holds values with commas between, was {text!r}")
    return found


def _range(name: str, text: str) -> list[Any]:
    refusal = f"the axis {name} must be first:last:step in numbers, such as 10:60:10, was {text!r}"
    try:
        numbers = [Decimal(each.strip()) for each in text.split(":")]
    except InvalidOperation as error:
        raise ConfigError(refusal) from error
    if len(numbers) != 3 or not all(each.is_finite() for each in numbers):
        raise ConfigError(refusal)
    first, last, step = numbers
    if step <= 0 or last < first:
        raise ConfigError(f"{refusal}: the step is above 0 and the last not below the first")
    count = int((last - first) / step) + 1
    if count > _MOST_VALUES:
        raise ConfigError(f"the axis {name} would have {count:,} values, more than {_MOST_VALUES}; take a longer step")
    values = [first + step * place for place in range(count)]
    is_whole = all(each == each.to_integral_value() for each in numbers)
    return [int(each) if is_whole else float(each) for each in values]
