"""Where a message goes: a folder, an e-mail address, the webhook of the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from investiq.core.errors import ConfigError, near_matches

__all__ = ["Kind", "Target", "parse_target"]

Kind = Literal["folder", "email", "webhook"]
# A check for typing errors; only the mail server knows whether an address exists.
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+")


@dataclass(frozen=True)
class Target:
    """A kind of delivery with its address: a path, an e-mail address, or nothing for the webhook."""

    kind: Kind
    address: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}" if self.address else self.kind


def parse_target(text: str) -> Target:
    """Read a target such as ``"folder:~/reports"``, ``"email:desk@example.org"`` or ``"webhook"``.

    Raises
    ------
    ConfigError
        If the kind is unknown or the address does not fit it.

    Examples
    --------
    >>> parse_target("email:desk@example.org")
    Target(kind='email', address='desk@example.org')
    """
    word, _, rest = text.partition(":")
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    kind, address = kinds.get(word.strip()), rest.strip()
    if kind is None:
        raise ConfigError(
            f"expected 'folder:PATH', 'email:ADDRESS' or 'webhook', found {text!r}{near_matches(word.strip(), kinds)}"
        )
    if kind == "webhook" and address:
        raise ConfigError(
            "expected the word 'webhook' alone, found an address behind it; an address of a webhook is a secret and "
            "stands in INVESTIQ_WEBHOOK_URL"
        )
    if kind == "folder" and not address:
        raise ConfigError(f"expected a path after 'folder:', found {text!r}")
    if kind == "email" and not _ADDRESS.fullmatch(address):
        raise ConfigError(f"expected one address such as desk@example.org after 'email:', found {address!r}")
    return Target(kind, address)
