"""The gate inside other people's clients: httpx, requests (alpaca-py, yfinance) and urllib3 (massive, polygon)."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from investiq.core.errors import ConfigError, VendorError
from investiq.market.gate.gate import Exchange, Gate, Unreachable
from investiq.market.gate.http_cache import caching_session
from investiq.market.gate.redaction import redact
from investiq.runtime.offline import is_local
from investiq.runtime.settings import load_settings

if TYPE_CHECKING:
    import httpx
    import requests

__all__ = ["GatedPool", "document_of", "http_client", "requests_session", "urllib3_pool"]

TIMEOUT_S: Final = 30.0
_CONNECTIONS: Final = 100
_IDEMPOTENT: Final = frozenset({"GET", "HEAD"})
_EXCERPT: Final = 80


def http_client(
    gate: Gate, base_url: str, *, headers: Mapping[str, str] | None = None, timeout: float = TIMEOUT_S
) -> httpx.Client:
    """Return a client whose every request passes `gate`; replies are read whole before they are returned.

    Parameters
    ----------
    gate : Gate
    base_url : str
        https, or http on this machine.
    headers : mapping, optional
        Sent with each request, such as the key.
    timeout : float, default 30.0
        Seconds without a byte.

    Returns
    -------
    httpx.Client
        Its `get` raises what `Gate.send` raises; a reply that it returns has
        none of the statuses 401, 403, 408, 429, 500, 502, 503 and 504.

    Raises
    ------
    ConfigError
        If `base_url` would send a key in the clear.
    """
    import httpx

    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    client: httpx.Client = _gated_client()(
        gate, base_url=_safe(base_url), headers=dict(headers or {}), timeout=timeout, limits=limits
    )
    return client


@lru_cache(maxsize=1)
def _gated_client() -> Any:
    import httpx

    class GatedClient(httpx.Client):
        def __init__(self, gate: Gate, **rest: Any) -> None:
            self._gate = gate
            super().__init__(**rest)
            # A client lives as long as its adapter, which nobody closes.
            for transport in (self._transport, *self._mounts.values()):
                if transport is not None:
                    weakref.finalize(self, transport.close)

        def send(self, request: httpx.Request, **rest: Any) -> httpx.Response:
            def call() -> Exchange[httpx.Response]:
                try:
                    response = super(GatedClient, self).send(request, **{**rest, "stream": False})
                except httpx.TransportError as error:
                    raise Unreachable(_cause(error)) from None
                except httpx.DecodingError as error:
                    raise Unreachable(f"its body cannot be decoded, {_cause(error)}") from None
                headers = dict(response.headers)
                return Exchange(
                    status=response.status_code, headers=headers, reply=response, text=lambda: response.text
                )

            return self._gate.send(
                call, f"{request.method} {request.url.path}", is_idempotent=request.method in _IDEMPOTENT
            )

    return GatedClient


def document_of(gate: Gate, response: httpx.Response) -> Any:
    """Return the JSON of a reply.

    Raises
    ------
    VendorError
        If it is not JSON; the message says what came instead.
    """
    kind = response.headers.get("content-type", "")
    return _decoded(gate, response.content, kind, f"{response.request.method} {response.request.url.path}")


def requests_session(
    gate: Gate,
    *,
    timeout: float = TIMEOUT_S,
    expects_json: bool = True,
    leave: frozenset[int] = frozenset(),
    is_cached: bool = True,
) -> requests.Session:
    """Return a session whose every request passes `gate`, for clients that bring their own logic.

    With ``INVESTIQ_HTTP_CACHE_S`` above 0, answers of status 200 are kept on
    disk for so many seconds, without keys, and one from there takes no
    departure of the limiter.

    Parameters
    ----------
    gate : Gate
    timeout : float, default 30.0
        Where the client names none.
    expects_json : bool, default True
        Whether a reply of 200 that is no JSON is an error.
    leave : frozenset of int
        Statuses that the client wants to see itself: yfinance answers a 401 by
        a new cookie.
    is_cached : bool, default True
        False keeps no answers whatever is set: yfinance refuses a session that
        caches.
    """
    import requests

    session: requests.Session
    if is_cached and (seconds := load_settings().http_cache_s):
        session = caching_session(gate.provider, seconds)
    else:
        session = requests.Session()
    adapter = _gated_adapter()(gate, timeout, expects_json, leave)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@lru_cache(maxsize=1)
def _gated_adapter() -> Any:
    import requests
    from requests.adapters import HTTPAdapter

    class GatedAdapter(HTTPAdapter):
        def __init__(self, gate: Gate, timeout: float, expects_json: bool, leave: frozenset[int]) -> None:
            self._gate, self._timeout, self._expects_json, self._leave = gate, timeout, expects_json, leave
            super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS, max_retries=0)

        def send(self, request: Any, **rest: Any) -> requests.Response:  # type: ignore[override]  # passed on as they are
            path = urlsplit(str(request.url)).path
            what = f"{request.method} {path}"
            rest = {**rest, "timeout": rest.get("timeout") or self._timeout}

            def call() -> Exchange[requests.Response]:
                try:
                    response = super(GatedAdapter, self).send(request, **rest)
                    response.content  # noqa: B018  # read here, so that a body cut short is tried again
                except requests.RequestException as error:
                    raise Unreachable(_cause(error)) from None
                status = 200 if response.status_code in self._leave else response.status_code
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Exchange(status=status, headers=headers, reply=response, text=lambda: response.text)

            response = self._gate.send(call, what, is_idempotent=request.method in _IDEMPOTENT)
            if self._expects_json and response.status_code == 200 and response.content:
                _decoded(self._gate, response.content, response.headers.get("content-type", ""), what)
            return response

    return GatedAdapter


class GatedPool:
    """What massive's and polygon's ``RESTClient`` asks in place of its own pool: ``client.client = urllib3_pool(gate)``.

    Its own pool retries by itself, waits without end and lets a reply that is
    no JSON pass for an empty one.
    """

    def __init__(self, gate: Gate, headers: Mapping[str, str], timeout: float) -> None:
        import certifi
        import urllib3

        self._gate = gate
        self._pool = urllib3.PoolManager(
            headers=dict(headers),
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(timeout),
            retries=False,
            ca_certs=certifi.where(),
        )

    def request(self, method: str, url: str, **rest: Any) -> Any:
        """Return the reply to one request: as ``urllib3.PoolManager.request``.

        Raises
        ------
        VendorError
            As `Gate.send`, and if a reply of 200 is no JSON.
        """
        import urllib3

        what = f"{method} {urlsplit(url).path}"

        def call() -> Exchange[Any]:
            try:
                reply = self._pool.request(method, url, **{**rest, "retries": False})
            except urllib3.exceptions.HTTPError as error:
                raise Unreachable(_cause(error)) from None
            headers = {name.lower(): value for name, value in reply.headers.items()}
            return Exchange(
                status=reply.status, headers=headers, reply=reply, text=lambda: reply.data.decode("utf-8", "replace")
            )

        reply = self._gate.send(call, what, is_idempotent=method in _IDEMPOTENT)
        if reply.status == 200:
            _decoded(self._gate, reply.data, reply.headers.get("content-type", ""), what)
        return reply

    def clear(self) -> None:
        """Close the connections that are kept open."""
        self._pool.clear()


def urllib3_pool(gate: Gate, *, headers: Mapping[str, str] | None = None, timeout: float = TIMEOUT_S) -> GatedPool:
    """Return a pool whose every request passes `gate`.

    Parameters
    ----------
    gate : Gate
    headers : mapping, optional
        Of requests that name none.
    timeout : float, default 30.0
        Seconds without a byte.
    """
    return GatedPool(gate, headers or {}, timeout)


def _decoded(gate: Gate, body: bytes, kind: str, what: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        start = " ".join(body[:_EXCERPT].decode("utf-8", "replace").split())
        message = (
            f"{gate.provider} answered 200 to {what} with {kind or 'no content type'} where JSON was expected, "
            f"beginning {start!r}; try again later, and check the address if it stays so"
        )
        raise VendorError(redact(message)) from None


def _cause(error: Exception) -> str:
    """Return what went wrong in few words; messages of the libraries may hold the whole address, so none is passed on."""
    inner: BaseException = error
    for _ in range(4):
        reason = getattr(inner, "reason", None) or next(
            (each for each in inner.args if isinstance(each, Exception)), None
        )
        if not isinstance(reason, BaseException):
            break
        inner = reason
    name = type(inner).__name__
    for words, meaning in _MEANINGS.items():
        if words in name:
            return f"{meaning} ({name})"
    return name


# By a part of the error's class name, as httpx, requests and urllib3 call it.
_MEANINGS: Final = {
    "ConnectTimeout": "no connection in time",
    "PoolTimeout": "no free connection in time",
    "Timeout": "no answer in time",
    "NameResolution": "its name cannot be resolved",
    "SSL": "no safe connection",
    "Connect": "no connection",
    "NewConnection": "no connection",
    "IncompleteRead": "the body was cut short",
    "ChunkedEncoding": "the body was cut short",
    "RemoteProtocol": "the connection ended early",
    "Protocol": "the connection ended early",
    "RemoteDisconnected": "the connection ended early",
    "ReadError": "the connection ended early",
}


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_local(parts.hostname)):
        return url
    raise ConfigError(
        f"{redact(url)} would send the key in the clear; expected an https address, or http on this machine"
    )
