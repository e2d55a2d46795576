"""Delivery by e-mail: SMTP with TLS, the summary as text and HTML, the PDF or page attached while it is small enough."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from investiq.core.errors import ConfigError, OfflineError
from investiq.notify.message import DeliveryError, Message
from investiq.runtime.offline import is_local

if TYPE_CHECKING:
    from investiq.runtime.settings import Settings

__all__ = ["LARGEST_ATTACHMENT", "compose", "send_mail"]

# Base64 makes it a third longer; 10 MB is the least limit among large mail services that was documented in 2024.
LARGEST_ATTACHMENT: Final = 7_000_000
_TIMEOUT_S: Final = 30


def send_mail(message: Message, address: str, settings: Settings) -> None:
    """Send the message to one address.

    Without TLS only a server on this machine is spoken to. The password is sent
    after the connection is private, and is part of no error.

    Raises
    ------
    ConfigError
        If the server or the sender is not set, or a server elsewhere is to be used without TLS.
    DeliveryError
        If the server cannot be reached, or refuses.
    """
    host = settings.smtp_host
    if host is None or settings.smtp_from is None:
        missing = "INVESTIQ_SMTP_HOST" if host is None else "INVESTIQ_SMTP_FROM"
        raise ConfigError(f"{missing} is not set; an e-mail needs both INVESTIQ_SMTP_HOST and INVESTIQ_SMTP_FROM")
    if settings.smtp_tls == "none" and not is_local(host):
        raise ConfigError(
            f"INVESTIQ_SMTP_TLS=none is for a server on this machine, was meant for {host}; use starttls or tls"
        )
    if settings.offline and not is_local(host):
        raise DeliveryError(f"INVESTIQ_OFFLINE=1 refuses the mail server {host}; unset it to send", may_pass=False)
    mail = compose(message, sender=settings.smtp_from, recipient=address)
    try:
        with _connect(host, settings) as server:
            if settings.smtp_user is not None and settings.smtp_password is not None:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError as error:
        # The server's words are left out: some repeat what they were sent.
        raise DeliveryError(
            f"{host} refused the user or password (code {error.smtp_code}); see INVESTIQ_SMTP_USER and "
            "INVESTIQ_SMTP_PASSWORD",
            may_pass=False,
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise DeliveryError(f"{host} refused {address}: {code} {_text(words)}", may_pass=code < 500) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(
            f"{host} refused the mail: {error.smtp_code} {_text(error.smtp_error)}", may_pass=error.smtp_code < 500
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(
            f"{host} cannot do what INVESTIQ_SMTP_TLS={settings.smtp_tls} and the user ask for: {error}", may_pass=False
        ) from None
    except OfflineError as error:
        raise DeliveryError(str(error), may_pass=False) from None
    except (OSError, smtplib.SMTPException) as error:  # an ssl.SSLError is an OSError
        raise DeliveryError(
            f"the mail server {host}:{settings.smtp_port} cannot be used: {error}",
            may_pass=not isinstance(error, ssl.SSLError),
        ) from None


def _connect(host: str, settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.smtp_tls == "tls":
        return smtplib.SMTP_SSL(host, settings.smtp_port, timeout=_TIMEOUT_S, context=context)
    server = smtplib.SMTP(host, settings.smtp_port, timeout=_TIMEOUT_S)
    if settings.smtp_tls == "starttls":
        try:
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def compose(message: Message, *, sender: str, recipient: str) -> EmailMessage:
    """Return the e-mail: text, HTML, and the PDF or the page where it is no larger than `LARGEST_ATTACHMENT`."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.headline.split())
    mail["From"], mail["To"] = sender, recipient
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(message.key, domain=sender.rpartition("@")[2] or None)
    files = [each for each in (message.pdf, message.page) if each is not None and each.is_file()]
    attached = next((each for each in files if each.stat().st_size <= LARGEST_ATTACHMENT), None)
    more = _of_the_files(files, attached)
    mail.set_content(message.text(*more))
    mail.add_alternative(message.html(*more), subtype="html")
    if attached is not None:
        kind, subtype = ("application", "pdf") if attached.suffix == ".pdf" else ("text", "html")
        mail.add_attachment(attached.read_bytes(), maintype=kind, subtype=subtype, filename=attached.name)
    return mail


def _of_the_files(files: list[Path], attached: Path | None) -> tuple[str, ...]:
    if attached is None and files:
        size = min(each.stat().st_size for each in files) / 1e6
        return (
            f"Nothing is attached: {size:.1f} MB exceed {LARGEST_ATTACHMENT / 1e6:.0f} MB. The page is {files[-1]}.",
        )
    return (f"The page is {files[-1]}.",) if files else ()


def _text(words: bytes | str) -> str:
    return " ".join((words.decode("utf-8", "replace") if isinstance(words, bytes) else words).split())
