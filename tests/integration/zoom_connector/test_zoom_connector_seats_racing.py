"""Seats of the same sessions, recorded and told by many at once: nobody waits for ever, and each meeting is one row."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from shared import due
from shared.database import Database
from shared.migrations import migrate
from zoom_connector.meetings import wanted
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.outcomes import Outcome
from zoom_connector.reconcile.settling import settle
from zoom_connector.storage import meetings, seats
from zoom_connector.storage.tables import MEETINGS, SEATS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SESSIONS = ("o1", "o2")
SEATS_EACH, VERSIONS = 8, 6


def record(database: Database, booking_id: str, version: int, meeting_id: str) -> None:
    start = NOW + timedelta(days=1 + SESSIONS.index(meeting_id))
    end = start + timedelta(minutes=30)
    wish = wanted(meeting_id=meeting_id, title="T", client=None, description="", start=start, end=end, timezone="UTC")
    with database.write() as tx:
        seats.record(
            tx,
            booking_id=booking_id,
            meeting_id=meeting_id,
            host_id="h1",
            version=version,
            live=True,
            wanted=wish,
            end=end,
            now=NOW,
        )


def tell(database: Database) -> bool:
    """Announce something about a meeting that is due, as a reconciler does; say whether there was one."""
    try:
        with database.write() as tx:
            row = meetings.claim(tx, NOW, timedelta(seconds=45), meetings.nearest_due(tx, NOW))
        if row is None:
            return False
        with database.write() as tx:
            settle(tx, row, Outcome(None, sayings.delayed("outage")), NOW)
    except due.LeaseLostError:
        pass
    return True


def test_seats_change_meetings_while_they_are_told(database_url: str) -> None:
    migrate(database_url, "zoom_connector")
    database = Database(database_url, pool_size=12)
    names = [f"b{number}" for number in range(SEATS_EACH)]

    def live(name: str) -> None:
        chance = random.Random(name)
        for version in range(1, VERSIONS + 1):
            record(database, name, version, chance.choice(SESSIONS))
            tell(database)

    with ThreadPoolExecutor(SEATS_EACH) as people:
        # A deadlock is an error of the database, and comes out here.
        list(people.map(live, names))
    while tell(database):
        pass
    with database.read() as tx:
        rows = {row.id: row for row in tx.execute(select(MEETINGS))}
        counted = select(SEATS.c.meeting_id, func.count()).group_by(SEATS.c.meeting_id)
        taken: dict[str, int] = {key: number for key, number in tx.execute(counted)}  # noqa: C416 - a Row is no pair to mypy
        told = tx.execute(select(SEATS.c.version, SEATS.c.said_version)).all()
    database.close()

    assert set(rows) == set(taken), "a meeting without seats is forgotten"
    assert all(row.live for row in rows.values())
    assert sum(taken.values()) == SEATS_EACH
    assert {tuple(one) for one in told} == {(VERSIONS, VERSIONS)}
