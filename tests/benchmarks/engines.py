"""What the system under measurement stands on: files alone, or the PostgreSQL and RabbitMQ that answer here.

Given are those that `make run` would be told of (BROKER_URL, DATABASE_URL or a service's own); else Docker may have
them. Nothing that is in them is touched: databases are made for the run, and a vhost with our queues is refused.
"""

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
import psycopg
from pika.exceptions import AMQPError, ChannelClosedByBroker
from sqlalchemy import make_url

from shared import bus
from shared.bus import Bus, topology
from shared.bus.rabbitmq import declaring

SERVICES = ("GATEWAY", "BOOKING", "ZOOM_CONNECTOR", "NOTIFIER")
PASSWORD = "measured"
POSTGRES, RABBITMQ = "postgres:17", "rabbitmq:4.0-management"
PATIENCE = 60.0


class UnavailableError(Exception):
    """These engines can't be used here; the text says why."""


@dataclass(frozen=True)
class Engines:
    """One kind of database and of bus. An empty `broker_url` is the embedded bus; `server` is PostgreSQL's address."""

    folder: Path
    server: str = ""
    broker_url: str = ""

    @property
    def name(self) -> str:
        """What the table calls them."""
        return f"{'PostgreSQL' if self.server else 'SQLite'} + {'RabbitMQ' if self.broker_url else 'embedded bus'}"

    def environment(self) -> dict[str, str]:
        """Give what `make run` is told, with new databases."""
        told = {"BROKER_URL": self.broker_url} if self.broker_url else {}
        if self.server:
            told |= {f"{service}_DATABASE_URL": self.new_database() for service in SERVICES}
        return told

    def new_database(self) -> str:
        """Give the URL of an empty database."""
        name = f"bench_{os.getpid()}_{secrets.token_hex(4)}"
        if not self.server:
            return f"sqlite:///{self.folder / name}.sqlite3"
        _sql(self.server, f"CREATE DATABASE {name}")
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def new_bus(self) -> Bus:
        """Give a connection to the bus; the embedded one is in a file of its own."""
        place = self.folder / secrets.token_hex(4)
        place.mkdir()
        return bus.connect(self.broker_url, place)

    def forget(self) -> None:
        """Take away all that was made in the servers."""
        if self.server:
            _drop_databases(self.server)
        if self.broker_url:
            forget_topology(self.broker_url)


@contextmanager
def real(folder: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Engines | None]:
    """Give the real engines as far as there are any, and take away afterwards what was made in them."""
    with ExitStack() as stack:
        server = _first(stack, say, "PostgreSQL", lambda: _given_postgres(environ), _postgres_container)
        broker = _first(stack, say, "RabbitMQ", lambda: _given_rabbitmq(environ), _rabbitmq_container)
        if not server and not broker:
            yield None
            return
        engines = Engines(folder, server, broker)
        stack.callback(engines.forget)
        yield engines


def rabbitmq(url: str) -> pika.BlockingConnection:
    """Connect to the broker without any of our own code."""
    return pika.BlockingConnection(pika.URLParameters(url))


def forget_topology(url: str) -> None:
    """Remove our queues and exchanges."""
    connection = rabbitmq(url)
    channel = connection.channel()
    for queue in (*topology.QUEUES, declaring.DEAD):
        channel.queue_delete(queue)
    for exchange in (topology.EXCHANGE, declaring.DEAD):
        channel.exchange_delete(exchange)
    connection.close()


Way = Callable[[], AbstractContextManager[str]]


def _first(stack: ExitStack, say: Callable[[str], None], name: str, *ways: Way) -> str:
    reasons = []
    for way in ways:
        try:
            return stack.enter_context(way())
        except UnavailableError as error:
            reasons.append(str(error))
    say(f"{name} is left out: {'; '.join(reasons)}")
    return ""


@contextmanager
def _given_postgres(environ: Mapping[str, str]) -> Iterator[str]:
    names = ("DATABASE_URL", *(f"{service}_DATABASE_URL" for service in SERVICES))
    given = next((environ[name] for name in names if environ.get(name, "").startswith("postgres")), None)
    if given is None:
        raise UnavailableError("no ..._DATABASE_URL names one")
    url = make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    _wait(lambda: _sql(url, "SELECT 1"), psycopg.Error, 5)
    yield url


@contextmanager
def _given_rabbitmq(environ: Mapping[str, str]) -> Iterator[str]:
    url = environ.get("BROKER_URL", "")
    if not url:
        raise UnavailableError("no BROKER_URL names one")
    _wait(lambda: rabbitmq(url).close(), AMQPError, 5)
    for queue in topology.QUEUES:
        connection = rabbitmq(url)
        with contextlib.suppress(ChannelClosedByBroker):
            connection.channel().queue_declare(queue, passive=True)
            raise UnavailableError(f"the vhost of BROKER_URL is not empty: it has the queue {queue}")
        connection.close()
    yield url


@contextmanager
def _postgres_container() -> Iterator[str]:
    with _container(POSTGRES, 5432, POSTGRES_USER="bench", POSTGRES_PASSWORD=PASSWORD) as port:
        url = f"postgresql+psycopg://bench:{PASSWORD}@127.0.0.1:{port}/bench"
        _wait(lambda: _sql(url, "SELECT 1"), psycopg.Error, PATIENCE)
        yield url


@contextmanager
def _rabbitmq_container() -> Iterator[str]:
    with _container(RABBITMQ, 5672, RABBITMQ_DEFAULT_USER="bench", RABBITMQ_DEFAULT_PASS=PASSWORD) as port:
        url = f"amqp://bench:{PASSWORD}@127.0.0.1:{port}/%2F"
        _wait(lambda: rabbitmq(url).close(), AMQPError, PATIENCE)
        yield url


@contextmanager
def _container(image: str, port: int, **environment: str) -> Iterator[int]:
    told = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    made = _docker("run", "--detach", "--rm", "--publish", f"127.0.0.1::{port}", *told, image)
    try:
        address = _docker("port", made, str(port)).splitlines()[0]
        yield int(address.rsplit(":", 1)[1])
    finally:
        _docker("rm", "--force", "--volumes", made)


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError("Docker does not answer") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["failed"]
        raise UnavailableError(f"docker {arguments[0]}: {said[-1]}")
    return done.stdout.strip()


def _wait(check: Callable[[], object], not_yet: type[Exception], patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            check()
        except not_yet as error:
            if time.monotonic() > deadline:
                raise UnavailableError(f"it does not answer ({type(error).__name__})") from error
            time.sleep(0.1)
        else:
            return


def _sql(url: str, statement: str) -> list[str]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return [str(row[0]) for row in cursor.fetchall()] if cursor.description else []


def _drop_databases(server: str) -> None:
    for name in _sql(server, "SELECT datname FROM pg_database"):
        if name.startswith(f"bench_{os.getpid()}_"):
            _sql(server, f"DROP DATABASE {name} WITH (FORCE)")
