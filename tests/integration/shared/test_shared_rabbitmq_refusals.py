"""What is wrong with the way to the broker is named in one sentence, and the password is not in it."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.bus import BusMisconfiguredError, BusUnavailableError, connect
from shared.bus.rabbitmq import RabbitBus
from shared.events.envelope import Message
from shared.testing import eventually, free_port
from support.engines import PASSWORD, RabbitMQ
from support.proxy import Proxy

MESSAGE = Message("m1", "booking.created", "{}")


def complaint(bus: RabbitBus, kind: type[BusUnavailableError] = BusMisconfiguredError) -> str:
    """Give the one sentence that a ping, a publish and a listener all say."""
    with pytest.raises(kind) as pinged:
        bus.ping()
    with pytest.raises(kind) as published:
        bus.publish([MESSAGE])
    stop = threading.Event()
    with structlog.testing.capture_logs() as lines:
        thread = threading.Thread(target=bus.run, args=("booking.events", lambda _: None, stop))
        thread.start()
        eventually(lambda: lines)
        stop.set()
        thread.join()
    bus.close()
    sentences = {str(pinged.value), str(published.value), str(lines[0].get("reason"))}
    assert len(sentences) == 1, sentences
    [sentence] = sentences
    assert PASSWORD not in sentence
    assert "\n" not in sentence
    return sentence


def test_a_wrong_password_is_named(rabbitmq: RabbitMQ, vhost: str) -> None:
    said = complaint(RabbitBus(rabbitmq.url(vhost, password="geheim")))
    assert "refuses the name or the password of user 'punctual': see BROKER_URL" in said
    assert "geheim" not in said


def test_a_vhost_that_is_not_there_is_named(rabbitmq: RabbitMQ) -> None:
    assert "no vhost 'nowhere' that user 'punctual' may use" in complaint(RabbitBus(rabbitmq.url("nowhere")))


def test_a_vhost_of_others_is_named(rabbitmq: RabbitMQ, vhost: str) -> None:
    rabbitmq.api("DELETE", f"permissions/{vhost}/punctual")
    assert f"no vhost '{vhost}' that user 'punctual' may use" in complaint(RabbitBus(rabbitmq.url(vhost)))


def test_a_right_that_is_missing_is_named(rabbitmq: RabbitMQ, vhost: str) -> None:
    rabbitmq.api("PUT", f"permissions/{vhost}/punctual", configure="nothing", write=".*", read=".*")
    said = complaint(RabbitBus(rabbitmq.url(vhost)))
    assert "lets user 'punctual' not configure, write and read exchange 'punctual.events'" in said


def test_a_queue_with_other_arguments_is_named_with_the_way_out(rabbitmq: RabbitMQ, vhost: str) -> None:
    rabbitmq.api("PUT", f"queues/{vhost}/notifier.events", durable=True, arguments={"x-queue-type": "classic"})
    said = complaint(RabbitBus(rabbitmq.url(vhost)))
    assert "has the queue 'notifier.events' with another x-" in said
    assert "let it run empty, then delete it" in said


def test_a_broker_that_is_not_there_is_named_by_host_and_port(rabbitmq: RabbitMQ) -> None:
    port = free_port()
    said = complaint(RabbitBus(rabbitmq.url("/", address=("127.0.0.1", port))), BusUnavailableError)
    assert said == f"RabbitMQ at 127.0.0.1:{port} can't be reached (Connection refused)"


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """Give an authority's certificate, and a server's context for 127.0.0.1 under it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, secret = tmp_path / "ca.pem", tmp_path / "key.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


@pytest.fixture
def secure(rabbitmq: RabbitMQ, authority: tuple[Path, ssl.SSLContext]) -> Iterator[Proxy]:
    """Give a door with TLS in front of the broker."""
    proxy = Proxy(rabbitmq.address, authority[1])
    yield proxy
    proxy.close()


def test_a_broker_behind_tls_is_spoken_to_with_its_authority(
    rabbitmq: RabbitMQ, vhost: str, secure: Proxy, authority: tuple[Path, ssl.SSLContext]
) -> None:
    url = rabbitmq.url(vhost, address=secure.address).replace("amqp:", "amqps:")
    bus = connect(url, None, authority[0])
    many = [Message(f"m{n}", "meeting.ready", "x" * 2000) for n in range(500)]
    assert len(bus.publish(many)) == 500
    seen: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=bus.run, args=("booking.events", lambda got: seen.extend(m.id for m in got), stop))
    thread.start()
    eventually(lambda: len(seen) == 500)
    stop.set()
    thread.join()
    bus.close()
    assert secure.accepted == 2


def test_a_certificate_of_a_stranger_is_refused_and_named(rabbitmq: RabbitMQ, vhost: str, secure: Proxy) -> None:
    url = rabbitmq.url(vhost, address=secure.address).replace("amqp:", "amqps:")
    said = complaint(RabbitBus(url))
    assert "shows a certificate that is not trusted" in said
    assert "BROKER_CA_FILE" in said


def test_a_certificate_for_another_name_is_refused(
    rabbitmq: RabbitMQ, vhost: str, secure: Proxy, authority: tuple[Path, ssl.SSLContext]
) -> None:
    address = ("localhost", secure.address[1])
    url = rabbitmq.url(vhost, address=address).replace("amqp:", "amqps:")
    assert "certificate that is not trusted" in complaint(RabbitBus(url, authority[0]))


def test_an_authority_that_is_no_certificate_is_named(rabbitmq: RabbitMQ, vhost: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("hello")
    url = rabbitmq.url(vhost).replace("amqp:", "amqps:")
    with pytest.raises(BusMisconfiguredError, match="BROKER_CA_FILE can't be read as PEM certificates"):
        RabbitBus(url, file)
