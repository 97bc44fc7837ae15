"""How the notifier speaks with mail servers: encrypted, signed in, and never waiting for ever."""

import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integration.notifier.postbox import Postbox
from notifier.mail import server
from notifier.mail.server import Outcome, Session
from notifier.settings import MailServer, Security


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate for 127.0.0.1 and its key, which nobody trusts yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "postbox")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = Path(tmp_path_factory.mktemp("tls")) / "postbox.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def secret(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def send(port: int, security: Security = "none", user: str | None = None) -> Outcome:
    mail = EmailMessage()
    mail["Subject"] = "Hello"
    mail.set_content("Hello")
    with Session(MailServer("127.0.0.1", port, security, user, user and "p:/@"), "[127.0.0.1]") as session:
        return session.send(mail, sender="no-reply@localhost", recipient="c@example.net")


@pytest.mark.parametrize(("security", "extensions"), [("tls", ("8BITMIME",)), ("starttls", ("STARTTLS",))])
def test_mail_goes_over_tls_to_a_server_whose_certificate_is_trusted(
    box: Postbox, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: Security, extensions: tuple[str, ...]
) -> None:
    box.secret, box.extensions = secret(certificate), extensions
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert send(box.port, security) == Outcome("sent")
    assert len(box.got) == 1


@pytest.mark.parametrize(("security", "extensions"), [("tls", ("8BITMIME",)), ("starttls", ("STARTTLS",))])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    box: Postbox, certificate: Path, security: Security, extensions: tuple[str, ...]
) -> None:
    box.secret, box.extensions = secret(certificate), extensions
    assert send(box.port, security) == Outcome("later", "no encrypted connection to the mail server could be made")
    assert box.got == []


def test_without_the_encryption_that_is_asked_for_no_mail_is_handed_over(box: Postbox) -> None:
    assert send(box.port, "starttls").state == "later"
    assert box.got == []
    assert not any(command.upper().startswith("MAIL") for command in box.commands)


def test_the_session_signs_in_with_what_it_was_given(box: Postbox) -> None:
    box.extensions = ("AUTH PLAIN",)
    box.answers["AUTH"] = lambda _: "235 welcome"
    assert send(box.port, user="me") == Outcome("sent")
    said = next(command for command in box.commands if command.startswith("AUTH"))
    assert b64decode(said.split()[-1]) == b"\0me\0p:/@"


def test_a_greeting_that_refuses_is_no_refusal_of_the_mail(box: Postbox) -> None:
    for greeting in ("554 not today", "421 busy"):
        box.answers["CONNECT"] = lambda _, said=greeting: said  # type: ignore[misc]
        code = greeting.partition(" ")[0]
        assert send(box.port) == Outcome("later", f"the mail server does not accept connections ({code})")


def test_a_server_that_refuses_our_hello_is_no_refusal_of_the_mail(box: Postbox) -> None:
    box.answers["EHLO"] = box.answers["HELO"] = lambda _: "550 who are you"
    assert send(box.port).state == "later"


@pytest.fixture
def silent() -> Iterator[int]:
    """Give a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_silent_server_is_left_after_a_while(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECT_SECONDS", 0.1)
    assert send(silent) == Outcome("later", "the mail server did not answer in time")


def test_a_server_that_falls_silent_is_left_after_a_while(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.1)
    enough = threading.Event()
    box.answers["RCPT"] = lambda _: "250 ok" if enough.wait(5) else None
    assert send(box.port) == Outcome("later", "the mail server did not answer in time")
    enough.set()


def test_a_name_that_nobody_knows_is_said_so() -> None:
    with Session(MailServer("mail.invalid", 25, "none"), "localhost") as session:
        assert session.send(EmailMessage(), sender="a@b.c", recipient="d@e.f").reason in (
            "the mail server's name can't be found",
            "the mail server can't be reached",
        )


def test_what_the_server_says_is_not_repeated(box: Postbox) -> None:
    box.after_data = lambda _: "554 5.7.1 <c@example.net> is a nuisance"
    assert send(box.port) == Outcome(
        "refused", "the mail server refuses mail from us, for instance as unwanted (554, 5.7.1)"
    )
