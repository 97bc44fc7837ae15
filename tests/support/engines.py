"""The real RabbitMQ and PostgreSQL of a test run: one of each, with a vhost or a database for each test.

RABBITMQ_IMAGE and POSTGRES_IMAGE name other images than the usual ones, for a run on another version.
"""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pika
import psycopg
import requests
from pika.exceptions import AMQPError

from shared.testing import eventually, free_port
from support.containers import Container, Program, Server, binary, first_that_starts, server_folder, server_user

USER = "punctual"
PASSWORD = "never-in-a-log"
SETTLING = 1.5
"""Seconds. A quorum queue whose node dies within a third of a second of its declaration may not come back."""


class RabbitMQ:
    """A broker with its management API."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._declared = time.monotonic()
        _wait_or_stop(self)

    @classmethod
    def start(cls) -> "RabbitMQ":
        """Start one, in whatever way this machine has."""
        return cls(first_that_starts("RabbitMQ", _rabbitmq_container, _rabbitmq_program))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port for AMQP."""
        return self.server.host, self.server.port(5672)

    def url(self, vhost: str, *, address: tuple[str, int] | None = None, password: str = PASSWORD) -> str:
        """Give the BROKER_URL of a vhost, by way of another address (a proxy's) if one is given."""
        host, port = address or self.address
        return f"amqp://{USER}:{password}@{host}:{port}/{quote(vhost, safe='')}"

    def new_vhost(self) -> str:
        """Make an empty vhost."""
        name = f"test-{secrets.token_hex(4)}"
        self.api("PUT", f"vhosts/{name}")
        self.api("PUT", f"permissions/{name}/{USER}", configure=".*", write=".*", read=".*")
        self._declared = time.monotonic()
        return name

    def delete_vhost(self, name: str) -> None:
        """Remove a vhost and all that is in it."""
        self.api("DELETE", f"vhosts/{name}")

    def api(self, method: str, path: str, **body: Any) -> Any:
        """Call the management API; give its JSON, or None."""
        url = f"http://{self.server.host}:{self.server.port(15672)}/api/{path}"
        answer = requests.request(method, url, json=body or None, auth=(USER, PASSWORD), timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def depth(self, vhost: str, queue: str) -> int:
        """Count what waits in a queue. The management API would tell what it was five seconds ago."""
        with pika.BlockingConnection(pika.URLParameters(self.url(vhost))) as connection:
            return int(connection.channel().queue_declare(queue, passive=True).method.message_count)

    def publish_raw(self, vhost: str, queue: str, body: bytes, **properties: Any) -> None:
        """Put any bytes into a queue, as a stranger would."""
        # Base64 is the API's way for bytes that are no text.
        import base64  # noqa: PLC0415

        payload = base64.b64encode(body).decode()
        self.api(
            "POST",
            f"exchanges/{vhost}/amq.default/publish",
            routing_key=queue,
            payload=payload,
            payload_encoding="base64",
            properties=properties,
        )

    def kill(self) -> None:
        """End it as a power cut would, but not while it still makes queues."""
        time.sleep(max(0.0, SETTLING - (time.monotonic() - self._declared)))
        self.server.kill()

    def restart(self) -> None:
        """Start it again after a kill."""
        self.server.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it serves."""

        def ready() -> bool:
            try:
                self.api("GET", "overview")
                pika.BlockingConnection(pika.URLParameters(self.url("/"))).close()
            except (requests.RequestException, AMQPError, OSError) as error:
                raise AssertionError(f"{error!r}\n{self.server.output()}") from error
            return True

        eventually(ready, timeout=120, every=0.1)


class Postgres:
    """A PostgreSQL server whose superuser we are."""

    def __init__(self, server: Server) -> None:
        self.server = server
        _wait_or_stop(self)

    @classmethod
    def start(cls) -> "Postgres":
        """Start one, in whatever way this machine has."""
        return cls(first_that_starts("PostgreSQL", _postgres_container, _postgres_program))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.server.host, self.server.port(5432)

    def url(self, database: str, *, address: tuple[str, int] | None = None) -> str:
        """Give the DATABASE_URL of a database, by way of another address (a proxy's) if one is given."""
        host, port = address or self.address
        return f"postgresql+psycopg://{USER}:{PASSWORD}@{host}:{port}/{database}"

    def new_database(self) -> str:
        """Make an empty database."""
        name = f"test_{secrets.token_hex(4)}"
        self.do(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is still in it."""
        self.do(f"DROP DATABASE {name} WITH (FORCE)")

    def do(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement as superuser; give its rows."""
        url = self.url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def kill(self) -> None:
        """End it as a power cut would."""
        self.server.kill()

    def restart(self) -> None:
        """Start it again after a kill."""
        self.server.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it serves."""

        def ready() -> bool:
            try:
                return bool(self.do("SELECT 1"))
            except psycopg.OperationalError as error:
                raise AssertionError(f"{error}\n{self.server.output()}") from error

        eventually(ready, timeout=120, every=0.05)


def _wait_or_stop(engine: "RabbitMQ | Postgres") -> None:
    try:
        engine.wait_ready()
    except BaseException:
        engine.server.stop()
        raise


class ServersOfTheRun:
    """Starts each server once, in the background if asked ahead of time, and ends them all with the run."""

    def __init__(self, ways: Mapping[str, Callable[[], Any]]) -> None:
        self._ways = ways
        self._pool = ThreadPoolExecutor(max_workers=len(ways))
        self._started: dict[str, Future[Any]] = {}

    def start_ahead(self, names: Iterable[str]) -> None:
        """Begin to start those of the names that are servers."""
        for name in names:
            if name in self._ways and name not in self._started:
                self._started[name] = self._pool.submit(self._ways[name])

    def get(self, name: str) -> Any:
        """Give a server when it serves. Skips the test, or fails it, where it can't be had."""
        self.start_ahead([name])
        return self._started[name].result()

    def stop(self) -> None:
        """End what has been started, asked for or not."""
        for future in self._started.values():
            if future.exception() is None:
                future.result().server.stop()
        self._pool.shutdown()


# The operating system outlives every kill of these tests, so nothing needs to reach the disk.
_POSTGRES_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=200")


def _postgres_container() -> Server:
    environment = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": "postgres"}
    options = " ".join(f"-c {setting}" for setting in _POSTGRES_SETTINGS)
    return Container(os.environ.get("POSTGRES_IMAGE", "postgres:17"), [5432], environment, f"postgres {options}")


def _postgres_program() -> Server:
    initdb = binary("initdb", "usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
    postgres = binary("postgres", "usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
    program = Program(server_folder(), {5432: free_port()})
    secret, data = program.folder / "secret", program.folder / "data"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    subprocess.run(
        [initdb, "-D", data, "-U", USER, f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=program.folder,
        user=server_user(),
    )
    options = [*_POSTGRES_SETTINGS, f"unix_socket_directories={program.folder}", "listen_addresses=127.0.0.1"]
    settings = [word for option in options for word in ("-c", option)]
    program.run([postgres, "-D", str(data), "-p", str(program.port(5432)), *settings], os.environ)
    return program


def _rabbitmq_container() -> Server:
    environment = {"RABBITMQ_DEFAULT_USER": USER, "RABBITMQ_DEFAULT_PASS": PASSWORD}
    return Container(os.environ.get("RABBITMQ_IMAGE", "rabbitmq:4.0-management"), [5672, 15672], environment)


class _Erlang(Program):
    """RabbitMQ from its binary, with a port mapper of its own that ends with it."""

    def stop(self) -> None:
        self.kill()
        subprocess.run(["epmd", "-kill"], env=self._environment, check=False, capture_output=True)
        super().stop()


def _rabbitmq_program() -> Server:
    rabbitmq = binary("rabbitmq-server", "usr/lib/rabbitmq/bin", "usr/sbin", "usr/local/sbin")
    program = _Erlang(server_folder(), {5672: free_port(), 15672: free_port()})
    folder = program.folder
    (folder / "plugins").write_text("[rabbitmq_management].")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.default = 127.0.0.1:{program.port(5672)}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {program.port(15672)}\n"
        f"default_user = {USER}\ndefault_pass = {PASSWORD}\nlog.console = true\n"
    )
    environment = os.environ | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"punctual-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",  # else it outlives a node that was killed
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }
    program.run([rabbitmq], environment)
    return program
