"""A clock that is set back by an hour holds up no link by an hour: every wait is as long as it was."""

from datetime import timedelta

import pytest

from integration.zoom_connector.bench import CREATE, Bench, Bookings, Clock, Zoom
from zoom_connector.storage.tables import LEASES, METADATA, WAITS
from zoom_connector.storage.token_locks import TokenLock

HOUR = 3600


@pytest.fixture
def watched(bench: Bench) -> Bench:
    """Give a connected connector that has seen what time it is."""
    bench.connect()
    assert bench.worker.setback.step() == 0
    return bench


def set_back(bench: Bench) -> None:
    bench.clock.turn(-HOUR)
    assert bench.worker.setback.step() == 1


def test_all_that_is_due_at_a_time_is_known() -> None:
    due = {table.name for table in METADATA.tables.values() if "next_attempt_at" in table.c}
    assert {moment.table.name for moment in WAITS} == due
    assert {moment.table.name for moment in LEASES} == {*due, "token_locks"}


def test_a_host_who_was_parked_waits_no_longer(watched: Bench, bookings: Bookings, zoom: Zoom) -> None:
    zoom.fault("rate_limit", kind="per_second", retry_after="seconds", times=2)
    watched.hear(bookings.created())
    watched.work()
    assert watched.connection().parked_until > watched.clock()
    set_back(watched)
    assert watched.connection().parked_until <= watched.clock() + timedelta(seconds=60)
    watched.rest(seconds=120)
    assert watched.said()[-1] == "meeting.ready"


def test_a_create_whose_answer_was_lost_is_settled_as_soon_as_before(
    watched: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    zoom.fault("hang", on=CREATE, times=1)
    watched.hear(bookings.created())
    watched.work()
    assert watched.row().intent_at is not None
    set_back(watched)
    watched.rest(seconds=180)
    assert (len(zoom.meetings()), watched.said()[-1]) == (1, "meeting.ready")


def test_the_calls_of_the_hour_that_comes_again_count_as_none(watched: Bench, bookings: Bookings, zoom: Zoom) -> None:
    slow = Bench(watched.folder, zoom, watched.clock, {"ZOOM_CALLS_PER_SECOND": "1"})
    pauses: list[float] = []
    slow.worker.reconcile.pause = pauses.append
    slow.hear(bookings.created("b1"))
    slow.work()
    slow.worker.setback.step()
    set_back(slow)
    pauses.clear()
    slow.hear(bookings.created("b2", hours=50))
    slow.work()
    slow.close()
    assert pauses == []
    assert len(zoom.meetings()) == 2


def test_a_lock_whose_holder_was_killed_ends_as_soon_as_before(watched: Bench, clock: Clock) -> None:
    lasting = timedelta(seconds=30)
    database = watched.worker.database
    assert TokenLock(database, "h1").take(clock() + timedelta(minutes=2), lasting)
    set_back(watched)
    assert not TokenLock(database, "h1").take(clock(), lasting)
    clock.turn(150)
    assert TokenLock(database, "h1").take(clock(), lasting)


def test_hosts_who_left_are_looked_at_again_at_once(watched: Bench) -> None:
    assert watched.worker.leaving.step() == 0
    set_back(watched)
    with watched.worker.database.write() as tx:
        tx.exec_driver_sql("UPDATE connections SET leaving_at = connected_at")
    watched.clock.turn(HOUR + 3)
    watched.clock.turn(-HOUR)
    assert watched.worker.leaving.step() == 1
