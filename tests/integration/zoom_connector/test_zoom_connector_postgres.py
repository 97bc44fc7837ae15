"""The life of a connection on PostgreSQL: the same migrations, the same locks, two workers at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.zoom_connector.bench import TOKEN, Bench, Bookings, Clock, Zoom
from integration.zoom_connector.racing import ZOE, at_once, returned, works
from shared import migrations
from shared.events import HostRemoved
from zoom_connector.connections.leaving import LONGEST_STAY
from zoom_connector.reconcile import BusyError
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections


@pytest.fixture
def bench(tmp_path: Path, zoom: Zoom, clock: Clock, postgres_url: str) -> Iterator[Bench]:
    """Give a connector whose database is PostgreSQL."""
    migrations.migrate(postgres_url, "zoom_connector")
    made = Bench(tmp_path, zoom, clock, {"DATABASE_URL": postgres_url})
    yield made
    made.close()


@pytest.fixture
def other(bench: Bench, zoom: Zoom, clock: Clock) -> Iterator[Bench]:
    """Give a second process's view of the same data."""
    made = Bench(bench.folder, zoom, clock, bench.changed)
    yield made
    made.close()


def test_migrations_go_up_and_down(postgres_url: str) -> None:
    migrations.migrate(postgres_url, "zoom_connector")
    migrations.check(postgres_url, "zoom_connector")
    migrations.migrate(postgres_url, "zoom_connector", "base")
    migrations.migrate(postgres_url, "zoom_connector")


def test_renewing_and_connecting_race_and_the_newer_tokens_stay(bench: Bench, other: Bench, clock: Clock) -> None:
    bench.connect()
    for _ in range(3):
        clock.turn(3600)
        failed = at_once([returned(bench, "h1"), *[lambda: works(other, "h1")] * 3])

        assert all(isinstance(error, BusyError) for error in failed), failed
        assert works(bench, "h1")


def test_a_renewal_is_done_once_for_all_who_share_the_account(
    bench: Bench, other: Bench, zoom: Zoom, clock: Clock
) -> None:
    bench.connect("h1", ZOE)
    bench.connect("h2", ZOE)
    clock.turn(3600)
    zoom.fault("latency", on=TOKEN, seconds=0.2)

    assert at_once([lambda: works(bench, "h1"), lambda: works(other, "h2")] * 3) == []
    assert zoom.calls("token") == 2 + 1


def test_consents_of_one_account_at_once_end_connected_or_told_to_begin_anew(bench: Bench, other: Bench) -> None:
    failed = at_once([returned(bench, "h1"), returned(other, "h2"), returned(bench, "h1")])

    assert all(isinstance(error, Refused) and error.code == "connection_changed" for error in failed), failed
    with bench.parts.database.read() as tx:
        rows = [row for host in ("h1", "h2") if (row := connections.get(tx, host)) is not None]
    assert rows
    assert all(works(bench, row.id) for row in rows)


def test_removals_at_once_leave_nothing(bench: Bench, other: Bench, zoom: Zoom) -> None:
    bench.connect("h1", ZOE)
    bench.connect("h2", ZOE)

    assert at_once([lambda: bench.parts.removal.disconnect("h1"), lambda: other.parts.removal.disconnect("h2")]) == []
    assert all(user["scopes"] is None for user in zoom.users())
    assert {bench.connection(host).zoom_user_id for host in ("h1", "h2")} == {None}


def test_a_host_who_leaves_is_forgotten(bench: Bench, bookings: Bookings) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    bench.hear(bookings.canceled(), HostRemoved(host_id="h1", at=bench.clock()))
    bench.work()

    assert bench.worker.leaving.step() == 1
    assert bench.parts.tokens.read("h1") is None
    bench.clock.turn(LONGEST_STAY.total_seconds() + 1)
    assert bench.worker.leaving.step() == 1
    assert bench.rows() == []
