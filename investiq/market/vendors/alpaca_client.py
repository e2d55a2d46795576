"""The official clients of Alpaca behind the shared gate: their own waiting switched off, replies checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pydantic import SecretStr

from investiq.core.errors import DataError, UnknownSymbolError, VendorError
from investiq.market.gate.gate import Gate
from investiq.market.gate.redaction import redact
from investiq.market.gate.transports import requests_session
from investiq.market.vendors.paging import follow

__all__ = ["Keys", "opened", "translated"]

# What a page of the data interfaces holds beside its cursor.
_PAGES = frozenset({"bars", "corporate_actions", "news", "snapshots"})


class Keys(NamedTuple):
    """The two halves of a key."""

    key: SecretStr
    secret: SecretStr


def opened(kind: Any, keys: Keys, gate: Gate, base_url: str | None) -> Any:
    """Return a client of the library that hands out documents as they came, with every request through `gate`.

    Parameters
    ----------
    kind : type
        Such as ``StockHistoricalDataClient``.
    keys : Keys
    gate : Gate
    base_url : str, optional
        In place of the vendor's own address.
    """
    key, secret = keys.key.get_secret_value(), keys.secret.get_secret_value()
    # A key of the paper account, which is also good for data, begins with PK.
    account = {"paper": key.startswith("PK")} if kind.__name__ == "TradingClient" else {}
    client = kind(key, secret, raw_data=True, url_override=base_url, **account)
    client._session = requests_session(gate)
    client._retry = 0
    ask = client.get

    def get(path: str, data: Any = None, **rest: Any) -> Any:
        follow((data or {}).get("page_token"), "alpaca")
        return _checked(ask(path, data, **rest), path)

    client.get = get
    return client


def _checked(reply: Any, path: str) -> Any:
    """Return a reply whose page is there, for the client stumbles over one without rows that is written as null."""
    if isinstance(reply, list) and path == "/assets":
        return reply
    if not isinstance(reply, dict):
        raise VendorError(
            f"alpaca answered {path} with {type(reply).__name__} where an object was expected; retry later"
        )
    for name in _PAGES & reply.keys():
        if reply[name] is None:
            reply[name] = [] if name == "news" else {}
    if path != "/stocks/snapshots" and not _PAGES & reply.keys():
        raise VendorError(f"alpaca answered {path} without any of {', '.join(sorted(_PAGES))}; retry later")
    return reply


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's own error for a refused request into one that says what to do.

    Raises
    ------
    UnknownSymbolError
        If the vendor knows nothing of that name.
    DataError
        If it refuses the request as wrong.
    """
    from alpaca.common.exceptions import APIError

    try:
        yield
    except APIError as error:
        words = redact(_reason(str(error)))
        if error.status_code == 404:
            raise UnknownSymbolError(f"alpaca knows nothing of {what}: {words}; check the symbol") from None
        raise DataError(f"alpaca refused the request for {what}: {words}; change the request") from None


def _reason(body: str) -> str:
    try:
        reply = json.loads(body)
    except ValueError:
        return " ".join(body.split())[:200] or "no reason given"
    return str(reply.get("message") or "no reason given") if isinstance(reply, dict) else "no reason given"
