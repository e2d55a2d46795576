"""What every option that counts something goes through: a whole number in its range, or a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from investiq.core.errors import ConfigError

__all__: list[str] = []  # what metrics do with their options; no metric itself


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return an option that is a whole number from `least` to `most`, both included.

    A float is refused even where it is whole: what counts rows comes from
    counting, and a float there is mostly a division too many.

    Raises
    ------
    ConfigError
        If it is no int, or out of range.

    Examples
    --------
    >>> whole("lag", np.int64(3), 1)
    3
    >>> whole("lag", 3.0, 1)
    Traceback (most recent call last):
        ...
    investiq.core.errors.ConfigError: lag must be a whole number of at least 1, was 3.0; pass int(3.0)
    """
    is_int = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if is_int and value >= least and (most is None or value <= most):
        return int(value)
    expected = f"of at least {least:,}" if most is None else f"from {least:,} to {most:,}"
    advice = f"; pass int({value!r})" if isinstance(value, float) and value.is_integer() else ""
    raise ConfigError(f"{name} must be a whole number {expected}, was {value!r}{advice}")


def loss_level(confidence: Any) -> float:
    """Return the level of a value at risk, from 0.5 up: 0.95 leaves a tail of 5 %.

    Raises
    ------
    ConfigError
        If it is out of range; the share of the tail, such as 0.05, is answered with its level.

    Examples
    --------
    >>> loss_level(0.05)
    Traceback (most recent call last):
        ...
    investiq.core.errors.ConfigError: confidence must lie in [0.5, 1), was 0.05; 95 % is 0.95, not 0.05
    """
    is_number = isinstance(confidence, (int, float, np.integer, np.floating))
    if is_number and 0.5 <= confidence < 1:
        return float(confidence)
    advice = "95 % is 0.95"
    if is_number and 0 < confidence < 0.5:
        advice = f"{(1 - confidence) * 100:g} % is {1 - confidence:g}, not {confidence:g}"
    raise ConfigError(f"confidence must lie in [0.5, 1), was {confidence!r}; {advice}")


def seed_of(seed: Any) -> int:
    """Return a seed: a whole number of at least 0, which repeats the same draws.

    Raises
    ------
    ConfigError
        If it is none; None, which would draw anew each time, is none either.

    Examples
    --------
    >>> seed_of(7)
    7
    """
    return whole("seed", seed, 0)
