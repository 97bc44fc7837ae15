"""The inbox: an event is stored once, then handled once, in order per subject, by whoever holds its lease.

The bus only carries. Retry, order, poison and replay are here, the same with a broker and without. A row is
`waiting` until its handler's own transaction marks it `done`, or `parked` with the reason when it can't be handled.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shared import due, logs
from shared.clock import Clock
from shared.database import Database, Instant
from shared.events import Event
from shared.events.envelope import LARGEST, Message, UnreadableEventError, unwrap

log = logs.get(__name__)

Handler = Callable[[Any, Connection, datetime], None]
"""Does its work in the given transaction, at the given moment; no network."""
Handlers = Mapping[type[Event], Handler]

LEASE = timedelta(seconds=10)
BATCH = 200
SHOWN = 10_000
"""Characters of an event that is far too large; to parse and keep it would hold up its neighbors."""
HOLD_SECONDS = 0.025
"""How long a backlog may keep other writers waiting: on SQLite there is one at a time."""
ATTEMPTS = 15
"""About an hour of trying with the waits below."""
FIRST_WAIT = timedelta(milliseconds=200)
LONGEST_WAIT = timedelta(minutes=10)
KEEP = timedelta(days=14)
"""How long a handled event is remembered, and with it the power to know a repeat."""


def _columns() -> list[Column[Any]]:
    return [
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("event_id", String(200), nullable=False, unique=True),
        Column("type", String(200), nullable=False),
        Column("subject", String(200), nullable=False),
        Column("body", Text, nullable=False),
        Column("state", String(10), nullable=False),
        Column("received_at", Instant, nullable=False),
        Column("finished_at", Instant, nullable=True),
        *due.columns(),
    ]


INBOX = Table(
    "inbox",
    MetaData(),
    *_columns(),
    Index("inbox_by_subject", "state", "subject", "id"),
    # A claim takes the oldest first. By the due time, a backlog of a day would be sorted anew for each claim.
    Index("inbox_in_order", "state", "id"),
    Index("inbox_by_finish", "finished_at"),
)


_W = INBOX.alias("waiting")
# Read once along the index. Asked for each row, it took seconds when many subjects' first events had to wait.
_SUBJECTS = (
    select(func.min(_W.c.id).label("first"), _W.c.subject, func.count().label("events"))
    .where(_W.c.state == "waiting")
    .group_by(_W.c.subject)
    .subquery("subjects")
)
# Built once: the look at each commit takes half the time that way.
_ANY_READY = select(INBOX.c.id).where(INBOX.c.state == "waiting", INBOX.c.next_attempt_at <= bindparam("now")).limit(1)


def create_table() -> None:
    """Make the table and its indexes; for a service's first migration."""
    from alembic import op  # noqa: PLC0415 - only a migration needs Alembic, and it takes long to import

    op.create_table("inbox", *_columns())
    for index in INBOX.indexes:
        op.create_index(index.name, "inbox", [column.name for column in index.columns])


def receive(database: Database, messages: Sequence[Message], now: datetime) -> None:
    """Store each message that is not there yet. One that can't be read is parked with the reason."""
    rows = [_row(message, now) for message in messages]
    with database.write() as tx:
        insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
        tx.execute(insert(INBOX).on_conflict_do_nothing(index_elements=["event_id"]), rows)


def _row(message: Message, now: datetime) -> dict[str, Any]:
    row = {
        "event_id": message.id,
        "type": message.type,
        "subject": message.id,
        "body": message.body if len(message.body) <= LARGEST else message.body[:SHOWN],
        "state": "waiting",
        "received_at": now,
        "finished_at": None,
        "next_attempt_at": now,
        "last_error": None,
    }
    try:
        row["subject"] = _subject(message.body)
    except UnreadableEventError as error:
        log.error("event_parked", event_id=message.id, type=message.type, reason=str(error))
        row |= {"state": "parked", "next_attempt_at": None, "last_error": str(error), "finished_at": now}
    return row


def _subject(body: str) -> str:
    if len(body) > LARGEST:
        raise UnreadableEventError(f"{len(body)} characters are too many; the first {SHOWN} are kept")
    return unwrap(body).subject


