"""The one clock: aware UTC, and a fixed one for tests and replays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from investiq.core.errors import ConfigError

__all__ = ["fixed", "now"]

_FIXED: ContextVar[datetime | None] = ContextVar("investiq_fixed_now", default=None)


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return _FIXED.get() or datetime.now(UTC)


@contextmanager
def fixed(when: datetime) -> Iterator[None]:
    """Let `now` answer `when` inside the block.

    Parameters
    ----------
    when : datetime
        Aware; any zone.

    Raises
    ------
    ConfigError
        If `when` has no zone.

    Examples
    --------
    >>> with fixed(datetime(2018, 12, 31, 21, tzinfo=UTC)):
    ...     print(f"{now():%Y-%m-%d %H:%M}")
    2018-12-31 21:00
    """
    if when.tzinfo is None:
        raise ConfigError(f"a fixed clock needs an aware datetime, was {when!r}; add tzinfo=UTC")
    token = _FIXED.set(when.astimezone(UTC))
    try:
        yield
    finally:
        _FIXED.reset(token)
