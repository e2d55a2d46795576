"""Keys never leave: not in log lines, also those of other libraries, not in errors, not in sources."""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import Any, Final
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from investiq.runtime import logging as lines

__all__ = ["guard_logs", "hide", "holds_secret", "key_id_of", "redact"]

# Names of loggers of the libraries that vendors are asked through, and our own.
_GUARDED: Final = frozenset(
    {
        "alpaca", "asyncio", "httpcore", "httpx", "investiq", "massive", "polygon", "requests", "requests_cache",
        "urllib3", "websocket", "websockets", "yfinance", "RESTClient", "WebSocketClient",
    }
)  # fmt: skip
# A shorter text would hide ordinary words.
_SHORTEST: Final = 6

_secrets: set[str] = set()
_lock = threading.Lock()
_is_guarding = False


def hide(secret: SecretStr | str | None) -> None:
    """Hide a value wherever it stands, as it is and as it looks in an address."""
    value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if value is None or len(value) < _SHORTEST:
        return
    with _lock:
        _secrets.update({value, quote(value, safe=""), quote_plus(value)})


def key_id_of(*keys: SecretStr | str | None) -> str:
    """Return a short name for the keys that says nothing about them, and hide them from now on.

    Examples
    --------
    >>> key_id_of(None)
    'no key'
    """
    for key in keys:
        hide(key)
    values = [key.get_secret_value() if isinstance(key, SecretStr) else key for key in keys if key is not None]
    return hashlib.sha256("\0".join(values).encode()).hexdigest()[:12] if values else "no key"


def redact(text: str) -> str:
    """Return `text` with every key replaced by ``[hidden]``.

    Examples
    --------
    >>> redact("https://finnhub.io/api/v1/quote?symbol=AAPL&token=abc123")
    'https://finnhub.io/api/v1/quote?symbol=AAPL&token=[hidden]'
    """
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    return lines.redact(text, known)


def holds_secret(text: str) -> bool:
    """Return whether a key that was told to `hide` stands in `text`.

    Examples
    --------
    >>> holds_secret("AAPL")
    False
    """
    with _lock:
        return any(secret in text for secret in _secrets)


def guard_logs() -> None:
    """Let no log record of the libraries in use carry a key; a second call changes nothing.

    Records are cleaned where they are made, because a filter on a logger does
    not see those of its children.
    """
    global _is_guarding
    with _lock:
        if _is_guarding:
            return
        _is_guarding = True
    make = logging.getLogRecordFactory()

    def cleaned(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if record.name.split(".")[0] in _GUARDED:
            record.msg, record.args = redact(record.getMessage()), ()
            if record.exc_info and not record.exc_text:
                record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(cleaned)
