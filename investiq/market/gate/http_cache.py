"""Answers kept on disk for a while, without keys: for the clients that ask through requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from investiq.market.gate.redaction import holds_secret
from investiq.runtime.paths import data_dir, writable

if TYPE_CHECKING:
    import requests

__all__ = ["caching_session"]

# Names under which vendors take their keys; no key is written to the cache, and another key is the same answer.
_KEY_NAMES: Final = (
    "apiKey", "apikey", "token", "crumb", "Authorization", "APCA-API-KEY-ID", "APCA-API-SECRET-KEY", "X-Finnhub-Token",
    "Cookie",
)  # fmt: skip


def caching_session(provider: str, seconds: int) -> requests.Session:
    """Return a session that keeps answers of status 200 under the data folder.

    Parameters
    ----------
    provider : str
        Names the file.
    seconds : int
        How long an answer is good.

    Raises
    ------
    ConfigError
        If the folder cannot be written to.
    """
    import requests_cache

    folder = writable(data_dir() / "http_cache", "INVESTIQ_DATA_DIR")
    session: requests.Session = requests_cache.CachedSession(
        str(folder / f"{provider}.sqlite"),
        expire_after=seconds,
        # Names count as they are spelled.
        ignored_parameters=sorted({spelled for name in _KEY_NAMES for spelled in (name, name.lower(), name.title())}),
        allowable_codes=(200,),
        # The steps of a redirect are kept with their whole addresses, and a body may repeat the key.
        filter_fn=lambda response: not response.history and not holds_secret(response.text),
    )
    return session
