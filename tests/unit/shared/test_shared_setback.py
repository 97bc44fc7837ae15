"""A clock that is set back holds nothing up: what waits keeps its distance."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import MetaData, select, update

from shared import due, inbox, outbox
from shared.database import Database
from shared.events import ZoomConnected
from shared.events.envelope import wrap
from shared.inbox import INBOX
from shared.outbox import OUTBOX
from shared.setback import Setback

WAITS = [INBOX.c.next_attempt_at]
LEASES = [INBOX.c.leased_until]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=10)


class Wall:
    """A clock on a wall, within anybody's reach."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def opened(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'service.sqlite3'}")
    metadata = MetaData()
    INBOX.to_metadata(metadata)
    OUTBOX.to_metadata(metadata)
    with database.write() as tx:
        metadata.drop_all(tx)
        metadata.create_all(tx)
    return database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = opened(tmp_path)
    yield made
    made.close()


def store(database: Database, now: datetime) -> None:
    inbox.receive(database, [wrap(ZoomConnected(host_id="h"), source="x", now=now)], now)


def claims(database: Database, now: datetime) -> int:
    with database.write() as tx:
        return len(due.claim(tx, INBOX, now=now, lease_for=LEASE, limit=10))


def test_an_event_stored_before_the_clock_was_set_back_is_due_at_once(database: Database) -> None:
    wall = Wall()
    setback = Setback(database, wall, WAITS, LEASES)
    assert setback.step() == 0
    store(database, NOON)
    wall.now = NOON - HOUR
    assert claims(database, wall()) == 0
    assert setback.step() == 1
    assert claims(database, wall()) == 1
    assert setback.step() == 0


def test_a_lease_taken_before_holds_as_long_as_it_would_have(database: Database) -> None:
    wall = Wall()
    setback = Setback(database, wall, WAITS, LEASES)
    setback.step()
    store(database, NOON)
    assert claims(database, NOON) == 1
    wall.now = NOON - HOUR
    setback.step()
    assert claims(database, wall() + LEASE - timedelta(seconds=1)) == 0
    assert claims(database, wall() + LEASE) == 1


def test_a_lease_taken_on_the_new_clock_is_left_alone(database: Database) -> None:
    wall = Wall()
    setback = Setback(database, wall, WAITS, LEASES)
    setback.step()
    wall.now = NOON - HOUR
    store(database, wall())
    assert claims(database, wall()) == 1
    setback.step()
    assert claims(database, wall() + LEASE - timedelta(seconds=1)) == 0


def test_a_clock_set_back_while_nobody_ran_is_known_by_the_newest_event(database: Database) -> None:
    store(database, NOON)
    wall = Wall()
    wall.now = NOON - HOUR
    assert Setback(database, wall, WAITS, LEASES).step() == 1
    assert claims(database, wall()) == 1


def test_machines_that_disagree_by_five_minutes_take_nothing_from_each_other(database: Database) -> None:
    store(database, NOON + timedelta(minutes=5))
    with database.write() as tx:
        due.claim(tx, INBOX, now=NOON + timedelta(minutes=5), lease_for=LEASE, limit=1)
    assert Setback(database, Wall(), WAITS, LEASES).step() == 0
    assert claims(database, NOON + LEASE) == 0


def test_a_relays_lease_from_an_hour_ahead_ends_as_soon_as_before(database: Database) -> None:
    wall = Wall()
    setback = Setback(database, wall, WAITS, LEASES)
    setback.step()
    with database.write() as tx:
        outbox.add(tx, ZoomConnected(host_id="h"), source="x", now=NOON)
        tx.execute(update(OUTBOX).values(lease="gone", leased_until=NOON + outbox.LEASE))
    wall.now = NOON - HOUR
    setback.step()
    with database.read() as tx:
        assert tx.execute(select(OUTBOX.c.leased_until)).scalar_one() == wall() + outbox.LEASE


@given(
    wait=some.timedeltas(min_value=timedelta(), max_value=timedelta(hours=30)),
    back=some.timedeltas(min_value=timedelta(seconds=6), max_value=timedelta(days=2)),
)
def test_a_wait_is_as_long_after_as_before(
    tmp_path_factory: pytest.TempPathFactory, wait: timedelta, back: timedelta
) -> None:
    database = opened(tmp_path_factory.getbasetemp())
    wall = Wall()
    setback = Setback(database, wall, WAITS, LEASES)
    setback.step()
    store(database, NOON)
    with database.write() as tx:
        tx.execute(update(INBOX).values(next_attempt_at=NOON + wait, attempts=3))
    wall.now = NOON - back
    setback.step()
    with database.read() as tx:
        assert tx.execute(select(INBOX.c.next_attempt_at)).scalar_one() - wall() == wait
    database.close()
