"""``INVESTIQ_OFFLINE=1``: any connection beyond loopback and Unix sockets is an error."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any, Final

from investiq.core.errors import OfflineError
from investiq.runtime.paths import env_file

__all__ = ["is_local", "is_requested", "refuse_connections", "refuse_if_requested"]

_VARIABLE: Final = "INVESTIQ_OFFLINE"
_OFF_WORDS: Final = frozenset({"", "0", "false", "f", "no", "n", "off"})
_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})
_LOOKUPS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_SENDS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})

_installed = False


def is_requested() -> bool:
    """Return whether the environment, or the ``.env`` file, asks for the guard.

    A word that is neither yes nor no counts as yes: a safety switch that
    cannot be read is on. `Settings` then refuses the word by name.
    """
    value = os.environ.get(_VARIABLE)
    if value is None and (path := env_file()) is not None:
        from dotenv import dotenv_values

        value = dotenv_values(path).get(_VARIABLE)
    return (value or "").strip().casefold() not in _OFF_WORDS


def is_local(host: object) -> bool:
    """Return whether `host` is this machine by name or loopback address.

    Examples
    --------
    >>> is_local("127.0.0.1"), is_local("::1"), is_local("example.org")
    (True, True, False)
    """
    if host is None:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text in _LOCAL_NAMES or text == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKUPS:
        if not is_local(arguments[0]):
            _refuse(arguments[0])
    elif event in _SENDS:
        connection, address = arguments
        family = getattr(connection, "family", None)
        if address is not None and family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            _refuse(address[0])


def _refuse(host: object) -> None:
    raise OfflineError(
        f"a connection to {host} was attempted while {_VARIABLE}=1; unset the variable to use the network, "
        "or use the sample, synthetic or files provider"
    )


def refuse_connections() -> None:
    """Install the guard for the life of this process; a second call changes nothing.

    Notes
    -----
    It is an audit hook, so it also holds for libraries. Name look-ups and
    connections are refused before a packet leaves; only ``socket.connect``
    called directly with a host name lets the system resolve that name first,
    and is then refused.
    """
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_audit)


def refuse_if_requested() -> None:
    """Install the guard if the settings ask for it."""
    if is_requested():
        refuse_connections()
