"""The whole of Punctual but for its processes: three services' databases and all that works on them, step by step."""

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Table, func, select, update

from booking.bookings import Booking, Client
from booking.handlers import HANDLERS as BOOKING_HANDLERS
from booking.handlers import booking as bookings
from booking.handlers.desk import Desk, of_host
from booking.handlers.hosts import Profile, welcome
from booking.handlers.session_types import add_session_type
from booking.storage import tables as booking_tables
from booking.storage.tables import BOOKINGS
from notifier import handlers as notifier_handlers
from notifier.deliveries import FIRST, FIRSTS
from notifier.dispatch import Dispatch
from notifier.mail.message import Writer
from notifier.storage import tables as notifier_tables
from notifier.storage.tables import DELIVERIES
from shared import inbox, outbox
from shared.bus import BusUnavailableError
from shared.database import Database
from shared.events.envelope import unwrap
from shared.inbox import INBOX, Handler, Handlers
from shared.migrations import migrate
from shared.outbox import OUTBOX
from shared.setback import Setback
from support.simulation.host import HostInZoom
from support.simulation.parts import (
    Executioner,
    Killed,
    MachineClock,
    SimulatedBus,
    SimulatedClock,
    SimulatedPost,
    SimulatedZoom,
)
from zoom_connector.handlers import HANDLERS as CONNECTOR_HANDLERS
from zoom_connector.meetings import Made, marker
from zoom_connector.reconcile import Late, Reconcile
from zoom_connector.storage import connections
from zoom_connector.storage import tables as connector_tables
from zoom_connector.storage.tables import MEETINGS, SEATS

Service = Literal["booking", "zoom-connector", "notifier"]
SERVICES: tuple[Service, ...] = ("booking", "zoom-connector", "notifier")
PACKAGES = {"booking": "booking", "zoom-connector": "zoom_connector", "notifier": "notifier"}
HOST = "host-1"
CONFIRMATION_WAIT = timedelta(seconds=15)
GROUP: dict[str, Any] = {
    "slug": "group",
    "title": "Group",
    "description": "",
    "duration": 30,
    "buffer_before": 0,
    "buffer_after": 0,
    "min_notice": 0,
    "horizon": 60,
    "slot_step": None,
    "max_per_day": None,
    "capacity": 3,
    "questions": (),
    "active": True,
}


def templates(folder: Path) -> Path:
    """Make one migrated database for each service, to be copied for every run."""
    for service in SERVICES:
        migrate(f"sqlite:///{folder / service}.sqlite3", PACKAGES[service])
    return folder


@dataclass
class Promise:
    """What a client was told with a 2xx: the booking stands at this version."""

    version: int
    live: bool
    start: datetime


