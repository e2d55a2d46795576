"""The types of the options of a run and of its costs, checked once against what their classes declare."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np

from investiq.core.errors import ConfigError

__all__ = ["NAMES_ELSEWHERE", "check_types"]

# What other packages and other functions of this one call an option, and where it is said here.
NAMES_ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("commission", "commissions", "commission_rate", "fee", "fees", "per_share", "sell_fee_rate"),
        "costs=iq.Costs(commission_rate=0.001), a share of the traded value",
    ),
    **dict.fromkeys(("slippage", "slippage_bps", "spread"), "costs=iq.Costs(slippage_bps=5), in basis points"),
    **dict.fromkeys(("cash", "capital", "init_cash", "starting_cash"), "initial_capital=100_000, in USD"),
    **dict.fromkeys(("start", "from_date"), 'load the bars with it: iq.load_bars(symbol, start="2018")'),
    **dict.fromkeys(("to_date", "until"), 'load the bars with it: iq.load_bars(symbol, end="2020")'),
    "benchmark_symbol": "benchmark= with a symbol or bars",
}

_ADVICE: Final = {
    "a number": "write it without quotes, a percentage as a fraction (5 % is 0.05)",
    "a whole number": "write it without quotes and without a fraction",
    "True or False": "write one of the two without quotes",
    "an iq.Costs": (
        "write costs=iq.Costs(commission_rate=0.001, slippage_bps=5), with both 0 for a run without costs, "
        "or leave it out for the default costs"
    ),
    "an iq.RegimeSizing": "write regime_sizing=iq.RegimeSizing()",
    "an iq.PerShareFees": "write per_share=iq.PerShareFees(minimum_usd=1.0)",
    "an iq.MarketImpact": "write impact=iq.MarketImpact(coefficient=1.0)",
    "a mapping": 'write it as {"AAPL": 0.3, "MSFT": 0.3}, a finite share of equity for each symbol',
    "a tuple of numbers": "write it as (9.5, 16.0)",
    "a tuple of tuples of numbers": 'write it as ((800, 0.005), (float("inf"), 0.003))',
}


# Characters of a value that an error shows.
_LONGEST: Final = 80


class _Kind(NamedTuple):
    """One kind of value of an option: its name, and the types that need no closer look."""

    text: str
    plain: tuple[type, ...]


def check_types(owner: Any) -> None:
    """Refuse a field of a dataclass whose value is not of the type that it declares.

    Numbers of NumPy count as numbers; True and False do not. Words (`Literal`)
    are checked by their owner.

    Raises
    ------
    ConfigError
    """
    kind: Any = type(owner)
    for name, kinds, plain in _fields_of(kind):
        value = getattr(owner, name)
        if type(value) not in plain and not any(_is(value, kind) for kind in kinds):
            expected = " or ".join(each.text for each in kinds)
            advice = next((_ADVICE[each.text] for each in kinds if each.text in _ADVICE), "see iq.RunOptions")
            found = repr(value)
            found = found if len(found) <= _LONGEST else found[:_LONGEST] + "..."
            raise ConfigError(f"{name} must be {expected}, was {found} ({type(value).__name__}); {advice}")


@lru_cache(maxsize=16)
def _fields_of(owner: Any) -> tuple[tuple[str, tuple[_Kind, ...], tuple[type, ...]], ...]:
    hints = get_type_hints(owner)
    checked = []
    for field in dataclasses.fields(owner):
        hint = hints[field.name]
        parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        if all(get_origin(part) is Literal for part in parts):
            continue
        kinds = tuple(_kind_of(part) for part in parts)
        checked.append((field.name, kinds, tuple(each for kind in kinds for each in kind.plain)))
    return tuple(checked)


def _kind_of(part: Any) -> _Kind:
    if get_origin(part) is Literal:
        return _Kind(" or ".join(map(repr, get_args(part))), (str,))
    if get_origin(part) is tuple:
        inner = get_args(part)[0]
        return _Kind("a tuple of numbers" if inner is float else "a tuple of tuples of numbers", ())
    if get_origin(part) is not None:
        return _Kind("a mapping", ())
    simple = {
        float: _Kind("a number", (float, int)),
        int: _Kind("a whole number", (int,)),
        bool: _Kind("True or False", (bool,)),
        NoneType: _Kind("None", (NoneType,)),
    }
    return simple.get(part, _Kind(f"an iq.{part.__name__}", (part,)))


def _is(value: object, kind: _Kind) -> bool:
    """Return whether a value of no plain type is of this kind all the same."""
    if kind.text == "a number":
        return _is_number(value)
    if kind.text == "a whole number":
        return isinstance(value, Integral) and not isinstance(value, bool)
    if kind.text == "True or False":
        return isinstance(value, np.bool_)
    if kind.text == "a mapping":
        return isinstance(value, Mapping) and all(
            isinstance(name, str) and _is_number(each) for name, each in value.items()
        )
    if kind.text.startswith("a tuple"):
        if not isinstance(value, tuple):
            return False
        pairs = value if kind.text == "a tuple of tuples of numbers" else (value,)
        return all(isinstance(pair, tuple) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs)
    return isinstance(value, kind.plain)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