@dataclass
class Worker:
    """Handles what is in one service's inbox. Any number of workers may share it."""

    database: Database
    handlers: Handlers
    clock: Clock
    chance: random.Random

    def step(self) -> int:
        """Handle what waits of the subjects that are due longest, as far as a batch goes; give how many were taken."""
        now = self.clock()
        if not self.database.finds(_ANY_READY, now=now):
            return 0
        # A lease that a power cut forgets is a lease nobody holds: whoever held it can't settle any more.
        with self.database.write(wake=False, lasting=False) as tx:
            rows = due.lease(tx, INBOX, _due(tx, now), now=now, lease_for=LEASE)
        waiting = deque(rows)
        while waiting:
            self._handle_some(waiting)
        return len(rows)

    def _handle_some(self, waiting: deque[Row[Any]]) -> None:
        """Handle events in one transaction until others have waited long enough for the database.

        A backlog waits for the disk once that way, and not once for each event. If anything is wrong with one of them,
        nothing was done, and each is handled alone. If this worker stood still so long that somebody else took one, it
        leaves all of them: the others' leases are over as well, and what is behind that one has to wait for it.
        """
        taken: list[Row[Any]] = []
        until = time.monotonic() + HOLD_SECONDS
        try:
            with self.database.write() as tx:
                if len(due.still_held(tx, INBOX, waiting)) < len(waiting):
                    log.warning("event_leases_lost", events=len(waiting))
                    waiting.clear()
                while waiting and (not taken or time.monotonic() < until):
                    taken.append(waiting.popleft())
                    self._apply(tx, taken[-1])
                _finish(tx, [row.id for row in taken], self.clock())
        except Exception:  # noqa: BLE001 - whatever it was, it is met again by the event whose it is
            waiting.extendleft(reversed(taken))
            self._handle_each(waiting, len(taken))

    def _handle_each(self, waiting: deque[Row[Any]], count: int) -> None:
        """Handle the first `count` of these alone; what is behind one that has to wait is given back."""
        stuck: set[str] = set()
        for row in [waiting.popleft() for _ in range(count)]:
            if row.subject in stuck:
                waiting.append(row)
            elif not self._handle(row):
                stuck.add(row.subject)
        behind = [row for row in waiting if row.subject in stuck]
        if behind:
            others = [row for row in waiting if row.subject not in stuck]
            waiting.clear()
            waiting.extend(others)
            with self.database.write(wake=False) as tx:
                _give_back(tx, behind)

    def _handle(self, row: Row[Any]) -> bool:
        """Handle one event; say whether what is behind it may follow."""
        try:
            with self.database.write() as tx:
                due.confirm(tx, INBOX, row.id, row.lease)
                self._apply(tx, row)
                _finish(tx, [row.id], self.clock())
        except due.LeaseLostError:
            log.warning("event_lease_lost", event_id=row.event_id, type=row.type)
            return False
        except UnreadableEventError as error:
            return self._park(row, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the event waits and is tried again
            return self._failed(row, error)
        return True

    def _apply(self, tx: Connection, row: Row[Any]) -> None:
        received = unwrap(row.body)
        handler = self.handlers.get(type(received.event))
        if handler is None:
            return
        logs.follow(received.traceparent)
        try:
            handler(received.event, tx, self.clock())
        finally:
            logs.follow(None)

    def _failed(self, row: Row[Any], error: Exception) -> bool:
        # The exception's own text may quote the row's values, so only its type is kept.
        reason = f"handler failed: {type(error).__name__}"
        if row.attempts >= ATTEMPTS:
            return self._park(row, reason)
        log.warning("event_handler_failed", event_id=row.event_id, type=row.type, error=logs.where(error))
        wait = due.backoff(row.attempts, self.chance, base=FIRST_WAIT, cap=LONGEST_WAIT)
        self._settle(row, next_attempt_at=self.clock() + wait, last_error=reason)
        return False

    def _park(self, row: Row[Any], reason: str) -> bool:
        log.error("event_parked", event_id=row.event_id, type=row.type, reason=reason)
        return self._settle(row, next_attempt_at=None, last_error=reason, state="parked", finished_at=self.clock())

    def _settle(self, row: Row[Any], **outcome: Any) -> bool:
        try:
            with self.database.write() as tx:
                due.settle(tx, INBOX, row.id, row.lease, **outcome)
        except due.LeaseLostError:
            log.warning("event_lease_lost", event_id=row.event_id, type=row.type)
            return False
        return True


def _finish(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    # The bodies have done their work, and they hold people's names and addresses.
    done = {"state": "done", "finished_at": now, "body": "", "next_attempt_at": None, "last_error": None}
    tx.execute(update(INBOX).where(INBOX.c.id.in_(ids)).values(lease=None, leased_until=None, **done))


def _give_back(tx: Connection, rows: Sequence[Row[Any]]) -> None:
    """Let go of what could not be handled yet; that was no attempt."""
    ours = [INBOX.c.id.in_([row.id for row in rows]), INBOX.c.lease == rows[0].lease]
    tx.execute(update(INBOX).where(*ours).values(lease=None, leased_until=None, attempts=INBOX.c.attempts - 1))


def _due(tx: Connection, now: datetime) -> list[int]:
    """Choose what to handle next, in order, and lock the first of each subject: who holds that has the subject.

    A subject comes with all that waits of it: of a hundred changes to a booking, those between wake nobody that way.
    One whose first event has failed comes with that alone.
    """
    firsts = (
        select(INBOX.c.id, INBOX.c.subject, INBOX.c.attempts, _SUBJECTS.c.events)
        .join(_SUBJECTS, INBOX.c.id == _SUBJECTS.c.first)
        .where(INBOX.c.state == "waiting", INBOX.c.next_attempt_at <= now, due.is_free(INBOX, now))
        .order_by(INBOX.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=INBOX)
    )
    ids, deep, room = [], [], BATCH
    for first in tx.execute(firsts):
        if room <= 0:
            break
        ids.append(first.id)
        room -= first.events if not first.attempts else 1
        if first.events > 1 and not first.attempts:
            deep.append(first.subject)
    return sorted([*ids, *_followers(tx, now, deep, ids)]) if deep else ids


def _followers(tx: Connection, now: datetime, subjects: Sequence[str], firsts: Sequence[int]) -> list[int]:
    """Choose what waits behind the first events of these subjects, up to the first that is not due."""
    free = and_(INBOX.c.next_attempt_at <= now, due.is_free(INBOX, now))
    waiting = (
        select(INBOX.c.id, INBOX.c.subject, free.label("free"))
        .where(INBOX.c.state == "waiting", INBOX.c.subject.in_(subjects), INBOX.c.id.not_in(firsts))
        # Along the index: in the order of ids alone, all that waits would be walked through for a few subjects.
        .order_by(INBOX.c.subject, INBOX.c.id)
        .limit(BATCH - len(firsts))
    )
    chosen, stopped = [], set()
    for row in tx.execute(waiting):
        if row.subject not in stopped and row.free:
            chosen.append(row.id)
        else:
            stopped.add(row.subject)
    return chosen


def replay(tx: Connection, row_id: int, now: datetime) -> bool:
    """Let a parked event be tried again; say whether there was one."""
    changed = tx.execute(
        update(INBOX)
        .where(INBOX.c.id == row_id, INBOX.c.state == "parked")
        .values(state="waiting", next_attempt_at=now, attempts=0, finished_at=None)
    )
    return changed.rowcount == 1


def counts(tx: Connection) -> dict[str, int]:
    """Count the events that wait and those that are parked."""
    query = select(INBOX.c.state, func.count()).where(INBOX.c.state != "done").group_by(INBOX.c.state)
    return {"waiting": 0, "parked": 0} | {row[0]: row[1] for row in tx.execute(query)}


def forget(tx: Connection, now: datetime) -> int:
    """Delete what was handled long ago; give how many. Parked events stay until somebody looks."""
    gone = tx.execute(delete(INBOX).where(INBOX.c.state == "done", INBOX.c.finished_at < now - KEEP))
    return gone.rowcount
