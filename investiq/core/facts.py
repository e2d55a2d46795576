"""A fact is one number of a result with its unit and convention; every form of the result shows the same facts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

__all__ = ["ACCOUNT_CURRENCY", "Fact", "Table", "Unit", "format_fact", "format_value"]

Unit = Literal[
    "",
    "fraction",
    "ratio",
    "score",
    "points",
    "money",
    "amount",
    "price",
    "shares",
    "count",
    "bars",
    "sessions",
    "days",
    "years",
    "p_value",
    "date",
    "time",
    "bps",
    "seconds",
]

# Capital, fees and profits of an account are counted in it.
ACCOUNT_CURRENCY: Final = "USD"

_DECIMALS: Final[dict[str, int]] = {
    "ratio": 2,
    "score": 1,
    "money": 2,
    "price": 2,
    "bps": 1,
    "seconds": 2,
    "days": 1,
    "years": 1,
    "p_value": 4,
}
# A p-value that its decimals would round to zero is told as a bound: it is never nothing.
_LEAST_P_VALUE: Final = 0.0001
# Sums of a company's accounts are told by their size, to the hundredth of it.
_SIZES: Final = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))
_SUFFIX: Final[dict[str, str]] = {
    "bars": "bars",
    "sessions": "sessions",
    "days": "days",
    "years": "years",
    "bps": "bps",
    "seconds": "s",
}


@dataclass(frozen=True)
class Fact:
    """One line of a result.

    Attributes
    ----------
    label : str
        What it is, in the field's standard term.
    value : Any
        The number itself (fractions, not percent), a date, or a word. NaN is
        shown as ``n/a`` and needs a `note` that says why.
    unit : str
        How it is shown: ``"fraction"`` as percent, ``"ratio"`` with two
        decimals, ``"points"`` as a signed change of a fraction in percentage
        points, ``"p_value"`` with four, ``"money"`` to the cent, ``"amount"``
        by its size (3.96 bn), ``"count"``, ``"date"`` and so on.
    convention : str
        How it was computed: periods per year, ddof, risk-free, basis.
    note : str
        Reason for a missing value, or a caution about this one value.
    """

    label: str
    value: Any
    unit: Unit = ""
    convention: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Lines of one kind within a result, as text: every form of the result shows the same cells.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        One text per column, made by `format_value`.
    numbers : tuple of str
        Columns that hold numbers and are aligned to the right.
    signed : tuple of str
        Columns of numbers whose sign is also shown by colour.
    scales : tuple of str
        Columns of scores in [-100, 100] beside which a page draws their place.
    is_folded : bool
        Whether a page shows the title alone until it is opened; text shows all.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    is_folded: bool = False


def format_value(value: Any, unit: Unit = "") -> str:
    """Return `value` as a reader sees it; percent signs, signs and separators are added here only.

    Examples
    --------
    >>> format_value(-0.1234, "fraction"), format_value(float("nan"), "ratio"), format_value(1234.5, "money")
    ('-12.34 %', 'n/a', '1,234.50')
    >>> format_value(-1e-9, "fraction"), format_value(2e-7, "p_value")
    ('0.00 %', '< 0.0001')
    >>> format_value(3_963_007_000.0, "amount"), format_value(-821_311.0, "amount")
    ('3.96 bn', '-821.31 k')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "n/a"
    if unit == "time" and isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if unit in ("date", "time") and isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or hasattr(value, "__float__")):
        return str(value)
    number = float(value)
    if math.isinf(number):
        return "infinite" if number > 0 else "-infinite"
    if unit == "fraction":
        return f"{_unsigned_zero(f'{number * 100:,.2f}')} %"
    if unit == "points":
        change = f"{number * 100:+,.1f}"
        return f"{change if change.strip('+-0.') else '0.0'} points"
    if unit == "p_value" and 0 <= number < _LEAST_P_VALUE / 2:
        return f"< {_LEAST_P_VALUE:.4f}"
    if unit == "amount":
        return _sized(number)
    if unit in ("count", "bars", "sessions"):
        text = f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"
    elif unit == "shares":
        text = f"{number:,.6f}".rstrip("0").rstrip(".")
    elif unit in _DECIMALS:
        text = f"{number:,.{_DECIMALS[unit]}f}"
    else:
        text = f"{number:,.6g}"
    text = _unsigned_zero(text)
    return f"{text} {_SUFFIX[unit]}" if unit in _SUFFIX else text


def _sized(number: float) -> str:
    # A size counts from where two decimals round up to it, so that 999,999 is 1.00 m and not 1,000.00 k.
    size, name = next(((size, name) for size, name in _SIZES if abs(number) >= 0.999995 * size), (1.0, ""))
    return f"{_unsigned_zero(f'{number / size:,.2f}')} {name}".rstrip()


def _unsigned_zero(text: str) -> str:
    """Return a number's text without the sign that a rounded zero would keep."""
    return text.lstrip("-") if not text.strip("-0.") else text


def format_fact(fact: Fact) -> str:
    """Return the value of `fact` as text; money names its currency.

    Examples
    --------
    >>> format_fact(Fact("Total fees", 1234.5, "money"))
    '1,234.50 USD'
    """
    text = format_value(fact.value, fact.unit)
    return f"{text} {ACCOUNT_CURRENCY}" if fact.unit == "money" and text != "n/a" else text
