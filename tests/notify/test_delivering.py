"""Messages arrive at a real mail server, a real web server and in a folder; failures are told without any secret."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from investiq.core.errors import ConfigError
from investiq.notify import mailing
from investiq.notify.delivering import deliver
from investiq.notify.message import DeliveryError, Message
from investiq.notify.targets import Target, parse_target
from tests.servers.http import Reply
from tests.servers.smtp import MailServer

MAIL = Target("email", "desk@example.com")
WEBHOOK = Target("webhook")


@pytest.fixture
def message(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>Sheet</title>")
    return Message(
        key="run1",
        headline="S&P 500 [SAMPLE] is ready",
        paragraphs=("It rose by 1.2 % <b>.",),
        facts={"Report": "daily", "As of": "2018-12-31"},
        payload={"event": "report.done", "watermark": "SAMPLE"},
        page=page,
    )


@pytest.fixture
def mail_server(monkeypatch):
    opened = []

    def start(**options):
        server = MailServer(**options)
        opened.append(server.__enter__())
        monkeypatch.setenv("INVESTIQ_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("INVESTIQ_SMTP_PORT", str(server.port))
        monkeypatch.setenv("INVESTIQ_SMTP_TLS", "none")
        monkeypatch.setenv("INVESTIQ_SMTP_FROM", "reports@example.com")
        return server

    yield start
    for each in opened:
        each.__exit__()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file of a key and of a certificate of 127.0.0.1 that vouches for itself."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail of the tests")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), today, today + timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_mail_has_the_summary_as_text_and_html_and_the_page_attached(message, mail_server):
    server = mail_server()
    deliver(message, MAIL)
    (mail,) = server.received
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "S&P 500 [SAMPLE] is ready", "reports@example.com", "desk@example.com",
    )  # fmt: skip
    text = mail.get_body(("plain",)).get_content()
    assert "It rose by 1.2 % <b>." in text
    assert "As of   2018-12-31" in text
    html = mail.get_body(("html",)).get_content()
    assert "It rose by 1.2 % &lt;b&gt;." in html
    assert "http" not in html
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "page.html"
    assert attached.get_content() == message.page.read_text()


def test_the_pdf_is_preferred_and_what_is_too_large_is_named_instead(message, tmp_path, monkeypatch):
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(b"%PDF-1.7 " + b"x" * 100)
    whole = Message(**{**vars(message), "pdf": pdf})
    (attached,) = mailing.compose(whole, sender="a@example.com", recipient="b@example.com").iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("page.pdf", "application/pdf")
    monkeypatch.setattr(mailing, "LARGEST_ATTACHMENT", 20)
    mail = mailing.compose(whole, sender="a@example.com", recipient="b@example.com")
    assert not list(mail.iter_attachments())
    assert f"The page is {message.page}" in mail.get_body(("plain",)).get_content()


def test_the_log_in_uses_the_password_and_a_wrong_one_is_never_shown(message, mail_server, monkeypatch):
    server = mail_server(password="right-password")
    monkeypatch.setenv("INVESTIQ_SMTP_USER", "desk")
    monkeypatch.setenv("INVESTIQ_SMTP_PASSWORD", "right-password")
    deliver(message, MAIL)
    assert len(server.received) == 1
    monkeypatch.setenv("INVESTIQ_SMTP_PASSWORD", "wrong-secret")
    # This server repeats the password in its refusal, as some do.
    with pytest.raises(DeliveryError, match=r"refused the user or password .code 535") as refusal:
        deliver(message, MAIL)
    assert "wrong-secret" not in str(refusal.value)
    assert not refusal.value.may_pass


@pytest.mark.parametrize(("refusal", "may_pass"), [("450 mailbox busy", True), ("550 no such user", False)])
def test_a_refused_recipient_is_told_with_the_servers_words(message, mail_server, refusal, may_pass):
    mail_server(refusal=refusal)
    with pytest.raises(DeliveryError, match=refusal) as told:
        deliver(message, MAIL)
    assert told.value.may_pass is may_pass


def test_no_mail_leaves_without_tls_where_tls_is_asked_for(message, mail_server, monkeypatch):
    server = mail_server()
    monkeypatch.setenv("INVESTIQ_SMTP_TLS", "starttls")
    with pytest.raises(DeliveryError, match="cannot do what INVESTIQ_SMTP_TLS=starttls"):
        deliver(message, MAIL)
    assert "MAIL" not in server.commands


def test_starttls_makes_the_connection_private_before_the_password_is_sent(
    message, mail_server, certificate, monkeypatch
):
    server = mail_server(certificate=certificate, password="right-password")
    monkeypatch.setenv("INVESTIQ_SMTP_TLS", "starttls")
    monkeypatch.setenv("INVESTIQ_SMTP_USER", "desk")
    monkeypatch.setenv("INVESTIQ_SMTP_PASSWORD", "right-password")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    deliver(message, MAIL)
    assert len(server.received) == 1
    assert server.commands[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_a_certificate_that_nobody_vouches_for_ends_the_delivery_before_the_password(
    message, mail_server, certificate, monkeypatch, caplog
):
    server = mail_server(certificate=certificate, password="right-password")
    monkeypatch.setenv("INVESTIQ_SMTP_TLS", "starttls")
    monkeypatch.setenv("INVESTIQ_SMTP_USER", "desk")
    monkeypatch.setenv("INVESTIQ_SMTP_PASSWORD", "right-password")
    with caplog.at_level("DEBUG"), pytest.raises(DeliveryError, match="certificate verify failed") as refusal:
        deliver(message, MAIL)
    assert not refusal.value.may_pass
    assert server.commands == ["EHLO", "STARTTLS"]
    assert "right-password" not in f"{refusal.value} {refusal.value.__cause__} {caplog.text}"


def test_a_server_elsewhere_is_not_spoken_to_without_tls_nor_offline(message, mail_server, monkeypatch):
    mail_server()
    monkeypatch.setenv("INVESTIQ_SMTP_HOST", "mail.example.com")
    with pytest.raises(DeliveryError, match=r"for a server on this machine, was meant for mail\.example\.com"):
        deliver(message, MAIL)
    monkeypatch.setenv("INVESTIQ_SMTP_TLS", "tls")
    monkeypatch.setenv("INVESTIQ_OFFLINE", "1")
    with pytest.raises(DeliveryError, match="INVESTIQ_OFFLINE=1 refuses the mail server"):
        deliver(message, MAIL)


def test_a_mail_server_that_is_away_may_come_back(message, mail_server):
    server = mail_server()
    server.__exit__()
    with pytest.raises(DeliveryError, match="cannot be used") as refusal:
        deliver(message, MAIL)
    assert refusal.value.may_pass


def test_a_mail_without_a_server_says_what_to_set(message):
    with pytest.raises(DeliveryError, match="INVESTIQ_SMTP_HOST is not set") as refusal:
        deliver(message, MAIL)
    assert not refusal.value.may_pass


def test_a_webhook_gets_the_payload_signed(message, vendor_server, monkeypatch):
    vendor_server.route("/hook/secret", {"ok": True})
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", f"{vendor_server.url}/hook/secret?k=1")
    monkeypatch.setenv("INVESTIQ_WEBHOOK_SECRET", "key")
    deliver(message, WEBHOOK)
    (got,) = vendor_server.requests
    assert (got.method, got.query, got.headers["idempotency-key"]) == ("POST", {"k": "1"}, "run1")
    assert got.json["event"] == "report.done"
    assert got.json["text"] == got.json["content"] == "S&P 500 [SAMPLE] is ready"
    expected = hmac.new(b"key", got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-investiq-signature"] == f"sha256={expected}"


@pytest.mark.parametrize(("status", "may_pass"), [(500, True), (429, True), (404, False), (302, False)])
def test_an_answer_that_is_no_success_is_told_without_the_address(message, vendor_server, monkeypatch, status, may_pass):  # fmt: skip
    vendor_server.route("/hook/secret", Reply(status=status, headers={"Location": "/elsewhere"}))
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", f"{vendor_server.url}/hook/secret")
    with pytest.raises(DeliveryError, match=f"the webhook at 127.0.0.1 answered {status}") as told:
        deliver(message, WEBHOOK)
    assert "secret" not in str(told.value)
    assert told.value.may_pass is may_pass
    assert len(vendor_server.requests) == 1


def test_a_webhook_elsewhere_is_refused_offline(message, monkeypatch):
    monkeypatch.setenv("INVESTIQ_WEBHOOK_URL", "https://hooks.example.com/secret")
    monkeypatch.setenv("INVESTIQ_OFFLINE", "1")
    with pytest.raises(DeliveryError, match=r"refuses the webhook at hooks\.example\.com"):
        deliver(message, WEBHOOK)


def test_a_folder_gets_the_page_and_its_tables_whole(message, tmp_path):
    tables = tmp_path / "page_tables"
    tables.mkdir()
    (tables / "trades.csv").write_text("a\n1\n")
    target = tmp_path / "in" / "box"
    deliver(Message(**{**vars(message), "others": (tables,)}), Target("folder", str(target)))
    files = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert files == ["page.html", "page_tables/trades.csv"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("emial:a@b.c", "did you mean 'email'"),
        ("email:desk", "expected one address"),
        ("email:a@b.c, d@e.f", "expected one address"),
        ("folder:", "expected a path"),
        ("webhook:https://hooks.example.com/x", "stands in INVESTIQ_WEBHOOK_URL"),
    ],
)
def test_a_target_that_cannot_be_read_says_what_is_expected(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        parse_target(text)


def test_targets_are_written_as_they_are_read():
    for text in ("email:a@b.c", "webhook", f"folder:{Path('/x')}"):
        assert str(parse_target(text)) == text
