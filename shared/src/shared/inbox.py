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
from shared.events.envelope import Message, UnreadableEventError, unwrap

log = logs.get(__name__)

Handler = Callable[[Any, Connection, datetime], None]
"""Does its work in the given transaction, at the given moment; no network."""
Handlers = Mapping[type[Event], Handler]

LEASE = timedelta(seconds=10)
BATCH = 200
LARGEST, SHOWN = 1_000_000, 10_000
"""Characters: none of our events comes near it, and to parse and keep one that does would hold up its neighbors."""
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
        """Handle the first waiting event of each subject, as far as a batch goes; give how many were taken."""
        now = self.clock()
        if not self.database.finds(_ANY_READY, now=now):
            return 0
        # A lease that a power cut forgets is a lease nobody holds: whoever held it can't settle any more.
        with self.database.write(wake=False, lasting=False) as tx:
            rows = due.claim(
                tx,
                INBOX,
                now=now,
                lease_for=LEASE,
                limit=BATCH,
                where=[INBOX.c.state == "waiting", _first_of_its_subject()],
                order_by=[INBOX.c.id],
            )
        waiting = deque(rows)
        while waiting:
            self._handle_some(waiting)
        return len(rows)

    def _handle_some(self, waiting: deque[Row[Any]]) -> None:
        """Handle events in one transaction until others have waited long enough for the database.

        A backlog waits for the disk once that way, and not once for each event. If anything is wrong with one of them,
        nothing was done, and each is handled alone.
        """
        taken: list[Row[Any]] = []
        until = time.monotonic() + HOLD_SECONDS
        try:
            with self.database.write() as tx:
                held = due.still_held(tx, INBOX, waiting)
                while waiting and (not taken or time.monotonic() < until):
                    taken.append(waiting.popleft())
                    if taken[-1].id in held:
                        self._apply(tx, taken[-1])
                    else:
                        log.warning("event_lease_lost", event_id=taken[-1].event_id, type=taken[-1].type)
                _finish(tx, [row.id for row in taken if row.id in held], self.clock())
        except Exception:  # noqa: BLE001 - whatever it was, it is met again by the event whose it is
            for row in taken:
                self._handle(row)

    def _handle(self, row: Row[Any]) -> None:
        try:
            with self.database.write() as tx:
                due.confirm(tx, INBOX, row.id, row.lease)
                self._apply(tx, row)
                _finish(tx, [row.id], self.clock())
        except due.LeaseLostError:
            log.warning("event_lease_lost", event_id=row.event_id, type=row.type)
        except UnreadableEventError as error:
            self._park(row, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the event waits and is tried again
            self._failed(row, error)

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

    def _failed(self, row: Row[Any], error: Exception) -> None:
        # The exception's own text may quote the row's values, so only its type is kept.
        reason = f"handler failed: {type(error).__name__}"
        if row.attempts >= ATTEMPTS:
            self._park(row, reason)
            return
        log.warning("event_handler_failed", event_id=row.event_id, type=row.type, error=logs.where(error))
        wait = due.backoff(row.attempts, self.chance, base=FIRST_WAIT, cap=LONGEST_WAIT)
        self._settle(row, next_attempt_at=self.clock() + wait, last_error=reason)

    def _park(self, row: Row[Any], reason: str) -> None:
        log.error("event_parked", event_id=row.event_id, type=row.type, reason=reason)
        self._settle(row, next_attempt_at=None, last_error=reason, state="parked", finished_at=self.clock())

    def _settle(self, row: Row[Any], **outcome: Any) -> None:
        try:
            with self.database.write() as tx:
                due.settle(tx, INBOX, row.id, row.lease, **outcome)
        except due.LeaseLostError:
            log.warning("event_lease_lost", event_id=row.event_id, type=row.type)


def _finish(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    # The bodies have done their work, and they hold people's names and addresses.
    done = {"state": "done", "finished_at": now, "body": "", "next_attempt_at": None, "last_error": None}
    tx.execute(update(INBOX).where(INBOX.c.id.in_(ids)).values(lease=None, leased_until=None, **done))


def _first_of_its_subject() -> Any:
    # Read once along the index. Asked for each row, it took seconds when many subjects' first events had to wait.
    waiting = INBOX.alias("first")
    firsts = select(func.min(waiting.c.id)).where(waiting.c.state == "waiting").group_by(waiting.c.subject)
    return INBOX.c.id.in_(firsts)


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
