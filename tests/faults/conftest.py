"""The long form, the figures of each row, and fleets that end with their test.

FAULTS=long asks for the long form; FIGURES names a file to which each row's figures are added as they come.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.engines import Postgres, RabbitMQ
from support.faults.fleet import SERVICES, Engines, Fleet, Nursery, forget, room
from support.faults.outside import Outside

LONG = os.environ.get("FAULTS") == "long"
Figures = Callable[..., None]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show the figures of every row in one line each."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    lines = [value for report in reports for name, value in report.user_properties if name == "figures"]
    if lines:
        terminalreporter.section(f"figures of the fault tests, {'long' if LONG else 'short'} form")
        for line in sorted(dict.fromkeys(lines)):
            terminalreporter.write_line(line)


@pytest.fixture
def long() -> bool:
    """Say whether this is the long form."""
    return LONG


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Give what notes down a row's figures."""

    def note(row: str, **measured: Any) -> None:
        words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in measured.items())
        request.node.user_properties.append(("figures", f"row {row}: {words}"))
        if file := os.environ.get("FIGURES"):
            with Path(file).open("a") as lines:
                lines.write(f"row {row}: {words}\n")

    return note


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for data, in memory where that can be had: a kill of a process needs no disk."""
    made = Path(tempfile.mkdtemp(prefix="punctual-faults-", dir=room()))
    yield made
    forget(made)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Run what gives birth to all processes."""
    folder = Path(tempfile.mkdtemp(prefix="punctual-nursery-", dir=room()))
    made = Nursery(folder / "log")
    yield made
    made.close()
    forget(folder)


@pytest.fixture
def new_fleet(folder: Path, nursery: Nursery) -> Iterator[Callable[..., Fleet]]:
    """Make fleets, each with a Zoom and a mailbox of its own, their tables made and watched."""
    with ExitStack() as ends:

        def make(engines: Engines | None = None, **told: str) -> Fleet:
            place = Path(tempfile.mkdtemp(dir=folder))
            outside = Outside(place / "outside")
            ends.callback(outside.stop)
            fleet = Fleet(place, engines or Engines.embedded(place), outside, nursery, told)
            ends.callback(fleet.stop)
            fleet.migrate()
            return fleet

        yield make


@pytest.fixture
def real(rabbitmq: RabbitMQ, postgres: Postgres, vhost: str) -> Iterator[Callable[..., Engines]]:
    """Give databases in PostgreSQL and a place in RabbitMQ, if wanted by way of a proxy."""
    names: list[str] = []
    more: list[str] = []

    def engines(*, broker: tuple[str, int] | None = None) -> Engines:
        # Each fleet has queues of its own: two with the same would take each other's events.
        if names:
            more.append(rabbitmq.new_vhost())
        names.extend(postgres.new_database() for _ in SERVICES)
        databases: dict[str, str] = dict(
            zip(SERVICES, (postgres.url(name) for name in names[-len(SERVICES) :]), strict=True)
        )
        return Engines(databases, rabbitmq.url(more[-1] if more else vhost, address=broker))

    yield engines
    for name in names:
        postgres.drop_database(name)
    for name in more:
        rabbitmq.delete_vhost(name)
