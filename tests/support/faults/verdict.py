"""Takes the verdict: asks the databases, Zoom and the mailbox whether the invariants I1 to I8 hold at rest."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pika
from sqlalchemy import func, select, text

from booking.storage.tables import BOOKINGS
from notifier.deliveries import FIRSTS
from notifier.storage import CHANGES, DELIVERIES
from shared import inbox, outbox
from shared.bus import topology
from shared.bus.embedded import EmbeddedBus
from shared.inbox import INBOX
from shared.testing import eventually
from support.faults.fleet import SERVICES, Fleet, Service
from support.faults.people import People
from zoom_connector.storage.tables import MEETINGS, SEATS

REST = 60.0
"""Seconds within which everything has come to rest once the faults are over."""
OF_BOOKING = re.compile(r"^\[punctual:([^\]]+)\]")
WATCHED: tuple[tuple[Service, str, str], ...] = (
    ("booking", "bookings", "version"),
    ("booking", "bookings", "meeting_revision"),
    ("zoom-connector", "seats", "version"),
    ("zoom-connector", "seats", "revision"),
    ("notifier", "bookings", "meeting_revision"),
)
"""Columns that never fall."""


@dataclass
class Verdict:
    """What a run ended with. `rested` are the seconds until rest."""

    rested: float
    bookings: int
    meetings: int
    mails: int
    repeated_mails: int


def watch_versions(fleet: Fleet) -> None:
    """Let the databases themselves note each time that a version falls (I6)."""
    for service in SERVICES:
        columns = [(table, column) for owner, table, column in WATCHED if owner == service]
        with fleet.databases[service].write() as tx:
            tx.execute(text("CREATE TABLE falls (what TEXT)"))
            for table, column in columns:
                for statement in _watch(tx.dialect.name, table, column):
                    tx.exec_driver_sql(statement)


def _watch(dialect: str, table: str, column: str) -> list[str]:
    name, falls, note = f"fall_{table}_{column}", f"NEW.{column} < OLD.{column}", f"'{table}.{column}'"
    trigger = f"CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW WHEN ({falls})"
    insert = f"INSERT INTO falls VALUES ({note});"  # noqa: S608 - names that stand above
    if dialect == "sqlite":
        return [f"{trigger} BEGIN {insert} END"]
    body = f"$$ BEGIN {insert} RETURN NULL; END $$"
    function = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {body}"
    return [function, f"{trigger} EXECUTE FUNCTION {name}()"]


ON_ITS_WAY = 0.5
"""Seconds; far longer than a message is with a consumer before it is stored."""


def rest(fleet: Fleet, timeout: float = REST) -> float:
    """Wait until nothing is left to do; give the seconds it took (I3)."""
    began = time.monotonic()
    carrier = fleet.bus()

    def nothing_left() -> bool:
        # Twice, since what is on its way from one place to the next may be missed by a look at one after the other.
        for _ in range(2):
            left = list(_left(fleet, carrier))
            assert left == [], f"I3: not at rest: {left}"
            time.sleep(ON_ITS_WAY)
        return True

    try:
        eventually(nothing_left, timeout=timeout, every=0.1)
    finally:
        carrier.close()
    return time.monotonic() - began


def _left(fleet: Fleet, carrier: Any) -> Iterator[str]:
    for service, database in fleet.databases.items():
        with database.read() as tx:
            if count := outbox.waiting(tx):
                yield f"{count} in the outbox of {service}"
            if count := inbox.counts(tx)["waiting"]:
                yield f"{count} in the inbox of {service}"
    for name, count in _depths(fleet, carrier):
        if count:
            yield f"{count} on {name}"
    for service, table in (("zoom-connector", MEETINGS), ("notifier", DELIVERIES)):
        with fleet.databases[service].read() as tx:
            due = select(func.count()).where(table.c.next_attempt_at.is_not(None))
            if count := tx.execute(due).scalar_one():
                yield f"{count} {table.name} are due"


def _depths(fleet: Fleet, carrier: Any) -> list[tuple[str, int]]:
    """Count what lies on the bus: its listener may be dead at this moment, and then nobody else knows of it."""
    if isinstance(carrier, EmbeddedBus):
        return [(name, carrier.depth(name)) for name in topology.QUEUES]
    with pika.BlockingConnection(pika.URLParameters(fleet.engines.broker_url)) as broker:
        channel = broker.channel()
        return [(name, channel.queue_declare(name, passive=True).method.message_count) for name in topology.QUEUES]


def check(fleet: Fleet, people: People, *, mail_kills: int = 0, timeout: float = REST) -> Verdict:
    """Wait for rest, then assert everything that was promised. `mail_kills`: kills that may have repeated a mail."""
    rested = rest(fleet, timeout)
    _nothing_parked(fleet)
    _promises(fleet, people)
    _everybody_knows(fleet, people)
    _no_overlap(fleet)
    for service in SERVICES:
        with fleet.databases[service].read() as tx:
            assert tx.execute(text("SELECT what FROM falls")).all() == [], "I6: an applied version fell"
    meetings = _meetings(fleet, people)
    mails, repeated = _mails(fleet, people, mail_kills)
    return Verdict(round(rested, 1), len(people.promises), meetings, mails, repeated)


def _nothing_parked(fleet: Fleet) -> None:
    for service, database in fleet.databases.items():
        with database.read() as tx:
            parked = tx.execute(select(INBOX.c.last_error).where(INBOX.c.state == "parked")).scalars().all()
            assert parked == [], f"I7: parked in {service}"


def _promises(fleet: Fleet, people: People) -> None:
    with fleet.databases["booking"].read() as tx:
        rows = {row.id: row for row in tx.execute(select(BOOKINGS))}
    for promise in people.promises.values():
        assert promise.id in rows, "I1: a promised booking is gone"
        row = rows[promise.id]
        assert row.version == promise.version, "I1: a promised change is gone"
        assert row.starts_at == promise.start, "I1: a booking is at another time than promised"
        assert row.video_state == ("ready" if promise.live else "removed"), f"{row.video_state} at rest"
    unknown = set(rows) - set(people.promises)
    assert unknown == set(), f"{len(unknown)} bookings that nobody was told of, though all calls were repeated"


def _everybody_knows(fleet: Fleet, people: People) -> None:
    told: dict[str, set[int]] = {}
    with fleet.databases["notifier"].read() as tx:
        for row in tx.execute(select(CHANGES.c.booking_id, CHANGES.c.version)):
            told.setdefault(row.booking_id, set()).add(row.version)
    with fleet.databases["zoom-connector"].read() as tx:
        wanted = {row.id: row for row in tx.execute(select(SEATS))}
    for promise in people.promises.values():
        assert told.get(promise.id) == set(range(1, promise.version + 1)), "I2: a change without its event"
        assert wanted[promise.id].version == promise.version, "I2: the connector missed a change"


def _no_overlap(fleet: Fleet) -> None:
    with fleet.databases["booking"].read() as tx:
        live = tx.execute(
            select(BOOKINGS.c.host_id, BOOKINGS.c.starts_at, BOOKINGS.c.ends_at)
            .where(BOOKINGS.c.status == "confirmed")
            .order_by(BOOKINGS.c.host_id, BOOKINGS.c.starts_at)
        ).all()
    for earlier, later in itertools.pairwise(live):
        apart = earlier.host_id != later.host_id or earlier.ends_at <= later.starts_at
        assert apart, "I8: two live bookings of a host overlap"


def _meetings(fleet: Fleet, people: People) -> int:
    made = fleet.outside.meetings()
    live: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    for meeting in made:
        found = OF_BOOKING.match(meeting["agenda"])
        assert found, "a meeting that is nobody's"
        ever[found[1]] += 1
        live[found[1]] += meeting["deleted_at"] is None
    for promise in people.promises.values():
        assert live[promise.id] == int(promise.live), f"I4: {live[promise.id]} meetings, live: {promise.live}"
        assert ever[promise.id] <= 1, "I5: a second meeting was made"
    starts = {OF_BOOKING.match(m["agenda"])[1]: m["start_time"] for m in made if m["deleted_at"] is None}  # type: ignore[index]
    for promise in people.promises.values():
        if promise.live:
            assert starts[promise.id] == promise.start.strftime("%Y-%m-%dT%H:%M:%SZ"), "I4: a meeting at another time"
    return len(made)


def _mails(fleet: Fleet, people: People, mail_kills: int) -> tuple[int, int]:
    sent = Counter(mail["message_id"] for mail in fleet.outside.mail())
    with fleet.databases["notifier"].read() as tx:
        rows = tx.execute(select(DELIVERIES)).all()
    assert {row.state for row in rows} <= {"sent"}, "a mail is not sent at rest"
    # What a killed worker had handed over may be replaced by a newer mail before anybody knows that it went out.
    assert len(rows) <= len(sent) <= len(rows) + mail_kills, f"I5: {len(sent)} different mails for {len(rows)}"
    repeated = sum(sent.values()) - len(sent)
    assert repeated <= mail_kills, f"I5: {repeated} repeated mails by {mail_kills} kills"
    assert max(sent.values(), default=0) <= 1 + mail_kills
    told = Counter((row.booking_id, row.recipient, row.version) for row in rows if row.kind in FIRSTS)
    for promise in people.promises.values():
        for recipient in ("client", "host"):
            # A newer mail takes the place of one that has not gone out: not every version has one, the last has.
            times = [told[promise.id, recipient, version] for version in range(1, promise.version + 1)]
            assert max(times) == 1, "two mails for one change"
            assert times[-1] == 1, "a change that somebody was not told of"
    return sum(sent.values()), repeated
