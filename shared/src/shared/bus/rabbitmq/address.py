"""Where the broker is and how to sign in to it, read once from BROKER_URL for both client libraries."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import kombu
import pika

from shared.bus import BusMisconfiguredError

HEARTBEAT = 10
"""Seconds. A peer that is silent for twice as long is gone; kombu's own default is to never look."""
CONNECT_TIMEOUT = 5
PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True)
class Address:
    """One broker. Its text names host and port, never the password."""

    host: str
    port: int
    vhost: str
    user: str
    password: str = field(repr=False)
    tls: bool
    ca_file: Path | None = None

    @classmethod
    def parse(cls, url: str, ca_file: Path | None = None) -> Self:
        """Read `amqp://user:password@host:port/vhost` or `amqps://…`. Raises `BusMisconfiguredError`."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise BusMisconfiguredError("BROKER_URL is not of the form amqp://user:password@host:port/vhost") from None
        if not parts.hostname or parts.query or parts.fragment:
            raise BusMisconfiguredError("BROKER_URL needs a host, and takes nothing after the vhost")
        address = cls(
            host=parts.hostname,
            port=port,
            vhost=unquote(parts.path[1:]) or "/",
            user=unquote(parts.username or "guest"),
            password=unquote(parts.password or "guest"),
            tls=parts.scheme == "amqps",
            ca_file=ca_file,
        )
        if address.tls:
            # A file that is no certificate is told at once, not at the first connection.
            address._tls_context()
        return address

    def __str__(self) -> str:
        return f"RabbitMQ at {self.host}:{self.port}"

    def for_publishing(self, name: str) -> pika.ConnectionParameters:
        """Give what pika needs; `name` is how the broker's own pages call the connection."""
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.vhost,
            credentials=pika.PlainCredentials(self.user, self.password),
            heartbeat=HEARTBEAT,
            socket_timeout=CONNECT_TIMEOUT,
            stack_timeout=CONNECT_TIMEOUT,
            client_properties={"connection_name": name},
            ssl_options=pika.SSLOptions(self._tls_context(), self.host) if self.tls else None,
        )

    def for_listening(self, name: str) -> kombu.Connection:
        """Give kombu's connection, not opened yet."""
        return kombu.Connection(
            transport="pyamqp",
            hostname=f"[{self.host}]" if ":" in self.host else self.host,
            port=self.port,
            virtual_host=self.vhost,
            userid=self.user,
            password=self.password,
            heartbeat=HEARTBEAT,
            connect_timeout=CONNECT_TIMEOUT,
            ssl=self._tls_options() if self.tls else False,
            transport_options={"client_properties": {"connection_name": name}},
        )

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except OSError:
            raise BusMisconfiguredError("BROKER_CA_FILE can't be read as PEM certificates") from None

    def _tls_options(self) -> dict[str, Any]:
        # Without `cert_reqs` py-amqp would take any certificate.
        options: dict[str, Any] = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": self.host}
        if self.ca_file is not None:
            options["ca_certs"] = str(self.ca_file)
        return options
