"""The outbox: an event is a row in the same transaction as the change that it tells of.

The relay sends the rows and deletes each after its own confirm. It asks for all rows that are there and never
for `seq > last`, because a lower number may be committed later than a higher one.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from shared import logs
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database, Instant
from shared.events import Event
from shared.events.envelope import Message, wrap

log = logs.get(__name__)

LEASE = timedelta(seconds=1)
"""A killed relay's rows are sent by the next one after this. A repeat is harmless: the inbox knows the event's id."""
WINDOW = 500
LATE = timedelta(seconds=15)
"""By then a relay has given up a silent bus and found one that is back."""


def _columns() -> list[Column[Any]]:
    return [
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("id", String(200), nullable=False, unique=True),
        Column("type", String(100), nullable=False),
        Column("body", Text, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("lease", String(36), nullable=True),
        Column("leased_until", Instant, nullable=True),
    ]


OUTBOX = Table("outbox", MetaData(), *_columns())
# Built once: the look at each commit takes half the time that way.
_FREE = or_(OUTBOX.c.leased_until.is_(None), OUTBOX.c.leased_until <= bindparam("now"))
_ANY_FREE = select(OUTBOX.c.seq).where(_FREE).limit(1)
_NEXT_FREE = (
    select(OUTBOX.c.id, OUTBOX.c.type, OUTBOX.c.body)
    .where(_FREE)
    .order_by(OUTBOX.c.seq)
    .limit(WINDOW)
    .with_for_update(skip_locked=True)
)


def create_table() -> None:
    """Make the table; for a service's first migration."""
    from alembic import op  # noqa: PLC0415 - only a migration needs Alembic, and it takes long to import

    op.create_table("outbox", *_columns())


def add(tx: Connection, event: Event, *, source: str, now: datetime) -> None:
    """Promise `event` to the other services; it leaves when `tx` has been committed.

    Change the row that the event is about before this, in the same transaction: its lock keeps one subject's
    events in the order of their commits.
    """
    message = wrap(event, source=source, now=now)
    tx.execute(insert(OUTBOX), {"id": message.id, "type": message.type, "body": message.body, "created_at": now})


def waiting(tx: Connection) -> int:
    """Count the events that have not been confirmed yet."""
    return tx.execute(select(func.count()).select_from(OUTBOX)).scalar_one()


def late(database: Database, clock: Clock) -> str | None:
    """Say in words that events have not left for long, or nothing; for readiness.

    It is no reason to be out of use: what is booked while the bus is away leaves when it is back.
    """
    with database.read() as tx:
        oldest, count = tx.execute(select(func.min(OUTBOX.c.created_at), func.count())).one()
    waited = clock() - oldest if count else timedelta()
    if waited < LATE:
        return None
    return f"{count} have not left for {waited.total_seconds():.0f} s; the worker's log says why"


class Relay:
    """Sends what the outbox holds. Any number of relays may share one outbox."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock

    def step(self) -> int:
        """Send one window of events; give how many were confirmed. What was not is sent again later."""
        claimed = self._claim()
        if not claimed:
            return 0
        confirmed = self._bus.publish(claimed)
        # Forgotten by a power cut, they are sent again, and the inbox knows their ids.
        with self._database.write(wake=False, lasting=False) as tx:
            tx.execute(delete(OUTBOX).where(OUTBOX.c.id.in_(confirmed)))
        if len(confirmed) < len(claimed):
            log.warning("events_unconfirmed", sent=len(claimed), confirmed=len(confirmed))
        return len(confirmed)

    def _claim(self) -> list[Message]:
        now = self._clock()
        # The look without a lock comes first: on SQLite a write transaction for nothing would wake every waiter.
        if not self._database.finds(_ANY_FREE, now=now):
            return []
        with self._database.write(wake=False, lasting=False) as tx:
            rows = tx.execute(_NEXT_FREE, {"now": now}).all()
            ids = [row.id for row in rows]
            tx.execute(
                update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(lease=str(uuid.uuid4()), leased_until=now + LEASE)
            )
        return [Message(row.id, row.type, row.body) for row in rows]
