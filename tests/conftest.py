"""One running system for all tests that need one, and real servers for those that need them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared import bus
from shared.bus import Bus
from support.containers import unavailable
from support.engines import Postgres, RabbitMQ, ServersOfTheRun
from support.system import System

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`make run` with data of its own; the tests sign up hosts of their own and never count what is not theirs."""
    running = System(Path(tmp_path_factory.mktemp("system")) / "data").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """Give the one Chromium of this process."""
    # Few tests look through a browser, and these take long to import.
    from playwright.sync_api import Error  # noqa: PLC0415

    from support.chromium import launched  # noqa: PLC0415

    try:
        with launched() as started:
            yield started
    except Error as error:
        unavailable("Chromium", error.message.splitlines()[0])


SERVERS = ServersOfTheRun({"rabbitmq": RabbitMQ.start, "postgres": Postgres.start})


def pytest_configure() -> None:
    """Let a test that runs make find itself at a person's terminal, also under `make test`."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something slow to start, so that xdist starts each such thing once.

    First of all such hooks: xdist's own reads the marks.
    """
    for item in items:
        if isinstance(item, pytest.Function) and (shared := _shares(item)):
            item.add_marker(pytest.mark.xdist_group(shared))


def _shares(item: pytest.Function) -> str | None:
    names = set(item.fixturenames)
    if "stack" in names:
        return "stack"
    if names & {"system", "own"}:
        return "system"
    real = hasattr(item, "callspec") and item.callspec.params.get("engines") == "real"
    return "servers" if real or names & {"rabbitmq", "postgres"} else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the real servers start while the tests before their own run: a broker takes ten seconds to wake up."""
    config = session.config
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    for item in session.items:
        if isinstance(item, pytest.Function):
            SERVERS.start_ahead(item.fixturenames)
            if hasattr(item, "callspec") and item.callspec.params.get("engines") == "real":
                SERVERS.start_ahead(["postgres", *(["rabbitmq"] if "new_bus" in item.fixturenames else [])])


def pytest_sessionfinish() -> None:
    """End the real servers."""
    SERVERS.stop()


@pytest.fixture(scope="session")
def rabbitmq() -> RabbitMQ:
    """Give the one broker of the run (with xdist: of each of its processes, so that a test may kill it)."""
    broker: RabbitMQ = SERVERS.get("rabbitmq")
    return broker


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """Give the one database server of the run, as with the broker."""
    server: Postgres = SERVERS.get("postgres")
    return server


@pytest.fixture
def vhost(rabbitmq: RabbitMQ) -> Iterator[str]:
    """Give a place in the broker that is this test's own."""
    name = rabbitmq.new_vhost()
    yield name
    rabbitmq.delete_vhost(name)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """Give an empty PostgreSQL database that is this test's own."""
    return postgres.url(postgres.new_database())


@pytest.fixture(params=["embedded", "real"])
def engines(request: pytest.FixtureRequest) -> str:
    """Run a test that asks for `database_url` or `new_bus` twice: on SQLite, and on PostgreSQL and RabbitMQ."""
    return str(request.param)


@pytest.fixture
def database_url(engines: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty database."""
    if engines == "embedded":
        return f"sqlite:///{tmp_path / 'service.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def new_bus(engines: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Bus]]:
    """Give as many connections to this test's own bus as the test asks for."""
    url = ""
    if engines == "real":
        url = request.getfixturevalue("rabbitmq").url(request.getfixturevalue("vhost"))
    opened: list[Bus] = []

    def connect() -> Bus:
        opened.append(bus.connect(url, tmp_path))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()
