"""`Flag`: what is said of one bar beside its prices."""

from __future__ import annotations

from enum import IntFlag

__all__ = ["Flag"]


class Flag(IntFlag):
    """Bits of `Bars.flags`; as stored, so a bit never changes its meaning."""

    QUARANTINED = 1
    """Most likely a bad print: kept, and a run over it is refused unless it is allowed or dropped.

    The verdict takes the next bar, so it is known when that one is: the last bar of a cut by `until` or `as_of`
    does not carry it.
    """
    REVISED = 2
    """The source corrected the bar after it was first recorded."""
    REPAIRED = 4
    """Changed by the loader."""
    CLOSE_ONLY = 8
    """The source gives a close and nothing else: never part of `Bars`."""
    ZERO_VOLUME = 16
    ACTION = 32
    """Ex-date of a split, a dividend or another action."""
    PRE = 64
    """Before the regular session."""
    POST = 128
    """After the regular session."""
    PARTIAL = 256
    """Made from shorter bars of which some had not come yet, or lie before the series."""
