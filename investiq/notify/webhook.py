"""Delivery to a webhook: one JSON document by HTTPS, signed where a secret is set; redirects are refused."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from investiq.core.errors import ConfigError, OfflineError
from investiq.notify.message import DeliveryError, Message
from investiq.runtime.offline import is_local

if TYPE_CHECKING:
    from investiq.runtime.settings import Settings

__all__ = ["SIGNATURE", "post_webhook"]

SIGNATURE: Final = "X-InvestIQ-Signature"
_TIMEOUT_S: Final = 30
# Answers beside 5xx that may be different next time: timeout, too early, too many requests.
_PASSING: Final = (408, 425, 429)


def post_webhook(message: Message, settings: Settings) -> None:
    """Post the payload to ``INVESTIQ_WEBHOOK_URL``, whose path is a secret and stands in no error.

    Raises
    ------
    ConfigError
        If it is not set.
    DeliveryError
        If the server cannot be reached, or answers with anything but 2xx.
    """
    if settings.webhook_url is None:
        raise ConfigError("INVESTIQ_WEBHOOK_URL is not set; a webhook needs the address that its service shows")
    parts = urlsplit(settings.webhook_url.get_secret_value())
    host = parts.hostname or ""
    if settings.offline and not is_local(host):
        raise DeliveryError(f"INVESTIQ_OFFLINE=1 refuses the webhook at {host}; unset it to send", may_pass=False)
    # `text` is what Slack shows, `content` what Discord does.
    body = json.dumps(
        {**message.payload, "text": message.headline, "content": message.headline}, ensure_ascii=False
    ).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.key}
    if settings.webhook_secret is not None:
        digest = hmac.new(settings.webhook_secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={digest}"
    secure = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = secure(host, parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else "") or "/", body, headers)
        status = connection.getresponse().status
    except OfflineError as error:
        raise DeliveryError(str(error), may_pass=False) from None
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(
            f"the webhook at {host} cannot be reached: {type(error).__name__}: {error}",
            may_pass=not isinstance(error, ssl.SSLError),
        ) from None
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise DeliveryError(
            f"the webhook at {host} answered {status}, expected 2xx", may_pass=status >= 500 or status in _PASSING
        )
