"""One door for all deliveries."""

from __future__ import annotations

from investiq.core.errors import ConfigError
from investiq.notify.message import DeliveryError, Message
from investiq.notify.targets import Target
from investiq.runtime.settings import load_settings

__all__ = ["deliver"]


def deliver(message: Message, target: Target) -> None:
    """Bring the message to one target.

    Raises
    ------
    DeliveryError
        If it did not arrive; `may_pass` says whether trying again makes sense.
    """
    from investiq.notify.folder import copy_to_folder
    from investiq.notify.mailing import send_mail
    from investiq.notify.webhook import post_webhook

    try:
        match target.kind:
            case "folder":
                copy_to_folder(message, target.address)
            case "email":
                send_mail(message, target.address, load_settings())
            case "webhook":
                post_webhook(message, load_settings())
    except ConfigError as error:
        raise DeliveryError(str(error), may_pass=False) from error
