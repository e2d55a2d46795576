"""Log lines as text or JSON, without secrets; in a notebook they go to a file, never to a cell."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from investiq.runtime.clock import now
from investiq.runtime.paths import log_dir, writable
from investiq.runtime.settings import LogFormat, LogLevel, load_settings
from investiq.runtime.surroundings import in_notebook

__all__ = ["configure_logging", "log_context", "redact"]

_ROOT: Final = "investiq"
_HIDDEN: Final = "[hidden]"
# The name of a secret, a separator, perhaps a scheme, then its value up to a blank or a delimiter.
_NAMED_SECRET: Final = re.compile(
    r"(?i)([\w-]*(?:api[_-]?key|apikey|access[_-]?key|token|secret|passw(?:or)?d|authorization|credential)[\w-]*"
    r"[\"']?\s*[=:]\s*[\"']?|[?&]key=|\bkey=)(?:(?:bearer|basic|token)\s+)?([^\s&\"',;)}\]]+)"
)
# user:password@ in an address, as in a DATABASE_URL.
_URL_PASSWORD: Final = re.compile(r"(\w+://[^\s:/@]*:)([^\s@/]+)(@)")
_CONTEXT: ContextVar[dict[str, str] | None] = ContextVar("investiq_log_context", default=None)
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

logging.getLogger(_ROOT).addHandler(logging.NullHandler())


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """Return `text` with secrets replaced by ``[hidden]``.

    Parameters
    ----------
    text : str
    secrets : sequence of str
        Values to hide wherever they stand. Values that follow a telling name
        (``api_key=``, ``token:``, ``Authorization:``) are hidden in any case.

    Examples
    --------
    >>> redact("GET /bars?symbol=AAPL&apiKey=s3cr3t failed")
    'GET /bars?symbol=AAPL&apiKey=[hidden] failed'
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, _HIDDEN)
    return _URL_PASSWORD.sub(rf"\1{_HIDDEN}\3", _NAMED_SECRET.sub(rf"\1{_HIDDEN}", text))


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Add `fields`, such as ``run_id`` or ``symbol``, to every log line inside the block."""
    token = _CONTEXT.set({**(_CONTEXT.get() or {}), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


class _Formatter(logging.Formatter):
    """Common part: the fields of a line, secrets hidden."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def _fields(self, record: logging.LogRecord) -> dict[str, str]:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        fields: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **(_CONTEXT.get() or {}),
            **extra,
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # A secret passed under its own name, extra={"api_key": ...}, is hidden as "api_key=..." would be.
        return {
            name: redact(f"{name}={value}", self._secrets).removeprefix(f"{name}=") for name, value in fields.items()
        }


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self._fields(record), ensure_ascii=False)


class _TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = self._fields(record)
        exception = fields.pop("exception", "")
        head = " ".join(fields.pop(name) for name in ("ts", "level", "logger"))
        # One event is one line, whatever a vendor's text holds.
        event = fields.pop("event").replace("\r", "\\r").replace("\n", "\\n")
        rest = " ".join(f"{name}={value}" for name, value in fields.items())
        return "\n".join(filter(None, (f"{head}: {event}{f' [{rest}]' if rest else ''}", exception)))


def configure_logging(
    level: LogLevel | None = None, log_format: LogFormat | None = None, file: Path | None = None
) -> logging.Handler:
    """Send the package's log lines to a file or to stderr; a second call replaces the first.

    Parameters
    ----------
    level, log_format, file : optional
        Taken from the settings where None. Without a file, a notebook logs to
        ``investiq-DATE.log`` under the data folder and everything else to stderr.

    Returns
    -------
    logging.Handler
        The handler in use.

    Raises
    ------
    ConfigError
        If a setting cannot be read, or the file's folder cannot be written.
    """
    settings = load_settings()
    file = file or settings.log_file
    if file is None and in_notebook():
        file = log_dir() / f"investiq-{now():%Y-%m-%d}.log"
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler()
    else:
        writable(file.parent, "INVESTIQ_LOG_FILE")
        handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    secrets = settings.secret_values()
    form = log_format or settings.log_format
    handler.setFormatter(_JsonFormatter(secrets) if form == "json" else _TextFormatter(secrets))
    logger = logging.getLogger(_ROOT)
    for old in logger.handlers[:]:
        if not isinstance(old, logging.NullHandler):
            logger.removeHandler(old)
            old.close()
    logger.addHandler(handler)
    logger.setLevel(level or settings.log_level)
    logger.propagate = False
    return handler
