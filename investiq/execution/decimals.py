"""The arithmetic of the bar semantics in `Decimal`: conversion, postings, levels, lots and comparisons."""

from __future__ import annotations

from decimal import (
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Final

__all__ = ["ARITHMETIC", "NO_MONEY", "exact", "exceeds_power", "floor_to_lot", "is_above", "round_to"]

# Wide enough that an unrounded run agrees with float64 to float64's own precision, and with room to spare.
ARITHMETIC: Final = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])

HALF: Final = Decimal("0.5")
# In units of the rounding: this close to a half is the half, so that float64 and decimal round alike.
HALF_TOLERANCE: Final = Decimal("1e-6")
# In lots: a quantity this little short of a whole lot is the whole lot.
LOT_TOLERANCE: Final = Decimal("1e-9")
# Relative: amounts this close are equal.
EQUALITY_TOLERANCE: Final = Decimal("1e-9")
# A fill may exceed the buying power by this share of what it needs, and by a billionth of a unit of money: the error of
# float64, and less than a lot of a millionth of a share.
OVERDRAWN: Final = Decimal("1e-12")
LEAST_COMPARED: Final = Decimal(1000)
# Buying power up to this is what the arithmetic left of all that was spent.
NO_MONEY: Final = OVERDRAWN * LEAST_COMPARED


def exact(value: float | Decimal) -> Decimal:
    """Return `value` as the decimal that its shortest text says: 0.1 is a tenth.

    Examples
    --------
    >>> exact(0.1), exact(1e-06), exact(100.0)
    (Decimal('0.1'), Decimal('0.000001'), Decimal('100'))
    """
    if isinstance(value, Decimal | int):
        return Decimal(value)
    return Decimal(repr(float(value)).removesuffix(".0"))


def round_to(value: Decimal, unit: Decimal | None) -> Decimal:
    """Return `value` as a multiple of `unit`, half to even; as it is when `unit` is None.

    A remainder within a millionth of a unit of the half counts as the half.

    Examples
    --------
    >>> cent = Decimal("0.01")
    >>> round_to(Decimal("1.005"), cent), round_to(Decimal("1.01500000999"), cent), round_to(Decimal("1.0151"), cent)
    (Decimal('1.00'), Decimal('1.02'), Decimal('1.02'))
    """
    if unit is None:
        return value
    units = value / unit
    below = units.to_integral_value(ROUND_FLOOR)
    if abs(units - below - HALF) > HALF_TOLERANCE:
        return units.to_integral_value(ROUND_HALF_EVEN) * unit
    return (below if below % 2 == 0 else below + 1) * unit


def floor_to_lot(quantity: Decimal, lot: Decimal | None) -> Decimal:
    """Return the whole lots in `quantity` (>= 0), or `quantity` itself when `lot` is None.

    Examples
    --------
    >>> floor_to_lot(Decimal("499.9"), Decimal(1)), floor_to_lot(Decimal("499.9999999999"), Decimal(1))
    (Decimal('499'), Decimal('500'))
    """
    if lot is None:
        return quantity
    return (quantity / lot + LOT_TOLERANCE).to_integral_value(ROUND_FLOOR) * lot


def is_above(value: Decimal, limit: Decimal) -> bool:
    """Return whether `value` exceeds `limit`, where values within 1e-9 of each other, relative, are equal.

    Examples
    --------
    >>> is_above(Decimal("100.0000001"), Decimal(100)), is_above(Decimal("100.000001"), Decimal(100))
    (False, True)
    """
    return value - limit > EQUALITY_TOLERANCE * max(abs(value), abs(limit))


def exceeds_power(need: Decimal, room: Decimal) -> bool:
    """Return whether a fill needs more than the room of the buying power, but for the error of float64.

    Examples
    --------
    >>> (
    ...     exceeds_power(Decimal("0.00004"), Decimal("0.0000399999999")),
    ...     exceeds_power(Decimal("0.00004"), Decimal("0.000039")),
    ... )
    (False, True)
    """
    return need - room > OVERDRAWN * max(need, LEAST_COMPARED)
