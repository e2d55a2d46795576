"""What a person is told when data cannot be had: who was asked, what is stored, which key to set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from investiq.core.errors import (
    DataError,
    InvestIQError,
    NotEntitledError,
    RateLimitedError,
    UnknownSymbolError,
    VendorError,
)
from investiq.market.coverage import Wanted
from investiq.market.routing import no_vendor
from investiq.market.store import Store
from investiq.market.updating import Update

__all__ = ["as_error", "as_one_error", "nothing_stored", "without_vendor"]

_SHOWN: Final = 10


def as_error(done: Update) -> InvestIQError:
    """Return the error that an update without any series comes to."""
    what = f"no {done.dataset} of {done.symbol}"
    if done.status == "empty":
        return UnknownSymbolError(f"{what}: {done.reason}; check the symbol and the range")
    if done.status == "not_entitled":
        return NotEntitledError(f"{what}: {done.reason}; a larger plan or another provider may serve it")
    if done.status == "rate_limited":
        when = f" after {done.retry_at:%H:%M:%S} UTC" if done.retry_at else " later"
        return RateLimitedError(f"{what}: {done.reason}; ask again{when}", done.retry_at)
    own = f'; for your own file use iq.read_bars("{done.symbol}", "prices.csv", price_basis="as_traded")'
    return VendorError(f"{what}: {done.reason}{own if done.dataset == 'bars' else ''}")


def as_one_error(failed: Sequence[Update], asked: int) -> InvestIQError:
    """Return the error that several updates without any series come to: of their own class where they have one."""
    errors = [as_error(each) for each in failed]
    if len(errors) == 1:
        return errors[0]
    names = ", ".join(each.symbol for each in failed)
    reasons = "; ".join(str(error) for error in errors[:_SHOWN])
    more = f"; and {len(errors) - _SHOWN} more like these" if len(errors) > _SHOWN else ""
    message = (
        f"{len(failed)} of {asked} symbols could not be loaded: {names} ({reasons}{more}); the others are stored: "
        "leave these out, or call again, which asks only for them"
    )
    kinds = {type(error) for error in errors}
    if kinds == {RateLimitedError}:
        known = [each.retry_at for each in failed if each.retry_at is not None]
        return RateLimitedError(message, max(known, default=None))
    return kinds.pop()(message) if len(kinds) == 1 else VendorError(message)


def without_vendor(store: Store) -> str:
    """Return what there is without a vendor's key, and how to set one."""
    stored = sorted({key.symbol for key in store.keys("bars")})
    more = f" and {len(stored) - _SHOWN} more" if len(stored) > _SHOWN else ""
    shown = f"; stored are {', '.join(stored[:_SHOWN])}{more}" if stored else ""
    return f"{shown}; {no_vendor()}"


def nothing_stored(wanted: Wanted, store: Store) -> DataError:
    """Return that an earlier recording was asked for of which there is none."""
    return DataError(
        f"no {wanted.dataset} of {wanted.symbol!r} are stored, so nothing was recorded by then; "
        f"load them without recorded_by first{without_vendor(store)}"
    )
