"""Pages of one answer: a vendor that leads back to a page that was read would be asked forever."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from investiq.core.errors import VendorError

__all__ = ["follow"]

# Cursors followed since the last first page, by thread.
_FOLLOWED: Final[ContextVar[frozenset[str]]] = ContextVar("followed", default=frozenset())


def follow(cursor: str | None, vendor: str) -> None:
    """Note that the page of `cursor` is asked for next; None is a first page, which begins anew.

    Raises
    ------
    VendorError
        If that page was read before: the answer has no end.

    Examples
    --------
    >>> follow(None, "a vendor")
    >>> follow("x", "a vendor")
    """
    if cursor is None:
        _FOLLOWED.set(frozenset())
        return
    followed = _FOLLOWED.get()
    if cursor in followed:
        raise VendorError(
            f"{vendor} leads from page {len(followed) + 1} of its answer back to an earlier one, so that it has no end; "
            "ask for a shorter range, or use another provider meanwhile"
        )
    _FOLLOWED.set(followed | {cursor})
