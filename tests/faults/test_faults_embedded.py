"""Row 9: the disk is full, somebody holds SQLite's lock, and the files are copied after a kill."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import OperationalError

from booking.bookings import Client
from booking.handlers import booking as bookings
from booking.handlers.desk import Desk
from booking.handlers.hosts import Profile, welcome
from booking.storage.tables import BOOKINGS, OCCUPANCIES, TIMELINE
from shared import inbox, outbox
from shared.bus import BusUnavailableError
from shared.bus.embedded import EmbeddedBus
from shared.database import Database
from shared.events import ZoomConnected
from shared.events.envelope import unwrap, wrap
from shared.inbox import INBOX
from shared.outbox import OUTBOX
from support.faults.fleet import Fleet, tables
from support.faults.people import People

Figures = Callable[..., None]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ROOM = 24
"""Pages that are left on the disk."""


class Disk:
    """Stands for a disk that is full: SQLite itself answers so once a file may not grow."""

    def __init__(self, database: Database) -> None:
        self._pages = 0
        self._engine = database.engine
        event.listen(self._engine, "checkout", self._limit)

    def fill(self, room: int) -> None:
        with self._engine.connect() as connection:
            self._pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + room

    def free(self) -> None:
        self._pages = 1_000_000

    def _limit(self, raw: sqlite3.Connection, *_: object) -> None:
        if self._pages:
            raw.execute(f"PRAGMA max_page_count = {self._pages}")


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    file = folder / "booking.sqlite3"
    shutil.copy(tables("booking"), file)
    made = Database(f"sqlite:///{file}")
    yield made
    made.close()


def book(desk: Desk, number: int) -> None:
    client = Client("Carl", f"carl-{number}@example.org", "Europe/Paris")
    start = MONDAY.replace(day=23 + number // 14 % 5) + (number % 14) * (MONDAY.replace(minute=30) - MONDAY)
    bookings.book(
        desk, f"hanna-{number // 70}", "intro", bookings.Wish(start, client, "n" * 1_500, {}), key=f"k{number}"
    )


def bookings_told_of(tx: Connection) -> set[str]:
    """Give the bookings that have an event in the outbox; hosts have some, too."""
    bodies = tx.execute(select(OUTBOX.c.body).where(OUTBOX.c.type.like("booking.%"))).scalars()
    return {unwrap(body).subject for body in bodies}


def whole(database: Database) -> int:
    """Count the bookings; each has its event, its time and its line, or none of them is there (I2)."""
    with database.read() as tx:
        ids = set(tx.execute(select(BOOKINGS.c.id)).scalars())
        told = bookings_told_of(tx)
        lines = set(tx.execute(select(TIMELINE.c.booking_id)).scalars())
        busy = tx.execute(select(func.count()).select_from(OCCUPANCIES)).scalar_one()
        assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert ids == told == lines, "half a state"
    assert busy == len(ids), "half a state"
    return len(ids)


def test_a_full_disk_refuses_whole_bookings_and_heals(database: Database, figures: Figures, long: bool) -> None:
    desk, disk = Desk(database, lambda: NOW), Disk(database)
    for host in range(15):
        welcome(desk, f"h{host}", Profile("Hanna", f"h{host}@example.com", f"hanna-{host}", "Europe/Berlin"))
    made = refused = 0
    reasons: set[str] = set()
    numbers = iter(range(1_000))
    for _ in range(20 if long else 2):
        disk.fill(ROOM)
        before = refused
        while refused - before < 3:
            try:
                book(desk, next(numbers))
                made += 1
            except OperationalError as error:
                reasons.add(str(error.orig))
                refused += 1
        assert whole(database) == made
        disk.free()
        book(desk, next(numbers))
        made += 1
    assert whole(database) == made
    assert reasons == {"database or disk is full"}
    figures("9 disk full", bookings=made, refused=refused, error="OperationalError", half_states=0)


def test_a_full_disk_under_the_bus_keeps_events_where_they_are(database: Database, folder: Path) -> None:
    bus = EmbeddedBus(folder / "bus.sqlite3")
    disk = Disk(bus._database)
    bus.publish([wrap(ZoomConnected(host_id="h"), source="x", now=NOW)])
    disk.fill(2)
    with database.write() as tx:
        for number in range(100):
            outbox.add(tx, ZoomConnected(host_id=f"h{number}" + "x" * 500), source="x", now=NOW)
    relay = outbox.Relay(database, bus, lambda: NOW)
    with pytest.raises(BusUnavailableError):
        relay.step()
    with database.read() as tx:
        assert outbox.waiting(tx) == 100
    disk.free()
    later = outbox.Relay(database, bus, lambda: NOW + outbox.LEASE)
    assert later.step() == 100
    bus.close()


def test_an_inbox_that_is_full_leaves_messages_on_the_bus(database: Database, folder: Path) -> None:
    bus, disk, stop = EmbeddedBus(folder / "bus.sqlite3"), Disk(database), threading.Event()
    bus.publish([wrap(ZoomConnected(host_id=f"h{n}" + "x" * 2_000), source="x", now=NOW) for n in range(100)])
    disk.fill(2)
    with pytest.raises(BusUnavailableError):
        bus.run("booking.events", lambda messages: inbox.receive(database, messages, NOW), stop)
    assert bus.depth("booking.events") == 100
    disk.free()
    thread = threading.Thread(
        target=bus.run, args=("booking.events", lambda messages: inbox.receive(database, messages, NOW), stop)
    )
    thread.start()
    while bus.depth("booking.events"):
        time.sleep(0.01)
    stop.set()
    thread.join()
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(INBOX)).scalar_one() == 100
    bus.close()


def test_a_database_that_somebody_holds_is_an_error_and_no_half_booking(database: Database, figures: Figures) -> None:
    event.listen(database.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout = 100"))
    desk = Desk(database, lambda: NOW)
    welcome(desk, "h", Profile("Hanna", "h@example.com", "hanna-0", "Europe/Berlin"))
    somebody = sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    for number in range(3):
        with pytest.raises(OperationalError, match="locked"):
            book(desk, number)
    assert whole(database) == 0
    somebody.execute("ROLLBACK")
    book(desk, 0)
    assert whole(database) == 1
    somebody.close()
    figures("9 busy", refused=3, error="OperationalError", half_states=0)


def test_files_that_are_copied_after_a_kill_hold_every_promise(
    new_fleet: Callable[..., Fleet], folder: Path, figures: Figures, long: bool
) -> None:
    fleet = new_fleet()
    fleet.start("booking", "api")
    fleet.wait_ready()
    people = People(fleet.url, seed=9)
    people.sign_up(4 if long else 1)
    over = threading.Event()
    clients = threading.Thread(target=lambda: people.work(clients=4, until=over.is_set))
    clients.start()
    copies = promised = 0
    for number in range(30 if long else 3):
        time.sleep(0.3)
        kept = dict(people.promises)
        fleet.kill("booking-api")
        copy = folder / f"copy-{number}"
        copy.mkdir()
        # The log of what is committed lies beside the file; the third file is only its index.
        for name in ("booking.sqlite3", "booking.sqlite3-wal"):
            if (fleet.folder / name).exists():
                shutil.copy(fleet.folder / name, copy)
        found = Database(f"sqlite:///{copy / 'booking.sqlite3'}")
        with found.read() as tx:
            assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            rows = set(tx.execute(select(BOOKINGS.c.id)).scalars())
            told = bookings_told_of(tx)
        found.close()
        assert set(kept) <= rows, "I1"
        assert told == rows, "I2"
        copies, promised = copies + 1, len(kept)
        fleet.wait_ready()
    over.set()
    clients.join()
    figures("9 copies", copies=copies, promises_in_the_last=promised, lost=0)
