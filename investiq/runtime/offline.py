"""``INVESTIQ_OFFLINE=1``: any connection beyond loopback and Unix sockets is an error."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

from investiq.core.errors import OfflineError

__all__ = ["is_local", "refuse_connections"]

_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})


def is_local(host: object) -> bool:
    """Return whether `host` is this machine by name or loopback address."""
    if host is None:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(text.split("%")[0]).is_loopback
    except ValueError:
        return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo" and not is_local(arguments[0]):
        _refuse(arguments[0])
    elif event in ("socket.connect", "socket.sendto"):
        connection, address = arguments
        if getattr(connection, "family", None) in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            _refuse(address[0])


def _refuse(host: object) -> None:
    raise OfflineError(
        f"a connection to {host} was attempted while INVESTIQ_OFFLINE=1; unset the variable to use the network, "
        "or use the sample, synthetic or files provider"
    )


def refuse_connections() -> None:
    """Install the guard for the life of this process."""
    sys.addaudithook(_audit)