@dataclass
class World:
    """Everything, in the hands of one seed."""

    folder: Path
    seed: int
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    crash: Executioner = field(default_factory=Executioner)
    promises: dict[str, Promise] = field(default_factory=dict)
    seen_versions: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, templates: Path, folder: Path, seed: int) -> "World":
        """Begin with fresh copies of the databases and one host, who has connected Zoom."""
        for service in SERVICES:
            shutil.copy(templates / f"{service}.sqlite3", folder)
        return cls(folder, seed)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        self.bus = SimulatedBus(self.crash)
        self.zoom = SimulatedZoom(self.clock)
        self.post = SimulatedPost(self.crash)
        self.clocks: dict[Service, MachineClock] = {service: MachineClock(self.clock) for service in SERVICES}
        self.databases = {service: self._database(service) for service in SERVICES}
        handlers: dict[Service, Handlers] = {
            "booking": BOOKING_HANDLERS,
            "zoom-connector": CONNECTOR_HANDLERS,
            "notifier": notifier_handlers.waiting(CONFIRMATION_WAIT),
        }
        self.inboxes = {
            s: inbox.Worker(self.databases[s], self._mortal(handlers[s]), self.clocks[s], chance) for s in SERVICES
        }
        self.relays = {s: outbox.Relay(self.databases[s], self.bus, self.clocks[s]) for s in SERVICES}
        moments = {"booking": booking_tables, "zoom-connector": connector_tables, "notifier": notifier_tables}
        self.setbacks = [
            Setback(self.databases[s], self.clocks[s], moments[s].WAITS, moments[s].LEASES) for s in SERVICES
        ]
        at_zoom = self.clocks["zoom-connector"]
        self.reconcile = Reconcile(
            self.databases["zoom-connector"], self.zoom, at_zoom, chance, self.crash, pause=lambda _seconds: None
        )
        self.late = Late(self.databases["zoom-connector"], at_zoom)
        writer = Writer(Address("Punctual", "no-reply", "localhost"), "http://punctual.example")
        post: Any = self.post
        at_post = self.clocks["notifier"]
        self.dispatch = Dispatch(self.databases["notifier"], writer, post, at_post, chance, CONFIRMATION_WAIT)
        self.desk = Desk(self.databases["booking"], self.clocks["booking"])
        welcome(self.desk, HOST, Profile("Hanna", "hanna@example.com", "hanna", "Europe/Berlin"))
        add_session_type(self.desk, HOST, GROUP)
        self.host = HostInZoom(self.databases["zoom-connector"], self.zoom, at_zoom, chance, HOST)
        self.connect()
        # Everybody knows the host before anything happens: the queues begin empty.
        self._work()

    def _database(self, service: Service) -> Database:
        return Database(f"sqlite:///{self.folder / service}.sqlite3")

    def _mortal(self, handlers: Handlers) -> Handlers:
        def with_death(handler: Handler) -> Handler:
            def handle(happened: Any, tx: Any, now: datetime) -> None:
                self.crash("before handler")
                handler(happened, tx, now)
                self.crash("after handler")

            return handle

        return {kind: with_death(handler) for kind, handler in handlers.items()}

    def close(self) -> None:
        """Let go of the files."""
        for database in self.databases.values():
            database.close()

    # What people do.

    def connect(self) -> None:
        """Let the host connect Zoom."""
        with self.databases["zoom-connector"].write() as tx:
            connections.connected(
                tx,
                HOST,
                user_id="u",
                account_id="a",
                email="zoom@example.com",
                scopes=frozenset(),
                now=self.clock(),
                refresh_at=self.clock() + timedelta(days=30),
            )
            tx.execute(update(MEETINGS).values(next_attempt_at=self.clock(), lease=None, leased_until=None))

    def book(self, start: datetime, slug: str = "intro") -> Booking:
        """Book as a client, a session of one's own or a seat of a `group`; raises what the service refuses."""
        client = Client("Carl", "carl@example.org", "America/New_York")
        wish = bookings.Wish(start, client, "", {})
        made, _new = bookings.book(self.desk, "hanna", slug, wish, key=None)
        return self._promised(made.booking)

    def move(self, booking_id: str, start: datetime) -> Booking:
        """Reschedule as the host."""
        return self._promised(bookings.reschedule(self.desk, of_host(HOST, booking_id), start, by="host").booking)

    def cancel(self, booking_id: str) -> Booking:
        """Cancel as the host."""
        return self._promised(bookings.cancel(self.desk, of_host(HOST, booking_id), None, by="host").booking)

    def _promised(self, made: Booking) -> Booking:
        self.promises[made.id] = Promise(made.version, made.status == "confirmed", made.start)
        return made

    # What processes do. Each may be killed at the place where the executioner waits.

    def relay(self, service: Service) -> int:
        """Send what the outbox holds."""
        with suppress(Killed, BusUnavailableError):
            return self.relays[service].step()
        return 0

    def deliver(self, service: Service, index: int, *, again: bool) -> None:
        """Hand over one message, not necessarily the oldest; `again` leaves it on the queue as after a lost ack."""
        queue = self.bus.queues[f"{service}.events"]
        if not queue:
            return
        place = index % len(queue)
        inbox.receive(self.databases[service], [queue[place]], self.clocks[service]())
        if not again:
            queue.pop(place)

    def handle(self, service: Service) -> int:
        """Handle what is in the inbox."""
        with suppress(Killed):
            return self.inboxes[service].step()
        return 0

    def work_on_meetings(self) -> int:
        """Take one meeting one thing further."""
        try:
            return self.reconcile.step() or self.late.step()
        except Killed:
            return 0
        finally:
            self._note_certainty()

    def _note_certainty(self) -> None:
        # What the connector has stored it need not look for.
        with self.databases["zoom-connector"].read() as tx:
            known = tx.execute(select(MEETINGS.c.id).where(MEETINGS.c.zoom_id.is_not(None))).scalars()
            self.zoom.doubtful -= {marker(booking_id) for booking_id in known}

    def send_mails(self) -> int:
        """Send what is due."""
        with suppress(Killed):
            return self.dispatch.step()
        return 0

    # What must hold.

    def check(self) -> None:
        """Check what holds at every moment."""
        self._check_promises()
        self._check_no_overlap()
        self._check_versions_only_rise()
        self._check_mails_once()
        for mark, number in Counter(wanted.marker for wanted, _ in self.zoom.meetings.values()).items():
            assert number <= 1, f"I4: a second meeting of {mark}"

    def _check_promises(self) -> None:
        with self.databases["booking"].read() as tx:
            rows = {row.id: row for row in tx.execute(select(BOOKINGS))}
            waiting = [unwrap(body) for body in tx.execute(select(OUTBOX.c.body)).scalars()]
        told: dict[str, set[int]] = {}
        for received in [*waiting, *(unwrap(message.body) for message in self.bus.carried)]:
            booking = getattr(received.event, "booking", None)
            if booking is not None:
                told.setdefault(booking.id, set()).add(booking.version)
        for booking_id, promise in self.promises.items():
            assert booking_id in rows, "I1: a promised booking is gone"
            assert rows[booking_id].version == promise.version, "I1: a promised change is gone"
            assert told.get(booking_id) == set(range(1, promise.version + 1)), "I2: a change without its event"

    def _check_no_overlap(self) -> None:
        with self.databases["booking"].read() as tx:
            live = tx.execute(
                select(BOOKINGS.c.starts_at, BOOKINGS.c.ends_at, BOOKINGS.c.group_id)
                .where(BOOKINGS.c.status == "confirmed")
                .order_by(BOOKINGS.c.starts_at)
            ).all()
        for earlier, later in itertools.pairwise(live):
            together = earlier.group_id is not None and earlier.group_id == later.group_id
            assert together or earlier.ends_at <= later.starts_at, "I8: two live bookings overlap"

    def _check_versions_only_rise(self) -> None:
        tables: dict[Service, Table] = {"booking": BOOKINGS, "zoom-connector": SEATS}
        for service, table in tables.items():
            with self.databases[service].read() as tx:
                for row in tx.execute(select(table.c.id, table.c.version)):
                    before = self.seen_versions.get((service, row.id), 0)
                    assert row.version >= before, "I6: an applied version fell"
                    self.seen_versions[service, row.id] = row.version

    def _check_mails_once(self) -> None:
        ids = [str(mail["Message-ID"]) for mail in self.post.mails]
        repeats = len(ids) - len(set(ids))
        assert repeats <= self.post.repeats_allowed, "I5: a second mail that no kill explains"

    # How it comes to rest.

    def rest(self, longest: timedelta = timedelta(minutes=30)) -> timedelta:
        """End all faults and work until nothing is left to do; give how long it took on the clock."""
        self.crash.place, self.bus.up, self.zoom.mode, self.post.mode = None, True, "ok", "ok"
        began = self.clock.now
        self._work_until(began + longest)
        rested = self.clock.now - began
        if self.host.touched:
            # Whatever no webhook told, the night finds out.
            self.host.look()
            self._work_until(self.clock.now + longest)
        self._check_rest()
        return rested

    def _work_until(self, end: datetime) -> None:
        while self._work() or not self._at_rest():
            self.check()
            self.clock.now += timedelta(seconds=1)
            assert self.clock.now <= end, f"I3: not at rest: {list(self._left())}"

    def rest_with_kill(self) -> None:
        """Work with the executioner still waiting at its place, then come to rest."""
        for _ in range(5):
            self._work()
            self.clock.now += timedelta(seconds=1)
        self.rest()

    def _work(self) -> int:
        done = sum(setback.step() for setback in self.setbacks)
        for service in SERVICES:
            done += self.relay(service)
        for service in SERVICES:
            while self.bus.queues[f"{service}.events"]:
                self.deliver(service, 0, again=False)
            done += self.handle(service)
        return done + self.work_on_meetings() + self.send_mails()

    def _at_rest(self) -> bool:
        return not any(self._left())

    def _left(self) -> Iterator[str]:
        for service, database in self.databases.items():
            with database.read() as tx:
                if outbox.waiting(tx):
                    yield f"outbox of {service}"
                if inbox.counts(tx)["waiting"]:
                    yield f"inbox of {service}"
        due: dict[Service, Table] = {"zoom-connector": MEETINGS, "notifier": DELIVERIES}
        for service, table in due.items():
            with self.databases[service].read() as tx:
                if tx.execute(select(func.count()).where(table.c.next_attempt_at.is_not(None))).scalar_one():
                    yield f"{table.name} are due"

    def _check_rest(self) -> None:
        self.check()
        for database in self.databases.values():
            with database.read() as tx:
                parked = tx.execute(select(INBOX.c.last_error).where(INBOX.c.state == "parked")).scalars().all()
                assert parked == [], "I7: something was parked"
        with self.databases["booking"].read() as tx:
            rows = {row.id: row for row in tx.execute(select(BOOKINGS))}
        expected = {rows[booking_id].group_id or booking_id for booking_id, made in self.promises.items() if made.live}
        there = {wanted.marker for wanted, _ in self.zoom.meetings.values()}
        assert there <= {marker(key) for key in expected}, "I4: a meeting that nobody wants"
        for booking_id, promise in self.promises.items():
            row = rows[booking_id]
            key = row.group_id or booking_id
            if not promise.live:
                assert row.video_state == "removed"
            elif key in self.host.touched:
                self._check_hosts_word(row, self.zoom.of(marker(key)))
            else:
                meetings = self.zoom.of(marker(key))
                assert len(meetings) == 1, f"I4: {len(meetings)} meetings of a live booking"
                assert (row.video_state, row.join_url) == ("ready", meetings[0].join_url)
                assert meetings[0].start == promise.start, "the meeting is at another time"
            self._check_told(booking_id, promise)

    def _check_hosts_word(self, row: Any, meetings: list[Made]) -> None:
        """Check that the booking shows what there is in Zoom, whatever the host made of it."""
        if not meetings:
            assert row.video_state == "removed", "the host deleted it, and nobody was told"
            return
        [meeting] = meetings
        assert (row.video_state, row.join_url) == ("ready", meeting.join_url)
        shown = row.moved_start or row.starts_at
        assert meeting.start == shown, "the host moved it, and nobody was told"

    def _check_told(self, booking_id: str, promise: Promise) -> None:
        with self.databases["notifier"].read() as tx:
            rows = tx.execute(select(DELIVERIES).where(DELIVERIES.c.booking_id == booking_id)).all()
        assert {row.state for row in rows} == {"sent"}
        for recipient in ("client", "host"):
            own = [row for row in rows if row.recipient == recipient]
            firsts = sorted((row.version, row.kind) for row in own if row.kind in FIRSTS)
            versions = [version for version, _ in firsts]
            # A newer mail takes the place of one that has not gone out: not every version has one, the last has.
            assert len(versions) == len(set(versions)), f"two mails for one change to the {recipient}"
            assert versions[-1] == promise.version, f"the last change was not told to the {recipient}"
            # Nobody hears of a move from a time that nobody gave, or of a new booking twice.
            news = {FIRST["booked"][recipient]}
            assert firsts[0][1] in news | {FIRST["canceled"][recipient]}, f"the {recipient} never heard of it before"
            assert not news & {kind for _, kind in firsts[1:]}, f"the {recipient} knew of it already"
