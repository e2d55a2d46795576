"""From a typed answer to rows or an error: for calls that return a table and nothing beside it."""

from __future__ import annotations

from investiq.core.errors import NotEntitledError, RateLimitedError, UnknownSymbolError, VendorError
from investiq.market.contract import Answer
from investiq.market.routing import reasons_of

__all__ = ["insist"]


def insist(answer: Answer, advice: str, *, may_be_empty: bool = False) -> Answer:
    """Return `answer` if it is a valid one, else raise what its status says.

    Parameters
    ----------
    answer : Answer
    advice : str
        What else the caller can do, for the message.
    may_be_empty : bool
        Whether no rows are a valid answer.

    Raises
    ------
    RateLimitedError, NotEntitledError, VendorError
        If the vendors failed; every one asked is named with its reason.
    UnknownSymbolError
        If they answered and had nothing.
    """
    if answer.status == "ok" or (answer.status == "empty" and may_be_empty):
        return answer
    message = f"{reasons_of(answer)}; {advice}"
    if answer.status == "rate_limited":
        raise RateLimitedError(message, answer.retry_at)
    if answer.status == "not_entitled":
        raise NotEntitledError(message)
    if answer.status == "empty":
        raise UnknownSymbolError(message)
    raise VendorError(message)
