"""The official client of Massive behind the shared gate: replies checked before the client may pass over a fault."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from investiq.core.errors import DataError, MissingDependencyError, UnknownSymbolError, VendorError
from investiq.market.gate.gate import asking_for, gate_of
from investiq.market.gate.plans import Plan
from investiq.market.gate.redaction import key_id_of, redact
from investiq.market.gate.transports import GatedPool, urllib3_pool
from investiq.market.vendors.paging import follow

__all__ = ["LIBRARIES", "Connection", "connect", "documents"]

# The client was renamed with its vendor; both keep the names used here.
LIBRARIES: Final = {"massive": "https://api.massive.com", "polygon": "https://api.polygon.io"}
_SHOWN: Final = 200


class Connection(NamedTuple):
    """The official client, the library that it comes from, its error for a refused request, and the base address."""

    client: Any
    library: str
    refusal: type[Exception]
    base: str

    @contextmanager
    def asking(self, dataset: str, what: str) -> Iterator[Any]:
        """Hand out the client; its own error for a refused request becomes one that says what to do.

        Parameters
        ----------
        dataset : str
            A refusal for want of entitlement concerns it alone.
        what : str
            In words, for messages.

        Raises
        ------
        UnknownSymbolError
            If the vendor knows nothing of that name.
        DataError
            If it refuses the request as wrong.
        """
        try:
            with asking_for(dataset):
                yield self.client
        except self.refusal as error:
            words = redact(_reason(str(error)))
            if re.search(r"not.?found", str(error), flags=re.IGNORECASE):
                raise UnknownSymbolError(f"massive knows nothing of {what}: {words}; check the symbol") from None
            raise DataError(f"massive refused the request for {what}: {words}; change the request") from None


class Replies:
    """JSON for the official client, which takes a page without `results` for the last one.

    It is handed over as `custom_json`; what is wrong with a reply is raised here.
    """

    @staticmethod
    def loads(text: str) -> Any:
        """Return a reply as an object whose `results`, if it pages, are a list of objects.

        Raises
        ------
        VendorError
            If it is no object, or an error that came with status 200.
        """
        reply = json.loads(text)
        if not isinstance(reply, dict):
            raise VendorError(f"massive sent a {type(reply).__name__} where an object was expected; retry later")
        if str(reply.get("status", "OK")).upper() in ("ERROR", "NOT_AUTHORIZED"):
            words = reply.get("error") or reply.get("message") or "no reason given"
            raise VendorError(redact(f"massive answered 200 with an error ({words}); retry later"))
        if reply.get("results") is None:
            reply["results"] = []
        results = reply["results"]
        if isinstance(results, list) and not all(isinstance(row, dict) for row in results):
            raise VendorError("massive sent results that are no objects; the vendor may have changed its format")
        return reply


def connect(key: SecretStr, plan: Plan, base_url: str | None) -> Connection:
    """Return the official client, ``massive`` if it is installed, else ``polygon``, with every request through the gate.

    Raises
    ------
    MissingDependencyError
        If neither is installed.
    """
    library = _installed()
    base = (base_url or LIBRARIES[library]).rstrip("/")
    # Both are named: each library would otherwise take them from variables of its own.
    client = importlib.import_module(library).RESTClient(
        api_key=key.get_secret_value(), base=base, retries=0, custom_json=Replies
    )
    # The experimental endpoints have a client of their own, with a pool of its own.
    client.client = client.vx.client = _Pages(urllib3_pool(gate_of("massive", key_id_of(key), plan)))
    return Connection(client, library, importlib.import_module(f"{library}.exceptions").BadResponse, base)


class _Pages:
    """The gate's pool as the client uses it, which follows any cursor for as long as it is given one."""

    def __init__(self, pool: GatedPool) -> None:
        self._pool = pool

    def request(self, method: str, url: str, **rest: Any) -> Any:
        """Return the reply to one request, unless its page was read before."""
        parts = urlsplit(url)
        cursor = (dict(parse_qsl(parts.query)) | (rest.get("fields") or {})).get("cursor")
        follow(None if cursor is None else f"{parts.path} {cursor}", "massive")
        return self._pool.request(method, url, **rest)


def _installed() -> str:
    for library in LIBRARIES:
        if importlib.util.find_spec(library) is not None:
            return library
    raise MissingDependencyError("massive", "data", "data from Massive")


def _reason(body: str) -> str:
    try:
        reply = json.loads(body)
    except ValueError:
        return body[:_SHOWN] or "no reason given"
    return str(reply.get("error") or reply.get("message") or body[:_SHOWN])


def documents(call: Callable[..., Any], **arguments: Any) -> Iterator[dict[str, Any]]:
    """Return the results of every page as they were sent, for what the client's own classes leave out.

    Parameters
    ----------
    call : callable
        A listing method of the client.
    **arguments
        Of that method.
    """
    reply = Replies.loads(call(raw=True, **arguments).data.decode("utf-8"))
    yield from reply["results"]
    while cursor := dict(parse_qsl(urlsplit(reply.get("next_url") or "").query)):
        reply = Replies.loads(call(raw=True, params=cursor).data.decode("utf-8"))
        yield from reply["results"]
